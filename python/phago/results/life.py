"""What happened in a colony, and who lives there."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from .._records import dataclass

__all__ = [
    "AgentInfo",
    "Alarm",
    "AlarmKind",
    "Anomaly",
    "Diff",
    "Digester",
    "Event",
    "EventKind",
    "FadingSynapse",
    "Mark",
]


class EventKind(StrEnum):
    """What happened."""

    SPAWNED = "spawned"
    """An agent began."""
    MOVED = "moved"
    """An agent of one's own went to a concept."""
    ENGULFED = "engulfed"
    """A digester took a document."""
    PRESENTED = "presented"
    """A digester presented a document's concepts."""
    WIRED = "wired"
    """A tick left more synapses than there were: `count` more."""
    FADED = "faded"
    """A tick left fewer synapses than there were: `count` fewer."""
    ABSORBED = "absorbed"
    """An agent of one's own absorbed another one, which ended."""
    DISSOLVED = "dissolved"
    """An agent of one's own left its concepts to all, and ended: `count` of them gained a use."""
    TRANSFERRED = "transferred"
    """`count` concepts were wired in a tick because documents had them before (`ColonyConfig.known_word_boost`)."""
    DIED = "died"
    """An agent ended."""
    INSIGHT = "insight"
    """A survey found a cluster, or that one changed: `text` says how."""
    ANOMALY = "anomaly"
    """A survey found a departure from normal: `text` says which."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a tick, or in a survey after it."""

    number: int
    """Its number, from 0, since this process has the colony."""
    tick: int
    what: EventKind
    kind: str | None = None
    """The kind of the agent: "digester", or one of one's own."""
    agent: str | None = None
    """The agent's id, 32 hex digits."""
    document: str | None = None
    """The document's id."""
    concept: str | None = None
    """The concept's label."""
    count: int | None = None
    text: str | None = None


class AlarmKind(StrEnum):
    """What departs from normal."""

    NEW = "new"
    """A concept is frequent that was not seen before, or too long ago to be remembered."""
    RISING = "rising"
    """A concept is seen more often than normal."""
    PAIR = "pair"
    """Two concepts are seen in the same documents more often than normal."""
    VOCABULARY = "vocabulary"
    """More words than normal are new."""
    FADING = "fading"
    """A concept that was seen often is not seen any more; never told of one seen less than .4 times a tick."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One departure from normal, told once until it is normal again."""

    what: AlarmKind
    concepts: tuple[str, ...]
    """The labels of what it is about: a concept, the two of a pair, or nothing for vocabulary."""
    tick: int
    """The tick that showed it."""
    since: int
    """The first tick that departs; of what fades, the last one that had it."""
    count: int
    """Documents that had it in the last ten ticks that digested any."""
    expected: float
    """How many would have been normal."""
    strength: float
    """The log-likelihood ratio G² of both, divided by how unevenly it comes."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Departures from normal that the same documents brought."""

    tick: int
    """The tick of the first of its alarms."""
    since: int
    """The tick since which it departs."""
    alarms: tuple[Alarm, ...]
    """The strongest first."""
    documents: int
    """Documents that bear any of them."""
    examples: tuple[str, ...]
    """The ids of at most 8, those that bear most first."""


@dataclass(frozen=True, slots=True)
class AgentInfo:
    """A living agent."""

    id: str
    """32 hex digits."""
    kind: str
    """ "digester", or one of one's own."""
    born: int
    """The tick in which it began."""
    state: dict[str, Any] | None = None
    """What is kept of it, of one's own; concepts by their ids."""


@dataclass(frozen=True, slots=True)
class Digester(AgentInfo):
    """A living agent of the kind "digester", as `Colony.agents` tells of it.

    It takes documents that wait (at most `ColonyConfig.documents_per_digester` in a tick), has their concepts wired,
    leaves a trace, and ends when there was nothing to do for some ticks. How many there are follows from what waits;
    nobody makes one.

    >>> import phago
    >>> with phago.Colony() as colony:
    ...     report = colony.ingest("Ions cross the membrane.")
    ...     result = colony.tick()
    ...     [type(agent).__name__ for agent in colony.agents("digester")]
    ['Digester']
    """


@dataclass(frozen=True, slots=True)
class Mark:
    """A signal or trace that stands."""

    of: str
    """ "signal" or "trace"."""
    name: str
    concepts: int
    """How many concepts have some of it."""


@dataclass(frozen=True, slots=True)
class FadingSynapse:
    """A synapse, and when it will be gone if nothing repeats it."""

    source: str
    target: str
    weight: float
    """Now, from 0 to 1."""
    gone: int
    """The first tick without it."""


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed between two ticks, as far as what stands shows it."""

    since: int
    until: int
    documents: tuple[str, ...]
    """The ids of documents digested in it that stand, in their order; at most 1,000."""
    digested: int
    """How many there are."""
    concepts: tuple[str, ...]
    """The labels of concepts that no document had before, those of most documents first; at most 1,000."""
    new_concepts: int
    """How many there are."""
    made: int
    """Synapses that were made in it and stand."""
    repeated: int
    """Synapses that stood before and were activated last in it. A synapse knows its last activation alone: one of after
    `until` is not counted here, and is no rest either."""
    rested: int
    """Synapses that stood before and were not activated since: they are fading."""
