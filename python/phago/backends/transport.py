"""What a transport must do: carry messages to nodes, and their answers back."""

from __future__ import annotations

import abc
import atexit
import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

from .. import _phago
from .._records import dataclass

__all__ = ["Answer", "Died", "Late", "Message", "Node", "Outcome", "Stopped", "Transport", "Undelivered"]


class Node:
    """A node: the home of some shards of one colony, in the process where it is made.

    It knows nothing until the first message. Hand it messages from any thread: questions are answered while an order
    is obeyed.
    """

    def __init__(self) -> None:
        self._node = _phago.Node()

    def handle(self, message: bytes, parcels: Sequence[bytes] = ()) -> tuple[bytes, list[bytes | None]]:
        """Obey one message.

        Args:
            message: `Message.bytes` as it was sent.
            parcels: What other nodes sent with it, in any order.

        Returns:
            `Answer.bytes`, and a parcel for each other node that is sent one, by node. It never raises for what a
            message says: a node that cannot obey says so in its answer.
        """
        return self._node.handle(message, list(parcels))


Lane: TypeAlias = Literal["orders", "questions", "ahead"]


@dataclass(frozen=True, slots=True)
class Message:
    """What one node is told."""

    node: int
    """The node, from 0."""
    lane: Lane
    """Messages of one lane may wait for each other. A question must not wait for an order that its node is obeying;
    what is read `ahead` may, and is begun sooner if it waits at its node."""
    bytes: bytes
    """What it is told. Opaque; it may not be changed."""
    parcels: Sequence[Any]
    """What other nodes sent it: the `Answer.parcels` for this node, as the transport gave them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one node replied."""

    bytes: bytes
    """What it said."""
    parcels: Sequence[Any]
    """What it sends to others: by node, the bytes, or whatever stands for them where they travel; None for nothing."""


@dataclass(frozen=True, slots=True)
class Died:
    """The node ended, and will not answer."""

    cause: str
    """Why, as far as it is known."""


@dataclass(frozen=True, slots=True)
class Late:
    """The node did not answer in time."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The node lives and did not get the message: what another node sent it is lost with that one."""

    cause: str
    """Why, as far as it is known."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nobody wants an answer any more."""


Outcome: TypeAlias = Answer | Died | Late | Undelivered | Stopped


class Transport(abc.ABC):
    """Carries messages from a colony to its nodes, which are numbered from 0, and their answers back.

    A message may be lost, late, delivered twice or to another node, its answer or its parcels may be mixed up with
    others: what does not belong is noticed and refused, and the colony makes nodes anew that it lost. No bytes may be
    changed. The methods are called from many threads at once.

    >>> class Here(Transport):
    ...     '''Nodes in this very process: of no use, but whole.'''
    ...     def __init__(self, nodes):
    ...         super().__init__(nodes)
    ...         self.made = [Node() for _ in range(nodes)]
    ...     def send(self, messages, wait, stopped):
    ...         return [Answer(*self.made[message.node].handle(message.bytes, message.parcels)) for message in messages]
    ...     def restart(self, nodes):
    ...         for node in nodes:
    ...             self.made[node] = Node()
    ...     def close(self):
    ...         self.made.clear()
    >>> import phago, tempfile
    >>> with tempfile.TemporaryDirectory() as folder, phago.open(folder, shards=4, backend=Here(2)) as colony:
    ...     report = colony.ingest({"id": "a", "text": "Ions cross the membrane."})
    ...     [hit.id for hit in colony.query("ions")]
    ['a']
    """

    def __init__(self, nodes: int, shards: int | None = None) -> None:
        """What every transport knows.

        Args:
            nodes: How many nodes it reaches.
            shards: How many shards a colony has that is opened over it without a number of its own.
        """
        self.nodes = nodes
        self.shards = shards
        _close_before_the_end()

    @abc.abstractmethod
    def send(self, messages: Sequence[Message], wait: float, stopped: Callable[[], bool]) -> Sequence[Outcome]:
        """Send messages, each to another node, all at once, and wait for all answers.

        Args:
            messages: What to send.
            wait: How long to wait for each, in seconds.
            stopped: Whether nobody wants the answers any more; look every few milliseconds.

        Returns:
            The outcomes, in the order of the messages.
        """

    @abc.abstractmethod
    def restart(self, nodes: Sequence[int]) -> None:
        """Make these nodes anew, which then know nothing. Stop first what still runs under their numbers."""

    @abc.abstractmethod
    def close(self) -> None:
        """Stop all nodes. Nothing is sent after it; it may be called twice."""

    # What the native module calls.
    def _send(
        self,
        messages: list[tuple[int, Lane, bytes, list[Any]]],
        wait: float,
        stop: _phago.Stop,
    ) -> list[tuple[bytes | str, list[Any] | str]]:
        outcomes = self.send([Message(*message) for message in messages], wait, stop.is_set)
        return [_told(outcome) for outcome in outcomes]

    def _restart(self, nodes: list[int]) -> None:
        self.restart(nodes)


def _told(outcome: Outcome) -> tuple[bytes | str, list[Any] | str]:
    match outcome:
        case Answer(said, parcels):
            return said, list(parcels)
        case Died(cause):
            return "died", cause
        case Late():
            return "late", ""
        case Undelivered(cause):
            return "undelivered", cause
        case Stopped():
            return "stopped", ""


# A colony that is let go of is freed on a thread of its own, which closes its transport. The interpreter kills a thread
# that is in Python while it ends, and that ends the process with an abort: so its end waits for such threads. It waits
# for those that are in a transport for another reason, such as an opening that was interrupted, in the native module.
@functools.cache
def _close_before_the_end() -> None:
    atexit.register(_wait)


def _wait() -> None:
    _phago.wait_until_freed().wait()
