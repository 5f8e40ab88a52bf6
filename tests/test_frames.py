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


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("field", ["place", "expires", "id"])
def test_whole_numbers_beside_a_missing_one_are_whole(table, field):
    """Which pandas keeps as floats."""
    thread = {"thread": ["t", None]} if field == "place" else {}
    frame = table({"text": ["Ions.", "Yeast."], **thread, field: [1, None]})
    if field != "id":
        assert getattr(taken(frame)["", "Ions."], field) == 1
    found = taken(phago.read_frame(frame, **{name: name for name in (*thread, field)}))
    assert getattr(found["", "Ions."], field) == ("1" if field == "id" else 1)
    assert (found["", "Yeast."].place, found["", "Yeast."].expires) == (None, None)


@pytest.mark.parametrize("number", [1.5, -0.5, float("inf"), float(2**53), 1e300])
@pytest.mark.parametrize("field", ["place", "expires", "id"])
def test_numbers_that_are_not_whole_or_may_be_rounded_are_refused(field, number):
    thread = {"thread": ["t", "t"]} if field == "place" else {}
    frame = pd.DataFrame({"text": ["Ions.", "Yeast."], **thread, field: [number, 2.0]})
    with pytest.raises(phago.InvalidDocument) as caught:
        taken(phago.read_frame(frame, **{name: name for name in (*thread, field)}))
    assert (caught.value.index, caught.value.field) == (0, field)


@pytest.mark.parametrize("table", [TABLES["polars"], TABLES["table"], TABLES["pandas"]])
def test_a_number_that_is_none_is_missing_in_every_table(table):
    columns = {"text": ["Ions.", "Yeast."], "thread": ["t", None], "place": [1.0, float("nan")]}
    found = taken(phago.read_frame(table(columns), thread="thread", place="place", metadata=["place"]))
    assert {one.place: one.metadata for one in found.values()} == {1: {"place": 1.0}, None: {}}
    assert taken(table(columns)).keys() == found.keys()


def test_a_column_that_is_there_twice_is_refused_by_name_if_it_is_read():
    values = [["Ions.", "Yeast."], ["x", "y"], ["z", "w"]]
    for name, other in (("text", "title"), ("title", "text")):
        names = [other, name, name]
        for frame in (pd.DataFrame(dict(enumerate(values))).set_axis(names, axis=1), pa.table(values, names=names)):
            with phago.Colony(1) as colony:
                with pytest.raises(phago.InvalidDocument, match="2 columns of that name") as caught:
                    colony.ingest(frame)
                assert (caught.value.field, len(colony)) == (name, 0)
            with pytest.raises(phago.ConfigError, match=f"`text` is '{name}', of which the table has 2 columns"):
                phago.read_frame(frame, text=name)
            with pytest.raises(phago.ConfigError, match=f"`metadata` is '{name}', of which the table has 2 columns"):
                phago.read_frame(frame, text=other, metadata=[name])
            assert taken(phago.read_frame(frame, text=other)).keys() == {("", "Ions."), ("", "Yeast.")}
