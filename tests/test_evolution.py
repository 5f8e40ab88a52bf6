"""Foragers and their genomes: what each gene does, what ends one, what evolution changes, on any number of shards."""

import pickle

import phago
import pytest
from living import stream
from phago import _phago
from phago.evolution import Cause, EvolutionResult, Fitness, Forager, Genome, Heredity, SpawnPolicy, evolve
from test_surveys import planted

CHAIN = [f"{one} {other}" for one, other in zip("abcdefgh", "bcdefghi", strict=False)]
CHAIN = [{"id": pair[0] + "!", "text": " ".join(f"{sign}{sign}word" for sign in pair.split())} for pair in CHAIN]
EAGER = phago.ColonyConfig(documents_first="signals", documents_per_tick=6, seed=4)


def grown(shards=2, documents=CHAIN):
    colony = phago.Colony(shards)
    colony.ingest(documents)
    colony.run()
    return colony


@pytest.fixture
def colony():
    with grown() as colony:
        yield colony


def forage(colony, count=1, home="aaword", ticks=1, **state):
    """Spawn foragers of these genes, make ticks, and return the states."""
    genes = {name: state.pop(name) for name in list(state) if name in Genome.RANGES}
    colony.spawn(Forager, count, home=home, **Genome(**{"exploration": 0, **genes}).to_dict(), **state)
    for _ in range(ticks):
        colony.tick()
    return [agent.state for agent in colony.agents("Forager")]


def label(colony, id):
    return next(node.label for node in colony.graph.nodes if node.id == id)


def evolved(shards=2, mode="evolved", ticks=16, config=EAGER, policy=None, **more):
    policy = policy or SpawnPolicy(least=3, most=9)
    with phago.Colony(shards, config=config) as colony:
        return evolve(colony, stream(ticks, documents=18), policy=policy, mode=mode, **more)


# --- one colony ---


@pytest.mark.parametrize("mode", ["evolved", "default", "random"])
def test_any_number_of_shards_has_one_result_and_one_digest(mode):
    results = {shards: evolved(shards, mode) for shards in (1, 2, 3, 7, 16)}
    assert len({result.digest for result in results.values()}) == 1
    assert all(result == results[1] for result in results.values())
    assert results[1].born > 0


def test_another_seed_is_another_run_and_the_same_seed_the_same():
    other = phago.ColonyConfig(documents_first="signals", documents_per_tick=6, seed=5)
    assert evolved() == evolved()
    assert evolved(config=other).digest != evolved().digest


def test_foragers_go_on_in_a_colony_that_is_opened_again(tmp_path):
    chunks = list(stream(12, documents=18))
    policy = SpawnPolicy(least=3, most=9)
    with phago.open(tmp_path / "m", config=EAGER, shards=3) as colony:
        evolve(colony, chunks[:6], policy=policy)
    with phago.open(tmp_path / "m") as colony:
        later = evolve(colony, chunks[6:], policy=policy)
    with phago.Colony(config=EAGER) as colony:
        evolve(colony, chunks[:6], policy=policy)
        assert evolve(colony, chunks[6:], policy=policy) == later
        assert later.first is not None
        assert later.spawned == 0 or later.first != later.last


# --- what evolution changes ---


def test_without_evolution_all_keep_the_default_genome_and_with_it_they_do_not():
    plain, changed, random = (evolved(mode=mode, ticks=24) for mode in ("default", "evolved", "random"))
    assert plain.born > 3
    assert plain.first == plain.last == changed.first == Genome()
    assert set(plain.drift().values()) == {0.0}
    assert changed.born > 3
    assert all(changed.drift().values())
    assert random.first != Genome()
    assert plain.digested == changed.digested == random.digested == 24 * 6


def test_offspring_is_off_by_default(colony):
    assert [state["novel"] for state in forage(colony, ticks=8, radius=4)] == [8]
    states = forage(grown(), ticks=9, radius=4, most=2)
    assert len(states) == 2


@pytest.mark.parametrize("heredity", Heredity)
def test_offspring_inherits_what_heredity_says(colony, heredity):
    forage(colony, ticks=9, radius=4, most=2, heredity=heredity, wiring=3)
    parent, child = sorted((agent.state for agent in colony.agents("Forager")), key=lambda one: -one["ticks"])
    assert (parent["spent"], child["spent"], child["novel"]) == (8, 0, 0)
    assert child["most"] == 2
    genes = [Genome.of(one) for one in (parent, child)]
    if heredity is Heredity.COPIED:
        assert genes[0] == genes[1]
    else:
        assert all(one != other for one, other in zip(*(each.to_dict().values() for each in genes), strict=True)) or (
            # A gene at its bound stays there.
            heredity is Heredity.MUTATED and genes[0].radius == genes[1].radius == 4
        )
        near = Genome.RANGES["wiring"][1] / 5
        assert (abs(genes[1].wiring - 3) <= near) or heredity is Heredity.DRAWN


def test_there_are_never_more_than_most_and_the_richest_bear(colony):
    states = forage(colony, 6, ticks=1, most=8, home=["aaword", "bbword", "ccword", "ddword", "eeword", "ffword"])
    assert len(states) == 6
    with grown() as other:
        # All have the points at once, and there is room for two.
        forage(
            other,
            6,
            novel=[9, 20, 11, 30, 12, 13],
            home=["aaword", "ccword", "eeword", "ggword", "bbword", "ddword"],
            most=8,
        )
        spent = sorted(agent.state["novel"] for agent in other.agents("Forager") if agent.state["spent"])
        assert len(other.agents("Forager")) == 8
        assert [novel // 10 for novel in spent] == [2, 3]
        for _ in range(6):
            other.tick()
            assert len(other.agents("Forager")) <= 8


# --- what a genome does ---


@pytest.mark.parametrize(
    "parent", [Genome(), Genome(radius=3.9, boundary=0.999, patience=63), Genome(exploration=0.001, wiring=7.99)]
)
def test_mutation_is_unbiased_and_stays_in_range(parent):
    number = 4_000
    drawn = [
        parent.mutated([_phago.chance(1, f"{at:032x}", 1, gene) for gene in range(6)]).to_dict() for at in range(number)
    ]
    for name, (low, high) in Genome.RANGES.items():
        value = getattr(parent, name)
        reach = min(0.2 * (high - low), value - low, high - value)
        values = [one[name] for one in drawn]
        assert low <= min(values) <= max(values) <= high
        # Even over 2 reach: its standard deviation is reach / sqrt 3. Four of the mean's.
        assert abs(sum(values) / number - value) < 4 * reach / 3**0.5 / number**0.5
        assert max(values) - min(values) > 1.9 * reach


def test_generations_drift_to_neither_side_and_a_bound_keeps():
    ends = []
    for line in range(400):
        genome = Genome(boundary=0.1)
        for generation in range(30):
            genome = genome.mutated([_phago.chance(2, f"{line:032x}", generation, gene) for gene in range(6)])
        ends.append(genome.boundary)
    assert abs(sum(ends) / len(ends) - 0.1) < 0.05
    assert Genome(boundary=0.0).mutated([0.9] * 6).boundary == 0.0


def test_random_genomes_are_even_over_the_ranges():
    drawn = [Genome.drawn([_phago.chance(3, f"{at:032x}", 1, gene) for gene in range(6)]) for at in range(1_000)]
    for name, (low, high) in Genome.RANGES.items():
        assert abs(getattr(Genome.mean(drawn), name) - (low + high) / 2) < 0.05 * (high - low)
    assert Genome.mean([]) is None


@pytest.mark.parametrize(("radius", "reached"), [(1, "bbword"), (2, "ccword"), (3, "ddword"), (4, "eeword")])
def test_radius_is_how_far_it_looks(colony, radius, reached):
    # What is nearer was visited.
    for name in "bcd"[: radius - 1]:
        colony.emit("forage", f"{name * 2}word", of="trace")
    [state] = forage(colony, radius=radius)
    assert label(colony, state["home"]) == reached


def test_boundary_is_the_weakest_synapse_that_is_crossed():
    documents = ["hub strong one", "hub strong two", "hub strong three", "hub weak"]
    for boundary, reached in ((0.25, {"hub", "strong"}), (0.0, {"hub", "strong", "one", "two", "three", "weak"})):
        with grown(documents=documents) as colony:
            forage(colony, home="hub", ticks=7, boundary=boundary)
            assert {name for name, _ in colony.field("forage", of="trace")} == reached


def test_exploration_steps_anywhere(colony):
    forage(colony, ticks=6, exploration=1, patience=64, count=20, home="eeword")
    assert len(colony.agents("Forager")) < 20 or len(colony.field("forage", of="trace")) >= 3
    # One that explores does not look ahead: it is never farther than a step.
    with grown() as other:
        homes = {label(other, one["home"]) for one in forage(other, 3, exploration=1, radius=4, home="eeword")}
    assert homes <= {"ddword", "ffword"}


def test_chance_parts_foragers_of_one_place():
    with grown(documents=[f"hubword {sign * 2}word" for sign in "abcdefgh"]) as colony:
        homes = [state["home"] for state in forage(colony, 3, home="hubword", radius=1)]
        assert len(set(homes)) > 1


def test_wiring_signals_the_far_end_and_the_boost_what_is_known(colony):
    colony.emit("forage", "bbword", of="trace")
    forage(colony, wiring=3, keyword_boost=0)
    assert [(name, round(amount, 6)) for name, amount in colony.field("prefer")] == [("ccword", 3.0)]
    for wiring, boost, found in ((0, 2, {"bbword": 2.0}), (0, 0, {}), (3, 2, {"ccword": 3.0, "bbword": 2.0})):
        with grown() as other:
            other.emit("forage", "bbword", of="trace")
            forage(other, wiring=wiring, keyword_boost=boost)
            assert {name: round(amount, 6) for name, amount in other.field("prefer")} == found


def test_what_foragers_prefer_is_digested_first():
    with phago.Colony(2, config=phago.ColonyConfig(documents_first="signals", documents_per_tick=1)) as colony:
        colony.ingest("aaword bbword")
        colony.run()
        forage(colony, wiring=5)
        colony.ingest([{"id": "other", "text": "ccword ddword"}, {"id": "asked", "text": "bbword eeword"}])
        colony.tick()
        assert colony.get("other").digested is None
        assert colony.get("asked").digested is not None


def test_fitness_counts_what_is_new_what_lasts_and_bridges():
    with grown(documents=["aaword bbword", "bbword aaword", "bbword ccword"]) as colony:
        colony.emit("bridge", "ccword", of="trace")
        [state] = forage(colony, ticks=3)
        # To bb and back to aa over synapses of two documents; over bb, by another lasting one, to cc: a bridge.
        assert (state["novel"], state["lasting"], state["bridges"], state["ticks"]) == (3, 3, 1, 3)
    fitness = Fitness(novel=3, lasting=2, bridges=1, ticks=3)
    assert (fitness.points, fitness.score) == (8.0, 2.0)


def test_what_a_survey_accepts_as_a_bridge_is_marked_for_foragers():
    config = phago.ColonyConfig(documents_first="field")
    with phago.Colony(2, config=config) as colony:
        result = evolve(colony, [planted()], ticks=8, policy=SpawnPolicy(least=1, most=1))
        assert result.bridges == 1
        assert [label for label, _ in colony.field("bridge", of="trace")] == ["bridgeword"]


# --- what ends a forager ---


def causes(colony, ticks=12):
    """Why those that are there end, by how often."""
    nobody_new = SpawnPolicy(least=0, most=0)
    return evolve(colony, [], policy=nobody_new, ticks=ticks).died


@pytest.fixture
def eager():
    with phago.Colony(2, config=EAGER) as colony:
        colony.ingest(CHAIN)
        colony.run()
        yield colony


def test_foragers_end_idle_redundant_or_compromised_and_are_counted(eager):
    genes = Genome(exploration=0, patience=2).to_dict()
    # One that ends idle; three older ones and one too many at one place; three that cannot go on.
    eager.spawn(Forager, 5, home="eeword", **genes)
    eager.spawn(Forager, 1, **genes)
    eager.spawn(Forager, 1, home="aaword", **{**genes, "boundary": 0.9})
    eager.spawn(Forager, 1, home="aaword", **{**genes, "radius": 9.0})
    died = causes(eager, ticks=30)
    assert died["compromised"] == 3
    assert died["redundant"] >= 2
    assert died["idle"] >= 1
    assert sum(died.values()) == 8
    assert eager.agents("Forager") == []


def test_the_cause_stands_in_the_state_for_one_tick(colony):
    [state] = forage(colony, boundary=0.9)
    assert (state["cause"], state["ticks"]) == (Cause.COMPROMISED, 1)
    colony.tick()
    assert colony.agents("Forager") == []


def test_an_end_that_was_decided_before_is_not_counted(eager):
    forage(eager, boundary=0.9)
    assert sum(causes(eager, ticks=2).values()) == 0


def test_patience_is_how_long_nothing_new_is_borne():
    for patience in (1, 3):
        with grown(documents=["aaword bbword"]) as colony:
            # Both are new, and from then on nothing is.
            [state] = forage(colony, ticks=2 + patience, patience=patience)
            assert (state["novel"], state["idle"], state["cause"]) == (2, patience, Cause.IDLE)


def test_of_equals_the_younger_ones_are_redundant(colony):
    forage(colony, 3, home="eeword", ticks=0)
    colony.spawn(Forager, 1, home="aaword", **Genome().to_dict())
    states = forage(colony, 2, home="eeword", ticks=1)
    assert sum(state["cause"] == Cause.REDUNDANT for state in states) == 2


# --- policies ---


def test_the_dead_are_replaced_up_to_least():
    with phago.Colony(2, config=EAGER) as colony:
        result = evolve(colony, stream(14, documents=18), policy=SpawnPolicy(least=5, most=5), mode="random")
        assert result.spawned > 5
        assert len(colony.agents("Forager")) >= result.living > 0
        assert result.born == 0
    nobody = evolved(policy=SpawnPolicy(least=0, most=0))
    assert (nobody.spawned, nobody.living, nobody.first, nobody.last, nobody.drift()) == (0, 0, None, None, None)


def test_the_fittest_is_who_earns_most_in_a_tick():
    old, quick = Genome(wiring=7.0, radius=3.5), Genome(wiring=2.0)
    living = [(Fitness(novel=20, ticks=99), old), (Fitness(novel=5, ticks=4), quick)]
    assert SpawnPolicy.genome("fittest", living, lambda: 0.5) == quick
    assert SpawnPolicy.genome("fittest", [], lambda: 0.9) == Genome()
    assert SpawnPolicy.genome("default", living, lambda: 0.9) == Genome()
    assert SpawnPolicy.genome("random", living, lambda: 0.0).wiring == 0.0


def test_a_source_of_ones_own_is_taken():
    result = evolved(mode="default", policy=SpawnPolicy(least=3, most=3, source="random"))
    assert result.first != Genome()


def test_topics_are_counted_by_the_documents_that_were_digested():
    chunks = list(stream(6, documents=18))
    topics = {one["id"]: one["text"].partition("w")[0] for chunk in chunks for one in chunk}
    with phago.Colony(2, config=EAGER) as colony:
        result = evolve(colony, chunks, topics=topics, policy=SpawnPolicy(least=2, most=2))
        digested = [one for one in colony.documents() if one.digested]
    assert result.topics == len({topics[one.id] for one in digested}) <= 4
    assert result.characters == sum(len(one.text) for one in digested)
    assert evolved().topics is None


def test_what_was_there_before_is_not_counted_again(eager):
    result = evolve(eager, stream(6, documents=18), policy=SpawnPolicy(least=2, most=2), topics={"d0-0": "first"})
    stats = eager.stats()
    assert result.digested == stats.digested - len(CHAIN) == 36
    assert result.characters == sum(len(one.text) for one in eager.documents() if one.digested and one.id[1] != "!")
    assert result.concepts == stats.nodes
    assert 0 < result.lasting == sum(edge.co_activations >= 2 for edge in eager.graph.edges) < stats.edges


def test_ticks_go_on_after_the_stream_and_stop_before_its_end():
    def endless():
        number = 0
        while True:
            number += 1
            yield [f"word{number} other{number}"]

    with phago.Colony(config=EAGER) as colony:
        assert evolve(colony, endless(), ticks=3).ticks == 3
        assert evolve(colony, [["one more"]], ticks=5).ticks == 5
        assert len(colony) == 4


# --- what is refused ---


@pytest.mark.parametrize(
    ("make", "field"),
    [
        *[(lambda name=name: Genome(**{name: 65.0}), name) for name in Genome.RANGES],
        (lambda: Genome(radius="2"), "radius"),
        (lambda: Genome(patience=float("nan")), "patience"),
        (lambda: Genome(wiring=True), "wiring"),
        (lambda: Genome.of({"radius": 2.0}), "patience"),
        (lambda: Genome().mutated([0.5]), "chances"),
        (lambda: Genome().mutated([2.0] * 6), "chances"),
        (lambda: Genome.drawn([0.5] * 7), "chances"),
        (lambda: Fitness(novel=-1), "novel"),
        (lambda: Fitness(ticks=1.5), "ticks"),
        (lambda: SpawnPolicy(least=-1), "least"),
        (lambda: SpawnPolicy(least=5, most=4), "most"),
        (lambda: SpawnPolicy(most=5_000), "most"),
        (lambda: SpawnPolicy(source="best"), "source"),
        (lambda: evolved(mode="clever"), "mode"),
        (lambda: evolved(config=phago.ColonyConfig()), "documents_first"),
    ],
)
def test_what_cannot_be_is_refused_by_name(make, field):
    with pytest.raises(phago.ConfigError) as caught:
        make()
    assert caught.value.field == field


def test_other_kinds_of_things_are_refused():
    with pytest.raises(TypeError, match="colony"):
        evolve("colony", [])
    with phago.Colony(config=EAGER) as colony:
        with pytest.raises(TypeError, match="policy"):
            evolve(colony, [], policy="all")
        with pytest.raises(phago.ConfigError, match="ticks"):
            evolve(colony, [], ticks=0)
        with pytest.raises(phago.InvalidDocument):
            evolve(colony, [[{"id": "a"}]])


def test_peers_are_of_ones_own_kind_and_other_names_are_refused(colony):
    seen = []

    class Looks(phago.Agent):
        state = {"number": int, "home": phago.Concept}

        def sense(self, view):
            seen.append((list(view.peers("id")), list(view.peers("number")), view.peers("home")[0]))
            if self.number == 5:
                view.peers("colour")

    colony.spawn(Forager, 2, home="aaword", **Genome().to_dict())
    ids = colony.spawn(Looks, 2, number=[3, 4])
    colony.tick()
    assert seen == [(ids, [3, 4], None)] * 2
    colony.spawn(Looks, number=5)
    with pytest.raises(phago.AgentError, match="colour"):
        colony.tick()


# --- names ---


def test_they_pickle():
    result = evolved(ticks=4)
    for one in (Genome(radius=3), Fitness(novel=2), SpawnPolicy(least=2), result):
        assert pickle.loads(pickle.dumps(one)) == one
        hash(one)
    assert isinstance(result, EvolutionResult)


def test_roles_are_what_the_colony_has():
    with phago.Colony(config=phago.ColonyConfig(survey_quorum=7)) as colony:
        for chunk in stream(60, shift=50):
            colony.ingest(chunk)
            colony.tick()
            digesters = colony.agents("digester")
        assert digesters
        assert {type(one) for one in digesters} == {phago.Digester}
        assert pickle.loads(pickle.dumps(digesters)) == digesters
        synthesizer = phago.Synthesizer(colony)
        assert synthesizer.quorum == 7
        assert synthesizer.insights() == colony.insights()
        before = colony.digest()
        assert synthesizer.survey().clusters
        assert colony.digest() != before, "a survey is kept"
        found = phago.Sentinel(colony).anomalies()
        assert found
        assert found == colony.anomalies()
        assert phago.Sentinel(colony).anomalies(since=found[-1].tick) == [
            one for one in found if one.tick >= found[-1].tick
        ]
        assert phago.Sentinel(colony).anomalies(since=10**6) == []
        assert phago.Sentinel(colony, drifting=True).anomalies() == colony.anomalies(drifting=True)
        for one in (synthesizer, phago.Sentinel(colony)):
            with pytest.raises(TypeError, match="pickle"):
                pickle.dumps(one)
        with pytest.raises(phago.ConfigError, match="since"):
            phago.Sentinel(colony).anomalies(since=-1)
        with pytest.raises(phago.ConfigError, match="drifting"):
            phago.Sentinel(colony, drifting=1)
    with pytest.raises(TypeError, match="colony"):
        phago.Synthesizer(3)
