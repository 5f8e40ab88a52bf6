"""What phago is made to do while its compiler takes notes of it: `maturin build --pgo` calls it, with `pgo-command`.

The compiler then lays out what is often done for speed and the rest for size. So it must be the main job on usual text,
on a machine with nothing but Python: documents are the docstrings of Python's own library, taken in, digested, asked,
updated and deleted, in memory and on disk, on one shard and on several.
"""

from __future__ import annotations

import ast
import random
import re
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import phago

QUESTIONS = 400
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
                    yield {"id": f"{name}:{line}", "title": title, "text": text, "metadata": {"file": name}}


def questions(rows: list[Row], draw: random.Random) -> Iterator[str]:
    """Some words of a document, as somebody asks who remembers a part of it."""
    for row in draw.sample(rows, QUESTIONS):
        words = re.findall(r"[a-z]{4,}", str(row["text"]).lower())
        if words:
            yield " ".join(draw.sample(words, min(len(words), draw.randint(2, 6))))


def main() -> None:
    """Do it."""
    draw = random.Random(7)
    rows = list(docstrings())
    asked = list(questions(rows, draw))
    for shards in (1, 2, 4):
        with phago.Colony(shards=shards) as colony:
            colony.ingest(rows)
            colony.run()
            for question in asked:
                colony.query(question)
                colony.query(question, ranking="lexical")
            for _ in range(200):
                colony.tick()
    with tempfile.TemporaryDirectory() as folder:
        with phago.open(Path(folder) / "memory") as colony:
            colony.ingest(rows)
            colony.run()
            for row in draw.sample(rows, len(rows) // 20):
                colony.update({**row, "text": f"{row['text']} It was changed."})
            for row in draw.sample(rows, len(rows) // 20):
                colony.delete(str(row["id"]))
            colony.run()
        with phago.open(Path(folder) / "memory") as colony:
            for question in asked:
                colony.query(question, paths=False)
            colony.digest()
    print(f"trained on {len(rows):,} documents and {len(asked)} questions")


if __name__ == "__main__":
    main()
