"""One rule of an answer a test, each on a few documents in which it alone decides."""

import math

import phago
import pytest
from support import words

A, B, C, D, E, F, *REST = words(300)
SHARDS = (1, 3)
ONLY_WORDS = phago.Ranking(title_weight=0, named_weight=0, concepts_weight=0, bridge_weight=0)


def filler(count=20):
    """Documents that share no word with any other."""
    return [{"id": f"other{at}", "text": " ".join(REST[at * 5 : at * 5 + 5])} for at in range(count)]


@pytest.fixture(params=SHARDS)
def told(request):
    """What is told of a document, for a question to a colony of some documents and others that share no word."""
    made = []

    def told(documents, question, id, ranking=None, *, others=20, ticks=0):
        colony = phago.Colony(request.param)
        made.append(colony)
        colony.ingest(documents + filler(others))
        for _ in range(ticks):
            colony.tick()
        hits = {hit.id: hit for hit in colony.query(question, 1000, ranking)}
        why = colony.explain(question, id, ranking)
        if id in hits:
            assert (why.score, why.parts) == (hits[id].score, hits[id].parts)
        return why, hits.get(id)

    yield told
    for colony in made:
        colony.close()


def text(id, *words, title=""):
    return {"id": id, "title": title, "text": " ".join(words)}


def long_text(*sentences):
    """Sentences that are a passage each: two do not fit together."""
    return [" ".join([sentence, *REST[200:260]]).capitalize() + "." for sentence in sentences]


# --- words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("power", [0.15, 1.0, 2.0])
def test_a_part_of_a_question_counts_by_the_power_of_coverage(told, power):
    ranking = phago.Ranking(coverage_power=power, title_weight=0, named_weight=0, concepts_weight=0, bridge_weight=0)
    documents = [text("both", A, B), text("one", A, C), text("another", B, C)]
    # Each word stands in two documents: one of two is half of the question, and half of the BM25 score.
    why, _ = told(documents, f"{A} {B}", "one", ranking)
    assert why.score == pytest.approx(0.5 * 0.5**power)


def test_a_passage_is_read_with_the_title(told):
    documents = [text("long", *long_text(A, B, C), title=D), text("split", D), text("other", A)]
    _, apart = told(documents, f"{A} {D}", "long", phago.Ranking(passage_share=1, coverage_power=8))
    # The first passage has one of the words and the title the other: the question is covered.
    assert apart.parts.lexical == 1
    why, _ = told(documents, f"{A} {D}", "long", ONLY_WORDS)
    assert {word.word for word in why.words} == {A, D}


def test_a_word_that_stands_twice_in_a_title_counts_once(told):
    ranking = phago.Ranking(title_weight=1, named_weight=0, concepts_weight=0, bridge_weight=0)
    documents = [text("twice", C, title=f"{A} {A} {B}"), text("same", C, title=f"{B} {A} {B}")]
    # `A` is all of the question and half of the title.
    twice, _ = told(documents, A, "twice", ranking)
    top = 1 + 0.5
    assert twice.title == pytest.approx(0.5 / top)


# --- names -------------------------------------------------------------------------------------------------------


def test_a_name_is_worth_no_more_than_one(told):
    ranking = phago.Ranking(name_mass=0.01, name_share=100, named_weight=0.5, title_weight=0, concepts_weight=0)
    why, _ = told([text("named", C, title=f"{A} {B}")], f"{A} {B}", "named", ranking)
    assert (why.named, why.parts.lexical) == (pytest.approx(0.5 / 1.5), 1)


def test_a_small_part_of_a_question_is_named_in_part_and_a_large_one_fully(told):
    documents = [text("named", C, title=A), text("b", B), text("d", D)]
    found = []
    for share in (1, 3, 9):
        ranking = phago.Ranking(name_mass=0.01, name_share=share, named_weight=1, title_weight=0, concepts_weight=0)
        why, _ = told(documents, f"{A} {B} {D}", "named", ranking)
        found.append(why.named / sum(word.points for word in why.words))
    # The name is a third of the question.
    assert found == pytest.approx([found[1] / 3, found[1], found[1]])


@pytest.mark.parametrize(("bearers", "names"), [(2, True), (3, False)])
def test_a_title_that_more_documents_bear_than_the_bound_names_none(told, bearers, names):
    ranking = phago.Ranking(bearers_max=2, concepts_weight=0)
    documents = [text(f"named{at}", REST[-at - 1], title=A) for at in range(bearers)]
    why, _ = told(documents, A, "named0", ranking)
    assert (why.named > 0) == names
    documents.append(text("seed", B, A))
    why, _ = told(documents, B, "named0", ranking)
    assert (why.parts.bridge > 0) == names


@pytest.mark.parametrize(("length", "names"), [(8, True), (9, False)])
def test_a_title_of_more_than_eight_words_is_never_named(told, length, names):
    title = " ".join(REST[250 : 250 + length])
    why, _ = told([text("named", C, title=title)], title, "named")
    assert (why.named > 0) == names


@pytest.mark.parametrize(("question", "names"), [(f"{A} the {B}", True), (f"{A} unheard {B}", False)])
def test_a_name_goes_over_a_stop_word_and_not_over_an_unknown_one(told, question, names):
    why, _ = told([text("named", C, title=f"{A} {B}")], question, "named")
    assert (why.named > 0) == names


# --- bridges -----------------------------------------------------------------------------------------------------


def test_a_mention_in_a_seed_leads_to_the_document_it_names(told):
    documents = [text("seed", A, B), text("named", C, title=B)]
    why, hit = told(documents, A, "named", phago.Ranking(name_mass=0.01))
    assert why.parts.bridge == pytest.approx(0.9)
    assert [bridge.seed for bridge in hit.path.bridges] == ["seed"]


def test_a_seed_leads_neither_to_itself_nor_to_its_namesakes(told):
    documents = [text("seed", A, B, title=B), text("namesake", C, title=B), text("other", C, title=C)]
    for name in ("seed", "namesake"):
        why, _ = told(documents, A, name)
        assert (why.parts.bridge, why.bridges) == (0, ())


def test_no_name_goes_on_from_a_title_into_the_text(told):
    documents = [text("seed", B, A, title=C), text("named", D, title=f"{C} {B}")]
    why, _ = told(documents, A, "named")
    assert why.parts.bridge == 0
    documents = [text("seed", C, B, A, title=D), text("named", D, title=f"{C} {B}")]
    why, _ = told(documents, A, "named")
    assert why.parts.bridge > 0


# --- seeds and concepts ------------------------------------------------------------------------------------------


def points(shares):
    return {share.label: share.points for share in shares}


def test_own_words_light_up_with_their_share(told):
    documents = [text("seed", A, B), text("other", A, B)]
    for share in (0.2, 0.5):
        why, _ = told(documents, A, "seed", phago.Ranking(own_share=share))
        # The same idf and the same counts in the seeds.
        shares = points(why.concepts)
        assert shares[A] / shares[B] == pytest.approx(share)


def test_a_word_of_one_document_is_no_concept(told):
    documents = [text("seed", A, B, C), text("other", D, B)]
    why, _ = told(documents, A, "seed")
    assert points(why.concepts).keys() == {B}


def test_a_word_of_all_documents_is_no_concept(told):
    documents = [text("seed", A, B, C), text("other", D, B, C), text("third", E, C)]
    why, _ = told(documents, A, "seed", others=0)
    assert points(why.concepts).keys() == {B}


def test_long_questions_need_concepts_less(told):
    documents = [text("seed", A, B, C, D, E, F), text("other", E, F, A, B, C, D)]
    for length in (1, 3):
        why, _ = told(documents, " ".join([A, B, C][:length]), "seed", phago.Ranking(concepts_evidence=4))
        news = 6 - length
        assert why.parts.concepts == pytest.approx(1.8 * news / (news + 4 + length))


def test_no_document_gains_more_by_concepts_than_the_best_seed(told):
    # `B` is all of the bare one and half of the seed.
    documents = [text("seed", A, B), text("bare", B)]
    best, _ = told(documents, A, "seed", phago.Ranking(own_share=0))
    why, _ = told(documents, A, "bare", phago.Ranking(own_share=0))
    assert 0 < why.parts.concepts == best.parts.concepts


def test_the_weights_of_the_seeds_are_shares_of_one(told):
    documents = [text("one", A, B), text("two", A, B), text("three", A, C)]
    ranking = phago.Ranking(seed_power=1)
    weights = [told(documents, A, name, ranking)[0].seed for name in ("one", "two", "three")]
    assert weights == pytest.approx([1 / 3] * 3)


def test_a_seed_at_the_floor_is_one(told):
    documents = [text("one", A, B), text("two", A, B)]
    for name in ("one", "two"):
        why, hit = told(documents, A, name, phago.Ranking(seed_floor=1))
        assert (why.seed, hit is None) == (0.5, False)


@pytest.mark.parametrize("at", range(0, 36, 3))
def test_a_stretch_overlaps_the_one_before_by_half(told, at):
    # Two words of a question stand up to half of a stretch apart, anywhere in a long text: one stretch has them both,
    # and what stands between them is what the seed speaks of.
    said = REST[200:240]
    said[at], said[at + 3], said[at + 1] = A, B, C
    documents = [text("seed", *said), text("other", C, D)]
    why, _ = told(documents, f"{A} {B}", "other", phago.Ranking(stretch_words_max=8))
    assert points(why.concepts).keys() == {C}


def test_what_has_nothing_of_a_question_answers_nothing(told):
    _, hit = told([text("seed", A, B), text("other", C)], A, "other")
    assert hit is None


# --- the hop -----------------------------------------------------------------------------------------------------


def test_a_hop_leads_to_words_of_several_documents_only(told):
    ranking = phago.Ranking(hop_share=1, own_share=0, concepts_max=200)
    documents = [text("seed", A, B, C), text("other", B, D), text("far", C, D)]
    why, _ = told(documents, A, "seed", ranking, ticks=1)
    assert points(why.concepts).keys() == {B, C}
    documents = [text("seed", A, B, C), text("other", B, D)]
    why, _ = told(documents, A, "seed", ranking, ticks=1)
    assert points(why.concepts).keys() == {B}


def test_a_word_asked_twice_hops_twice_as_strongly(told):
    # The seeds speak of their first two words, so that only hops lead to the third.
    ranking = phago.Ranking(hop_share=1, stretch_words_max=2)
    documents = [text("a", A, D, C), text("b", B, E, C), text("c", C), text("d", D, E)]
    for question, ratio in ((f"{A} {B}", 1), (f"{A} {A} {B}", 2)):
        why, _ = told(documents, question, "c", ranking, ticks=1)
        [concept] = why.concepts
        assert (concept.label, concept.seeds) == (C, ())
        by_word = {word.word: word.points for word in concept.words}
        assert by_word[A] / by_word[B] == pytest.approx(ratio)


# --- the passage -------------------------------------------------------------------------------------------------


def test_the_first_of_equal_passages_is_shown(told):
    one, two, three = long_text(A, A, A)
    _, hit = told([text("long", one, two, three)], A, "long")
    assert hit.span == (0, len(one))


def test_a_word_of_the_question_shows_a_passage_before_a_concept_does(told):
    question, concept = long_text(A, f"{B} {C}")
    documents = [text("long", concept, question), text("seed", A, B, B, B, C), text("other", A, B, C)]
    _, hit = told(documents, A, "long")
    assert hit.passage == question


# --- order -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 2, 16])
@pytest.mark.parametrize("ranking", [None, "lexical"])
def test_equal_documents_stand_in_the_order_of_their_ids(shards, ranking):
    with phago.Colony(shards) as colony:
        colony.ingest([text(f"d{at}", A, B) for at in range(30)] + filler())
        found = [hit.id for hit in colony.query(A, 30, ranking)]
    assert found == sorted(found, key=phago._phago.document_id)
    assert len(found) == 30


def test_a_concept_is_as_near_as_its_synapse_is_strong():
    with phago.Colony(2) as colony:
        colony.ingest([text("one", A, B), *filler()])
        colony.run()
        found = {concept.label: concept.score for concept in colony.concepts(A)}
        weight = {edge.target: edge.weight for edge in colony.graph.neighbors(A)}[B]
        assert 0 < weight < 0.2
        assert found[B] / found[A] == pytest.approx(weight)
        assert found[A] == pytest.approx(math.log(1 + 20.5 / 1.5))


@pytest.mark.parametrize("shards", [1, 3])
def test_function_words_answer_alone_only_where_there_are_no_others(shards):
    with phago.Colony(shards) as colony:
        colony.ingest(
            [{"id": "band", "title": "The Who", "text": "They sing."}, {"id": "meal", "text": "It is the meal."}]
        )
        for ranking in (None, "lexical"):
            assert next(hit.id for hit in colony.query("the who", ranking=ranking)) == "band"
            assert [hit.id for hit in colony.query("is it", ranking=ranking)] == ["meal"]
            # Of a word that nobody knows there is nothing to say, whatever stands around it.
            assert len(colony.query("who is the zebrafish", ranking=ranking)) == 0
            assert next(hit.id for hit in colony.query("who is the zebrafish meal", ranking=ranking)) == "meal"
        told = colony.explain("who is the zebrafish", "meal")
        assert (told.score, told.unknown) == (0, ("zebrafish",))
        assert "function words aside" in told.nothing
        # It is read as a known one near it, which has documents.
        assert next(hit.id for hit in colony.query("what is the mael")) == "meal"
