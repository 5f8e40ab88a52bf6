"""Ray and what may happen to it: actors that end, a cluster that is gone, a process that starts its own."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import textwrap

import phago
import pytest
from phago.backends import Answer, Died, Late, Message, Stopped
from test_backends import DOCUMENTS

pytestmark = pytest.mark.timeout(600)

WAIT = 60.0


def live(colony, kill=lambda _: None):
    """A life, and who is killed in it."""
    colony.ingest(DOCUMENTS[:18])
    kill(0)
    recovered = [colony.run().recovered]
    colony.reinforce(colony.query("how do ions cross")[0])
    kill(1)
    colony.ingest(DOCUMENTS[18:])
    colony.delete("d4")
    kill(2)
    recovered.append(colony.run().recovered)
    return recovered


@pytest.fixture
def nodes(ray_cluster):
    """Three nodes over two machines."""
    made = phago.Ray(3, address=ray_cluster.address)
    yield made
    made.close()


def unheard(node=0, lane="orders"):
    """A message that every node refuses, and so answers."""
    return Message(node, lane, b"", [])


def machines_of(nodes):
    return [actor.machine for actor in nodes._actors]


# --- the transport by itself -------------------------------------------------------------------------------------


def test_nodes_are_spread_over_machines_and_reserve_no_cores(ray_cluster, nodes):
    ray = sys.modules["ray"]
    assert sorted(map(machines_of(nodes).count, set(machines_of(nodes)))) == [1, 2]
    assert len(set(nodes.pids())) == 3
    with contextlib.closing(phago.Ray(4, address=ray_cluster.address)) as more:
        assert sorted(map(machines_of(more).count, set(machines_of(more)))) == [2, 2]
        assert ray.available_resources()["CPU"] == 2
    with contextlib.closing(phago.Ray(address=ray_cluster.address)) as all_cores:
        assert all_cores.nodes == 2


def test_the_outcome_of_a_message_says_why_there_is_no_answer(nodes):
    def never():
        return False

    with contextlib.ExitStack() as stack:
        stopped = nodes.pids()[1]
        os.kill(stopped, signal.SIGSTOP)
        stack.callback(os.kill, stopped, signal.SIGCONT)
        one, two = nodes.send([unheard(0), unheard(1)], 2.0, never)
        assert (type(one), two) == (Answer, Late())
        assert nodes.send([unheard(1)], WAIT, lambda: True) == [Stopped()]
    os.kill(nodes.pids()[2], signal.SIGKILL)
    one, two = nodes.send([unheard(0), unheard(2)], WAIT, never)
    assert (type(one), type(two)) == (Answer, Died)
    assert "worker" in two.cause
    assert "\n" not in two.cause
    before = nodes.pids()[:2]
    nodes.restart([2])
    assert nodes.pids()[:2] == before
    assert [type(one) for one in nodes.send([unheard(2)], WAIT, never)] == [Answer]
    nodes.close()
    nodes.close()
    assert [type(one) for one in nodes.send([unheard(0)], WAIT, never)] == [Died]
    with pytest.raises(ConnectionError, match="Ray was shut down in this process"):
        nodes.restart([0])


def test_parcels_pass_from_actor_to_actor_and_not_through_here(nodes, tmp_path):
    ray, send, parcels = sys.modules["ray"], nodes.send, []

    def watched(*given):
        outcomes = send(*given)
        parcels.extend(parcel for outcome in outcomes for parcel in outcome.parcels if parcel is not None)
        return outcomes

    nodes.send = watched
    with phago.open(tmp_path / "memory", backend=nodes) as colony:
        live(colony)
    assert len(parcels) >= 6
    assert {type(parcel) for parcel in parcels} == {ray.ObjectRef}


def test_wrong_arguments_are_refused_before_ray_is_started():
    for nodes, shards, field in [(0, None, "nodes"), (5, 4, "nodes"), (1, 0, "shards"), (True, None, "nodes")]:
        with pytest.raises(phago.ConfigError) as caught:
            phago.Ray(nodes, shards)
        assert caught.value.field == field


# --- what ends under a colony ------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["ray.kill", "kill -9"])
def test_an_actor_that_is_killed_is_made_again_and_nothing_is_lost(nodes, tmp_path, how):
    undisturbed = phago.Colony(1)
    assert live(undisturbed) == [0, 0]

    def kill(node):
        if how == "ray.kill":
            sys.modules["ray"].kill(nodes._actors[node].handle)
        else:
            os.kill(nodes.pids()[node], signal.SIGKILL)

    with phago.open(tmp_path / "memory", backend=nodes) as colony:
        assert min(live(colony, kill)) >= 1
        digest = colony.digest()
        assert digest == undisturbed.digest()
    with phago.open(tmp_path / "memory", shards=2) as colony:
        assert colony.digest() == digest


def program(text, *arguments):
    """What a program says, which has a process of its own as it may be ended with its cluster."""
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(text), *map(str, arguments)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path])}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=400, env=env)


GONE = """
    import contextlib, json, os, signal, sys, phago, rays
    from test_backends import DOCUMENTS
    with rays.Cluster() as cluster:
        nodes = phago.Ray(2, address=cluster.address)
        colony = phago.open(sys.argv[1], backend=nodes)
        colony.ingest(DOCUMENTS)
        colony.run()
        print(json.dumps(colony.digest()), flush=True)
        cluster.kill()
        for pid in nodes.pids():
            # Or it ends by itself, a moment after its cluster.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for call in (lambda: colony.ingest(["one more"]), lambda: colony.query("ions")):
            try:
                print(json.dumps(repr(call())), flush=True)
            except phago.CoordinatorUnavailable as error:
                print(json.dumps(str(error)), flush=True)
        colony.close()
        print(json.dumps("closed"), flush=True)
"""


def test_a_cluster_that_is_gone_is_told_of_and_nothing_is_lost(ray_cluster, tmp_path):
    done = program(GONE, tmp_path / "memory")
    # Between them stands what Ray says of its servers.
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('"')]
    assert (len(told), told[-1]) == (4, "closed"), done
    assert all(re.search(r"the Ray cluster at \S+ does not answer", error) for error in told[1:3]), told
    with phago.open(tmp_path / "memory", shards=3) as colony:
        assert colony.digest() == told[0]


def test_ray_that_is_shut_down_in_this_process_is_told_of(ray_cluster, tmp_path):
    colony = phago.open(tmp_path / "memory", backend=phago.Ray(2, address=ray_cluster.address))
    colony.ingest(DOCUMENTS)
    digest = colony.digest()
    sys.modules["ray"].shutdown()
    for _ in range(2):
        with pytest.raises(phago.CoordinatorUnavailable, match="Ray was shut down in this process"):
            colony.ingest("one more")
    assert not sys.modules["ray"].is_initialized()
    with pytest.warns(phago.CheckpointWarning, match="is closed and whole"):
        colony.close()
    with phago.open(tmp_path / "memory", shards=2) as colony:
        assert colony.digest() == digest


# --- who starts Ray ----------------------------------------------------------------------------------------------


ALONE = """
    import signal, sys, phago, rays
    before = signal.getsignal(signal.SIGTERM)
    one, two = phago.Ray(2, address="local"), phago.Ray(1)
    import ray
    with phago.open(sys.argv[1], backend=one) as colony:
        colony.ingest("Ions cross the membrane.")
        print(colony.digest())
    assert ray.is_initialized(), "another one uses it"
    two.close()
    assert not ray.is_initialized(), "nobody uses it"
    assert signal.getsignal(signal.SIGTERM) is before
    ray.init("local", logging_level="ERROR", log_to_driver=False)
    phago.Ray(1).close()
    assert ray.is_initialized(), "it is not ours"
"""


def test_ray_is_started_quietly_and_shut_down_with_its_last_user(ray_cluster, tmp_path):
    done = program(ALONE, tmp_path / "memory")
    with phago.open(tmp_path / "memory") as colony:
        assert (done.stdout, done.stderr) == (f"{colony.digest()}\n", "")


def test_without_ray_it_says_what_to_install():
    done = program("import sys; sys.modules['ray'] = None; import phago; phago.Ray(2)")
    assert done.stderr.splitlines()[-1] == 'ImportError: this needs Ray: pip install "phago[ray]"'
