"""Values on their way into the native module, and its rows turned into results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._checks import text_of
from ._settings import as_native
from .config import Ranking
from .errors import ConfigError
from .ids import ShardId, TickPhase
from .results import (
    BridgeShare,
    Concept,
    ConceptShare,
    CrossShardEdges,
    DistributedTickResult,
    Explanation,
    Hit,
    Node,
    Parts,
    Path,
    PhaseResult,
    WordShare,
)

if TYPE_CHECKING:
    from ._phago import (
        NodeRow,
        PathRows,
        PhaseRow,
        TickResult,
        _Answered,
        _BridgeShare,
        _ConceptShare,
        _Explained,
        _Found,
        _Neighbor,
        _Ranked,
        _Word,
    )


def constants(ranking: Any) -> dict[str, int | float] | None:
    """A ranking's constants as the native module takes them; `None` for the default ones."""
    if ranking is None:
        return None
    if not isinstance(ranking, Ranking):
        accepted = 'None, "lexical" or a Ranking'
        raise ConfigError(
            f"`ranking` is {ranking!r}; accepted is {accepted}", field="ranking", value=ranking, accepted=accepted
        )
    return as_native(ranking, "Ranking")


def helped(hit: Any) -> tuple[str, str, str, list[tuple[str, list[str]]]]:
    """A hit that helped as the native module takes it: id, title, text, and the words and concepts of its path."""
    if not isinstance(hit, Hit):
        raise TypeError(f"`hit` is a Hit, not {type(hit).__name__}")
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
    score, name, title, text, digested, metadata = row
    return Hit(score, name, title, text, digested, Parts(lexical=score), metadata=metadata)


def hit(row: _Answered) -> Hit:
    """A hit with all that it rests on."""
    (score, name, title, text, digested, metadata), parts, span, rows = row
    return Hit(score, name, title, text, digested, Parts(*parts), span, Path.later(lambda: _steps(rows)), metadata)


def _steps(rows: PathRows) -> tuple[tuple[ConceptShare, ...], tuple[BridgeShare, ...], tuple[WordShare, ...]]:
    concepts, bridges, words = rows.read()
    return _concepts(concepts), _bridges(bridges), _words(words)


def explanation(row: _Explained) -> Explanation:
    """A score taken apart."""
    (name, score, parts), words, unknown, (title, named), concepts, bridges, seed, nothing = row
    return Explanation(
        name,
        score,
        Parts(*parts),
        _words(words),
        tuple(unknown),
        title,
        named,
        _concepts(concepts),
        _bridges(bridges),
        seed,
        nothing,
    )


def concept(row: tuple[_Ranked, list[_Neighbor]]) -> Concept:
    """A concept with its neighbours."""
    (node, label, score, _), neighbors = row
    return Concept(node, label, score, tuple((neighbor[0], neighbor[1]) for neighbor in neighbors))


def _words(rows: list[_Word]) -> tuple[WordShare, ...]:
    return tuple(WordShare(*row) for row in rows)


def _concepts(rows: list[_ConceptShare]) -> tuple[ConceptShare, ...]:
    return tuple(ConceptShare(label, points, _words(words), tuple(seeds)) for label, points, words, seeds in rows)


def _bridges(rows: list[_BridgeShare]) -> tuple[BridgeShare, ...]:
    return tuple(BridgeShare(*row) for row in rows)


def node(row: NodeRow) -> Node:
    """A concept of the graph."""
    return Node(row.id, row.label, row.stem, row.mentions, row.uses, row.degree)


def phase_result(row: PhaseRow) -> PhaseResult:
    """What one shard did in one phase."""
    shard, phase, edges = ShardId(row.shard), TickPhase(row.phase), CrossShardEdges(row.cross_edges)
    return PhaseResult(shard, phase, row.tick, edges, row.node_count, row.edge_count)


def tick_result(native: TickResult) -> DistributedTickResult:
    """A tick's result as users see it."""
    return DistributedTickResult(native.tick, tuple(map(phase_result, native.phases)))
