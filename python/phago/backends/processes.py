"""Nodes as processes of this machine."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

from .framing import pack, unpack
from .transport import Answer, Died, Late, Message, Outcome, Stopped, Transport

# How often to look whether anybody still wants an answer, in seconds.
_LOOK = 0.005
# How long a process that was asked to end may take before it is killed, in seconds.
_ENDING = 5.0


class Processes(Transport):
    """Nodes as processes of this machine, each with one core's worth of work. They end with the process that made them.

    Each is a fresh interpreter, so that scripts need no `if __name__ == "__main__"`. Only systems with pipes that a
    child inherits by number have it: Linux, macOS and other Unixes.

    Args:
        nodes: How many.
    """

    def __init__(self, nodes: int) -> None:
        super().__init__(nodes)
        self._numbers = itertools.count(1)
        self._workers = [_Worker.started() for _ in range(nodes)]
        self._closed = False
        # Held while processes are made or ended.
        self._making = threading.Lock()

    def pids(self) -> list[int]:
        """The process ids of the nodes."""
        return [worker.process.pid for worker in self._workers]

    def send(self, messages: Sequence[Message], wait: float, stopped: Callable[[], bool]) -> list[Outcome]:
        """Send messages, as `Transport.send`."""
        deadline = time.monotonic() + wait
        workers = {message.node: self._workers[message.node] for message in messages}
        with ExitStack() as locks:
            # In one order, so that no two threads wait for each other.
            for node in sorted(workers):
                lane = next(message.lane for message in messages if message.node == node)
                locks.enter_context(workers[node].lanes[lane].lock)
            sent = [self._sent(workers[message.node], message) for message in messages]
            return [
                outcome
                if isinstance(outcome, Died)
                else self._answer(workers[message.node], message, outcome, deadline, stopped)
                for message, outcome in zip(messages, sent, strict=True)
            ]

    def _sent(self, worker: _Worker, message: Message) -> int | Died:
        number = next(self._numbers)
        try:
            worker.lanes[message.lane].pipe.send_bytes(pack(number, [message.bytes, *message.parcels]))
        except (OSError, ValueError):
            return Died(worker.cause())
        return number

    def _answer(
        self, worker: _Worker, message: Message, number: int, deadline: float, stopped: Callable[[], bool]
    ) -> Outcome:
        pipe = worker.lanes[message.lane].pipe
        while True:
            left = deadline - time.monotonic()
            try:
                ready = wait([pipe], timeout=max(0.0, min(left, _LOOK)))
                if ready:
                    told, parts = unpack(pipe.recv_bytes())
                    # What came too late for an earlier message is dropped.
                    if told == number and parts[0] is not None:
                        return Answer(parts[0], parts[1:])
                    continue
            except (EOFError, OSError, ValueError):
                return Died(worker.cause())
            if stopped():
                return Stopped()
            if left <= 0:
                return Late()

    def restart(self, nodes: Sequence[int]) -> None:
        """Make processes anew; those that still run are killed."""
        with self._making:
            for node in nodes:
                self._workers[node].kill()
                self._workers[node] = _Worker.started()

    def close(self) -> None:
        """End all processes. What does not end within five seconds is killed."""
        with self._making:
            if self._closed:
                return
            self._closed = True
            for worker in self._workers:
                worker.hang_up()
            deadline = time.monotonic() + _ENDING
            for worker in self._workers:
                worker.end(deadline)


@dataclass(slots=True)
class _Lane:
    pipe: Connection
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    lanes: dict[str, _Lane]

    @staticmethod
    def started() -> _Worker:
        here, there = zip(socket.socketpair(), socket.socketpair(), strict=True)
        numbers = [end.fileno() for end in there]
        # The same phago, wherever this process found it.
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        code = f"from phago.backends.worker import main; main({numbers[0]}, {numbers[1]})"
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            pass_fds=numbers,
            env={**os.environ, "PYTHONPATH": path},
        )
        for end in there:
            end.close()
        orders, questions = (_Lane(Connection(end.detach())) for end in here)
        return _Worker(process, {"orders": orders, "questions": questions})

    def cause(self) -> str:
        try:
            code = self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            return f"process {self.process.pid} closed its pipe"
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"signal {-code}"
            return f"process {self.process.pid} was ended by {name}"
        return f"process {self.process.pid} ended with {code}"

    def hang_up(self) -> None:
        for lane in self.lanes.values():
            lane.pipe.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for lane in self.lanes.values():
            # Whoever waits for an answer notices the end of the process.
            with lane.lock:
                lane.pipe.close()

    def end(self, deadline: float) -> None:
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
