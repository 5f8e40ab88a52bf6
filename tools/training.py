"""What phago is made to do while its compiler takes notes of it: `maturin build --pgo` calls it, with `pgo-command`.

The compiler then lays out what is often done for speed and the rest for size. So it must be the main job on usual text,
on a machine with nothing but Python: documents are the docstrings of Python's own library, taken in, digested, asked,
updated and deleted, in memory and on disk, on one shard and on several, in one process and over some. What is not done
here is slower than it was without notes, so that everything that has a figure belongs here.
"""

from __future__ import annotations

import ast
import datetime
import random
import re
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import phago

QUESTIONS = 400
# Documents of a large colony, whose lists are longer than those of a library's docstrings, and what is asked of it: as
# much work as to take it in, or the compiler would take answers for something rare.
LARGE, LARGE_QUESTIONS = 40_000, 6_000
# Numbers of a vector, and documents that have one.
VECTOR, VECTORS = 384, 2_000
Row = dict[str, object]


def docstrings() -> Iterator[Row]:
    """A document for each docstring of over 60 characters in Python's library."""
    library = Path(sysconfig.get_path("stdlib"))
    for path in sorted(library.rglob("*.py")):
        name = path.relative_to(library).as_posix()
        if name.startswith(("site-packages/", "test/")):
            continue
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = ast.get_docstring(node) or ""
                if len(text) > 60:
                    title = getattr(node, "name", name)
                    line = getattr(node, "lineno", 0)
                    day = datetime.date(2001 + line % 25, 1 + line % 12, 1).isoformat() + "T00:00Z"
                    metadata = {"package": name.split("/")[0].removesuffix(".py")}
                    place = {"thread": name, "place": line}
                    yield {
                        "id": f"{name}:{line}",
                        "title": title,
                        "text": text,
                        "time": day,
                        "metadata": metadata,
                        **place,
                    }


def recombined(rows: list[Row], draw: random.Random) -> Iterator[Row]:
    """Many documents, each of some paragraphs that stand in different ones."""
    paragraphs = [part for row in rows for part in re.split(r"\n\s*\n", str(row["text"])) if len(part) > 40]
    for number in range(LARGE):
        title = draw.choice(rows)["title"]
        text = "\n\n".join(draw.choices(paragraphs, k=draw.randint(1, 5)))
        yield {"id": str(number), "title": title, "text": f"{text}\n{number:x}"}


def questions(rows: list[Row], count: int, draw: random.Random) -> Iterator[str]:
    """Some words of a document, as somebody asks who remembers a part of it."""
    for row in draw.sample(rows, count):
        words = re.findall(r"[a-z]{4,}", str(row["text"]).lower())
        if words:
            yield " ".join(draw.sample(words, min(len(words), draw.randint(2, 6))))


def plain(rows: list[Row]) -> list[Row]:
    """Without threads, as most colonies are."""
    return [{key: value for key, value in row.items() if key not in ("thread", "place")} for row in rows]


def asks(colony: phago.Colony, asked: list[str]) -> None:
    """Ask in the ways that there are, the usual one most."""
    for at, question in enumerate(asked):
        hits = colony.query(question)
        colony.query(question, ranking="lexical")
        if at % 8 == 0:
            first, *rest = question.split()
            colony.query(question, where={"package": "asyncio"})
            colony.query(f'"{" ".join(rest)}" +{first} title:{first}')
            colony.query(f"{first[::-1]} {question}", diverse=0.3)
            colony.query(question, newer=0.3, half_life="90d", since="2001-01-01T00:00Z")
            colony.suggest(first[:3])
            colony.concepts(question)
            if hits:
                colony.explain(question, hits[0].id)
                colony.similar(hits[0].id)


def alone(rows: list[Row], asked: list[str], draw: random.Random) -> None:
    """In memory, on one shard and on several; with and without vectors."""
    for shards in (1, 2, 4):
        with phago.Colony(shards=shards) as colony:
            colony.ingest(plain(rows))
            colony.run()
            asks(colony, asked)
            for _ in range(200):
                colony.tick()
    with phago.Colony() as colony:
        colony.ingest({**row, "vector": [draw.gauss(0, 1) for _ in range(VECTOR)]} for row in rows[:VECTORS])
        colony.run()
        for question in asked:
            colony.query(question, vector=[draw.gauss(0, 1) for _ in range(VECTOR)])
        colony.insights()
        colony.graph.nodes.columns()
        colony.graph.edges.columns()


def large(rows: list[Row], asked: list[str]) -> None:
    """Many documents, taken in by one thread and by several, and what is asked of them most."""
    with phago.Colony(runner=phago.RunnerConfig(max_parallelism=1)) as colony:
        colony.ingest(rows)
        colony.run()
    with phago.Colony() as colony:
        colony.ingest(rows)
        colony.run()
        for question in asked:
            colony.query(question)
        for question in asked:
            colony.query(question, ranking="lexical")


def spread(path: Path, rows: list[Row], asked: list[str]) -> None:
    """Over processes, which take their notes as they end."""
    with phago.open(path, shards=4, backend="processes", nodes=2) as colony:
        colony.ingest(rows)
        colony.run()
        for question in asked[: QUESTIONS // 4]:
            colony.query(question)
        colony.delete([str(row["id"]) for row in rows[::50]])
        for _ in range(100):
            colony.tick()
        colony.digest()


def on_disk(path: Path, rows: list[Row], asked: list[str], draw: random.Random) -> None:
    """Written, changed, and read again."""
    with phago.open(path) as colony:
        colony.ingest(plain(rows))
        colony.run()
        colony.update_all(
            {**row, "text": f"{row['text']} It was changed."} for row in draw.sample(rows, len(rows) // 20)
        )
        colony.delete([str(row["id"]) for row in draw.sample(rows, len(rows) // 20)])
        colony.run()
    with phago.open(path) as colony:
        for question in asked:
            colony.query(question, paths=False)
        colony.digest()


def main() -> None:
    """Do it."""
    draw = random.Random(7)
    rows = list(docstrings())
    asked = list(questions(rows, QUESTIONS, draw))
    alone(rows, asked, draw)
    many = list(recombined(rows, draw))
    large(many, list(questions(many, LARGE_QUESTIONS, draw)))
    with tempfile.TemporaryDirectory() as folder:
        on_disk(Path(folder) / "memory", rows, asked, draw)
        spread(Path(folder) / "spread", many, asked)
    print(f"trained on {len(rows):,} documents and {len(asked)} questions")


if __name__ == "__main__":
    main()
