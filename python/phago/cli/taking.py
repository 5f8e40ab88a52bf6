"""Bringing a colony to what folders and files hold."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._bar import Tell
from ..colony import Colony
from ..document import Document
from ..extract import KNOWN, PART, SOURCE, LeftOut, Source, read_sources

if TYPE_CHECKING:
    from ..remote import Client

__all__ = ["Taken", "drop", "take", "take_file"]

# Documents in one durable batch: a sync of the disk for each, and no more is done again after an interruption.
_BATCH = 1000
# Reasons for leaving files out that are shown; the rest is counted.
_SHOWN = 10


class Taken:
    """What was done with the documents of some paths."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.left_out: list[LeftOut] = []
        self.kept = 0
        """Documents that are not there now and may be in what could not be read."""

    def add(self, other: Taken) -> None:
        """Count what was done at another time too; what was left out is told then."""
        self.counts += other.counts

    def row(self) -> dict[str, Any]:
        """All of it as what JSON can hold."""
        counts = {name: self.counts[name] for name in ("new", "changed", "unchanged", "deleted")}
        left_out = [{"path": one.path, "reason": one.reason} for one in self.left_out]
        return {**counts, "kept": self.kept, "left_out": left_out}

    def lines(self) -> Iterator[str]:
        """All of it as lines to read."""
        yield ", ".join(f"{self.counts[name]:,} {name}" for name in ("new", "changed", "unchanged", "deleted")) + "."
        if self.left_out:
            yield from self._left_out()
        if self.kept:
            yield f"Not deleted: {self.kept:,} that may be in what could not be read."

    def _left_out(self) -> Iterator[str]:
        first: dict[str, str] = {}
        for one in self.left_out:
            first.setdefault(one.reason, one.path)
        counted = Counter(one.reason for one in self.left_out).most_common()
        yield f"Left out: {len(self.left_out):,}."
        for reason, count in counted[:_SHOWN]:
            yield f"  {first[reason]}: {reason}" if count == 1 else f"  {count:,} {reason}, such as {first[reason]}"
        if len(counted) > _SHOWN:
            yield f"  and {sum(count for _, count in counted[_SHOWN:]):,} for other reasons; --json lists all"
        if any(one.is_unknown for one in self.left_out):
            yield f"  Known kinds: {KNOWN}; what has no suffix is text."


def take(
    colony: Colony | Client,
    given: Sequence[Source],
    *,
    delete: bool,
    tell: Tell,
    part: int | None = None,
    sections: bool = False,
    skip: str | os.PathLike[str] | None = None,
) -> Taken:
    """Take in what is new or changed, and delete what is gone if that is asked for. Nothing is digested.

    It is the same whether it is done once or again, or again after it was interrupted.
    """
    taken = Taken()
    seen: dict[str, set[str]] = {source.label: set() for source in given}
    unread: dict[str, list[LeftOut]] = {source.label: [] for source in given}
    files_read: dict[str, set[str]] = {source.label: set() for source in given}
    batch: list[tuple[str, Document]] = []
    names = {source.label: source for source in given}

    files = (0, 0)

    def put() -> None:
        for label, refused in _put(colony, batch, taken):
            unread[label].append(refused)
        batch.clear()

    def shown(done: int, total: int) -> None:
        nonlocal files
        files = (done, total)
        tell(f"reading files, {taken.counts.total():,} documents", done, total)

    for source, found in read_sources(given, skip=skip or colony.path, part=part, sections=sections, tell=shown):
        if isinstance(found, LeftOut):
            taken.left_out.append(found)
            if found.is_unread:
                unread[source.label].append(found)
            elif delete:
                # What was looked through and is no document now, such as a file that is blank.
                files_read[source.label].add(found.path)
        elif found.id is not None and any(found.id in ids for ids in seen.values()):
            twice = LeftOut(found.id, "the id is there twice", is_unread=True, id=found.id)
            taken.left_out.append(twice)
            unread[source.label].append(twice)
        elif found.id is not None:
            seen[source.label].add(found.id)
            if found.id == source.name or found.id.startswith(source.name + "/"):
                files_read[source.label].add(found.id.partition(PART)[0])
            batch.append((found.id, found))
        if len(batch) == _BATCH:
            put()
            # A file of lines may hold many.
            shown(*files)
    put()
    for label in seen if delete else ():
        gone = [one.id for one in colony.documents(where={SOURCE: label}) if one.id not in seen[label]]
        # What was read whole is as it was read, whatever else could not be.
        whole = files_read[label] - {_file(one) for one in unread[label]}
        known = [
            key
            for key in gone
            if key.partition(PART)[0] in whole
            or not any(_may_hold(one, name) for name in _names(names[label], key) for one in unread[label])
        ]
        taken.counts["deleted"] += colony.delete(known)
        taken.kept += len(gone) - len(known)
    for label in () if delete else seen:
        whole = files_read[label] - {_file(one) for one in unread[label]}
        gone = [key for name in sorted(whole) for key in _pieces(colony, name, label) - seen[label]]
        taken.counts["deleted"] += colony.delete(sorted(gone))
    return taken


def take_file(colony: Colony | Client, source: Source, name: str, found: Sequence[Document | LeftOut]) -> Taken:
    """Take in what one file says, if that is new or changed, and delete what it does not say any more.

    It is no file of lines, whose documents may have any ids.
    """
    taken = Taken()
    documents = {one.id: one for one in found if isinstance(one, Document) and one.id is not None}
    taken.left_out += [one for one in found if isinstance(one, LeftOut)]
    _put(colony, list(documents.items()), taken)
    gone = sorted(_pieces(colony, name, source.label) - documents.keys())
    if any(one.is_unread for one in taken.left_out):
        taken.kept += len(gone)
    else:
        taken.counts["deleted"] += colony.delete(gone)
    return taken


def drop(colony: Colony | Client, source: Source, name: str) -> Taken:
    """Delete what the colony has of a file that is gone."""
    taken = Taken()
    taken.counts["deleted"] += colony.delete(sorted(_pieces(colony, name, source.label)))
    return taken


# What the colony has of a file that was read: it whole, or its parts, also those of another length.
def _pieces(colony: Colony | Client, name: str, label: str) -> set[str]:
    found = set()
    for key in itertools.chain([name], (f"{name}{PART}{place}" for place in itertools.count(1))):
        there = colony.get(key)
        if there is None and key != name:
            break
        if there is not None and there.metadata.get(SOURCE) == label:
            found.add(key)
    return found


def _file(unread: LeftOut) -> str:
    return unread.path.partition(PART)[0]


# The ids that a document would have now: it may have come with another prefix, which is any text.
def _names(source: Source, key: str) -> Iterator[str]:
    yield key
    base = source.path.resolve().name
    for at in range(len(key)):
        if key.startswith(base, at) and (at == 0 or key[at - 1] == "/"):
            yield source.name + key[at + len(base) :]


def _may_hold(unread: LeftOut, key: str) -> bool:
    if unread.id is not None:
        # A line that states its id was no document of another one, but for those that go by their places in the file.
        lines = unread.path.rpartition(":")[0] + ":"
        return key == unread.id or key.startswith((lines, unread.id + PART))
    return unread.is_of_lines or unread.path == key or key.startswith((unread.path + PART, unread.path + "/"))


def _put(colony: Colony | Client, batch: list[tuple[str, Document]], taken: Taken) -> list[tuple[str, LeftOut]]:
    """Give documents to a colony; what it does not take, with the label of its source: what stands of that stays."""
    left_out: list[tuple[str, LeftOut]] = []

    def leave_out(document: Document, reason: str) -> None:
        label = str(document.metadata[SOURCE])
        left_out.append((label, LeftOut(str(document.id), reason, is_unread=True)))

    new: list[Document] = []
    known: list[Document] = []
    for key, document in batch:
        there = colony.get(key)
        if there is None:
            new.append(document)
            continue
        source = there.metadata.get(SOURCE)
        # A folder that was moved brings its documents with it.
        if source != document.metadata[SOURCE] and (not isinstance(source, str) or Path(source).exists()):
            leave_out(document, f"the id is that of a document from {source or 'elsewhere'}")
            continue
        known.append(document)
    updated = colony.update_all(known, on_error="skip")
    ingested = colony.ingest(new, on_error="skip")
    taken.counts["new"] += updated.new + ingested.accepted
    taken.counts["changed"] += updated.changed
    taken.counts["unchanged"] += updated.unchanged + ingested.unchanged
    # By their places: a document of which the id is at fault is told of without it.
    for documents, rejected in ((known, updated.rejected), (new, ingested.rejected)):
        for one in rejected:
            leave_out(documents[one.index], f"its {one.field} {one.reason}")
    taken.left_out += [one for _, one in left_out]
    return left_out
