"""What `phago demo` shows: a colony at work, its answers, and one digest on any number of shards."""

from __future__ import annotations

import re
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Sequence

from . import _phago
from .colony import Colony
from .config import ColonyConfig
from .document import Document
from .graph import Graph
from .results import Hit

__all__ = ["PYTHON_QUESTIONS", "demonstrate", "python_documents", "questions_from"]

PYTHON_QUESTIONS = (
    "lock that the same thread may acquire again",
    "merge several sorted inputs into one sorted stream",
    "create a temporary directory that removes itself",
    "find files matching a pattern in a directory tree",
    "wait for a coroutine to finish, but not longer than a timeout",
)

OTHER_SHARDS = (1, 16)
# Small ticks, so that there is something to watch; one default tick would swallow most of a folder.
CONFIG = ColonyConfig(documents_per_tick=512)
_WIDTH = 100


def python_documents() -> list[Document]:
    """The documentation of the Python that runs this."""
    from .stdlib_docs import collect

    return [Document(found["text"], id=found["id"], title=found["title"]) for found in collect()]


def demonstrate(
    documents: Sequence[Document],
    *,
    shards: int | None = None,
    questions: Callable[[Colony], Iterable[str]],
    say: Callable[[str], None] = print,
) -> bool:
    """Digest, answer, and digest again on other numbers of shards.

    Args:
        documents: What to digest.
        shards: Shards of the colony that answers; by default one for each core.
        questions: Gives the questions, once everything is digested.
        say: Takes a line.

    Returns:
        Whether all digests are equal.
    """
    with Colony(shards, config=CONFIG) as colony:
        _digest(colony, documents, say)
        for question in questions(colony):
            _answer(colony, question, say)
        digests = [(colony.shards, colony.digest())]
    say("")
    say(f"The same documents again, on {' and on '.join(map(str, OTHER_SHARDS))} shards:")
    for other in OTHER_SHARDS:
        with Colony(other, config=CONFIG) as colony:
            colony.ingest(documents)
            colony.run()
            digests.append((other, colony.digest()))
    for count, digest in digests:
        say(f"  {count:>4} {'shard ' if count == 1 else 'shards'}  {digest}")
    equal = len({digest for _, digest in digests}) == 1
    say("  one colony: the digests are equal" if equal else "  the digests DIFFER: this is a defect of phago")
    return equal


def _digest(colony: Colony, documents: Sequence[Document], say: Callable[[str], None]) -> None:
    begun = time.monotonic()
    colony.ingest(documents)
    taken = time.monotonic() - begun
    say(f"Read into {colony.shards} shard{'s' * (colony.shards != 1)} in {taken:.2f} s. Digesting:")
    say(f"  {'tick':>5} {'backlog':>9} {'concepts':>9} {'edges':>10}")
    begun = time.monotonic()
    for result in colony.ticks():
        stats = colony.stats()
        say(f"  {result.tick:>5} {stats.pending:>9,} {stats.nodes:>9,} {stats.edges:>10,}")
    say(f"Digested in {time.monotonic() - begun:.2f} s.")


def _answer(colony: Colony, question: str, say: Callable[[str], None]) -> None:
    say("")
    say(f"? {question}")
    hits = colony.query(question, k=3)
    if not hits:
        say("  nothing here has these words")
        return
    best = hits[0]
    asked = set(_phago.analyse(question))
    say(f"  {best.title or best.id}  (score {best.score:.2f})")
    passage = _passage(best, asked)
    for line in textwrap.wrap(passage, _WIDTH - 4, max_lines=4, placeholder=" ..."):
        say(f"    {line}")
    for line in _associations(colony, best, asked):
        say(f"  {line}")
    if len(hits) > 1:
        say(f"  next: {', '.join(f'{hit.title or hit.id} ({hit.score:.2f})' for hit in hits[1:])}")


def _passage(hit: Hit, asked: set[str]) -> str:
    """The paragraph that has most of the question's words; the earliest of the best."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", hit.text)]
    paragraphs = [part for part in paragraphs if part] or [hit.title]
    return max(paragraphs, key=lambda part: len(asked & set(_phago.analyse(part))))


def _associations(colony: Colony, hit: Hit, asked: set[str], concepts: int = 3, each: int = 5) -> list[str]:
    """What the colony associates with the question's words in the hit, rarest word first."""
    there = asked & set(_phago.analyse(f"{hit.title} {hit.text}"))
    graph = colony.graph
    nodes = [node for node in map(graph.node, sorted(there)) if node is not None and node.degree]
    nodes.sort(key=lambda node: (node.mentions, node.id))
    # Words of every twentieth document go with everything and tell nothing; in a small colony there are no such words.
    usual = max(10, len(colony) // 20)
    lines = []
    for node in nodes[:concepts]:
        edges = [edge for edge in graph.neighbors(node.label) if _mentions(graph, edge.target) <= usual]
        if edges:
            strongest = ", ".join(f"{edge.target} {edge.weight:.2f}" for edge in edges[:each])
            lines.append(f"{node.label} -> {strongest}")
    return lines


def _mentions(graph: Graph, label: str) -> int:
    node = graph.node(label)
    return 0 if node is None else node.mentions


def questions_from(colony: Colony, count: int = 5) -> list[str]:
    """Questions made of what a colony associates: a concept and its strongest two, each word asked once."""
    graph = colony.graph
    # What every other document says asks nothing.
    usual = max(2, len(colony) // 4)
    nodes = [node for node in graph.nodes if node.degree >= 2 and node.mentions <= usual and node.label.isalpha()]
    nodes.sort(key=lambda node: (-node.mentions, node.id))
    asked: set[str] = set()
    questions: list[str] = []
    for node in nodes[: count * 50]:
        words = [node.label, *(edge.target for edge in graph.neighbors(node.label)[:2])]
        if asked.isdisjoint(words):
            asked.update(words)
            questions.append(" ".join(words))
            if len(questions) == count:
                break
    return questions


def questions_from_terminal() -> Iterable[str]:
    """Questions typed by the user, until an empty line."""
    while True:
        print("\nask (an empty line ends): ", end="", flush=True)
        line = sys.stdin.readline().strip()
        if not line:
            return
        yield line
