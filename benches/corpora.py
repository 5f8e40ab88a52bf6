"""What is measured: corpora and collections from the folder that `PHAGO_DATA` names, and words made from numbers."""

import gzip
import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SEED = 7


def find(*names: str) -> Path | None:
    """The first of these that the folder `PHAGO_DATA` holds."""
    folder = os.environ.get("PHAGO_DATA")
    paths = [Path(folder) / name for name in names] if folder else []
    return next((path for path in paths if path.exists()), None)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def documents(path: str | Path) -> list[dict[str, str]]:
    """Documents as phago takes them: id, title, text."""
    return [{"id": row["_id"], "title": row["title"], "text": row["text"]} for row in lines(Path(path))]


def whole(document: dict[str, str]) -> str:
    """Title and text as one, for libraries that know no titles."""
    return f"{document['title']} {document['text']}"


def megabytes(rows: list[dict[str, str]]) -> float:
    """UTF-8 of titles and texts, in units of 10^6 bytes."""
    return sum(len(row["title"].encode()) + len(row["text"].encode()) for row in rows) / 1e6


def questions(rows: list[dict[str, str]], stop: frozenset[str], count: int = 500) -> list[str]:
    """Each is 3 to 5 content words of one document, drawn from a fixed seed."""
    chance = random.Random(SEED)
    drawn: list[str] = []
    while len(drawn) < count:
        words = re.findall(r"[a-z]{2,}", whole(chance.choice(rows)).lower())
        content = sorted(set(words) - stop)
        if len(content) >= 5:
            drawn.append(" ".join(chance.sample(content, chance.randint(3, 5))))
    return drawn


def judged(folder: Path) -> tuple[dict[str, str], dict[str, dict[str, int]]]:
    """Questions by id, and for each the grades of the documents that answer it. Questions without an answer are out."""
    grades: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question, document, grade = line.split("\t")
        if int(grade) > 0:
            grades.setdefault(question, {})[document] = int(grade)
    asked = {row["_id"]: row["text"] for row in lines(folder / "queries.jsonl")}
    return {question: text for question, text in asked.items() if question in grades}, grades


def word(number: int) -> str:
    """A word that no stemmer shortens and no stop list holds."""
    return f"w{number}"


def strangers(count: int, words: int = 30) -> list[str]:
    """Documents that share no word: each of 30 words makes 870 synapses."""
    return [" ".join(word(at * words + place) for place in range(words)) for at in range(count)]
