"""phago and the interpreter around it: threads, forks, loops and exits."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading

import phago
import pytest
from support import with_sigint

TEXT = "ions cross the membrane of a cell"

PREAMBLE = """
import asyncio, gc, sys, threading, time, warnings
warnings.simplefilter("error")
warnings.filterwarnings("ignore", message="phago's native module")
import phago
from phago import _phago
world = _phago.World.create({}, 3)
runner = _phago.Runner.of_world(world, {"phase_timeout_ms": 20_000, "max_parallelism": 2})
world.ingest(["one text about ions", "another about cells"], 0, False).wait()
"""


def child(code):
    """A process of its own, in which anything unraisable is printed."""
    command = with_sigint("SIG_DFL", [sys.executable, "-X", "dev", "-c", PREAMBLE + textwrap.dedent(code)])
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def output(process):
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 0, text
    return text.split()


def test_other_threads_run_during_a_run():
    with phago.Colony(shards=2) as colony:
        colony.ingest(" ".join(f"w{(i * 31 + j * j) % 5003}" for j in range(200)) for i in range(2000))
        counted = 0
        done = threading.Event()

        def count():
            nonlocal counted
            while not done.is_set():
                counted += 1

        thread = threading.Thread(target=count)
        thread.start()
        colony.run()
        during = counted
        done.set()
        thread.join()
    assert during > 1000


def test_many_threads_share_a_colony():
    failures = []
    with phago.Colony(shards=4) as colony:

        def work(number):
            try:
                for turn in range(15):
                    match number % 4:
                        case 0:
                            colony.ingest([{"id": f"{number}-{turn}-{i}", "text": f"{TEXT} {i}"} for i in range(10)])
                        case 1:
                            colony.tick()
                        case 2:
                            colony.query("ions and cells", k=5)
                        case _:
                            len(colony.graph.edges), colony.stats(), colony.digest()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert failures == []
        assert len(colony) == 2 * 15 * 10
        colony.run()
        digest = colony.digest()
    assert len(digest) == 64


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_fork_is_noticed_and_the_child_may_begin_anew():
    process = child(
        """
        import os
        runner.run_sync()
        want = world.digest().wait()
        call = world.digest()
        pid = os.fork()
        if pid == 0:
            for use in (lambda: world.tick, lambda: len(world), world.digest, call.wait, runner.tick_sync):
                try:
                    use()
                    print("used")
                except phago.CoordinatorUnavailable as error:
                    assert "spawn" in str(error)
            fresh = _phago.World.create({}, 2)
            fresh.ingest(["one text about ions", "another about cells"], 0, False).wait()
            _phago.Runner.of_world(fresh).run_sync()
            print("equal" if fresh.digest().wait() == want else "unequal", flush=True)
            del world, runner
            gc.collect()
            sys.exit(0)
        print(os.waitpid(pid, 0)[1])
        """
    )
    assert output(process) == ["equal", "0"]


def test_ctrl_c_during_asyncio_run():
    process = child(
        """
        runner.inject(("hang", 1, "Act", 1))
        async def main():
            tick = runner.tick()
            while runner.faults:
                await asyncio.sleep(0.001)
            print("ready", flush=True)
            await tick
        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            print("interrupted", world.tick, runner.tick_sync().tick)
        """
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert output(process) == ["interrupted", "0", "1"]


@pytest.mark.parametrize(
    "code",
    [
        # Nobody awaits, and the loop goes away.
        """
        runner.inject(("hang", 1, "Act", 1))
        async def main():
            runner.tick()
        asyncio.run(main())
        gc.collect()
        """,
        """
        async def main():
            for _ in range(100):
                runner.tick()
        asyncio.run(main())
        """,
        """
        async def main():
            return runner.tick()
        loop = asyncio.new_event_loop()
        future = loop.run_until_complete(main())
        loop.close()
        time.sleep(0.2)
        del future
        gc.collect()
        """,
        # The interpreter ends around a tick.
        """
        runner.inject(("hang", 1, "Act", 1))
        threading.Thread(target=runner.tick_sync, daemon=True).start()
        while runner.faults:
            time.sleep(0.001)
        """,
    ],
    ids=["dropped", "many", "closed", "exit"],
)
def test_nothing_is_printed_when_loop_or_interpreter_end(code):
    assert output(child(code)) == []


def test_a_finaliser_may_tick_while_the_loop_does():
    process = child(
        """
        class Owner:
            def __del__(self):
                runner.tick_sync()
        owner = Owner()
        owner.itself = owner
        del owner
        async def main():
            await runner.tick()
            gc.collect()
        asyncio.run(main())
        print(world.tick)
        """
    )
    assert output(process) == ["2"]


async def test_synchronous_calls_work_inside_a_running_loop():
    with phago.Colony(shards=2) as colony:
        colony.ingest(TEXT)
        assert colony.run().digested == 1
        assert colony.query("ions")[0].text == TEXT
        await asyncio.sleep(0)


def test_async_calls_need_a_loop():
    coordinator = phago.Coordinator(1)
    shards = [phago.ShardedColony(phago.ShardId(0), phago.ColonyConfig(), coordinator.ring)]
    with (
        phago.DistributedRunner(coordinator, shards) as runner,
        pytest.raises(RuntimeError, match="no running event loop"),
    ):
        runner.tick().send(None)


def test_ctrl_c_while_an_error_is_made_is_ctrl_c(monkeypatch):
    def interrupted(self, *args, **fields):
        raise KeyboardInterrupt

    monkeypatch.setattr(phago.PhagoError, "__init__", interrupted)
    with phago.Colony() as colony, pytest.raises(KeyboardInterrupt):
        colony.emit("interest", "nowhere", 2.0)


def test_a_subinterpreter_is_refused_and_spoils_nothing():
    code = """
    import sys
    try:
        import _interpreters as apart
    except ImportError:
        import _xxsubinterpreters as apart
    first = apart.create()
    tried = "try: import phago; phago.Colony()\\nexcept ImportError as error: print('main interpreter' in str(error))"
    sys.stdout.flush()
    apart.run_string(first, tried + "\\nimport sys; sys.stdout.flush()")
    apart.destroy(first)
    with phago.Colony() as colony:
        colony.ingest({"id": "a", "text": "ions"})
        colony.run()
        print(len(colony.query("ions")))
    """
    # Before phago is in the main one, and after.
    bare = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code).replace("with phago", "import phago\nwith phago")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (bare.stdout.split(), bare.returncode) == (["True", "1"], 0), bare.stderr
    assert output(child(code)) == ["True", "1"]
