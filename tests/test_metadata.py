"""Metadata is a part of a document: kept, told, refused where it is none, and taken along wherever it goes."""

import asyncio
import copy
import datetime
import enum
import pickle

import numpy as np
import phago
import pytest
from phago import _phago
from phago._rows import lexical_hit
from support import await_fault, cluster


class Color(enum.IntEnum):
    RED = 1


@pytest.fixture
def colony():
    with phago.Colony(3) as made:
        made.ingest({"id": "a", "text": "ions", "metadata": {"year": 2019, "tags": ["cell", "ion"], "open": True}})
        yield made


def test_metadata_comes_back_as_it_was_given():
    given = {
        "zeta": "text é \U0001f600",
        "alpha": -(2**63),
        "float": 0.1,
        "whole": 2.0,
        "minus": -0.0,
        "yes": True,
        "list": ["b", 1, 1.0, True, "b"],
        "tuple": (1, 2),
        "none of it": [],
        "enum": Color.RED,
        "numpy": np.int32(7),
        " odd key ": "\0",
    }
    told = {**given, "minus": 0.0, "tuple": [1, 2], "enum": 1, "numpy": 7}
    exact = lambda metadata: [(key, repr(value)) for key, value in metadata.items()]
    with phago.Colony(3) as colony:
        colony.ingest([phago.Document("ions", id="a", metadata=given), {"id": "b", "text": "ions", "metadata": None}])
        stored = colony.get("a")
        assert exact(stored.metadata) == sorted(exact(told))
        assert all(type(value) in (str, int, float, bool, list) for value in stored.metadata.values())
        for ranking in (None, "lexical"):
            hits = {hit.id: hit for hit in colony.query("ions", ranking=ranking)}
            assert exact(hits["a"].metadata) == sorted(exact(told))
            assert hits["b"].metadata == {}
        # What is given away is nobody else's.
        stored.metadata["list"].clear()
        given["zeta"] = "changed"
        assert exact(colony.get("a").metadata) == sorted(exact(told))
        assert colony.ingest(phago.Document("ions", id="a", metadata=told)).unchanged == 1


def test_what_has_metadata_travels(colony):
    document = phago.Document("ions", id="a", metadata={"year": 1, "tags": ["x"]})
    for thing in (document, colony.get("a"), colony.query("ions"), colony.query("ions")[0]):
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(thing, protocol)) == thing
        assert copy.deepcopy(thing) == thing
        assert hash(thing) == hash(copy.deepcopy(thing))
    assert phago.Document("ions") != phago.Document("ions", metadata={"year": 1})
    assert document == phago.Document("ions", "a", "", {"tags": ["x"], "year": 1})


SIXTY_FOUR = {f"k{number}": number for number in range(64)}
# (metadata, what the reason says)
BAD = {
    "a number": (5, "is int"),
    "a list": ([("year", 1)], "is list"),
    "a string": ("year", "is str"),
    "a key that is no text": ({5: 1}, "the key 5 of type int"),
    "a key beyond utf-8": ({"\ud800": 1}, "the key '\\ud800' of type str"),
    "an empty key": ({"": 1}, "blank key"),
    "a blank key": ({" \n": 1}, "blank key"),
    "nan": ({"year": float("nan")}, "NaN for key `year`"),
    "infinity": ({"year": [1, float("inf")]}, "inf for key `year`"),
    "an int over 64 bits": ({"year": 2**64}, f"{2**64} of type int for key `year`"),
    "bytes": ({"year": b"x"}, "b'x' of type bytes for key `year`"),
    "a mapping": ({"year": {"of": 1}}, "{'of': 1} of type dict for key `year`"),
    "a set": ({"year": {1}}, "{1} of type set for key `year`"),
    "a list in a list": ({"year": [[1]]}, "[[1]] of type list for key `year`"),
    "none in a list": ({"year": [None]}, "[None] of type list for key `year`"),
    "a time": ({"year": datetime.time(9)}, "datetime.time(9, 0) of type datetime.time"),
    "a complex number": ({"year": 1j}, "1j of type complex"),
    "text beyond utf-8": ({"year": "\ud800"}, "'\\ud800' of type str"),
    "too many keys": ({**SIXTY_FOUR, "one more": 1}, "65 keys"),
    "too much text": ({"year": "x" * (65536 - 4 - 8 + 1)}, "65537 bytes"),
    "too many numbers": ({"year": [0] * 8192}, "65540 bytes"),
    "too many of nothing": ({"year": [""] * 10_000}, "of type list for key `year`"),
    "a long key": ({"y" * 10_000: b""}, "yyy...`"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_what_is_no_metadata_is_refused_by_key_and_value(colony, bad):
    metadata, reason = bad
    before = colony.digest()
    given = {"id": "x", "text": "ions", "metadata": metadata}
    for work in (
        lambda: colony.ingest(["fine", given]),
        lambda: colony.ingest(["fine", phago.Document("ions", id="x", metadata=metadata)]),
        lambda: colony.update(given),
    ):
        with pytest.raises(phago.InvalidDocument) as caught:
            work()
        error = caught.value
        assert (error.id, error.field) == ("x", "metadata")
        assert reason in error.reason
        assert "accept" in error.reason
        assert len(str(error)) < 500
    assert colony.digest() == before
    report = colony.ingest([given, "fine"], on_error="skip")
    assert (report.accepted, [one.field for one in report.rejected]) == (1, ["metadata"])


def test_the_bounds_can_be_reached():
    with phago.Colony(2) as colony:
        assert (_phago.METADATA_KEYS_MAX, _phago.METADATA_BYTES_MAX) == (64, 65536)
        full = {"year": "é" * ((65536 - 4 - 8) // 2)}
        report = colony.ingest(
            {"id": str(at), "text": "ions", "metadata": one}
            for at, one in enumerate([SIXTY_FOUR, full, {"year": [0] * 8191}, {"year": [1, 2, 1]}])
        )
        assert report.accepted == 4
        assert colony.get("1").metadata == full
        assert [hit.id for hit in colony.query("ions", where={"year": 0})] == ["2"]
        assert [hit.id for hit in colony.query("ions", where=SIXTY_FOUR)] == ["0"]
        assert not colony.query("ions", where={"year": list(range(5, 100_000))})


def test_metadata_is_content():
    with phago.Colony(3) as colony:
        document = {"id": "a", "text": "ions cross", "metadata": {"year": 1}}
        colony.ingest(document)
        colony.run()
        digests = {colony.digest("evidence")}
        for other in ({"year": 2}, {"year": 1.0}, {"year": True}, {"year": [1]}, {"Year": 1}, None):
            with pytest.raises(phago.DocumentExists):
                colony.ingest({**document, "metadata": other})
            assert colony.update({**document, "metadata": other}) == "changed"
            digests.add(colony.digest("evidence"))
        assert len(digests) == 7
        assert colony.update({**document, "metadata": {}}) == "unchanged"
        assert colony.update(document) == "changed"
        assert colony.update(document) == "unchanged"
        assert [hit.metadata for hit in colony.query("ions", where={"year": 1})] == [{"year": 1}]
        assert not colony.query("ions", where={"Year": 1})
        assert colony.run().digested == 1
        with phago.Colony(1) as fresh:
            fresh.ingest(document)
            assert fresh.digest("evidence") == colony.digest("evidence")
            fresh.run()
            assert fresh.digest("evidence") == colony.digest("evidence")


def test_one_text_with_other_metadata_is_another_document_and_without_any_the_one_it_was():
    described = [{"text": "ions cross", "metadata": {"page": page}} for page in range(5)]
    with phago.Colony(3) as colony:
        assert colony.ingest([*described, "ions cross", {"text": "ions cross", "metadata": {}}]).accepted == 6
        assert colony.ingest(described).unchanged == 5
        plain = _phago.content_id("", "ions cross")
        assert colony.get(plain).metadata == {}
        names = {hit.id: hit.metadata for hit in colony.query("ions")}
        assert sorted(map(str, names.values())) == sorted(map(str, [{}, *(one["metadata"] for one in described)]))
        (third,) = colony.query("ions", where={"page": 3})
        assert colony.get(third.id).metadata == {"page": 3}
        assert colony.delete(third.id)
        assert not colony.query("ions", where={"page": 3})
        assert len(colony.query("ions", where={"page": {"gte": 0}})) == 4
        with phago.Colony(1) as fresh:
            fresh.ingest([*described[4::-1][:1], *described[:3], "ions cross"])
            assert fresh.digest("evidence") == colony.digest("evidence")


def test_shards_driven_by_hand_take_metadata_along():
    coordinator = phago.Coordinator(2)
    document = {"id": "a", "text": "ions cross", "metadata": {"year": 2024}}
    rings = [coordinator.ring, phago.ConsistentHashRing(2)]
    home = coordinator.route_document("a")
    # Made on another ring object, so that it is moved into the runner's world.
    shards = [phago.ShardedColony(at, phago.ColonyConfig(), rings[at == home]) for at in range(2)]
    shards[home].ingest_document(document)
    runner = phago.DistributedRunner(coordinator, shards, phago.RunnerConfig())
    world = runner._native.world
    assert world.get("a").wait().metadata == {"year": 2024}
    hits, pending = world.search("ions", 5, {"year": {"gt": 2000}}).wait()
    assert [lexical_hit(found).metadata for found in hits] == [{"year": 2024}]
    assert pending == 1
    assert world.search("ions", 5, {"year": 2000}).wait() == ([], 1)
    _, others, _ = cluster(2)
    others[others[0].ring.get_shard("a")].ingest_document(document)
    assert world.evidence_digest().wait() == others[0]._native.world.evidence_digest().wait()


def test_while_a_tick_is_made_metadata_waits_too():
    async def main():
        runner = phago.RunnerConfig(max_parallelism=2, phase_timeout_ms=3_000, recover="manual")
        async with phago.AsyncColony(3, runner=runner) as colony:
            old, new = ({"id": "a", "text": "ions cross", "metadata": {"year": year}} for year in (1, 2))
            await colony.ingest(old)
            colony._colony._runner.inject(("hang", 1, "Decay", 1))
            tick = asyncio.ensure_future(colony.tick())
            await await_fault(colony._colony._runner)
            assert await colony.update(new) == "changed"
            assert await colony.update(new) == "unchanged"
            with pytest.raises(phago.DocumentExists):
                await colony.ingest(old)
            assert [hit.metadata for hit in await colony.query("ions", where={"year": [1, 2]})] == [{"year": 1}]
            with pytest.raises(phago.PhaseTimeout):
                await tick
            assert [hit.metadata for hit in await colony.query("ions", where={"year": [1, 2]})] == [{"year": 2}]

    asyncio.run(main())
