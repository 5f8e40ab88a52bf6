"""What `phago demo` shows: a colony at work, its answers, and one digest on any number of shards."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Sequence

from ..colony import Colony
from ..config import ColonyConfig
from ..document import Document
from ..results import Hit, Stats
from .drawing import pictures
from .finding import bridges_lines, clusters_lines, counted

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
# The largest clusters and the strongest bridges that are shown.
_SHOWN = 5


def python_documents() -> list[Document]:
    """The documentation of the Python that runs this."""
    from .stdlib_docs import collect

    return [Document(found["text"], id=found["id"], title=found["title"]) for found in collect()]


def demonstrate(
    documents: Sequence[Document],
    *,
    shards: int | None = None,
    questions: Callable[[Colony], Iterable[str]],
    folder: str | None = None,
    say: Callable[[str], None] = print,
) -> bool:
    """Digest, answer, digest again on other numbers of shards, and tell what the colony found out.

    Args:
        documents: What to digest.
        shards: Shards of the colony that answers; by default one for each core.
        questions: Gives the questions, once everything is digested.
        folder: Where pictures go; by default a new folder of the system's temporary files.
        say: Takes a line.

    Returns:
        Whether all digests are equal.
    """
    with Colony(shards, config=CONFIG) as colony:
        grown = _digest(colony, documents, say)
        hits = [_answer(colony, question, say) for question in questions(colony)]
        digests = [(colony.shards, colony.digest())]
        _same_again(documents, digests, say)
        equal = _told_equal(digests, say)
        _insights(colony, say)
        _pictures(colony, grown, next((hit for hit in hits if hit is not None), None), folder, say)
    return equal


def _same_again(documents: Sequence[Document], digests: list[tuple[int, str]], say: Callable[[str], None]) -> None:
    say("")
    say(f"The same documents again, on {' and on '.join(map(str, OTHER_SHARDS))} shards:")
    for other in OTHER_SHARDS:
        with Colony(other, config=CONFIG) as colony:
            colony.ingest(documents)
            colony.run()
            digests.append((other, colony.digest()))


def _told_equal(digests: list[tuple[int, str]], say: Callable[[str], None]) -> bool:
    for count, digest in digests:
        say(f"  {count:>4} {'shard ' if count == 1 else 'shards'}  {digest}")
    equal = len({digest for _, digest in digests}) == 1
    say("  one colony: the digests are equal" if equal else "  the digests DIFFER: this is a defect of phago")
    return equal


def _insights(colony: Colony, say: Callable[[str], None]) -> None:
    """The clusters of most documents and the bridges that score highest."""
    found = colony.insights()
    clusters = sorted(found.clusters, key=lambda cluster: -cluster.documents)
    say("")
    end = ":" if clusters else "."
    say(f"What the colony found out by itself: {counted(len(clusters), 'cluster')} of concepts{end}")
    for line in clusters_lines(clusters[:_SHOWN]):
        say(line)
    if found.bridges:
        say(f"and {counted(len(found.bridges), 'concept')} that join two of them:")
    for line in bridges_lines(found.bridges[:_SHOWN]):
        say(line)


def _pictures(
    colony: Colony, grown: Sequence[Stats], hit: Hit | None, folder: str | None, say: Callable[[str], None]
) -> None:
    say("")
    try:
        for file in pictures(colony, grown, hit, folder):
            say(f"Picture: {file}")
    except ImportError:
        say('Pictures of this: pip install "phago[plot]", and `phago demo` again.')
    except OSError as error:
        say(f"Pictures cannot be written: {error}")


def _digest(colony: Colony, documents: Sequence[Document], say: Callable[[str], None]) -> list[Stats]:
    begun = time.monotonic()
    colony.ingest(documents)
    taken = time.monotonic() - begun
    say(f"Read into {colony.shards} shard{'s' * (colony.shards != 1)} in {taken:.2f} s. Digesting:")
    say(f"  {'tick':>5} {'backlog':>9} {'concepts':>9} {'edges':>10}")
    begun = time.monotonic()
    grown = []
    for result in colony.ticks():
        stats = colony.stats()
        grown.append(stats)
        say(f"  {result.tick:>5} {stats.pending:>9,} {stats.nodes:>9,} {stats.edges:>10,}")
    say(f"Digested in {time.monotonic() - begun:.2f} s.")
    return grown


def _answer(colony: Colony, question: str, say: Callable[[str], None]) -> Hit | None:
    say("")
    say(f"? {question}")
    hits = colony.query(question, k=3)
    if not hits:
        say("  nothing here has these words")
        return None
    best = hits[0]
    say(f"  {best.title or best.id}  (score {best.score:.2f})")
    passage = " ".join((best.passage or best.title).split())
    for line in textwrap.wrap(passage, _WIDTH - 4, max_lines=4, placeholder=" ..."):
        say(f"    {line}")
    for line in _ways(best):
        say(f"  {line}")
    if len(hits) > 1:
        say(f"  next: {', '.join(f'{hit.title or hit.id} ({hit.score:.2f})' for hit in hits[1:])}")
    return best


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
