"""`phago evolve`: what it prints, that shards do not show, and what it says where something is wrong."""

import json
import re
from pathlib import Path

import pytest
from living import stream
from phago.cli.trials import MEASURES, mean_and_spread, tried
from phago.document import Document
from support import as_json


@pytest.fixture
def lines(here):
    """A file of lines of JSON."""
    rows = [json.dumps(one) for chunk in stream(12, documents=15) for one in chunk]
    Path("lines.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return "lines.jsonl"


def test_it_prints_what_each_reached_and_what_that_tells(lines, says):
    code, out, err = says("evolve", lines, "--ticks", 10, "--seeds", 3, "--seed", 4)
    assert (code, err) == (0, "")
    told = out.splitlines()
    assert told[0] == "lines.jsonl: 180 documents."
    assert told[1] == "10 ticks, each digests 6 at most: 60 in all."
    assert told[2] == "Seeds 4 to 6: mean ± standard deviation."
    heads = re.split(r" {2,}", told[4].strip())
    assert heads == ["concepts", "lasting synapses", "bridges", "characters", "born", "died"]
    assert [line.split()[0] for line in told[5:9]] == ["nobody", "default", "evolved", "random"]
    assert told[5].endswith("0 ± 0   0 ± 0") or told[5].split()[-3:] == ["0", "±", "0"]
    assert told[9].startswith("Signals favour long documents: with foragers ")
    genes = [line.split()[0] for line in told[12:18]]
    assert genes == ["radius", "patience", "keyword_boost", "exploration", "boundary", "wiring"]
    assert told[-1].startswith("Evolution changed ")
    assert "over 3 seeds" in told[-1]


def test_the_same_seed_prints_the_same_on_any_number_of_shards(lines, says):
    command = ("evolve", lines, "--ticks", 6, "--seeds", 2)
    printed = {says(*command, "--json", "--shards", shards) for shards in (1, 2, 3, 7, 16)}
    assert len(printed) == 1
    assert says(*command, "--shards", 3) == says(*command)
    code, row = as_json(printed.pop())
    assert code == 0
    assert (row["documents"], row["per_tick"], row["seeds"]) == (180, 10, [0, 1])
    assert list(row["results"]) == ["nobody", "default", "evolved", "random"]
    assert all(len(found) == 2 for found in row["results"].values())
    assert [one["spawned"] for one in row["results"]["nobody"]] == [0, 0]
    assert set(row["differences"]) == {*MEASURES} - {"topics"}
    assert row["drift"]["radius"].keys() == {"mean", "p"}
    assert row["verdict"].startswith("Evolution changed ")


def test_one_seed_tells_nothing_of_chance(lines, says):
    code, out, _ = says("evolve", lines, "--ticks", 4, "--seeds", 1)
    assert code == 0
    assert "Seed 0." in out
    assert "±" not in out
    assert out.splitlines()[-1].startswith("One seed tells nothing about chance")


def test_a_folder_is_taken(notes, says):
    code, out, err = says("evolve", notes, "--ticks", 2, "--seeds", 2)
    assert (code, err) == (0, "")
    assert out.startswith("notes: 4 documents.\n")


def test_what_the_user_can_mend_is_said_in_a_line(notes, says):
    assert says("evolve", "nosuch") == (2, "", "phago: there is no file or folder `nosuch`\n")
    assert says("evolve", notes) == (2, "", "phago: 4 documents in notes: give fewer --ticks than 24\n")
    Path("empty").mkdir()
    assert says("evolve", "empty") == (2, "", "phago: there are no documents in `empty`\n")
    Path("empty", "a.txt").write_text("", encoding="utf-8")
    code, _, err = says("evolve", "empty")
    assert (code, err[:49]) == (2, "phago: there are no documents in `empty` (left ou")
    for wrong in (("--seed", "-1"), ("--seed", "x"), ("--seeds", 0), ("--ticks", "0"), ("--shards", 0)):
        code, out, err = says("evolve", notes, *wrong)
        assert (code, out) == (2, "")
        assert f"{wrong[0]}: " in err


def documents():
    return [Document(one["text"], id=one["id"]) for chunk in stream(8, documents=12) for one in chunk]


def test_topics_are_a_measure_where_they_are_known():
    found = documents()
    topics = {one.id: one.text[:2] for one in found}
    trials = tried(found, ticks=4, seeds=[1, 2], topics=topics)
    assert set(trials.differences()) == set(MEASURES)
    assert all(0 < value <= 4 for value in trials.values("nobody", "topics"))
    assert tried(found, ticks=4, seeds=[1]).values("nobody", "topics") is None


def test_every_document_comes_once_and_some_of_each_part_before_every_tick(monkeypatch):
    came = []

    def stopped(colony, chunks, **more):
        came.extend(chunks)
        raise InterruptedError

    monkeypatch.setattr("phago.cli.trials.evolve", stopped)
    found = documents()
    with pytest.raises(InterruptedError):
        tried(found, ticks=4, seeds=[1])
    assert sorted(one.id for chunk in came for one in chunk) == sorted(one.id for one in found)
    assert [[one.id for one in chunk[:2]] for chunk in came[:2]] == [["d0-0", "d0-4"], ["d0-1", "d0-5"]]


def test_a_difference_that_is_no_chance_is_told(monkeypatch):
    trials = tried(documents(), ticks=4, seeds=[1, 2, 3])
    monkeypatch.setattr(type(trials), "differences", lambda self: {"concepts": (12.5, 0.0001), "bridges": (1.0, 0.4)})
    monkeypatch.setattr(type(trials), "drifts", lambda self: {"radius": (0.5, 0.0002), "wiring": (0.1, 0.3)})
    assert trials.verdict() == (
        "Evolution changed what was reached: concepts +12.5 (p < .001), beside the default genome over 3 seeds. "
        "Selection moved radius."
    )
    monkeypatch.setattr(type(trials), "differences", lambda self: {"concepts": (12.5, 0.008), "bridges": (1.0, 0.4)})
    assert trials.verdict() == (
        "Evolution changed nothing that was reached: over 3 seeds no measure differs from that of the default genome "
        "by more than chance (least p .008 of 2, and p .005 would be needed). Selection moved radius."
    )
    monkeypatch.setattr(type(trials), "drifts", lambda self: {})
    assert trials.verdict() == "There were no foragers, so nothing evolved."


def test_spread_is_that_of_a_sample():
    assert mean_and_spread([1.0, 2.0, 3.0]) == (2.0, 1.0)
    assert mean_and_spread([5.0]) == (5.0, 0.0)
