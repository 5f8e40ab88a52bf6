"""A Ray cluster for tests: two machines of one core each, on this one, listening on the loopback address alone."""

import contextlib
import os
import secrets
import subprocess
import sys

# Read when Ray is imported: without it, Ray takes 127.0.0.1 for the address by which others reach this machine, and
# listens on all of them.
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
# Otherwise Ray keeps a token of its own in the user's home.
os.environ["RAY_AUTH_MODE"] = "token"
os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
# Nothing that a test does is told to anybody, and not even that; nobody listens at this address.
os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_USAGE_STATS_REPORT_URL": "http://127.0.0.1:9"}

# It is a process of its own, so that the tests that use no Ray have none of its threads. It ends with its input.
CLUSTER = """
import sys
from ray.cluster_utils import Cluster
machine = {"node_ip_address": "127.0.0.1", "num_cpus": 1, "object_store_memory": 200_000_000}
cluster = Cluster(initialize_head=True, head_node_args={**machine, "include_dashboard": False})
cluster.add_node(**machine)
print("address", cluster.address, flush=True)
for line in sys.stdin:
    # Every process of it at once, as by a loss of power.
    for node in [*cluster.worker_nodes, cluster.head_node]:
        node.kill_all_processes(check_alive=False, allow_graceful=False)
    print("gone", flush=True)
    sys.stdin.read()
    sys.exit()
cluster.shutdown()
"""


class Cluster:
    """A cluster, as long as it is entered."""

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLUSTER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.address = self._told("address")
        return self

    def _told(self, word):
        for line in self.process.stdout:
            if line.startswith(word):
                return line.removeprefix(word).strip()
        raise AssertionError(f"the cluster ended with {self.process.wait()} before it said `{word}`")

    def kill(self):
        """Kill all processes of the cluster."""
        self.process.stdin.write("kill\n")
        self.process.stdin.flush()
        self._told("gone")

    def __exit__(self, *_):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
