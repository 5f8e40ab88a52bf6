"""A colony that neither grows nor shrinks takes no more memory after many ticks than after few."""

import json
import subprocess
import sys

import pytest
from campaign import size, tell

SOAK = """
import gc, json, os, sys
import phago

path, first, ticks, every = sys.argv[1], *map(int, sys.argv[2:])

def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def text(number):
    return " ".join(f"word{(number * 7 + at * at) % 211}" for at in range(40))

def on_disk():
    return sum(file.stat().st_size for file in os.scandir(path))

# The ring of events is full within the first thousand ticks.
with phago.open(path, shards=2, config=phago.ColonyConfig(events_max=1024)) as colony:
    colony.ingest({"id": f"d{number}", "text": text(number)} for number in range(300))
    colony.run()
    worked, after = 0, {}
    for tick in range(1, ticks + 1):
        # In the first thousand ticks, every document has had each of its texts, and checkpoints were written.
        if every and (tick <= 1000 or tick % every == 0):
            # As many documents as before, some with other texts.
            colony.update({"id": f"d{worked % 300}", "text": text(worked % 300 + worked // 300 % 3)})
            for hit in colony.query(text(worked)[:40], k=3):
                colony.reinforce(hit)
            worked += 1
            if worked % 500 == 0:
                colony.checkpoint()
        colony.tick()
        if tick in (first, ticks):
            after[tick] = resident()
    colony.run()
    colony.compact()
    print(json.dumps([after[first], after[ticks], worked, on_disk(), sum(len(text(n)) for n in range(300))]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("what", "every"), [("idle", 0), ("at work", 10)])
def test_memory_does_not_grow_with_ticks(tmp_path, capfd, what, every):
    first = 1000
    ticks = size("ticks", 12_000, 100_000)
    command = [sys.executable, "-W", "ignore", "-c", SOAK, str(tmp_path), str(first), str(ticks), str(every)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after, worked, stored, text = json.loads(done.stdout)
    grown = f"{before / 2**20:.1f} MiB after {first:,} ticks, {after / 2**20:.1f} MiB after {ticks:,}"
    told = f"{grown} ({after / before - 1:+.1%})"
    tell(capfd, f"T14 soak, {what}: {told}; {worked:,} updates; {stored:,} bytes on disk, {text:,} of text")
    assert after <= before * 1.05
    assert worked == (1000 + (ticks - 1000) // every if every else 0)
