"""A transport that strikes at exact messages: before the node has them, while it has them, or after its answer."""

import abc
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass, field

from phago import Ray
from phago.backends import Died, Late, Processes, Transport

TOLD = ["Join", "Section", "Build", "Order", "Ask"]
ORDERS = ["Prepare", "Apply", "Discard", "Act", "Decay", "Commit", "Abort", "Pass", "Read", "Rank"]
ASKS = ["Round", "Digest", "Words", "Keep", "Piece"]
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
    """Nodes, and strikes in the order in which they are armed."""

    # What can happen to one node here, beside what signals do; and about when a node has a message, in seconds.
    WAYS = ()
    HAS = 0.0005

    def __init__(self, inner):
        super().__init__(inner.nodes, inner.shards)
        self.inner = inner
        self.struck = Struck()
        self.order = None
        # Of all nodes that there were.
        self.all_pids = set(inner.pids())

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
        if strike.when in ("before", "within"):
            self.strike(strike)
        if strike.when == "during":
            threading.Timer(self.HAS, self.strike, [strike]).start()
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
        if strike.how == "driver":
            os.kill(os.getpid(), signal.SIGKILL)
        if strike.how == "interrupt":
            os.killpg(os.getpgrp(), signal.SIGINT)
            return
        for node in strike.nodes:
            if strike.how in self.WAYS or strike.when == "within":
                self.strike_node(node, strike.how, strike.when)
            else:
                os.kill(self.inner.pids()[node], {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}[strike.how])

    @abc.abstractmethod
    def strike_node(self, node, how, when):
        """Do to a node what signals do not."""

    def restart(self, nodes):
        self.inner.restart(nodes)
        self.all_pids.update(self.inner.pids())

    def close(self):
        self.inner.close()


class StrikingProcesses(Striking):
    """Processes of this machine."""

    WAYS = ("pipe",)

    def __init__(self, nodes):
        super().__init__(Processes(nodes))

    def strike_node(self, node, how, when):
        for lane in self.inner._workers[node].all_lanes():
            lane.pipe.shut()


class StrikingRay(Striking):
    """Actors. What happens `within` one happens once it has obeyed a message, and before it has answered."""

    WAYS = ("ray.kill", "raise", "hang")
    HAS = 0.002

    def __init__(self, nodes, address=None):
        super().__init__(Ray(nodes, address=address))

    def strike_node(self, node, how, when):
        ray, handle = sys.modules["ray"], self.inner._actors[node].handle
        if how == "ray.kill":
            ray.kill(handle)
            return

        # By value: actors do not find the modules of tests.
        def spoil(actor):
            obey = actor._node.handle

            class Spoilt:
                def handle(self, *given):
                    if when == "within":
                        obey(*given)
                    if how == "kill":
                        os.kill(os.getpid(), signal.SIGKILL)
                    while how == "hang":
                        time.sleep(1)
                    raise RuntimeError("spoilt")

            actor._node = Spoilt()

        # It is done before the message is there.
        ray.get(handle.__ray_call__.remote(spoil))


STRIKING = {"processes": StrikingProcesses, "ray": StrikingRay}
