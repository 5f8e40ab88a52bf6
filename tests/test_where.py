"""A filtered answer is the best of those that match, whatever is asked."""

import asyncio
import collections
import datetime
import enum
import operator
import pickle
import types

import numpy as np
import phago
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import child_says, seeded_documents

SHARDS = (1, 2, 3, 7, 16)
BIG = 2**53


# --- the rule, as plainly as it can be written -------------------------------------------------------------------


def kind(value):
    return "bool" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"


def holds(name, value, other):
    if name == "in":
        return any(holds("eq", value, one) for one in other)
    if kind(value) != kind(other):
        return name == "ne"
    # Python compares an int with a float exactly, and strings by code point.
    name = {"gte": "ge", "lte": "le"}.get(name, name)
    return getattr(operator, name)(value, other)


def matches(metadata, where):
    joined = {"$and": all, "$or": any}
    for key, condition in where.items():
        if key == "$not":
            met = not matches(metadata, condition)
        elif key in joined:
            met = joined[key](matches(metadata, one) for one in condition)
        else:
            met = meets(metadata.get(key), condition)
        if not met:
            return False
    return True


# `values` is None where the key is missing.
def meets(values, condition):
    if not isinstance(condition, dict):
        several = isinstance(condition, list | tuple | set | frozenset)
        condition = {"in": condition} if several else {"eq": condition}
    return all(asked(values, condition, name, other) for name, other in condition.items()) and one_passes(
        values, condition
    )


def asked(values, condition, name, other):
    if name == "not":
        return not meets(values, other)
    if name == "exists" or other is None:
        return (values is not None) == (other if name == "exists" else name == "ne")
    every = values if isinstance(values, list) else [] if values is None else [values]
    if name in ("ne", "nin"):
        others = [other] if name == "ne" else other
        excluded = any(holds("eq", value, one) for value in every for one in others if one is not None)
        return not excluded and not (None in others and values is None)
    if name == "in" and None in other:
        return values is None or any(holds("in", value, [one for one in other if one is not None]) for value in every)
    return True


# One value passes all that asks for one, but for `in` with None in it, which is a filter of its own.
def one_passes(values, condition):
    asks = ("eq", "gt", "gte", "lt", "lte", "in")
    asks = {name: other for name, other in condition.items() if name in asks and other is not None}
    asks = {name: other for name, other in asks.items() if not (name == "in" and None in other)}
    every = values if isinstance(values, list) else [] if values is None else [values]
    return not asks or any(all(holds(name, value, other) for name, other in asks.items()) for value in every)


# --- answers -----------------------------------------------------------------------------------------------------

KEYS = ["one", "two", "three"]
NUMBERS = st.sampled_from([-1, 0, 1, 2, -0.5, 0.5, 1.0, 2.5, BIG, BIG + 1, float(BIG), 2**63 - 1, 2.0**63, -1e300])
VALUES = NUMBERS | st.sampled_from(["", "a", "b", "B", "é", "\U0001f600", "\uffff"]) | st.booleans()
METADATA = st.dictionaries(st.sampled_from(KEYS), VALUES | st.lists(VALUES, max_size=3))
LISTED = st.lists(VALUES | st.none(), max_size=3)
ORDERED = VALUES.filter(lambda value: not isinstance(value, bool))
OPERATORS = st.fixed_dictionaries(
    {},
    optional={
        "gt": ORDERED,
        "gte": ORDERED | st.just(-float("inf")),
        "lt": ORDERED | st.just(float("inf")),
        "lte": ORDERED,
        "eq": VALUES | st.none(),
        "ne": VALUES | st.none(),
        "in": LISTED | LISTED.map(tuple),
        "nin": LISTED,
        "exists": st.booleans(),
    },
).filter(bool)
CONDITIONS = VALUES | st.none() | LISTED | st.frozensets(VALUES, max_size=3) | OPERATORS
CONDITIONS |= (OPERATORS | VALUES).map(lambda inner: {"not": inner}) | OPERATORS.map(
    lambda inner: {"not": {"not": inner}}
)
WHERE = st.recursive(
    st.dictionaries(st.sampled_from(KEYS), CONDITIONS, max_size=2),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "$not": inner,
            "$or": st.lists(inner, min_size=1, max_size=3),
            "$and": st.lists(inner, min_size=1, max_size=2),
            "one": CONDITIONS,
        },
    ),
    max_leaves=5,
)
DOCUMENTS = [one for one in seeded_documents(50, seed=5, vocabulary=60, longest=25) if "id" in one]
QUESTIONS = [" ".join(one["text"].split()[:length]) for length, one in zip((1, 2, 3, 5), DOCUMENTS, strict=False)]


@settings(max_examples=40, deadline=None)
@given(data=st.data(), asked=st.sampled_from(QUESTIONS), k=st.sampled_from([1, 3, 10, 100]))
def test_an_answer_is_the_best_of_those_that_match(data, asked, k):
    documents = [{**one, "metadata": data.draw(METADATA)} for one in DOCUMENTS]
    filters = data.draw(st.lists(WHERE, min_size=1, max_size=4))
    gone = data.draw(st.sets(st.sampled_from([one["id"] for one in DOCUMENTS]), max_size=10))
    expected = {}
    for shards in SHARDS:
        with phago.Colony(shards, runner=phago.RunnerConfig(max_parallelism=1)) as colony:
            colony.ingest(documents)
            for name in sorted(gone):
                colony.delete(name)
            for ranking in (None, "lexical"):
                # So few documents are all candidates: the long answer is all that has a word of the question.
                whole = list(colony.query(asked, 1000, ranking))
                assert expected.setdefault(ranking, whole) == whole
                for where in filters:
                    found = list(colony.query(asked, k, ranking, where=where))
                    assert found == [hit for hit in whole if matches(hit.metadata, where)][:k], where


def fill(colony, count=400):
    for number, one in enumerate(seeded_documents(count, seed=9, vocabulary=200, longest=30)):
        metadata = {"number": number, "source": ("wiki", "news", "blog")[number % 3], "rare": number % 40 == 7}
        colony.ingest({**one, "id": f"d{number}", "metadata": metadata})


def test_where_the_best_are_many_those_that_match_are_found_behind_them():
    narrow = phago.Ranking(exhaustive_max=0, lexical_candidates=20, concept_candidates=10)
    asked = " ".join(seeded_documents(400, seed=9, vocabulary=200, longest=30)[0]["text"].split()[:4])
    told = []
    for shards in SHARDS:
        with phago.Colony(shards) as colony:
            fill(colony)
            best = colony.query(asked, 10, narrow)
            rare = colony.query(asked, 10, narrow, where={"rare": True})
            assert len(rare) > len([hit for hit in best if hit.metadata["rare"]])
            assert all(hit.metadata["rare"] for hit in rare)
            for hit in [*rare, *colony.query(asked, 10, narrow, where={"number": {"gte": 100, "lt": 200}})]:
                why = colony.explain(asked, hit.id, narrow)
                assert (hit.score, hit.parts) == (why.score, why.parts)
            whole = colony.query(asked, 100, narrow, where={"source": ["wiki", "blog"]})
            for k in (1, 10, 35, 60):
                assert colony.query(asked, k, narrow, where={"source": ["wiki", "blog"]}).items == whole[:k].items
            told.append((best, rare, whole))
    assert all(one == told[0] for one in told)


@pytest.fixture
def colony():
    with phago.Colony(3) as made:
        made.ingest(
            [
                {"id": "a", "text": "ions", "metadata": {"year": 2019, "tags": ["cell", "ion"], "open": True}},
                {"id": "b", "text": "ions ions", "metadata": {"year": 2024.5, "tags": [], "open": False}},
                {"id": "c", "text": "ions cross", "metadata": {"year": "2024", "tags": ["cell"], "open": 1}},
                {"id": "d", "text": "ions rest"},
            ]
        )
        yield made


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (None, "abcd"),
        ({}, "abcd"),
        ({"year": 2019}, "a"),
        ({"year": 2019.0}, "a"),
        ({"year": "2024"}, "c"),
        ({"year": [2019, "2024"]}, "ac"),
        ({"year": (2019, 1)}, "a"),
        ({"year": {2019, 2024.5}}, "ab"),
        ({"year": frozenset()}, ""),
        ({"year": {"gt": 2019}}, "b"),
        ({"year": {"gte": 2019}}, "ab"),
        ({"year": {"lt": 2024.5}}, "a"),
        ({"year": {"lte": 2024.5}}, "ab"),
        ({"year": {"gt": float("-inf"), "lt": float("inf")}}, "ab"),
        ({"year": {"gte": 2019, "lt": 2020}}, "a"),
        ({"year": {"gt": 2020, "lt": 2019}}, ""),
        ({"year": {"gte": "2", "lt": "3"}}, "c"),
        ({"year": {"gt": 2019, "lt": "z"}}, ""),
        ({"year": {"ne": 2019}}, "bcd"),
        ({"year": {"ne": 2019, "gt": 0}}, "b"),
        ({"year": {"in": [2019, 2024.5], "gt": 2020}}, "b"),
        ({"open": True}, "a"),
        ({"open": 1}, "c"),
        ({"open": {"ne": True}}, "bcd"),
        ({"tags": "cell"}, "ac"),
        ({"tags": ["ion", "x"]}, "a"),
        ({"tags": {"ne": "ion"}}, "bcd"),
        ({"tags": {"gt": "cell"}}, "a"),
        ({"tags": "cell", "open": True}, "a"),
        ({"other": {"ne": 1}}, "abcd"),
        ({"other": 1}, ""),
        ({"year": {"eq": 2019}}, "a"),
        ({"year": {"nin": [2019, "2024"]}}, "bd"),
        ({"tags": {"nin": ("cell",)}}, "bd"),
        ({"year": {"exists": True}}, "abc"),
        ({"year": {"exists": False}}, "d"),
        ({"tags": {"exists": True, "ne": "cell"}}, "b"),
        ({"year": None}, "d"),
        ({"year": {"ne": None}}, "abc"),
        ({"year": [2019, None]}, "ad"),
        ({"year": {"nin": [2019, None]}}, "bc"),
        ({"year": {"not": {"gt": 2019}}}, "acd"),
        ({"year": {"not": 2019}}, "bcd"),
        ({"year": {"not": [2019, "2024"], "exists": True}}, "b"),
        ({"$or": [{"open": True}, {"year": "2024"}]}, "ac"),
        ({"or": [{"open": True}, {"year": "2024"}]}, "ac"),
        ({"or": ({"open": True}, {"year": {"exists": False}}), "tags": {"exists": True}}, "a"),
        ({"$and": [{"tags": "cell"}, {"tags": "ion"}]}, "a"),
        ({"and": [{"tags": "cell"}, {"$not": {"tags": "ion"}}]}, "c"),
        ({"not": {"tags": "cell"}}, "bd"),
        ({"$not": {"$or": [{"open": True}, {"tags": "cell"}]}}, "bd"),
        ({"$or": [{}]}, "abcd"),
        ({"$not": {}}, ""),
        ({"year": {"$gte": 2019, "$lt": 2020}}, "a"),
        # Words that are keys where what stands under them is a condition.
        ({"or": "x"}, ""),
        ({"not": {"exists": False}}, "abcd"),
        ({"and": ["x", "y"]}, ""),
        (types.MappingProxyType({"tags": types.MappingProxyType({"in": ("ion",)})}), "a"),
        ({"year": np.int64(2019)}, "a"),
        ({"year": np.float64(2024.5)}, "b"),
    ],
)
def test_every_operator(colony, where, found):
    for ranking in (None, "lexical"):
        assert sorted(hit.id for hit in colony.query("ions", ranking=ranking, where=where)) == list(found)


def test_numbers_compare_by_their_exact_value():
    with phago.Colony(2) as colony:
        numbers = (BIG, BIG + 1, 2**62)
        colony.ingest({"id": str(number), "text": "ions", "metadata": {"n": number}} for number in numbers)
        found = lambda where: sorted(hit.id for hit in colony.query("ions", where={"n": where}))
        assert found(float(BIG)) == [str(BIG)]
        assert found({"gt": float(BIG)}) == sorted([str(BIG + 1), str(2**62)])
        assert found({"lte": float(BIG)}) == [str(BIG)]
        assert found({"lt": 2.0**63}) == sorted([str(BIG), str(BIG + 1), str(2**62)])


class Color(enum.IntEnum):
    RED = 1


def nested(levels):
    where = {"year": 1}
    for _ in range(levels):
        where = {"$not": where}
    return where


def nested_in_a_key(levels):
    condition = 1
    for _ in range(levels):
        condition = {"not": condition}
    return {"year": condition}


OPERATOR_NAMES = "eq, ne, gt, gte, lt, lte, in, nin, exists and not"

# (the filter, what the error shows of it, a part of what is accepted)
BAD_FILTERS = {
    "a number": (5, "5", "mapping"),
    "a list": (["year"], "['year']", "mapping"),
    "a string": ("year", "'year'", "mapping"),
    "a key that is no text": ({5: 1}, "{5: ...}", "str"),
    "a key beyond utf-8": ({"\ud800": 1}, "{'\\ud800': ...}", "a key that UTF-8 can encode"),
    "a blank key": ({" ": 1}, "{' ': ...}", "visible"),
    "nan": ({"year": float("nan")}, "{'year': nan}", "number"),
    "nan in a list": ({"year": [1, float("nan")]}, "{'year': [nan]}", "number"),
    "bytes": ({"year": b"x"}, "{'year': b'x'}", "a str"),
    "a time": ({"year": datetime.time(9)}, "datetime.time(9, 0)", "a str"),
    "an int over 64 bits": ({"year": 2**64}, f"{{'year': {2**64}}}", "64 bits"),
    "text beyond utf-8": ({"year": "\ud800"}, "{'year': '\\ud800'}", "a str of UTF-8"),
    "a list in a list": ({"year": [[1]]}, "{'year': [[1]]}", "a str"),
    "a list in an operator's": ({"year": {"in": [[1]]}}, "{'year': {'in': [1]}}", "a str"),
    "a junction that is none": ({"$nor": [{"year": 1}]}, "{'$nor': [{'year': 1}]}", "joined by $and, $or and $not"),
    "a generator": ({"year": (one for one in [1])}, "generator", "list, tuple or set"),
    "no operators": ({"year": {}}, "{'year': {}}", "at least one operator"),
    "an unknown operator": (
        {"year": {"above": 1}},
        "{'year': {'above': ...}}",
        OPERATOR_NAMES,
    ),
    "an unknown operator with a sign": (
        {"year": {"$like": 1}},
        "{'year': {'$like': ...}}",
        OPERATOR_NAMES,
    ),
    "an operator that is no text": (
        {"year": {1: 1}},
        "{'year': {1: ...}}",
        OPERATOR_NAMES,
    ),
    "a range to a list": ({"year": {"gt": [1]}}, "{'year': {'gt': [1]}}", "an int"),
    "a range to nan": ({"year": {"lt": float("nan")}}, "{'year': {'lt': nan}}", "number"),
    "a range to a bool": ({"year": {"lte": True}}, "{'year': {'lte': True}}", "a number or a string"),
    "not a list": ({"year": {"ne": [1, 2]}}, "{'year': {'ne': [1, 2]}}", "an int"),
    "in a value": ({"year": {"in": 3}}, "{'year': {'in': 3}}", "list, tuple, set"),
    "in a string": ({"year": {"in": "abc"}}, "{'year': {'in': 'abc'}}", "list, tuple, set"),
    "too many keys": ({f"k{number}": 1 for number in range(65)}, "65 keys", "64"),
    "too many values": ({"year": list(range(2**17))}, "bytes", "1048576"),
    "a long key": ({"x" * 10_000: b""}, "xxx...", "a str"),
    "an unknown operator inside": ({"$or": [{"year": {"above": 1}}]}, "{'year': {'above': ...}}", "exists and not"),
    "exists of a number": ({"year": {"exists": 1}}, "{'year': {'exists': 1}}", "True or False"),
    "none to compare with": ({"year": {"gt": None}}, "{'year': {'gt': None}}", "a str"),
    "or of nothing": ({"$or": []}, "{'$or': []}", "a list or tuple of filters"),
    "or of a mapping": ({"$or": {"year": 1}}, "{'$or': {'year': 1}}", "a list or tuple of filters"),
    "or of values": ({"$or": [1]}, "1", "a mapping of keys to conditions"),
    "not of a value": ({"$not": 1}, "1", "a mapping of keys to conditions"),
    "too many keys in all": ({"$or": [{f"k{number}": 1 for number in range(33)}] * 2}, "66 conditions on keys", "64"),
    "too deep": (nested(17), "levels", "16"),
    "far too deep": (nested(5000), "levels", "16"),
    "too deep in one key": (nested_in_a_key(5000), "levels", "16"),
}


@pytest.mark.parametrize("bad", BAD_FILTERS.values(), ids=BAD_FILTERS.keys())
@pytest.mark.parametrize("ranking", [None, "lexical"])
def test_a_bad_filter_is_refused_by_key_and_value(colony, bad, ranking):
    where, shown, accepted = bad
    before = colony.digest()
    with pytest.raises(phago.ConfigError) as caught:
        colony.query("ions", ranking=ranking, where=where)
    error = caught.value
    assert error.field == "where"
    assert shown in error.value
    assert accepted in error.accepted
    assert str(error) == f"`where` is {error.value}; accepted is {error.accepted}"
    assert len(str(error)) < 500
    assert pickle.loads(pickle.dumps(error)).fields == error.fields
    assert colony.digest() == before
    assert len(colony.query("ions", ranking=ranking)) == 4


def test_an_error_of_the_callers_own_code_comes_through(colony):
    class Broken(collections.UserDict):
        def __getitem__(self, key):
            raise OSError("not today")

    with pytest.raises(OSError, match="not today"):
        colony.query("ions", where=Broken(year=1))
    with pytest.raises(OSError, match="not today"):
        colony.ingest({"text": "ions", "metadata": Broken(year=1)})
    colony.close()
    with pytest.raises(phago.ClosedError):
        colony.query("ions", where={"year": 1})


def colony_document(colony, name):
    stored = colony.get(name)
    return phago.Document(stored.text, name, stored.title, stored.metadata)


def test_event_loops_filter_too(colony):
    async def ask():
        async with phago.AsyncColony(2) as other:
            await other.ingest([colony_document(colony, name) for name in "abcd"])
            for where in ({"tags": "cell"}, {"year": {"gte": 2000}}, None):
                for ranking in (None, "lexical"):
                    assert await other.query("ions", ranking=ranking, where=where) == colony.query(
                        "ions", ranking=ranking, where=where
                    )
                    with pytest.raises(phago.ConfigError):
                        await other.query("ions", ranking=ranking, where={"year": b""})

    asyncio.run(ask())


def test_no_order_of_a_map_shows():
    program = """
import phago
with phago.Colony(3) as colony:
    for number in range(40):
        tags = {f"t{number % 5}", f"t{number % 7}"}
        colony.ingest({"text": "ions", "metadata": {"tags": sorted(tags), "n": number, f"k{number}": True}})
    print(colony.digest(), [hit.id for hit in colony.query("ions", 5, where={"tags": {"t1", "t3"}, "n": {"gt": 9}})])
"""
    assert len({child_says(program, PHAGO_MAP_SEED=str(seed), PYTHONHASHSEED=str(seed)) for seed in range(3)}) == 1
