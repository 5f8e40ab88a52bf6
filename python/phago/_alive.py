"""What a colony has beside its documents, as its users reach it."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Literal

from . import agents as kinds
from . import results
from ._checks import amount_of, count, flag, mark_of, one_of, text_of
from ._progress import OnProgress, shown, so_far
from ._rows import anomaly, diff, event, insights

if TYPE_CHECKING:
    from ._phago import Living, Runner, RunRow, World
    from .agents.minds import Minds

__all__ = ["Alive", "Handled", "MARKS", "agents_of"]

MARKS: tuple[str, str] = ("signal", "trace")


class Handled:
    """What a colony and its twin for event loops do this by."""

    __slots__ = ()

    @property
    @abstractmethod
    def _world(self) -> World: ...

    @property
    @abstractmethod
    def _runner(self) -> Runner: ...

    @property
    @abstractmethod
    def _minds(self) -> Minds: ...

    @property
    def _living(self) -> Living:
        return self._world.living


class Alive(Handled):
    """Insight, alarm, forgetting, signals and agents."""

    __slots__ = ()

    # --- insight and alarm ---

    def insights(self) -> results.Insights:
        """What the colony has found out by itself: clusters of concepts, and concepts that join two of them.

        Each comes with the evidence for it, and nothing comes from noise: a text whose words are shuffled has neither.
        Clusters are communities by Louvain's method over pairs that are more than chance; documents belong to the
        nearest. It reads one committed tick and works it out while the colony goes on; a hundred thousand concepts take
        seconds. How a cluster changed is told beside the last `survey`.
        """
        return insights(self._living.insights().wait())

    def survey(self) -> results.Insights:
        """As `insights`, and the colony keeps which concepts belong together.

        Later surveys begin with that, so a cluster has one identity (`Cluster.id`) as the colony grows, and each tells
        what is new, grown, split, merged or gone since. It is a part of `digest()`. With
        `ColonyConfig.survey_quorum`, `run` makes one whenever so many documents were digested.

        Raises:
            ReadOnlyError: A colony that was opened to read.
        """
        return insights(self._living.survey().wait())

    def clusters(self) -> tuple[results.Cluster, ...]:
        """The clusters that `insights` finds."""
        return self.insights().clusters

    def cluster_of(self, label: str) -> results.Cluster | None:
        """The cluster of a concept, named by label, word or stem; `None` if it is in none, or there is no such concept.

        It takes as long as `insights`; for several concepts, ask one `insights().cluster_of`, which takes labels only.

        Raises:
            TypeError: The label is no string.
        """
        found = self._world.node(text_of("label", label)).wait()
        return None if found is None else self.insights().cluster_of(found.label)

    def map(self) -> results.Map:
        """The clusters, how strongly each two of them hang together, and what joins them.

        It is made of `insights` and of the 100,000 most significant pairs; in a colony that ticks meanwhile the second
        may be of a later tick.
        """
        from ._mapping import PAIRS_MAX, mapped
        from .graph import Graph

        return mapped(self.insights(), Graph(lambda: self._world).significant(PAIRS_MAX))

    def anomalies(self, *, drifting: bool = False) -> list[results.Anomaly]:
        """What departed from normal as documents came, in the order of ticks; alarms of the same documents are one.

        Concepts, pairs of concepts and the number of new words are watched, tick by tick, over the documents that
        stand: one that was deleted was never seen. Nothing is told before 41 ticks that digested documents, and
        nothing of idle ticks: so ingest a stream as it comes, and not at once. Where topics come in strong
        clumps, some of their rises are not told.

        Args:
            drifting: For a stream whose frequencies drift: higher thresholds (40 instead of 30, 45 instead of 40 for
                pairs), three times the normal share instead of two, and half the memory (128 such ticks).
        """
        rule = flag("drifting", drifting)
        return [anomaly(row) for row in self._living.anomalies(rule).wait()]

    def events(self, since: int = 0) -> list[results.Event]:
        """What happened, from the event of this number on, in order.

        The latest 8,192 (`ColonyConfig.events_max`) are kept, in the memory of this process; watching changes nothing.

        Args:
            since: The number of the first event that is wanted; the last one's plus 1 gives what is new.
        """
        return [event(row) for row in self._living.events(count("since", since, 0, 2**63 - 1)).wait()]

    def fading(self, top: int = 20) -> list[results.FadingSynapse]:
        """The synapses that will be gone soonest if nothing repeats them, the soonest first.

        Args:
            top: At most so many.
        """
        rows = self._living.fading(count("top", top, 0)).wait()
        return [results.FadingSynapse(row.source, row.target, row.weight, row.gone) for row in rows]

    def diff(self, since: int, until: int) -> results.Diff:
        """What changed after the tick `since`, up to and including `until`, as far as what stands shows it.

        Documents that were deleted and synapses that are gone are not told of.

        Raises:
            ConfigError: `until` is before `since`.
        """
        first = count("since", since, 0, 2**32)
        return diff(self._living.difference(first, count("until", until, first, 2**32)).wait())

    def pin(self, concept: str) -> None:
        """Keep a concept from fading: from the next tick on, its own synapses do not decay.

        They weigh what they weighed when they were last activated, and none ends; there are never more than
        `max_edge_degree`. What leads to the concept from others fades as before, and deleted documents are unwired as
        ever. Pins are kept, and a part of `digest()`; there may be 4,096 of them. A word whose last document is deleted
        stays pinned for the day on which it comes back.

        Args:
            concept: A word that documents have.

        Raises:
            ConfigError: No document has the word.
            LimitError: So many are pinned already.
        """
        self._living.pin(text_of("concept", concept), True).wait()

    def unpin(self, concept: str) -> None:
        """Let a concept fade again: from the next tick on it is as if it had never been pinned.

        Raises:
            ConfigError: No document has the word, and it is not pinned.
        """
        self._living.pin(text_of("concept", concept), False).wait()

    def pinned(self) -> list[str]:
        """The pinned concepts, by label, in the order of their stems."""
        return self._living.pins().wait()

    # --- signals and traces ---

    def emit(self, name: str, concept: str, amount: float = 1.0, *, of: Literal["signal", "trace"] = "signal") -> None:
        """Add to a signal or trace on a concept: it fades with each tick (`ColonyConfig.signal_decay_rate`).

        Agents read it, and with `ColonyConfig.documents_first` it orders what is digested. It is kept, and a part of
        `digest()`. One concept has at most 65,536 of it. Of more than 262,144 marks the weakest leave. A name beyond 64
        adds nothing until one of these has faded from all concepts.

        Args:
            name: At most 64 bytes.
            concept: A word that documents have.
            amount: Above 0, at most 65,536.
            of: "signal" says what is wanted, "trace" what was done.

        Raises:
            ConfigError: No document has the word; another amount or name.
        """
        number = amount_of(amount)
        mark = one_of("of", of, MARKS)
        self._living.emit(mark, mark_of(name), text_of("concept", concept), number).wait()

    def field(self, name: str, *, of: Literal["signal", "trace"] = "signal") -> list[tuple[str, float]]:
        """The concepts that have some of a signal or trace, by label, with how much: most first."""
        return self._living.field(one_of("of", of, MARKS), mark_of(name)).wait()

    def marks(self) -> list[results.Mark]:
        """The signals and traces that stand, in the order of their names."""
        return [results.Mark(*row) for row in self._living.marks().wait()]

    # --- agents ---

    def agents(self, kind: str | None = None) -> list[results.AgentInfo]:
        """The living agents: digesters, then those of one's own by kind and id.

        Args:
            kind: Only those of a kind; "digester", or the name of a class.
        """
        return agents_of(self._living, None if kind is None else text_of("kind", kind))

    def spawn(self, kind: type[kinds.Agent] | type[kinds.AgentArray], count: int = 1, **state: Any) -> list[str]:
        """Add agents of one's own; returns their ids.

        They act in every tick from the next one on, as long as this process has their class. In a colony that was
        opened again, agents wait for it: `spawn(Curator, count=0)` gives it back. There may be 1,048,576 of them.

        Args:
            kind: A class made from `Agent` or `AgentArray`.
            count: How many; 0 or more.
            **state: What each begins with: a value for all of them, or a list or an array with one for each. A concept
                may be given by its label. What is left out is 0, False, or no concept.

        Raises:
            ConfigError: A name or value that the class does not declare, other columns than those of its agents, or a
                `kind` that the colony has itself ("digester").
            LimitError: Too many.
        """
        with self._minds.changing(), self._minds.spawning(self._living, kind, count, state) as call:
            ids: list[str] = call.wait()
        return ids

    def dismiss(self, kind: str) -> None:
        """End all agents of a kind, which is then unknown."""
        kind = text_of("kind", kind)
        with self._minds.changing():
            self._living.dismiss(kind).wait()
            self._minds.dismissed(kind)

    # Agents of one's own are asked before each tick, and whoever watches is told after it.
    def _run_tick_by_tick(self, limit: int | None, progress: OnProgress | None) -> list[RunRow]:
        rows: list[RunRow] = []
        with shown(progress) as show:
            while not self._world.quiet and (limit is None or len(rows) < limit):
                rows.append(self._minds.acting(self._living, self._world, lambda: self._runner.run_sync(1)))
                if show is not None:
                    show(so_far(rows, self._world))
        return rows


def agents_of(living: Living, kind: str | None) -> list[results.AgentInfo]:
    found: list[results.AgentInfo] = []
    if kind in (None, "digester"):
        found += [results.Digester(agent, "digester", born) for agent, born in living.digesters()]
    census = living.census()
    for one in census.kinds():
        if kind not in (None, one.name):
            continue
        population = census.population(one.name)
        if population is None:
            continue
        shown = [(at, name) for at, name in enumerate(population.names) if not name.startswith("_")]
        for row, (agent, born) in enumerate(zip(population.ids, population.births, strict=True)):
            state = {name: population.cells[at][row] for at, name in shown}
            found.append(results.AgentInfo(agent, one.name, born, state))
    return found
