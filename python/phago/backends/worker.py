"""The process of one node: obeys what comes through two pipes, until they are closed."""

from __future__ import annotations

import os
import signal
import sys
import threading
from multiprocessing.connection import Connection

from .framing import pack, unpack
from .transport import Node


def serve(node: Node, pipe: Connection) -> None:
    """Obey every message of a pipe, in turn, until the other end is closed."""
    while True:
        try:
            number, parts = unpack(pipe.recv_bytes())
        except (EOFError, ConnectionError):
            return
        message, *parcels = [part for part in parts if part is not None]
        answer, sent = node.handle(message, parcels)
        try:
            pipe.send_bytes(pack(number, [answer, *sent]))
        except (BrokenPipeError, ConnectionError):
            return


def main(orders: int, questions: int) -> None:
    """Serve the pipes of these file descriptors."""
    # Ctrl-C in a terminal reaches every process; whoever drives the colony decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    node = Node()
    threading.Thread(target=serve, args=(node, Connection(questions)), daemon=True).start()
    serve(node, Connection(orders))
    # Nobody listens any more; a question that is still being answered may not hold the process.
    sys.stdout.flush()
    os._exit(0)
