"""Threads: neighbours are context, the same on any number of shards, nodes and from disk; and what is refused."""

import pickle

import phago
import pytest
from support import Chance, words

WORDS = words(120)


def turns(seed=3, count=90, threads=4):
    """Documents in threads of different lengths, with places that repeat and gaps, and some in none."""
    chance = Chance(seed)
    made = []
    for number in range(count):
        text = " ".join(WORDS[chance.rank(len(WORDS))] for _ in range(3 + chance.below(9)))
        one = {"id": f"d{number}", "text": f"{WORDS[number % 3].capitalize()}: {text}"}
        if number % 7:
            one |= {"thread": f"t{min(chance.below(9), threads)}", "place": chance.below(60) - 30}
        made.append(one)
    return made


QUESTIONS = [f"{WORDS[at % 3]} {WORDS[at]} {WORDS[5 + 3 * at]}" for at in range(8)]
BOUNDED = phago.Ranking(exhaustive_max=0, lexical_candidates=20, context_candidates=3, concept_candidates=5)


def told(colony, where=None):
    """Everything that is said of the answers."""
    rankings = (None, BOUNDED)
    hits = [colony.query(text, k, ranking, where=where) for text in QUESTIONS for k in (5, 500) for ranking in rankings]
    explained = [colony.explain(QUESTIONS[0], f"d{at}").to_dict() for at in range(0, 90, 8) if f"d{at}" in colony]
    return [found.to_dict() for found in hits], explained


def changed(colony):
    colony.ingest(turns())
    colony.run()
    # Out of the middle, to another thread, and to another place.
    colony.delete("d10")
    colony.update({"id": "d11", "text": WORDS[4], "thread": "t1", "place": 0})
    colony.update({**turns()[12], "thread": "t0", "place": -2})
    colony.update({**turns()[13], "thread": None, "place": None})
    return colony


@pytest.fixture(scope="module")
def expected():
    with phago.Colony(1) as colony:
        return told(changed(colony)), colony.digest()


@pytest.mark.parametrize("shards", [2, 3, 7, 16])
def test_any_number_of_shards_tells_the_same(expected, shards):
    with phago.Colony(shards) as colony:
        assert (told(changed(colony)), colony.digest()) == expected


@pytest.mark.parametrize("nodes", [1, 3])
def test_nodes_tell_the_same(expected, tmp_path, nodes):
    with phago.open(tmp_path / "c", shards=5, backend="processes", nodes=nodes) as colony:
        assert (told(changed(colony)), colony.digest()) == expected


def test_disk_tells_the_same_from_the_log_and_from_a_checkpoint(expected, tmp_path):
    with phago.open(tmp_path / "c", shards=3) as colony:
        changed(colony)
    with phago.open(tmp_path / "c", shards=2) as colony:
        assert (told(colony), colony.digest()) == expected
        colony.checkpoint()
    with phago.open(tmp_path / "c", shards=4, backend="processes", nodes=2) as colony:
        assert (told(colony), colony.digest()) == expected


def test_answers_have_context_of_every_kind(expected):
    (answers, explained), _ = expected
    hits = [hit for found in answers for hit in found["items"]]
    assert any(hit["parts"]["context"] and not hit["parts"]["lexical"] for hit in hits)
    assert any(len(hit["path"]["context"]) > 1 for hit in hits)
    assert any(one["speaker"] for one in explained)
    for one in explained:
        carried = sum(share["points"] for share in one["context"]) + one["speaker"]
        assert carried == pytest.approx(one["parts"]["context"])
    for hit in hits:
        parts = hit["parts"]
        assert hit["score"] == parts["lexical"] + parts["concepts"] + parts["bridge"] + parts["context"]


def test_no_score_depends_on_how_a_document_was_found_or_on_a_filter():
    with phago.Colony(3) as colony:
        colony.ingest([dict(one, metadata={"n": at}) for at, one in enumerate(turns())])
        for text in QUESTIONS:
            whole = {hit.id: hit for hit in colony.query(text, 500)}
            for ranking, where in ((BOUNDED, None), (None, {"n": {"lt": 30}}), (BOUNDED, {"n": {"gte": 20}})):
                hits = colony.query(text, 500, ranking, where=where)
                assert all((hit.score, hit.parts) == (whole[hit.id].score, whole[hit.id].parts) for hit in hits)
                kept = {name for name, hit in whole.items() if where is None or _matches(hit, where)}
                assert {hit.id for hit in hits} == kept
            head = colony.query(text, 5, BOUNDED)
            assert [hit.id for hit in head] == [hit.id for hit in colony.query(text, 60, BOUNDED)][:5]
            assert colony.explain(text, head[0].id).score == head[0].score


def _matches(hit, where):
    (how, bound), number = next(iter(where["n"].items())), int(hit.id[1:])
    return number < bound if how == "lt" else number >= bound


def test_a_turn_without_any_of_the_words_answers_by_its_neighbour():
    with phago.Colony() as colony:
        talk = ["Ann: Did you get the loan from the bank?", "Bob: They said yes on Friday!", "Ann: I like tea."]
        colony.ingest({"id": f"t:{at}", "text": text, "thread": "t", "place": at} for at, text in enumerate(talk))
        colony.ingest({"id": f"other{at}", "text": f"Something else {at}."} for at in range(9))
        hits = colony.query("loan")
        assert hits[0].id == "t:0"
        assert {hit.id for hit in hits} == {"t:0", "t:1", "t:2"}
        answer = next(hit for hit in hits if hit.id == "t:1")
        assert (answer.thread, answer.place, answer.parts.lexical) == ("t", 1, 0.0)
        assert answer.score == answer.parts.context
        assert [share.id for share in answer.path.context] == ["t:0"]
        assert len(colony.query("loan", where={"none": True})) == 0
        # Who says it, rather than to whom.
        said = colony.explain("what did Bob hear about the loan", "t:1")
        assert said.speaker > 0
        assert colony.explain("what did Ann hear about the loan", "t:1").speaker == 0


def test_without_neighbours_that_say_something_there_is_no_context():
    with phago.Colony() as colony:
        colony.ingest({"id": "alone", "text": "ions cross", "thread": "a", "place": 1})
        colony.ingest({"id": "beside", "text": "ions cross", "thread": "b", "place": 1})
        colony.ingest({"id": "silent", "text": "tea", "thread": "b", "place": 2})
        colony.ingest({"id": "none", "text": "ions cross"})
        hits = {hit.id: hit for hit in colony.query("ions")}
        assert hits["alone"].score == hits["none"].score == hits["beside"].score
        assert hits["silent"].parts.context > 0


def test_threads_that_nobody_reads_change_no_bit():
    plain = [{name: value for name, value in one.items() if name in ("id", "text")} for one in turns()]
    with phago.Colony(3) as colony, phago.Colony(3) as other:
        colony.ingest(plain)
        other.ingest(turns())
        off = phago.Ranking(context_weight=0.0)
        for text in QUESTIONS:
            scores = [(hit.id, hit.score, hit.parts) for hit in colony.query(text, 500)]
            assert scores == [(hit.id, hit.score, hit.parts) for hit in other.query(text, 500, off)]
        assert colony.digest() != other.digest()


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"thread": "t"}, "place", "is missing beside a `thread`"),
        ({"place": 3}, "thread", "is missing beside a `place`"),
        ({"thread": "", "place": 3}, "thread", "is empty"),
        ({"thread": "t" * 513, "place": 3}, "thread", "takes 513 bytes"),
        ({"thread": 7, "place": 3}, "thread", "accepted is a str"),
        ({"thread": "t", "place": "3"}, "place", "accepted is an int from -9223372036854775808"),
        ({"thread": "t", "place": True}, "place", "accepted is an int"),
        ({"thread": "t", "place": 2**63}, "place", "is 9223372036854775808; accepted is an int"),
        ({"thread": "t", "place": 1.5}, "place", "accepted is an int"),
    ],
)
def test_what_is_no_place_in_a_thread_is_refused_by_its_field(fields, field, reason):
    with phago.Colony() as colony:
        before = colony.digest()
        with pytest.raises(phago.InvalidDocument, match=field) as refused:
            colony.ingest([{"id": "x", "text": "ions", **fields}])
        assert (refused.value.field, refused.value.id) == (field, "x")
        assert reason in refused.value.reason
        assert colony.digest() == before


def test_fields_come_back_from_everywhere(tmp_path):
    with phago.Colony() as colony:
        colony.ingest([phago.Document("ions", "a", thread="t", place=-5), {"text": "no id", "thread": "t", "place": 2}])
        assert (colony.get("a").thread, colony.get("a").place) == ("t", -5)
        assert pickle.loads(pickle.dumps(colony.get("a"))) == colony.get("a")
        assert colony.query("ions", ranking="lexical")[0].place == -5
        colony.export_jsonl(tmp_path / "all.jsonl")
        with phago.Colony() as other:
            other.ingest(phago.read_jsonl(tmp_path / "all.jsonl"))
            assert other.digest("evidence") == colony.digest("evidence")
        with phago.Colony() as other:
            # Without an id, the thread is a part of the identity.
            other.ingest([{"text": "no id", "thread": "t", "place": 1}, {"text": "no id", "thread": "t", "place": 2}])
            other.ingest({"text": "no id"})
            assert len(other) == 3


def test_a_thread_of_many_documents_costs_no_more_than_a_short_one():
    with phago.Colony() as colony:
        colony.ingest(
            {"id": f"{at}", "text": f"turn {WORDS[at % 100]}", "thread": "t", "place": at} for at in range(20_000)
        )
        hits = colony.query(f"turn {WORDS[50]}", 3)
        assert len(hits) == 3
        colony.delete("10000")
        assert len(colony.query(WORDS[50], 3)[0].path.context) <= 6
