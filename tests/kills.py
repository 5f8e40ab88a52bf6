"""Processes that are killed while they write a colony: at any time, or at any call to the disk.

A server imports phago once and forks a child for each order; so a kill costs milliseconds. The library of `die_at.c`
ends a child at the call it is told. Orders and what came of them are lines of JSON.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
# As many operations as a child does before it ends by itself.
OPERATIONS = 24


def operation(colony, number):
    """One change of a colony; each changes its digest."""
    kind, common = number % 8, number // 8 % 5
    if kind < 3:
        colony.ingest({"id": f"d{number}", "text": f"word{kind} common{common} number{number}"})
    elif kind == 3:
        assert colony.update({"id": f"d{number - 3}", "text": f"word3 common{common} changed"}) == "changed"
    elif kind in (4, 6):
        colony.tick()
    elif kind == 5:
        assert colony.reinforce(colony.query(f"word1 number{number - 4}", k=1)[0])
    else:
        assert colony.delete(f"d{number - 6}")


@dataclass(frozen=True)
class Order:
    """How a child works and ends."""

    path: str
    shards: int = 2
    # The first operation, and how many follow at most.
    first: int = 0
    count: int = OPERATIONS
    # Checkpoints and closes come after every so many operations.
    checkpoint: int = 9
    close: int = 13
    # The call at which it dies, and how; or after how many seconds.
    at: int = 0
    how: str = "before"
    after: float | None = None


def work(order, told):
    """What a child does; it says through a pipe what is done."""
    import phago

    def tell(what):
        os.write(told, f"{what}\n".encode())

    os.environ |= {"PHAGO_DIE_IN": order.path, "PHAGO_DIE_AT": str(order.at), "PHAGO_DIE_HOW": order.how}
    colony = phago.open(order.path, shards=order.shards)
    tell("open")
    for number in range(order.first, order.first + order.count):
        operation(colony, number)
        tell(number)
        if number % order.checkpoint == order.checkpoint - 1:
            colony.checkpoint()
        if number % order.close == order.close - 1:
            colony.close()
            colony = phago.open(order.path, shards=order.shards + 1)
    colony.close()
    tell("closed")


def obey(order):
    """Fork a child and see to its end; what it said was done, and how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            work(order, writing)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    said, until = b"", None if order.after is None else time.monotonic() + order.after
    while True:
        left = None if until is None else max(0.0, until - time.monotonic())
        if not select.select([reading], [], [], left)[0]:
            os.kill(child, signal.SIGKILL)
            until = None
            continue
        if not (more := os.read(reading, 1 << 16)):
            break
        said += more
    os.close(reading)
    _, status = os.waitpid(child, 0)
    # The last line may be cut off.
    lines = said.decode().split("\n")[:-1]
    done = max((int(line) + 1 for line in lines if line.isdigit()), default=order.first)
    return {
        "opened": "open" in lines,
        "done": done,
        "closed": "closed" in lines,
        "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
        "status": status,
    }


class Server:
    """Forks children that work and die."""

    def __init__(self, library):
        command = [sys.executable, "-W", "ignore", str(Path(__file__)), "serve"]
        environment = {**os.environ, "LD_PRELOAD": str(library)}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def obey(self, order):
        self.process.stdin.write(json.dumps(vars(order)) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def library(folder):
    """Compile the library that ends a process at a call."""
    made = Path(folder) / "die_at.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", made, HERE / "die_at.c", "-ldl"], check=True)
    return made


def serve():
    import phago  # noqa: F401  # imported once, and not used: a child that forks off after use could not use it

    for line in sys.stdin:
        print(json.dumps(obey(Order(**json.loads(line)))), flush=True)


if __name__ == "__main__":
    serve()
