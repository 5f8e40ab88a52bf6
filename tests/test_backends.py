"""One conformance suite over every transport: a colony on nodes is the colony of this process, to the last bit."""

import phago
import pytest
from phago.backends import Answer, Node, Processes, Transport

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


def said(colony):
    """What a colony says, every number of it."""
    answers = []
    for question in QUESTIONS:
        answers += [repr(list(colony.query(question, k))) for k in (1, 10, 100)]
        answers.append(repr(list(colony.query(question, 10, where={"year": 2001}))))
        answers.append(repr(list(colony.query(question, 10, ranking="lexical"))))
        answers.append(repr(list(colony.concepts(question))))
        answers.append(repr(colony.explain(question, "d3")))
    answers.append(repr(list(colony.documents())))
    answers.append(repr([colony.get(f"d{number}") for number in range(8)]))
    answers.append(repr((len(colony), "d4" in colony, "d5" in colony, colony.count({"year": 2001}))))
    graph = colony.graph
    answers.append(repr((graph.node("ion"), graph.neighbors("ion"))))
    return answers


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    with phago.open(tmp_path_factory.mktemp("one") / "memory", shards=1) as colony:
        live(colony)
        return said(colony), colony.digest(), colony.digest("evidence")


@pytest.mark.parametrize(("shards", "nodes"), [(1, 1), (3, 2), (8, 4)])
def test_a_colony_on_nodes_is_that_of_one_process(backend, reference, tmp_path, shards, nodes):
    with phago.open(tmp_path / "memory", shards=shards, backend=backend(nodes)) as colony:
        live(colony)
        assert said(colony) == reference[0]
        assert (colony.digest(), colony.digest("evidence")) == reference[1:]
    with phago.open(tmp_path / "memory", shards=5) as colony:
        assert colony.digest() == reference[1]
    with phago.open(tmp_path / "memory", shards=shards, backend=backend(nodes)) as colony:
        assert colony.digest() == reference[1]
        assert said(colony) == reference[0]
