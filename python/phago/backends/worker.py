"""The process of one node: obeys what comes through its pipes, until they are closed."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import traceback
from collections.abc import Sequence

from .framing import pack, unpack
from .pipes import Pipe
from .transport import Node

# How often to look whether the driver still lives, in milliseconds. A process that it forked keeps the pipes open.
_LOOK_MS = 1_000


def serve(node: Node, pipe: Pipe, driver: int) -> None:
    """Obey every message of a pipe, in turn.

    Raises:
        EOFError: The other end is closed, or the driver is gone.
        OSError: The pipe broke.
    """
    poll = select.poll()
    poll.register(pipe.fileno())

    def wait() -> None:
        poll.modify(pipe.fileno(), pipe.events)
        while not poll.poll(_LOOK_MS):
            if os.getppid() != driver:
                raise EOFError

    while True:
        while (frame := pipe.pull()) is None:
            wait()
        number, parts = unpack(frame)
        message, *parcels = [part for part in parts if part is not None]
        answer, sent = node.handle(message, parcels)
        pipe.offer(pack(number, [answer, *sent]))
        pipe.push()
        while pipe.is_half_written:
            wait()
            pipe.push()


def _serve_to_the_end(node: Node, pipe: Pipe, driver: int) -> None:
    code = 0
    try:
        serve(node, pipe, driver)
    except (EOFError, OSError):
        # Nobody listens any more. Nothing here is worth finishing: what was acknowledged is in the driver's log.
        code = 0
    except BaseException:
        traceback.print_exc()
        code = 1
    # A node that answers in some of its pipes only would be waited for in the others.
    os._exit(code)


def main(numbers: Sequence[int], driver: int) -> None:
    """Serve the pipes of these file descriptors as long as the process `driver` lives."""
    # Whoever drives the colony decides what Ctrl-C means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    node = Node()
    first, *others = (Pipe(socket.socket(fileno=number)) for number in numbers)
    for pipe in others:
        threading.Thread(target=_serve_to_the_end, args=(node, pipe, driver), daemon=True).start()
    _serve_to_the_end(node, first, driver)
