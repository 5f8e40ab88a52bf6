"""One conformance suite over every transport: a colony on nodes is the colony of this process, to the last bit."""

import collections
import dataclasses
import datetime
import itertools
import socket

import phago
import pytest
from phago.backends import Answer, Late, Node, Processes, Transport
from phago.backends.framing import pack, unpack
from phago.backends.pipes import Pipe
from support import Chance

DOCUMENTS = [
    {"id": f"d{number}", "title": f"Title {number % 7}", "text": text, "metadata": {"year": 2000 + number % 5}}
    for number, text in enumerate(
        [
            "Ions cross the membrane of a cell through channels.",
            "A slime mould finds the shortest way through a maze.",
            "The kernel schedules threads; channels carry messages between them.",
            "Membranes keep ions apart until a channel opens.",
            "Spores of the mould travel with the wind over the maze of fields.",
            "A router keeps a table of the shortest ways.",
            "Threads that wait for a message sleep in the kernel.",
            "The wind opens the channels of the delta every spring.",
            "Cells of a mould share one membrane and many nuclei.",
            "A table of ions and their charges hangs on the wall of the cell.",
        ]
        * 3
    )
]
DAY, HOUR = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC), datetime.timedelta(hours=1)
QUESTIONS = ["how do ions cross", "shortest way of a mould", "kernel threads", "the of", "unheard"]


class Here(Transport):
    """Nodes in this very process."""

    def __init__(self, nodes):
        super().__init__(nodes)
        self.made = [Node() for _ in range(nodes)]
        self.sent = 0

    def send(self, messages, wait, stopped):
        self.sent += len(messages)
        return [Answer(*self.made[message.node].handle(message.bytes, message.parcels)) for message in messages]

    def restart(self, nodes):
        for node in nodes:
            self.made[node] = Node()

    def close(self):
        self.made.clear()


class Lossy(Transport):
    """Carries what another one does, and loses, delays and repeats some of it. Losses are far apart."""

    def __init__(self, inner, seed):
        super().__init__(inner.nodes)
        self.inner = inner
        self.chance = Chance(seed)
        self.counts = collections.Counter()
        # What arrives again later, when nobody waits for it.
        self.late = []
        self.quiet = 0
        # In turn, so that each comes up however many messages there are.
        self.losses = itertools.cycle(["lost", "answer lost", "late"])

    def _one(self, message, wait, stopped):
        drawn = self.chance.below(12)
        self.quiet -= 1
        kind = next(self.losses) if drawn < 3 and self.quiet < 0 else None
        kind = {3: "twice", 4: "again later"}.get(drawn, kind)
        self.counts[kind] += 1
        if kind in ("lost", "answer lost", "late"):
            # Making the nodes again takes as many messages, and is tried a few times only.
            self.quiet = 250
        if kind in ("late", "again later"):
            self.late.append(message)
        if kind in ("lost", "late"):
            return Late()
        answer = self.inner.send([message], wait, stopped)[0]
        if kind == "twice":
            self.inner.send([message], wait, stopped)
        return Late() if kind == "answer lost" else answer

    def send(self, messages, wait, stopped):
        if self.late and self.chance.below(6) == 0:
            late, self.late = self.late, []
            for message in late:
                self.inner.send([message], wait, stopped)
        return [self._one(message, wait, stopped) for message in messages]

    def restart(self, nodes):
        self.inner.restart(nodes)

    def close(self):
        self.inner.close()


def losing_parcels(transport, messages):
    """A parcel does not reach the node that it is for."""
    return transport.carry([dataclasses.replace(message, parcels=message.parcels[:-1]) for message in messages])


def repeating_parcels(transport, messages):
    return transport.carry([dataclasses.replace(message, parcels=[*message.parcels] * 2) for message in messages])


def parcels_of_another_node(transport, messages):
    parcels = [message.parcels for message in messages]
    mixed = parcels[1:] + parcels[:1]
    return transport.carry([dataclasses.replace(one, parcels=of) for one, of in zip(messages, mixed, strict=True)])


def forgetting_parcels(transport, messages):
    """No node's parcels are taken along."""
    return [Answer(answer.bytes, ()) for answer in transport.carry(messages)]


def mixing_up_nodes(transport, messages):
    nodes = [message.node for message in messages]
    mixed = nodes[1:] + nodes[:1] if len(nodes) > 1 else [1 - nodes[0]]
    return transport.carry([dataclasses.replace(one, node=to) for one, to in zip(messages, mixed, strict=True)])


def mixing_up_answers(transport, messages):
    answers = transport.carry(messages)
    return answers[1:] + answers[:1]


def answering_with_the_last_answer(transport, messages):
    answers = transport.carry(messages)
    return [*transport.last, *answers][: len(answers)]


class Careless(Here):
    """Does one thing wrong with what it carries, every so many times."""

    def __init__(self, nodes, wrong, every):
        super().__init__(nodes)
        self.wrong, self.every = wrong, every
        self.times, self.last = 0, []

    def carry(self, messages):
        return super().send(messages, 1.0, lambda: False)

    def send(self, messages, wait, stopped):
        self.times += 1
        if self.times % self.every:
            self.last = self.carry(messages)
            return self.last
        return self.wrong(self, messages)


BACKENDS = {"here": Here, "processes": Processes, "ray": phago.Ray}


@pytest.fixture(params=BACKENDS)
def backend(request):
    made, where = [], {}
    if request.param == "ray":
        where["address"] = request.getfixturevalue("ray_cluster").address

    def make(nodes):
        made.append(BACKENDS[request.param](nodes, **where))
        return made[-1]

    yield make
    for transport in made:
        transport.close()


def live(colony):
    """The same life in every colony."""
    colony.ingest(DOCUMENTS[:18])
    colony.run()
    colony.reinforce(colony.query("how do ions cross")[0])
    colony.ingest(DOCUMENTS[18:])
    colony.delete("d4")
    colony.update({"id": "d5", "text": "A router forgets the ways that nobody takes.", "metadata": {"year": 1999}})
    colony.run()
    rows = [dict(document, text=f"{document['text']} Again.") for document in DOCUMENTS[6:9]]
    told = [colony.update_all([*rows, {"id": "new", "text": "Fog over the delta."}, DOCUMENTS[9]])]
    told += [colony.delete(["d10", "nobody", "d11"]), colony.delete(where={"year": 2003}), colony.delete("nobody")]
    brief = {"id": "brief", "text": "The wind of a day moves a cell.", "expires": DAY}
    told.append(colony.ingest([brief, DOCUMENTS[0], {"text": "no id"}], on_error="skip"))
    told += [colony.tick(now=DAY - HOUR).tick, len(colony), colony.tick(now=DAY).tick, len(colony)]
    told += [colony.tick(now=DAY - HOUR).tick, colony.reinforce(colony.query("wind of the delta")[0])]
    told += [repr(report) for report in (colony.ingest([]), colony.update_all([]))]
    told.append([tick.tick for tick in colony.ticks()])
    return told


def said(colony):
    """What a colony says, every number of it."""
    answers = []
    for question in QUESTIONS:
        answers += [repr(list(colony.query(question, k))) for k in (1, 10, 100)]
        for where in ({"year": 2001}, {"year": {"gte": 2001, "lt": 2004}}, {"year": 1}):
            answers.append(repr(list(colony.query(question, 10, where=where))))
        answers.append(repr(list(colony.query(question, 10, ranking="lexical"))))
        answers += [repr(list(colony.concepts(question))), repr(list(colony.concepts(question, 3)))]
        answers += [repr(colony.explain(question, name)) for name in (None, "d3", "nobody")]
    answers.append(repr(list(colony.documents())))
    answers.append(repr(list(colony.documents({"year": 2001}, after="d1", limit=2))))
    answers.append(repr([colony.get(f"d{number}") for number in range(8)]))
    answers.append(repr((len(colony), "d4" in colony, "d5" in colony, colony.count(), colony.count({"year": 2001}))))
    graph = colony.graph
    answers.append(repr(graph.neighbors("ion")))
    nodes, edges = graph.nodes, graph.edges
    answers.append(repr([(one.id, one.label, one.mentions, one.uses, one.degree) for one in nodes]))
    answers.append(repr((list(edges), nodes.tick, edges.tick, len(edges), edges[3:5], edges[-1])))
    answers.append(repr({name: list(column) for name, column in edges.columns().items()}))
    answers.append(repr([sorted(nodes.columns()), graph.node("unheard"), graph.node("ion").label]))
    stats = colony.stats()
    answers.append(repr([(name, getattr(stats, name)) for name in EQUAL_STATS]))
    return answers


# The others tell of the shards, and of memory.
EQUAL_STATS = ["tick", "documents", "pending", "digested", "terms", "nodes", "edges", "digesters"]


BAD = {
    "no text": lambda colony: colony.ingest({"id": "x"}),
    "blank": lambda colony: colony.ingest([{"id": "x", "text": "good"}, {"id": "y", "text": "  "}]),
    "unknown key": lambda colony: colony.ingest({"id": "x", "text": "a", "colour": "red"}),
    "taken": lambda colony: colony.ingest([{"id": "x", "text": "good"}, {"id": "d0", "text": "other"}]),
    "twice": lambda colony: colony.ingest([{"id": "x", "text": "one"}, {"id": "x", "text": "two"}]),
    "update without id": lambda colony: colony.update({"text": "a"}),
    "update of many": lambda colony: colony.update_all([{"id": "x", "text": "good"}, {"text": "a"}]),
    "negative k": lambda colony: colony.query("ions", -1),
    "no question": lambda colony: colony.query(3),
    "ranking": lambda colony: colony.query("ions", ranking="best"),
    "filter": lambda colony: colony.query("ions", where={"year": {"near": 3}}),
    "empty filter": lambda colony: colony.delete(where={}),
    "naive time": lambda colony: colony.tick(now=datetime.datetime(2030, 1, 1)),
    "on_error": lambda colony: colony.ingest("a", on_error="ignore"),
    "neighbours": lambda colony: colony.graph.neighbors("unheard"),
    "snapshot": lambda colony: colony.snapshot(colony.path),
    "hit": lambda colony: colony.reinforce("d1"),
    "max_ticks": lambda colony: colony.run(-1),
}


def refusals(colony):
    """How a colony refuses each bad call."""
    found = {}
    for name, call in BAD.items():
        try:
            told = ("returned", repr(call(colony)))
        except Exception as error:
            fields = {key: repr(value) for key, value in getattr(error, "fields", {}).items()}
            told = (
                type(error),
                str(error).replace(str(colony.path), "memory"),
                str(fields).replace(str(colony.path), "memory"),
            )
        found[name] = told
    return found


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    with phago.open(tmp_path_factory.mktemp("one") / "memory", shards=1) as colony:
        told = live(colony)
        answers = said(colony), colony.digest(), colony.digest("evidence"), told, refusals(colony)
        assert said(colony) == answers[0]
        assert sum(kind[0] != "returned" for kind in answers[4].values()) > 12
        return answers


def check(colony, reference):
    """A colony that has just been made is that of the reference."""
    assert live(colony) == reference[3]
    assert said(colony) == reference[0]
    assert (colony.digest(), colony.digest("evidence")) == reference[1:3]


LAYOUTS = [(shards, nodes) for shards in (1, 2, 3, 5, 8, 16) for nodes in (1, 2, 4, 8) if nodes <= shards]


@pytest.mark.parametrize(("shards", "nodes"), LAYOUTS)
def test_any_number_of_shards_and_nodes_gives_one_colony(reference, tmp_path, shards, nodes):
    transport = Here(nodes)
    with phago.open(tmp_path / "memory", shards=shards, backend=transport) as colony:
        check(colony, reference)
    assert transport.sent > 100


@pytest.mark.parametrize(("shards", "nodes"), [(3, 2), (8, 4)])
def test_a_colony_on_nodes_is_that_of_one_process(backend, reference, tmp_path, shards, nodes):
    with phago.open(tmp_path / "memory", shards=shards, backend=backend(nodes)) as colony:
        check(colony, reference)
        assert refusals(colony) == reference[4]
        assert colony.digest() == reference[1]
        # One that only reads, beside it.
        with phago.open(tmp_path / "memory", read_only=True) as follower:
            assert follower.digest() == reference[1]
            colony.ingest({"id": "later", "text": "A later wind."})
            colony.tick()
            assert follower.refresh()
            assert (follower.digest(), said(follower)) == (colony.digest(), said(colony))
        colony.delete("later")
        colony.tick()
        # What is written down as a whole.
        colony.compact()
        colony.snapshot(tmp_path / "copy")
        assert colony.export_jsonl(tmp_path / "out.jsonl") == len(colony)
        final = said(colony), colony.digest()
    for path, shards_then in ((tmp_path / "memory", 5), (tmp_path / "copy", 2)):
        with phago.open(path, shards=shards_then) as again:
            assert (said(again), again.digest()) == final
    with phago.open(tmp_path / "copy", shards=shards, backend=backend(nodes)) as again:
        assert (said(again), again.digest()) == final
    with phago.open(tmp_path / "imported", shards=shards, backend=backend(nodes)) as imported:
        assert imported.import_jsonl(tmp_path / "out.jsonl").accepted == len(imported)
        with phago.Colony(1) as here:
            here.import_jsonl(tmp_path / "out.jsonl")
            assert imported.digest() == here.digest()


async def test_the_twin_for_event_loops_says_the_same(backend, reference, tmp_path):
    async with phago.open_async(tmp_path / "memory", shards=4, backend=backend(2)) as twin:
        for batch in (DOCUMENTS[:18], DOCUMENTS[18:]):
            await twin.ingest(batch)
            await twin.run()
        await twin.update_all([{"id": "d5", "text": "A router forgets."}])
        assert (
            await twin.delete("d4"),
            await twin.delete(["d6", "nobody"]),
            await twin.delete(where={"year": 2003}),
        ) == (True, 1, 6)
        assert await twin.reinforce((await twin.query("wind of the delta"))[0])
        assert (await twin.tick(now=DAY)).tick > 1
        await twin.checkpoint()
        with phago.Colony(1) as here:
            for batch in (DOCUMENTS[:18], DOCUMENTS[18:]):
                here.ingest(batch)
                here.run()
            here.update_all([{"id": "d5", "text": "A router forgets."}])
            here.delete("d4"), here.delete(["d6", "nobody"]), here.delete(where={"year": 2003})
            here.reinforce(here.query("wind of the delta")[0])
            here.tick(now=DAY)
            assert await twin.digest() == here.digest()
            for question in QUESTIONS:
                assert repr(list(await twin.query(question))) == repr(list(here.query(question)))
                assert repr(await twin.concepts(question)) == repr(here.concepts(question))
                assert repr(await twin.explain(question, "d3")) == repr(here.explain(question, "d3"))
            assert [one.id async for one in twin.documents()] == [one.id for one in here.documents()]
            assert (await twin.count({"year": 2001}), await twin.get("d5")) == (
                here.count({"year": 2001}),
                here.get("d5"),
            )
            assert list(await twin.graph.read_edges()) == list(here.graph.edges)
            assert await twin.graph.read_neighbors("ion") == here.graph.neighbors("ion")
            assert (await twin.stats()).edges == here.stats().edges
        await twin.snapshot(tmp_path / "copy")


@pytest.mark.parametrize("seed", [1, 2])
def test_a_transport_that_loses_delays_and_repeats_leaves_no_trace(backend, reference, tmp_path, seed):
    transport = Lossy(backend(2), seed)
    with phago.open(tmp_path / "memory", shards=4, backend=transport) as colony:
        check(colony, reference)
        assert refusals(colony) == reference[4]
        assert said(colony) == reference[0]
    assert min(transport.counts[kind] for kind in ("lost", "answer lost", "late", "twice", "again later")) > 0


@pytest.mark.parametrize("every", [97, 139, 151])
@pytest.mark.parametrize(
    "wrong",
    [
        losing_parcels,
        repeating_parcels,
        parcels_of_another_node,
        forgetting_parcels,
        mixing_up_nodes,
        mixing_up_answers,
        answering_with_the_last_answer,
    ],
)
def test_a_transport_that_does_something_wrong_at_times_leaves_no_trace(reference, tmp_path, wrong, every):
    with phago.open(tmp_path / "memory", shards=4, backend=Careless(2, wrong, every)) as colony:
        check(colony, reference)


def test_frames_of_many_runs_pass_a_pipe_that_holds_less():
    here, there = (Pipe(end) for end in socket.socketpair())
    parts = [bytes([run]) * (run * 9_001) for run in range(1, 40)] + [None, b""]
    for number in (1, 2):
        here.offer(pack(number, parts))
        waits, frame = 0, None
        while frame is None:
            here.push()
            waits += here.is_half_written
            frame = there.pull()
        assert waits > 0
        assert unpack(frame) == (number, parts)
    assert there.pull() is None
    here.close()
    with pytest.raises(EOFError):
        there.pull()
    there.close()
