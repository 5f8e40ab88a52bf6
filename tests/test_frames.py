"""Tables are read as documents, or refused by name: no field is ever lost in silence."""

import collections
import dataclasses
import types

import pandas as pd
import phago
import polars as pl
import pyarrow as pa
import pytest

ROWS = {
    "id": ["a", None, "c"],
    "text": ["Ions cross.", "Yeast rises.", "Bread bakes."],
    "title": ["Ions", None, ""],
}
TABLES = {
    "pandas": pd.DataFrame,
    "pandas of Arrow": lambda columns: pd.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.DataFrame,
    "table": pa.table,
    "batch": lambda columns: pa.RecordBatch.from_pydict(columns),
}


def taken(given, **options):
    with phago.Colony(2) as colony:
        colony.ingest(given, **options)
        return {(one.title, one.text): one for one in colony.documents()}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_is_its_rows(table):
    found = taken(table(ROWS))
    assert sorted(found) == [("", "Bread bakes."), ("", "Yeast rises."), ("Ions", "Ions cross.")]
    assert found["Ions", "Ions cross."].id == "a"
    assert found["", "Yeast rises."].id == taken("Yeast rises.")["", "Yeast rises."].id
    assert taken(table({"text": ["Ions."]})).keys() == {("", "Ions.")}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_without_rows_is_no_documents(table):
    empty = table({"text": ["x"]})
    assert taken(empty.slice(0, 0) if hasattr(empty, "slice") else empty.iloc[:0]) == {}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_column_that_is_no_field_is_refused_by_name(table):
    with phago.Colony(1) as colony:
        for columns, name in (({**ROWS, "page": [1, 2, 3]}, "page"), ({"body": ["Ions."]}, "body")):
            with pytest.raises(phago.InvalidDocument) as caught:
                colony.ingest(table(columns))
            assert caught.value.field == name
            assert "read_frame" in caught.value.reason
        with pytest.raises(phago.InvalidDocument, match="missing among the columns"):
            colony.ingest(table({"title": ["Ions"]}))
        assert len(colony) == 0


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_other_columns_are_read_on_request(table):
    frame = table({"body": ["Ions cross.", "Yeast rises."], "key": [7, 8], "year": [2024, None], "note": ["n", "m"]})
    found = taken(phago.read_frame(frame, text="body", id="key", metadata=["year", "note"]))
    assert {one.id: one.metadata for one in found.values()} == {"7": {"year": 2024, "note": "n"}, "8": {"note": "m"}}
    with pytest.raises(phago.ConfigError, match=r"`title` is 'heading'.*body, key, year, note"):
        phago.read_frame(frame, text="body", title="heading")
    with pytest.raises(phago.ConfigError, match="`metadata` is 'years'"):
        phago.read_frame(frame, text="body", metadata=["years"])


def test_a_column_of_metadata_holds_a_mapping_a_row():
    frame = pl.DataFrame({"text": ["Ions."], "metadata": [{"year": 2024, "tags": ["a", "b"], "none": None}]})
    (one,) = taken(frame).values()
    assert one.metadata == {"year": 2024, "tags": ["a", "b"]}
    (one,) = taken(frame.to_pandas()).values()
    assert one.metadata == {"year": 2024, "tags": ["a", "b"]}


def test_what_is_no_table_is_said_to_be_none():
    for given in (pl.DataFrame(ROWS).lazy(), types.SimpleNamespace(__dataframe__=None, columns=[])):
        with phago.Colony(1) as colony, pytest.raises(phago.InvalidDocument, match="accepted"):
            colony.ingest(given)
    with pytest.raises(TypeError, match="`frame` is a DataFrame"):
        phago.read_frame([{"text": "x"}])


def test_a_column_of_texts_is_texts():
    for column in (pd.Series(["Ions.", "Yeast."]), pl.Series(["Ions.", "Yeast."])):
        assert taken(column).keys() == {("", "Ions."), ("", "Yeast.")}


Named = collections.namedtuple("Named", ["id", "text", "page"])


@dataclasses.dataclass
class Record:
    text: str
    page: int = 3


def shaped():
    thing = types.SimpleNamespace(text="Ions.", page=3)
    yield from (Named("a", "Ions.", 3), Record("Ions."), thing)
    yield from pd.DataFrame({"text": ["Ions."], "page": [3]}).itertuples(index=False)


@pytest.mark.parametrize("given", list(shaped()), ids=lambda given: type(given).__name__)
def test_a_row_with_a_field_that_no_document_has_is_refused_by_its_name(given):
    with phago.Colony(1) as colony, pytest.raises(phago.InvalidDocument) as caught:
        colony.ingest([given])
    assert caught.value.field == "page"


def test_a_row_with_fields_of_a_document_is_one():
    Row = collections.namedtuple("Row", ["id", "text"])
    assert taken([Row("a", "Ions.")])["", "Ions."].id == "a"
    with pytest.raises(phago.InvalidDocument, match="Index"):
        taken(pd.DataFrame({"text": ["Ions."]}).itertuples())
