"""A transport that strikes at exact messages: before the node has them, while it has them, or after its answer."""

import os
import signal
import threading
import time
from dataclasses import dataclass, field

from phago.backends import Died, Late, Processes, Transport

TOLD = ["Join", "Section", "Build", "Order", "Ask"]
ORDERS = ["Prepare", "Apply", "Discard", "Act", "Decay", "Commit", "Abort", "Pass", "Read", "Rank"]
ASKS = ["Round", "Digest", "Words", "Piece"]
# fmt: off
ROUNDS = [
    "Hear", "Speak", "Reach", "Weigh", "Surround", "Best", "MostLit", "MostSimilar", "Outline", "Tell",
    "Documents", "Find", "Near", "Labels", "Count", "Names", "Stored", "Counts", "Shards", "Describe",
    "Rows", "Node", "Nodes", "Edges", "Terms", "Local", "Pairs", "Lists", "Nearest", "Beginning", "Meets",
]
# fmt: on


def kind_of(message, before):
    """The name of what a message says; of a round, what it is. `before` is the order before it.

    The bytes are those of postcard, behind their length where they are compressed and 0 where they are not.
    """
    view = message.bytes
    if view[:4] != bytes(4):
        # Only what follows a judgement, or Decay, is compressed.
        return "Commit" if before == "Decay" else "Apply"
    at = 5

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = view[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    varint()
    told = TOLD[varint()]
    if told == "Order":
        return ORDERS[varint()]
    if told != "Ask":
        return told
    varint(), varint()
    asked = ASKS[varint()]
    if asked != "Round":
        return asked
    varint()
    # The version of the round, and the state that it reads.
    at += 1
    for _ in range(4):
        varint()
    return ROUNDS[varint()]


@dataclass
class Strike:
    """What happens to the first message of a kind to one of these nodes."""

    kind: str
    how: str
    nodes: tuple[int, ...] = (0,)
    when: str = "before"
    # So many messages of the kind pass first.
    passing: int = 0


@dataclass
class Struck:
    """What struck, and what was seen pass."""

    strikes: list[Strike] = field(default_factory=list)
    done: list[Strike] = field(default_factory=list)
    kinds: set = field(default_factory=set)


class Striking(Transport):
    """Processes, and strikes in the order in which they are armed."""

    def __init__(self, nodes):
        super().__init__(nodes)
        self.inner = Processes(nodes)
        self.struck = Struck()
        self.order = None

    def arm(self, *strikes):
        """What is to happen next, each once the one before it has happened."""
        self.struck.strikes = list(strikes)

    def pids(self):
        return self.inner.pids()

    def _next(self, messages):
        kinds = [kind_of(message, self.order) for message in messages]
        self.struck.kinds.update(kinds)
        self.order = kinds[0] if kinds[0] in ORDERS else self.order
        if not self.struck.strikes:
            return None
        strike = self.struck.strikes[0]
        if not any(
            kind == strike.kind and message.node in strike.nodes for kind, message in zip(kinds, messages, strict=True)
        ):
            return None
        strike.passing -= 1
        if strike.passing >= 0:
            return None
        self.struck.strikes.pop(0)
        self.struck.done.append(strike)
        return strike

    def send(self, messages, wait, stopped):
        strike = self._next(messages)
        if strike is None:
            return self.inner.send(messages, wait, stopped)
        if strike.how == "silence":
            return self._silent(strike, messages, wait, stopped)
        if strike.when == "before":
            self.strike(strike)
        if strike.when == "during":
            threading.Timer(0.0005, self.strike, [strike]).start()
        outcomes = self.inner.send(messages, wait, stopped)
        if strike.when == "after":
            self.strike(strike)
            if strike.how == "interrupt":
                return outcomes
            lost = Late() if strike.how == "stop" else Died(strike.how)
            outcomes = [
                lost if message.node in strike.nodes else outcome
                for message, outcome in zip(messages, outcomes, strict=True)
            ]
        return outcomes

    def _silent(self, strike, messages, wait, stopped):
        """The node lives and does not answer, as if it hung; the others do."""
        others = [message for message in messages if message.node not in strike.nodes]
        outcomes = {
            message.node: outcome
            for message, outcome in zip(others, self.inner.send(others, wait, stopped), strict=True)
        }
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline and not stopped():
            time.sleep(0.005)
        return [outcomes.get(message.node, Late()) for message in messages]

    def strike(self, strike):
        """Do it."""
        pids = self.inner.pids()
        for node in strike.nodes:
            match strike.how:
                case "kill":
                    os.kill(pids[node], signal.SIGKILL)
                case "stop":
                    os.kill(pids[node], signal.SIGSTOP)
                case "pipe":
                    for lane in self.inner._workers[node].all_lanes():
                        lane.pipe.shut()
                case "driver":
                    os.kill(os.getpid(), signal.SIGKILL)
                case "interrupt":
                    os.killpg(os.getpgrp(), signal.SIGINT)

    def restart(self, nodes):
        self.inner.restart(nodes)

    def close(self):
        self.inner.close()
