"""Items of a store as documents of a colony: names, values, what is searched, and lifetimes."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..results import StoredDocument

__all__ = ["Item", "Names", "document_of", "item_of", "leaves"]

# A string of this length stands in the text alone, where it is searched, and not a second time in the value.
_LONG = 512

# What a document without any word to find it by says.
_NOTHING = "."

Namespace = tuple[str, ...]


class Names:
    """Names of fixed length for namespaces and keys of any length and kind: no two have the same one.

    Args:
        store: The name of the store; stores of other names, and documents of no store, are not seen.
    """

    def __init__(self, store: str) -> None:
        self._store = store

    def _hash(self, *parts: Any) -> str:
        return hashlib.sha256(json.dumps([self._store, *parts]).encode()).hexdigest()[:40]

    def id(self, namespace: Namespace, key: str) -> str:
        """The id of the document of an item."""
        return f"store:{self._hash('key', namespace, key)}"

    def under(self, prefix: Namespace) -> str:
        """What all items of a namespace and of those within it have."""
        return self._hash("under", prefix)

    def above(self, namespace: Namespace) -> list[str]:
        """What an item of a namespace has: one for each namespace that it is within."""
        return [self.under(namespace[:depth]) for depth in range(len(namespace) + 1)]


@dataclass(frozen=True, slots=True)
class Item:
    """An item, as a document of a colony holds it."""

    namespace: Namespace
    key: str
    value: dict[str, Any]
    created: datetime.datetime
    updated: datetime.datetime
    ttl: float | None
    """Minutes from the last use."""


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterable[tuple[tuple[str | int, ...], str]]:
    """The texts and numbers in a value, each with the way to it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    elif isinstance(value, str):
        yield path, value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, str(value)


def document_of(item: Item, names: Names, searched: Callable[[dict[str, Any]], Sequence[str]] | None) -> dict[str, Any]:
    """The document that holds an item.

    Args:
        item: The item.
        names: Of its store.
        searched: The texts of a value that find it; None for all that are in it.

    Raises:
        TypeError: The value holds what JSON cannot.
    """
    # As JSON has it: what comes back is what went in, whatever a caller does with it meanwhile.
    value = json.loads(json.dumps(item.value))
    if searched is None:
        text, moved = _text_with_places(value)
    else:
        text, moved = "\n".join(filter(str.strip, searched(value))), []
    row = {"value": value, "moved": moved, "namespace": item.namespace, "key": item.key}
    metadata: dict[str, Any] = {
        "store.under": names.above(item.namespace),
        "store.item": json.dumps(row, separators=(",", ":")),
        "store.created": item.created.isoformat(),
        "store.updated": item.updated.isoformat(),
    }
    document: dict[str, Any] = {
        "id": names.id(item.namespace, item.key),
        "text": text if text.strip() else _NOTHING,
        "metadata": metadata,
    }
    if item.ttl is not None:
        metadata["store.ttl"] = float(item.ttl)
        try:
            document["expires"] = item.updated + datetime.timedelta(minutes=item.ttl)
        except (OverflowError, ValueError):
            accepted = "minutes that end before the year 10000; leave it out for a lifetime without an end"
            raise ValueError(f"`ttl` is {item.ttl}; accepted is {accepted}") from None
    return document


def _text_with_places(value: Any) -> tuple[str, list[list[Any]]]:
    """The text of a value, and which of its strings were taken out of it: their ways, and where they stand now."""
    parts: list[str] = []
    moved: list[list[Any]] = []
    length = 0
    for path, leaf in list(leaves(value)):
        text = leaf.encode(errors="replace").decode()
        if not text.strip():
            continue
        # A number stays where it is, however long: what comes back is one.
        if len(text) > _LONG and text == leaf and isinstance(_at(value, path), str):
            moved.append([path, length, length + len(text)])
            _put(value, path, "")
        parts.append(text)
        length += len(text) + 1
    return "\n".join(parts), moved


def _at(value: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        value = value[step]
    return value


def _put(value: Any, path: Sequence[str | int], leaf: str) -> None:
    *way, last = path
    for step in way:
        value = value[step]
    value[last] = leaf


def item_of(document: StoredDocument) -> Item:
    """The item that a document holds."""
    metadata: dict[str, Any] = document.metadata
    row = json.loads(metadata["store.item"])
    for path, start, end in row["moved"]:
        _put(row["value"], path, document.text[start:end])
    return Item(
        tuple(row["namespace"]),
        row["key"],
        row["value"],
        datetime.datetime.fromisoformat(metadata["store.created"]),
        datetime.datetime.fromisoformat(metadata["store.updated"]),
        metadata.get("store.ttl"),
    )
