"""Columns of the graph go to other libraries as memory, not as objects."""

import gc

import numpy as np
import phago
import polars as pl
import pytest

TEXTS = ["the membrane carries ions", "ions cross the membrane of a cell", "a naïve cell, größer than ion pumps"]


@pytest.fixture
def colony():
    with phago.Colony(shards=3) as colony:
        colony.ingest(TEXTS)
        colony.run()
        yield colony


def test_polars_reads_every_column_with_its_type(colony):
    edges = colony.graph.edges
    frame = pl.DataFrame(edges.columns())
    assert frame.height == len(edges) > 0
    strings, numbers = [pl.String] * 2, [pl.Float64]
    assert frame.dtypes == strings + numbers + [pl.Int64] * 3
    for row, edge in zip(frame.iter_rows(), edges, strict=True):
        assert row == (edge.source, edge.target, edge.weight, edge.co_activations, edge.created, edge.last_activated)


def test_numbers_are_buffers_that_outlive_their_table(colony):
    columns = colony.graph.edges.columns()
    want = columns["weight"].to_list()
    weights = np.asarray(columns["weight"])
    created = memoryview(columns["created"])
    del columns
    gc.collect()
    assert weights.dtype == np.float64
    assert weights.tolist() == want
    assert not weights.flags.writeable
    assert (created.format, created.itemsize, created.readonly) == ("q", 8, True)


def test_an_empty_graph_has_empty_columns():
    with phago.Colony(shards=2) as colony:
        columns = colony.graph.edges.columns()
    assert {name: len(column) for name, column in columns.items()} == dict.fromkeys(columns, 0)
    assert pl.DataFrame(columns).is_empty()
    assert np.asarray(columns["weight"]).shape == (0,)


def test_columns_are_sequences(colony):
    labels = colony.graph.nodes.columns()["label"]
    assert labels[-1] == labels[len(labels) - 1] == labels.to_list()[-1]
    assert "größer" in labels
    assert labels.to_list() == list(labels)
    for outside in (len(labels), -len(labels) - 1):
        with pytest.raises(IndexError, match=str(outside)):
            labels[outside]


def test_texts_have_no_buffer_and_numbers_none_to_write_to(colony):
    columns = colony.graph.nodes.columns()
    with pytest.raises(BufferError, match="to_list"):
        memoryview(columns["label"])
    with pytest.raises((BufferError, ValueError, TypeError)):
        np.asarray(columns["degree"]).setflags(write=True)


def test_a_snapshot_stays_still(colony):
    edges = colony.graph.edges
    before = edges.columns()["weight"].to_list()
    colony.ingest("ions and the membrane, once more")
    colony.run()
    assert edges.columns()["weight"].to_list() == before
    assert edges.tick < colony.graph.edges.tick


def test_columns_of_another_process_cannot_be_written_to(colony, tmp_path):
    with phago.connect(tmp_path / "shared") as shared:
        empty = shared.graph.edges.columns()
        assert {memoryview(empty[name]).format for name in ("created", "co_activations", "last_activated")} == {"q"}
        shared.ingest(["Ions cross the membrane.", "The membrane holds the cell."])
        shared.run()
        edges = shared.graph.edges
        before, columns = list(edges), edges.columns()
        for name in ("source", "weight", "created"):
            with pytest.raises(TypeError):
                columns[name][0] = columns[name][1]
        with pytest.raises(ValueError, match="read-only"):
            np.asarray(columns["weight"])[0] = 0.5
        assert list(edges) == before
        frame = pl.DataFrame(columns)
        assert frame["source"].to_list() == [edge.source for edge in edges]
        assert frame["weight"].to_list() == [edge.weight for edge in edges]
        assert edges.to_arrow().num_rows == len(edges)
