"""Operators: phrases, required, excluded, fields and beginnings; in the question and as arguments."""

import re

import phago
import pytest
from phago import Document
from support import Chance, words

TEXTS = {
    "a": ("Report on loans", "A signed draft of the report."),
    "b": ("", "We signed the draft; members and membranes, it's 5 o'clock."),
    "c": ("Old news", "State of the art e-mail system, signed in C++."),
    "d": ("", "email state art"),
    "e": ("The Who", "A band. The draft was never signed, who knows."),
}


@pytest.fixture(scope="module")
def colony():
    with phago.Colony(3) as colony:
        colony.ingest([Document(text, name, title) for name, (title, text) in TEXTS.items()])
        yield colony


def found(colony, text, **asked):
    by_words = {hit.id for hit in colony.query(text, ranking="lexical", **asked)}
    hits = colony.query(text, k=100, **asked)
    assert by_words <= {hit.id for hit in hits}
    return "".join(sorted(hit.id for hit in hits))


@pytest.mark.parametrize(
    ("question", "ids"),
    [
        ('"the draft" signed', "be"),
        ('signed -"the draft"', "acd"),
        ('"state art"', "d"),
        ('"state of the art"', "c"),
        ('"signed the drafts"', "b"),  # any form of a word
        ('"loans A"', ""),  # a phrase does not go on from the title into the text
        ("“the draft” signed", "be"),
        ("+members signed", "b"),
        ("+member signed", "b"),
        ("+nobody signed", ""),
        ("signed -nobody", "abcde"),
        ("signed -draft", "cd"),
        ("title:report draft", "a"),
        ("text:report draft", "a"),
        ("title:signed draft", ""),
        ("title:loan", "a"),
        ('title:"the who"', "e"),
        ('text:"the who"', ""),
        ("-title:news signed", "abde"),
        ("title:the signed", "e"),
        ("memb* signed", "b"),
        ("signed -memb*", "acde"),
        ("title:rep* signed", "a"),
        ("text:new* signed", ""),
        ("+e-mail state", "cd"),  # written as one word or as two
        ("+C++ signed", "c"),
        ('+signed +draft -"of the report"', "be"),
        ("-draft", ""),
    ],
)
def test_an_operator_decides_who_answers(colony, question, ids):
    hits = found(colony, question)
    # What only concepts light up may be a hit, too, if it is allowed.
    assert hits == ids
    for name in TEXTS:
        told = colony.explain(question, name)
        assert (not told.unmet) >= (name in hits), (name, told.unmet)
        assert told.unmet or name in hits or not told.score


def test_no_score_depends_on_an_operator(colony):
    for question, plain in (
        ('"the draft" signed', "the draft signed"),
        ("+members signed", "members signed"),
        ("signed -draft -title:news", "signed"),
        ("title:report draft", "report draft"),
    ):
        every = {hit.id: hit for hit in colony.query(plain, k=100)}
        hits = colony.query(question, k=100)
        assert hits
        assert all(hit == every[hit.id] for hit in hits), question
        for hit in hits:
            assert colony.explain(question, hit.id).score == hit.score


@pytest.mark.parametrize(
    "text",
    [
        "state-of-the-art",
        "it's signed",
        'the "',
        "-5 signed",
        "C++ draft",
        "signed - draft",
        "e-mail -- draft",
        'who said "the draft"?',
        "is it signed -draft.",
        'a 12" draft',
        "signed\n-draft",
        "title: draft",
        "the draft that -draft was signed by members in a state of the art e-mail system",
    ],
)
def test_natural_text_has_no_operators(colony, text):
    assert colony.query(text).items == colony.query(text, operators=False).items
    assert colony.explain(text, "a") == colony.explain(text, "a", operators=False)


def test_operators_are_read_in_prose_and_nowhere_on_demand(colony):
    prose = 'who said "the draft"?'
    assert found(colony, prose, operators=True) == "be"
    assert found(colony, prose) == found(colony, "who said the draft")
    assert found(colony, '"the draft" signed', operators=False) == found(colony, "the draft signed") == "abce"


def test_what_is_given_apart_is_read_as_in_the_question(colony):
    for arguments, question in (
        ({"required": "draft"}, "signed +draft"),
        ({"required": ["the draft", "title:band*"]}, 'signed +"the draft" title:band*'),
        ({"excluded": ["draft", "title:news"]}, "signed -draft -title:news"),
        ({"required": ("memb*",), "excluded": '"of the report"'}, 'signed memb* -"of the report"'),
    ):
        assert found(colony, "signed", **arguments) == found(colony, question), question
    # A word that is asked for already does not count twice.
    once = colony.query("the draft was signed")
    assert [hit.score for hit in colony.query("the draft was signed", required=["drafts"])] == [
        hit.score for hit in once if "draft" in hit.text
    ]
    explained = colony.explain("signed", "c", required=["draft"], excluded=["old news"])
    assert explained.unmet == ("draft", "old news")
    # Beside a filter.
    assert [hit.id for hit in colony.query("signed", where={"x": 1}, required="draft")] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": 'a "draft', "operators": True}, 'never closed at character 3:\n    a "draft\n      \\^'),
        ({"text": "title: a", "operators": True}, "a field without a word at character 7"),
        ({"text": "a* b", "operators": True}, "too little before its `\\*` at character 1"),
        ({"text": '"" b', "operators": True}, "quotes without a word at character 1"),
        ({"text": "b", "required": ""}, "`required` is ''; accepted is a word"),
        ({"text": "b", "excluded": ["x", "m*"]}, "`excluded` is 'm\\*'; accepted is at least 3"),
        ({"text": "b", "excluded": "memb* signed"}, "`excluded` is 'memb\\* signed'; accepted is a word"),
        ({"text": "b", "required": "\0"}, r"`required` is '\\0'; accepted is a word"),
        ({"text": "b", "required": ["x"] * 33}, "at most 32 operators"),
        ({"text": "b", "synonyms": {"a": ["  "]}}, "`synonyms` is .* for 'a'.*accepted is for each word one or more"),
        ({"text": "b", "synonyms": {"a": []}}, "`synonyms` is .* for 'a'.*accepted is for each word one or more"),
        ({"text": " ".join(["+x"] * 33), "operators": True}, "one operator too many"),
    ],
)
def test_an_error_tells_what_and_where(colony, arguments, message):
    with pytest.raises(phago.ConfigError, match=message):
        colony.query(**arguments)
    with pytest.raises(phago.ConfigError, match=message):
        colony.explain(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"operators": 1}, "`operators` is a bool or None, not int"),
        ({"required": 5}, "`required` is a string or several, not int"),
        ({"excluded": [5]}, "`excluded` is a string, not int"),
        ({"synonyms": ["a"]}, "`synonyms` is a mapping of words to words, not list"),
        ({"synonyms": {"a": 5}}, "`synonyms` is a string or several, not int"),
    ],
)
def test_arguments_of_another_type_are_refused(colony, arguments, message):
    with pytest.raises(TypeError, match=message):
        colony.query("signed", **arguments)


def test_a_beginning_of_too_many_words_is_refused():
    with phago.Colony(2) as colony:
        letters = "abcdefghijklmnopq"
        colony.ingest([Document(" ".join(f"abc{one}{other}x" for other in letters), one) for one in letters])
        with pytest.raises(phago.ConfigError, match="begins more than 256 words; accepted is a longer beginning"):
            colony.query("abc*")
        assert [hit.id for hit in colony.query("abca*")] == ["a"]


# --- against a search through the texts ---------------------------------------------------------------------------


def spoken(text):
    return re.findall(r"[a-z]+", text.lower())


def has(text, wanted):
    return any(text[at : at + len(wanted)] == wanted for at in range(len(text) - len(wanted) + 1))


@pytest.mark.parametrize("shards", [1, 7, 16])
def test_phrases_and_words_are_found_as_by_reading_all_texts(shards):
    chance = Chance(5)
    vocabulary = [*words(6), "the", "of"]

    def some(count):
        return " ".join(vocabulary[chance.below(len(vocabulary))] for _ in range(count))

    texts = {f"d{at}": (some(chance.below(4)), some(1 + chance.below(12))) for at in range(80)}
    with phago.Colony(shards) as colony:
        colony.ingest([Document(text, name, title) for name, (title, text) in texts.items()])
        every = {hit.id for hit in colony.query(" ".join(vocabulary), k=100, required=())}
        compared = 0
        for _ in range(60):
            phrase, without = some(1 + chance.below(3)), some(1)
            question = f'"{phrase}" -{without} {" ".join(vocabulary)}'
            hits = {hit.id for hit in colony.query(question, k=100, operators=True)}
            expected = {
                name
                for name, (title, text) in texts.items()
                if (has(spoken(title), spoken(phrase)) or has(spoken(text), spoken(phrase)))
                and without not in spoken(f"{title} {text}")
            }
            assert hits == expected & every, question
            inside = {hit.id for hit in colony.query(f'title:"{phrase}" {" ".join(vocabulary)}', k=100, operators=True)}
            assert inside == {name for name, (title, _) in texts.items() if has(spoken(title), spoken(phrase))} & every
            compared += len(hits) + len(inside)
        assert compared > 100


# --- synonyms and suggestions -------------------------------------------------------------------------------------


def test_synonyms_are_read_too_and_weigh_less(colony):
    assert colony.query("letter").items == ()
    hits = colony.query("letter", synonyms={"letters": ["email", "nobody"]})
    assert {hit.id for hit in hits if hit.parts.lexical} == {"c", "d"}
    share = hits[0].path.words[0]
    assert (share.word, share.read_as) == ("letter", "email")
    assert colony.explain("letter", synonyms={"letter": "email"}).read_as == (("letter", "email"),)
    assert colony.query("letter", ranking=phago.Ranking(synonym_share=0), synonyms={"letter": "email"}).items == ()
    # A known word is still worth more than what it is read as.
    both = {hit.id: hit.parts.lexical for hit in colony.query("draft", synonyms={"draft": "email"})}
    assert min(both["a"], both["b"]) > both["d"] > 0
    # Of several words all are looked for.
    assert {hit.id for hit in colony.query("zzz", synonyms={"zzz": "old news"}) if hit.parts.lexical} == {"c"}
    with pytest.raises(phago.ConfigError, match="`synonyms` is 'two words'; accepted is for each word"):
        colony.query("a", synonyms={"two words": "b"})


def test_a_question_without_these_words_is_answered_as_before(colony):
    assert colony.query("signed state", synonyms={"letter": "email"}).items == colony.query("signed state").items


@pytest.mark.asyncio
async def test_the_async_twin_takes_the_same(colony, tmp_path):
    async with phago.AsyncColony(2) as twin:
        await twin.ingest([Document(text, name, title) for name, (title, text) in TEXTS.items()])
        asked = {"required": "draft", "excluded": ["title:news"], "synonyms": {"letter": "email"}}
        assert (await twin.query("signed letter", **asked)).items == colony.query("signed letter", **asked).items
        assert await twin.explain("signed letter", "c", **asked) == colony.explain("signed letter", "c", **asked)
        lexical = await twin.query("signed", ranking="lexical", **asked)
        assert lexical.items == colony.query("signed", ranking="lexical", **asked).items
        assert await twin.suggest("memb") == colony.suggest("memb")


def test_an_emoji_is_wanted_or_not_as_any_word():
    with phago.Colony(2) as colony:
        texts = ["alpha 👍 more", "beta more", "gamma ❤️ more 🇩🇪", "delta more 👍"]
        colony.ingest({"id": str(number), "text": text} for number, text in enumerate(texts))

        def ids(question, **options):
            return sorted(hit.id for hit in colony.query(question, **options))

        assert ids("more -👍") == ids("more", excluded="👍") == ["1", "2"]
        assert ids("more +👍") == ids("more", required="👍") == ids("👍", operators=True) == ["0", "3"]
        assert ids('"👍 more"') == ids("alpha", required="👍 more") == ["0"]
        assert ids("more -❤️") == ids("more", excluded="🇩🇪") == ["0", "1", "3"]
        assert ids("title:👍") == []


def test_beginnings_in_scripts_without_spaces_are_what_stands_anywhere():
    with phago.Colony(2) as colony:
        colony.ingest([Document("これは日本語です", "a"), Document("ここは東京です", "b")])
        assert found(colony, "です", required="日本語*") == found(colony, "です 日本語*", operators=True) == "a"


def test_suggestions_complete_a_word(colony):
    def suggested(text, k=10):
        return [(one.word, one.documents) for one in colony.suggest(text, k)]

    assert suggested("memb") == [("members", 1), ("membranes", 1)]
    assert suggested("SI") == [("signed", 4)]
    assert suggested("d") == [("draft", 3)]
    assert suggested("s", 2) == [("signed", 4), ("state", 2)]
    assert suggested("zzz") == []
    for bad in ("", " ", "two words", "--"):
        with pytest.raises(phago.ConfigError, match="the beginning of one word"):
            colony.suggest(bad)


@pytest.mark.parametrize("nodes", [1, 3])
def test_processes_answer_the_same(colony, tmp_path, nodes):
    with phago.open(tmp_path, shards=4, backend="processes", nodes=nodes) as far:
        far.ingest([Document(text, name, title) for name, (title, text) in TEXTS.items()])
        for question in ('"the draft" signed', "title:report memb*", "sigend -memb* e-mial", '"state of the art"'):
            assert far.query(question).items == colony.query(question).items
            assert far.explain(question, "b") == colony.explain(question, "b")
            assert far.query(question, ranking="lexical").items == colony.query(question, ranking="lexical").items
        asked = {"required": "draft", "synonyms": {"letter": ["email"]}}
        assert far.query("letter signed", **asked).items == colony.query("letter signed", **asked).items
        assert far.suggest("s") == colony.suggest("s")
