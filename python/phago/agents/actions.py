"""What an agent does: `Agent.sense` returns these."""

from __future__ import annotations

from typing import Any

from .view import ViewNode

__all__ = ["Absorb", "Action", "Die", "Dissolve", "Move", "Prefer", "Signal", "Sleep", "Spawn", "Trace"]


class Action:
    """Something that an agent does. All actions of a tick happen with it, or none does."""

    __slots__: tuple[str, ...] = ()

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({values})"


class Move(Action):
    """Go to a concept: sets the agent's state `home`, which must be a concept."""

    __slots__ = ("concept",)

    def __init__(self, concept: ViewNode | str) -> None:
        self.concept = concept


class _Mark(Action):
    __slots__ = ("amount", "concept", "name")

    def __init__(self, name: str, amount: float = 1.0, concept: ViewNode | str | None = None) -> None:
        self.name, self.amount, self.concept = name, amount, concept


class Signal(_Mark):
    """Add to a signal, which says what is wanted.

    Args:
        name: Of the signal, at most 64 bytes.
        amount: Above 0, at most 65,536.
        concept: Where; by default where the agent is after this tick (`home`).
    """

    __slots__ = ()


class Trace(_Mark):
    """Add to a trace, which says what was done; see `Signal`."""

    __slots__ = ()


class Prefer(Signal):
    """Have documents with a concept digested sooner, where `ColonyConfig.documents_first` counts signals."""

    __slots__ = ()

    def __init__(self, concept: ViewNode | str, amount: float = 1.0) -> None:
        super().__init__("prefer", amount, concept)


class Absorb(Action):
    """Take in a living agent of another kind, which ends: symbiosis, once in the life of an agent.

    Nothing happens if the other one has ended, ends or is absorbed in this tick, or is of the same kind, or if this one
    has absorbed before. Of several that want the same one, the first by kind and id has it.

    Args:
        agent: The id of the other one, as `View.met` gives it.
    """

    __slots__ = ("agent",)

    def __init__(self, agent: str) -> None:
        self.agent = agent


class Die(Action):
    """End. What else the agent did in this tick stands, but for its state."""

    __slots__ = ()


class Dissolve(Action):
    """End, and leave concepts to all: each of them gains one use (`Node.uses`). Once in a life, as the agent ends.

    Nothing happens, and the agent lives on, before it is `ColonyConfig.maturation_ticks` old: only who lived that long
    is trusted. A concept that is named twice counts once, and one that is not wired gains nothing.

    Args:
        concepts: What it knows; at most 256.
    """

    __slots__ = ("concepts",)

    def __init__(self, *concepts: ViewNode | str) -> None:
        self.concepts = concepts


class Sleep(Action):
    """Do not sense for some ticks: an agent that sleeps costs a tick nothing.

    Args:
        ticks: How many; 1 or more.
    """

    __slots__ = ("ticks",)

    def __init__(self, ticks: int) -> None:
        self.ticks = ticks


class Spawn(Action):
    """Bear an agent of one's own kind.

    Args:
        state: What it begins with; by default as its parent is after this tick.
    """

    __slots__ = ("state",)

    def __init__(self, **state: Any) -> None:
        self.state = state
