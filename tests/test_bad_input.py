"""Documents that cannot be taken: each its message, and no trace in the colony."""

from collections import UserDict
from dataclasses import dataclass
from types import SimpleNamespace

import phago
import pytest

MIB_16 = 16 << 20

# What is given, its id where one can be told, the field at fault, and words of the reason.
BAD = [
    (5, None, "document", "is int; accepted is a str"),
    (None, None, "document", "NoneType"),
    (b"bytes", None, "document", "bytes"),
    (["list"], None, "document", "list"),
    (phago.Document, None, "document", "type"),
    ("", None, "text", "blank"),
    (" \n\t", None, "text", "blank"),
    ({"id": "k", "text": " ", "title": "\n"}, "k", "text", "blank"),
    ({"id": "k"}, "k", "text", "missing"),
    ({"id": "k", "text": None}, "k", "text", "missing"),
    ({}, None, "text", "missing"),
    ({"id": "k", "text": 7}, "k", "text", "is int; accepted is a str"),
    ({"id": "k", "text": "t", "title": 7}, "k", "title", "is int; accepted is a str"),
    ({"id": 7, "text": "t"}, None, "id", "is int; accepted is a str"),
    ({"id": "", "text": "t"}, None, "id", "empty"),
    ({"id": "é" * 257, "text": "t"}, None, "id", "514 bytes of UTF-8; accepted are at most 512"),
    ({"id": "k", "text": "t", "metadat": 1}, "k", "metadat", "accepted are `text`, `id` and `title`"),
    ({"txt": "t"}, None, "txt", "accepted are `text`"),
    ({1: "t", "text": "t"}, None, "1", "no field"),
    ({"text": "t", "y" * 500: 1}, None, "y" * 80 + "...", "no field"),
    ("lone \ud800 surrogate", None, "text", "lone surrogate at index 5"),
    ({"id": "k", "text": "t", "title": "\udfff"}, "k", "title", "lone surrogate at index 0"),
    ({"id": "\udfff", "text": "t"}, None, "id", "lone surrogate"),
    ({"id": "k", "text": "a" * MIB_16, "title": "b"}, "k", "text", "16777217 bytes"),
    (UserDict(id="k"), "k", "text", "missing"),
    (SimpleNamespace(text=3), None, "text", "is int"),
    (phago.Document("t", id=""), None, "id", "empty"),
]
NAMES = [f"{i}-{field[:8]}" for i, (_, _, field, _) in enumerate(BAD)]


@pytest.fixture
def colony():
    with phago.Colony(shards=3) as colony:
        colony.ingest([{"id": "first", "text": "was here before"}])
        yield colony


@pytest.mark.parametrize(("document", "id", "field", "reason"), BAD, ids=NAMES)
def test_a_bad_document_raises_and_leaves_no_trace(colony, document, id, field, reason):
    before = colony.digest()
    with pytest.raises(phago.InvalidDocument) as caught:
        colony.ingest(["new words of a good neighbour", document])
    error = caught.value
    assert (error.index, error.id, error.field) == (1, id, field)
    assert reason in error.reason
    assert error.reason in str(error)
    assert colony.digest() == before
    colony.run()
    with phago.Colony(shards=3) as other:
        other.ingest([{"id": "first", "text": "was here before"}])
        other.run()
        assert colony.digest() == other.digest()


def test_with_skip_the_rest_is_taken_and_the_rejected_are_listed(colony):
    report = colony.ingest([*(document for document, *_ in BAD), "a good one"], on_error="skip")
    assert report.accepted == 1
    assert [(row.index, row.id, row.field) for row in report.rejected] == [
        (index, key, field) for index, (_, key, field, _) in enumerate(BAD)
    ]
    assert len(colony) == 2


def test_only_the_chunk_of_the_bad_document_is_refused(colony):
    documents = [f"document number {i}" for i in range(2500)]
    documents[1700] = ""
    with pytest.raises(phago.InvalidDocument) as caught:
        colony.ingest(iter(documents))
    assert caught.value.index == 1700
    assert caught.value.report.accepted == 1000
    assert len(colony) == 1001


def test_an_id_that_is_taken_by_other_content(colony):
    before = colony.digest()
    with pytest.raises(phago.DocumentExists, match="update") as caught:
        colony.ingest([{"id": "new", "text": "new"}, {"id": "first", "text": "other"}])
    assert (caught.value.index, caught.value.id) == (1, "first")
    assert colony.digest() == before
    twice = [{"id": "x", "text": "one"}, {"id": "x", "text": "two"}]
    with pytest.raises(phago.DocumentExists):
        colony.ingest(twice)
    assert colony.digest() == before
    report = colony.ingest(twice, on_error="skip")
    assert (report.accepted, [(row.index, row.id, row.field) for row in report.rejected]) == (1, [(1, "x", "id")])


def test_the_same_again_changes_nothing(colony):
    colony.run()
    before = colony.digest()
    report = colony.ingest([{"id": "first", "text": "was here before"}])
    assert (report.accepted, report.unchanged) == (0, 1)
    assert colony.digest() == before


@dataclass
class Mine:
    """Not ours, but with the same attributes."""

    text: str
    id: str | None = None
    title: str = ""


def test_every_shape_of_a_document_is_one_document():
    shapes = [
        {"id": "k", "text": "text", "title": "title"},
        UserDict(id="k", text="text", title="title"),
        phago.Document("text", id="k", title="title"),
        Mine("text", "k", "title"),
    ]
    with phago.Colony(shards=2) as colony:
        report = colony.ingest(shapes)
        assert (report.accepted, report.unchanged) == (1, 3)
        report = colony.ingest(["alone", {"text": "alone"}, {"text": "alone", "id": None, "title": None}])
        assert (report.accepted, report.unchanged) == (1, 2)


def test_the_largest_document_and_id_are_taken():
    with phago.Colony(shards=1) as colony:
        report = colony.ingest({"id": "i" * 512, "text": "word " * ((MIB_16 - 5) // 5), "title": "title"})
    assert report.accepted == 1


def test_an_error_of_the_callers_own_code_is_theirs(colony):
    class Broken:
        @property
        def text(self):
            raise OSError("disk on fire")

    before = colony.digest()
    with pytest.raises(OSError, match="disk on fire"):
        colony.ingest(["good", Broken()])
    assert colony.digest() == before
