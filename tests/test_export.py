"""What a colony holds goes to other tools, and nothing is lost on the way."""

import concurrent.futures
import dataclasses
import datetime
import io
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import igraph
import networkx
import pandas as pd
import phago
import phago._files
import phago.export
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest
from phago.cli.exits import Problem
from support import CLEAN, seeded_documents

MOMENT = datetime.datetime(2024, 3, 1, 9, tzinfo=datetime.UTC)
ODD = {
    "id": "<odd> & 'größer'",
    "title": "A title, with a comma",
    "text": 'Yeast "makes" bread.\nAnd beer.',
    "metadata": {"year": 2021, "tags": ["a", "ü"], "good": True},
    "thread": "talk",
    "place": 3,
    "time": MOMENT,
    "expires": MOMENT + datetime.timedelta(days=9000),
    "vector": [0.25, -1.0, 0.5],
}


@pytest.fixture(scope="module")
def colony():
    with phago.Colony(3, seed=7) as colony:
        colony.ingest(seeded_documents(300))
        colony.run()
        colony.ingest([ODD, {"id": "brief", "text": "Brief.", "expires": 90}])
        yield colony


def rows_of(colony):
    return {one.id: one for one in colony.documents()}


def test_documents_are_a_stream_that_is_read_as_it_is_asked_for(colony):
    documents = colony.documents()
    first = next(documents)
    table = pa.table(documents)
    assert table.num_rows == len(colony) - 1
    assert documents.handed == len(colony)
    assert first.id not in table["id"].to_pylist()
    assert next(documents, None) is None


def test_documents_keep_all_that_they_have(colony):
    frame = pl.DataFrame(colony.documents())
    assert frame.schema["time"] == frame.schema["expires"] == pl.Datetime("us", "UTC")
    assert frame.schema["vector"] == pl.List(pl.Int8)
    found, want = {row["id"]: row for row in frame.iter_rows(named=True)}, rows_of(colony)
    assert found.keys() == want.keys()
    for key, row in found.items():
        document = want[key]
        assert json.loads(row["metadata"]) == document.metadata
        for name in ("title", "text", "thread", "place", "time", "arrival", "digested"):
            assert row[name] == getattr(document, name), name
    odd = found[ODD["id"]]
    assert (odd["expires"], odd["expires_tick"]) == (ODD["expires"], None)
    assert tuple(odd["vector"]) == want[ODD["id"]].vector
    assert (found["brief"]["expires"], found["brief"]["expires_tick"], found["brief"]["vector"]) == (None, 90, None)


def test_a_filter_and_a_limit_hold_for_streams(colony):
    assert pa.table(colony.documents({"year": 2021}))["id"].to_pylist() == [ODD["id"]]
    assert pa.table(colony.documents(limit=7)).num_rows == 7
    assert pa.table(colony.documents({"year": 1})).num_rows == 0
    assert pa.table(colony.documents(limit=0)).schema.names[:3] == ["id", "title", "text"]


@pytest.mark.parametrize("name", ["nodes", "edges"])
def test_the_graph_is_tables_that_share_its_memory(colony, name):
    snapshot = getattr(colony.graph, name)
    table = pa.table(snapshot)
    assert table.num_rows == len(snapshot)
    assert table.column_names == list(snapshot.columns())
    assert pl.DataFrame(snapshot.to_arrow()).equals(pl.DataFrame(snapshot.columns()))
    assert pd.DataFrame.from_arrow(snapshot).shape == (len(snapshot), len(table.column_names))
    numbers = "degree" if name == "nodes" else "weight"
    again = pa.table(snapshot)
    assert table[numbers].chunks[0].buffers()[1].address == again[numbers].chunks[0].buffers()[1].address


def test_hits_are_a_table_with_a_column_for_each_part(colony):
    hits = colony.query("yeast bread beer brief", k=5)
    frame = pl.DataFrame(hits.to_arrow())
    assert frame["id"].to_list() == [hit.id for hit in hits]
    parts = ["lexical", "concepts", "bridge", "context", "similar", "newer"]
    for row, hit in zip(frame.iter_rows(named=True), hits, strict=True):
        assert [row[name] for name in parts] == [getattr(hit.parts, name) for name in parts]
        assert sum(row[name] for name in parts) == row["score"] == hit.score
        assert (row["passage"], row["start"], row["end"]) == (hit.passage, *hit.span)
        assert json.loads(row["metadata"]) == hit.metadata
    assert pa.table(phago.Hits()).num_rows == 0


def test_hits_are_a_table_with_all_that_a_document_has_in_its_own(colony):
    hits = colony.query("yeast bread beer brief", k=5, since="1990-01-01T00:00Z")
    found, documents = pl.DataFrame(hits.to_arrow()), pl.DataFrame(colony.documents())
    assert len(hits)
    assert found["time"].to_list() == [hit.time for hit in hits]
    for name in {field.name for field in dataclasses.fields(phago.Hit)} & set(documents.columns):
        assert found.schema[name] == documents.schema[name], name
    # Parts and span have columns for each of their numbers; a path has a length of its own.
    left_out = {field.name for field in dataclasses.fields(phago.Hit)} - set(found.columns)
    assert left_out == {"parts", "span", "path"}
    assert pa.table(hits)["time"].to_pylist() == pd.DataFrame.from_arrow(hits)["time"].to_list()
    assert pa.table(phago.Hits())["time"].type == pa.table(hits)["time"].type


def test_parquet_and_arrow_files_hold_the_same(colony, tmp_path):
    phago.export.parquet(colony.documents(), tmp_path / "documents.parquet")
    phago.export.arrow(colony.documents(), tmp_path / "documents.arrow")
    parquet, arrow = pl.read_parquet(tmp_path / "documents.parquet"), pl.read_ipc(tmp_path / "documents.arrow")
    assert parquet.equals(arrow)
    assert parquet.height == len(colony)
    phago.export.parquet(colony.graph.edges, str(tmp_path / "edges.parquet"))
    assert pl.read_parquet(tmp_path / "edges.parquet").equals(pl.DataFrame(colony.graph.edges.columns()))
    assert pyarrow.parquet.ParquetFile(tmp_path / "edges.parquet").metadata.row_group(0).column(0).compression == "ZSTD"


def test_documents_one_by_one_are_written_too(colony, tmp_path):
    path = tmp_path / "some.parquet"
    phago.export.parquet((one for one in colony.documents() if one.thread), path)
    assert pl.read_parquet(path)["id"].to_list() == [ODD["id"]]
    phago.export.parquet(iter(()), path)
    assert pl.read_parquet(path).height == 0
    with pytest.raises(TypeError, match="an iterator over int"):
        phago.export.parquet(iter([1]), path)


def test_a_long_table_is_written_in_pieces(tmp_path):
    frame = pl.DataFrame({"number": range(40_000)})
    phago.export.parquet(frame, tmp_path / "long.parquet")
    assert pyarrow.parquet.ParquetFile(tmp_path / "long.parquet").num_row_groups == 3


def test_a_file_is_there_whole_or_not_at_all(colony, tmp_path):
    with pytest.raises(TypeError, match="`table` is documents, hits, nodes, edges"):
        phago.export.parquet([1, 2], tmp_path / "none.parquet")
    path = tmp_path / "documents.parquet"
    path.write_text("before")
    closed = phago.Colony(1)
    closed.ingest(["one", "two"])
    documents = closed.documents()
    closed.close()
    with pytest.raises(Exception, match="closed"):
        phago.export.parquet(documents, path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def edges_of(colony):
    return {(edge.source, edge.target): edge for edge in colony.graph.edges}


def test_networkx_has_all_of_it(colony):
    graph = colony.graph.to_networkx()
    assert set(graph.nodes) == {node.label for node in colony.graph.nodes}
    want = edges_of(colony)
    assert set(graph.edges) == want.keys()
    for source, target, data in graph.edges(data=True):
        edge = want[source, target]
        assert data == {name: getattr(edge, name) for name in ("weight", "co_activations", "created", "last_activated")}
    node = colony.graph.nodes[0]
    assert graph.nodes[node.label] == {"id": node.id, "mentions": node.mentions, "uses": 0, "degree": node.degree}


def test_igraph_has_all_of_it(colony):
    graph = colony.graph.to_igraph()
    assert graph.is_directed()
    assert graph.vs["name"] == [node.label for node in colony.graph.nodes]
    want = edges_of(colony)
    names = graph.vs["name"]
    found = {(names[edge.source], names[edge.target]): edge.attributes() for edge in graph.es}
    assert found.keys() == want.keys()
    assert all(found[ends]["weight"] == edge.weight for ends, edge in want.items())


def test_graphml_reads_back_in_networkx_and_igraph(colony, tmp_path):
    path = tmp_path / "graph.graphml"
    assert colony.graph.to_graphml(path) == len(colony.graph.edges)
    read, want = networkx.read_graphml(path), colony.graph.to_networkx()
    read = networkx.relabel_nodes(read, networkx.get_node_attributes(read, "label"))
    found = {(one, other): data for one, other, data in read.edges(data=True)}
    assert found == {(one, other): data for one, other, data in want.edges(data=True)}
    again = igraph.Graph.Read_GraphML(str(path))
    assert again.es["weight"] == colony.graph.to_igraph().es["weight"]
    assert again.vs["label"] == colony.graph.to_igraph().vs["name"]


def test_signs_that_xml_cannot_hold_are_replaced():
    from phago.export.graphml import write

    class Nodes:
        def columns(self):
            return {"id": ["0"], "label": ["a<&\x00\ud800b"], "mentions": [1], "uses": [0], "degree": [0]}

    class Edges:
        def by_id(self, nodes):
            return iter(())

    file = io.StringIO()
    write(file, Nodes(), Edges())
    assert networkx.parse_graphml(file.getvalue()).nodes["0"]["label"] == "a<&\ufffd\ufffdb"


def test_an_empty_graph_exports_as_one(tmp_path):
    with phago.Colony(1) as colony:
        assert colony.graph.to_graphml(tmp_path / "empty.graphml") == 0
        assert len(networkx.read_graphml(tmp_path / "empty.graphml")) == 0
        assert len(colony.graph.to_networkx()) == colony.graph.to_igraph().vcount() == 0
        assert pa.table(colony.graph.edges).num_rows == 0


@pytest.mark.parametrize(
    ("module", "call", "extra"),
    [
        ("arro3.core", "phago.Colony(1).graph.edges.to_arrow()", "arrow"),
        ("arro3.core", "phago.export.parquet(phago.Colony(1).documents(), 'x')", "arrow"),
        ("networkx", "phago.Colony(1).graph.to_networkx()", "networkx"),
        ("igraph", "phago.Colony(1).graph.to_igraph()", "igraph"),
    ],
)
def test_a_missing_extra_is_named(module, call, extra, tmp_path):
    program = f"import sys; sys.modules['{module}'] = None\nimport phago, phago.export\n{call}"
    done = subprocess.run(
        [sys.executable, "-c", program], env=CLEAN, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert f'pip install "phago[{extra}]"' in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_what_the_file_ends_in(kept, says):
    assert says("export", kept, "out.parquet") == (0, "4 documents written to out.parquet.\n", "")
    assert pl.read_parquet("out.parquet")["id"].to_list() == ["beer", "bread", "notes/heart.md", "notes/lungs.txt"]
    edges = says("export", kept, "edges.arrow", "--table", "edges")[1]
    assert edges == f"{pl.read_ipc('edges.arrow').height} synapses written to edges.arrow.\n"
    assert says("export", kept, "graph.graphml")[0] == says("export", kept, "graph.html")[0] == 0
    assert says("export", kept, "blood.html", "--around", "blood")[1].endswith("concepts written to blood.html.\n")
    assert "Around blood" in Path("blood.html").read_text()
    assert len(networkx.read_graphml("graph.graphml").edges) == pl.read_ipc("edges.arrow").height
    assert (
        says("export", kept, "odd", "--format", "parquet", "--where", "year=2021", "--json")[1]
        == '{\n  "exported": 1\n}\n'
    )
    assert pl.read_parquet("odd").height == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["x.jsonl", "--table", "edges"], "lines of JSON are of documents"),
        (["x.graphml", "--table", "nodes"], "`--table` goes with parquet and arrow"),
        (["x.parquet", "--table", "nodes", "--where", "year=2021"], "`--where` chooses documents"),
        (["x.html", "--around", "xyzzy"], "`around` is 'xyzzy'"),
        (["x.graphml", "--around", "blood"], "`--around` goes with html"),
        (["none/x.parquet"], "`none/x.parquet` cannot be written"),
        (["none/x.graphml"], "`none/x.graphml` cannot be written"),
    ],
)
def test_what_does_not_go_together_is_said_in_a_line(kept, says, arguments, told):
    code, out, err = says("export", kept, *arguments)
    assert (code in (1, 2), out) == (True, "")
    assert told in err
    assert err.count("\n") == 1


def test_an_output_gets_the_same_bytes(kept, says):
    says("export", kept, "out.parquet")
    command = [sys.executable, "-m", "phago", "export", kept, "--format", "parquet"]
    done = subprocess.run(command, env=CLEAN, capture_output=True, check=True)
    assert pl.read_parquet(io.BytesIO(done.stdout)).equals(pl.read_parquet("out.parquet"))


WRITERS = {
    "jsonl": lambda colony, file: colony.export_jsonl(file),
    "parquet": lambda colony, file: phago.export.parquet(colony.documents(), file),
    "arrow": lambda colony, file: phago.export.arrow(colony.documents(), file),
    "graphml": lambda colony, file: colony.graph.to_graphml(file),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_pipe_is_written_to_and_stays(colony, tmp_path, kind):
    WRITERS[kind](colony, tmp_path / "file")
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for target in (pipe, link):
        got = []
        reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))  # noqa: B023
        reader.start()
        WRITERS[kind](colony, target)
        reader.join()
        assert got == [(tmp_path / "file").read_bytes()]
        assert pipe.is_fifo()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "link", "pipe"]


@pytest.mark.parametrize("kind", WRITERS)
def test_a_link_is_followed_and_rights_stay(colony, tmp_path, kind):
    (tmp_path / "sub").mkdir()
    file, link = tmp_path / "sub" / "file", tmp_path / "link"
    file.write_text("before")
    file.chmod(0o640)
    link.symlink_to("sub/file")
    WRITERS[kind](colony, link)
    assert link.is_symlink()
    assert file.read_bytes() != b"before"
    assert file.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in (tmp_path / "sub").iterdir()] == ["file"]


@pytest.mark.parametrize("kind", WRITERS)
def test_threads_may_write_one_file(colony, tmp_path, kind):
    file = tmp_path / "file"
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: WRITERS[kind](colony, file), range(8)))
    whole = file.read_bytes()
    WRITERS[kind](colony, tmp_path / "other")
    assert (tmp_path / "other").read_bytes() == whole
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("kind", WRITERS)
def test_what_cannot_be_written_is_named_as_it_was_given(colony, tmp_path, kind):
    for given, kinds in (("", FileNotFoundError), (str(tmp_path), IsADirectoryError)):
        with pytest.raises(kinds) as raised:
            WRITERS[kind](colony, given)
        assert raised.value.filename == given
    given = str(tmp_path / "none" / "file")
    with pytest.raises(FileNotFoundError) as raised:
        WRITERS[kind](colony, given)
    assert raised.value.filename == given


FULL = """
import resource, signal, sys
from phago.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "arrow"])
def test_a_full_disk_is_told_in_words(colony, tmp_path, kind):
    colony.export_jsonl(tmp_path / "all.jsonl")
    memory = tmp_path / "memory"
    subprocess.run([sys.executable, "-m", "phago", "import", memory, tmp_path / "all.jsonl"], env=CLEAN, check=True)
    (tmp_path / "out").mkdir()
    file = tmp_path / "out" / f"file.{kind}"
    done = subprocess.run(
        [sys.executable, "-c", FULL, "export", memory, file], env=CLEAN, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (2, f"phago: `{file}` cannot be written: File too large\n")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_an_interruption_in_the_midst_is_one(colony, tmp_path, kind):
    def rows():
        yield from list(colony.documents())[:50]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        getattr(phago.export, kind)(rows(), tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_what_ends_the_process_leaves_no_half_file(colony, tmp_path):
    from phago.cli.exporting import Wanted

    class Ended:
        def export_jsonl(self, file, where):
            with phago._files.written(file) as out:
                out.write("half")
                os.kill(os.getpid(), signal.SIGTERM)
                raise AssertionError("it goes on")

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        Wanted(str(tmp_path / "file.jsonl")).write(Ended())
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) == before
    for file in ("", ".", str(tmp_path)):
        with pytest.raises(Problem, match="accepted is a file"):
            Wanted(file)


def test_without_a_working_directory_a_relative_path_is_named(tmp_path, monkeypatch, says):
    with phago.open(tmp_path / "memory") as colony:
        colony.ingest("Ions cross the membrane.")
        colony.run()
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        writers = [
            colony.export_jsonl,
            colony.graph.to_graphml,
            colony.graph.to_html,
            lambda file: phago.export.parquet(colony.graph.nodes, file),
        ]
        for write in writers:
            with pytest.raises(FileNotFoundError, match="there is no working directory any more: 'out'") as caught:
                write("out")
            assert caught.value.filename == "out"
            write(tmp_path / "out")
    code, out, err = says("export", tmp_path / "memory", "out.jsonl")
    assert (code, out) == (2, "")
    assert "`out.jsonl` cannot be written: there is no working directory any more" in err
    for command in (["snapshot", tmp_path / "memory", "copy"], ["verify", "memory"], ["doctor", "memory"]):
        code, out, err = says(*command)
        assert code == (1 if command[0] == "doctor" else 2)
        assert "accepted is an absolute path, as there is no working directory any more" in out + err
