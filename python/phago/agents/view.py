"""What an agent sees: the last committed tick, to be read only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import _phago
from .._checks import refusal
from .._phago import Census, Living

__all__ = ["View", "ViewNode"]


class ViewNode:
    """A concept, as an agent sees it."""

    __slots__ = ("_view", "id", "label", "weight")

    def __init__(self, view: View, id: str, label: str, weight: float) -> None:
        self._view = view
        self.id = id
        """Its id, 32 hex digits, which never changes."""
        self.label = label
        self.weight = weight
        """The weight of the synapse that leads there, from 0 to 1."""

    def signal(self, name: str) -> float:
        """How much of a signal is on it."""
        # Agents ask this most: a look-up, without the calls of the view's own.
        signals = self._view._signals.get(name)
        return self._view.signal(name, self.id) if signals is None else signals.get(self.id, 0.0)

    def trace(self, name: str) -> float:
        """How much of a trace is on it."""
        return self._view.trace(name, self.id)

    def __repr__(self) -> str:
        return f"<{self.label}>"


class View:
    """The last committed tick. It is only good within `sense`."""

    __slots__ = (
        "_agent",
        "_census",
        "_drawn",
        "_home",
        "_kind",
        "_living",
        "_met",
        "_near",
        "_peers",
        "_seed",
        "_signals",
        "_strongest",
        "_traces",
        "tick",
    )

    def __init__(self, living: Living, census: Census, seed: int, tick: int) -> None:
        self._living, self._census, self._seed = living, census, seed
        self.tick = tick
        """The tick that is seen."""
        self._agent, self._drawn = "", 0
        self._kind = ""
        self._home: str | None = None
        self._met: dict[str, list[tuple[str, str]]] | None = None
        self._near: dict[str, tuple[ViewNode, ...]] = {}
        self._signals: dict[str, dict[str, float]] = {}
        self._traces: dict[str, dict[str, float]] = {}
        self._strongest: dict[tuple[str, str], ViewNode | None] = {}
        self._peers: dict[str, list[Any]] = {}

    def neighbors(self, concept: ViewNode | str | None) -> tuple[ViewNode, ...]:
        """What a concept is wired to, over its own synapses, the heaviest first; nothing for None."""
        if concept is None:
            return ()
        at = concept if isinstance(concept, str) else concept.id
        found = self._near.get(at)
        if found is None:
            found = tuple(ViewNode(self, *row) for row in self._living.neighbors(at))
            self._near[at] = found
        return found

    def strongest(self, concept: ViewNode | str | None, signal: str) -> ViewNode | None:
        """The neighbour with most of a signal, of equal ones that over the heaviest synapse; None without any.

        It is found once for each concept and tick, however many agents ask.
        """
        if concept is None:
            return None
        key = concept if isinstance(concept, str) else concept.id, signal
        if key not in self._strongest:
            row = self._living.strongest(*key)
            self._strongest[key] = None if row is None else ViewNode(self, *row)
        return self._strongest[key]

    def signal(self, name: str, concept: ViewNode | str | None) -> float:
        """How much of a signal is on a concept; 0 for none."""
        return self._level(self._signals, "signal", name, concept)

    def trace(self, name: str, concept: ViewNode | str | None) -> float:
        """How much of a trace is on a concept; 0 for none."""
        return self._level(self._traces, "trace", name, concept)

    def peers(self, name: str) -> Sequence[Any]:
        """What all agents of the asking one's kind have of a state, itself included, the oldest first.

        Args:
            name: As the class declares it, or "id"; concepts are their ids.
        """
        if name not in self._peers:
            raise refusal("name", name, " or ".join(f'"{one}"' for one in self._peers))
        return self._peers[name]

    def met(self) -> tuple[tuple[str, str], ...]:
        """The agents of other kinds that are where the asking one is (`home`): kind and id of each, in their order."""
        if self._met is None:
            self._met = {}
            for kind in self._census.kinds():
                population = self._census.population(kind.name)
                if population is None or "home" not in population.names:
                    continue
                homes = population.cells[population.names.index("home")]
                for agent, home in zip(population.ids, homes, strict=True):
                    self._met.setdefault(home, []).append((kind.name, agent))
        here = [] if self._home is None else self._met.get(self._home, [])
        return tuple(one for one in here if one[0] != self._kind)

    def random(self) -> float:
        """Chance from 0 to 1, without 1: seed, agent, tick and how often it was asked decide, and nothing else."""
        self._drawn += 1
        return _phago.chance(self._seed, self._agent, self.tick, self._drawn)

    def _level(self, known: dict[str, dict[str, float]], of: str, name: str, concept: ViewNode | str | None) -> float:
        levels = known.get(name)
        if levels is None:
            levels = known[name] = dict(self._living.levels(of, name))
        if concept is None:
            return 0.0
        return levels.get(concept if isinstance(concept, str) else concept.id, 0.0)

    def _meet(self, kind: str, peers: dict[str, list[Any]]) -> None:
        self._kind, self._peers = kind, peers

    def _turn_to(self, agent: str, home: str | None) -> None:
        self._agent, self._drawn, self._home = agent, 0, home
