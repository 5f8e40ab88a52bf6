"""The store for LangGraph: random programs beside the framework's own store, isolation, lifetimes, and odd values.

The framework publishes a suite for checkpointers and none for stores, so its `InMemoryStore` is the oracle here.
"""

import asyncio
import datetime
import re
import warnings
from pathlib import Path
from typing import TypedDict

import phago
import pytest
from support import Chance

pytest.importorskip("langgraph.store.base", reason='LangGraph is not installed: pip install "phago[frameworks]"')

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from langgraph.store.base import (
        BaseStore,
        GetOp,
        InvalidNamespaceError,
        ListNamespacesOp,
        MatchCondition,
        PutOp,
        SearchOp,
    )
    from langgraph.store.memory import InMemoryStore

from phago.integrations.langchain import PhagoStore as FromLangchain
from phago.integrations.langgraph import PhagoStore

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def colony():
    with phago.Colony(seed=7) as colony:
        yield colony


@pytest.fixture
def store(colony):
    return PhagoStore(colony)


def bare(found):
    """Results without scores and times."""
    if isinstance(found, list):
        return sorted((bare(one) for one in found), key=repr)
    return found if found is None or isinstance(found, tuple) else (found.namespace, found.key, repr(found.value))


NAMES = ["a", "b", "users", "u1", "ü", "x y"]


def operation(chance):
    """One of all kinds; any of few names, so that they meet."""

    def some_namespace(least):
        return tuple(NAMES[chance.below(len(NAMES))] for _ in range(least + chance.below(3)))

    kind = chance.below(10)
    key = f"k{chance.below(4)}"
    if kind < 4:
        value = {"n": chance.below(5), "text": f"word{chance.below(9)}", "in": {"tags": ["x", chance.below(2)]}}
        return PutOp(some_namespace(1), key, value if chance.below(5) else None)
    if kind < 6:
        return GetOp(some_namespace(1), key)
    if kind < 8:
        filters = [None, {"n": 2}, {"n": {"$gte": 2, "$lt": 4}}, {"n": {"$ne": 1}}, {"in": {"tags": ["x", 1]}}]
        filters += [{"text": {"$eq": "word3"}}, {"none": None}, {"in": {"$eq": 1}}]
        return SearchOp(some_namespace(0), filters[chance.below(len(filters))], limit=1000)
    conditions = [None, (MatchCondition("prefix", (NAMES[chance.below(6)],)),)]
    conditions += [(MatchCondition("suffix", ("*", NAMES[chance.below(6)])), MatchCondition("prefix", ("*", "a")))]
    return ListNamespacesOp(conditions[chance.below(3)], [None, 1, 2][chance.below(3)], 1000, 0)


def run_beside_the_oracle(store, seed, steps):
    """Random operations on both; how many of them had an answer."""
    chance, oracle, asked = Chance(seed), InMemoryStore(), 0
    for _ in range(steps):
        ops = [operation(chance) for _ in range(1 + chance.below(6))]
        # The oracle also lists namespaces of which all items are gone, and those that were only asked for.
        lists = [op for op in ops if isinstance(op, ListNamespacesOp)]
        ops = lists or ops
        for empty in [namespace for namespace, items in oracle._data.items() if not items]:
            del oracle._data[empty]
        mine, theirs = store.batch(ops), oracle.batch(ops)
        for op, one, other in zip(ops, mine, theirs, strict=True):
            assert bare(one) == bare(other), op
            asked += one not in (None, [])
    return asked


@pytest.mark.parametrize("seed", range(6))
def test_random_programs_do_what_the_frameworks_own_store_does(store, seed):
    assert run_beside_the_oracle(store, seed, 250) > 100


def test_the_same_on_a_colony_of_several_processes(tmp_path):
    with phago.connect(tmp_path / "m"), phago.connect(tmp_path / "m") as client:
        # Every call crosses a socket.
        assert not client.is_owner
        assert run_beside_the_oracle(PhagoStore(client), 9, 40) > 15
        store = PhagoStore(client, name="other", ttl={"default_ttl": 10})
        store.put(("n",), "k", {"text": "pizza"})
        assert store.search(("n",), query="pizza")[0].key == "k"
        assert store.sweep_ttl() == 0


def test_pages_of_a_search_are_the_whole_once(store):
    for number in range(25):
        store.put(("n",), f"k{number}", {"text": f"pizza number {number}"})
    for query in (None, "pizza"):
        pages = [store.search(("n",), query=query, limit=7, offset=offset) for offset in (0, 7, 14, 21, 28)]
        assert [len(page) for page in pages] == [7, 7, 7, 4, 0]
        assert len({one.key for page in pages for one in page}) == 25
    assert [one.key for one in store.search(("n",), limit=2)] in (["k24", "k23"], ["k23", "k24"])


def test_a_query_ranks_by_words_and_has_scores(store):
    store.put(("u",), "food", {"text": "Likes pizza with mushrooms"})
    store.put(("u",), "drink", {"text": "Drinks coffee", "weight": 3})
    store.put(("u",), "both", {"text": "coffee and pizza", "weight": 5})
    found = store.search(("u",), query="pizza with mushrooms")
    assert found[0].key == "food"
    assert found[0].score > found[1].score > 0
    assert [one.key for one in store.search(("u",), query="coffee", filter={"weight": {"$gt": 3}})] == ["both"]
    # A sign means nothing: this is no query of ours.
    assert store.search(("u",), query="-pizza")[0].key in ("food", "both")
    assert store.search(("u",), query="zebra") == []


def test_a_filter_that_few_meet_is_looked_for_among_all(store):
    store.batch([PutOp(("n",), f"k{number}", {"text": "the same words", "n": number}) for number in range(300)])
    found = store.search(("n",), query="same words", filter={"n": {"$gte": 297}}, limit=10)
    assert sorted(one.value["n"] for one in found) == [297, 298, 299]


def test_nothing_of_another_namespace_store_or_document_is_ever_found(colony):
    stores = [PhagoStore(colony, name=name) for name in ("one", "two")]
    colony.ingest({"id": "own", "text": "the secret word is pizza", "metadata": {"store.under": "x"}})
    # Names that any way of joining them would mix up.
    spaces = [("a", "b"), ("a/b",), ("a", "b", "c"), ("ab",), ("a",), ("a,b",), ('a","b',), ("A", "b"), ("a ", "b")]
    for index, one in enumerate(stores):
        for space in spaces:
            one.put(space, "key", {"text": f"the secret word is pizza {index}", "of": [index, *space]})
    assert len(colony) == 2 * len(spaces) + 1
    for index, one in enumerate(stores):
        for space in spaces:
            assert one.get(space, "key").value["of"] == [index, *space]
            within = [other for other in spaces if other[: len(space)] == space]
            for asked in ({"query": "the secret word"}, {}, {"query": "pizza", "filter": {"of": [index, *space]}}):
                found = one.search(space, limit=100, **asked)
                expected = [space] if "filter" in asked else within
                assert sorted(each.namespace for each in found) == sorted(expected)
                assert all(each.value["of"][0] == index for each in found)
        assert sorted(one.list_namespaces(limit=100)) == sorted(spaces)
    stores[0].delete(("a",), "key")
    assert stores[0].get(("a",), "key") is None
    assert stores[1].get(("a",), "key") is not None
    assert stores[0].get(("a", "b"), "key") is not None
    with pytest.raises(InvalidNamespaceError):
        stores[0].put(("a.b",), "key", {})


def test_what_is_searched_can_be_chosen(colony):
    store = PhagoStore(colony, index={"fields": ["title", "notes[*].text"]})
    value = {"title": "Pizza", "notes": [{"text": "mushrooms", "by": "Ann"}], "secret": "zebra"}
    store.put(("n",), "default", value)
    store.put(("n",), "other", value, index=["secret"])
    store.put(("n",), "none", value, index=False)
    assert [one.key for one in store.search(("n",), query="mushrooms pizza")] == ["default"]
    assert [one.key for one in store.search(("n",), query="zebra")] == ["other"]
    assert store.search(("n",), query="Ann") == []
    assert all(one.value == value for one in store.search(("n",)))
    assert len(store.search(("n",))) == 3


class Clock:
    def __init__(self):
        self.time = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)

    def __call__(self):
        return self.time

    def later(self, minutes):
        self.time += datetime.timedelta(minutes=minutes)


def test_a_lifetime_ends_and_reading_prolongs_it(colony):
    clock = Clock()
    store = PhagoStore(colony, ttl={"default_ttl": 10, "refresh_on_read": True}, now=clock)
    store.put(("n",), "read", {"text": "pizza"})
    store.put(("n",), "left", {"text": "pizza"})
    store.put(("n",), "kept", {"text": "pizza"}, ttl=None)
    store.put(("n",), "short", {"text": "pizza"}, ttl=1)
    clock.later(6)
    assert store.get(("n",), "short") is None
    assert store.get(("n",), "read").value == {"text": "pizza"}
    assert store.get(("n",), "left", refresh_ttl=False) is not None
    clock.later(6)
    assert sorted(one.key for one in store.search(("n",), query="pizza", refresh_ttl=False)) == ["kept", "read"]
    assert sorted(one.key for one in store.search(("n",), refresh_ttl=False)) == ["kept", "read"]
    assert store.get(("n",), "left") is None
    assert store.sweep_ttl() == 2
    assert len(colony) == 2
    clock.later(100)
    assert store.list_namespaces() == [("n",)]
    assert store.sweep_ttl() == 1
    store.delete(("n",), "kept")
    assert store.list_namespaces() == []


def test_when_it_was_made_stays_and_when_it_changed_moves(colony):
    clock = Clock()
    store = PhagoStore(colony, now=clock)
    store.put(("n",), "k", {"a": 1})
    clock.later(5)
    store.put(("n",), "k", {"a": 2})
    item = store.get(("n",), "k")
    assert item.updated_at - item.created_at == datetime.timedelta(minutes=5)
    assert item.value == {"a": 2}


LONG = "word " * 60_000


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"": ""},
        {"text": LONG, "again": LONG[:600], "in": [{"deep": LONG}]},
        {"a": None, "b": [True, 1.5, -3, 10**30, "\x00", "\ud800", "ü" * 600]},
        {"moved": [["value"], 0, 1], "value": {"moved": 1}, "store.item": "x"},
        {"k" * 300: {"$eq": 1}},
        {"surrogates": "\ud800" * 600},
    ],
)
def test_values_come_back_as_they_were(store, value):
    store.put(("n",), "k", value)
    assert store.get(("n",), "k").value == value


def test_what_cannot_be_kept_is_refused_and_changes_nothing(store, colony):
    store.put(("n",), "k", {"a": 1})
    before = colony.digest()
    with pytest.raises(TypeError, match="not JSON serializable"):
        store.put(("n",), "k", {"a": object()})
    with pytest.raises(phago.InvalidDocument, match="metadata"):
        store.put(("n",), "k", {"a": list(range(30_000))})
    with pytest.raises(ValueError, match=r"operator '\$about'"):
        store.search(("n",), filter={"a": {"$about": 1}})
    assert colony.digest() == before


def test_it_survives_the_process(tmp_path):
    with phago.open(tmp_path / "m") as colony:
        FromLangchain(colony).put(("users", "ann"), "food", {"text": "likes pizza"})
    with phago.open(tmp_path / "m") as colony:
        store = PhagoStore(colony)
        assert store.search(("users",), query="pizza")[0].key == "food"
        assert store.list_namespaces(prefix=("users",)) == [("users", "ann")]


class State(TypedDict):
    user: str
    fact: str
    asked: str
    told: list[str]


async def test_a_graph_of_the_framework_reaches_it(store):
    graphs = pytest.importorskip("langgraph.graph")

    def learn(state, *, store: BaseStore):
        store.put(("users", state["user"]), state["fact"], {"text": state["fact"]})
        return {}

    async def recall(state, *, store: BaseStore):
        found = await store.asearch(("users", state["user"]), query=state["asked"])
        return {"told": [one.value["text"] for one in found]}

    graph = graphs.StateGraph(State).add_node("learn", learn).add_node("recall", recall)
    graph = graph.add_edge(graphs.START, "learn").add_edge("learn", "recall").add_edge("recall", graphs.END)
    told = graph.compile(store=store)
    for user, fact in [("ann", "likes pizza"), ("bob", "hates pizza")]:
        state = await told.ainvoke({"user": user, "fact": fact, "asked": "what about pizza?"})
        assert state["told"] == [fact]


def test_the_examples_of_the_readme_run():
    pytest.importorskip("llama_index.core")
    shown = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```py\n(.*?)^```$", shown, re.DOTALL | re.MULTILINE)
    names = {"phago": phago}
    exec(example, names)
    assert names["store"].get(("users", "ann"), "food").value == {"text": "likes pizza"}
    assert names["LlamaRetriever"](names["colony"]).retrieve("ions")[0].node_id == "a"
    names["colony"].close()


async def test_the_same_for_event_loops(store):
    await asyncio.gather(*(store.aput(("n",), f"k{number % 5}", {"number": number}) for number in range(20)))
    assert len(await store.asearch(("n",))) == 5
    assert (await store.aget(("n",), "k0")).value["number"] % 5 == 0
    await store.adelete(("n",), "k0")
    assert await store.aget(("n",), "k0") is None
    assert await store.alist_namespaces() == [("n",)]
    results = await store.abatch([PutOp(("m",), "k", {"a": 1}), GetOp(("m",), "k"), SearchOp(("n",))])
    assert results[:2] == [None, None]
    assert len(results[2]) == 4


def test_long_numbers_come_back_as_numbers(store):
    value = {"n": 10**600, "text": "x" * 600}
    store.put(("a",), "k", value)
    assert store.get(("a",), "k").value == value


@pytest.mark.parametrize("ttl", [float("inf"), float("nan"), 1e12])
def test_a_lifetime_that_no_calendar_has_is_refused_by_name(store, ttl):
    with pytest.raises(ValueError, match="`ttl` is "):
        store.put(("a",), "k", {"a": 1}, ttl=ttl)
    assert store.get(("a",), "k") is None


def test_a_colony_for_event_loops_is_refused():
    with pytest.raises(TypeError, match="`colony` is a `Colony`"):
        PhagoStore(phago.AsyncColony())


def test_the_key_phago_of_a_document_stays(colony):
    from phago.integrations.langchain import PhagoRetriever

    colony.ingest({"id": "a", "text": "Ions cross.", "metadata": {"phago": "mine"}})
    colony.run()
    (found,) = PhagoRetriever(colony=colony).invoke("ions")
    assert found.metadata["phago"] == "mine"
    assert "score" in found.metadata["phago.hit"]
