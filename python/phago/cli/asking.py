"""The commands that read a colony in a directory: questions, the graph, what it found out by itself."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from ..results import Hit, StoredDocument
from ..results.answers import by_name
from ..results.documents import beside_text
from .directory import reading, say, writing
from .drawing import drawn
from .exits import FOUND, NOTHING_FOUND, Problem
from .finding import anomalies_lines, counted, insights_lines, insights_row, map_lines, map_row
from .parsing import conditions
from .plain import warn

__all__ = [
    "anomalies",
    "fading",
    "get",
    "graph",
    "insights",
    "pin",
    "query",
    "similar",
    "stats",
    "suggest",
    "unpin",
    "whole",
]

_SNIPPET = 300


def query(arguments: argparse.Namespace) -> int:
    """The best documents for a question."""
    where, operators = conditions(arguments.where), True if arguments.operators else False if arguments.text else None
    asked: dict[str, Any] = {"required": arguments.required, "excluded": arguments.excluded, "operators": operators}
    with reading(arguments) as colony:
        hits = colony.query(
            arguments.question,
            k=arguments.k,
            ranking="lexical" if arguments.lexical else None,
            where=where,
            as_of=arguments.as_of,
            since=arguments.since,
            until=arguments.until,
            newer=arguments.newer,
            half_life=arguments.half_life,
            diverse=arguments.diverse,
            **asked,
        )
        rows = [hit.to_dict() for hit in hits]
        row: dict[str, Any] = {"question": arguments.question, "hits": rows}
        if not hits:
            told = colony.explain(arguments.question, **asked)
            row["nothing"] = told.nothing if told is not None and told.nothing else "no document matches"
            _nothing(arguments, row["nothing"])
        say(arguments, row, [*_read_as(hits), *_hits(list(hits), arguments.explain)])
    return FOUND if rows else NOTHING_FOUND


# A misspelt word that no document has is read as the nearest that some have, and whoever asked should see it.
def _read_as(hits: Iterable[Hit]) -> Iterator[str]:
    near: dict[str, dict[str, None]] = {}
    for share in (share for hit in hits for share in hit.path.words):
        if share.read_as is not None and not share.word.endswith("*"):
            near.setdefault(share.word, {})[share.read_as] = None
    for word, read_as in near.items():
        yield f"No document has `{word}`; read as {', '.join(f'`{one}`' for one in read_as)}."
    if near:
        yield ""


def _nothing(arguments: argparse.Namespace, why: str) -> None:
    if not arguments.json:
        warn(f"nothing found: {why}")


def similar(arguments: argparse.Namespace) -> int:
    """The documents most like another one."""
    where = conditions(arguments.where)
    with reading(arguments) as colony:
        hits = colony.similar(arguments.id, k=arguments.k, where=where)
    if hits is None:
        raise Problem(f"there is no document `{arguments.id}`", code=NOTHING_FOUND)
    rows = [hit.to_dict() for hit in hits]
    say(arguments, {"id": arguments.id, "hits": rows}, _hits(list(hits), False))
    if not rows:
        _nothing(arguments, "no other document that matches shares a word with it")
    return FOUND if rows else NOTHING_FOUND


def suggest(arguments: argparse.Namespace) -> int:
    """Words that begin so."""
    with reading(arguments) as colony:
        found = colony.suggest(arguments.begun, k=arguments.k)
    rows = [{"word": one.word, "documents": one.documents} for one in found]
    say(arguments, rows, [f"{one.word}  ({counted(one.documents, 'document')})" for one in found])
    if not found:
        _nothing(arguments, "no word of the documents begins so")
    return FOUND if found else NOTHING_FOUND


def _hits(hits: list[Hit], explain: bool) -> Iterator[str]:
    for place, hit in enumerate(hits, 1):
        title = f"  {hit.title}" if hit.title else ""
        yield f"{place}. {hit.score:.3f}  {hit.id}{title}"
        passage = " ".join((hit.passage or hit.text).split())
        yield f"   {passage[:_SNIPPET]}{'...' if len(passage) > _SNIPPET else ''}"
        if explain:
            yield "   = " + " + ".join(f"{points:.3f} {name}" for name, points in by_name(hit.parts))
            for share in hit.path.words:
                if share.read_as is not None:
                    yield f"     {share.word} read as {share.read_as}"
            for step in hit.path.concepts:
                words = ", ".join(word.word for word in step.words)
                yield f"     {step.label}{f' by {words}' if words else ''}"
        yield ""


def _document(found: StoredDocument) -> dict[str, Any]:
    return {"id": found.id, "title": found.title, "text": found.text, **beside_text(found)}


def get(arguments: argparse.Namespace) -> int:
    """A document by its id."""
    with reading(arguments) as colony:
        found = colony.get(arguments.id)
        if found is None:
            raise Problem(f"there is no document `{arguments.id}`", code=NOTHING_FOUND)
        row = _document(found)
        say(arguments, row, [found.title, ""] if found.title else [])
        if not arguments.json:
            # As it is: it is for programs too.
            print(found.text)
    return FOUND


def graph(arguments: argparse.Namespace) -> int:
    """What a concept is wired to."""
    with reading(arguments) as colony:
        node = colony.graph.node(arguments.label)
        if node is None:
            raise Problem(f"there is no concept `{arguments.label}`", code=NOTHING_FOUND)
        edges = colony.graph.neighbors(arguments.label)[: arguments.k]
        rows = [{"target": edge.target, "weight": edge.weight, "co_activations": edge.co_activations} for edge in edges]
        lines = [f"{node.label}: in {counted(node.mentions, 'document')}"]
        lines += [
            f"  {edge.weight:.3f}  {edge.target}  (together {counted(edge.co_activations, 'time')})" for edge in edges
        ]
        say(arguments, {"concept": node.label, "mentions": node.mentions, "neighbors": rows}, lines)
    return FOUND


def insights(arguments: argparse.Namespace) -> int:
    """Clusters of concepts, and what joins them."""
    with reading(arguments) as colony:
        found = colony.insights()
    say(arguments, insights_row(found), insights_lines(found))
    return FOUND if found.clusters else NOTHING_FOUND


def anomalies(arguments: argparse.Namespace) -> int:
    """What departed from normal."""
    with reading(arguments) as colony:
        found = colony.anomalies(drifting=arguments.drifting)
    say(arguments, list(map(dataclasses.asdict, found)), anomalies_lines(found))
    if not found:
        _nothing(arguments, "nothing departed from what is normal here")
    return FOUND if found else NOTHING_FOUND


def fading(arguments: argparse.Namespace) -> int:
    """The synapses that will be gone soonest."""
    with reading(arguments) as colony:
        found = colony.fading(arguments.k)
    lines = (f"{one.source} -> {one.target}: {one.weight:.3f}, gone at tick {one.gone:,}" for one in found)
    say(arguments, list(map(dataclasses.asdict, found)), lines)
    if not found:
        _nothing(arguments, "no synapse is fading")
    return FOUND if found else NOTHING_FOUND


def pin(arguments: argparse.Namespace) -> int:
    """Keep concepts from fading, or print those that are kept."""
    if not arguments.concepts:
        with reading(arguments) as colony:
            found = colony.pinned()
        say(arguments, [{"concept": concept} for concept in found], found)
        return FOUND if found else NOTHING_FOUND
    with writing(arguments) as colony:
        for concept in arguments.concepts:
            colony.pin(concept)
    return FOUND


def unpin(arguments: argparse.Namespace) -> int:
    """Let concepts fade again."""
    with writing(arguments) as colony:
        for concept in arguments.concepts:
            colony.unpin(concept)
    return FOUND


def whole(arguments: argparse.Namespace) -> int:
    """The clusters, and how they hang together."""
    draw = None if arguments.picture is None else drawn(arguments.picture)
    with reading(arguments) as colony:
        found = colony.map()
    if draw is not None:
        draw(found)
    say(arguments, map_row(found), map_lines(found))
    return FOUND if found.clusters else NOTHING_FOUND


def stats(arguments: argparse.Namespace) -> int:
    """The colony in numbers."""
    with reading(arguments) as colony:
        found = colony.stats()
    names = ("tick", "documents", "pending", "digested", "terms", "nodes", "edges")
    row = {name: getattr(found, name) for name in names}
    say(arguments, row, [f"{name:10} {value:,}" for name, value in row.items()])
    return FOUND
