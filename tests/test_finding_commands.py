"""What a colony finds out, on the command line: insights, the map, and the pictures of both and of the demo."""

import importlib.util
import json
import sys
from pathlib import Path

import phago
import pytest
from living import stream
from phago import cli
from support import as_json
from test_surveys import TOPICS, planted

needs_matplotlib = pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None, reason='matplotlib is not installed: pip install "phago[plot]"'
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A directory with the planted topics, digested."""
    path = tmp_path_factory.mktemp("planted") / "m"
    with phago.open(path) as colony:
        colony.ingest(planted())
        colony.run()
    return path


@pytest.fixture
def without_matplotlib(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib" or "phago.plot" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(phago, "plot", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)


def test_insights_tells_of_clusters_and_bridges(made, says):
    code, out, err = says("insights", made)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == f"{TOPICS} clusters in 2,000 documents:"
    assert lines[-3] == "1 bridge:"
    assert lines[-2].startswith("  bridgeword: t")
    assert " ~ " in lines[-1]
    assert len(lines) == 1 + 2 * TOPICS + 3


def test_insights_in_json_are_those_of_the_colony(made, says):
    code, row = as_json(says("insights", made, "--json"))
    with phago.open(made, read_only=True) as colony:
        found = colony.insights()
    assert code == 0
    assert (row["tick"], row["documents"], row["modularity"]) == (found.tick, 2_000, found.modularity)
    assert [(one["label"], one["members"]) for one in row["clusters"]] == [
        (one.label, [*one.members]) for one in found.clusters
    ]
    (bridge,) = row["bridges"]
    assert (bridge["label"], bridge["score"]) == ("bridgeword", found.bridges[0].score)
    assert [side["cluster"] for side in bridge["sides"]] == [side.cluster.label for side in found.bridges[0].sides]


def test_map_tells_of_clusters_and_what_links_them(made, says):
    code, out, err = says("map", made)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"{TOPICS} clusters in 2,000 documents:"
    assert "; by bridgeword\n" in out
    code, row = as_json(says("map", made, "--json"))
    with phago.open(made, read_only=True) as colony:
        found = colony.map()
    assert code == 0
    assert [link["g2"] for link in row["links"]] == [link.g2 for link in found.links]
    assert ["bridgeword"] in [link["bridges"] for link in row["links"]]
    assert "picture" not in row


def test_where_nothing_is_found_both_end_with_1(kept, says):
    for command in ("insights", "map"):
        assert says(command, kept) == (1, "Nothing that is more than chance in 4 documents.\n", "")
        code, row = as_json(says(command, kept, "--json"))
        assert (code, row["clusters"]) == (1, [])


@needs_matplotlib
@pytest.mark.parametrize(("name", "begins"), [("m.png", b"\x89PNG"), ("m.SVG", b"<?xml"), ("m.pdf", b"%PDF")])
def test_map_draws_a_picture(made, says, name, begins):
    code, _, err = says("map", made, "--picture", name)
    assert (code, err) == (0, "")
    assert Path(name).read_bytes().startswith(begins)
    assert as_json(says("map", made, "--json", "--picture", name))[0] == 0


@needs_matplotlib
def test_an_empty_map_is_drawn_too(kept, says):
    assert says("map", kept, "--picture", "m.png")[0] == 1
    assert Path("m.png").exists()


@needs_matplotlib
@pytest.mark.parametrize(
    ("picture", "message"),
    [
        ("m.doc", "`--picture m.doc` is no picture; accepted is a file that ends in .png, .svg or .pdf"),
        ("m", "`--picture m` is no picture; accepted is a file that ends in .png, .svg or .pdf"),
        ("nowhere/m.png", "`nowhere/m.png` cannot be written: it is a folder, or lies in none"),
        ("folder.png", "`folder.png` cannot be written: it is a folder, or lies in none"),
    ],
)
def test_a_picture_that_cannot_be_written_is_one_line(made, says, picture, message):
    Path("folder.png").mkdir()
    assert says("map", made, "--picture", picture) == (2, "", f"phago: {message}\n")


def test_a_picture_without_matplotlib_names_the_extra(made, says, without_matplotlib):
    expected = 'phago: pictures need matplotlib: pip install "phago[plot]"\n'
    assert says("map", made, "--picture", "m.png") == (2, "", expected)
    assert says("map", made)[0] == 0


@pytest.mark.parametrize("command", ["insights", "map"])
def test_a_wrong_directory_is_one_line(command, says):
    Path("file").write_text("")
    assert says(command, "file") == (2, "", "phago: `file` is a file; a colony lives in a directory\n")
    code, out, err = says(command, "nowhere")
    assert (code, out, err.count("\n")) == (2, "", 1)


# --- the demo ----------------------------------------------------------------------------------------------------


@pytest.fixture
def topics(here):
    folder = Path("topics")
    folder.mkdir()
    for document in planted(400):
        (folder / f"{document['id']}.txt").write_text(document["text"])
    return folder


@needs_matplotlib
def test_the_demo_ends_with_what_the_colony_found_out_and_draws_it(topics, says):
    code, out, err = says("demo", topics, "--ask", "t0w1x common3y", "--pictures", "deep/pictures")
    assert (code, err) == (0, "")
    told = out.partition("What the colony found out by itself: ")[2]
    assert told.startswith(f"{TOPICS} clusters of concepts:\n")
    names = ["growth", "map", "path", "neighborhood"]
    assert [line for line in told.splitlines() if "Picture" in line] == [
        f"Picture: {Path('deep/pictures') / name}.png" for name in names
    ]
    assert all((Path("deep/pictures") / f"{name}.png").stat().st_size > 5_000 for name in names)


@needs_matplotlib
def test_the_demo_of_a_small_folder_draws_into_the_temporary_files(notes, says, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, out, _ = says("demo", notes, "--ask", "zebra")
    assert code == 0
    assert "What the colony found out by itself: 0 clusters of concepts.\n" in out
    files = [Path(line.removeprefix("Picture: ")) for line in out.splitlines() if line.startswith("Picture: ")]
    assert [file.name for file in files] == ["growth.png", "map.png"]
    assert all(file.parent.parent == tmp_path for file in files)


def test_the_demo_without_matplotlib_says_how_to_get_pictures(notes, says, without_matplotlib):
    code, out, _ = says("demo", notes, "--ask", "oxygen")
    assert code == 0
    assert out.splitlines()[-1] == 'Pictures of this: pip install "phago[plot]", and `phago demo` again.'


@needs_matplotlib
def test_pictures_that_cannot_be_written_end_no_demo(notes, says):
    Path("file").write_text("")
    code, out, _ = says("demo", notes, "--ask", "oxygen", "--pictures", "file")
    assert code == 0
    assert out.splitlines()[-1].startswith("Pictures cannot be written: ")


def test_what_is_printed_is_the_same_on_any_number_of_shards(made, capsys, tmp_path):
    printed = set()
    for shards in (1, 2, 3, 7, 16):
        home = tmp_path / f"{shards}"
        with phago.open(home, shards=shards) as colony:
            colony.ingest(planted())
            colony.run()
        for command in ("insights", "map"):
            assert cli.main([command, str(home), "--json"]) == 0
        printed.add(capsys.readouterr().out)
    assert len(printed) == 1
    assert json.loads(printed.pop().partition("\n}\n")[0] + "}")["documents"] == 2_000


def test_anomalies_and_what_fades_are_told(tmp_path, says):
    with phago.open(tmp_path / "m") as colony:
        for chunk in stream(70, shift=55):
            colony.ingest(chunk)
            colony.tick()
        expected, fading = colony.anomalies(), colony.fading(3)
    code, out, err = says("anomalies", tmp_path / "m")
    assert (code, err) == (0, "")
    head, what, documents = out.splitlines()
    assert head.startswith(f"tick {expected[0].tick}, since 56: ")
    assert "alertword new (" in what
    assert documents.split()[0].strip(",") in expected[0].examples
    code, rows = as_json(says("anomalies", tmp_path / "m", "--json"))
    assert (code, len(rows), rows[0]["since"]) == (0, 1, 56)
    code, out, err = says("fading", tmp_path / "m", "-k", "3")
    assert (code, err, len(out.splitlines())) == (0, "", 3)
    assert out.startswith(f"{fading[0].source} -> {fading[0].target}: ")
    phago.open(tmp_path / "empty").close()
    for name in ("anomalies", "fading"):
        code, out, err = says(name, tmp_path / "empty")
        assert (code, out, err.startswith("phago: nothing found: ")) == (1, "", True)
        assert says(name, tmp_path / "empty", "--json") == (1, "[]\n", "")


def test_the_place_of_a_wrong_operator_is_shown_below_the_question(kept, says):
    code, out, err = says("query", kept, 'rain "ions\x1b and', "--operators")
    lines = err.splitlines()
    assert (code, out) == (2, "")
    assert lines[0].startswith("phago: ")
    assert "at character 6:" in lines[0]
    assert lines[1:3] == ['    rain "ions  and', "         ^"]
    assert "`--text`" in lines[3]
    assert "operators=False" not in err
