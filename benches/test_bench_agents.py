"""Agents: how many sense and act in a second, beside a framework and a compiled loop, and what they cost a tick."""

import random

import corpora
import numpy as np
import phago
import pytest
from turns import in_turn, timed

# A graph that walkers walk on, and how many steps a turn has.
DOCUMENTS, TICKS = 3_000, 10


def grown(**more):
    """A colony with a graph of some thousand concepts."""
    chance = random.Random(corpora.SEED)
    colony = phago.Colony(shards=1, runner=phago.RunnerConfig(max_parallelism=1), **more)
    words = [f"w{at}" for at in range(4_000)]
    colony.ingest(" ".join(chance.choices(words, k=12)) for _ in range(DOCUMENTS))
    colony.run()
    for label in ("w17", "w400", "w2999"):
        colony.emit("interest", label, 8.0)
    return colony


def homes(colony, count):
    labels = [node.label for node in colony.graph.nodes][:count]
    return [labels[at % len(labels)] for at in range(count)]


class Walker(phago.Agent):
    """The rule of `Walkers`, in Python, one by one."""

    state = {"home": phago.Concept}

    def sense(self, view):
        here = view.strongest(self.home, "interest")
        if here is None:
            return None
        if view.random() < 0.05:
            here = view.neighbors(self.home)[0]
        return [phago.Move(here), phago.Trace("visit")]


class Thinker(phago.Agent):
    """A walker that looks at all neighbours itself."""

    state = {"home": phago.Concept}

    def sense(self, view):
        near = view.neighbors(self.home)
        if not near:
            return None
        return [phago.Move(max(near, key=lambda node: node.signal("interest"))), phago.Trace("visit")]


class Light(phago.Agent):
    """An agent that counts."""

    state = {"energy": int}

    def sense(self, view):
        self.energy += 1


class Counters(phago.AgentArray):
    """The same as arrays."""

    columns = {"energy": "i8"}

    def sense(self, view, rows, deeds):
        rows.energy += 1


class Sleepers(phago.Agent):
    """Agents with nothing to do."""

    state = {"home": phago.Concept}

    def sense(self, view):
        return [phago.Sleep(1_000_000)]


def stepped(colony):
    """A turn: some ticks. Returns seconds for one."""

    def turn():
        return {"seconds": timed(lambda: [colony.tick() for _ in range(TICKS)]) / TICKS}

    return turn


def walkers(count):
    colony = grown()
    colony.spawn(phago.Walkers, count=count, home=homes(colony, count))
    colony.tick()
    return colony


def graph_of(colony):
    """The graph as rows, for the peers."""
    nodes, edges = colony.graph.nodes.columns(), colony.graph.edges.columns()
    place = {label: at for at, label in enumerate(nodes["label"].to_list())}
    source = np.array([place[label] for label in edges["source"].to_list()])
    target = np.array([place[label] for label in edges["target"].to_list()])
    starts = np.searchsorted(source, np.arange(len(place) + 1))
    levels = np.zeros(len(place))
    for label, level in colony.field("interest"):
        levels[place[label]] = level
    return starts, target, levels


@pytest.mark.parametrize("count", [10_000, 100_000])
def test_walkers_beside_mesa_and_numba(count, benchmark, figures, rounds):
    """Walkers that follow a signal over a graph: agent updates in a second, one thread."""
    mesa = pytest.importorskip("mesa")
    numba = pytest.importorskip("numba")
    colony = walkers(count)
    starts, target, levels = graph_of(colony)
    chance = np.random.default_rng(corpora.SEED)
    places = chance.integers(len(levels), size=count)

    @numba.njit
    def compiled(places, starts, target, levels, visits, drawn):
        for at in range(len(places)):
            begin, end = starts[places[at]], starts[places[at] + 1]
            if begin == end:
                continue
            best = begin
            if drawn[at] < 0.05:
                best = begin + int(drawn[at] / 0.05 * (end - begin))
            else:
                for other in range(begin, end):
                    if levels[target[other]] > levels[target[best]]:
                        best = other
            places[at] = target[best]
            visits[places[at]] += 1

    class Walks(mesa.Agent):
        def __init__(self, model, place):
            super().__init__(model)
            self.place = place

        def step(self):
            begin, end = starts[self.place], starts[self.place + 1]
            if begin == end:
                return
            if self.random.random() < 0.05:
                self.place = target[self.random.randrange(begin, end)]
            else:
                self.place = max(target[begin:end], key=levels.__getitem__)
            self.model.visits[self.place] += 1

    class Model(mesa.Model):
        def __init__(self):
            super().__init__(seed=corpora.SEED)
            self.visits = np.zeros(len(levels))
            for place in places:
                Walks(self, place)

        def step(self):
            self.agents.do("step")

    model, visits = Model(), np.zeros(len(levels))
    compiled(places.copy(), starts, target, levels, visits, chance.random(count))

    def by_numba():
        def step():
            compiled(places, starts, target, levels, visits, chance.random(count))

        return {"seconds": timed(lambda: [step() for _ in range(TICKS)]) / TICKS}

    def by_mesa():
        return {"seconds": timed(model.step)}

    contenders = {"phago": stepped(colony), "numba": by_numba, "mesa": by_mesa}
    turns = in_turn(benchmark, rounds, contenders)
    section = f"walkers: {count:,} over {len(levels):,} concepts and {len(target):,} synapses, one thread"
    for peer in ("mesa", "numba"):
        figures.add(
            section,
            f"agent updates, beside {peer}",
            turns.rate("phago", count / 1e6).unit("M/s"),
            turns.rate(peer, count / 1e6).unit("M/s"),
            turns.ratio(peer, "phago"),
        )
    colony.close()


def test_agents_in_python(benchmark, figures, rounds):
    """Agents one by one and as arrays: updates in a second."""
    section = "agents in Python, one thread"
    kinds = {
        "one by one, counting": (Light, 10_000),
        "one by one, walking": (Walker, 10_000),
        "one by one, looking at each neighbour": (Thinker, 10_000),
        "as arrays, counting": (Counters, 100_000),
    }
    colonies = {}
    for what, (kind, count) in kinds.items():
        colonies[what] = colony = grown()
        colony.spawn(kind, count=count, **({"home": homes(colony, count)} if kind in (Walker, Thinker) else {}))
    turns = in_turn(benchmark, rounds, {what: stepped(colony) for what, colony in colonies.items()})
    for what, (_, count) in kinds.items():
        figures.add(section, f"{what}, {count:,}", turns.rate(what, count / 1e3).unit("thousand/s"))
        colonies[what].close()


def test_what_agents_cost(benchmark, figures, rounds):
    """A tick with ten thousand agents that sleep, beside one without any; and bytes an agent."""
    plain, slept = grown(), grown()
    slept.spawn(Sleepers, count=10_000, home="w17")
    slept.tick()
    turns = in_turn(benchmark, rounds, {"asleep": stepped(slept), "none": stepped(plain)})
    figures.add(
        "what agents cost",
        "idle tick with 10,000 agents asleep, beside none",
        turns.spread("asleep", "seconds", 1e6).unit("us"),
        turns.spread("none", "seconds", 1e6).unit("us"),
        turns.ratio("asleep", "none"),
    )
    many = grown()
    empty = resident()
    many.spawn(phago.Walkers, count=1_000_000, home="w17")
    many.tick()
    figures.add(
        "what agents cost", "bytes of memory an agent, of 1,000,000 walkers", f"{(resident() - empty) / 1e6:.0f}"
    )
    for colony in (plain, slept, many):
        colony.close()


def resident():
    """Bytes of this process in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096
