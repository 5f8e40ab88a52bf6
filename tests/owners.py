"""Eight processes on one memory, and the owner of the moment is killed again and again.

`python tests/owners.py 600 20` is ten minutes with a kill every twenty seconds: `make owners`.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import phago

TRIAL = Path(__file__).with_name("sharing.py")
FILE = "owner.json"


class Worker:
    """One process, begun again when it was killed, and all that it said."""

    def __init__(self, directory, number, until):
        self.directory, self.number, self.until = directory, number, until
        self.lives, self.said, self.errors = 0, [], []
        self.begin()

    def begin(self):
        self.lives += 1
        name, seconds = f"w{self.number}.{self.lives}", max(self.until - time.monotonic(), 0.1)
        command = [sys.executable, str(TRIAL), str(self.directory), name, str(seconds)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.listening = threading.Thread(target=self._listen, args=(self.process,))
        self.listening.start()

    def _listen(self, process):
        for line in process.stdout:
            # One that is killed may have said half a line.
            if line.endswith("\n"):
                self.said.append(json.loads(line))

    def end(self):
        error = self.process.stderr.read()
        code = self.process.wait()
        self.listening.join()
        self.process.stdout.close()
        self.process.stderr.close()
        if code not in (0, -signal.SIGKILL):
            self.errors.append(f"worker {self.number} ended with {code}: {error[-2000:]}")
        return code


def owner_of(directory):
    try:
        return json.loads((directory / FILE).read_bytes())["pid"]
    except (OSError, ValueError, KeyError):
        return None


def trial(seconds, every, workers=8, directory=None):
    """Returns what happened: counts, what was lost, errors, and how long each takeover took."""
    directory = Path(directory or tempfile.mkdtemp()) / "memory"
    until = time.monotonic() + seconds
    crew = [Worker(directory, number, until) for number in range(workers)]
    kills, takeovers = 0, []
    while time.monotonic() < until - min(every, 3):
        time.sleep(every)
        pid = owner_of(directory)
        victim = next((worker for worker in crew if worker.process.pid == pid), None)
        if victim is None or victim.process.poll() is not None:
            continue
        os.kill(pid, signal.SIGKILL)
        killed, kills = time.time(), kills + 1
        victim.end()
        # Until the first write that the next owner acknowledged.
        while time.time() < killed + 30:
            time.sleep(0.01)
            if owner_of(directory) in (pid, None):
                continue
            since = (directory / FILE).stat().st_mtime
            after = [one[0] for worker in crew for one in worker.said[-50:] if one[0] > since and one[1] == "done"]
            if after:
                takeovers.append(min(after) - killed)
                break
        victim.begin()
    for worker in crew:
        worker.end()
    return _judged(directory, crew, kills, takeovers)


def _judged(directory, crew, kills, takeovers):
    stands, open_ended, counts, longest = {}, set(), Counter(), 0.0
    for worker in crew:
        for _, kind, *rest in worker.said:
            if kind == "end":
                counts.update({name: value for name, value in rest[0].items() if name != "longest"})
                longest = max(longest, rest[0]["longest"])
                continue
            what, ids = rest
            counts[f"{what} {kind}"] += 1
            for key in ids:
                if kind == "begin":
                    open_ended.add(key)
                else:
                    open_ended.discard(key)
                    stands[key] = what == "ingest"
    lost, risen = [], []
    with phago.open(directory) as colony:
        for key, is_there in stands.items():
            # What was begun and never acknowledged may be there or not.
            if key not in open_ended and (key in colony) != is_there:
                (lost if is_there else risen).append(key)
        documents = len(colony)
    assert phago.verify(directory).is_whole
    return {
        "kills": kills,
        "takeovers": sorted(takeovers),
        "longest call": longest,
        "acknowledged": sum(count for name, count in counts.items() if name.endswith("done")),
        "counts": dict(counts),
        "documents": documents,
        "lost": lost,
        "risen": risen,
        "errors": [error for worker in crew for error in worker.errors],
    }


def main(seconds="600", every="20"):
    found = trial(float(seconds), float(every))
    print(json.dumps(found, indent=2))
    return 1 if found["lost"] or found["risen"] or found["errors"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
