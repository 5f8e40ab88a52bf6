"""Golden values: what some small programs said when they were last taken, to the bit.

A change that is meant to move nothing keeps every line of `golden.json`. One that is meant to move something takes
the values anew, and the difference of that file is read line by line before it is committed:

    python tests/test_golden.py --take
"""

import dataclasses
import json
import re
import sys
from pathlib import Path

import phago
import pytest
from support import Chance, cluster

GOLDEN = Path(__file__).with_name("golden.json")
SHARDS = (1, 2, 3, 7, 16)
# Those are left out that tell how a colony is cut up or what it costs.
STATS = ("tick", "documents", "pending", "digested", "terms", "nodes", "edges", "digesters")

PLAIN = None
BARE = phago.Ranking(title_weight=0, named_weight=0, concepts_weight=0, bridge_weight=0)
OTHER = phago.Ranking(
    coverage_power=0.6,
    passage_share=0.3,
    bearers_max=3,
    seeds_max=5,
    seed_power=2,
    stretch_words_max=40,
    concepts_max=12,
    own_share=0.7,
    hop_share=0.5,
    bridge_weight=2,
)
NARROW = phago.Ranking(exhaustive_max=0, seeds_max=4, lexical_candidates=6, concept_candidates=5, postings_max=60)


# --- texts -------------------------------------------------------------------------------------------------------

ONSETS = re.findall("[a-z]+", "b br c cl d dr f fl g gr h k l m n p pl r s st t tr v w")
VOWELS = ["a", "e", "i", "o", "u", "ea", "io", "ou"]
ENDINGS = ["n", "r", "t", "l", "m", "nd", "st", "ck", "sh"]
FORMS = ["", "", "", "s", "ed", "ing", "ly"]
STOPS = ["the", "of", "and", "to", "in", "is", "was", "that", "for", "it", "with", "as", "on", "by", "at", "from"]


class Writer:
    """Writes sentences: seldom and frequent words in several forms, with stop words, capitals and stops."""

    def __init__(self, seed, vocabulary=160):
        self.chance = Chance(seed)
        self.stems = [self.stem(number) for number in range(vocabulary)]

    def stem(self, number):
        parts = [self.one_of(ONSETS) + self.one_of(VOWELS) for _ in range(1 + number % 2)]
        return "".join(parts) + self.one_of(ENDINGS)

    def one_of(self, items):
        return items[self.chance.below(len(items))]

    def word(self):
        if self.chance.below(3) == 0:
            return self.one_of(STOPS)
        return self.stems[self.chance.rank(len(self.stems))] + self.one_of(FORMS)

    def sentence(self):
        text = " ".join(self.word() for _ in range(4 + self.chance.below(12)))
        return text[0].upper() + text[1:] + "."

    def text(self, sentences):
        return " ".join(self.sentence() for _ in range(1 + self.chance.below(sentences)))

    def title(self):
        return " ".join(self.stems[self.chance.below(len(self.stems))].title() for _ in range(1 + self.chance.below(2)))

    def documents(self, count, sentences=5, name="d"):
        return [{"id": f"{name}{at}", "title": self.title(), "text": self.text(sentences)} for at in range(count)]


# --- what is noted -----------------------------------------------------------------------------------------------


class Notes:
    """Facts by name, each a value of JSON that shows every bit."""

    def __init__(self):
        self.facts = {}

    def add(self, name, value):
        assert name not in self.facts, name
        self.facts[name] = value

    def state(self, name, colony):
        stats = colony.stats()
        counts = " ".join(f"{field}={getattr(stats, field)}" for field in STATS)
        self.add(name, [colony.digest(), colony.digest("evidence"), counts])

    def ranking(self, name, hits):
        self.add(name, [told(hit) for hit in hits])

    def answers(self, name, colony, question, k=6, rankings=(PLAIN, "lexical"), where=None):
        self.add(f"{name}: question", question)
        for at, ranking in enumerate(rankings):
            self.ranking(f"{name}: ranking {at}", colony.query(question, k, ranking, where=where))

    def reasons(self, name, colony, question, id, ranking=None):
        explanation = colony.explain(question, id, ranking)
        for field in dataclasses.fields(explanation):
            value = getattr(explanation, field.name)
            if value in (None, (), 0.0, ""):
                continue
            # The head of a long list: what follows is made by the same rule.
            value = [repr(one) for one in value[:5]] if isinstance(value, tuple) else repr(value)
            self.add(f"{name}: {field.name}", value)

    def concepts(self, name, colony, question, k=5):
        self.add(name, [repr(concept) for concept in colony.concepts(question, k)])


def told(hit):
    parts = f"{hit.parts.lexical!r} + {hit.parts.concepts!r} + {hit.parts.bridge!r}"
    return f"{hit.id} {hit.score!r} = {parts} at {hit.span[0]}-{hit.span[1]}"


def words_of(document, first, count):
    return " ".join(document["text"].split()[first : first + count])


# --- programs ----------------------------------------------------------------------------------------------------


def batches(notes, shards):
    """Documents arrive in batches, between ticks and after the last one; the colony rests."""
    documents = Writer(1).documents(60)
    with phago.Colony(shards) as colony:
        for at in range(0, 60, 20):
            colony.ingest(documents[at : at + 20])
            notes.state(f"after ingest {at}", colony)
            colony.tick()
            notes.state(f"after tick {at}", colony)
        notes.add("ticks of the run", colony.run().ticks)
        notes.state("at rest", colony)
        for at in (3, 17, 44):
            question = words_of(documents[at], 1, 3 + at % 5)
            notes.answers(f"words of {at}", colony, question, rankings=(PLAIN, "lexical", BARE, OTHER))
            notes.concepts(f"words of {at}: concepts", colony, question)
        notes.reasons("why", colony, words_of(documents[17], 0, 7), "d17")
        notes.reasons("why not", colony, words_of(documents[17], 0, 7), "d5")
        notes.reasons("the question alone", colony, words_of(documents[17], 0, 7) + " qqqzzz", None)


def life(notes, shards):
    """Documents are updated, deleted and reinforced, and much time passes."""
    documents = Writer(2).documents(50)
    config = phago.ColonyConfig(maturation_ticks=4, edge_decay_rate=0.02, reinforcement_gain=0.2)
    with phago.Colony(shards, seed=5, config=config) as colony:
        colony.ingest(documents)
        colony.run()
        question = words_of(documents[8], 2, 6)
        notes.answers("before", colony, question, rankings=(PLAIN, OTHER))
        notes.add("reinforced", [colony.reinforce(hit) for hit in colony.query(question, 3)])
        colony.tick()
        notes.state("reinforced and ticked", colony)
        changed = [dict(documents[at], text=documents[at + 1]["text"]) for at in (2, 3, 4)]
        notes.add("updates", [colony.update(one) for one in [*changed, documents[9], {"id": "new", "text": "new"}]])
        notes.add("deletes", [colony.delete(name) for name in ("d8", "d8", "d20", "none")])
        notes.state("updated and deleted", colony)
        notes.answers("without the best", colony, question, rankings=(PLAIN, OTHER))
        for at in range(5):
            colony.tick()
            notes.state(f"tick {at} after", colony)
        for _ in range(60):
            colony.tick()
        notes.state("long after", colony)
        notes.answers("long after", colony, question, rankings=(PLAIN, OTHER))
        notes.add("neighbours", [repr(one) for one in colony.graph.neighbors(words_of(changed[0], 1, 1))])


def metadata(notes, shards):
    """Documents are filtered by what is said of them; many candidates and few."""
    writer = Writer(3)
    documents = [
        {**one, "metadata": {"year": 1990 + at % 9, "tags": ["a", "b", "c"][: at % 4], "even": at % 2 == 0}}
        for at, one in enumerate(writer.documents(70))
    ]
    with phago.Colony(shards) as colony:
        colony.ingest(documents)
        notes.state("applied", colony)
        colony.run()
        notes.state("at rest", colony)
        question = words_of(documents[30], 0, 8)
        for at, where in enumerate(
            [{}, {"year": 1994}, {"year": {"gte": 1992, "lt": 1995}, "even": True}, {"tags": ["b", "c"]}]
        ):
            rankings = (PLAIN, "lexical", NARROW)
            notes.answers(f"where {at}", colony, question, k=5, rankings=rankings, where=where)
        notes.add("stored", repr(colony.get("d30")))


def tight(notes, shards):
    """Rows are full, ticks grant few documents, synapses soon fade."""
    documents = Writer(4, vocabulary=60).documents(60, sentences=3)
    config = phago.ColonyConfig(
        max_edge_degree=4,
        concepts_per_document=8,
        documents_per_tick=11,
        documents_per_digester=3,
        maturation_ticks=3,
        edge_decay_rate=0.05,
        staleness_factor=9,
        ghosts_max=3,
    )
    with phago.Colony(shards, config=config) as colony:
        colony.ingest(documents)
        for at in range(14):
            colony.tick()
            notes.state(f"tick {at}", colony)
        notes.add("rows", [repr(edge) for edge in list(colony.graph.edges)[:12]])
        notes.answers("an answer", colony, words_of(documents[6], 0, 5), rankings=(OTHER, NARROW))


def titles(notes, shards):
    """Documents mention one another by title; several have one title; questions name them."""
    writer = Writer(5)
    documents = writer.documents(50, sentences=3)
    for at in range(0, 48, 3):
        documents[at]["text"] += f" See {documents[at + 1]['title']} and {documents[at + 2]['title']}."
        documents[at + 2]["title"] = documents[(at + 20) % 48]["title"]
    with phago.Colony(shards) as colony:
        colony.ingest(documents)
        colony.run()
        notes.state("at rest", colony)
        for at in (1, 15, 30):
            question = f"{documents[at]['title']} {words_of(documents[at + 3], 1, 3)}"
            notes.answers(f"title {at}", colony, question, rankings=(PLAIN, OTHER, "lexical"))
            notes.reasons(f"title {at}: why", colony, question, colony.query(question)[0].id)
            notes.reasons(f"title {at}: why last", colony, question, colony.query(question)[-1].id, OTHER)


def long(notes, shards):
    """Documents have many passages, and questions are long."""
    documents = Writer(6, vocabulary=300).documents(24, sentences=90)
    with phago.Colony(shards) as colony:
        colony.ingest(documents)
        colony.run()
        notes.state("at rest", colony)
        for at in (0, 9, 20):
            for length in (2, 12, 60):
                question = words_of(documents[at], 20, length)
                notes.answers(f"{length} words of {at}", colony, question, k=4, rankings=(PLAIN, OTHER))


UNICODE = {
    "accents": "Café crème à la carte; naïve façades. İstanbul, Straße, ﬁne ligatures.",
    "marks": "Cafe\u0301 cre\u0300me, the same signs in parts.",
    "cyrillic": "Москва — столица России. Красная площадь стоит в центре.",
    "greek": "Ὀδυσσεύς ἦλθε. Αθήνα είναι η πρωτεύουσα.",
    "japanese": "細胞膜は細胞の内外を隔てる生体膜。イオンの輸送を担う。",
    "chinese": "长江大桥是一座公路铁路两用桥。",
    "thai": "กรุงเทพมหานครเป็นเมืองหลวง",
    "arabic": "القاهرة هي عاصمة مصر",
    "hindi": "नई दिल्ली भारत की राजधानी है",
    "signs": "🦠 phagocytes eat 🦠; x=3.14, a_b, C++ and asyncio.wait_for().",
    "wide": "\uff26\uff55\uff4c\uff4c \uff57\uff49\uff44\uff54\uff48 letters, ① ② and ½.",
}


def unicode(notes, shards):
    """Many scripts, ids and titles in them, and a document without an id."""
    documents = [{"id": f"{key} ü", "title": text[:9], "text": text} for key, text in UNICODE.items()]
    with phago.Colony(shards) as colony:
        colony.ingest([*documents, "A text without an id, about Москва and 東京."])
        notes.state("applied", colony)
        colony.run()
        notes.state("at rest", colony)
        for question in (
            "cafe creme",
            "Москва",
            "細胞の膜",
            "เมืองหลวง",
            "asyncio wait",
            "fine straße 🦠",
            "full width",
        ):
            notes.answers(question, colony, question, k=3)


def without_ids(notes, shards):
    """Documents are known by their content; a second of the same is none."""
    writer = Writer(7, vocabulary=90)
    texts = [writer.text(3) for _ in range(40)]
    with phago.Colony(shards, config=phago.ColonyConfig(documents_per_tick=7)) as colony:
        for batch in (texts[:20], texts[10:30], texts[::-1]):
            report = colony.ingest(batch)
            notes.add(f"report {len(notes.facts)}", repr(report))
            colony.tick()
        notes.state("ticked", colony)
        notes.add("deleted", colony.delete(colony.query(texts[5], 1)[0].id))
        notes.add("ticks of the run", colony.run().ticks)
        notes.state("at rest", colony)
        notes.answers("an answer", colony, " ".join(texts[6].split()[:9]), rankings=(PLAIN, OTHER))


# --- messages ----------------------------------------------------------------------------------------------------


def messages(notes, shards):
    """What typical mistakes are answered with."""
    with phago.Colony(shards) as colony:
        colony.ingest([{"id": "a", "title": "Cells", "text": "ions cross membranes"}, "another"])
        hit = colony.query("ions")[0]
        closed = phago.Colony(shards)
        closed.close()
        coordinator, parts, runner = cluster(2)
        cases = {
            "blank text": lambda: colony.ingest([" \n"]),
            "no text": lambda: colony.ingest([{"id": "b"}]),
            "a number": lambda: colony.ingest([5]),
            "an empty id": lambda: colony.ingest([{"id": "", "text": "x"}]),
            "a long id": lambda: colony.ingest([{"id": "x" * 513, "text": "x"}]),
            "a bad title": lambda: colony.ingest([{"id": "b", "title": 3, "text": "x"}]),
            "an unknown field": lambda: colony.ingest([{"id": "b", "text": "x", "body": "y"}]),
            "bad metadata": lambda: colony.ingest([{"id": "b", "text": "x", "metadata": {"a": {}}}]),
            "other content": lambda: colony.ingest([{"id": "a", "text": "other"}]),
            "on_error": lambda: colony.ingest([], on_error="ignore"),
            "update without an id": lambda: colony.update("a text"),
            "delete a number": lambda: colony.delete(3),
            "reinforce a word": lambda: colony.reinforce("ions"),
            "k below 0": lambda: colony.query("ions", k=-1),
            "k no number": lambda: colony.query("ions", k="3"),
            "question no text": lambda: colony.query(3),
            "question too long": lambda: colony.query("x" * 70_000),
            "ranking": lambda: colony.query("ions", ranking="best"),
            "where no mapping": lambda: colony.query("ions", where="a"),
            "where operator": lambda: colony.query("ions", where={"a": {"above": 3}}),
            "where value": lambda: colony.query("ions", where={"a": {"gt": True}}),
            "digest of": lambda: colony.digest("all"),
            "max_ticks": lambda: colony.run(max_ticks=-1),
            "closed": lambda: closed.query("ions"),
            "shards": lambda: phago.Colony(0),
            "seed": lambda: phago.Colony(1, seed=-1),
            "config rate": lambda: phago.ColonyConfig(edge_decay_rate=1.5),
            "config count": lambda: phago.ColonyConfig(max_edge_degree=0),
            "ranking bounds": lambda: phago.Ranking(seeds_max=200),
            "runner": lambda: phago.RunnerConfig(phase_timeout_ms=True),
            "a phase out of order": lambda: parts[0].tick_phase("Decay"),
            "no such shard": lambda: coordinator.deregister_shard(phago.ShardId(9)),
            "ring frozen": lambda: coordinator.ring.add_shard(),
        }
        for name, case in cases.items():
            with pytest.raises(Exception) as caught:  # noqa: PT011
                case()
            notes.add(name, f"{type(caught.value).__name__}: {caught.value}")
        notes.add("rejected", [repr(one) for one in colony.ingest(["", 5, "fine"], on_error="skip").rejected])
        colony.update({"id": "a", "text": "other"})
        notes.add("a hit of the past", colony.reinforce(hit))
        runner.close()


PROGRAMS = [batches, life, metadata, tight, titles, long, unicode, without_ids, messages]


def run(program, shards):
    notes = Notes()
    program(notes, shards)
    return notes.facts


# --- the test ----------------------------------------------------------------------------------------------------


def test_there_are_golden_values_for_every_program():
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert list(golden) == [program.__name__ for program in PROGRAMS]
    assert all(len(facts) > 8 for facts in golden.values())


@pytest.mark.parametrize("shards", SHARDS)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_a_program_says_what_it_said(program, shards):
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))[program.__name__]
    found = run(program, shards)
    # One fact at a time: the first difference is named, and not a page of them.
    for name, value in golden.items():
        assert found.get(name) == value, name
    assert list(found) == list(golden)


def take():
    golden = {program.__name__: run(program, SHARDS[0]) for program in PROGRAMS}
    for program in PROGRAMS:
        for shards in SHARDS[1:]:
            assert run(program, shards) == golden[program.__name__], f"{program.__name__} on {shards} shards"
    GOLDEN.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--take"]:
        sys.exit(__doc__)
    take()
