"""`phago eval --replay`: learning from use on a collection small enough to see through."""

import json
import math
import pickle
import re

import pytest
from phago import Document, cli
from phago.evaluation import replay
from phago.evaluation.beir import Collection
from support import words

TOPICS = 12
HEADS, ONES, OTHERS, REST = (words(8 * TOPICS)[at::8] for at in (0, 1, 2, 3))


def topics():
    """A question's word stands with two words in as many documents; only one of them is what is meant.

    Nothing but use can tell which: either side is the mirror of the other, so that ids end the ties.
    """
    documents, questions, grades = [], {}, {}
    for at in range(TOPICS):
        for side, word in enumerate((ONES[at], OTHERS[at])):
            documents.append(Document(f"{HEADS[at]} {word}", f"near-{at}-{side}"))
            documents.append(Document(f"{word} {REST[at]} {REST[at]}", f"far-{at}-{side}"))
        questions[f"q{at}"] = HEADS[at]
        grades[f"q{at}"] = {f"near-{at}-0": 1, f"far-{at}-0": 2}
    return Collection("topics", "topics", documents, questions, grades)


def folder_of(collection, path):
    rows = [{"_id": document.id, "text": document.text} for document in collection.documents]
    (path / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = [{"_id": name, "text": text} for name, text in collection.questions.items()]
    (path / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    judged = [(question, name, grade) for question, some in collection.grades.items() for name, grade in some.items()]
    (path / "qrels.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in judged))
    return str(path)


@pytest.fixture(scope="module")
def report():
    return replay.replay(topics(), shards=3, draws=400)


def test_what_was_learned_shows_where_it_was_learned_and_nowhere_else(report):
    assert (report.draws, report.ticks) == (400, 20)
    # Both answers are found every time.
    assert report.reinforced == 800
    assert report.gain.mean > 0.01
    assert report.difference(replay.AFTER, replay.IDLE, "learned", "nDCG@10").mean == pytest.approx(report.gain.mean)
    for row in (replay.BEFORE, replay.IDLE, replay.AFTER):
        for measure in replay.COMPARED:
            assert report.difference(row, replay.DEFAULT, "unseen", measure).mean == 0
    assert not report.losses


def test_halves_are_halves_and_any_seed_has_its_own(report):
    learned, unseen = report.halves["learned"], report.halves["unseen"]
    assert (len(learned), len(unseen)) == (6, 6)
    assert {*learned, *unseen} == topics().questions.keys()
    other = replay.replay(topics(), shards=1, draws=20, seed=1)
    assert other.halves != report.halves
    assert all(len(values["nDCG@10"]) == 6 for row in other.rows.values() for values in row.values())


def test_no_number_of_shards_and_no_second_run_changes_a_figure(report):
    for shards in (1, 3, 16):
        again = replay.replay(topics(), shards=shards, draws=400)
        assert again.as_json() == report.as_json()
        assert list(replay.replay_table(again)) == list(replay.replay_table(report))
    assert pickle.loads(pickle.dumps(report)) == report


def test_draws_follow_zipf(monkeypatch):
    asked = []

    class Colony:
        def query(self, text, k, ranking):
            asked.append(text)
            assert (k, ranking.hop_share) == (10, 0.2)
            return []

        def tick(self):
            asked.append(None)

    names = [f"q{at}" for at in range(8)]
    collection = Collection("", "", [], {name: name for name in names}, {name: {} for name in names})
    assert replay._learn(Colony(), collection, names, 6001, 3) == (301, 0)
    assert asked.count(None) == 301
    assert asked[20] is None
    assert asked[-1] is None
    total = sum(1 / rank for rank in range(1, 9))
    for rank, name in enumerate(names, 1):
        share = 1 / rank / total
        assert abs(asked.count(name) - 6001 * share) < 5 * math.sqrt(6001 * share)


def values(mean, spread=0.01):
    return {measure: [mean + spread * (at % 3 - 1) for at in range(30)] for measure in replay.COMPARED}


@pytest.mark.parametrize(
    ("learned", "unseen", "may", "says"),
    [
        (0.6, 0.5, True, "may touch the default ranking: a significant gain .* no significant loss"),
        (0.6, 0.4, False, r"stays out of .* a significant gain .* a significant loss \(nDCG@10 -0\.1000 p<\.001, MAP"),
        (0.5, 0.5, False, "stays out of .* no significant gain .* no significant loss"),
        (0.4, 0.6, False, "stays out of .* no significant gain"),
    ],
)
def test_the_conclusion_is_drawn_from_the_figures(report, learned, unseen, may, says):
    found = {"learned": values(learned, 0.02), "unseen": values(unseen, 0.02)}
    base = {"learned": values(0.5), "unseen": values(0.5)}
    rows = {replay.DEFAULT: base, replay.BEFORE: base, replay.IDLE: base, replay.AFTER: found}
    made = replay.Replay(report.collection, (), report.halves, 1, 1, 1, rows)
    assert made.may_rank is may
    assert made.as_json()["may_rank"] is may
    assert re.search(says, made.conclusion)


def test_two_questions_are_too_few_to_conclude_anything():
    whole = topics()
    names = ("q0", "q1")
    few = Collection(
        "few", "few", whole.documents, {n: whole.questions[n] for n in names}, {n: whole.grades[n] for n in names}
    )
    report = replay.replay(few, shards=1, draws=200)
    assert report.gain.p is None
    assert not report.may_rank
    assert "p=-" in report.conclusion


def test_the_command_shows_it_as_a_table_and_as_json(tmp_path, capsys, report, monkeypatch):
    path = folder_of(topics(), tmp_path)
    monkeypatch.setattr(replay.replay, "__kwdefaults__", {**replay.replay.__kwdefaults__, "draws": 400})
    assert cli.main(["eval", path, "--replay", "--shards", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == [*list(replay.replay_table(report))[:-1], lines[-1]]
    assert lines[-1] == report.conclusion.replace("topics", tmp_path.name)
    assert cli.main(["eval", path, "--replay", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        **report.as_json(),
        "collection": tmp_path.name,
        "conclusion": lines[-1],
    }


def test_what_cannot_be_replayed_is_told(tmp_path, capsys):
    whole = topics()
    one = Collection("", "", whole.documents, {"q0": whole.questions["q0"]}, {"q0": whole.grades["q0"]})
    path = folder_of(one, tmp_path)
    assert cli.main(["eval", path, "--replay"]) == 2
    error = capsys.readouterr().err
    assert "has one judged question" in error
    assert error.count("\n") == 1
    with pytest.raises(SystemExit) as caught:
        cli.main(["eval", path, "--replay", "--run-file", str(tmp_path / "run")])
    assert caught.value.code == 2
