"""Answers against a naive answerer in plain Python, on any number of shards, with any constants."""

import itertools
import math
from collections import Counter

import phago
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from naive_answer import FUNCTION_WORDS, Answer, CloseCallError, Corpus, cuts, sentences
from phago import _phago
from support import Chance, edges_of, words

WORDS = words(400)
CLOSE = 1e-9
K = 1000


# --- corpora -----------------------------------------------------------------------------------------------------


def at_a_seam(text):
    """Whether a sentence begins one sign behind a multiple of 100 from where its passage begins.

    Passages are looked for in pieces of so many signs, and a sentence that begins there is overlooked: the one before
    it then begins the next passage.
    """
    starts = cuts(text)
    return any((at - 1 - start) % 100 == 0 for start in starts for at in sentences(text) if start < at <= start + 600)


class Writer:
    """Writes documents that have what answers tell apart: common and single words, names and namesakes, long texts."""

    def __init__(self, seed, vocabulary=60, threads=0):
        self.chance, self.threads = Chance(seed), threads
        self.common, self.rare = WORDS[:vocabulary], iter(WORDS[vocabulary:])
        self.titles = [self.title(length) for length in (1, 1, 2, 2, 3, 8, 9)]
        self.sentences = []

    def one_of(self, items):
        return items[self.chance.below(len(items))]

    def word(self):
        return self.common[self.chance.rank(len(self.common))]

    def some(self, count):
        return [self.word() for _ in range(count)]

    def title(self, length):
        return " ".join(self.one_of(self.common) for _ in range(length))

    def sentence(self):
        kind = self.chance.below(12)
        if kind == 0 and self.sentences:
            return self.one_of(self.sentences)
        found = self.some(1 + self.chance.below(12))
        if kind == 1:
            found = self.some(130)
        elif kind == 2:
            found.insert(1, "of the")
        elif kind == 3:
            found.append(next(self.rare))
        elif kind < 7:
            found.insert(self.chance.below(3), self.one_of(self.titles))
        self.sentences.append(" ".join(found).capitalize() + self.one_of([". ", ". ", "! ", "?\n"]))
        return self.sentences[-1]

    def text(self):
        length = self.chance.below(40) if self.chance.below(4) == 0 else self.chance.below(4)
        text = " " * self.chance.below(2) + "".join(self.sentence() for _ in range(1 + length))
        return self.text() if at_a_seam(text) else text

    def document(self, key):
        kind = self.chance.below(8)
        title = "" if kind == 0 else self.title(1 + kind % 3) if kind < 4 else self.one_of(self.titles)
        if self.chance.below(6) == 0:
            opening, closing = self.one_of(["()", "[]", "\uff08\uff09"])
            title += f" {opening}{self.word()}{closing}"
        made = {"id": key, "title": title, "text": self.text()}
        if self.threads and self.chance.below(4):
            # Some stand alone, some at one place, some turns say who speaks.
            made |= {"thread": f"t{self.chance.below(self.threads)}", "place": self.chance.below(9) - 4}
            if self.chance.below(2):
                made["text"] = f"{' '.join(self.some(1 + self.chance.below(4)))}: {made['text']}"
                if at_a_seam(made["text"]):
                    return self.document(key)
        return made

    def documents(self, count):
        found = [self.document(f"d{at}") for at in range(count)]
        # Some say the same as another.
        return found + [dict(self.one_of(found), id=f"twin{at}") for at in range(count // 8)]

    def question(self):
        kind = self.chance.below(6)
        found = self.some(1 + self.chance.below(60 if kind == 0 else 6))
        if kind in (1, 2):
            found.insert(self.chance.below(2), self.one_of(self.titles))
        elif kind == 3:
            found += ["the", found[0], "unheard"]
        elif kind == 4:
            found.append(next(self.rare))
        elif kind == 5 and self.sentences:
            return self.one_of(self.sentences)
        return " ".join(found)


# The naive answer knows no near words, which have tests of their own: what it answers has none, or leaves them unknown.
RANKINGS = st.builds(
    phago.Ranking,
    near_share=st.just(0.0),
    coverage_power=st.sampled_from([0.15, 0.0, 0.5, 1.0, 3.0]),
    passage_share=st.sampled_from([0.5, 0.0, 0.2, 1.0]),
    title_weight=st.sampled_from([0.4, 0.0, 2.0]),
    named_weight=st.sampled_from([0.6, 0.0, 3.0]),
    name_mass=st.sampled_from([1.4, 0.01, 0.5, 5.0]),
    name_power=st.sampled_from([2.0, 0.0, 1.0, 5.0]),
    name_share=st.sampled_from([2.0, 0.0, 0.5, 10.0]),
    bearers_max=st.sampled_from([32, 1, 2, 3]),
    seeds_max=st.sampled_from([20, 1, 2, 5]),
    seed_power=st.sampled_from([8.0, 0.0, 1.0, 2.5]),
    seed_floor=st.sampled_from([0.01, 0.0, 0.3, 1.0]),
    stretch_words_max=st.sampled_from([150, 1, 7, 20, 61]),
    concepts_max=st.sampled_from([30, 1, 4, 200]),
    own_share=st.sampled_from([0.2, 0.0, 1.0, 2.0]),
    hop_share=st.sampled_from([0.0, 0.0, 0.3, 2.0]),
    concepts_weight=st.sampled_from([1.8, 0.0, 5.0]),
    concepts_power=st.sampled_from([0.7, 0.1, 1.0, 2.0]),
    concepts_evidence=st.sampled_from([5.0, 0.0, 30.0]),
    concepts_question=st.sampled_from([20.0, 1.0, 5.0]),
    bridge_weight=st.sampled_from([0.9, 0.0, 4.0]),
    context_weight=st.sampled_from([0.8, 0.0, 3.0]),
    context_reach=st.sampled_from([3, 0, 1, 7]),
    speaker_weight=st.sampled_from([1.0, 0.0, 0.3]),
)


# --- comparing ---------------------------------------------------------------------------------------------------


def close(expected):
    return pytest.approx(expected, rel=CLOSE, abs=1e-12)


def same_order(found, expected, id):
    """Pairs of a thing and its score stand in one order, but for those whose scores are apart by rounding alone."""
    assert [score for _, score in found] == close([score for _, score in expected])
    assert {id(one) for one, _ in found} == {id(one) for one, _ in expected}
    at = {id(one): place for place, (one, _) in enumerate(expected)}
    for place, (one, score) in enumerate(found):
        assert math.isclose(expected[at[id(one)]][1], score, rel_tol=CLOSE), (place, id(one))


def padded(numbers, length):
    return numbers + [0.0] * (length - len(numbers))


def same_shares(found, expected, most=None):
    """Shares by name: the largest of those expected, largest first. One that is but rounding may be missing."""
    assert len(dict(found)) == len(found) <= (most or len(found))
    largest = sorted(expected.values(), reverse=True)[:most]
    length = max(len(found), len(largest))
    assert padded([points for _, points in found], length) == close(padded(largest, length))
    assert dict(found) == close({name: expected.get(name, 0.0) for name, _ in found})


def key_of(one):
    """Of a text or of a hit."""
    return getattr(one, "key", None) or one.id


def pairs(shares):
    return [(share.word, share.points) for share in shares]


def same_path(answer, text, concepts, bridges, most=None):
    """What led to a document: concepts with the words and seeds that lit them, and bridges."""
    shares = answer.shares(text)
    same_shares([(one.label, one.points) for one in concepts], shares, most)
    for one in concepts:
        points = shares[one.label]
        same_shares(pairs(one.words), {word: points * part for word, part in answer.by_word(one.label).items()})
        same_shares(list(one.seeds), {key: points * part for key, part in answer.by_seed(one.label).items()}, most)
    expected = {seed.text.key: (seed, points) for seed, points in answer.bridging(text)}
    assert {one.seed for one in bridges} == expected.keys()
    assert [one.points for one in bridges] == close([points for _, points in answer.bridging(text)])
    for one in bridges:
        seed, points = expected[one.seed]
        assert (one.points, one.weight) == (close(points), close(seed.weight))
        assert one.title == seed.text.title


def same_words(answer, text, shares):
    by_word = answer.evidences[text][1]
    unit = 1 / (answer.best * answer.top)
    assert [share.word for share in shares] == [word for word in answer.asked if word in by_word]
    assert [share.points for share in shares] == close([by_word[share.word] * unit for share in shares])


def same_explanation(answer, text, told):
    assert told.unknown == tuple(
        word for word in answer.asked if word not in answer.words and word not in FUNCTION_WORDS
    )
    assert (told.nothing is None) == bool(answer.seeds)
    if not answer.seeds:
        assert (told.score, told.words, told.concepts, told.bridges, told.seed) == (0, (), (), (), None)
        return
    assert told.score == close(answer.scored(text).score)
    same_words(answer, text, told.words)
    assert told.title == close(answer.ranking.title_weight * answer.title_share(text) / answer.top)
    assert told.named == close(answer.ranking.named_weight * answer.named(text) / answer.top)
    weights = {seed.text.key: seed.weight for seed in answer.seeds}
    assert told.seed == (close(weights[text.key]) if text.key in weights else None)
    same_path(answer, text, told.concepts, told.bridges)
    same_context(answer, text, told.context)
    assert told.speaker == close(answer.carried(text)[1])


def same_context(answer, text, shares):
    """The neighbours that carry a document, in their order. One that is but rounding may be missing."""
    expected, found = answer.carried(text)[0], {share.id: share.points for share in shares}
    assert [key for key in expected if key in found] == list(found)
    assert {key: found.get(key, 0.0) for key in expected} == close(expected)


def same_answer(answer, colony, question, ranking):
    """All hits of a question with everything that is told of them. How many there are."""
    hits = colony.query(question, K, ranking)
    expected = answer.hits()
    same_order([(hit, hit.score) for hit in hits], [(one.text, one.score) for one in expected], key_of)
    by_key = {one.text.key: one for one in expected}
    for hit in hits:
        one = by_key[hit.id]
        assert (hit.parts.lexical, hit.parts.concepts, hit.parts.bridge, hit.parts.context) == close(
            (one.lexical, one.concepts, one.bridge, one.context)
        )
        same_context(answer, one.text, hit.path.context)
        assert hit.span == answer.span(one.text), hit.id
        same_words(answer, one.text, hit.path.words)
        same_path(answer, one.text, hit.path.concepts, hit.path.bridges, most=3)
    # What says the same in all is told apart by its id alone, unless its neighbours say something else.
    for hit, other in itertools.pairwise(hits):
        if (hit.score, hit.title, hit.text) == (other.score, other.title, other.text):
            assert _phago.document_id(hit.id) < _phago.document_id(other.id)
    return len(hits)


class Pair:
    """A colony and the corpus of the same documents."""

    def __init__(self, shards, documents, gone=(), ticks=0):
        self.colony = phago.Colony(shards, runner=phago.RunnerConfig(max_parallelism=1))
        self.colony.ingest(documents)
        for _ in range(ticks):
            self.colony.tick()
        for key in gone:
            self.colony.delete(key)
        edges = {pair: row[0] for pair, row in edges_of(self.colony).items()}
        nodes = {node.id for node in self.colony.graph.nodes}
        self.corpus = Corpus([one for one in documents if one["id"] not in gone], edges, nodes)

    def __enter__(self):
        return self.colony, self.corpus

    def __exit__(self, *_):
        self.colony.close()


# --- the whole answer --------------------------------------------------------------------------------------------

SEEDS = st.integers(0, 2**64 - 1)
SHARDS = st.integers(1, 16)
# A corpus is made from a seed, so that shrinking finds no smaller one worth its time.
SEARCHING = settings(max_examples=50, deadline=None, phases=set(Phase) - {Phase.shrink, Phase.explain})


@SEARCHING
@given(seed=SEEDS, shards=SHARDS, count=st.integers(1, 24), gone=st.integers(0, 3), ranking=RANKINGS | st.just(None))
# Seeds of next to no weight leave some words a share of 1e-13.
@example(
    seed=214763,
    shards=14,
    count=11,
    gone=2,
    ranking=phago.Ranking(
        near_share=0, passage_share=0.2, title_weight=2.0, seed_floor=0.0, own_share=0.0, hop_share=0.3
    ),
)
def test_any_answer_equals_the_naive_one(seed, shards, count, gone, ranking):
    writer = Writer(seed, threads=seed % 4)
    documents = writer.documents(count)
    with Pair(shards, documents, {f"d{at}" for at in range(gone)}, ticks=seed % 3) as (colony, corpus):
        for _ in range(3):
            question = writer.question()
            if ranking is None and colony.explain(question).read_as:
                continue
            try:
                answer = Answer(corpus, question, ranking or phago.Ranking())
                same_answer(answer, colony, question, ranking)
                for text in corpus.texts[::5]:
                    same_explanation(answer, text, colony.explain(question, text.key, ranking))
            except CloseCallError:
                continue


@SEARCHING
@given(seed=SEEDS, shards=SHARDS, count=st.integers(1, 24), gone=st.integers(0, 3))
def test_any_lexical_answer_equals_the_naive_one(seed, shards, count, gone):
    writer = Writer(seed)
    documents = writer.documents(count)
    with Pair(shards, documents, {f"d{at}" for at in range(gone)}) as (colony, corpus):
        for _ in range(6):
            question = writer.question()
            hits = [(hit, hit.score) for hit in colony.query(question, K, "lexical")]
            same_order(hits, corpus.search(question), key_of)


@SEARCHING
@given(seed=SEEDS, shards=SHARDS, count=st.integers(1, 24), kinds=st.integers(1, 4), ranking=RANKINGS)
def test_a_filter_leaves_out_documents_and_moves_no_score(seed, shards, count, kinds, ranking):
    writer = Writer(seed, threads=seed % 4)
    kind = {}
    documents = writer.documents(count)
    for one in documents:
        kind[one["id"]] = writer.chance.below(kinds)
        one["metadata"] = {"kind": kind[one["id"]]}
    with Pair(shards, documents) as (colony, corpus):
        question = writer.question()
        try:
            answer = Answer(corpus, question, ranking)
        except CloseCallError:
            return
        expected = [(one.text, one.score) for one in answer.hits() if kind[one.text.key] == 0]
        hits = colony.query(question, K, ranking, where={"kind": 0})
        same_order([(hit, hit.score) for hit in hits], expected, key_of)
        expected = [(text, score) for text, score in corpus.search(question) if kind[text.key] == 0]
        hits = colony.query(question, K, "lexical", where={"kind": 0})
        same_order([(hit, hit.score) for hit in hits], expected, key_of)


@SEARCHING
@given(
    seed=SEEDS, shards=SHARDS, count=st.integers(1, 24), gone=st.integers(0, 3), ticks=st.sampled_from([0, 1, 2, 80])
)
def test_concepts_near_any_question_equal_the_naive_ones(seed, shards, count, gone, ticks):
    writer = Writer(seed)
    documents = writer.documents(count)
    with Pair(shards, documents, {f"d{at}" for at in range(gone)}, ticks) as (colony, corpus):
        for _ in range(4):
            question = writer.question()
            expected = corpus.concepts(question)
            found = colony.concepts(question, 10 * K)
            assert [concept.score for concept in found] == close(sorted(expected.values(), reverse=True))
            assert {concept.id: concept.score for concept in found} == close(dict(expected))


def test_the_corpora_have_what_answers_tell_apart():
    seen = Counter()
    for seed in range(40):
        writer = Writer(seed, threads=3)
        corpus = Corpus(writer.documents(20))
        seen["namesakes"] += len(corpus.texts) > len({text.name for text in corpus.texts})
        seen["single words"] += any(count == 1 for count in corpus.df.values())
        for _ in range(3):
            question = writer.question()
            try:
                answer = Answer(corpus, question, phago.Ranking(stretch_words_max=20, bearers_max=2))
            except CloseCallError:
                continue
            hits = answer.hits()
            seen["hits"] += len(hits)
            seen["concepts"] += any(one.concepts > 0 and not one.lexical for one in hits)
            seen["bridges"] += any(one.bridge > 0 for one in hits)
            seen["carried"] += any(one.context > 0 and not one.lexical for one in hits)
            seen["speakers"] += any(answer.carried(one.text)[1] for one in hits)
            seen["names"] += any(answer.named(one.text) for one in hits)
            seen["passages"] += any(len(one.text.passages) > 2 for one in hits)
            seen["stretches"] += any(len(seed.words) < len(seed.text.words) for seed in answer.seeds)
            seen["long questions"] += len(answer.words) > 15
            seen["unknown words"] += len(answer.asked) > len(answer.words)
    assert len(seen) == 12
    assert min(seen.values()) >= 10, seen


def test_the_naive_answer_is_the_one_of_the_formulas():
    # Two documents of three words, one of which has the word: idf = ln 2, and the length is the mean.
    corpus = Corpus([{"id": "a", "title": "bak", "text": "gak dak"}, {"id": "b", "text": "fak lak mak"}])
    assert corpus.search("gak") == [(corpus.texts[0], close(math.log(2) * 2.5 / (1 + 1.5)))]
    answer = Answer(corpus, "gak", phago.Ranking(concepts_weight=1, concepts_evidence=1))
    # All words stand in one document: none is a concept.
    assert [(one.score, one.bridge) for one in answer.hits()] == [(1.0, 0.0)]
    assert cuts("x" * 600) == [0, 600]
    assert cuts("Ab cd. " * 100) == [0, 595, 700]
    assert cuts("ab " * 300) == [0, 600, 900]
