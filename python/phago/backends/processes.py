"""Nodes as processes of this machine."""

from __future__ import annotations

import itertools
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from .framing import pack, unpack
from .pipes import Pipe
from .transport import Answer, Died, Late, Message, Outcome, Stopped, Transport

# How often to look whether anybody still wants an answer, in seconds; and whether a node has become free.
_LOOK = 0.005
_GLANCE = 0.001
# How many questions one node answers at once. A digest may take long, and the other questions must not wait for it.
_QUESTIONS = 4
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
        self._driver = os.getpid()
        self._closed = False
        # Held while processes are made or ended.
        self._making = threading.Lock()
        self._workers: list[_Worker] = []
        try:
            self._workers.extend(_Worker.started() for _ in range(nodes))
        except BaseException:
            self.close()
            raise

    def pids(self) -> list[int]:
        """The process ids of the nodes."""
        return [worker.process.pid for worker in self._workers]

    def send(self, messages: Sequence[Message], wait: float, stopped: Callable[[], bool]) -> list[Outcome]:
        """Send messages, as `Transport.send`."""
        calls = [_Call(message, self._workers[message.node], next(self._numbers)) for message in messages]
        _converse(calls, wait, stopped)
        return [call.outcome() for call in calls]

    def restart(self, nodes: Sequence[int]) -> None:
        """Make processes anew; those that still run are killed.

        Raises:
            ValueError: It is closed.
        """
        with self._making:
            if self._closed:
                raise ValueError("the processes of this colony have been ended")
            for node in nodes:
                self._workers[node].kill()
            for node in nodes:
                self._workers[node].reap()
                self._workers[node] = _Worker.started()

    def close(self) -> None:
        """End all processes. What does not end within five seconds is killed. In a forked child it does nothing."""
        if os.getpid() != self._driver:
            return
        with self._making:
            if self._closed:
                return
            self._closed = True
            for worker in self._workers:
                worker.hang_up()
            deadline = time.monotonic() + _ENDING
            for worker in self._workers:
                worker.end(deadline)


def _converse(calls: Sequence[_Call], wait: float, stopped: Callable[[], bool]) -> None:
    # Nothing here waits for one node alone: a node that is stopped reads nothing either. Each lane is taken and left by
    # itself, so that a node need not wait until another one has done what somebody else told it.
    poll = select.poll()
    coming, waiting = deque(calls), dict[int, _Call]()
    try:
        while coming or waiting:
            for _ in range(len(coming)):
                call = coming.popleft()
                if not call.take_lane(0 if waiting else _LOOK):
                    coming.append(call)
                    continue
                # Before it begins: whatever happens then, somebody leaves the lane.
                waiting[call.lane.pipe.fileno()] = call
                if call.begin(wait):
                    poll.register(call.lane.pipe.fileno(), call.lane.pipe.events)
                else:
                    waiting.pop(call.lane.pipe.fileno()).leave_lane()
            now = time.monotonic()
            left = min((call.deadline - now for call in waiting.values()), default=0.0)
            for number, _ in poll.poll(1000 * max(0.0, min(left, _GLANCE if coming else _LOOK))):
                call = waiting[number]
                if call.go_on():
                    poll.modify(number, call.lane.pipe.events)
                else:
                    poll.unregister(number)
                    waiting.pop(number).leave_lane()
            if (coming or waiting) and stopped():
                for call in (*coming, *waiting.values()):
                    call.result = Stopped()
                return
            now = time.monotonic()
            for number, call in list(waiting.items()):
                if call.deadline <= now:
                    call.result = Late()
                    poll.unregister(number)
                    waiting.pop(number).leave_lane()
    finally:
        for call in waiting.values():
            call.leave_lane()


@dataclass(slots=True)
class _Lane:
    pipe: Pipe
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_retired: bool = False

    def leave(self) -> None:
        """Let others use it."""
        self.lock.release()
        if self.is_retired:
            self._close()

    def retire(self) -> None:
        """End it. Whoever waits for an answer notices at once; the last one closes it."""
        self.is_retired = True
        self.pipe.shut()
        self._close()

    def _close(self) -> None:
        if self.lock.acquire(blocking=False):
            self.pipe.close()
            self.lock.release()


class _Call:
    """One message, and what became of it."""

    def __init__(self, message: Message, worker: _Worker, number: int) -> None:
        self.node = message.node
        self._lanes = worker.lanes[message.lane]
        self.lane = self._lanes[0]
        self.deadline = 0.0
        self.result: Outcome | None = None
        self._worker = worker
        self._number = number
        self._message = message

    def take_lane(self, patience: float) -> bool:
        """Take a lane that is free, or becomes free within so many seconds. Whether there was one."""
        for lane in self._lanes:
            if lane.lock.acquire(blocking=False):
                self.lane = lane
                return True
        return patience > 0 and self.lane.lock.acquire(timeout=patience)

    def leave_lane(self) -> None:
        """Leave the lane to others, unless the message has gone in part."""
        # What follows half a message would be taken for the rest of it.
        if self.lane.pipe.is_half_written:
            self.lane.retire()
        self.lane.leave()

    def begin(self, wait: float) -> bool:
        """Write the message, or its beginning. Whether to go on, for so many seconds."""
        self.deadline = time.monotonic() + wait
        if self.lane.is_retired:
            return False
        try:
            self.lane.pipe.offer(pack(self._number, [self._message.bytes, *self._message.parcels]))
            self.lane.pipe.push()
        except OSError:
            return False
        return True

    def go_on(self) -> bool:
        """Write what is left, and read what has come. Whether to go on."""
        try:
            self.lane.pipe.push()
            while (frame := self.lane.pipe.pull()) is not None:
                number, parts = unpack(frame)
                # What came too late for an earlier message is dropped.
                if number == self._number and parts and parts[0] is not None:
                    self.result = Answer(parts[0], parts[1:])
                    return False
        except (EOFError, OSError, ValueError):
            return False
        return True

    def outcome(self) -> Outcome:
        """What became of it."""
        return Died(self._worker.cause()) if self.result is None else self.result


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    lanes: dict[str, list[_Lane]]

    def all_lanes(self) -> list[_Lane]:
        return [lane for lanes in self.lanes.values() for lane in lanes]

    @staticmethod
    def started() -> _Worker:
        with ExitStack() as unfinished:
            here: list[socket.socket] = []
            there: list[socket.socket] = []
            for _ in range(2 + _QUESTIONS):
                for ends, end in zip((here, there), socket.socketpair(), strict=True):
                    unfinished.callback(end.close)
                    ends.append(end)
            numbers = [end.fileno() for end in there]
            # The same phago, wherever this process found it.
            path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
            arguments = f"{numbers}, {os.getpid()}"
            process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", f"from phago.backends.worker import main; main({arguments})"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=numbers,
                # Ctrl-C in a terminal reaches its whole group, and would end a process that is just starting.
                process_group=0,
                env={**os.environ, "PYTHONPATH": path},
            )
            unfinished.pop_all()
        for end in there:
            end.close()
        orders, ahead, *questions = (_Lane(Pipe(end)) for end in here)
        return _Worker(process, {"orders": [orders], "ahead": [ahead], "questions": questions})

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
        for lane in self.all_lanes():
            lane.retire()

    def kill(self) -> None:
        self.process.kill()

    def reap(self) -> None:
        self.process.wait()
        self.hang_up()

    def end(self, deadline: float) -> None:
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
