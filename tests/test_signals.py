"""A signal handler may call phago while the call that it interrupts waits: everybody comes back."""

import pytest
from support import child_says

# Ticks take 120 ms each, so that signals come while the main thread waits for one or for its turn.
PROGRAM = """
import faulthandler, os, signal, threading, time
import phago
from support import cluster, ingest_into

faulthandler.dump_traceback_later(30, exit=True)
how, second, signals = {how!r}, {second}, {signals}
documents = [{{"id": str(at), "text": f"alpha beta word{{at}}"}} for at in range(40)]
if how == "tick_sync":
    _, shards, runner = cluster(2)
    ingest_into(shards, documents)
    work, native, tick = runner.tick_sync, runner._native, lambda: shards[0].current_tick
else:
    colony = phago.Colony(2)
    colony.ingest(documents)
    work, native, tick = getattr(colony, how), colony._runner, lambda: colony.stats().tick
native.inject(("deaf", 0, "Act", None, 120))
handled = []
signal.signal(signal.SIGTERM, lambda *_: handled.append({handler}))

def signal_main():
    for _ in range(signals):
        time.sleep(0.06)
        os.kill(os.getpid(), signal.SIGTERM)

threads = [threading.Thread(target=work)] if second else []
for thread in threads:
    thread.start()
    time.sleep(0.05)
threads.append(threading.Thread(target=signal_main))
threads[-1].start()
work()
for thread in threads:
    thread.join()
print(len(handled), tick())
"""


ITSELF = "work()"
BY_THREAD = "(other := threading.Thread(target=work)).start() or other.join()"


@pytest.mark.parametrize(
    ("how", "second", "signals", "handler"),
    [
        ("tick", False, 1, ITSELF),
        ("tick", False, 2, ITSELF),
        ("tick", True, 1, ITSELF),
        ("tick", True, 2, BY_THREAD),
        ("run", False, 2, ITSELF),
        ("run", True, 1, BY_THREAD),
        ("run", True, 2, ITSELF),
        ("tick_sync", False, 1, BY_THREAD),
        ("tick_sync", False, 2, ITSELF),
        ("tick_sync", True, 1, ITSELF),
        ("tick_sync", True, 2, ITSELF),
    ],
)
def test_a_handler_that_ticks_while_its_thread_waits_for_a_tick_comes_back(how, second, signals, handler):
    program = PROGRAM.format(how=how, second=second, signals=signals, handler=handler)
    handled, tick = map(int, child_says(program).split())
    assert handled == signals
    # A run makes as many ticks as there is work for, whoever makes them.
    assert tick == 1 + second + signals if how != "run" else tick > 1


def test_a_handler_may_drive_by_hand_while_its_thread_does():
    # How long a phase lasts depends on the machine: ticks of more and more documents, until a signal is heard in one.
    program = """
import faulthandler, itertools, os, signal, threading
import phago

faulthandler.dump_traceback_later(60, exit=True)
config = phago.ColonyConfig(concepts_per_document=200)
shard = phago.ShardedColony(0, config, phago.ConsistentHashRing(1))
refused = []

def phase(*_):
    try:
        shard.tick_phase("Sense")
        refused.append("made")
    except phago.PhagoError as error:
        refused.append(type(error).__name__)

def signal_main():
    while not ended.wait(0.001):
        os.kill(os.getpid(), signal.SIGTERM)

signal.signal(signal.SIGTERM, phase)
for tick in itertools.count(1):
    for at in range(1000 * tick):
        text = " ".join(f"t{(at * other + tick) % 977}" for other in range(200))
        shard.ingest_document({"id": f"{tick} {at}", "text": text})
    shard.tick_phase("Sense")
    ended = threading.Event()
    sender = threading.Thread(target=signal_main)
    sender.start()
    shard.tick_phase("Act")
    for batch in shard.take_outbox().values():
        shard.deliver(batch)
    shard.tick_phase("Decay")
    ended.set()
    sender.join()
    shard.tick_phase("Advance")
    if "BusyError" in refused:
        break
print(shard.current_tick == tick, set(refused) <= {"BusyError", "PhaseOrderError"}, shard.stats()["nodes"] > 100)
"""
    assert child_says(program).split() == ["True", "True", "True"]
