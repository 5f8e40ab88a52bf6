"""Values on their way into the native module, and its rows turned into results."""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from . import results
from ._checks import instance, refusal, text_of
from ._log import WARNING, log
from ._settings import as_native
from .config import Ranking
from .results import (
    BridgeShare,
    Concept,
    ConceptShare,
    ContextShare,
    Explanation,
    Hit,
    Hits,
    Parts,
    Path,
    Rejected,
    StoredDocument,
    Suggestion,
    WordShare,
)
from .results._quick import quick_hit, quick_parts

if TYPE_CHECKING:
    from ._phago import (
        AnomalyRow,
        AssociatedRow,
        BridgeRow,
        ClusterBridgeRow,
        ClusterRow,
        ConceptShareRow,
        ContextRow,
        DiffRow,
        EventRow,
        ExplainedRow,
        InsightsRow,
        NodeRow,
        PathRow,
        PhaseRow,
        RejectedRow,
        SideRow,
        StoredRow,
        TickResult,
        WordRow,
        _Answered,
        _Found,
    )


_NO_PATH = Path()

# Reads the fields of a stored document from its row, which has them under the same names.
_STORED = StoredDocument.__match_args__
_stored = attrgetter(*_STORED)


def constants(ranking: Any, *, or_lexical: bool = False) -> dict[str, bool | int | float | str] | None:
    """A ranking's constants as the native module takes them; `None` for the default ones.

    Whether "lexical", which has none, would do is said to who gives another one.
    """
    if ranking is None:
        return None
    if not isinstance(ranking, Ranking):
        raise refusal("ranking", ranking, 'None, "lexical" or a Ranking' if or_lexical else "None or a Ranking")
    return as_native(ranking, "Ranking")


def helped(hit: Any) -> tuple[str, str, str, list[tuple[str, list[str]]]]:
    """A hit that helped as the native module takes it: id, title, text, and the words and concepts of its path."""
    hit = instance("hit", hit, Hit)
    path = [
        (text_of("hit.path", step.label), [text_of("hit.path", word.word) for word in step.words])
        for step in hit.path.concepts
    ]
    # Words of the question that the document has led there straight, and stood together.
    straight = [text_of("hit.path", word.word) for word in hit.path.words]
    path += [(word, straight[at + 1 :]) for at, word in enumerate(straight)]
    return text_of("hit.id", hit.id), text_of("hit.title", hit.title), text_of("hit.text", hit.text), path


def lexical_hit(row: _Found) -> Hit:
    """A hit of a ranking by words alone."""
    score, key, title, text, digested, metadata, thread, place, time = row
    parts = quick_parts(score, 0.0, 0.0, 0.0, 0.0, 0.0)
    return quick_hit(score, key, title, text, digested, parts, (0, 0), _NO_PATH, metadata, thread, place, time)


def hit(row: _Answered) -> Hit:
    """A hit with all that it rests on."""
    (score, key, title, text, digested, metadata, thread, place, time), points, span, steps = row
    parts, path = quick_parts(*points), Path.later(partial(_steps, steps))
    return quick_hit(score, key, title, text, digested, parts, span, path, metadata, thread, place, time)


def alike(answered: tuple[list[_Answered], int] | None) -> Hits | None:
    """The documents like another one; `None` where there is no such document."""
    return None if answered is None else Hits(tuple(map(hit, answered[0])), answered[1])


def _steps(
    row: PathRow,
) -> tuple[tuple[ConceptShare, ...], tuple[BridgeShare, ...], tuple[WordShare, ...], tuple[ContextShare, ...]]:
    return _concepts(row.concepts), _bridges(row.bridges), _words(row.words), _context(row.context)


def explanation(row: ExplainedRow) -> Explanation:
    """A score taken apart."""
    return Explanation(
        row.id,
        row.score,
        Parts(*row.parts),
        _words(row.words),
        tuple(row.unknown),
        row.title,
        row.named,
        _concepts(row.concepts),
        _bridges(row.bridges),
        row.seed,
        row.nothing,
        tuple(row.function_words),
        _context(row.context),
        row.speaker,
        tuple(row.read_as),
        tuple(row.unmet),
    )


def suggestions(rows: list[tuple[str, int]]) -> list[Suggestion]:
    """Words that begin as asked."""
    return [Suggestion(*row) for row in rows]


def concept(row: AssociatedRow) -> Concept:
    """A concept with its neighbours."""
    return Concept(row.id, row.label, row.score, tuple((near.label, near.weight) for near in row.neighbors))


def rejected(row: RejectedRow) -> Rejected:
    """A document that was left out."""
    return Rejected(row.index, row.id, row.field, row.reason)


def stored(row: StoredRow) -> StoredDocument:
    """A stored document."""
    known = dict(zip(_STORED, _stored(row), strict=True))
    return StoredDocument(**known | {"vector": None if row.vector is None else tuple(row.vector)})


def _words(rows: list[WordRow]) -> tuple[WordShare, ...]:
    return tuple(WordShare(row.word, row.points, row.read_as) for row in rows)


def _concepts(rows: list[ConceptShareRow]) -> tuple[ConceptShare, ...]:
    return tuple(ConceptShare(row.label, row.points, _words(row.words), tuple(row.seeds)) for row in rows)


def _bridges(rows: list[BridgeRow]) -> tuple[BridgeShare, ...]:
    return tuple(BridgeShare(row.seed, row.title, row.weight, row.points) for row in rows)


def _context(rows: list[ContextRow]) -> tuple[ContextShare, ...]:
    return tuple(ContextShare(row.id, row.points) for row in rows)


def node(row: NodeRow) -> results.Node:
    """A concept of the graph."""
    return results.Node(row.id, row.label, row.stem, row.mentions, row.uses, row.degree)


def phase_result(row: PhaseRow) -> results.PhaseResult:
    """What one shard did in one phase."""
    from .ids import ShardId, TickPhase

    shard, phase, edges = ShardId(row.shard), TickPhase(row.phase), results.CrossShardEdges(row.cross_edges)
    return results.PhaseResult(shard, phase, row.tick, edges, row.node_count, row.edge_count)


def tick_result(native: TickResult) -> results.DistributedTickResult:
    """A tick's result as users see it, once those who listen were told how often it was redone."""
    recovered = native.recovered
    for why in recovered:
        log(WARNING, "tick %d was redone: %s", native.tick, why)
    return results.lazy_result(native.tick, partial(_phases, native), len(recovered))


def _phases(native: TickResult) -> tuple[results.PhaseResult, ...]:
    return tuple(map(phase_result, native.phases))


def insights(row: InsightsRow) -> results.Insights:
    clusters = tuple(map(_cluster, row.clusters))

    def side(row: SideRow) -> results.BridgeSide:
        return results.BridgeSide(
            clusters[row.cluster], row.documents, row.g2, tuple(row.strongest), tuple(row.examples)
        )

    def bridge(row: ClusterBridgeRow) -> results.Bridge:
        one, other = map(side, row.sides)
        return results.Bridge(row.label, (one, other), row.mentions, row.cover, row.score)

    gone = tuple(results.Gone(*one) for one in row.gone)
    return results.Insights(row.tick, row.documents, row.modularity, clusters, tuple(map(bridge, row.bridges)), gone)


def _cluster(row: ClusterRow) -> results.Cluster:
    strongest = tuple(row.strongest)
    return results.Cluster(
        strongest[0],
        tuple(row.members),
        strongest,
        row.documents,
        tuple(row.examples),
        row.pairs,
        row.id,
        row.since,
        row.change,
        row.joined,
        row.left,
        row.split_from,
        tuple(row.merged),
    )


def event(row: EventRow) -> results.Event:
    return results.Event(
        row.number,
        row.tick,
        results.EventKind(row.what),
        row.kind,
        row.agent,
        row.document,
        row.concept,
        row.count,
        row.text,
    )


def anomaly(row: AnomalyRow) -> results.Anomaly:
    alarms = tuple(
        results.Alarm(
            results.AlarmKind(one.what), tuple(one.concepts), one.tick, one.since, one.count, one.expected, one.strength
        )
        for one in row.alarms
    )
    return results.Anomaly(row.tick, row.since, alarms, row.documents, tuple(row.examples))


def diff(row: DiffRow) -> results.Diff:
    return results.Diff(
        row.since,
        row.until,
        tuple(row.documents),
        row.digested,
        tuple(row.concepts),
        row.new_concepts,
        row.made,
        row.repeated,
        row.rested,
    )
