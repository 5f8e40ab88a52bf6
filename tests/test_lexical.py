"""The lexical answer: BM25 over global exact statistics, found at once, the same on any number of shards."""

import asyncio
import math
import threading
from collections import Counter

import phago
import pytest
from phago import _phago
from support import Chance, answers, cluster, ingest_into, real_documents, seeded_documents, wait_for_fault, words

K1, B = 1.5, 0.75
WORDS = words(120)


def plain_bm25(documents, question):
    """(score, id) of every document that has a word of the question; words are their own stems."""
    counts = {one["id"]: Counter(f"{one.get('title', '')} {one['text']}".split()) for one in documents}
    mean = sum(sum(words.values()) for words in counts.values()) / len(counts)
    scores = Counter()
    for word, times in Counter(question.split()).items():
        having = [key for key, words in counts.items() if words[word]]
        idf = math.log(1 + (len(counts) - len(having) + 0.5) / (len(having) + 0.5))
        for key in having:
            tf, length = counts[key][word], sum(counts[key].values())
            scores[key] += times * idf * (K1 + 1) * tf / (tf + K1 * (1 - B + B * length / mean))
    ranked = sorted(scores.items(), key=lambda item: (-item[1], _phago.document_id(item[0])))
    return [(score, key) for key, score in ranked]


def corpus(seed, count=60):
    chance = Chance(seed)
    return [
        {
            "id": f"d{at}",
            "title": WORDS[chance.rank(120)] if at % 3 else "",
            "text": " ".join(WORDS[chance.rank(120)] for _ in range(1 + chance.below(40))),
        }
        for at in range(count)
    ]


@pytest.mark.parametrize("shards", [1, 2, 7])
@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_bm25_written_plainly(seed, shards):
    documents, chance = corpus(seed), Chance(seed + 100)
    with phago.Colony(shards) as colony:
        colony.ingest(documents)
        found = 0
        for _ in range(30):
            question = " ".join(WORDS[chance.rank(120)] for _ in range(1 + chance.below(6)))
            expected = plain_bm25(documents, question)
            hits = colony.query(question, k=1000, ranking="lexical")
            assert {hit.id for hit in hits} == {key for _, key in expected}
            scores = {key: score for score, key in expected}
            for hit in hits:
                assert hit.score == pytest.approx(scores[hit.id], rel=1e-12)
            assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
            # Best first, and any k is the beginning of the whole.
            for k in (1, 3, 10):
                assert colony.query(question, k=k, ranking="lexical").items == hits.items[:k]
            found += len(hits)
        assert found > 300


def test_equal_scores_are_in_the_order_of_ids():
    with phago.Colony(3) as colony:
        keys = [f"k{at}" for at in range(50)]
        colony.ingest([{"id": key, "text": "lorem ipsum"} for key in keys])
        ordered = sorted(keys, key=_phago.document_id)
        for k in (1, 7, 50, 99):
            hits = colony.query("ipsum", k=k, ranking="lexical")
            assert [hit.id for hit in hits] == ordered[:k]
        assert len({hit.score for hit in hits}) == 1


def test_hits_carry_the_document_and_when_it_was_digested():
    with phago.Colony(2) as colony:
        colony.ingest([{"id": "a", "title": "Cells", "text": "Ions cross the membrane."}, "Yeast ferments."])
        hit = colony.query("IONS", ranking="lexical")[0]
        assert (hit.id, hit.title, hit.text, hit.digested) == ("a", "Cells", "Ions cross the membrane.", None)
        assert colony.query("cell", ranking="lexical")[0].id == "a"
        unnamed = colony.query("yeasts", ranking="lexical")[0]
        assert (unnamed.id, unnamed.title) == (_phago.content_id("", "Yeast ferments."), "")
        assert colony.query("ions", ranking="lexical").pending == 2
        colony.run()
        assert colony.query("ions", ranking="lexical").pending == 0
        assert colony.query("ions", ranking="lexical")[0].digested == 1
        assert colony.query("ions", ranking="lexical")[0].score == hit.score


def test_words_are_runs_of_letters_digits_and_marks():
    with phago.Colony(2) as colony:
        colony.ingest(
            {"id": "a", "text": "asyncio.wait_for(O'Reilly) naïve 3.14 \uff26\uff35\uff2c\uff2c Straße 日本語 हिन्दी"}
        )
        for word in (
            "asyncio",
            "wait",
            "reilly",
            "naïve",
            "nai\u0308ve",
            "14",
            "full",
            "STRASSE",
            "日本語",
            "日本",
            "हिन्दी",
        ):
            assert len(colony.query(word, ranking="lexical")) == 1, word
        for word in ("asynci", "हिन"):
            assert len(colony.query(word, ranking="lexical")) == 0, word
        assert _phago.analyse("asyncio.wait_for") == ["asyncio", "wait", "for", "waitfor"]


def test_words_that_are_too_long_to_be_indexed_are_reported():
    with phago.Colony(2) as colony:
        report = colony.ingest(["short words", {"id": "blob", "text": f"data {'ACGT' * 500} {'x' * 257}"}, "y" * 256])
        assert (report.accepted, report.rejected) == (3, ())
        assert [(one.index, one.id, one.field) for one in report.unindexed] == [(1, "blob", "text")]
        assert "2 words of more than 256 bytes" in report.unindexed[0].reason
        assert [hit.id for hit in colony.query("data")] == ["blob"]


@pytest.mark.parametrize("unit", ["今天我们讨论记忆如何形成", "ภาษาไทยสวยงาม", "これは日本語の文字起こしです"])
def test_text_without_a_break_is_found(unit):
    with phago.Colony(2) as colony:
        report = colony.ingest([{"id": "run", "text": unit * 400 + "Python" + unit * 400}, "another text"])
        assert report.unindexed == ()
        for question in (unit, unit[:2], unit[0], "python"):
            assert [hit.id for hit in colony.query(question)] == ["run"], question


def test_function_words_tell_documents_apart_that_nothing_else_does():
    texts = {"on": "How to turn on the night light.", "off": "How to turn off the night light."}
    with phago.Colony(2) as colony:
        colony.ingest({"id": key, "text": text} for key, text in texts.items())
        colony.run()
        for key in texts:
            assert colony.query(f"turn {key} the night light")[0].id == key
        assert {node.label for node in colony.graph.nodes} == {"turn", "night", "light"}


def test_digesting_changes_no_score():
    documents, questions = real_documents(150), ["function argument", "import module", "boundary layer flow"]
    with phago.Colony(3) as colony:
        colony.ingest(documents)
        before = answers(colony, questions)
        assert sum(map(len, before)) >= 10
        colony.run()
        assert answers(colony, questions) == before
        for _ in range(5):
            colony.tick()
        assert answers(colony, questions) == before


def test_a_question_changes_nothing():
    with phago.Colony(3) as colony:
        colony.ingest(seeded_documents(50))
        colony.run()
        before, terms = colony.digest(), colony.stats().terms
        for _ in range(3):
            colony.query("words that no document has ever had qqq zzz", k=5, ranking="lexical")
            colony.graph.node("neverseen")
            colony._world.concepts("neverseen either", 5).wait()
        assert (colony.digest(), colony.stats().terms) == (before, terms)


@pytest.mark.parametrize(
    "question",
    ["", " \n", "nor she ours", "?!.,", "\U0001f600\U0001f9ec", "\0", "x" * 300, "zzqqy", "\ufe0f"],
)
def test_a_question_without_a_known_word_finds_nothing(question):
    with phago.Colony(2) as colony:
        assert len(colony.query(question, ranking="lexical")) == 0
        colony.ingest(["Ions cross the membrane.", "\U0001f389 the of and"])
        hits = colony.query(question, k=5, ranking="lexical")
        assert (len(hits), hits.pending, bool(hits)) == (0, 2, False)


@pytest.mark.parametrize(
    "question", ["ions \U0001f600", "the ions, of course", "ions\0\0zzqqy", "ИОНЫ ions 離子", "ions " * 1000]
)
def test_a_known_word_among_others_is_found(question):
    with phago.Colony(2) as colony:
        colony.ingest(["Ions cross the membrane.", "Yeast ferments."])
        assert [hit.text for hit in colony.query(question, ranking="lexical")] == ["Ions cross the membrane."]


def test_a_repeated_word_counts_as_often():
    with phago.Colony(1) as colony:
        colony.ingest(corpus(1))
        once, twice = (
            colony.query(WORDS[3], ranking="lexical"),
            colony.query(f"{WORDS[3]} {WORDS[3]}", ranking="lexical"),
        )
        assert len(once) == len(twice) == 10
        for one, two in zip(once, twice, strict=True):
            assert (two.id, two.score) == (one.id, pytest.approx(2 * one.score, rel=1e-12))


def test_rankings_are_equal_to_the_last_bit_for_any_shards_and_order():
    documents = seeded_documents(200)
    questions = [document["text"] for document in documents[:20]] + WORDS[:20]
    expected = None
    for shards in (1, 2, 3, 7, 16):
        with phago.Colony(shards) as colony:
            colony.ingest(Chance(shards).shuffled(documents))
            found = [answers(colony, questions, k) for k in (1, 5, 200)]
            expected = expected or found
            assert found == expected


def test_what_is_ingested_during_a_tick_is_found_after_it():
    runner = phago.RunnerConfig(max_parallelism=2)
    with phago.Colony(2, runner=runner) as colony:
        colony.ingest(corpus(5))
        colony._runner.inject(("deaf", 0, "Act", 1, 1_000))
        before = answers(colony, WORDS[:10])
        thread = threading.Thread(target=colony.tick)
        thread.start()
        wait_for_fault(colony._runner)
        assert colony.ingest({"id": "late", "text": f"{WORDS[0]} {WORDS[1]}"}).accepted == 1
        during = answers(colony, WORDS[:10])
        still = thread.is_alive()
        thread.join()
        assert not still or during == before
        after = answers(colony, WORDS[:10])
        assert after != before
        documents = [*corpus(5), {"id": "late", "text": f"{WORDS[0]} {WORDS[1]}"}]
        assert [hit.id for hit in colony.query(WORDS[0], k=100, ranking="lexical")] == [
            key for _, key in plain_bm25(documents, WORDS[0])
        ]


def test_hits_behave_as_a_sequence():
    with phago.Colony(1) as colony:
        colony.ingest(corpus(2))
        hits = colony.query(f"{WORDS[0]} {WORDS[1]}", k=6, ranking="lexical")
        assert isinstance(hits, phago.Hits)
        assert len(hits) == 6
        assert [*hits] == [hits[at] for at in range(6)]
        assert hits[-1] is hits[5]
        assert hits[2:4].items == (hits[2], hits[3])
        assert all(isinstance(hit, phago.Hit) for hit in hits)
        with pytest.raises(IndexError):
            hits[6]


# --- concepts over shards ----------------------------------------------------------------------------------------


def plain_concepts(colony, question):
    """score(c) = sum over the question's terms q of idf(q) times 1 if c is q, else the weight of q to c."""
    nodes = {node.label: node for node in colony.graph.nodes}
    documents = len(colony)
    scores = Counter()
    for word in dict.fromkeys(question.split()):
        node = nodes.get(word)
        if node is not None:
            idf = math.log(1 + (documents - node.mentions + 0.5) / (node.mentions + 0.5))
            scores[node.id] += idf
            for edge in colony.graph.neighbors(word):
                scores[nodes[edge.target].id] += idf * edge.weight
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_concepts_are_ranked_over_shards_with_global_statistics(count):
    documents = [dict(one, title="") for one in corpus(8, 40)]
    coordinator, shards, runner = cluster(count)
    ingest_into(shards, documents)
    runner.run_sync(5)
    engine = phago.DistributedQueryEngine(coordinator, shards)
    assert engine.coordinator is coordinator
    assert list(engine.shards) == shards
    with phago.Colony(3) as colony:
        colony.ingest(documents)
        for _ in range(5):
            colony.tick()
        for question in (WORDS[0], f"{WORDS[1]} {WORDS[30]}", " ".join(WORDS[5:9]), "the neverseen"):
            expected = plain_concepts(colony, question)
            found = engine.query(question, max_results=1000)
            assert len(found) == len(expected)
            scores = dict(expected)
            for node in found:
                assert node.score == pytest.approx(scores[node.node_id], rel=1e-9)
                assert node.shard_id == coordinator.ring.get_shard_for_key(node.node_id)
                assert shards[node.shard_id].get_node(node.node_id).label == node.label
            assert found == sorted(found, key=lambda one: (-one.score, one.node_id))
            assert engine.query(question, max_results=3) == found[:3]
            exact = [(row.id, row.score) for row in colony._world.concepts(question, 1000).wait()]
            assert [(node.node_id, node.score) for node in found] == exact
    assert engine.query("") == []


def test_a_shard_answers_for_the_terms_it_is_home_to():
    coordinator, shards, runner = cluster(3)
    ingest_into(shards, corpus(9, 40))
    runner.run_sync(2)
    request = phago.LocalQueryRequest((WORDS[0], WORDS[1], "neverseen"), max_results=500)
    results = [shard.execute_local_query(request) for shard in shards]
    assert [result.shard_id for result in results] == [0, 1, 2]
    total = Counter()
    for result in results:
        for node in result.results:
            total[node.node_id] += node.score
    whole = phago.DistributedQueryEngine(coordinator, shards).query(f"{WORDS[0]} {WORDS[1]}", max_results=1000)
    assert set(total) == {node.node_id for node in whole}
    for node in whole:
        assert total[node.node_id] == pytest.approx(node.score, rel=1e-12)
    frequencies = coordinator.aggregate_global_df(result.term_frequencies for result in results)
    having = [sum(word in f"{one['title']} {one['text']}".split() for one in corpus(9, 40)) for word in WORDS[:2]]
    assert frequencies == dict(sorted(zip(WORDS[:2], having, strict=True)))
    # Other statistics, other scores: those given are those used.
    home = coordinator.ring.get_shard_for_key(_phago.concept_id(WORDS[0]))
    exact = shards[home].execute_local_query(phago.LocalQueryRequest(WORDS[0], 1, {WORDS[0]: having[0]})).results[0]
    rarer = shards[home].execute_local_query(phago.LocalQueryRequest(WORDS[0], 1, {WORDS[0]: 1})).results[0]
    assert exact.score == shards[home].execute_local_query(phago.LocalQueryRequest(WORDS[0], 1)).results[0].score
    assert rarer.score > exact.score


async def test_questions_may_be_awaited_together():
    async with phago.AsyncColony(3) as colony:
        await colony.ingest(corpus(3))
        expected = [await colony.query(word, ranking="lexical") for word in WORDS[:30]]
        assert await asyncio.gather(*(colony.query(word, ranking="lexical") for word in WORDS[:30])) == expected
        assert sum(map(len, expected)) > 50
