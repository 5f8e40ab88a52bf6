"""Vectors of one's own: kept, compared exactly, the same on any number of shards, from disk and over nodes."""

import array
import asyncio
import itertools
import json
import math
import threading

import numpy
import phago
import pytest
from support import Chance, seeded_documents

SHARDS = (1, 2, 3, 7, 16)
DIMENSION = 24


def vector_of(seed):
    chance = Chance(seed)
    return [chance.below(2001) / 1000 - 1 for _ in range(DIMENSION)]


def documents(count=700):
    """Documents of which every fifth has no vector."""
    found = seeded_documents(count)
    for number, document in enumerate(found):
        if number % 5:
            document["vector"] = vector_of(number)
    return found


def model(texts):
    """Vectors by the letters of texts."""
    return [[float(text.count(letter)) for letter in "abcdefghijklmnop"] for text in texts]


def kept(values):
    """A vector as a colony keeps it."""
    largest = max(map(abs, values))
    return tuple(int(math.copysign(math.floor(abs(value) / largest * 127 + 0.5), value)) for value in values)


def cosine(one, other):
    one, other = kept(one), kept(other)
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    return dot / (math.sqrt(sum(a * a for a in one)) * math.sqrt(sum(b * b for b in other)))


def answers(colony, question="bak duk", k=40, **more):
    return [(hit.id, hit.score, hit.parts) for hit in colony.query(question, k=k, **more)]


def everything(colony):
    """What must not depend on where documents live."""
    wanted = vector_of(10_000)
    text = colony.get("doc-0").text[:60]
    return [
        colony.digest(),
        answers(colony, text, vector=wanted),
        answers(colony, text, k=2_000, vector=wanted),
        answers(colony, "unheard of", vector=wanted),
        answers(colony, text, vector=wanted, where={"half": 1}),
        answers(colony, text, vector=wanted, diverse=0.4),
        [(hit.id, hit.score) for hit in colony.similar("doc-1", k=20)],
        [(hit.id, hit.score) for hit in colony.similar("doc-0", k=20)],
        colony.explain(text, "doc-6", vector=wanted).to_dict(),
    ]


def halved():
    return [document | {"metadata": {"half": number % 2}} for number, document in enumerate(documents())]


@pytest.fixture(scope="module")
def expected():
    with phago.Colony(1) as colony:
        colony.ingest(halved())
        colony.run()
        return everything(colony)


@pytest.mark.parametrize("shards", SHARDS)
def test_no_number_of_shards_shows_in_memory_or_on_disk(shards, tmp_path, expected):
    with phago.open(tmp_path / "colony", shards=shards) as colony:
        colony.ingest(halved())
        colony.run()
        assert everything(colony) == expected
        colony.checkpoint()
        colony.ingest({"id": "late", "text": "late", "vector": vector_of(1)})
        digest = colony.digest()
    # From the checkpoint and the log behind it, on another number of shards.
    with phago.open(tmp_path / "colony", shards=17 - shards) as colony:
        assert colony.digest() == digest
        colony.delete("late")
        colony.run()
        assert everything(colony)[1:] == expected[1:]


@pytest.mark.parametrize("nodes", [1, 2, 3])
def test_no_number_of_nodes_shows(nodes, tmp_path, expected):
    with phago.open(tmp_path / "colony", shards=5, backend="processes", nodes=nodes) as colony:
        colony.ingest(halved())
        colony.run()
        assert everything(colony) == expected
        with pytest.raises(phago.InvalidDocument, match="has 2 numbers; accepted are 24"):
            colony.ingest({"id": "odd", "text": "odd", "vector": [1, 2]})
        with pytest.raises(phago.InvalidDocument, match="has 2 numbers; accepted are 24"):
            colony.update({"id": "doc-1", "text": "odd", "vector": [1, 2]})
        report = colony.ingest(
            [{"id": "odd", "text": "odd", "vector": [1, 2]}, {"id": "even", "text": "even", "vector": vector_of(3)}],
            on_error="skip",
        )
        assert (report.accepted, [one.index for one in report.rejected]) == (1, [0])
        colony.checkpoint()
        digest = colony.digest()
    with phago.open(tmp_path / "colony", shards=2) as colony:
        assert colony.digest() == digest


def test_a_score_is_the_formula_over_all_documents(expected):
    wanted, all_of_them = vector_of(10_000), documents()
    with phago.Colony(3) as colony:
        colony.ingest(all_of_them)
        cosines = {
            document["id"]: cosine(document["vector"], wanted)
            for document in all_of_them
            if "vector" in document and "id" in document
        }
        every = [cosine(document["vector"], wanted) for document in all_of_them if "vector" in document]
        mean, highest = math.fsum(every) / len(every), max(every)
        hits = colony.query(
            "unheard of",
            k=2_000,
            vector=wanted,
            ranking=phago.Ranking(concepts_weight=0, bridge_weight=0, exhaustive_max=10_000),
        )
        above = {name for name, value in cosines.items() if value > mean + 1e-6}
        assert above <= {hit.id for hit in hits}
        for hit in hits:
            if hit.id in cosines:
                share = 0.45 * (cosines[hit.id] - mean) / (highest - mean)
                assert hit.parts.similar == pytest.approx(share, abs=1e-6)
                assert hit.score == hit.parts.similar
        assert hits[0].parts.similar == 0.45
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_score_does_not_depend_on_how_its_document_was_found():
    wanted, text = vector_of(10_000), documents()[0]["text"][:60]
    with phago.Colony(2) as colony:
        colony.ingest(halved())
        whole = {hit.id: (hit.score, hit.parts) for hit in colony.query(text, k=2_000, vector=wanted)}
        head = colony.query(text, k=25, vector=wanted)
        assert [hit.id for hit in head] == list(whole)[:25]
        few = phago.Ranking(similar_candidates=1)
        for found in (
            head,
            colony.query(text, k=25, vector=wanted, where={"half": 1}),
            colony.query(text, k=25, vector=wanted, ranking=few),
        ):
            assert len(found) == 25
            assert all(whole[hit.id] == (hit.score, hit.parts) for hit in found)
        for name in list(whole)[::50]:
            told = colony.explain(text, name, vector=wanted)
            assert (told.score, told.parts) == whole[name]


def test_without_a_vector_in_the_question_answers_are_those_of_a_colony_without_vectors():
    with phago.Colony(2) as plain, phago.Colony(3) as colony:
        plain.ingest(seeded_documents(700))
        colony.ingest(documents())
        text = documents()[0]["text"][:60]
        assert answers(plain, text, k=2_000) == answers(colony, text, k=2_000)
        assert plain.digest() != colony.digest()
        # And a question's vector changes nothing where no document has one.
        assert answers(plain, text, vector=[1.0, 2.0]) == answers(plain, text)


def test_all_forms_of_numbers_are_the_same_vector():
    values = [0.5, -1.0, 0.25]
    forms = [
        values,
        tuple(values),
        [3, -6, 1.5],
        array.array("f", values),
        array.array("d", values),
        numpy.array(values, dtype="float32"),
        numpy.array(values, dtype="float16"),
        numpy.array([values, values])[1],
        numpy.array([0.5, 9, -1.0, 9, 0.25, 9], dtype="float32")[::2],
        memoryview(array.array("f", values)),
        # In either order of bytes, which one of both machines has.
        *(numpy.array(values, dtype=order + kind) for order in "<>" for kind in ("f2", "f4", "f8")),
        *(memoryview(array.array(kind, values)).cast("B").cast(kind) for kind in "fd"),
        numpy.array([values], dtype=">f4")[0],
    ]
    with phago.Colony(1) as colony:
        colony.ingest(
            {"id": str(number), "text": f"text {number}", "vector": form} for number, form in enumerate(forms)
        )
        assert {one.vector for one in colony.documents()} == {kept(values)} == {(64, -127, 32)}


@pytest.mark.parametrize(
    ("vector", "reason"),
    [
        ([], "has 0 numbers; accepted are 1 to 65536"),
        ([0, 0.0], "has no number but 0; accepted is a vector with a direction"),
        ([1, math.nan], "has NaN at index 1; accepted are finite numbers"),
        ([math.inf], "has inf at index 0; accepted are finite numbers"),
        ([1, "2"], "has str at index 1; accepted are numbers in"),
        ([1, 10**400], "has a number that no float holds at index 1; accepted are numbers in"),
        ("abc", "is str; accepted are numbers in"),
        (b"abc", "is bytes; accepted are numbers in"),
        ({1.0}, "accepted are numbers in"),
        (7, "is int; accepted are numbers in"),
        (numpy.ones(3, dtype="complex64"), "has complex numbers; accepted are"),
        (numpy.ma.array([1.0, 2.0, 3.0], mask=[False, True, False]), "has a mask; accepted are"),
        (numpy.ones((2, 3), dtype="float32"), "has 2 dimensions; accepted are numbers in"),
        ([1.0] * 65_537, "has 65537 numbers; accepted are 1 to 65536"),
        ([1.0, 2.0], "has 2 numbers; accepted are 3, as the colony's vectors have"),
    ],
)
def test_what_is_no_vector_is_refused_and_changes_nothing(vector, reason):
    with phago.Colony(2) as colony:
        colony.ingest({"id": "a", "text": "ions", "vector": [1, 2, 3]})
        before = colony.digest()
        for change in (
            lambda: colony.ingest([{"id": "b", "text": "good"}, {"id": "c", "text": "pumps", "vector": vector}]),
            lambda: colony.update({"id": "a", "text": "pumps", "vector": vector}),
            lambda: colony.update_all([{"id": "a", "text": "pumps", "vector": vector}]),
        ):
            with pytest.raises(phago.InvalidDocument) as caught:
                change()
            assert caught.value.field == "vector"
            assert reason in caught.value.reason
        with pytest.raises(phago.ConfigError) as refused:
            colony.query("ions", vector=vector)
        assert refused.value.field == "vector"
        assert colony.digest() == before


def test_what_interrupts_a_number_of_a_vector_is_passed_on():
    class Slow:
        def __float__(self):
            raise KeyboardInterrupt

    with phago.Colony() as colony:
        for call in (
            lambda: colony.query("ions", vector=[Slow()]),
            lambda: colony.ingest({"text": "ions", "vector": [Slow()]}),
        ):
            with pytest.raises(KeyboardInterrupt):
                call()
        assert len(colony) == 0


def test_a_refused_chunk_fixes_no_number_of_numbers():
    with phago.Colony(2) as colony:
        with pytest.raises(phago.InvalidDocument, match="accepted are 2"):
            colony.ingest([{"text": "a", "vector": [1, 2]}, {"text": "b", "vector": [1, 2, 3]}])
        assert colony.digest() == phago.Colony(2).digest()
        colony.ingest({"text": "b", "vector": [1, 2, 3]})
        report = colony.ingest([{"text": "a", "vector": [1, 2]}, {"text": "c", "vector": [1, 0, 3]}], on_error="skip")
        assert (report.accepted, report.rejected[0].field) == (1, "vector")


@pytest.mark.parametrize("place", ["memory", "directory", "nodes"])
@pytest.mark.parametrize("known", [False, True])
def test_a_refused_document_of_a_chunk_fixes_no_number_of_numbers(known, place, tmp_path):
    chunk = [
        {"id": "there", "text": "other", "vector": [1, 2]},
        {"id": "same", "text": "same", "vector": [1]} if known else {"id": "plain", "text": "plain"},
        {"id": "three", "text": "three", "vector": [1, 2, 3]},
        {"id": "two", "text": "two", "vector": [3, 4]},
        {"id": "two", "text": "two again", "vector": [1, 0, 3]},
        {"id": "there", "text": "there", "vector": [1, 2]},
    ]
    backend = {"backend": "processes", "nodes": 2} if place == "nodes" else {}
    made = phago.Colony(4) if place == "memory" else phago.open(tmp_path / "colony", shards=4, **backend)
    with made as colony:
        colony.ingest([{"id": "there", "text": "there"}, {"id": "same", "text": "same"}])
        before = colony.digest()
        with pytest.raises(phago.DocumentExists):
            colony.ingest(chunk)
        assert colony.digest() == before
        report = colony.ingest(chunk, on_error="skip")
        told = [(one.index, one.field) for one in report.rejected]
        others = [(3, "vector"), (5, "vector")]
        assert (report.accepted, told) == ((2, [(0, "id"), (1, "id"), *others]) if known else (3, [(0, "id"), *others]))
        assert colony.get("two").text == "two again"
        digest = colony.digest()
        with pytest.raises(phago.InvalidDocument, match="has 2 numbers; accepted are 3"):
            colony.ingest({"text": "late", "vector": [1, 2]})
    with phago.Colony(1) as alone:
        alone.ingest([{"id": "there", "text": "there"}, {"id": "same", "text": "same"}])
        for document in chunk:
            alone.ingest(document, on_error="skip")
        assert alone.digest() == digest


def test_vectors_follow_updates_and_deletes():
    with phago.Colony(3) as colony, phago.Colony(2) as other:
        colony.ingest(halved())
        for number in range(0, 700, 3):
            colony.delete(f"doc-{number}")
        colony.update_all(
            [
                one | {"vector": vector_of(-number)}
                for number, one in enumerate(halved())
                if "id" in one and number % 3 == 1
            ]
        )
        left = [
            one | ({"vector": vector_of(-number)} if number % 3 == 1 and "id" in one else {})
            for number, one in enumerate(halved())
            if number % 3 or "id" not in one
        ]
        other.ingest(left)
        assert colony.digest("evidence") == other.digest("evidence")
        text, wanted = left[0]["text"][:60], vector_of(10_000)
        assert answers(colony, text, k=1_000, vector=wanted) == answers(other, text, k=1_000, vector=wanted)
        one = next(one for one in left if "id" in one and "vector" in one)
        assert colony.ingest(one).unchanged == 1
        with pytest.raises(phago.DocumentExists):
            colony.ingest({**one, "vector": vector_of(77)})
        assert colony.update({key: value for key, value in one.items() if key != "vector"}) == "changed"
        assert colony.get(one["id"]).vector is None


def test_lines_of_json_hold_them_there_and_back(tmp_path):
    with phago.Colony(2) as one, phago.Colony(3) as other:
        one.ingest(documents(60))
        one.export_jsonl(tmp_path / "all.jsonl")
        lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
        assert all(len(line["vector"]) == DIMENSION for line in lines if "vector" in line)
        other.import_jsonl(tmp_path / "all.jsonl")
        assert one.digest() == other.digest()


def test_while_a_tick_runs_vectors_wait_with_their_documents():
    with phago.Colony(2) as colony, phago.Colony(3) as other:
        for one in (colony, other):
            one.ingest(seeded_documents(300))
        done = threading.Event()

        def come():
            for number in range(40):
                colony.ingest({"id": f"late-{number}", "text": f"late {number}", "vector": vector_of(number)})
                if number % 4 == 0:
                    colony.delete(f"late-{number}")
            done.set()

        thread = threading.Thread(target=come)
        thread.start()
        while not done.is_set():
            colony.tick()
        thread.join()
        other.ingest(
            {"id": f"late-{number}", "text": f"late {number}", "vector": vector_of(number)}
            for number in range(40)
            if number % 4
        )
        assert colony.digest("evidence") == other.digest("evidence")


# --- a model ---------------------------------------------------------------------------------------------------------


def test_a_model_is_called_for_documents_and_questions_in_batches(tmp_path):
    given = []

    def embed(texts):
        given.append(list(texts))
        return numpy.array(model(texts), dtype="float32")

    texts = [one["text"] for one in seeded_documents(150)]
    with phago.open(tmp_path / "colony", embed=embed, model="letters") as colony:
        colony.ingest([{"id": str(number), "text": text, "title": "Of letters"} for number, text in enumerate(texts)])
        assert [len(batch) for batch in given] == [64, 64, 22]
        assert given[0][0] == f"Of letters\n{texts[0]}"
        assert colony.get("7").vector == kept(model([f"Of letters\n{texts[7]}"])[0])
        given.clear()
        asked = colony.query("a bad cab", k=5)
        assert given == [["a bad cab"]]
        assert answers(colony, "a bad cab") == answers(colony, "a bad cab", vector=model(["a bad cab"])[0])
        assert any(hit.parts.similar > 0 for hit in asked)
        given.clear()
        colony.query("a bad cab", ranking="lexical")
        colony.query("a bad cab", ranking=phago.Ranking(similar_weight=0, similar_seed=0))
        # What stands is not made again, but for what has changed.
        report = colony.ingest(
            [{"id": str(number), "text": text, "title": "Of letters"} for number, text in enumerate(texts)]
        )
        assert (report.unchanged, given) == (150, [])
        assert colony.update({"id": "7", "text": "new letters"}) == "changed"
        assert given == [["new letters"]]
        colony.ingest({"id": "own", "text": "with a vector", "vector": [1.0] * 16})
        assert given == [["new letters"]]
        digest = colony.digest()
    with phago.open(tmp_path / "colony", embed=embed, model="letters") as colony:
        assert colony.digest() == digest
    with pytest.raises(phago.ConfigError, match="accepted is `letters`, which made"):
        phago.open(tmp_path / "colony", embed=embed, model="words")
    with pytest.raises(phago.ConfigError, match="accepted is `letters`, which made"):
        phago.open(tmp_path / "colony", embed=embed, model="words", read_only=True)
    with phago.open(tmp_path / "colony", read_only=True, embed=embed, model="letters") as colony:
        assert any(hit.parts.similar > 0 for hit in colony.query("a bad cab"))
    with phago.open(tmp_path / "colony", embed=lambda texts: [[1.0, 2.0] for _ in texts]) as colony:
        with pytest.raises(phago.ConfigError, match="one of 2 numbers; accepted is 16"):
            colony.query("a bad cab")
        with pytest.raises(phago.InvalidDocument, match="has 2 numbers; accepted are 16"):
            colony.ingest("another one")
        assert colony.digest() == digest


@pytest.mark.parametrize(
    ("embed", "message"),
    [
        (lambda texts: 1 / 0, "`embed` failed for 1 texts: ZeroDivisionError"),
        (lambda texts: [], "`embed` returned 0 vectors for 1 texts"),
        (lambda texts: itertools.repeat([1.0, 0.0]), "`embed` returned more than 1 vectors for 1 texts"),
        (lambda texts: 7, "`embed` returned int"),
        (lambda texts: [None], "`embed` returned None for text 0; accepted is a vector"),
    ],
)
def test_a_model_that_fails_is_named_and_changes_nothing(embed, message):
    with phago.Colony(2, embed=embed) as colony:
        before = colony.digest()
        for call in (
            lambda: colony.ingest("ions"),
            lambda: colony.query("ions"),
            lambda: colony.update({"id": "a", "text": "ions"}),
        ):
            with pytest.raises(phago.EmbedError, match=message) as caught:
                call()
            assert caught.value.texts == 1
        assert colony.digest() == before
    assert "ZeroDivisionError" not in message or isinstance(caught.value.__cause__, ZeroDivisionError)


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(phago.ConfigError, match="`embed`"):
        phago.Colony(embed="letters")
    with pytest.raises(phago.ConfigError, match="`model`"):
        phago.Colony(model="letters")
    with pytest.raises(phago.ConfigError, match="`model`"):
        phago.Colony(embed=model, model="")
    with pytest.raises(phago.ConfigError, match=r"`model` .*1 to 512 bytes"):
        phago.open(tmp_path / "none", embed=model, model="m" * 513)
    assert not (tmp_path / "none").exists()
    with phago.Colony(embed=lambda texts: [[math.nan] for _ in texts]) as colony:
        with pytest.raises(phago.InvalidDocument, match="`vector` has NaN"):
            colony.ingest("ions")
        assert colony.ingest(["ions"], on_error="skip").rejected[0].field == "vector"


def test_event_loops_have_models_too():
    async def embed(texts):
        await asyncio.sleep(0)
        return model(texts)

    async def main(embed):
        async with phago.AsyncColony(2, embed=embed, model="letters") as colony:
            await colony.ingest(seeded_documents(100))
            await colony.update({"id": "doc-1", "text": "a bad cab"})
            await colony.update_all([{"id": "doc-2", "text": "a bad cab, too"}])
            hits = [(hit.id, hit.score) for hit in await colony.query("a bad cab")]
            alike = [(hit.id, hit.score) for hit in await colony.similar("doc-1")]
            told = await colony.explain("a bad cab", "doc-2")
            return hits, alike, told, await colony.digest()

    with phago.Colony(3, embed=model, model="letters") as colony:
        colony.ingest(seeded_documents(100))
        colony.update({"id": "doc-1", "text": "a bad cab"})
        colony.update_all([{"id": "doc-2", "text": "a bad cab, too"}])
        hits = [(hit.id, hit.score) for hit in colony.query("a bad cab")]
        alike = [(hit.id, hit.score) for hit in colony.similar("doc-1")]
        same = hits, alike, colony.explain("a bad cab", "doc-2"), colony.digest()
    assert asyncio.run(main(embed)) == asyncio.run(main(model)) == same
    with phago.Colony(embed=embed) as colony, pytest.raises(phago.ConfigError, match="a plain callable"):
        colony.query("ions")


# --- similar documents, and hits unlike each other -------------------------------------------------------------------


def test_similar_documents_are_those_of_the_highest_cosines():
    all_of_them = [one for one in documents() if "id" in one]
    with phago.Colony(3) as colony:
        colony.ingest(all_of_them)
        one = all_of_them[1]
        expected = sorted(
            (
                (cosine(other["vector"], one["vector"]), other["id"])
                for other in all_of_them
                if "vector" in other and other is not one
            ),
            reverse=True,
        )[:15]
        hits = colony.similar(one["id"], k=15)
        assert [hit.id for hit in hits] == [name for _, name in expected]
        for hit, (value, _) in zip(hits, expected, strict=True):
            assert hit.score == hit.parts.similar == pytest.approx(value, abs=1e-12)
        assert colony.similar("nobody") is None
        with pytest.raises(phago.ConfigError, match="`k`"):
            colony.similar(one["id"], k=0)


def test_a_document_without_a_vector_is_like_those_that_share_its_words():
    with phago.Colony(2) as colony:
        colony.ingest(
            [
                {"id": "a", "text": "ions cross the membrane of a cell", "metadata": {"of": 1}},
                {"id": "b", "text": "a membrane holds the ions", "metadata": {"of": 2}},
                {"id": "c", "text": "rain falls on hills", "metadata": {"of": 1}},
                {"id": "d", "text": "ions", "metadata": {"of": 1}},
            ]
        )
        assert [hit.id for hit in colony.similar("a")] == ["b", "d"]
        assert [hit.id for hit in colony.similar("a", where={"of": 1})] == ["d"]
        assert colony.similar("a", k=1)[0].path.words


def copies():
    texts = [
        "ions cross the membrane",
        "ions cross the membrane",
        "ions cross the membrane!",
        "ions rest",
        "ions in salt water",
    ]
    return [{"id": str(number), "text": text} for number, text in enumerate(texts)]


def test_near_copies_come_late_with_diverse_hits():
    with phago.Colony(2) as colony:
        colony.ingest(copies())
        plain = [hit.id for hit in colony.query("ions cross membrane")]
        assert set(plain[:3]) == {"0", "1", "2"}
        hits = colony.query("ions cross membrane", diverse=0.5)
        assert hits[0].id == plain[0]
        assert {hit.id for hit in hits[:3]} == {plain[0], "3", "4"}
        assert {hit.id for hit in hits} == set(plain)
        scores = {hit.id: hit.score for hit in colony.query("ions cross membrane")}
        assert all(scores[hit.id] == hit.score for hit in hits)
        assert [hit.id for hit in colony.query("ions cross membrane", diverse=0.0)] == plain
        for bad in (-0.1, 1.1, math.nan, "much"):
            with pytest.raises(phago.ConfigError, match="`diverse`"):
                colony.query("ions", diverse=bad)
        with pytest.raises(phago.ConfigError, match="`diverse`"):
            colony.query("ions", ranking="lexical", diverse=0.5)


def test_vectors_say_which_hits_are_copies():
    with phago.Colony(2) as colony:
        vectors = [[1, 0, 0], [1, 0.01, 0], [0, 1, 0], [0, 1, 0.02], [0, 0, 1]]
        colony.ingest([{"id": str(at), "text": f"ions {at}", "vector": vector} for at, vector in enumerate(vectors)])
        chosen = {hit.id for hit in colony.query("ions", k=3, diverse=0.7)}
        assert len(chosen & {"0", "1"}) == len(chosen & {"2", "3"}) == 1
        assert "4" in chosen
