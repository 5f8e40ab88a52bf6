"""What `phago demo` shows: a colony at work, its answers, and one digest on any number of shards."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Sequence

from ..colony import Colony
from ..config import ColonyConfig
from ..document import Document
from ..results import Hit

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
    say(f"  {best.title or best.id}  (score {best.score:.2f})")
    passage = " ".join((best.passage or best.title).split())
    for line in textwrap.wrap(passage, _WIDTH - 4, max_lines=4, placeholder=" ..."):
        say(f"    {line}")
    for line in _ways(best):
        say(f"  {line}")
    if len(hits) > 1:
        say(f"  next: {', '.join(f'{hit.title or hit.id} ({hit.score:.2f})' for hit in hits[1:])}")


def _ways(hit: Hit) -> list[str]:
    """How the question came to the hit: a word, the concepts it lit up, and what each gives; then the mentions."""
    by_word: dict[str, list[str]] = {}
    for share in hit.path.concepts:
        word = share.words[0].word if share.words else ""
        by_word.setdefault(word, []).append(f"{share.label} {share.points:.2f}")
    ways = [f"{word} -> {', '.join(given)}" for word, given in by_word.items() if word]
    ways += [f"mentioned in {share.title or share.seed} {share.points:.2f}" for share in hit.path.bridges[:2]]
    return ways


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
