"""Agents of one's own: what they may do, what is refused, and that a tick is theirs whole or not at all."""

import pickle
import threading
import time

import numpy as np
import phago
import pytest
from phago.agents import View
from support import begun, refused


@pytest.fixture
def colony():
    with phago.Colony(shards=3) as colony:
        yield begun(colony)


@pytest.fixture
def hasty():
    """The same with little time for a phase."""
    with phago.Colony(shards=3, runner=phago.RunnerConfig(phase_timeout_ms=400)) as colony:
        yield begun(colony)


def kind(sense, **state):
    """A class of agents that does this."""
    return type("Thing", (phago.Agent,), {"sense": sense, "state": state})


def test_an_agent_that_raises_undoes_the_tick_and_is_named(colony):
    def sense(self, view):
        self.number += 1
        if self.number == 2 and self.id == ids[1]:
            raise KeyError("lost")
        return [phago.Trace("visit", concept=self.home)]

    ids = colony.spawn(kind(sense, number=int, home=phago.Concept), count=3, home="membrane")
    colony.tick()
    error = refused(colony)
    assert (error.kind, error.agent, error.tick) == ("Thing", ids[1], 6)
    assert isinstance(error.__cause__, KeyError)
    assert "lost" in str(error)
    assert ids[1] in str(error)
    assert pickle.loads(pickle.dumps(error)).agent == ids[1]
    assert [agent.state["number"] for agent in colony.agents("Thing")] == [1, 1, 1]


def test_an_error_that_cannot_say_what_it_is_is_one_of_its_agent(colony):
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no words")

    def sense(self, view):
        raise Mute

    [one] = colony.spawn(kind(sense, home=phago.Concept), home="membrane")
    error = refused(colony)
    assert (error.kind, error.agent) == ("Thing", one)
    assert isinstance(error.__cause__, Mute)
    assert "Mute: its text cannot be made, because of RuntimeError" in str(error)


def test_an_agent_makes_no_tick_of_its_colony(hasty):
    asked = []

    def sense(self, view):
        asked.append(self.id)
        if len(asked) == 1:
            hasty.tick()
        return [phago.Trace("visit")]

    [one] = hasty.spawn(kind(sense, home=phago.Concept), home="cell")
    error = refused(hasty)
    assert (error.kind, error.agent) == ("Thing", one)
    assert "an agent makes no tick of its colony" in str(error)
    hasty.tick()
    assert hasty.field("visit", of="trace") == [("cell", 1.0)]


@pytest.mark.parametrize(
    ("sense", "said"),
    [
        (lambda self, view: ["move"], "accepted are actions"),
        (lambda self, view: 3, "not iterable"),
        (lambda self, view: [phago.Move("membrane")], "a concept of the view"),
        (lambda self, view: [phago.Move(7)], "a concept of the view"),
        (lambda self, view: [phago.Sleep(0)], "ticks"),
        (lambda self, view: [phago.Trace("visit", -1.0)], "amount"),
        (lambda self, view: [phago.Trace("visit", float("inf"))], "amount"),
        (lambda self, view: [phago.Trace("")], "trace"),
        (lambda self, view: [phago.Trace("x" * 65)], "trace"),
        (lambda self, view: [phago.Trace(5)], "`name` is a string, not int"),
        (lambda self, view: [phago.Signal("\ud800")], "lone surrogate"),
        (lambda self, view: [phago.Signal("visit", 70_000.0)], "amount"),
        (lambda self, view: [phago.Spawn(colour=1)], "colour"),
        (lambda self, view: [phago.Spawn(number="many")], "number"),
        (lambda self, view: setattr(self, "number", 2**63), "number"),
        (lambda self, view: setattr(self, "number", 1.5), "number"),
        (lambda self, view: setattr(self, "number", "3"), "number"),
        (lambda self, view: setattr(self, "share", float("nan")), "share"),
        (lambda self, view: setattr(self, "is_full", 1), "is_full"),
        (lambda self, view: setattr(self, "colour", "red"), "colour"),
        (lambda self, view: delattr(self, "number"), "number"),
    ],
)
def test_what_no_agent_can_do_is_refused_and_undoes_the_tick(colony, sense, said):
    colony.spawn(kind(sense, number=int, share=float, is_full=bool, home=phago.Concept), home="membrane")
    error = refused(colony)
    assert said in str(error)
    assert error.kind in ("Thing", None)


def test_a_slow_agent_meets_the_deadline_of_a_phase_and_the_next_tick_works(hasty):
    free = threading.Event()

    def sense(self, view):
        if not free.is_set():
            time.sleep(1.2)
        return [phago.Trace("visit")]

    [one] = hasty.spawn(kind(sense, home=phago.Concept), home="cell")
    error = refused(hasty, phago.PhaseTimeout)
    assert error.phase == "Sense"
    assert error.tick == 5
    assert 0.4 <= error.waited < 1.2
    assert one in str(error)
    free.set()
    hasty.tick()
    assert hasty.field("visit", of="trace") == [("cell", 1.0)]


def test_what_a_slow_agent_chooses_too_late_reaches_no_tick(hasty):
    is_slow = [True]
    over = threading.Event()

    def sense(self, view):
        if not is_slow.pop(0) if is_slow else True:
            return None
        time.sleep(0.6)
        over.set()
        return [phago.Trace("late", concept=self.home)]

    hasty.spawn(kind(sense, home=phago.Concept), home="cell")
    refused(hasty, phago.PhaseTimeout)
    assert over.wait(5)
    time.sleep(0.1)
    before = hasty.stats().tick
    hasty.tick()
    assert hasty.stats().tick == before + 1
    assert hasty.field("late", of="trace") == []


def test_agents_act_in_the_tick_that_failed_only_when_it_is_made_again(colony):
    def sense(self, view):
        self.number += 1

    colony.spawn(kind(sense, number=int))
    colony._runner.inject(("panic", 1, "Decay", None))
    with pytest.raises(phago.ShardDied):
        colony.tick()
    assert colony.agents("Thing")[0].state == {"number": 0}
    colony._runner.inject(None)
    colony.tick()
    assert colony.agents("Thing")[0].state == {"number": 1}


def test_views_are_of_the_last_tick_and_chance_is_keyed(colony):
    seen = []

    def sense(self, view):
        assert isinstance(view, View)
        seen.append(
            (view.tick, self.id, view.random(), view.random(), [node.label for node in view.neighbors(self.home)])
        )
        assert view.neighbors(None) == ()
        assert view.neighbors("0" * 32) == ()
        assert view.signal("interest", self.home) == pytest.approx(0.0)
        return [phago.Signal("interest", 1e-3)]

    ids = colony.spawn(kind(sense, home=phago.Concept), count=2, home="membrane")
    colony.tick()
    assert [(tick, name) for tick, name, *_ in seen] == [(4, ids[0]), (4, ids[1])]
    drawn = [chance for _, _, one, other, _ in seen for chance in (one, other)]
    assert len(set(drawn)) == 4
    assert all(0 <= chance < 1 for chance in drawn)
    assert sorted(seen[0][4]) == sorted(near.target for near in colony.graph.neighbors("membrane"))


def test_chance_is_even():
    from phago import _phago

    drawn = [_phago.chance(3, f"{number:032x}", tick, 1) for number in range(200) for tick in range(100)]
    assert abs(np.mean(drawn) - 0.5) < 0.01
    assert abs(np.var(drawn) - 1 / 12) < 0.003
    assert len(set(drawn)) == len(drawn)


def test_a_colony_in_which_all_agents_sleep_does_not_ask_them(colony):
    asked = []

    def sense(self, view):
        asked.append(view.tick)
        return [phago.Sleep(5)]

    colony.spawn(kind(sense), count=4)
    for _ in range(12):
        colony.tick()
    assert asked == [4] * 4 + [10] * 4


def test_births_are_of_their_parents_and_in_one_order(colony):
    def sense(self, view):
        if self.number < 2:
            self.number += 1
            return [phago.Spawn(), phago.Spawn(number=9)]
        return None

    colony.spawn(kind(sense, number=int), count=2)
    colony.tick()
    agents = colony.agents("Thing")
    assert len(agents) == 6
    assert sorted(agent.state["number"] for agent in agents) == [1, 1, 1, 1, 9, 9]
    assert [agent.born for agent in agents] == [4, 4, 5, 5, 5, 5]
    colony.tick()
    assert len(colony.agents("Thing")) == 14


def test_agents_are_bounded(colony):
    def sense(self, view):
        return [phago.Spawn() for _ in range(40)]

    thing = kind(sense)
    with pytest.raises(phago.ConfigError, match="count"):
        colony.spawn(thing, count=(1 << 20) + 1)
    colony.spawn(kind(lambda self, view: [phago.Sleep(1_000)]), count=0)
    colony.dismiss("Thing")

    class Idle(phago.AgentArray):
        columns = {}

        def sense(self, view, rows, deeds): ...

    colony.spawn(Idle, count=(1 << 20) - 10)
    with pytest.raises(phago.LimitError, match="agents"):
        colony.spawn(thing, count=11)
    colony.spawn(thing, count=1)
    assert "the number of agents" in str(refused(colony))


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"colour": 1}, "state"),
        ({"number": "x"}, "number"),
        ({"number": [1, 2]}, "number"),
        ({"number": 2**70}, "number"),
        ({"home": "nosuchword"}, "home"),
        ({"home": 5}, "home"),
        ({"share": 10**400}, "share"),
        ({"share": float("inf")}, "share"),
        ({"share": np.zeros((3, 1))}, "share"),
        ({"share": np.array(["a", "b", "c"])}, "share"),
        ({"number": np.zeros((3, 1), int)}, "number"),
        ({"number": np.arange(2)}, "number"),
        ({"number": np.zeros(3)}, "number"),
        ({"_wakes": 3}, "state"),
        ({"_absorbed": 1}, "state"),
        ({"count": -1}, "count"),
        ({"count": True}, "count"),
    ],
)
def test_what_no_agent_begins_with_is_refused(colony, arguments, field):
    thing = kind(lambda self, view: None, number=int, home=phago.Concept, share=float)
    before = colony.digest()
    with pytest.raises(phago.ConfigError) as caught:
        colony.spawn(thing, **{"count": 3, **arguments})
    assert caught.value.field == field
    assert "_wakes" not in caught.value.accepted
    assert colony.digest() == before
    assert colony.agents("Thing") == []


def test_agents_begin_with_the_values_of_arrays(colony):
    pandas = pytest.importorskip("pandas")
    columns = {"home": "concept", "number": "i8", "share": "f8", "is_full": "?"}
    several = type("Things", (phago.AgentArray,), {"columns": columns, "sense": lambda *_: None})
    one = kind(lambda self, view: None, number=int, home=phago.Concept, share=float, is_full=bool)
    for thing in (several, one):
        colony.spawn(
            thing,
            count=3,
            number=np.arange(3, dtype=np.uint8),
            share=np.array([0.5, 1.5, 2.5], np.float32),
            is_full=np.array([True, False, True]),
            home=pandas.Series(["cell", "membrane", "cell"]),
        )
        states = [agent.state for agent in colony.agents(thing.kind)]
        assert [state["number"] for state in states] == [0, 1, 2]
        assert [state["share"] for state in states] == [0.5, 1.5, 2.5]
        assert [state["is_full"] for state in states] == [True, False, True]
        assert states[0]["home"] == states[2]["home"] != states[1]["home"]
        colony.spawn(thing, count=3, number=range(3), share=np.float64(0.25))


def test_a_name_of_a_concept_or_kind_that_is_none_is_told(colony):
    thing = kind(lambda self, view: None, home=phago.Concept)
    with pytest.raises(ValueError, match="`home` has a lone surrogate"):
        colony.spawn(thing, home="\ud800")
    for wrong, error, told in (
        (3, TypeError, "`kind` is a string, not int"),
        (None, TypeError, "`kind` is a string, not NoneType"),
        ("\ud800", ValueError, "`kind` has a lone surrogate"),
        ("digester", phago.ConfigError, "`kind` is 'digester'; accepted is another name"),
        ("", phago.ConfigError, "kind"),
    ):
        for base in (phago.Agent, phago.AgentArray):
            odd = type("Odd", (base,), {"kind": wrong, "sense": lambda *_: None})
            with pytest.raises(error, match=told):
                colony.spawn(odd)
    assert colony.tick().tick == 5


def test_a_class_that_is_none_and_a_state_that_cannot_be_kept_are_refused(colony):
    for wrong in (int, phago.Agent, phago.AgentArray, "Curator", kind(lambda self, view: None)()):
        with pytest.raises(TypeError, match="kind"):
            colony.spawn(wrong)
    for state in ({"id": int}, {"_x": int}, {"two words": int}, {"a": str}, {"a": list}, [("a", int)]):
        with pytest.raises(TypeError, match="state"):
            type("Thing", (phago.Agent,), {"state": state})
    for columns in ({"a": "i4"}, {"_a": "i8"}, {"a": int}, ["a"]):
        with pytest.raises(TypeError, match="columns"):
            type("Thing", (phago.AgentArray,), {"columns": columns})
    colony.spawn(kind(lambda self, view: setattr(self, "number", self.number + 1), number=int))
    before = colony.digest()
    with pytest.raises(phago.ConfigError, match="columns of `Thing`"):
        colony.spawn(kind(lambda self, view: None, number=float))
    assert colony.digest() == before
    # Who was there keeps its class.
    colony.tick()
    assert [agent.state for agent in colony.agents("Thing")] == [{"number": 1}]


def test_agents_without_their_class_wait_for_it(tmp_path):
    thing = kind(lambda self, view: setattr(self, "number", self.number + 1), number=int)
    with phago.open(tmp_path / "memory") as colony:
        colony.spawn(thing, count=2)
        colony.tick()
    with phago.open(tmp_path / "memory") as colony:
        with pytest.raises(phago.ConfigError, match="columns of `Thing`"):
            colony.spawn(kind(lambda self, view: None, other=float), count=0)
        colony.tick()
        assert [agent.state for agent in colony.agents("Thing")] == [{"number": 1}] * 2
        colony.spawn(thing, count=0)
        colony.tick()
        assert [agent.state for agent in colony.agents("Thing")] == [{"number": 2}] * 2


def test_the_strongest_neighbour_is_the_one_with_most_of_a_signal_or_the_heaviest(colony):
    seen = []

    def sense(self, view):
        seen.extend(view.strongest(self.home, name) for name in ("interest", "none such"))
        seen.append(max(view.neighbors(self.home), key=lambda node: node.signal("interest")))
        assert view.strongest(None, "interest") is None
        assert view.strongest("0" * 32, "interest") is None

    colony.emit("interest", "holds", 2.0)
    colony.spawn(kind(sense, home=phago.Concept), home="membrane")
    colony.tick()
    assert [node.label for node in seen] == ["holds", colony.graph.neighbors("membrane")[0].target, "holds"]


def test_agents_that_chose_to_sleep_in_a_tick_that_failed_are_asked_again(colony):
    asked = []

    def sense(self, view):
        asked.append(view.tick)
        self.number += 1
        return [phago.Sleep(100)]

    colony.spawn(kind(sense, number=int))
    colony._runner.inject(("panic", 0, "Act", None))
    with pytest.raises(phago.ShardDied):
        colony.tick()
    colony._runner.inject(None)
    colony.tick()
    colony.tick()
    assert asked == [4, 4]
    assert [agent.state for agent in colony.agents("Thing")] == [{"number": 1}]


# --- symbiosis ---


class Host(phago.Agent):
    """Absorbs whom it meets; walks on."""

    state = {"home": phago.Concept, "tries": int}

    def sense(self, view):
        met = view.met()
        if met:
            self.tries += 1
            return [phago.Absorb(met[0][1])]
        here = view.strongest(self.home, "interest")
        return None if here is None else [phago.Move(here)]


class Guest(phago.Agent):
    state = {"home": phago.Concept}

    def sense(self, view):
        return [phago.Absorb(agent) for _, agent in view.met()]


def test_an_agent_absorbs_a_living_one_of_another_kind_once(colony):
    [host] = colony.spawn(Host, home="cell")
    guests = colony.spawn(Guest, count=3, home="cell")
    # The guests want the host too, and come later.
    colony.tick()
    assert [agent.id for agent in colony.agents("Host")] == []
    assert len(colony.agents("Guest")) == 3
    absorbed = [event for event in colony.events() if event.what == phago.EventKind.ABSORBED]
    assert [(event.kind, event.agent) for event in absorbed] == [("Guest", guests[0])]
    [other] = colony.spawn(Host, home="cell")
    colony.dismiss("Guest")
    sleeping = colony.spawn(kind(lambda self, view: [phago.Sleep(99)], home=phago.Concept), count=2, home="cell")
    for _ in range(4):
        colony.tick()
    # One of those who sleep, and no second one however often it tries.
    assert [agent.id for agent in colony.agents("Thing")] == sleeping[1:]
    assert colony.agents("Host")[0].state["tries"] == 4
    assert {host, other} & {agent.id for agent in colony.agents("Host")} == {other}


def test_nobody_absorbs_its_own_kind_itself_or_who_is_not_there(colony):
    def sense(self, view):
        return [phago.Absorb(self.id), phago.Absorb(others[0]), phago.Absorb("0" * 32)]

    others = []
    others += colony.spawn(kind(sense, home=phago.Concept), count=3, home="cell")
    before = colony.agents("Thing")
    colony.tick()
    assert colony.agents("Thing") == before


class Elder(phago.Agent):
    """Learns where it walks, and leaves it to all when it is asked to."""

    state = {"home": phago.Concept, "leaves": bool}

    def sense(self, view):
        if self.leaves:
            near = view.neighbors(self.home)
            return [phago.Dissolve(self.home, *near, self.home)]
        return None


@pytest.mark.parametrize("shards", [1, 4])
def test_an_old_agent_leaves_its_concepts_to_all_once(shards):
    with phago.Colony(shards=shards, config=phago.ColonyConfig(maturation_ticks=4)) as colony:
        begun(colony)
        uses = {node.label: node.uses for node in colony.graph.nodes}
        assert set(uses.values()) == {0}
        [first, second] = colony.spawn(Elder, count=2, home=["cell", "membrane"], leaves=True)
        spawned = colony.stats().tick
        while len(colony.agents("Elder")) == 2:
            assert {node.uses for node in colony.graph.nodes} == {0}
            colony.tick()
        # It is trusted once it has lived as long as a synapse needs to mature.
        assert colony.stats().tick - spawned == 4
        left = [{"cell", *(near.target for near in colony.graph.neighbors("cell"))}]
        left.append({"membrane", *(near.target for near in colony.graph.neighbors("membrane"))})
        after = {node.label: node.uses for node in colony.graph.nodes}
        assert after == {label: sum(label in one for one in left) for label in uses}
        told = [event for event in colony.events() if event.what == phago.EventKind.DISSOLVED]
        assert [(event.agent, event.count) for event in told] == [(first, len(left[0])), (second, len(left[1]))]
        assert colony.agents("Elder") == []
        before = colony.digest()
        colony.spawn(Elder, home="cell")
        for _ in range(6):
            colony.tick()
        assert {node.label: node.uses for node in colony.graph.nodes} == after
        assert colony.digest() != before


@pytest.mark.parametrize("concepts", [["zebra"], [None], ["0" * 31], [f"{number:032x}" for number in range(257)]])
def test_what_an_agent_cannot_leave_is_refused(concepts):
    with phago.Colony(shards=3, config=phago.ColonyConfig(maturation_ticks=1)) as colony:
        begun(colony)
        colony.spawn(kind(lambda self, view: [phago.Dissolve(*concepts)]))
        assert "`concepts`" in str(refused(colony))


def test_symbiosis_never_ends_in_a_livelock():
    digests = set()
    for shards in (1, 4):
        with phago.Colony(shards=shards, seed=3) as colony:
            colony.ingest(["Ions cross the membrane.", "The membrane holds the cell.", "Cells split sugar."])
            colony.run()
            colony.emit("interest", "membrane", 3.0)
            colony.spawn(Host, count=6, home=["ions", "cell", "sugar"] * 2)
            colony.spawn(Guest, count=6, home=["cell", "membrane", "ions"] * 2)
            for _ in range(10_000 if shards == 1 else 200):
                colony.tick()
                if shards == 1 and colony.stats().tick == 204:
                    digests.add(colony.digest())
            if shards == 4:
                digests.add(colony.digest())
            absorbed = [event for event in colony.events() if event.what == phago.EventKind.ABSORBED]
            living = len(colony.agents("Host")) + len(colony.agents("Guest"))
            assert shards != 4 or living + len(absorbed) == 12
            assert living >= 6
    assert len(digests) == 1
