"""A colony over hosts with addresses of their own: namespaces of the network, joined by a cable that delays, loses and
may be cut."""

import collections
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap

import phago
import pytest
import rays  # For what it tells Ray.
from campaign import tell
from test_backends import live

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(900)]

HERE = os.path.dirname(__file__)
ADDRESS, PORT = "10.213.7.{}", 6379
# Of the cable, one way: delay and jitter in seconds, the share of frames that is lost, and the seed of what is drawn.
CABLE = ["0.003", "0.001", "0.01", "10"]
# Here hosts reach one another, so Ray listens on their addresses.
ENV = {**os.environ, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1", "PYTHONPATH": os.pathsep.join([HERE, *sys.path])}


def system(*command):
    subprocess.run(command, check=True, capture_output=True, text=True)


class Hosts:
    """Two hosts with one Ray node each; the first one is the head."""

    def __init__(self, stack):
        self.names = [f"phago-{os.getpid()}-{number}" for number in range(2)]
        self.stack = stack
        try:
            for name in self.names:
                system("ip", "netns", "add", name)
                stack.callback(system, "ip", "netns", "del", name)
            self.cable = self.joined()
            for number, name in enumerate(self.names, 1):
                system("ip", "-n", name, "addr", "add", ADDRESS.format(number) + "/24", "dev", "eth0")
                for device in ("lo", "eth0"):
                    system("ip", "-n", name, "link", "set", device, "up")
        except (OSError, subprocess.CalledProcessError) as error:
            stack.close()
            pytest.skip(f"namespaces with a cable cannot be had: {getattr(error, 'stderr', '') or error}")

    def joined(self):
        """The cable, which ends with the test."""
        command = [sys.executable, os.path.join(HERE, "cable.py"), *self.names, *CABLE]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        cable = self.stack.enter_context(subprocess.Popen(command, text=True, **pipes))
        self.stack.callback(cable.stdin.close)
        if cable.stdout.readline() != "ready\n":
            raise OSError(cable.stderr.read().strip())
        return cable

    def carried(self):
        """What the cable has carried."""
        self.cable.stdin.write("told\n")
        self.cable.stdin.flush()
        return collections.Counter(json.loads(self.cable.stdout.readline()))

    def on(self, number, *command, **how):
        """A process on a host, which ends with the test."""
        command = ["ip", "netns", "exec", self.names[number], *command]
        return subprocess.Popen(command, env=ENV, start_new_session=True, text=True, **how)

    def ray(self, number, *options):
        """A Ray node on a host."""
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"]
        here = f"--node-ip-address={ADDRESS.format(number + 1)}"
        resources = ["--num-cpus=1", "--object-store-memory=200000000"]
        process = self.on(
            number, *command, here, *resources, *options, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.stack.callback(self.kill, process)
        return process

    def kill(self, process):
        """All processes of a Ray node at once, as by a loss of power."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def hosts():
    pytest.importorskip("ray", reason='Ray is not installed: pip install "phago[ray]"')
    if sys.platform != "linux" or not shutil.which("ip"):
        pytest.skip("namespaces of the network cannot be had: there is no `ip`")
    with contextlib.ExitStack() as stack:
        yield Hosts(stack)


# How many ticks are idle, and questions asked, to see how long they take.
IDLE = 60
# It says where its nodes are, waits for a line, and goes on.
LIFE = """
    import json, statistics, sys, phago, ray, time
    from test_backends import live
    from test_machines import IDLE
    first = None
    while first is None:
        try:
            first = phago.Ray(1, address=sys.argv[2])
        except (ConnectionError, RuntimeError):
            time.sleep(1)
    while ray.cluster_resources()["CPU"] < 2:
        time.sleep(0.1)
    # Until each Ray node has heard of the other.
    time.sleep(3)
    nodes = phago.Ray(4, shards=8)
    first.close()
    runner = phago.RunnerConfig(phase_timeout_ms=60_000)

    def middle(call):
        took = []
        for _ in range(IDLE):
            began = time.perf_counter()
            call()
            took.append(1000 * (time.perf_counter() - began))
        return statistics.median(took)

    with phago.open(sys.argv[1] + "/one", backend=nodes, runner=runner) as colony:
        print("[]", flush=True)
        live(colony)
        machines = [actor.machine for actor in nodes._actors]
        print(json.dumps([sorted(map(machines.count, set(machines))), colony.digest()]), flush=True)
        told = {"tick": middle(colony.tick), "query": middle(lambda: colony.query("how do ions cross a membrane"))}
        print(json.dumps([told]), flush=True)
        colony.ingest(["One more document waits for a tick, with ions and a membrane."])
        print("[]", flush=True)
        sys.stdin.readline()
        report = colony.run()
        machines = {actor.machine for actor in nodes._actors}
        print(json.dumps([report.recovered, len(machines), colony.digest()]), flush=True)
"""


def digests():
    colony = phago.Colony(1)
    live(colony)
    first = colony.digest()
    for _ in range(IDLE):
        colony.tick()
    colony.ingest(["One more document waits for a tick, with ions and a membrane."])
    colony.run()
    return first, colony.digest()


@pytest.mark.parametrize("end", ["power", "cable"])
def test_a_colony_over_hosts_outlives_one_of_them(hosts, tmp_path, capfd, end):
    head = f"{ADDRESS.format(1)}:{PORT}"
    hosts.ray(0, "--head", f"--port={PORT}", "--include-dashboard=false")
    program = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(LIFE), str(tmp_path), head]
    life = hosts.on(0, *program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    hosts.stack.callback(hosts.kill, life)
    other = hosts.ray(1, f"--address={head}")
    assert said_by(life) == []
    before = hosts.carried()
    counts, digest = said_by(life)
    carried = hosts.carried() - before
    [took] = said_by(life)
    assert counts == [2, 2]
    assert digest == digests()[0]
    assert said_by(life) == []
    if end == "power":
        hosts.kill(other)
    else:
        system("ip", "-n", hosts.names[1], "link", "set", "eth0", "down")
    life.stdin.write("go on\n")
    life.stdin.flush()
    recovered, machines, digest = said_by(life)
    assert recovered >= 1
    assert machines == 1
    assert digest == digests()[1]
    assert life.wait() == 0
    with phago.open(tmp_path / "one", shards=3) as colony:
        assert colony.digest() == digest
    whole = hosts.carried()
    way = 1000 * whole["delay"] / (whole["frames"] - whole["lost"])
    lost = f"{whole['lost']} of {whole['frames']} frames lost, {way:.1f} ms each way"
    life_long = f"{carried['bytes']:,} bytes for the life, {whole['bytes']:,} in all"
    middles = f"an idle tick {took['tick']:.0f} ms, a query {took['query']:.0f} ms"
    tell(capfd, f"hosts: 2, of which one lost its {end}; {lost}; {life_long}; {middles}")
    assert whole["lost"] > 0


def said_by(process):
    for line in process.stdout:
        if line.startswith("["):
            with contextlib.suppress(ValueError):
                return json.loads(line)
    raise AssertionError(f"it ended with {process.wait()}")


assert rays
