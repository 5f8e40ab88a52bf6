"""A colony over hosts with addresses of their own: namespaces of the network, joined by a cable that may be cut."""

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
            ends = [f"ph{os.getpid() % 100_000}{side}" for side in "ab"]
            system("ip", "link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
            for number, (name, end) in enumerate(zip(self.names, ends, strict=True), 1):
                system("ip", "link", "set", end, "netns", name, "name", "eth0")
                system("ip", "-n", name, "addr", "add", ADDRESS.format(number) + "/24", "dev", "eth0")
                for device in ("lo", "eth0"):
                    system("ip", "-n", name, "link", "set", device, "up")
        except (OSError, subprocess.CalledProcessError) as error:
            stack.close()
            pytest.skip(f"namespaces of the network cannot be had: {getattr(error, 'stderr', '') or error}")

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

    def slow_and_lossy(self):
        """Delay and lose what travels. Returns why not, if the kernel cannot."""
        for name in self.names:
            try:
                system(*f"ip netns exec {name} tc qdisc add dev eth0 root netem delay 3ms 1ms loss 1%".split())
            except (OSError, subprocess.CalledProcessError) as error:
                return str(getattr(error, "stderr", "") or error).strip()
        return None


@pytest.fixture
def hosts():
    pytest.importorskip("ray", reason='Ray is not installed: pip install "phago[ray]"')
    if sys.platform != "linux" or not shutil.which("ip"):
        pytest.skip("namespaces of the network cannot be had: there is no `ip`")
    with contextlib.ExitStack() as stack:
        yield Hosts(stack)


# It says where its nodes are, waits for a line, and goes on.
LIFE = """
    import json, sys, phago, ray, time
    from test_backends import DOCUMENTS, live, said
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
    with phago.open(sys.argv[1] + "/one", backend=nodes, runner=runner) as colony:
        live(colony)
        machines = [actor.machine for actor in nodes._actors]
        print(json.dumps([sorted(map(machines.count, set(machines))), colony.digest()]), flush=True)
        colony.ingest(["One more document waits for a tick, with ions and a membrane."])
        sys.stdin.readline()
        report = colony.run()
        machines = {actor.machine for actor in nodes._actors}
        print(json.dumps([report.recovered, len(machines), colony.digest()]), flush=True)
"""


def digests():
    colony = phago.Colony(1)
    live(colony)
    first = colony.digest()
    colony.ingest(["One more document waits for a tick, with ions and a membrane."])
    colony.run()
    return first, colony.digest()


@pytest.mark.parametrize("end", ["power", "cable"])
def test_a_colony_over_hosts_outlives_one_of_them(hosts, tmp_path, capfd, end):
    cable = hosts.slow_and_lossy()
    head = f"{ADDRESS.format(1)}:{PORT}"
    hosts.ray(0, "--head", f"--port={PORT}", "--include-dashboard=false")
    program = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(LIFE), str(tmp_path), head]
    life = hosts.on(0, *program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    hosts.stack.callback(hosts.kill, life)
    other = hosts.ray(1, f"--address={head}")
    counts, digest = said_by(life)
    assert counts == [2, 2]
    assert digest == digests()[0]
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
    tell(capfd, f"hosts: 2, of which one lost its {end}; delay and loss: {cable or 'yes'}")


def said_by(process):
    for line in process.stdout:
        if line.startswith("["):
            with contextlib.suppress(ValueError):
                return json.loads(line)
    raise AssertionError(f"it ended with {process.wait()}")


assert rays
