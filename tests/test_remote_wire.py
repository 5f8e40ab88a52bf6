"""The wire: results, arguments and errors come out as they went in."""

import datetime
import inspect
import math
import struct
import uuid

import phago
import pytest
from phago import errors
from phago.remote.arguments import document, filter_of, vector_of
from phago.remote.calls import CALLS, done
from phago.remote.desk import Desk, asking, told
from phago.remote.faults import as_error, as_json
from phago.remote.graph import remote_graph
from phago.remote.wire import dumps, loads, reader
from test_errors import CLASSES, with_fields

AWKWARD = 'naïve \u2028 \x00\x1f 🦠 \u202e \ufeff \\ " </script>'


@pytest.fixture(scope="module")
def colony():
    moment = datetime.datetime(2024, 2, 29, 23, 59, 59, 999_999, datetime.timezone(datetime.timedelta(hours=5.5)))
    with phago.Colony(seed=3) as colony:
        topics = [("ions cross membranes", "cell"), ("yeast makes bread dough", "food"), ("rain falls on hills", "sky")]
        colony.ingest(
            {
                "id": f"{AWKWARD}{number}",
                "text": f"{topic} {word} {number % 5} today. Then {word} and {topic} again {AWKWARD[:6]}.",
                "title": AWKWARD if number % 3 else f"{word} number {number}",
                "metadata": {"int": number, "float": float(number), "bool": True, "tags": ["a", AWKWARD], "none": []},
                "expires": moment + datetime.timedelta(days=3650) if number % 2 else 10_000,
                "thread": f"t{number % 4}",
                "place": number,
                "time": moment - datetime.timedelta(days=number),
                "vector": [math.pi, -number, 1e-3],
            }
            for number in range(90)
            for topic, word in [topics[number % 3]]
        )
        colony.run()
        colony.ingest("one that waits, without an id")
        yield colony


ASKED = {
    "facts": {},
    "query": {"text": "ions membranes cell", "newer": 0.3, "vector": [1.0, 0.5, 0.1]},
    "explain": {"text": "ions membranes cell nowhere", "id": f"{AWKWARD}3"},
    "similar": {"id": f"{AWKWARD}3"},
    "suggest": {"text": "me"},
    "concepts": {"text": "membranes"},
    "get": {"id": f"{AWKWARD}3"},
    "count": {"where": {"int": {"gte": 5}}},
    "documents": {"limit": 5},
    "lines": {},
    "stats": {},
    "digest": {},
    "len": {},
    "has": {"id": "nobody"},
    "insights": {},
    "clusters": {},
    "cluster_of": {"label": "membranes"},
    "map": {},
    "anomalies": {},
    "events": {},
    "fading": {},
    "diff": {"since": 0, "until": 3},
    "pinned": {},
    "field": {"name": "visit"},
    "marks": {},
    "agents": {},
    "graph.nodes": {},
    "graph.top": {"k": 3},
    "graph.edges": {},
    "graph.node": {"label": "membranes"},
    "graph.neighbors": {"label": "membranes"},
    "graph.components": {},
    "graph.bridges": {},
    "graph.articulation_points": {},
    "graph.shortest_path": {"source": "membranes", "target": "ions"},
    "graph.betweenness": {},
    "graph.communities": {},
    "graph.significant": {},
    "tick": {},
    "next_tick": {},
    "survey": {},
    "run": {},
    "run_some": {"max_ticks": 1},
    "ingest": {"documents": [{"id": "bad", "text": " "}, {"id": "w", "text": "w" * 300}], "on_error": "skip"},
    "update": {"document": {"id": "new", "text": "New."}},
    "update_all": {"documents": [{"text": "no id"}, {"id": "new", "text": "Newer."}], "on_error": "skip"},
    "delete": {"id": ["new", "nobody"]},
    "pin": {"concept": "membranes"},
    "unpin": {"concept": "membranes"},
    "embeddable": {"documents": ["new", {"id": f"{AWKWARD}3", "text": "other"}, {"text": " "}, None]},
    "emit": {"name": "wanted", "concept": "membranes", "amount": 0.1},
}
# On disk only, or asked with what another call returned, or of agents.
ELSEWHERE = {"checkpoint", "compact", "snapshot", "reinforce", "dismiss", "tell_model"}


def test_every_call_is_looked_at():
    assert ASKED.keys() | ELSEWHERE == CALLS.keys()


@pytest.mark.parametrize("name", ASKED)
def test_a_result_comes_back_as_it_was(colony, name):
    result = done(colony, name, ASKED[name])
    twin = CALLS[name].read(loads(dumps(result)))
    assert twin == result
    assert type(twin) is type(result)
    assert repr(twin) == repr(result)
    assert dumps(twin) == dumps(result)


def test_what_a_result_holds_is_of_the_same_types(colony):
    stored = CALLS["get"].read(loads(dumps(done(colony, "get", ASKED["get"]))))
    assert [type(value) for value in stored.metadata.values()] == [bool, float, int, list, list]
    assert stored.expires == colony.get(stored.id).expires
    assert stored.time.tzinfo is datetime.UTC
    assert type(stored.vector) is tuple
    hits = CALLS["query"].read(loads(dumps(done(colony, "query", ASKED["query"]))))
    assert type(hits) is phago.Hits
    assert hits[0].path.concepts
    assert sum(vars_of(hits[0].parts)) == hits[0].score


def vars_of(record):
    return [getattr(record, name) for name in record.__dataclass_fields__]


def test_a_cluster_is_written_once_and_is_one_again():
    one, other = (phago.Cluster(name, (name, f"{name}s"), (name,), 5, ("d",), 3) for name in ("cell", "bread"))
    # Equal to the first, and another one all the same.
    like_one = phago.Cluster("cell", ("cell", "cells"), ("cell",), 5, ("d",), 3)
    sides = (phago.BridgeSide(other, 2.5, 40.0, ("x",), ("d",)), phago.BridgeSide(one, 1.5, 39.0, (), ()))
    bridge = phago.Bridge("salt", sides, 4, 0.75, 29.25)
    gone = (phago.Gone(7, None), phago.Gone(8, 0))
    found = phago.Insights(3, 9, 0.1 + 0.2, (one, other, like_one), (bridge,), gone)
    for value, name in [
        (found, "insights"),
        (phago.Map(3, 9, (other, one), (phago.ClusterLink((one, other), 2, 80.5, (bridge,)),)), "map"),
    ]:
        data = dumps(value)
        assert data.count(b'"bread","breads"') == 1
        twin = CALLS[name].read(loads(data))
        assert twin == value
    assert twin.links[0].bridges[0].sides[0].cluster is twin.links[0].clusters[1] is twin.clusters[0]


def test_floats_come_back_to_the_last_bit():
    chance = __import__("random").Random(7)
    values = [struct.unpack("<d", chance.randbytes(8))[0] for _ in range(2000)]
    values = [value for value in values if not math.isnan(value)] + [5e-324, -0.0, 1.0, 1e308, math.inf]
    twins = loads(dumps(values))
    assert [struct.pack("<d", value) for value in values] == [struct.pack("<d", value) for value in twins]
    assert all(type(value) is float for value in twins)


def test_agents_keep_their_kind():
    agents = [phago.Digester("ab", "digester", 1), phago.AgentInfo("cd", "Curator", 2, {"energy": 1, "home": None})]
    twins = CALLS["agents"].read(loads(dumps(agents)))
    assert twins == agents
    assert [type(one) for one in twins] == [phago.Digester, phago.AgentInfo]


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_keeps_class_message_and_fields(kind):
    error = with_fields(kind)
    twin = as_error(loads(dumps(as_json(error))))
    assert type(twin) is kind
    assert str(twin) == str(error)
    assert twin.fields == error.fields
    assert [type(value) for value in twin.fields.values()] == [type(value) for value in error.fields.values()]


@pytest.mark.parametrize(
    "error",
    [TypeError("`k` is"), ValueError("no"), KeyError("a"), FileNotFoundError(2, "No such file", "x"), MemoryError()],
)
def test_errors_of_python_come_back(error):
    twin = as_error(loads(dumps(as_json(error))))
    assert type(twin) is type(error)
    assert str(twin) == str(error) or not error.args


def test_errors_of_python_keep_the_argument_that_they_are_about():
    with phago.Colony() as colony, pytest.raises(TypeError) as caught:
        colony.query(3)
    told = as_json(caught.value)
    assert told["fields"] == {"field": "text"}
    assert as_json(as_error(loads(dumps(told)))) == told


def test_a_value_that_json_cannot_hold_is_told_of_all_the_same():
    error = phago.ConfigError("no", field="k", value=object(), accepted="one")
    assert as_error(loads(dumps(as_json(error)))).value.startswith("<object object")


def test_a_fault_of_the_owner_is_named_and_runs_nothing():
    class Odd(Exception):
        pass

    assert type(as_error(as_json(Odd("why")))) is phago.RpcError
    for value in [{"type": "SystemExit", "message": "x"}, {"type": "eval", "message": "x"}]:
        assert type(as_error(value)) is phago.RpcError
    for value in [None, [], {}, {"type": []}, {"type": "ConfigError", "message": "", "fields": {"other": 1}}]:
        assert type(as_error(value)) is phago.WireError


@pytest.mark.parametrize(
    ("name", "json"),
    [
        ("query", []),
        ("query", {"items": 3}),
        ("query", {"items": [{"score": 1}], "pending": 0}),
        ("stats", {"tick": 1}),
        ("get", {"id": "a", "time": "yesterday"}),
        ("insights", {"clusters": [], "bridges": [{"sides": []}]}),
        ("tick", {"tick": 1, "phase_results": [{"phase": "None"}]}),
        ("graph.shortest_path", {"labels": 3}),
    ],
)
def test_an_answer_of_another_form_is_refused(name, json):
    with pytest.raises(phago.WireError):
        CALLS[name].read(json)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"wire": 2, "call": "len"}',
        b'{"wire": 1}',
        b'{"wire": 1, "call": "close"}',
        b'{"wire": 1, "call": "__class__"}',
        b'{"wire": 1, "call": "len", "arguments": []}',
        b'{"wire": 1, "call": "len", "arguments": {"self": 1}}',
        b'{"wire": 1, "call": "query", "arguments": {"text": 3}}',
        b'{"wire": 1, "call": "query", "arguments": {"text": "a", "ranking": {"no": 1}}}',
        b'{"wire": 1, "call": "tick", "arguments": {"now": "then"}}',
        b'{"wire": 1, "call": "tick", "key": 5}',
        b'{"wire": 1, "call": "get", "arguments": {"id": "\\ud800"}}',
        b"[" * 100_000,
        b'{"wire": 1, "call": "count", "arguments": {"where": ' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}}",
    ],
)
def test_a_call_that_is_none_gets_an_error_and_changes_nothing(frame):
    with phago.Colony() as colony:
        before = colony.digest()
        answer = loads(Desk(lambda name, arguments: done(colony, name, arguments)).answer(frame))
        assert isinstance(as_error(answer["error"]), (phago.PhagoError, TypeError, ValueError))
        assert colony.digest() == before


def test_what_cannot_be_repeated_is_done_once_for_each_key():
    made = []
    desk = Desk(lambda name, arguments: made.append(name) or len(made))
    frame = asking("survey", {}, "key", None)
    assert desk.answer(frame) == desk.answer(frame) == desk.answer(asking("survey", {}, "key", desk.name))
    assert made == ["survey"]
    with pytest.raises(phago.RpcError, match="is unknown"):
        told("survey", desk.answer(asking("survey", {}, "other", "another desk")))
    assert made == ["survey"]
    # One that never arrived is no second time.
    assert told("len", desk.answer(asking("len", {}, None, None))) == 2
    assert desk.answer(asking("tick", {}, "third", desk.name)) == dumps({"result": 3})
    for number in range(3000):
        desk.answer(asking("survey", {}, f"{number}"))
    assert len(desk._kept) <= 1025


class Odd:
    pass


def test_documents_mean_what_they_meant():
    zone = datetime.timezone(datetime.timedelta(hours=2))
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    given = [
        phago.Document("Text."),
        phago.Document(
            "All.",
            id="all",
            title="T",
            metadata={"day": datetime.date(2024, 5, 1), "at": datetime.datetime(2024, 5, 1, 9, tzinfo=zone)},
            expires=datetime.datetime(2031, 1, 1, tzinfo=zone),
            thread="t",
            place=-3,
            time=datetime.datetime(2024, 5, 1, 9, tzinfo=zone),
            vector=numpy.array([0.1, -2, 3], dtype="float32"),
        ),
        {
            "text": "numbers",
            "id": "n",
            "metadata": {"n": numpy.int64(3), "f": numpy.float32(0.1), "u": uuid.UUID(int=7)},
        },
        {"text": "lists", "id": "l", "metadata": {"n": (1, 2.0, "x"), "a": numpy.array([1, 2]), "gone": None}},
        {"text": "pandas", "id": "p", "metadata": {"t": pandas.Timestamp("2024-05-01"), "na": pandas.NaT}},
        {"text": "time as text", "id": "t", "time": "2024-05-01T09:00:00+02:00", "vector": (1, 2, 3)},
        "a string",
    ]
    with phago.Colony() as here, phago.Colony() as there:
        here.ingest(given)
        there.ingest(loads(dumps([document(one, index) for index, one in enumerate(given)])))
        assert here.digest() == there.digest()


@pytest.mark.parametrize(
    "given",
    [
        {"text": 3},
        {"text": "a", "metadata": {"a": float("nan")}},
        {"text": "a", "metadata": {"a": [[1]]}},
        {"text": "a", "metadata": 3},
        {"text": "a", "metadata": {3: 1}},
        {"text": "a", "metadata": {"a": Odd()}},
        {"text": "a", "metadata": {"a": b"bytes"}},
        {"text": "a", "metadata": {"a": 2**70}},
        {"text": "a", "vector": "no"},
        {"text": "a", "vector": [[1, 2]]},
        {"text": "a", "vector": [float("inf")]},
        {"text": "a", "vector": Odd()},
        {"text": "a", "time": "then"},
        {"text": "a", "time": datetime.datetime(2024, 1, 1)},
        {"text": "a", "expires": datetime.datetime(2024, 1, 1)},
        {"text": "a", "place": "x", "thread": "t"},
        {"text": "\ud800"},
        {"text": "a", "other": 1},
        {"id": "a"},
        3,
        None,
        b"bytes",
    ],
)
def test_a_document_that_is_refused_here_is_refused_there_with_the_same_field(given):
    with phago.Colony() as colony:
        with pytest.raises(phago.InvalidDocument) as here:
            colony.ingest([given])
        with pytest.raises(phago.InvalidDocument) as there:
            colony.ingest([loads(dumps(document(given, 0)))])
        assert (there.value.index, there.value.field) == (here.value.index, here.value.field)


@pytest.mark.parametrize(
    "filter_with",
    [
        lambda own: {"a": own},
        lambda own: {"a": {"in": own}},
        lambda own: {"a": {"eq": own}},
        lambda own: {"a": (own,)},
        lambda own: {"$and": own},
        lambda own: {"$or": [{"a": 1}, {"$not": {"a": {"nin": own}}}]},
    ],
)
def test_a_filter_with_a_list_in_itself_is_refused_as_a_colony_refuses_it(filter_with):
    own = []
    own.append(own)
    with phago.Colony() as colony, pytest.raises(phago.ConfigError) as expected:
        colony.count(filter_with(own))
    with pytest.raises(phago.ConfigError) as told:
        filter_of("where", filter_with(own))
    assert (told.value.message, told.value.fields) == (expected.value.message, expected.value.fields)


def test_filters_and_vectors_mean_what_they_meant():
    day = datetime.date(2024, 5, 1)
    where = {"a": {1, 2}, "$or": [{"d": {"gte": day}}, {"u": uuid.UUID(int=7)}], "n": None}
    plain = loads(dumps(filter_of("where", where)))
    assert plain == {"a": [1, 2], "$or": [{"d": {"gte": "2024-05-01"}}, {"u": str(uuid.UUID(int=7))}], "n": None}
    with pytest.raises(phago.ConfigError, match="`where`"):
        filter_of("where", {"a": Odd()})
    numpy = pytest.importorskip("numpy")
    assert vector_of(numpy.array([0.1, 2], "float32")) == [float(numpy.float32(0.1)), 2.0]
    assert vector_of(memoryview(numpy.array([0.5, 2.0]))) == [0.5, 2.0]


# --- the client has what the colony has ---


def signature(method):
    # By the types and not by how a module names them.
    return inspect.signature(method, eval_str=True)


def public(kind):
    names = {name for name in dir(kind) if not name.startswith("_")}
    return names | {"__len__", "__contains__", "__bool__", "__enter__", "__exit__"}


def test_the_client_has_every_method_of_a_colony_with_its_parameters_and_types():
    names = public(phago.Colony)
    assert len(names) > 40
    for name in names:
        here, there = getattr(phago.Colony, name), getattr(phago.Client, name, None)
        assert there is not None, name
        if isinstance(here, property):
            assert signature(here.fget).return_annotation == signature(there.fget).return_annotation
            continue
        one, other = signature(here), signature(there)
        assert one.parameters == other.parameters, name
        # Agents are code, which crosses no wire: `spawn` says so.
        assert one.return_annotation == other.return_annotation or name == "spawn", name
    assert public(phago.Client) - names == {"is_owner"}


def test_the_twin_for_event_loops_has_every_method_of_an_async_colony():
    names = {name for name in dir(phago.AsyncColony) if not name.startswith("_")}
    for name in names:
        here, there = getattr(phago.AsyncColony, name), getattr(phago.AsyncClient, name, None)
        assert there is not None, name
        assert inspect.iscoroutinefunction(here) == inspect.iscoroutinefunction(there), name
        assert inspect.isasyncgenfunction(here) == inspect.isasyncgenfunction(there), name
        if not isinstance(here, property):
            assert signature(here).parameters == signature(there).parameters, name
    assert {name for name in dir(phago.AsyncClient) if not name.startswith("_")} - names == {"is_owner"}


def test_the_graph_is_one(colony):
    here, there = (
        colony.graph,
        remote_graph(lambda name, **asked: CALLS[name].read(loads(dumps(done(colony, name, asked))))),
    )
    assert type(there) is phago.Graph
    for name in ("nodes", "edges"):
        one, other = getattr(here, name), getattr(there, name)
        assert (list(one), one.tick, len(one)) == (list(other), other.tick, len(other))
        columns = {key: list(column) for key, column in one.columns().items()}
        assert {key: list(column) for key, column in other.columns().items()} == columns
    assert list(here.edges.triples()) == list(there.edges.triples())
    assert memoryview(there.edges.columns()["weight"]).format == "d"
    asked = {
        "node": ("membranes",),
        "neighbors": ("membranes",),
        "components": (),
        "bridges": (),
        "articulation_points": (),
        "shortest_path": ("membranes", "cell"),
        "betweenness": (),
        "communities": (),
        "significant": (),
    }
    for name, arguments in asked.items():
        assert getattr(there, name)(*arguments) == getattr(here, name)(*arguments), name
    assert there.node("nowhere") is None
    assert there.neighbors("nowhere") == ()
    assert repr(there) == repr(here)


def test_no_error_is_forgotten():
    assert {kind.__name__ for kind in CLASSES} <= set(errors.__all__)
    assert reader(phago.Hits) is reader(phago.Hits)
