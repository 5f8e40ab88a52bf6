"""An agent that walks the graph by its genome, and hands it on."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, ClassVar

from ..agents import Action, Agent, Die, Move, Prefer, Spawn, Trace, View, ViewNode
from ..errors import ConfigError
from ..results import Concept
from .fitness import Fitness
from .genome import Genome, chances

__all__ = ["Cause", "Forager", "Heredity"]

VISITED = "forage"
"""The trace of foragers, by which they know what is new."""
BRIDGE = "bridge"
"""The trace on concepts that a survey accepted as bridges."""
LASTING = 0.15
"""The weight from which a synapse lasts: one document gives .1, which fades; a second one lifts it above this."""
CROWD = 3
"""Older foragers on the same concept that make one redundant."""
PRICE = 8.0
"""Points (`Fitness.points`) that offspring costs its parent."""
LOOKED_MAX = 64
"""Concepts that one sees in a tick; more hops see the same number, farther away."""
PREFERRED_MAX = 4
"""Known words, the heaviest first, for which one asks in a tick."""


class Cause(IntEnum):
    """Why a forager ends."""

    NONE = 0
    """It lives."""
    IDLE = 1
    """It found nothing new for as long as its patience lasts."""
    REDUNDANT = 2
    """Three older foragers were where it was."""
    COMPROMISED = 3
    """It cannot go on: its concept is gone or has no synapse that it may cross, or its genes are no genome."""


class Heredity(IntEnum):
    """Which genome offspring has."""

    COPIED = 0
    """That of its parent: the default one, where that is what was spawned."""
    MUTATED = 1
    """One near that of its parent (`Genome.mutated`): evolution is on."""
    DRAWN = 2
    """One drawn evenly over all ranges, whatever its parent's is: nothing is handed on."""


class Forager(Agent):
    """Walks to concepts that are new, and asks for documents with what it finds.

    In a tick it looks `Genome.radius` hops around and walks to the concept that foragers visited least, leaves a trace,
    and signals "prefer" there and on words that it knows: with `ColonyConfig(documents_first="signals")` documents that
    have these words are digested sooner. Why it ends stands in its state for one tick (`cause`), then it is gone.

    With `most` above 0, it bears a forager whenever it has the points for it (`PRICE`) and there are fewer than `most`;
    where several may, the richest do. What that one inherits is `heredity`: without evolution, a copy.

    >>> import phago
    >>> from phago.evolution import Forager
    >>> with phago.Colony(shards=2) as colony:
    ...     report = colony.ingest(["Ions cross the membrane.", "The membrane holds the cell."])
    ...     report = colony.run()
    ...     agents = colony.spawn(Forager, home="ions", **phago.Genome(patience=2, exploration=0).to_dict())
    ...     for _ in range(7):
    ...         result = colony.tick()
    ...     [agent] = colony.agents("Forager")
    ...     agent.state["novel"], agent.state["cause"], len(colony.field("forage", of="trace"))
    (5, 1, 5)
    """

    state: ClassVar[dict[str, type]] = {
        "home": Concept,
        **dict.fromkeys(Genome.RANGES, float),
        "heredity": int,
        "most": int,
        "cause": int,
        "idle": int,
        "spent": float,
        **dict.fromkeys(("novel", "lasting", "bridges", "ticks"), int),
    }

    home: str | ViewNode | None
    heredity: int
    most: int
    cause: int
    idle: int
    spent: float
    novel: int
    lasting: int
    bridges: int
    ticks: int

    def sense(self, view: View) -> list[Action]:
        """One walk; see the class."""
        if self.cause:
            return [Die()]
        self.ticks += 1
        genome = genome_of(self.__dict__)
        if genome is None or not _crossed(view, self.home, genome.boundary):
            return self._end(Cause.COMPROMISED)
        # Peers come in the order in which they began.
        older = view.peers("home")[: view.peers("id").index(self.id)]
        if sum(home == self.home for home in older) >= CROWD:
            return self._end(Cause.REDUNDANT)
        walk, seen = self._walk(view, genome)
        return [*self._go(walk, genome), *_prefer(walk[-1], seen, genome), *self._bear(view, genome)]

    def _end(self, cause: Cause) -> list[Action]:
        # Death takes the state with it, so the cause is committed one tick before.
        self.cause = int(cause)
        return []

    def _walk(self, view: View, genome: Genome) -> tuple[list[ViewNode], list[ViewNode]]:
        """The concepts on the way, the last one being where it ends, and all that was seen."""
        if view.random() < genome.exploration:
            near = _crossed(view, self.home, genome.boundary)
            return [near[int(view.random() * len(near))]], near
        ways: dict[str, list[ViewNode]] = {}
        edge: list[tuple[str | ViewNode | None, list[ViewNode]]] = [(self.home, [])]
        for _ in range(round(genome.radius)):
            farther: list[tuple[str | ViewNode | None, list[ViewNode]]] = []
            for here, way in edge:
                for node in _crossed(view, here, genome.boundary):
                    if len(ways) < LOOKED_MAX and node.id != self.home and node.id not in ways:
                        ways[node.id] = [*way, node]
                        farther.append((node, ways[node.id]))
            edge = farther
        # What is on no trace is new; of what is, the least visited. Chance decides between equals, so that two foragers
        # of one place part.
        best = min(ways.values(), key=lambda way: (way[-1].trace(VISITED), -way[-1].weight, view.random()))
        return best, [way[-1] for way in ways.values()]

    def _go(self, walk: list[ViewNode], genome: Genome) -> list[Action]:
        end = walk[-1]
        if end.trace(VISITED) > 0:
            self.idle += 1
        else:
            self.idle = 0
            self.novel += 1
            self.lasting += sum(node.weight >= LASTING for node in walk)
            self.bridges += end.trace(BRIDGE) > 0
        if self.idle >= round(genome.patience):
            self._end(Cause.IDLE)
        return [Move(end), Trace(VISITED)]

    def _bear(self, view: View, genome: Genome) -> list[Action]:
        if self.most == 0 or self.cause:
            return []
        savings = self._savings(self.__dict__)
        if savings < PRICE:
            return []
        names = ("id", "spent", "novel", "lasting", "bridges", "ticks")
        peers = [dict(zip(names, row, strict=True)) for row in zip(*map(view.peers, names), strict=True)]
        # All choose by the same committed tick, so no two take the same room; of equals the older one does.
        richest = sorted(peers, key=self._savings, reverse=True)[: max(0, self.most - len(peers))]
        if all(peer["id"] != self.id for peer in richest):
            return []
        self.spent += PRICE
        fresh = dict.fromkeys(("idle", "spent", "novel", "lasting", "bridges", "ticks"), 0)
        return [Spawn(**self._inherited(view, genome).to_dict(), **fresh)]

    def _inherited(self, view: View, genome: Genome) -> Genome:
        if self.heredity == Heredity.MUTATED:
            return genome.mutated(chances(view.random))
        return Genome.drawn(chances(view.random)) if self.heredity == Heredity.DRAWN else genome

    @staticmethod
    def _savings(state: dict[str, Any]) -> float:
        points: float = fitness_of(state).points
        return points - float(state["spent"])


def fitness_of(state: dict[str, Any]) -> Fitness:
    """The fitness in the state of a forager."""
    return Fitness(**{name: state[name] for name in ("novel", "lasting", "bridges", "ticks")})


def genome_of(state: dict[str, Any]) -> Genome | None:
    """The genome in the state of a forager; `None` if its genes are none."""
    try:
        return Genome.of(state)
    except ConfigError:
        return None


def _crossed(view: View, concept: str | ViewNode | None, boundary: float) -> list[ViewNode]:
    return [node for node in view.neighbors(concept) if node.weight >= boundary]


def _prefer(end: ViewNode, seen: list[ViewNode], genome: Genome) -> list[Action]:
    asked: list[Action] = [Prefer(end, genome.wiring)] if genome.wiring > 0 else []
    if genome.keyword_boost > 0:
        known = [node for node in seen if node.trace(VISITED) > 0]
        known.sort(key=lambda node: (-node.weight, node.id))
        asked += [Prefer(node, genome.keyword_boost) for node in known[:PREFERRED_MAX]]
    return asked
