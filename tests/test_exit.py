"""The end of the interpreter: whatever is asked then has an answer or a typed error, and nothing waits for ever."""

import pytest
from support import child, child_says

# Each awaits one call of the twin and says what came of it.
CALLS = {
    "query": "twin.query('ions')",
    "ingest": "twin.ingest('more text')",
    "update": "twin.update({'id': 'a', 'text': 'other text'})",
    "delete": "twin.delete('a')",
    "tick": "twin.tick()",
    "run": "twin.run()",
    "explain": "twin.explain('ions', 'a')",
    "digest": "twin.digest()",
    "edges": "twin.graph.read_edges()",
    "close": "twin.close()",
}

TWIN = """
import phago
twin = phago.AsyncColony(2)
asyncio.run(twin.ingest({"id": "a", "text": "ions cross the membrane"}))
"""


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("first", [True, False], ids=["before the import", "after the import"])
def test_an_exit_handler_awaits_its_answer(call, first):
    handler = f"""
import asyncio, atexit

@atexit.register
def last():
    async def ask():
        await {CALLS[call]}
        print("answered")
    asyncio.run(ask())
"""
    program = handler + TWIN if first else "import asyncio" + TWIN + handler
    assert child_says(program) == "answered\n"


@pytest.mark.parametrize("daemon", [True, False])
def test_a_worker_is_flushed_at_exit(daemon):
    # A worker that takes documents in, as a logger's does, is told at exit to finish.
    program = f"""
import atexit, queue, threading

waiting = queue.Queue()

@atexit.register
def flush():
    for number in range(50):
        waiting.put(f"text {{number}}")
    waiting.join()
    print(len(colony), colony.run().digested)

import phago
colony = phago.Colony(2)

def work():
    while True:
        colony.ingest(waiting.get())
        colony.query("text")
        waiting.task_done()

def fifty():
    for _ in range(50):
        colony.ingest(waiting.get())
        waiting.task_done()

if {daemon}:
    threading.Thread(target=work, daemon=True).start()
else:
    # It is joined before exit handlers are called, and so has to be fed before.
    thread = threading.Thread(target=fifty)
    thread.start()
    flush()
    atexit.unregister(flush)
"""
    assert child_says(program) == "50 50\n"


def test_threads_that_outlive_the_main_one_are_answered():
    program = """
import threading, time
import phago
colony = phago.Colony(2)

def work():
    threading.main_thread().join()
    colony.ingest("ions cross")
    print(colony.run().digested, len(colony.query("ions")), len(colony.digest()))
    colony.close()

threading.Thread(target=work).start()
"""
    assert child_says(program) == "1 1 64\n"


def test_finalisers_at_the_very_end_are_answered():
    # Modules are torn down: exit handlers have run, threads of Python are gone, hardly anything can be imported.
    program = """
import asyncio, sys
import phago

class Owner:
    def __init__(self):
        self.colony, self.twin = phago.Colony(2), phago.AsyncColony(2)
        self.say, self.ends = print, sys.is_finalizing
        # A finaliser may await on a loop of its own as long as the loop has its parts.
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(self.twin.ingest("ions cross"))

    def __del__(self):
        self.colony.ingest("ions cross")
        said = self.ends(), self.colony.run().digested, len(self.colony.query("ions")), len(self.colony.digest())
        self.say(*said)
        self.say(len(self.loop.run_until_complete(self.twin.query("ions"))))
        self.colony.close()
        self.loop.run_until_complete(self.twin.close())
        self.loop.close()

owner = Owner()
"""
    assert child_says(program) == "True 1 1 64\n1\n"


def test_finalisers_at_the_very_end_get_what_is_loaded_with_its_first_use():
    program = """
import phago

class Owner:
    def __init__(self):
        self.colony, self.say = phago.Colony(2), print

    def __del__(self):
        self.say(self.colony)
        self.colony.ingest({"ions cross"})
        self.colony.run()
        self.say([one.text for one in self.colony.documents()], len(self.colony.graph.nodes))
        self.say(self.colony.tick().tick, self.colony.insights().clusters, len(self.colony.query("ions")))
        for call in (
            lambda: self.colony.query("ions", k=-1),
            lambda: self.colony.checkpoint(),
            lambda: self.colony.ingest({"text": 5}),
            lambda: self.colony.query("ions", where={"a": {"x": 1}}),
            lambda: self.colony.ingest({"id": "a", "text": "ions", "metadata": {"a": object()}}),
        ):
            try:
                call()
            except Exception as error:
                self.say(type(error).__name__)

owner = Owner()
"""
    said = child_says(program).splitlines()
    assert said[:2] == ["<Colony of 0 documents at tick 0>", "['ions cross'] 2"]
    assert said[2] == "5 () 1"
    assert said[3:] == ["ConfigError", "NotOnDisk", "InvalidDocument", "ConfigError", "InvalidDocument"]


def test_a_colony_that_nobody_closed_is_no_reason_to_wait():
    program = """
import asyncio, threading
import phago

colony = phago.Colony(2)
colony.ingest(f"word{number}" for number in range(3000))
colony._runner.inject(("deaf", 0, "Act", 1, 60_000))
threading.Thread(target=colony.tick, daemon=True).start()
threading.Thread(target=colony.digest, daemon=True).start()

async def main():
    twin = phago.AsyncColony(2)
    await twin.ingest(f"word{number}" for number in range(3000))
    twin._colony._runner.inject(("deaf", 0, "Act", 1, 60_000))
    calls = [asyncio.create_task(call()) for call in (twin.tick, twin.run, twin.digest, twin.stats)]
    await asyncio.sleep(0.05)

asyncio.run(main())
print("end", flush=True)
"""
    for _ in range(3):
        assert child_says(program, timeout=30) == "end\n"


@pytest.mark.parametrize("call", ["query('ions')", "tick()", "digest()", "ingest('Pumps move ions.')"])
def test_python_ends_while_a_thread_waits_for_nodes(call, tmp_path):
    program = f"""
import phago, threading, time

colony = phago.open({str(tmp_path / "memory")!r}, backend="processes", nodes=2)
colony.ingest("Ions cross the membrane.")
colony.run()
asked = threading.Event()

def ask():
    while True:
        colony.{call}
        asked.set()

threading.Thread(target=ask, daemon=True).start()
asked.wait(30)
time.sleep(0.05)
"""
    # The thread may be told so; the process is not aborted.
    done = child(program)
    assert done.returncode == 0, (done.returncode, done.stderr)


def test_python_ends_while_a_thread_opens_a_colony_over_nodes(tmp_path):
    program = f"""
import phago, threading, time

open_it = lambda: phago.open({str(tmp_path / "memory")!r}, shards=3, backend="processes", nodes=2)
threading.Thread(target=open_it, daemon=True).start()
time.sleep(TIME)
"""
    for milliseconds in range(0, 400, 50):
        done = child(program.replace("TIME", str(milliseconds / 1000)))
        assert done.returncode == 0, (milliseconds, done.returncode, done.stderr)
