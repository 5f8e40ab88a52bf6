"""A model of the caller's own, for a colony of another process: vectors cross, and the model stays where it is."""

import array
import asyncio
import contextlib
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import mcp_clients
import phago
import pytest
from serving import served
from support import imported

WORDS = ("ion", "salt", "bread")


def counted(texts):
    """How often some words come, which is a model of a kind."""
    return [[1.0 + text.lower().count(word) for word in WORDS] for text in texts]


class Model:
    def __init__(self, made=counted):
        self.asked, self.threads, self._made = [], set(), made

    def __call__(self, texts):
        assert len(texts) <= 64
        self.asked.append(list(texts))
        self.threads.add(threading.get_ident())
        return self._made(texts)


DOCUMENTS = [
    {"id": "a", "title": "Ions", "text": "Ions cross the membrane."},
    {"id": "b", "text": "Salt and water."},
    {"id": "c", "text": "Yeast makes bread.", "vector": [9.0, 0.5, 0.25]},
    "It comes without an id.",
    phago.Document("Bread and salt, salt and bread.", id="e"),
]


@contextlib.contextmanager
def clients(kind, folder, **model):
    """One with the model and one without, of the same colony: whoever owns it."""
    if kind == "http":
        with served(folder) as site, phago.connect(site.url, **model) as one, phago.connect(site.url) as other:
            yield one, other
    elif kind == "owner":
        with phago.connect(folder, **model) as one, phago.connect(folder) as other:
            yield one, other
    else:
        with phago.connect(folder) as other, phago.connect(folder, **model) as one:
            yield one, other


@pytest.mark.parametrize("kind", ["owner", "other", "http"])
def test_vectors_are_those_that_a_colony_with_the_model_has(tmp_path, kind):
    here, there = Model(), Model()
    question = "salt, and what else"
    with (
        phago.Colony(embed=here, model="counts") as colony,
        clients(kind, tmp_path / "m", embed=there, model="counts") as (client, bare),
    ):
        for one in (colony, client):
            one.ingest(DOCUMENTS)
            one.update({"id": "b", "text": "Salt, salt, water."})
            one.update_all(
                [{"id": "a", "title": "Ions", "text": "Ions cross.", "expires": 50}, {"id": "n", "text": "New."}]
            )
            one.run()
        assert client.digest() == colony.digest()
        assert here.asked == there.asked
        hits = client.query(question)
        assert hits == colony.query(question)
        assert any(hit.parts.similar for hit in hits)
        assert client.explain(question, "b") == colony.explain(question, "b")
        assert here.asked == there.asked
        # Who has no model asks by words, and gives a vector where there is one.
        assert not any(hit.parts.similar for hit in bare.query(question))
        assert bare.query(question, vector=counted([question])[0]) == colony.query(question)
        # What counts no vector asks for none, and what comes with one neither.
        before = len(there.asked)
        client.query(question, ranking="lexical")
        client.query(question, ranking=phago.Ranking(similar_weight=0, similar_seed=0))
        client.query(question, vector=[1, 2, 3])
        client.query(" ")
        assert len(there.asked) == before


def test_the_model_runs_in_the_thread_of_its_caller(tmp_path):
    model = Model()
    with phago.connect(tmp_path / "m"), phago.connect(tmp_path / "m", embed=model) as client:
        assert not client.is_owner
        client.ingest(DOCUMENTS)
        client.query("salt")
    assert model.threads == {threading.get_ident()}


def test_what_stands_already_is_not_embedded_again(tmp_path):
    model = Model()
    with phago.connect(tmp_path / "m", embed=model) as client:
        client.ingest(DOCUMENTS)
        asked = sum(map(len, model.asked))
        assert asked == 4
        assert client.ingest(DOCUMENTS).unchanged == 5
        assert client.update_all([one for one in DOCUMENTS if not isinstance(one, str)]).unchanged == 4
        assert sum(map(len, model.asked)) == asked


def test_many_documents_are_cut_by_the_size_of_their_vectors(tmp_path):
    arguments = imported("phago.remote.arguments")

    def long(texts):
        return [array.array("f", [1.0, *([0.5] * 4095)]) for _ in texts]

    documents = [{"id": f"d{number}", "text": f"Text {number}."} for number in range(300)]
    with phago.connect(tmp_path / "m", embed=long) as client:
        sent = []
        ask = client._asked

        def spied(name, /, **asked):
            sent.append((name, len(asked.get("documents", ()))))
            return ask(name, **asked)

        client._asked = spied
        assert client.ingest(documents).accepted == 300
        of_ingest = [count for name, count in sent if name == "ingest"]
        assert sum(of_ingest) == 300
        assert max(of_ingest) <= arguments.BYTES_AT_ONCE // (20 * 4096) + 1
        assert len(client.get("d299").vector) == 4096


def test_documents_that_are_refused_are_told_of_by_their_places(tmp_path):
    given = [
        {"id": "a", "text": "Salt."},
        {"id": "b"},
        {"id": "c", "text": "x", "time": object()},
        {"id": "d", "text": "Ion."},
    ]
    with phago.connect(tmp_path / "m", embed=Model()) as client:
        report = client.ingest(given, on_error="skip")
        assert (report.accepted, [(one.index, one.id, one.field) for one in report.rejected]) == (
            2,
            [(1, "b", "text"), (2, "c", "time")],
        )
        with pytest.raises(phago.InvalidDocument) as caught:
            client.ingest([{"id": "e", "text": "Bread."}] * 5 + [{"id": "z", "text": " "}])
        assert (caught.value.index, caught.value.id) == (5, "z")


@pytest.mark.parametrize("kind", ["owner", "other", "http"])
def test_a_model_that_does_not_fit_is_told_of_and_changes_nothing(tmp_path, kind):
    with clients(kind, tmp_path / "m", embed=Model(), model="counts") as (client, bare):
        client.ingest(DOCUMENTS)
        before = bare.digest()
        with pytest.raises(phago.ConfigError, match=r"`model` is `other`.*counts"):
            phago.connect(bare_where(bare), embed=Model(), model="other")
        with phago.connect(bare_where(bare), embed=lambda texts: [[1.0, 2.0]] * len(texts)) as wrong:
            with pytest.raises(phago.InvalidDocument, match=r"vector.*3"):
                wrong.ingest({"id": "new", "text": "New."})
            assert wrong.ingest(["New."], on_error="skip").rejected[0].field == "vector"
            with pytest.raises(phago.ConfigError, match=r"`vector`.*3"):
                wrong.query("salt")
        with phago.connect(bare_where(bare), embed=lambda texts: 1 / 0) as failing:
            for call in (
                lambda: failing.query("salt"),
                lambda: failing.ingest("New."),
                lambda: failing.explain("salt"),
            ):
                with pytest.raises(phago.EmbedError, match="ZeroDivisionError"):
                    call()
        assert bare.digest() == before


def bare_where(client):
    return client._channel.where


def test_what_is_no_model_is_refused_before_anything_is_opened(tmp_path):
    with pytest.raises(phago.ConfigError, match="`embed` is 'no'"):
        phago.connect(tmp_path / "m", embed="no")
    with pytest.raises(phago.ConfigError, match="`model`"):
        phago.connect(tmp_path / "m", model="alone")
    assert not (tmp_path / "m").exists()


def test_a_refused_model_leaves_the_directory_to_others(tmp_path):
    with phago.connect(tmp_path / "m", embed=Model(), model="counts"):
        pass
    with pytest.raises(phago.ConfigError, match="counts"):
        phago.connect(tmp_path / "m", embed=Model(), model="other")
    with phago.open(tmp_path / "m", embed=Model(), model="counts"):
        pass


def test_the_twin_for_event_loops_embeds_in_a_thread(tmp_path):
    model = Model()

    async def asked():
        async with phago.connect_async(tmp_path / "m", embed=model, model="counts") as client:
            await client.ingest(DOCUMENTS)
            return await client.query("salt")

    hits = asyncio.run(asked())
    assert any(hit.parts.similar for hit in hits)
    assert threading.get_ident() not in model.threads


def test_a_served_memory_embeds_what_comes_without_a_vector(tmp_path):
    here, there = Model(), Model()
    question = {"text": "salt and bread"}
    with phago.Colony(embed=here) as colony, served(tmp_path / "m", embed=there) as site:
        colony.ingest(DOCUMENTS[:2])
        assert site.post("/v1/documents", DOCUMENTS[:2]).status == 200
        with phago.connect(site.url) as client:
            # Both without and with a model of its own.
            for one in (colony, client):
                one.ingest(DOCUMENTS[2:])
                one.run()
            assert client.digest() == colony.digest()
            assert client.query("salt and bread") == colony.query("salt and bread")
            hits = site.post("/v1/query", question).json["items"]
            assert [hit["id"] for hit in hits] == [hit.id for hit in colony.query("salt and bread")]
            assert any(hit["parts"]["similar"] for hit in hits)
            with pytest.raises(phago.InvalidDocument) as caught:
                client.ingest(["Good.", {"id": "z", "text": " "}])
            assert (caught.value.index, caught.value.id) == (1, "z")
            rejected = client.ingest(["Good.", {"id": "c", "text": "x", "time": object()}], on_error="skip").rejected
            assert [(one.index, one.field) for one in rejected] == [(1, "time")]


def test_a_model_that_fails_is_no_fault_of_who_asks(tmp_path):
    with served(tmp_path / "m", embed=lambda texts: 1 / 0) as site:
        answer = site.post("/v1/query", {"text": "salt"})
        assert (answer.status, answer.json["error"]) == (502, "EmbedError")
        assert site.get("/health").status == 200
        with phago.connect(site.url) as client, pytest.raises(phago.EmbedError):
            client.query("salt")


# --- the commands ---


WRONG = [
    ("no_such_module:counts", "'no_such_module:counts' cannot be loaded: No module named 'no_such_module'"),
    ("models_of_tests:nothing", "has no attribute 'nothing'"),
    ("models_of_tests:number", "is int; accepted is a callable"),
    ("models_of_tests", "is not MODULE:FUNCTION"),
    ("broken:model", "cannot be loaded, as it fails: ZeroDivisionError"),
    ("models_of_tests:fails", "the model of --embed cannot be used: `embed` failed for 1 texts: RuntimeError: no key"),
    ("models_of_tests:too_few", "`embed` returned 0 vectors for 1 texts"),
]


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A folder of commands, with modules that they can name."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(Path(__file__).with_name("models_of_tests.py"), tmp_path)
    Path("broken.py").write_text("1 / 0")
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.mark.parametrize("command", [["serve", "m", "--port", "0"], ["mcp", "m"], ["query", "m", "salt"]])
@pytest.mark.parametrize(("embed", "told"), WRONG)
def test_a_model_that_cannot_be_used_ends_the_command_in_a_line(models, says, command, embed, told):
    if command[0] == "query":
        if told.startswith(("the model", "`embed`")):
            pytest.skip("it asks the colony itself")
        with phago.open("m"):
            pass
    code, out, err = says(*command, "--embed", embed)
    assert (code, out) == (2, "")
    assert told in err
    assert Path("m").exists() is (command[0] == "query")


@pytest.mark.parametrize("command", [["serve", "m", "--port", "0"], ["mcp", "m"], ["mcp", "m", "--read-only"]])
def test_a_model_of_another_length_or_name_is_not_that_of_the_memory(models, says, command):
    with phago.open("m", embed=counted, model="counts") as colony:
        colony.ingest(DOCUMENTS)
        before = colony.digest()
    code, _, err = says(*command, "--embed", "models_of_tests:of_two")
    assert (code, "2" in err, "3" in err) == (2, True, True)
    assert "the model of --embed cannot be used: `vector`" in err
    code, _, err = says(*command, "--embed", "models_of_tests:counts", "--model", "other")
    assert (code, "accepted is `counts`" in err) == (2, True)
    code, _, err = says(*command, "--model", "counts")
    assert (code, "`model` is 'counts'; accepted is None without `embed`" in err) == (2, True)
    with phago.open("m") as colony:
        assert colony.digest() == before


def test_the_command_serves_with_a_model(models):
    line = [sys.executable, "-m", "phago", "serve", "m", "--port", "0", "--embed", "models_of_tests:counts"]
    with subprocess.Popen([*line, "--model", "counts"], stdout=subprocess.PIPE, text=True) as process:
        try:
            url = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[0]
            with phago.connect(url) as client, phago.Colony(embed=counted, model="counts") as colony:
                for one in (client, colony):
                    one.ingest(DOCUMENTS)
                assert client.digest() == colony.digest()
                assert client.query("salt") == colony.query("salt")
        finally:
            process.terminate()
            process.wait(20)


@pytest.mark.parametrize("read_only", [False, True])
def test_an_agents_memory_has_a_model(models, read_only):
    with phago.open("m", embed=counted) as colony:
        colony.ingest(DOCUMENTS)
        colony.run()

    async def main():
        options = ["--embed", "models_of_tests:counts", *(["--read-only"] if read_only else [])]
        async with mcp_clients.over_stdio("m", *options, log="log") as client:
            if not read_only:
                await client.ask("remember", documents=[{"id": "new", "text": "Salted bread."}])
            return (await client.ask("recall", question="salt of the earth"))["hits"]

    hits = mcp_clients.run(main())
    assert all(hit["parts"].get("similar") for hit in hits[:1])
    # What a model prints is no part of the conversation.
    # It is tried alone and on the memory, and asked once for each call.
    assert Path("log").read_text().splitlines() == ["of 1 texts"] * (3 if read_only else 4)
    with phago.open("m") as colony:
        assert ("new" in colony) is not read_only
        assert read_only or colony.get("new").vector


def test_who_takes_in_with_a_model_beside_an_owner_shares_it(models, says):
    Path("n.txt").write_text("Salt and bread.")
    with phago.connect("m") as owner:
        assert says("ingest", "m", "n.txt", "--embed", "models_of_tests:counts")[0] == 0
        assert owner.get("n.txt").vector
