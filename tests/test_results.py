"""Results are typed, frozen, picklable, and lazy where they may be many."""

import concurrent.futures
import contextlib
import copy
import dataclasses
import json
import pickle
import sys

import phago
import pytest
from support import cluster, ingest_into


class Rows:
    """A table that counts what is read of it."""

    def __init__(self, rows):
        self.rows = rows
        self.read = 0

    def __len__(self):
        return len(self.rows)

    def get(self, index):
        self.read += 1
        return self.rows[index]


def edges(*sizes):
    parts, number = [], 0
    for size in sizes:
        rows = [phago.CrossShardEdge(f"a{number + at}", f"b{number + at}", at % 3, 0.5) for at in range(size)]
        parts.append(Rows(rows))
        number += size
    return parts, phago.CrossShardEdges(*parts)


def test_a_shard_id_is_an_int_with_a_name():
    shard = phago.ShardId(2)
    assert shard == 2
    assert str(shard) == f"{shard}" == "shard-2"
    assert repr(shard) == "ShardId(2)"
    assert ["a", "b", "c"][shard] == "c"
    assert {2: "x"}[shard] == "x"
    assert json.dumps([shard]) == "[2]"
    twin = pickle.loads(pickle.dumps(shard))
    assert type(twin) is phago.ShardId
    assert twin == shard


@pytest.mark.parametrize(("bad", "error"), [(-1, ValueError), (2**32, ValueError), (True, TypeError), (1.0, TypeError)])
def test_a_shard_id_is_refused_what_is_no_place(bad, error):
    with pytest.raises(error):
        phago.ShardId(bad)


def test_phases_are_their_names():
    assert [phase.value for phase in phago.TickPhase] == ["Sense", "Act", "Decay", "Advance"]
    assert phago.TickPhase.SENSE == "Sense"
    assert phago.TickPhase("Act") is phago.TickPhase.ACT


def test_the_length_of_a_lazy_sequence_reads_nothing():
    parts, lazy = edges(3, 0, 4)
    assert len(lazy) == 7
    assert bool(lazy)
    assert sum(part.read for part in parts) == 0
    assert lazy[-1].from_node == "a6"
    assert sum(part.read for part in parts) == 1


def test_a_lazy_sequence_behaves_as_the_tuple_it_stands_for():
    _, lazy = edges(2, 3, 1)
    plain = tuple(lazy)
    assert [edge.from_node for edge in plain] == ["a0", "a1", "a2", "a3", "a4", "a5"]
    for at in range(-6, 6):
        assert lazy[at] == plain[at]
    for part in (slice(None), slice(1, 4), slice(None, None, -2), slice(10, 20)):
        assert lazy[part] == plain[part]
    for outside in (6, -7):
        with pytest.raises(IndexError):
            lazy[outside]
    assert plain[3] in lazy
    assert len(edges()[1]) == 0
    assert pickle.loads(pickle.dumps(lazy)) == lazy


def tick_result():
    results = [
        phago.PhaseResult(phago.ShardId(shard), phase, 1, edges(shard)[1], 10 * shard + 1, place * 100 + shard)
        for place, phase in enumerate((phago.TickPhase.SENSE, phago.TickPhase.ACT, phago.TickPhase.DECAY))
        for shard in range(3)
    ]
    return phago.DistributedTickResult(1, tuple(results))


def test_totals_come_from_the_last_phase_of_each_shard():
    result = tick_result()
    assert result.total_nodes() == 1 + 11 + 21
    assert result.total_edges() == 200 + 201 + 202
    assert result.has_cross_shard_activity()
    assert len(result.cross_shard_edges) == 3 * (0 + 1 + 2)
    assert pickle.loads(pickle.dumps(result)) == result


def test_the_phases_of_a_tick_are_made_when_they_are_first_read():
    def result():
        with phago.Colony(shards=2) as colony:
            colony.ingest(["Ions cross the membrane.", "Bread is made of flour."])
            return colony.tick()

    first = result()
    assert len(first.phase_results) == 6
    assert first.phase_results is first.phase_results
    # Each of these reads them for the first time.
    copies = (pickle.loads(pickle.dumps(result())), copy.copy(result()), dataclasses.replace(result()))
    assert [result(), *copies] == [first] * 4
    assert hash(result()) == hash(first)
    assert repr(result()) == repr(first)
    assert "SENSE" in repr(first)
    assert result().total_edges() == first.total_edges() > 0
    with pytest.raises(AttributeError, match="'DistributedTickResult' object has no attribute 'phase'"):
        first.phase  # noqa: B018
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.phase_results = ()


def test_hits_are_a_sequence_that_knows_what_is_pending():
    hits = phago.Hits((phago.Hit(2.0, "a", "A", "text"), phago.Hit(1.0, "b", "B", "more")), pending=4)
    assert [hit.id for hit in hits] == ["a", "b"]
    assert (len(hits), hits[-1].id, hits.pending) == (2, "b", 4)
    assert hits[:1] == phago.Hits(hits.items[:1], pending=4)
    assert not phago.Hits()
    assert pickle.loads(pickle.dumps(hits)) == hits


@pytest.mark.parametrize(
    "result",
    [
        phago.IngestReport(1, 2, (phago.Rejected(0, None, "text", "is blank"),)),
        phago.RunReport(1, 2, 0, 0.5),
        phago.Node("0" * 32, "cells", "cell", 3, 0, 2),
        phago.Edge("cells", "ions", 0.1, 1, 1, 1),
        phago.CrossShardEdge("a", "b", phago.ShardId(1), 0.5),
        phago.GhostNode("a", phago.ShardId(1), "ions", {"label": "ions"}, True),
        phago.ShardInfo(phago.ShardId(0), "", 1, 2, 3, 4.0),
        phago.ShardHealth(phago.ShardId(0), True, 0.5, 1.5, 2),
        phago.ClusterStats(3, 2, 10, 1000, 4),
        phago.ScoredNode("a", "ions", 1.5, phago.ShardId(2)),
        phago.LocalQueryRequest(("ions",), 5, {"ion": 2}),
        phago.LocalQueryResult(phago.ShardId(0), (), {}),
        phago.StoredDocument("a", "A", "text", 0, None, {"year": 2024}),
    ],
)
def test_a_result_is_frozen_and_pickles(result):
    assert pickle.loads(pickle.dumps(result)) == result
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(result, dataclasses.fields(result)[0].name, None)


def test_the_ghost_cache_looks_at_no_ghost_but_the_one_asked_for():
    class Closed(phago.GhostNodeCache):
        def __iter__(self):
            raise AssertionError("walks over all ghosts")

    _, shards, runner = cluster(3)
    ingest_into(shards, [{"id": str(at), "text": f"alpha beta gamma word{at} delta{at % 5}"} for at in range(30)])
    runner.tick_sync()
    caches = [Closed(8), shards[0].ghost_cache]
    ghosts = list(caches[1])
    for ghost in ghosts:
        caches[0].insert(ghost)
    assert len(ghosts) >= 3
    for cache in caches:
        last = ghosts[-1].node_id
        assert last in cache
        assert cache.get(last).node_id == last
        assert "0" * 32 not in cache
        assert "no id" not in cache
        assert 7 not in cache
        assert [] not in cache
        before = len(cache)
        gone = cache.remove_shard(ghosts[-1].shard_id)
        assert (last in cache, len(cache)) == (False, before - gone)
        cache.clear()
        assert (len(cache), last in cache) == (0, False)


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda cache: pickle.loads(pickle.dumps(cache))])
def test_a_ghost_cache_travels_and_that_of_a_shard_says_what_does(way):
    cache = phago.GhostNodeCache(2)
    for name in ("a", "b"):
        cache.insert(phago.GhostNode(name, phago.ShardId(3)))
    cache.get("a")
    twin = way(cache)
    assert (list(twin), twin.capacity) == (list(cache), 2)
    assert (twin.insert(phago.GhostNode("c", phago.ShardId(1))).node_id, len(cache)) == ("b", 2)
    assert twin.remove_shard(3) == 1
    with pytest.raises(TypeError, match="list"):
        way(cluster(1)[1][0].ghost_cache)


def test_threads_may_share_a_ghost_cache():
    cache, wrong = phago.GhostNodeCache(8), []

    def work(step):
        for at in range(3000):
            cache.insert(phago.GhostNode(f"{at * step % 16}", phago.ShardId(at % 3)))
            with contextlib.suppress(phago.GhostNodeNotFound):
                cache.get(f"{at % 16}")
            if at % 7 == 0 and len(list(cache)) > 8:
                wrong.append("too many")
            if at % 50 == 0:
                cache.remove_shard(at % 3)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(work, (1, 3, 5, 7)))
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
    left = len(cache)
    assert sum(cache.remove_shard(shard) for shard in range(3)) == left


def test_the_ghost_cache_drops_what_was_not_used_for_longest():
    cache = phago.GhostNodeCache(2)
    ghosts = {name: phago.GhostNode(name, phago.ShardId(shard)) for name, shard in (("a", 0), ("b", 1), ("c", 1))}
    assert cache.insert(ghosts["a"]) is None
    assert cache.insert(ghosts["b"]) is None
    assert cache.get("a") is ghosts["a"]
    assert cache.insert(ghosts["c"]) is ghosts["b"]
    assert [ghost.node_id for ghost in cache] == ["c", "a"]
    assert "a" in cache
    assert "b" not in cache
    with pytest.raises(phago.GhostNodeNotFound) as caught:
        cache.get("b")
    assert caught.value.node == "b"
    assert cache.remove_shard(1) == 1
    assert len(cache) == 1
    # A ghost whose node has moved leaves with the shard that it is on now.
    cache.insert(phago.GhostNode("a", phago.ShardId(4)))
    assert (cache.remove_shard(0), cache.remove_shard(4), len(cache)) == (0, 1, 0)
    for bad in (0, -1, True, 2.0):
        with pytest.raises(phago.ConfigError):
            phago.GhostNodeCache(bad)


# --- how results are shown ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answered():
    with phago.Colony(2) as colony:
        colony.ingest(
            [
                {"id": "kepler", "title": "Kepler", "text": "Planets move on ellipses.", "metadata": {"y": 1}},
                {"id": "newton", "title": "Newton", "text": "Newton derived the ellipses of Kepler. " * 40},
                {"id": "<b>", "text": "Pans & planets."},
            ]
        )
        yield colony, colony.query("who found how planets move?", k=1000)


def test_hits_and_explanations_are_what_json_can_hold(answered):
    colony, hits = answered
    assert len(hits) == 3
    for thing in (hits, hits[0], colony.explain("planets", "kepler"), colony.explain("planets"), colony.get("kepler")):
        assert json.loads(json.dumps(thing.to_dict())) == thing.to_dict()
        json.dumps(dataclasses.asdict(thing))
    found = json.loads(hits.to_json())
    assert found["pending"] == hits.pending == 3
    assert found["items"][0]["passage"] == hits[0].passage != ""
    assert found["items"][0]["path"]["words"][0]["word"] == hits[0].path.words[0].word
    assert found["items"][0]["metadata"] == {"y": 1}
    assert phago.Hits().to_dict() == {"items": [], "pending": 0}


def test_a_path_is_made_when_it_is_read_and_once(answered):
    made = []

    def make():
        made.append(1)
        return (), (), (phago.WordShare("planets", 1.0),), ()

    path = phago.Path.later(make)
    assert made == []
    assert path.words[0].word == "planets"
    assert (path.concepts, path.bridges, made) == ((), (), [1])
    assert path == phago.Path((), (), path.words)
    assert pickle.loads(pickle.dumps(phago.Path.later(make))) == path
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        path.other  # noqa: B018
    assert dataclasses.asdict(answered[1][0].path)["words"]


def test_what_is_shown_is_short_and_html_is_escaped(answered):
    colony, hits = answered
    for thing in (hits, *hits, colony.explain("planets", "newton"), colony.get("newton"), colony.explain("xyzzy")):
        assert len(repr(thing)) < 300
    assert "'kepler'" in repr(hits)
    html = hits._repr_html_()
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert html.count("<tr>") == 1 + len(hits)
    assert "Pans &amp; planets." in html
    assert "planets" in colony.explain("planets", "kepler")._repr_html_()


def test_a_quick_constructor_makes_what_the_slow_one_makes():
    from phago.results._quick import quick_hit

    given = (1.5, "a", "title", "text", 3, phago.Parts(1.5), (0, 4), phago.Path(), {"k": 1}, "t", 2, None)
    slow, made = phago.Hit(*given), quick_hit(*given)
    assert type(made) is phago.Hit
    assert (made, repr(made), made.to_dict()) == (slow, repr(slow), slow.to_dict())
    assert pickle.loads(pickle.dumps(made)) == slow
    assert copy.copy(made) == dataclasses.replace(slow) == made
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.score = 2.0
    with pytest.raises((AttributeError, TypeError)):
        made.other = 2.0
    with pytest.raises(TypeError):
        quick_hit(1.5)
