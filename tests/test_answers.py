"""Answers: parts, passages, paths and explanations, the same on any number of shards and at any tick."""

import asyncio
import gzip
import json
import math
import os
import pickle
import random
import re
from pathlib import Path

import phago
import pytest
from support import seeded_documents

DOCUMENTS = [one for one in seeded_documents(120) if "id" in one]
QUESTIONS = [" ".join(document["text"].split()[3 : 4 + index % 7]) for index, document in enumerate(DOCUMENTS[:40])]


def colony_of(documents=DOCUMENTS, shards=2, run=True):
    colony = phago.Colony(shards)
    colony.ingest(documents)
    if run:
        colony.run()
    return colony


@pytest.fixture(scope="module")
def colony():
    with colony_of() as colony:
        yield colony


def plain(hits):
    return [(hit.id, hit.score.hex(), hit.parts, hit.passage, hit.span, hit.path) for hit in hits]


def test_parts_sum_to_the_score_and_the_span_is_the_passage(colony):
    for question in QUESTIONS:
        for hit in colony.query(question, k=50):
            assert hit.parts.lexical + hit.parts.concepts + hit.parts.bridge == hit.score
            assert hit.text[slice(*hit.span)] == hit.passage
            assert all(share.points > 0 and share.label for share in hit.path.concepts)
            assert math.isclose(
                sum(share.points for share in hit.path.bridges), hit.parts.bridge, rel_tol=1e-12, abs_tol=1e-15
            )


def test_the_number_of_shards_and_ticks_change_nothing(colony):
    expected = [plain(colony.query(question, k=20)) for question in QUESTIONS]
    for shards in (1, 2, 3, 7, 16):
        with colony_of(shards=shards, run=False) as other:
            while True:
                found = [other.query(question, k=20) for question in QUESTIONS]
                assert [plain(hits) for hits in found] == expected, shards
                if not found[0].pending:
                    break
                other.tick()


def test_answers_stand_still_while_ticks_run():
    async def ask():
        async with phago.AsyncColony(3) as colony:
            await colony.ingest(DOCUMENTS)
            expected = plain(await colony.query(QUESTIONS[0]))
            running = asyncio.create_task(colony.run())
            while not running.done():
                assert plain(await colony.query(QUESTIONS[0])) == expected
            await running
            hit = (await colony.query(QUESTIONS[0]))[0]
            assert (await colony.explain(QUESTIONS[0], hit.id)).score == hit.score
            assert await colony.concepts(QUESTIONS[0]) == colony._colony.concepts(QUESTIONS[0])

    asyncio.run(ask())


def test_a_short_answer_is_the_head_of_a_longer_one(colony):
    for question in QUESTIONS:
        assert plain(colony.query(question, k=5)) == plain(colony.query(question, k=50))[:5]


def test_an_explanation_agrees_with_the_query(colony):
    chance = random.Random(3)
    for question in QUESTIONS[:15]:
        hits = {hit.id: hit for hit in colony.query(question, k=20)}
        last = min(hit.score for hit in hits.values())
        for name in [*hits, *(document["id"] for document in chance.sample(DOCUMENTS, 10))]:
            told = colony.explain(question, name)
            assert told.id == name
            assert told.nothing is None
            assert told.parts.lexical + told.parts.concepts + told.parts.bridge == told.score
            lexical = sum(share.points for share in told.words) + told.title + told.named
            assert math.isclose(lexical, told.parts.lexical, rel_tol=1e-9, abs_tol=1e-12)
            concepts = sum(share.points for share in told.concepts)
            assert math.isclose(concepts, told.parts.concepts, rel_tol=1e-9, abs_tol=1e-12)
            if name in hits:
                assert (told.score, told.parts) == (hits[name].score, hits[name].parts)
                shown = hits[name].path.concepts
                for whole, short in zip(told.concepts[:3], shown, strict=True):
                    assert (whole.label, whole.points, whole.words) == (short.label, short.points, short.words)
                    assert whole.seeds[:3] == short.seeds
            else:
                assert told.score <= last
    assert colony.explain(QUESTIONS[0], "no such document") is None


def test_what_finds_nothing_says_why(colony):
    name = DOCUMENTS[0]["id"]
    for question, why in {
        "": "no words",
        "\0": "no words",
        "🦠🦠": "no",
        "qqqzzz": "no document has any",
        "漢字 کلمه слово": "no document has any",
    }.items():
        assert colony.query(question).items == ()
        told = colony.explain(question, name)
        assert told.score == 0
        assert why in told.nothing
        alone = colony.explain(question)
        assert (alone.id, alone.score, alone.nothing, alone.unknown) == ("", 0, told.nothing, told.unknown)
    assert colony.explain("the qqqzzz", name).unknown == ("qqqzzz",)
    assert colony.explain(f"{QUESTIONS[0]} qqqzzz").nothing is None
    with phago.Colony() as empty:
        assert empty.query("ions").items == ()
        assert empty.explain("ions", name) is None
        assert "no documents" in empty.explain("ions").nothing
    asked = f"{QUESTIONS[0]} 漢字 🦠 \0 слово"
    assert plain(colony.query(asked))[0][0] == plain(colony.query(QUESTIONS[0]))[0][0]
    with pytest.raises(phago.LimitError):
        colony.query("x" * 70_000)
    with pytest.raises(phago.LimitError):
        colony.explain("x" * 70_000, name)


def test_scripts_without_spaces_are_searched(colony):
    documents = {
        "membrane": "細胞膜は細胞の内外を隔てる生体膜。イオンの輸送を担う。",
        "capital": "東京は日本の首都である。人口は最も多い。",
        "bridge": "长江大桥是一座公路铁路两用桥。",
        "thai": "กรุงเทพมหานครเป็นเมืองหลวง",
    }
    for shards in (1, 3):
        with phago.Colony(shards) as other:
            other.ingest({"id": key, "text": text} for key, text in documents.items())
            for question, key in {
                "細胞膜": "membrane",
                "日本の首都": "capital",
                "铁路桥": "bridge",
                "เมืองหลวง": "thai",
            }.items():
                assert other.query(question, k=1)[0].id == key
                assert other.query(question, k=1, ranking="lexical")[0].id == key


def test_the_best_passage_of_a_long_document_decides(colony):
    rest = [document["text"] for document in DOCUMENTS[:24]]
    words = ("zeppelin", "anchorage", "lakehurst", "mast")
    apart = " ".join(f"{text} {words[at % 4]}." for at, text in enumerate(rest))
    near = " ".join([*rest[:12], "The zeppelin found its anchorage: the mast of Lakehurst.", *rest[12:]])
    near += " ".join(f"{word} {word} {word} {word} {word}." for word in words)
    found = []
    for shards in (1, 7):
        with phago.Colony(shards) as other:
            other.ingest([{"id": "apart", "text": apart}, {"id": "near", "text": near}, *DOCUMENTS[24:60]])
            hits = other.query("anchorage mast of the zeppelin at lakehurst", k=5)
            assert [hit.id for hit in hits[:2]] == ["near", "apart"]
            assert "Lakehurst" in hits[0].passage or "lakehurst" in hits[0].passage
            assert len(hits[0].passage) <= 600 < len(hits[0].text)
            assert hits[0].text[slice(*hits[0].span)] == hits[0].passage
            found.append(plain(hits))
    assert found[0] == found[1]


def test_results_pickle_and_labels_are_words(colony):
    words = {word.strip(".,").lower() for document in DOCUMENTS for word in document["text"].split()}
    concepts = colony.concepts(QUESTIONS[0], k=5)
    assert concepts
    # A label may be a part of an identifier.
    words |= {part for word in words for part in re.findall("[a-z]+|[0-9]+", word)}
    assert all(concept.label in words for concept in concepts)
    assert all(label in words for concept in concepts for label, _ in concept.neighbors)
    hits = colony.query(QUESTIONS[0])
    for thing in (hits, colony.explain(QUESTIONS[0], hits[0].id), concepts, phago.Ranking(concepts_weight=0)):
        assert pickle.loads(pickle.dumps(thing)) == thing


def test_constants_can_be_changed(colony):
    plainly = phago.Ranking(concepts_weight=0, bridge_weight=0)
    assert plain(colony.query(QUESTIONS[0], ranking=phago.Ranking())) == plain(colony.query(QUESTIONS[0]))
    assert all(hit.parts.concepts == hit.parts.bridge == 0 for hit in colony.query(QUESTIONS[0], ranking=plainly))
    with pytest.raises(phago.ConfigError):
        phago.Ranking(seed_power=-1)
    for wrong in ("other", 3, {}):
        with pytest.raises(phago.ConfigError):
            colony.query("ions", ranking=wrong)


def test_decay_never_hides_an_exact_match():
    with colony_of(DOCUMENTS[:30]) as colony:
        asked = QUESTIONS[:10]
        before = [(colony.query(q, ranking="lexical").items, plain(colony.query(q))) for q in asked]
        for _ in range(10_000):
            colony.tick()
        assert [(colony.query(q, ranking="lexical").items, plain(colony.query(q))) for q in asked] == before


def read(folder):
    def lines(name):
        with gzip.open(folder / name, "rt") if name.endswith(".gz") else open(folder / name) as file:
            return [json.loads(line) for line in file]

    gains = {}
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        question, document, gain = line.split("\t")
        if int(gain) > 0:
            gains.setdefault(question, {})[document] = int(gain)
    return lines("corpus.jsonl.gz"), {line["_id"]: line["text"] for line in lines("queries.jsonl")}, gains


@pytest.mark.skipif("PHAGO_DATA" not in os.environ, reason="PHAGO_DATA names no folder of collections")
@pytest.mark.parametrize(
    ("collection", "ndcg_least", "recall_least"), [("cranfield", 0.455, 0), ("hotpotqa", 0.91, 0.94)]
)
def test_figures_on_public_collections(collection, ndcg_least, recall_least):
    corpus, questions, gains = read(Path(os.environ["PHAGO_DATA"]) / collection)
    documents = [{"id": line["_id"], "title": line.get("title", ""), "text": line["text"]} for line in corpus]
    ndcg, recall = [], []
    with phago.Colony(2) as colony:
        # One document of cranfield is blank.
        colony.ingest(documents, on_error="skip")
        for question, relevant in gains.items():
            ranked = [hit.id for hit in colony.query(questions[question], k=10)]
            got = sum(relevant.get(name, 0) / math.log2(rank + 2) for rank, name in enumerate(ranked))
            best = sum(
                gain / math.log2(rank + 2) for rank, gain in enumerate(sorted(relevant.values(), reverse=True)[:10])
            )
            ndcg.append(got / best)
            recall.append(sum(one in relevant for one in ranked[:5]) / len(relevant))
    figures = sum(ndcg) / len(ndcg), sum(recall) / len(recall)
    print(f"{collection}: nDCG@10 {figures[0]:.4f}, recall@5 {figures[1]:.4f}, {len(ndcg)} questions")
    assert figures[0] >= ndcg_least
    assert figures[1] >= recall_least
