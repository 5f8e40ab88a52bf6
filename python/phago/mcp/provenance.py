"""Where an answer comes from: a document, and the path from the question to it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

from pydantic import Field

from ..colony import Colony
from ..results import Hit, Path, StoredDocument
from ..results.answers import by_name
from .tool import Answer

__all__ = ["DOCUMENTS", "HitRow", "Origin", "hit_row", "id_of", "origin_of", "uri_of"]

DOCUMENTS = "phago://documents/"

# In the metadata of what came from a folder or a file: the one that its user named.
_SOURCE = "source_path"

# By these names a URI means a place in a tree, whether they are escaped or not; so they stand behind a question mark.
_DOTS = (".", "..")


class Origin(Answer):
    """A document, without its text."""

    id: str
    title: str = ""
    uri: str = Field("", description="The resource that is the whole document")
    source: str | None = Field(None, description="The folder or file that it came from")
    thread: str | None = None
    place: int | None = Field(None, description="Its place in the thread")
    time: str | None = Field(None, description="The moment that it is of, in ISO 8601")
    metadata: dict[str, Any] = Field(default_factory=dict)
    cut: list[str] = Field(default_factory=list, description="Fields that the token budget shortened or left out")


class Step(Answer):
    """A concept that led to the document."""

    concept: str
    points: float
    words: list[str] = Field(default_factory=list, description="The question's words that led to it")
    documents: list[str] = Field(default_factory=list, description="Ids of the documents that led to it")


class Way(Answer):
    """How the question got there."""

    words: list[str] = Field(default_factory=list, description="The question's words that it has")
    concepts: list[Step] = Field(default_factory=list)
    mentioned_by: list[str] = Field(default_factory=list, description="Ids of documents that mention its title")
    neighbours: list[str] = Field(default_factory=list, description="Ids of documents beside it in its thread")


class HitRow(Origin):
    """A document that answers."""

    score: float
    passage: str = Field(description="Its best passage")
    parts: dict[str, float] = Field(default_factory=dict, description="What the score is the sum of")
    path: Way = Field(default_factory=Way)


def uri_of(id: str) -> str:
    """The resource of a document. Whatever an id holds, it is one name in one place."""
    return f"{DOCUMENTS}?id={id.replace('.', '%2E')}" if id in _DOTS else DOCUMENTS + quote(id, safe="")


def id_of(uri: str) -> str | None:
    """The id of the document that a resource is, or `None` if it is none."""
    if not uri.startswith(DOCUMENTS):
        return None
    name = uri[len(DOCUMENTS) :]
    try:
        return unquote(name.removeprefix("?id="), errors="strict") or None
    except UnicodeDecodeError:
        return None


def origin_of(document: StoredDocument) -> dict[str, Any]:
    """What is said of a document beside its text; what is not there is left out."""
    metadata = dict(document.metadata)
    source = metadata.pop(_SOURCE, None)
    row = {
        "id": document.id,
        "title": document.title,
        "uri": uri_of(document.id),
        "source": source if isinstance(source, str) else None,
        "thread": document.thread,
        "place": document.place,
        "time": None if document.time is None else document.time.isoformat(),
        "metadata": metadata,
    }
    return {name: value for name, value in row.items() if value not in (None, "", {})}


def hit_row(memory: Colony, hit: Hit) -> dict[str, Any] | None:
    """A hit with where it comes from; `None` if the document has gone since."""
    document = memory.get(hit.id)
    if document is None:
        return None
    return {
        **origin_of(document),
        "score": round(hit.score, 4),
        "passage": hit.passage or hit.text[:600],
        "parts": {name: round(points, 4) for name, points in by_name(hit.parts) if points},
        "path": way_of(hit.path),
    }


def way_of(path: Path) -> dict[str, Any]:
    """How a question reached a document."""
    way = {
        "words": [f"{one.word} (read as {one.read_as})" if one.read_as else one.word for one in path.words],
        "concepts": [
            {
                "concept": share.label,
                "points": round(share.points, 4),
                "words": [one.word for one in share.words],
                "documents": [seed for seed, _ in share.seeds],
            }
            for share in path.concepts
        ],
        "mentioned_by": [share.seed for share in path.bridges],
        "neighbours": [share.id for share in path.context],
    }
    return {name: value for name, value in way.items() if value}
