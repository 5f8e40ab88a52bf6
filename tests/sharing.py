"""A process that shares a colony with others: what the tests of `phago.connect` start, stop and kill."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import phago


class Process:
    """Another Python that connects to a directory, and does what it is told on a line."""

    def __init__(self, directory, *, first=()):
        command = [sys.executable, str(Path(__file__)), str(directory)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        assert self.process.stdout.readline() == "connected\n"
        for line in first:
            self.does(line)

    def begins(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def ends(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def does(self, line):
        """The value of an expression in which `client` is the connection."""
        self.begins(line)
        return self.ends()

    def sent(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Stop it, and wait until all its threads stand still."""
        self.sent(signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sent(signal.SIGCONT)
        self.kill()
        self.process.stdin.close()
        self.process.stdout.close()


def obey(directory):
    names = {"client": phago.connect(directory), "phago": phago}
    print("connected", flush=True)
    for line in sys.stdin:
        try:
            value = eval(line, names)
            told = list(value) if isinstance(value, tuple) else value
            print(json.dumps(told if isinstance(told, str | int | list | bool) else repr(told)), flush=True)
        except Exception as error:
            print(json.dumps(f"{type(error).__name__}: {error}"), flush=True)


# --- one of many that ingest, ask and delete while owners are killed ---


def trial(directory, name, seconds):
    """Work until the time is over; every acknowledged write is told of before the next one begins."""
    chance, until, waits = random.Random(name), time.monotonic() + float(seconds), []
    standing, number, counts = [], 0, dict.fromkeys(("ingested", "deleted", "asked", "owned"), 0)

    def say(*parts):
        print(json.dumps([time.time(), *parts]), flush=True)

    client = phago.connect(directory)
    while time.monotonic() < until:
        begun, was_owner = time.monotonic(), client.is_owner
        what = chance.random()
        if what < 0.5 or not standing:
            batch = [f"{name}-{number + more}" for more in range(chance.randrange(1, 4))]
            number += len(batch)
            say("begin", "ingest", batch)
            client.ingest({"id": key, "text": f"The {key} is a note about ions and membranes."} for key in batch)
            say("done", "ingest", batch)
            standing += batch
            counts["ingested"] += len(batch)
        elif what < 0.6:
            key = standing.pop(chance.randrange(len(standing)))
            say("begin", "delete", [key])
            client.delete(key)
            say("done", "delete", [key])
            counts["deleted"] += 1
        elif what < 0.62:
            client.run()
        else:
            key = chance.choice(standing)
            client.query(f"note about {key}", k=3)
            # What comes during another one's tick is seen once that ends.
            patience = time.monotonic() + 5
            while key not in client:
                assert time.monotonic() < patience, f"{key} is lost"
                time.sleep(0.01)
            counts["asked"] += 1
        # A run goes on as long as others bring something.
        if not 0.6 <= what < 0.62:
            waits.append(time.monotonic() - begun)
        counts["owned"] += client.is_owner and not was_owner
    say("end", {**counts, "longest": max(waits)})
    client.close()


def told(directory):
    """What the file in a directory says of its owner."""
    return json.loads((directory / "owner.json").read_bytes())


if __name__ == "__main__":
    if len(sys.argv) == 2:
        obey(sys.argv[1])
    else:
        trial(*sys.argv[1:])
