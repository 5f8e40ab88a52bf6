"""`phago eval`: a judged collection in numbers."""

import gzip
import json
import math
import os
import pickle
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import ir_measures
import pytest
from ir_measures import AP, RR, R, ScoredDoc, nDCG
from phago import cli
from phago.cli import command
from phago.evaluation import beir, evaluation, measures, significance
from scipy import stats
from support import CLEAN, Chance, with_sigint

PROGRAM = [sys.executable, "-W", "ignore", "-m", "phago"]
THEIRS = {"nDCG@10": nDCG @ 10, "MAP": AP @ 1000, "recall@5": R @ 5, "recall@10": R @ 10, "MRR@10": RR @ 10}

CORPUS = [
    {"_id": "heart", "title": "Heart", "text": "The heart pumps blood through the body. Blood carries oxygen."},
    {"_id": "lungs", "title": "Lungs", "text": "The lungs take oxygen from the air and give it to the blood."},
    {"_id": "bread", "title": "Bread", "text": "Flour, water, salt and yeast make bread. Yeast makes it rise."},
    {"_id": "beer", "text": "Malt, water and yeast make beer. Yeast turns sugar into alcohol."},
    {"_id": "wine", "title": None, "text": "Grapes and yeast make wine.", "metadata": {"source": "cellar"}},
    {"_id": "malt", "title": "Malt", "text": "Barley is soaked in water, sprouts, and is dried: malt."},
    {"_id": "blank", "title": "", "text": " "},
    {"_id": 7, "title": "", "text": "Sugar and water make syrup."},
]
QUERIES = [
    {"_id": "q2", "text": "what makes beer from malt and yeast"},
    {"_id": "q1", "text": "what carries oxygen in the blood"},
    {"_id": "unjudged", "text": "who bakes"},
    {"_id": "q3", "text": "zebra"},
    {"_id": "q4", "text": "water and sugar"},
]
QRELS = [
    ("q1", "heart", 2),
    ("q1", "lungs", 1),
    ("q1", "bread", 0),
    ("q2", "beer", 3),
    ("q2", "malt", 1),
    ("q2", "wine", -1),
    ("q3", "bread", 1),
    ("q4", "7", 1),
    ("q4", "beer", 1),
]
HEADER = "query-id\tcorpus-id\tscore\n"


def jsonl(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") and not isinstance(content, bytes) else data)
    return folder


def tsv(rows):
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


@pytest.fixture
def folder(tmp_path):
    files = {"corpus.jsonl": jsonl(CORPUS), "queries.jsonl": jsonl(QUERIES), "qrels.tsv": HEADER + tsv(QRELS)}
    return write(tmp_path / "kitchen", files)


def judge(capsys, *arguments):
    assert cli.main(["eval", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def without_speed(output):
    """The output without queries/s: the last column of the first table, a field of the JSON."""
    cut = re.sub(r" +[\d,]+$", "", output, flags=re.MULTILINE)
    return re.sub(r'"queries_per_second": [\d.e+]+', "", cut)


# --- measures ----------------------------------------------------------------------------------------------------


def chances(seed):
    """Random judgements and rankings: graded, with ties, with unjudged and unfound documents and lost questions."""
    chance = Chance(seed)
    grades, found = {}, {}
    for question in range(40):
        name = f"q{question}"
        documents = [f"d{number}" for number in range(60)]
        judged = {
            document: max(0, chance.below(6) - 2) for document in chance.shuffled(documents)[: 1 + chance.below(30)]
        }
        grades[name] = judged
        size = 0 if question % 10 == 0 else 1 + chance.below(40)
        # Few different scores, so that most documents are tied.
        scores = sorted((chance.below(7) / 3 for _ in range(size)), reverse=True)
        found[name] = list(zip(chance.shuffled(documents)[:size], scores, strict=True))
    return grades, found


def test_grades_below_0_are_no_answers():
    # Beside ir-measures no grade is below 0: the extension that it calls may end the process on one.
    ranking = ["spam", "answer", "other"]
    for measure in measures.MEASURES.values():
        below, zero = ({"spam": grade, "answer": 2, "missing": 1} for grade in (-2, 0))
        assert measure(ranking, below) == measure(ranking, zero) > 0
        assert measure(ranking, {"spam": -1}) == 0


def result_of(found):
    return evaluation.Result(evaluation.BASELINE, found, {}, 1.0)


@pytest.mark.parametrize("seed", range(20))
def test_measures_are_those_of_ir_measures_on_the_run_that_is_written(seed):
    grades, found = chances(seed)
    lines = evaluation.run_lines(result_of(found))
    run = list(ir_measures.read_trec_run("".join(f"{line}\n" for line in lines)))
    theirs = {measure: {} for measure in THEIRS}
    for metric in ir_measures.iter_calc(list(THEIRS.values()), grades, run):
        name = next(name for name, measure in THEIRS.items() if measure == metric.measure)
        theirs[name][metric.query_id] = metric.value
    for name, measure in measures.MEASURES.items():
        for question, judged in grades.items():
            ours = measure([document for document, _ in found[question]], judged)
            assert ours == pytest.approx(theirs[name][question], abs=1e-9), (name, question)
        mean = ir_measures.calc_aggregate([THEIRS[name]], grades, run)[THEIRS[name]]
        values = [measure([document for document, _ in found[question]], judged) for question, judged in grades.items()]
        assert math.fsum(values) / len(values) == pytest.approx(mean, abs=1e-9)


def test_scores_of_a_run_fall_strictly_in_single_precision():
    # Ties, differences that single precision cannot hold, zero and below.
    scores = [3.0, 3.0, 3.0 - 1e-12, 1.0, 1e-40, 0.0, 0.0, -1.0, -1.0 - 1e-12]
    found = {"q": [(f"d{place}", score) for place, score in enumerate(scores)]}
    written = [float(line.split()[4]) for line in evaluation.run_lines(result_of(found))]
    single = [evaluation._single(score) for score in written]
    assert single == sorted(set(single), reverse=True)
    assert written == pytest.approx(scores, abs=1e-6)
    ranked = sorted(
        (ScoredDoc("q", f"d{place}", score) for place, score in enumerate(single)), key=lambda row: -row.score
    )
    assert [row.doc_id for row in ranked] == [f"d{place}" for place in range(len(scores))]


@pytest.mark.parametrize("count", [2, 3, 10, 100, 225, 5000])
def test_p_is_that_of_scipy(count):
    chance = Chance(count)
    for shift in (0.0, 0.01, 0.1, 1.0):
        ours = [chance.below(1000) / 1000 + shift for _ in range(count)]
        theirs = [chance.below(1000) / 1000 for _ in range(count)]
        expected = stats.ttest_rel(ours, theirs).pvalue
        assert significance.paired_t_test(ours, theirs) == pytest.approx(expected, rel=1e-8, abs=1e-300)


def test_p_where_there_is_no_spread():
    assert significance.paired_t_test([0.5], [0.25]) is None
    assert significance.paired_t_test([0.5, 0.25], [0.5, 0.25]) == 1.0
    assert significance.paired_t_test([0.5, 0.75], [0.25, 0.5]) == 0.0
    assert significance.paired_t_test([0.5, 0.25], [0.25, 0.5]) == 1.0


# --- what is shown -----------------------------------------------------------------------------------------------


def test_the_table(folder, capsys):
    output = judge(capsys, folder)
    assert output.startswith("kitchen: 8 documents, 4 judged questions, 9 judgements.\n")
    assert "Left out: 1 document, such as `blank`" in output
    figures = dict(re.findall(r"^(\w[\w ]*?) {2,}((?: *[01]\.\d{4}){5}) +[\d,]+$", output, re.MULTILINE))
    assert list(figures) == [row.name for row in evaluation.ROWS]
    compared = re.findall(
        r"^(\w[\w ]*?) {2,}(?: *[+-][01]\.\d{4} p(?:=\.\d{3}|=1\.000|<\.001)){5}$", output, re.MULTILINE
    )
    assert compared == [row.name for row in evaluation.ROWS if row.changes is not None]


MODEL = """
def letters(texts):
    return [[text.lower().count(sign) + 0.01 for sign in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
def short(texts):
    return letters(texts)[1:]
nothing = 7
"""


@pytest.fixture
def made(folder, tmp_path, monkeypatch):
    """A model of letters as a module, and what it makes of the folder's texts as a file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("letters_model.py").write_text(MODEL)
    scope = {}
    exec(MODEL, scope)
    texts = [f"{row['title']}\n{row['text']}" if row.get("title") else row["text"] for row in CORPUS]
    texts += [row["text"] for row in QUERIES]
    rows = [{"text": text, "vector": vector} for text, vector in zip(texts, scope["letters"](texts), strict=True)]
    Path("vectors.jsonl").write_text(jsonl(rows))
    return folder


def test_a_row_with_vectors_is_added_and_changes_no_other(made, capsys):
    plain = without_speed(judge(capsys, made))
    outputs = [
        without_speed(judge(capsys, made, "--vectors", name)) for name in ("letters_model:letters", "vectors.jsonl")
    ]
    assert outputs[0] == outputs[1]
    added = [line for line in outputs[0].splitlines() if line not in plain.splitlines()]
    assert [line.split("  ")[0] for line in added] == ["with vectors", "with vectors"]
    rows = json.loads(judge(capsys, made, "--vectors", "vectors.jsonl", "--json"))["rows"]
    assert [row["name"] for row in rows] == [*(row.name for row in evaluation.ROWS), "with vectors"]
    assert rows[-1]["measures"] != rows[0]["measures"]


def test_several_collections_are_averaged(made, tmp_path, capsys):
    other = write(
        tmp_path / "pantry",
        {
            "corpus.jsonl": jsonl(CORPUS),
            "queries.jsonl": jsonl(QUERIES[:1]),
            "qrels.tsv": HEADER + tsv(row for row in QRELS if row[0] == QUERIES[0]["_id"]),
        },
    )
    output = judge(capsys, made, other, "--vectors", "letters_model:letters")
    assert "kitchen: 8 documents" in output
    assert "pantry: 8 documents" in output
    found = json.loads(judge(capsys, made, other, "--vectors", "letters_model:letters", "--json"))
    one, two = found["collections"]
    assert one["rows"][0]["name"] == found["average"]["rows"][0]["name"] == "phago"
    for row, first, second in zip(found["average"]["rows"], one["rows"], two["rows"], strict=True):
        for measure, value in row["measures"].items():
            mean = (first["measures"][measure]["mean"] + second["measures"][measure]["mean"]) / 2
            assert value["mean"] == pytest.approx(mean)
        means = "".join(f"{value['mean']:>11.4f}" for value in row["measures"].values())
        assert f"{row['name']:22}{means}" in output.split("Mean over 2 collections:")[1]
    for option in (["--replay"], ["--run-file", "run"]):
        assert cli.main(["eval", str(made), str(other), *option]) == 2
        assert "take one DIR" in capsys.readouterr().err


@pytest.mark.parametrize(
    "given", ["letters_model", "letters_model:nobody", "nobody:letters", "letters_model:nothing", "bad.jsonl"]
)
def test_what_is_no_model_is_refused_before_the_work(given, made, capsys):
    Path("bad.jsonl").write_text('{"text": "a"}\n')
    with pytest.raises(SystemExit) as ended:
        cli.main(["eval", str(made), "--vectors", given])
    assert ended.value.code == 2
    assert "--vectors" in capsys.readouterr().err


def test_a_model_that_fails_is_told_in_a_line(made, capsys):
    assert cli.main(["eval", str(made), "--vectors", "letters_model:short"]) != 0
    assert "`embed` returned" in capsys.readouterr().err


def test_json_says_what_the_table_says(folder, capsys):
    output = judge(capsys, folder)
    found = json.loads(judge(capsys, folder, "--json"))
    assert (found["collection"], found["documents"], found["left_out"]) == ("kitchen", 7, 1)
    assert (found["questions"], found["judgements"], found["depth"]) == (4, 9, 1000)
    assert [row["name"] for row in found["rows"]] == [row.name for row in evaluation.ROWS]
    for row in found["rows"]:
        assert list(row["measures"]) == list(THEIRS)
        means = "".join(f"{measure['mean']:>11.4f}" for measure in row["measures"].values())
        assert re.search(rf"^{row['name']} +{means.strip()} ", output, re.MULTILINE)
        assert row["queries_per_second"] > 0
        for measure in row["measures"].values():
            assert ("p" in measure) == ("difference" in measure) == (row["name"] != "BM25")


def test_the_run_file_gives_the_figures_of_its_row(folder, tmp_path, capsys):
    found = json.loads(judge(capsys, folder, "--json", "--run-file", tmp_path / "run.txt"))
    grades = {}
    for question, document, grade in QRELS:
        grades.setdefault(question, {})[document] = grade
    run = list(ir_measures.read_trec_run(str(tmp_path / "run.txt")))
    first = found["rows"][0]
    for name, measure in THEIRS.items():
        theirs = ir_measures.calc_aggregate([measure], grades, run)[measure]
        assert first["measures"][name]["mean"] == pytest.approx(theirs, abs=1e-9)
    lines = (tmp_path / "run.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in lines] == sorted(
        (line.split()[0] for line in lines), key=["q2", "q1", "q4"].index
    )
    assert {line.split()[1] for line in lines} == {"Q0"}
    assert {line.split()[5] for line in lines} == {first["name"]}


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_shards_change_no_line(folder, tmp_path, capsys, options):
    outputs, runs = set(), set()
    for shards in (1, 3, 16):
        output = judge(capsys, folder, *options, "--shards", shards, "--run-file", tmp_path / "run.txt")
        outputs.add(without_speed(output))
        runs.add((tmp_path / "run.txt").read_bytes())
    assert len(outputs) == len(runs) == 1
    assert without_speed(output) != output


def test_depth_bounds_the_ranking_and_the_run_file_holds_a_thousand(tmp_path, capsys):
    corpus = jsonl({"_id": f"d{number}", "text": f"yeast {number}"} for number in range(1200))
    files = {"corpus.jsonl": corpus, "queries.jsonl": jsonl([{"_id": "q", "text": "yeast"}]), "qrels.tsv": "q\td7\t1\n"}
    write(tmp_path, files)
    run = tmp_path / "run.txt"
    for depth, lines in (("10", 10), ("1000", 1000), ("1100", 1000)):
        found = json.loads(judge(capsys, tmp_path, "--depth", depth, "--json", "--run-file", run))
        assert found["depth"] == int(depth)
        assert len(run.read_text().splitlines()) == lines


# --- what is read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        ("corpus.jsonl.gz", "queries.jsonl", "qrels.tsv"),
        ("corpus.jsonl", "queries.jsonl.gz", "qrels/test.tsv"),
        ("corpus.jsonl.gz", "queries.jsonl.gz", "qrels/test.tsv.gz"),
    ],
)
@pytest.mark.parametrize("header", ["", HEADER])
def test_packed_or_not_with_a_header_or_not(folder, tmp_path, names, header):
    contents = (jsonl(CORPUS), jsonl(QUERIES), header + tsv(QRELS))
    other = write(tmp_path / "other" / "kitchen", dict(zip(names, contents, strict=True)))
    assert replace(beir.read_collection(other), path=str(folder)) == beir.read_collection(folder)


def test_what_is_read(folder):
    found = beir.read_collection(str(folder))
    assert found.name == "kitchen"
    assert list(found.questions) == ["q2", "q1", "q3", "q4"]
    assert found.grades["q2"] == {"beer": 3, "malt": 1, "wine": -1}
    assert [document.id for document in found.documents][-1] == "7"
    assert found.documents[4].title == ""


def test_threads_are_read_and_get_a_row_of_their_own(folder, capsys):
    rows = [dict(row) for row in CORPUS]
    rows[0] |= {"thread": "body", "place": 1}
    rows[1] |= {"metadata": {"thread": "body", "turn": 0, "date": "today"}}
    rows[2] |= {"metadata": {"thread": "no place"}}
    (folder / "corpus.jsonl").write_text(jsonl(rows))
    found = beir.read_collection(folder).documents
    assert [(one.thread, one.place) for one in found[:3]] == [("body", 1), ("body", 0), (None, None)]
    assert cli.main(["eval", str(folder)]) == 0
    assert "\nno context " in capsys.readouterr().out
    rows[0] |= {"place": "first"}
    (folder / "corpus.jsonl").write_text(jsonl(rows))
    with pytest.raises(beir.CollectionError, match="line 1 has a place in a thread of type str"):
        beir.read_collection(folder)


def test_a_collection_cut_after_it_was_judged(folder):
    (folder / "qrels.tsv").write_text("q9\theart\t1\nq1\theart\t1\nq1\tgone\t1\n")
    found = beir.read_collection(folder)
    assert list(found.questions) == ["q1"]
    # As trec_eval has it: an answer that is not there is an answer that is not found.
    assert found.grades == {"q1": {"heart": 1, "gone": 1}}


def test_windows_lines_blank_lines_and_a_byte_order_mark(folder):
    before = beir.read_collection(folder)
    for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv"):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n\r\n").encode())
    assert beir.read_collection(folder) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("qrels.tsv", "q1 heart 1\nq1 lungs 0\n"),
        ("qrels.tsv", "q1 0 heart 1\nq1 0 lungs 0\n"),
        ("qrels.tsv", "q1\t0\theart\t1\nq1\tQ0\tlungs\t0\n"),
        ("qrels.tsv", "q1\theart\t1.0\nq1\tlungs\t0.0\n"),
        ("qrels.tsv", "query-id iteration corpus-id score\nq1 0 heart 1\nq1 0 lungs 0\n"),
        ("qrels/dev.tsv", HEADER + "q1\theart\t1\nq1\tlungs\t0\n"),
        ("qrels/train.tsv.gz", "q1\theart\t1\nq1\tlungs\t0\n"),
    ],
)
def test_judgements_are_read_in_the_forms_they_come_in(folder, name, content):
    (folder / "qrels.tsv").unlink()
    assert beir.read_collection(write(folder, {name: content})).grades == {"q1": {"heart": 1, "lungs": 0}}


def test_the_test_split_comes_before_the_others(folder):
    (folder / "qrels.tsv").unlink()
    write(folder, {f"qrels/{name}.tsv": f"q1\t{name}\t1\n" for name in ("train", "test", "dev")})
    assert beir.read_collection(folder).grades == {"q1": {"test": 1}}


def test_a_grade_may_have_a_fraction_and_an_id_spaces(folder):
    (folder / "qrels.tsv").write_text("q1\tthe heart\t0.5\nq1\tlungs\t2.25\n")
    grades = beir.read_collection(folder).grades["q1"]
    assert grades == {"the heart": 0.5, "lungs": 2.25}
    assert measures.ndcg(["the heart", "lungs"], grades) == pytest.approx(
        (0.5 + 2.25 / math.log2(3)) / (2.25 + 0.5 / math.log2(3))
    )


def test_the_document_that_a_question_copies_is_no_answer_to_it(tmp_path, capsys):
    texts = {
        "a1": "Death penalty  deters crime strongly",
        "a2": "penalty does not deter, says a study of crime",
        "a3": "crime and bread",
    }
    corpus = jsonl([{"_id": name, "title": "", "text": text} for name, text in texts.items()])
    # The second question only has the id of a document, as where both are numbered from 1.
    queries = jsonl([{"_id": "a1", "text": "death penalty deters crime strongly"}, {"_id": "a3", "text": "penalty"}])
    write(tmp_path, {"corpus.jsonl": corpus, "queries.jsonl": queries, "qrels.tsv": "a1\ta2\t1\na3\ta2\t1\n"})
    collection = beir.read_collection(tmp_path)
    assert collection.copied == {"a1"}
    report = evaluation.evaluate(collection, shards=2, depth=10)
    for result in report.results:
        assert [name for name, _ in result.rankings["a1"]][:1] == ["a2"], result.row
        assert {name for name, _ in result.rankings["a3"]} >= {"a1", "a2"}, result.row
    assert "that 1 of the questions copy" in judge(capsys, tmp_path)


DAMAGED = gzip.compress(jsonl(CORPUS).encode())[:-20]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "corpus.jsonl",
            None,
            "there is no `corpus.jsonl` in `kitchen`; accepted is `corpus.jsonl`, gzipped or not",
        ),
        (
            "qrels.tsv",
            None,
            (
                "there is no `qrels.tsv` in `kitchen`; accepted is `qrels.tsv` or `qrels/test.tsv` or `qrels/dev.tsv` "
                "or `qrels/train.tsv`, gzipped or not"
            ),
        ),
        ("corpus.jsonl", "", "`kitchen/corpus.jsonl` holds nothing"),
        ("queries.jsonl", "\n", "`kitchen/queries.jsonl` holds nothing"),
        ("qrels.tsv", "", "`kitchen/qrels.tsv` holds no judgement"),
        ("qrels.tsv", HEADER, "`kitchen/qrels.tsv` holds no judgement"),
        ("qrels.tsv", "q1\theart\t0\n", "`kitchen/qrels.tsv` judges no document to be an answer"),
        (
            "corpus.jsonl",
            '{"_id": "a", "text": "b"}\n\n{"_id": "c", "text": }\n',
            "`kitchen/corpus.jsonl` line 3 is not JSON at column 22: Expecting value",
        ),
        ("corpus.jsonl", "[" * 100_000, "`kitchen/corpus.jsonl` line 1 is not JSON"),
        (
            "queries.jsonl",
            "[1]\n",
            "`kitchen/queries.jsonl` line 1 is of type list; accepted is an object with `_id` and `text`",
        ),
        ("queries.jsonl", '{"text": "b"}\n', "`kitchen/queries.jsonl` line 1 has no `_id`"),
        ("queries.jsonl", '{"_id": "", "text": "b"}\n', "`kitchen/queries.jsonl` line 1 has an empty `_id`"),
        ("queries.jsonl", '{"_id": "a"}\n', "`kitchen/queries.jsonl` line 1 has no `text`"),
        (
            "corpus.jsonl",
            '{"_id": "a", "text": "b", "title": 3}\n',
            "`kitchen/corpus.jsonl` line 1 has `title` of type int; accepted is a string",
        ),
        (
            "corpus.jsonl",
            '{"_id": "a", "text": "\\ud800"}\n',
            "`kitchen/corpus.jsonl` line 1 has half a character in `text`, which is no text",
        ),
        (
            "corpus.jsonl",
            '{"_id": "a", "text": "b"}\n{"_id": "a", "text": "b"}\n',
            "`kitchen/corpus.jsonl` line 2 has the `_id` `a`, which line 1 has",
        ),
        ("corpus.jsonl", b'{"_id": "a", "text": "b"}\n\xff\n', "`kitchen/corpus.jsonl` line 2 is not UTF-8"),
        (
            "qrels.tsv",
            "q9\theart\t1\n",
            "`kitchen/qrels.tsv` holds no judgement",
        ),
        (
            "qrels.tsv",
            "q1\theart\tgood\n",
            "`kitchen/qrels.tsv` line 1 has the grade `good`; accepted is a number",
        ),
        (
            "qrels.tsv",
            HEADER + "q1\theart\t1e3\n",
            "`kitchen/qrels.tsv` line 2 has the grade `1e3`; accepted is a number",
        ),
        (
            "qrels.tsv",
            "q1 heart\n",
            (
                "`kitchen/qrels.tsv` line 1 has 2 columns; accepted is question, document and grade, or question, "
                "iteration, document and grade"
            ),
        ),
        (
            "qrels.tsv",
            "q1\theart\t1\nq1\theart\t2\n",
            "`kitchen/qrels.tsv` line 2 judges `heart` for `q1` again, as 2 and not 1",
        ),
    ],
)
def test_a_fault_is_one_line(folder, name, content, message, monkeypatch, capsys):
    monkeypatch.chdir(folder.parent)
    (folder / name).unlink()
    if content is not None:
        write(folder, {name: content})
    assert cli.main(["eval", "kitchen"]) == 2
    assert capsys.readouterr() == ("", f"phago: {message}\n")


def test_a_damaged_archive_is_one_line(folder, capsys):
    (folder / "corpus.jsonl").unlink()
    for data in (DAMAGED, DAMAGED[:30] + b"\xff\xff" + DAMAGED[32:], b"plain text"):
        (folder / "corpus.jsonl.gz").write_bytes(data)
        assert cli.main(["eval", str(folder)]) == 2
        assert re.fullmatch(
            r"phago: `.*corpus\.jsonl\.gz` (is damaged after line \d: |line \d is not ).*\n", capsys.readouterr().err
        )


def test_a_fault_says_where(folder):
    (folder / "qrels.tsv").write_text("q1\theart\t1\nq1\tlungs\tgood\n")
    with pytest.raises(beir.CollectionError) as caught:
        beir.read_collection(folder)
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert (error.path, error.line) == (str(folder / "qrels.tsv"), 2)


def test_a_wrong_folder_is_one_line(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert cli.main(["eval", "nowhere"]) == 2
    assert capsys.readouterr().err == "phago: there is no folder `nowhere`\n"
    assert cli.main(["eval", "qrels.tsv"]) == 2
    assert capsys.readouterr().err == "phago: `qrels.tsv` is a file; give the folder it is in\n"


def test_a_run_file_that_cannot_be_written_is_told_before_the_work(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "evaluate", lambda *_, **__: pytest.fail("the work was done"))
    for place in (tmp_path, tmp_path / "nowhere" / "run.txt"):
        assert cli.main(["eval", str(folder), "--run-file", str(place)]) == 2
        assert capsys.readouterr().err == f"phago: `{place}` cannot be written: it is a folder, or lies in none\n"
    write(folder, {"corpus.jsonl": jsonl([*CORPUS, {"_id": "two words", "text": "b"}])})
    assert cli.main(["eval", str(folder), "--run-file", str(tmp_path / "run.txt")]) == 2
    assert "a TREC run cannot hold the id `two words`" in capsys.readouterr().err
    assert not (tmp_path / "run.txt").exists()


def test_a_question_over_the_bound_is_one_line(folder, capsys):
    write(folder, {"queries.jsonl": jsonl([*QUERIES[1:], {"_id": "q2", "text": "word " * 20_000}])})
    assert cli.main(["eval", str(folder)]) == 2
    assert re.fullmatch(r"phago: question `q2`: .*65536.*\n", capsys.readouterr().err)


@pytest.mark.parametrize("arguments", [[], ["--depth", "9"], ["--depth", "x"], ["--shards", "0"]])
def test_wrong_usage_ends_with_2(folder, arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["eval", *([str(folder)] if arguments else []), *arguments])
    assert caught.value.code == 2
    assert "usage: phago eval" in capsys.readouterr().err


# --- endings -----------------------------------------------------------------------------------------------------


def test_ctrl_c_ends_with_130_and_no_traceback(tmp_path):
    chance = Chance(7)
    words = [[f"w{chance.below(2000)}" for _ in range(60)] for _ in range(20_000)]
    corpus = jsonl({"_id": str(number), "text": " ".join(found)} for number, found in enumerate(words))
    queries = jsonl({"_id": f"q{number}", "text": " ".join(found)} for number, found in enumerate(words[:2000]))
    write(tmp_path, {"corpus.jsonl": corpus, "queries.jsonl": queries})
    write(tmp_path, {"qrels.tsv": tsv((f"q{number}", number, 1) for number in range(2000))})
    command = with_sigint("SIG_DFL", [*PROGRAM, "eval", str(tmp_path)])
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    # The collection is read; where the signal falls is left to chance, it must be answered anywhere.
    assert "20,000 documents" in running.stdout.readline()
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=100)
    assert running.returncode == 130
    assert errors == "phago: interrupted\n"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_who_leaves_is_no_error(folder, options):
    read, write_end = os.pipe()
    os.close(read)
    with os.fdopen(write_end, "wb") as closed:
        command = [*PROGRAM, "eval", str(folder), *options]
        done = subprocess.run(command, env=CLEAN, stdout=closed, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 141
    assert done.stderr == b""
