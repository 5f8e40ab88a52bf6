"""Agents as arrays: rows, what no array can be, walkers, and who is asked while others come and leave."""

import numpy as np
import phago
import pytest
from phago.agents import ArrayView
from support import begun, refused


@pytest.fixture
def colony():
    with phago.Colony(shards=3) as colony:
        yield begun(colony)


class Splits(phago.AgentArray):
    """Rows depend on themselves and the view alone."""

    columns = {"home": "concept", "energy": "i8", "share": "f8", "is_full": "?"}

    def sense(self, view, rows, deeds):
        levels = view.signal("interest")
        here = np.where(rows.home >= 0, levels[rows.home], 0.0)
        chance = view.random(7)
        rows.energy += (here > 1).astype(int) - 1
        rows.share = rows.share * 0.5 + chance
        rows.is_full = rows.energy > 3
        rows.home = view.walk(self.kind, rows.home, "interest", 0.5)
        deeds.signal("smell", rows.home[rows.is_full], 0.125)
        deeds.trace("walked", rows.home)
        deeds.end(rows.energy < -4)


class Other(Splits):
    kind = "Other"


def test_rows_do_not_depend_on_how_a_batch_is_cut(colony):
    homes = ["membrane", "cell", "ions", None, "sugar", "enzymes"]
    with phago.Colony(shards=5) as other:
        other.ingest(["Ions cross the membrane.", "The membrane holds the cell.", "Enzymes in the cell split sugar."])
        other.run()
        for one in (colony, other):
            one.emit("interest", "cell", 3.0)
        colony.spawn(Splits, count=12, home=homes * 2, energy=list(range(12)))
        # The same agents, spawned in pieces.
        for start in range(0, 12, 5):
            some = range(start, min(start + 5, 12))
            other.spawn(Splits, count=len(some), home=[homes[at % 6] for at in some], energy=list(some))
        for _ in range(9):
            colony.tick()
            other.tick()
            assert colony.digest() == other.digest()
        assert 0 < len(colony.agents("Splits")) < 12


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda view, rows, deeds: setattr(rows, "energy", rows.energy[:-1]), "shape"),
        (lambda view, rows, deeds: setattr(rows, "energy", rows.energy + 0.5), "float64"),
        (lambda view, rows, deeds: setattr(rows, "energy", 3), "shape"),
        (lambda view, rows, deeds: setattr(rows, "share", rows.share / 0.0), "finite"),
        (lambda view, rows, deeds: setattr(rows, "is_full", rows.energy), "int64"),
        (lambda view, rows, deeds: setattr(rows, "home", rows.home + len(view)), "place"),
        (lambda view, rows, deeds: setattr(rows, "home", rows.home - 10_000), "place"),
        (lambda view, rows, deeds: setattr(rows, "colour", rows.energy), "colour"),
        (lambda view, rows, deeds: deeds.end(rows.energy), "mask"),
        (lambda view, rows, deeds: deeds.trace("x", rows.home, -1.0), "amount"),
        (lambda view, rows, deeds: deeds.trace("x", [1.5]), "places"),
        (
            lambda view, rows, deeds: setattr(rows, "energy", rows.energy.astype("u8") + 2**63),
            "whole numbers below 2^63",
        ),
        (lambda view, rows, deeds: deeds.signal("x", [-9]), "`places` is -9"),
        (lambda view, rows, deeds: deeds.signal("x", [len(view)]), "`places`"),
        (lambda view, rows, deeds: deeds.trace(3, [0]), "`name`"),
        (lambda view, rows, deeds: view.walk("Wrong", [999], "x", 0.5), "`home` is 999"),
        (lambda view, rows, deeds: view.walk("Wrong", rows.home, "x", float("nan")), "`explore`"),
        (lambda view, rows, deeds: deeds.spawn([3]), "`parents` is '[3]'; accepted is rows from 0 to 2"),
        (lambda view, rows, deeds: deeds.spawn([-1]), "rows from 0 to 2"),
        (lambda view, rows, deeds: deeds.spawn([0.5]), "`parents` is 'an array of float64"),
        (lambda view, rows, deeds: deeds.spawn([[0]]), "`parents`"),
        (lambda view, rows, deeds: deeds.spawn([0], load=1), "`state` is 'load'"),
        (lambda view, rows, deeds: deeds.spawn([0, 1], energy=[1, 2, 3]), "`energy` is 'an array of shape (3,)'"),
        (lambda view, rows, deeds: deeds.spawn([0], energy=0.5), "`energy` is 'an array of float64'"),
        (lambda view, rows, deeds: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_what_no_array_can_be_is_refused_and_undoes_the_tick(colony, change, said):
    class Wrong(phago.AgentArray):
        columns = dict(Splits.columns)

        def sense(self, view, rows, deeds):
            assert isinstance(view, ArrayView)
            change(view, rows, deeds)

    colony.spawn(Wrong, count=3, home="cell", energy=5, share=0.5)
    assert said in str(refused(colony))


def test_an_array_view_is_the_graph(colony):
    seen = {}

    class Looks(phago.AgentArray):
        def sense(self, view, rows, deeds):
            starts, targets, weights = view.neighbors()
            seen["edges"] = {
                (view.label(place), view.label(targets[at]), round(weights[at], 9))
                for place in range(len(view))
                for at in range(starts[place], starts[place + 1])
            }
            seen["signal"] = {view.label(place): level for place, level in enumerate(view.signal("interest")) if level}

    colony.emit("interest", "cell", 2.0)
    colony.spawn(Looks)
    edges = {(edge.source, edge.target, round(edge.weight, 9)) for edge in colony.graph.edges}
    colony.tick()
    assert seen == {"edges": edges, "signal": {"cell": 2.0}}


def test_a_place_and_a_number_of_a_view_are_refused_by_name(colony):
    failed = []

    def sense(self, view, rows, deeds):
        assert view.label(np.int64(0)) == view.label(0)
        assert view.random(2**64 - 1).shape == (2,)
        for call in (
            lambda: view.label(-1),
            lambda: view.label(len(view)),
            lambda: view.label(2**70),
            lambda: view.random(-1),
            lambda: view.random(2**70),
        ):
            with pytest.raises(phago.ConfigError) as caught:
                call()
            failed.append(caught.value.field)

    colony.spawn(type("Thing", (phago.AgentArray,), {"sense": sense}), count=2)
    colony.tick()
    assert failed == ["place"] * 3 + ["number"] * 2


def test_walkers_go_where_most_is_signalled(colony):
    colony.emit("interest", "sugar", 5.0)

    class Followers(phago.Walkers):
        explore = 0.0

    colony.spawn(Followers, count=3, home="enzymes")
    colony.tick()
    assert colony.field("visit", of="trace") == [("sugar", 3.0)]

    class Wanderers(phago.Walkers):
        explore = 1.0
        trace = ""

    colony.spawn(Wanderers, count=200, home="cell")
    colony.tick()
    labels = {node.id: node.label for node in colony.graph.nodes}
    gone = {labels[agent.state["home"]] for agent in colony.agents("Wanderers")}
    assert gone == {near.target for near in colony.graph.neighbors("cell")}


class Budding(phago.AgentArray):
    """Bears two of every row that is rich, one with a state of its own."""

    columns = {"home": "concept", "energy": "i8", "share": "f8", "is_full": "?"}

    def sense(self, view, rows, deeds):
        import numpy as np

        rows.energy -= 1
        rich = np.flatnonzero(rows.energy >= 4)
        deeds.spawn(rich[::-1], energy=1, is_full=True)
        deeds.spawn(rich, share=np.linspace(0.5, 1, len(rich)))
        deeds.spawn([])
        deeds.signal("nothing", [])


@pytest.mark.parametrize("shards", [1, 3])
def test_arrays_bear_agents(shards):
    pytest.importorskip("numpy")
    with phago.Colony(shards=shards) as colony:
        begun(colony)
        colony.spawn(Budding, count=3, home=["cell", "membrane", None], energy=[5, 2, 5], share=0.25, is_full=False)
        colony.tick()
        agents = [agent.state for agent in colony.agents("Budding")]
        assert [agent["energy"] for agent in agents[:3]] == [4, 1, 4]
        born = sorted(agents[3:], key=lambda state: (state["home"] or "", state["energy"]))
        assert [(one["energy"], one["share"], one["is_full"]) for one in born] == [
            (1, 0.25, True),
            (4, 1.0, False),
            (1, 0.25, True),
            (4, 0.5, False),
        ]
        assert {one["home"] for one in born[2:]} == {agents[0]["home"]}
        assert [one["home"] for one in born[:2]] == [None, None]


def test_masks_of_who_ends_add_up(colony):
    def sense(self, view, rows, deeds):
        deeds.end(rows.tag == 0)
        deeds.end(rows.tag == 1)
        deeds.end(np.zeros(4, bool))

    kind = type("Thing", (phago.AgentArray,), {"sense": sense, "columns": {"tag": "i8"}})
    colony.spawn(kind, count=4, tag=[0, 1, 2, 3])
    colony.tick()
    assert [agent.state["tag"] for agent in colony.agents("Thing")] == [2, 3]


class Marked(phago.AgentArray):
    """Odd ones end, the third bears one; while they are asked, `meanwhile` is called once."""

    columns = {"tag": "i8"}
    meanwhile = None

    def sense(self, view, rows, deeds):
        import numpy as np

        if Marked.meanwhile is not None:
            done, Marked.meanwhile = Marked.meanwhile, None
            done()
        deeds.end(rows.tag % 2 == 1)
        rows.tag = np.where(rows.tag == 4, 40, rows.tag)
        deeds.spawn(np.flatnonzero(rows.tag == 2), tag=20)


class MarkedOne(phago.Agent):
    """The same, one by one."""

    state = {"tag": int}
    meanwhile = None

    def sense(self, view):
        if MarkedOne.meanwhile is not None:
            done, MarkedOne.meanwhile = MarkedOne.meanwhile, None
            done()
        if self.tag % 2 == 1:
            return [phago.Die()]
        born = [phago.Spawn(tag=20)] if self.tag == 2 else []
        self.tag = 40 if self.tag == 4 else self.tag
        return born


@pytest.mark.parametrize("kind", [Marked, MarkedOne])
@pytest.mark.parametrize("what", ["spawned", "dismissed", "replaced"])
def test_who_comes_or_leaves_while_others_are_asked_does_nothing_in_that_tick(colony, kind, what):
    def meanwhile():
        if what != "spawned":
            colony.dismiss(kind.kind)
        if what != "dismissed":
            colony.spawn(kind, count=6, tag=[91, 92, 93, 94, 95, 96])

    colony.spawn(kind, count=6, tag=[0, 1, 2, 3, 4, 5])
    colony.tick()
    if what == "spawned":
        colony.spawn(kind, count=1, tag=7)
    kind.meanwhile = staticmethod(meanwhile)
    colony.tick()
    tags = sorted(agent.state["tag"] for agent in colony.agents(kind.kind))
    # Of the first tick 0, 2, 40 and 20 are left; in the second 7 ends and 2 bears another one.
    old = [] if what != "spawned" else [0, 2, 20, 20, 40]
    assert tags == sorted(old + ([] if what == "dismissed" else [91, 92, 93, 94, 95, 96]))
