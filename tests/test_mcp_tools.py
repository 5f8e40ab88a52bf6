"""The tools by themselves: budgets, what was cut and how to get it, and errors that an agent can act on."""

import json
import re

import phago
import pytest
from phago.mcp.budget import tokens
from phago.mcp.provenance import id_of, uri_of
from phago.mcp.service import Service
from support import Chance, words


def told(service, name, **arguments):
    """(the answer, whether it is an error)"""
    result = service.methods["tools/call"]({"name": name, "arguments": arguments})
    text = result["content"][0]["text"]
    if result["isError"]:
        return text, True
    assert json.loads(text) == result["structuredContent"]
    return result["structuredContent"], False


def asked(service, name, **arguments):
    answer, failed = told(service, name, **arguments)
    assert not failed, answer
    return answer


@pytest.fixture(scope="module")
def colony():
    """Documents with long and short texts, titles, metadata and threads, in several scripts."""
    chance, known = Chance(5), words(60)
    with phago.Colony(seed=1) as colony:
        for number in range(120):
            text = " ".join(known[chance.rank(60)] for _ in range(20 + chance.below(150)))
            colony.ingest(
                {
                    "id": f"d{number}" if number % 5 else f"d{number}\n" + "é" * 120,
                    "title": " ".join(known[chance.below(60)] for _ in range(chance.below(40))),
                    "text": f"{text}. {'膜 細胞 ' * chance.below(90)}",
                    "metadata": {"n": number, "note": '"' * chance.below(400)},
                    "thread": f"t{number % 7}",
                    "place": number,
                    "time": f"2024-01-01T00:{number % 60:02}:00Z",
                }
            )
        colony.run()
        yield colony


@pytest.mark.parametrize("budget", [200, 201, 257, 400, 1000, 2000, 9999, 1_000_000])
def test_no_answer_is_over_its_budget(colony, budget):
    service, known = Service(colony), words(60)
    for number in range(12):
        question = " ".join(known[number : number + 4])
        calls = [
            ("recall", {"question": question, "k": 100}),
            ("recall", {"question": question, "k": 3, "skip": number}),
            ("recall", {"id": next(one.id for one in colony.documents() if one.id.startswith(f"d{number}"))}),
            ("explain", {"question": question + " nonesuch" * 50, "id": "d3"}),
            ("related", {"concept": known[number]}),
            ("related", {"id": f"d{5 * number + 1}"}),
            *(("insights", {"about": about}) for about in ("clusters", "bridges", "anomalies")),
        ]
        for name, arguments in calls:
            answer = asked(service, name, **arguments, token_budget=budget)
            assert tokens(answer) <= budget, (name, arguments)


@pytest.mark.parametrize("budget", [200, 300, 2000])
def test_what_changes_a_memory_keeps_to_it_too(budget):
    ids = [f"{number:03}" + "x\n" * 60 for number in range(200)]
    with phago.Colony() as colony:
        service, texts = Service(colony), [{"id": one, "text": f"word {one[:3]}"} for one in ids]
        answer = asked(service, "remember", documents=texts, token_budget=budget)
        assert tokens(answer) <= budget
        assert (answer["new"], len(colony)) == (200, 200)
        assert len(answer["ids"]) + answer["cut"]["left_out"] == 200
        assert f"from number {len(answer['ids'])} on" in answer["cut"]["rest"]
        answer = asked(service, "forget", ids=[*ids[:100], *(f"not {one}" for one in ids)], token_budget=budget)
        assert tokens(answer) <= budget
        assert (answer["gone"], answer["missing"], len(colony)) == (100, 200, 100)
        assert len(answer["forgotten"]) + len(answer["not_there"]) + answer["cut"]["left_out"] == 300


def test_what_was_cut_is_told_and_can_be_had(colony):
    service, question = Service(colony), " ".join(words(60)[:4])
    whole = [hit.id for hit in colony.query(question, k=40)]
    found, skip, calls = [], 0, 0
    while len(found) < 40:
        answer = asked(service, "recall", question=question, k=40 - len(found), skip=skip, token_budget=900)
        found += [hit["id"] for hit in answer["hits"]]
        calls += 1
        if "cut" not in answer:
            break
        if answer["cut"]["left_out"]:
            skip = int(re.search(r"`skip` = (\d+)", answer["cut"]["rest"])[1])
            assert answer["cut"]["left_out"] == 40 - len(found)
    assert found == whole
    assert calls > 5


def test_a_hit_that_was_shortened_says_so(colony):
    hit = asked(Service(colony), "recall", question=words(60)[0], k=1, token_budget=230)
    assert hit["cut"]["shortened"] == 1
    assert set(hit["hits"][0]["cut"]) <= {"passage", "metadata", "parts", "path", "source", "thread", "uri", "title"}
    assert hit["hits"][0]["id"]


def test_a_document_is_read_to_its_end_in_pieces(colony):
    service = Service(colony)
    document = max(colony.documents(), key=lambda one: len(one.text))
    text, start = "", 0
    while True:
        answer = asked(service, "recall", id=document.id, start=start, token_budget=300)
        text += answer["document"]["text"]
        if "cut" not in answer:
            break
        start = int(re.search(r"`start` = (\d+)", answer["cut"]["rest"])[1])
    assert text == document.text


def test_a_document_of_16_mib_is_read_in_a_moment():
    with phago.Colony() as colony:
        colony.ingest({"id": "long", "text": "word " * 3_300_000})
        answer = asked(Service(colony), "recall", id="long", start=1_000_000)
        assert tokens(answer) <= 2000
        assert answer["document"]["length"] == 16_500_000
        assert asked(Service(colony), "recall", question="word")["hits"][0]["id"] == "long"


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("recall", {"question": "x", "token_budget": 0}, "`token_budget` is 0: input should be greater than or equal"),
        ("recall", {"question": "x", "token_budget": -1}, "`token_budget` is -1"),
        ("recall", {"question": "x", "token_budget": 10**30}, "less than or equal to 1000000"),
        ("recall", {"question": "x", "k": 101}, "`k` is 101"),
        ("recall", {"question": "x", "colour": "red"}, "`colour` is 'red': extra inputs are not permitted"),
        ("recall", {}, "give `question` or `id`: one of them"),
        ("recall", {"question": "x", "id": "y"}, "give `question` or `id`: one of them"),
        ("recall", {"id": "nowhere"}, "there is no document `nowhere`"),
        ("recall", {"id": "d1", "start": 10**9}, "the document has"),
        ("recall", {"question": "x", "where": {"n": {"zz": 1}}}, "accepted is one of the operators"),
        ("recall", {"question": "x", "since": "yesterday"}, "`since` is 'yesterday'"),
        ("recall", {"question": "x" * 70_000}, "65,536|65536|64 KiB"),
        ("explain", {}, "`question`: field required"),
        ("explain", {"question": "x", "id": "nowhere"}, "there is no document `nowhere`"),
        ("related", {}, "give `concept` or `id`: one of them"),
        ("related", {"concept": "nonesuch"}, "there is no concept `nonesuch`"),
        ("related", {"concept": ""}, "there is no concept ``"),
        ("related", {"id": "nowhere"}, "there is no document `nowhere`"),
        ("insights", {"about": "weather"}, "`about` is 'weather'"),
        ("status", {"x": 1}, "`x` is 1"),
        ("remember", {"documents": []}, "`documents` is"),
        ("remember", {"documents": ["a", " "]}, "document 1"),
        ("remember", {"documents": ["a", {"text": "b", "thread": "t"}]}, "`place` is missing beside a `thread`"),
        ("remember", {"documents": [{"text": "b", "time": "2024-01-01T00:00:00"}]}, "time zone"),
        ("remember", {"documents": [{"text": "a", "id": "x"}, {"text": "b", "id": "x"}]}, "`x` is the id"),
        ("remember", {"documents": [{"text": "a \ud800"}]}, "document 0|surrogate|unicode"),
        ("recall", {"id": "\ud800"}, r"surrogate|Unicode|unicode|there is no document `\?`|`id`"),
        ("recall", {"question": "\ud800"}, "surrogate|Unicode|unicode|`question`|`text`"),
        ("remember", {"documents": ["a"] * 1001}, "at most 1000"),
        ("remember", {"documents": ["a" * 3_000_000, "b"]}, "texts of 3000001 characters; nothing was remembered"),
        ("forget", {"ids": []}, "`ids` is"),
        ("forget", {"ids": "d1"}, "`ids` is 'd1'"),
        ("fetch", {}, "there is no tool `fetch`; there are remember, recall"),
    ],
)
def test_a_mistake_is_told_in_words_and_changes_nothing(colony, name, arguments, words):
    before = colony.digest()
    answer, failed = told(Service(colony), name, **arguments)
    assert failed, answer
    assert re.search(words, answer)
    assert len(answer) < 1000
    assert colony.digest() == before


def test_an_empty_memory_says_why_it_finds_nothing():
    with phago.Colony() as colony:
        service = Service(colony)
        assert asked(service, "recall", question="ions") == {
            "hits": [],
            "nothing": "the colony has no documents",
            "unknown": ["ions"],
        }
        assert asked(service, "explain", question="ions")["nothing"] == "the colony has no documents"
        assert asked(service, "status")["documents"] == 0
        assert asked(service, "insights") == {"documents": 0, "total": 0, "found": []}
        assert asked(service, "forget", ids=["a"])["not_there"] == ["a"]
        assert service.methods["resources/list"]({}) == {"resources": []}
        assert asked(service, "remember", documents=["Ions."])["new"] == 1
        assert "no document matches" in asked(service, "recall", question="ions", where={"a": 1})["nothing"]


def test_words_that_no_document_has_are_told_beside_the_hits():
    with phago.Colony() as colony:
        colony.ingest("The budget review is on Wednesday.")
        answer = asked(Service(colony), "recall", question="is the coffee machine broken")
        assert answer["unknown"] == ["coffee", "machine", "broken"]
        assert "unknown" not in asked(Service(colony), "recall", question="is the budget reviewed")


def test_texts_without_an_id_get_one_by_their_content():
    with phago.Colony() as colony, phago.Colony() as other:
        service, documents = Service(colony), ["Ions cross.", {"text": "Yeast.", "title": "Bread"}]
        ids = asked(service, "remember", documents=documents)["ids"]
        other.ingest(documents)
        assert sorted(ids) == [one.id for one in other.documents()]
        turns = [{"text": "Yes.", "thread": "t", "place": place} for place in (1, 2)]
        ids = asked(service, "remember", documents=turns)["ids"]
        assert [colony.get(one).place for one in ids] == [1, 2]
        assert asked(service, "remember", documents=turns) == {"ids": ids, "new": 0, "changed": 0, "unchanged": 2}


def test_a_uri_is_one_document_and_none_is_lost():
    chance = Chance(3)
    ids = {"".join(chr(1 + chance.below(0x2FF)) for _ in range(1 + chance.below(6))) for _ in range(3000)} | {".", ".."}
    assert len({uri_of(one) for one in ids}) == len(ids)
    assert all(id_of(uri_of(one)) == one for one in ids)
    assert id_of("phago://documents/") is None
    assert id_of("phago://documents/%ff") is None


def test_a_failure_of_our_own_is_told_and_the_next_call_works(colony, monkeypatch, caplog):
    service = Service(colony)
    with monkeypatch.context() as patched:
        patched.setattr(phago.Colony, "stats", lambda self: 1 / 0)
        answer, failed = told(service, "status")
    assert (answer, failed) == ("`status` failed: ZeroDivisionError: division by zero", True)
    assert "the tool `status` failed" in caplog.text
    assert asked(service, "status")["documents"] == 120


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("recall", {"question": "ions", "k": True}, "`k` is True: accepted is a number"),
        ("recall", {"question": "ions", "newer": False}, "`newer` is False: accepted is a number"),
        ("recall", {"question": "ions", "token_budget": True}, "`token_budget` is True: accepted is a number"),
        ("remember", {"documents": [{"text": "Ions.", "thread": "t", "place": True}]}, "place` is True: accepted is a"),
        ("remember", {"documents": [{"text": "Ions.", "time": 5}]}, "time` is 5: accepted is text in ISO 8601"),
        ("remember", {"documents": [{"text": "Ions.", "time": True}]}, "time` is True: accepted is text in ISO 8601"),
        (
            "remember",
            {"documents": [{"text": "Ions.", "time": "2024"}]},
            "time` is '2024': accepted is text in ISO 8601",
        ),
        ("remember", {"documents": [{"text": "Ions.", "time": "99999999999999"}]}, "accepted is text in ISO 8601"),
    ],
)
def test_what_is_hardly_meant_is_refused(name, arguments, says):
    with phago.Colony() as colony:
        answer, failed = told(Service(colony), name, **arguments)
        assert failed
        assert says in answer
        assert len(colony) == 0


def test_a_number_may_be_text_as_some_models_write_it():
    with phago.Colony() as colony:
        service = Service(colony)
        asked(
            service,
            "remember",
            documents=[{"text": "Ions move.", "place": "3", "thread": "t", "metadata": {"a": True}}],
        )
        assert len(asked(service, "recall", question="ions", k="1")["hits"]) == 1
        assert next(colony.documents()).place == 3


_PLAIN = "input should be a valid string or a valid integer or a valid number or a valid boolean"


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("remember", {"documents": ["a", {"text": 1}]}, "`documents[1].text` is 1: input should be a valid string"),
        ("remember", {"documents": [{"id": "x"}]}, "`documents[0].text`: field required"),
        (
            "remember",
            {"documents": [{"text": "a", "str": 1}]},
            "`documents[0].str` is 1: extra inputs are not permitted",
        ),
        ("remember", {"documents": [3]}, "`documents[0]` is 3: input should be a valid string or an object"),
        (
            "remember",
            {"documents": [{"text": "a", "metadata": {"k": [1, {}]}}]},
            f"`documents[0].metadata.k[1]` is {{}}: {_PLAIN}",
        ),
        (
            "remember",
            {"documents": [{"text": "a", "metadata": {"str": {"str": 1}}}]},
            f"`documents[0].metadata.str` is {{'str': 1}}: {_PLAIN} or a valid list",
        ),
        (
            "remember",
            {"documents": [{"text": "a", "thread": "t", "place": True}]},
            "`documents[0].place` is True: accepted is a number",
        ),
        ("remember", {"documents": [1, 2, 3, 4, 5, 6, {"text": 7}]}, None),
        ("recall", {"question": "x", "where": []}, "`where` is []: input should be an object"),
        ("forget", {"ids": ["a", 3]}, "`ids[1]` is 3: input should be a valid string"),
        ("explain", {}, "`question`: field required"),
        (
            "recall",
            {"question": "x" * 70_000},
            "`question`, the bytes of a question, is limited to 65536, and this has 70000",
        ),
        (
            "explain",
            {"question": "x" * 70_000},
            "`question`, the bytes of a question, is limited to 65536, and this has 70000",
        ),
        (
            "related",
            {"concept": "x" * 70_000},
            "`concept`, the bytes of a question, is limited to 65536, and this has 70000",
        ),
    ],
)
def test_a_mistake_is_named_as_the_client_wrote_it(name, arguments, says):
    with phago.Colony() as colony:
        answer, failed = told(Service(colony), name, **arguments)
        assert failed
        assert says is None or answer == says
        assert len(answer.split("; ")) <= 5
        assert "_Document" not in answer
        assert len(colony) == 0
