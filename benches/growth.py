"""What each operation costs in colonies of growing size.

    python benches/growth.py FILE [DOCUMENTS ...]

FILE has one document a line, `{"_id", "title", "text"}`; a colony of its first 10,000, 100,000 and 1,000,000 documents
(or of as many as are named) is made in one process after the other. A figure is a median [least, greatest].
"""

import json
import statistics
import subprocess
import sys
import time
from itertools import islice

import phago
from child import memory_mib

DEFAULT = (10_000, 100_000, 1_000_000)
# Operations of each kind that are timed, and documents that are held back to be ingested then.
TRIED = 200
CHUNK = 20_000


def documents(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield {"id": row["_id"], "title": row["title"], "text": row["text"]}


def timed(work, given):
    """Milliseconds that the work takes with each."""
    taken = []
    for one in given:
        begun = time.perf_counter()
        work(one)
        taken.append(1000 * (time.perf_counter() - begun))
    return taken


def measure(path, size):
    stream = documents(path)
    held = list(islice(stream, TRIED))
    colony = phago.Colony()
    begun = time.perf_counter()
    known, taken = [], 0
    while chunk := list(islice(stream, min(CHUNK, size - taken))):
        colony.ingest(chunk)
        taken += len(chunk)
        known += [(document["id"], document["text"]) for document in chunk[:: max(1, size // 2000)]]
    colony.run()
    whole = time.perf_counter() - begun
    step = max(1, len(known) // (2 * TRIED))
    some = known[::step][: 2 * TRIED]
    asked = [" ".join(text.split()[4:12]) for _, text in some[:TRIED]]
    changed = [{"id": key, "text": f"{text} changed"} for key, text in some[:TRIED]]
    yield "documents", [len(colony)]
    yield "ingested and digested, documents/s", [len(colony) / whole]
    yield "peak memory of the process, MiB", [memory_mib("VmHWM")]
    yield "its memory now, MiB", [memory_mib()]
    yield "query, ms", timed(colony.query, asked)
    yield "lexical query, ms", timed(lambda text: colony.query(text, ranking="lexical"), asked)
    yield "idle tick, ms", timed(lambda _: colony.tick(), range(TRIED))
    yield "ingest of one, ms", timed(lambda one: colony.ingest([one]), held)
    colony.run()
    yield "update of one, ms", timed(colony.update, changed)
    colony.run()
    yield "delete of one, ms", timed(lambda one: colony.delete(one[0]), some[TRIED:])
    yield "ticks that unwire these, ms", timed(lambda _: colony.run(), range(1))
    yield "digest, ms", timed(lambda _: colony.digest(), range(3))


def shown(values):
    if len(values) == 1:
        return f"{values[0]:,.0f}"
    return f"{statistics.median(values):,.3f} [{min(values):,.3f}, {max(values):,.3f}]"


def measured(path, size):
    """All figures of one size by name, from a process of its own."""
    done = subprocess.run([sys.executable, __file__, path, "--one", str(size)], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def main(path, sizes):
    tables = {size: measured(path, size) for size in sizes}
    for name in tables[sizes[0]]:
        print(f"{name:36}" + "".join(f"{shown(tables[size][name]):>36}" for size in sizes))


if __name__ == "__main__":
    if "--one" in sys.argv:
        print(json.dumps(dict(measure(sys.argv[1], int(sys.argv[3])))))
    elif len(sys.argv) > 1:
        main(sys.argv[1], [int(size) for size in sys.argv[2:]] or DEFAULT)
    else:
        sys.exit(__doc__)
