"""Documents that leave by themselves: at a tick, or from a time on that the colony is told."""

import asyncio
import datetime
import json
import pickle

import phago
import pytest
from support import Chance, seeded_documents

UTC = datetime.UTC
NOON = datetime.datetime(2030, 6, 1, 12, tzinfo=UTC)
SECOND = datetime.timedelta(seconds=1)
SHARDS = (1, 2, 3, 7, 16)


def refusal_of(colony, expires):
    with pytest.raises(phago.InvalidDocument) as caught:
        colony.ingest([{"id": "good", "text": "ions"}, {"id": "bad", "text": "ions", "expires": expires}])
    error = caught.value
    assert (error.index, error.id, error.field) == (1, "bad", "expires")
    assert len(colony) == 0
    assert "accepted is a tick number from 0 to" in error.reason
    assert "datetime with a time zone" in error.reason
    return error.reason


@pytest.mark.parametrize(
    "expires",
    [-1, 2**32, 2**70, True, 1.5, "soon", "2030-06-01T12:00:00", "12", datetime.datetime(2030, 6, 1), [3], NOON.date()],
)
def test_what_is_no_lifetime_is_refused_by_field_and_value(expires):
    with phago.Colony(2) as colony:
        assert repr(expires)[:20] in refusal_of(colony, expires)


def test_every_form_of_a_document_may_carry_it():
    berlin = datetime.timezone(datetime.timedelta(hours=2))
    with phago.Colony(2) as colony:
        colony.ingest([phago.Document("ions", id="a", expires=7), {"text": "pumps", "id": "b", "expires": NOON}])
        colony.ingest({"text": "cells", "id": "c", "expires": NOON.astimezone(berlin)})
        colony.ingest({"text": "rings", "id": "d", "expires": None})
        told = {one.id: one.expires for one in colony.documents()}
        assert told == {"a": 7, "b": NOON, "c": NOON, "d": None}
        assert told["b"].tzinfo is UTC
        assert colony.get("b").to_dict()["expires"] == "2030-06-01T12:00:00+00:00"
        again = pickle.loads(pickle.dumps([colony.get("b"), phago.Document("ions", expires=NOON)]))
        assert [one.expires for one in again] == [NOON, NOON]


def test_tables_have_it_in_a_column():
    polars = pytest.importorskip("polars")
    rows = {"text": ["ions", "pumps", "cells"], "id": ["a", "b", "c"], "until": [NOON, None, NOON + SECOND]}
    frame = polars.DataFrame(rows)
    with phago.Colony(1) as colony:
        colony.ingest(frame.rename({"until": "expires"}))
        assert [one.expires for one in colony.documents()] == [NOON, None, NOON + SECOND]
    with phago.Colony(1) as colony:
        colony.ingest(phago.read_frame(frame, id="id", expires="until"))
        assert [one.expires for one in colony.documents()] == [NOON, None, NOON + SECOND]


def test_lines_of_json_hold_it_there_and_back(tmp_path):
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    with phago.Colony(2) as one, phago.Colony(3) as other:
        one.ingest([phago.Document("ions", id="a", expires=7), phago.Document("pumps", expires=NOON), "cells"])
        one.export_jsonl(first)
        assert {json.loads(line).get("expires") for line in first.read_text().splitlines()} == {
            7,
            NOON.isoformat(),
            None,
        }
        other.import_jsonl(first)
        other.export_jsonl(second)
        assert (first.read_bytes(), one.digest()) == (second.read_bytes(), other.digest())


def test_the_tick_of_its_number_is_its_last():
    for shards in SHARDS:
        with phago.Colony(shards) as colony:
            colony.ingest([{"id": str(end), "text": "ions of cells", "expires": end} for end in range(6)])
            left = []
            for _ in range(6):
                colony.tick()
                left.append(sorted(one.id for one in colony.documents()))
            # 0 is over when it comes, and leaves with the first tick.
            assert left == [["2", "3", "4", "5"], ["3", "4", "5"], ["4", "5"], ["5"], [], []]
            assert colony.stats().nodes == 0


def test_times_wait_for_a_later_now_and_now_does_not_go_back():
    with phago.Colony(3) as colony:
        colony.ingest({"id": "a", "text": "ions", "expires": NOON})
        colony.run()
        colony.tick()
        for now in (NOON - SECOND, NOON - datetime.timedelta(microseconds=1)):
            colony.run(now=now)
            colony.tick(now=now)
        before = colony.digest()
        assert "a" in colony
        assert list(colony.ticks(now=NOON - SECOND)) == []
        assert colony.digest() == before
        assert colony.run(now=NOON).ticks >= 2
        assert "a" not in colony
        # The colony has been told a later time than this lifetime.
        colony.ingest({"id": "b", "text": "pumps", "expires": NOON - SECOND})
        colony.tick(now=NOON - 2 * SECOND)
        assert "b" not in colony


@pytest.mark.parametrize("now", [datetime.datetime(2030, 1, 1), NOON.date(), 5, "2030-06-01T12:00:00+00:00", True])
def test_a_now_without_a_time_zone_is_refused(now):
    with phago.Colony(1) as colony:
        before = colony.digest()
        for call in (colony.tick, colony.run, lambda now: list(colony.ticks(now=now))):
            with pytest.raises(phago.ConfigError) as caught:
                call(now=now)
            assert caught.value.field == "now"
            assert "time zone" in str(caught.value)
        assert colony.digest() == before


def test_the_awaited_twins_take_now():
    async def main():
        async with phago.AsyncColony(2) as colony:
            for at, call in enumerate((colony.tick, colony.run)):
                await colony.ingest({"id": "a", "text": "ions", "expires": NOON + at * SECOND})
                await call(now=NOON + at * SECOND)
                assert "a" not in colony
            await colony.ingest({"id": "a", "text": "ions", "expires": NOON + 2 * SECOND})
            ticks = [tick async for tick in colony.ticks(now=NOON + 2 * SECOND)]
            assert "a" not in colony
            assert len(ticks) >= 2

    asyncio.run(main())


def test_shards_by_hand_and_under_a_runner_are_told_the_time():
    coordinator = phago.Coordinator(2)
    config = phago.ColonyConfig()
    shards = [phago.ShardedColony(at, config, coordinator.ring) for at in range(2)]
    for name, at in (("a", 0), ("b", 1), ("c", 2)):
        home = next(shard for shard in shards if shard.owns_document(name))
        home.ingest_document({"id": name, "text": "ions of cells", "expires": NOON + at * SECOND})
    count = lambda: sum(shard.shard_info().document_count for shard in shards)
    assert shards[1].tell_time(NOON)
    assert not shards[0].tell_time(NOON)
    for phase in ("Sense", "Act"):
        for shard in shards:
            shard.tick_phase(phase)
    for shard in shards:
        for to, batch in shard.take_outbox().items():
            shards[int(to)].deliver(batch)
    assert count() == 3
    for phase in ("Decay", "Advance"):
        for shard in shards:
            shard.tick_phase(phase)
    assert count() == 2
    while coordinator.current_tick < shards[0].current_tick:
        for phase in ("Sense", "Act", "Decay"):
            for shard in shards:
                coordinator.phase_complete(shard.shard_id, phase, coordinator.current_tick + 1)
        coordinator.advance_tick()
    with phago.DistributedRunner(coordinator, shards) as runner:
        runner.tick_sync()
        assert count() == 2
        runner.tick_sync(now=NOON + SECOND)
        assert count() == 1
        asyncio.run(runner.tick(now=NOON + 2 * SECOND))
        assert count() == 0


def test_a_runner_is_told_the_time_before_many_ticks():
    def documents(shards):
        return sum(shard.shard_info().document_count for shard in shards)

    coordinator = phago.Coordinator(2)
    shards = [phago.ShardedColony(at, phago.ColonyConfig(), coordinator.ring) for at in range(2)]
    for at in range(5):
        home = next(shard for shard in shards if shard.owns_document(str(at)))
        home.ingest_document({"id": str(at), "text": "ions of cells", "expires": NOON + at * SECOND})
    with phago.DistributedRunner(coordinator, shards) as runner:
        assert [result.tick for result in runner.run_sync(2, now=NOON)] == [1, 2]
        assert documents(shards) == 4
        assert [result.tick for result in asyncio.run(runner.run(2, now=NOON + SECOND))] == [3, 4]
        assert documents(shards) == 3

        async def walk():
            return [documents(shards) async for _ in runner.ticks(2, now=NOON + 2 * SECOND)]

        assert asyncio.run(walk()) == [2, 2]
        # Told without a tick, it counts in the next one.
        assert runner.run_sync(0, now=NOON + 3 * SECOND) == []
        runner.tick_sync()
        assert documents(shards) == 1
        for call in (runner.run_sync, lambda ticks, now: asyncio.run(runner.run(ticks, now=now))):
            with pytest.raises(phago.ConfigError, match="time zone"):
                call(1, now=datetime.datetime(2040, 1, 1))
        assert coordinator.current_tick == 7


def test_another_lifetime_is_refused_by_ingest_and_taken_by_update_which_unwires_nothing():
    with phago.Colony(2) as colony:
        one = {"id": "a", "text": "the ion pump of a cell", "expires": 50}
        colony.ingest(one)
        colony.run()
        edges = colony.stats().edges
        with pytest.raises(phago.DocumentExists):
            colony.ingest({**one, "expires": 51})
        assert colony.update({**one, "expires": NOON}) == "changed"
        assert colony.update({**one, "expires": NOON}) == "unchanged"
        assert (colony.stats().edges, colony.stats().pending, colony.get("a").expires) == (edges, 0, NOON)
        assert colony.update({"id": "a", "text": one["text"]}) == "changed"
        colony.run(now=NOON)
        for _ in range(60):
            colony.tick()
        assert colony.get("a").expires is None


def test_a_life_with_lifetimes_is_that_of_a_twin_that_deletes_by_hand(tmp_path):
    chance = Chance(11)
    documents = [one for one in seeded_documents(60) if "id" in one]
    for shards in (1, 3, 16):
        path = tmp_path / str(shards)
        with phago.open(path, shards=shards) as colony, phago.Colony(2) as twin:
            ends = {}
            for at, one in enumerate(documents):
                if at % 4:
                    ends[one["id"]] = 2 + chance.below(30) if at % 2 else NOON + chance.below(30) * SECOND
                colony.ingest({**one, "expires": ends.get(one["id"])})
                twin.ingest(one)
            for step in range(34):
                now = NOON + step * SECOND if step % 3 == 0 else None
                colony.tick(now=now)
                twin.tick(now=now)
                told = NOON + step // 3 * 3 * SECOND
                over = [
                    key
                    for key, end in ends.items()
                    if (end <= twin.stats().tick if isinstance(end, int) else end <= told)
                ]
                for key in over:
                    del ends[key]
                    assert twin.delete(key)
                assert len(colony) == len(twin)
            assert not ends
            digest = twin.digest()
            assert colony.digest() == digest
        with phago.open(path, shards=5) as colony:
            assert colony.digest() == digest


def test_a_reader_and_a_directory_that_was_not_closed_have_the_lifetimes(tmp_path):
    colony = phago.open(tmp_path / "one", shards=2)
    colony.ingest([{"id": "a", "text": "ions", "expires": 3}, {"id": "b", "text": "pumps", "expires": NOON}])
    colony.tick(now=NOON - SECOND)
    with phago.open(tmp_path / "one", read_only=True) as reader:
        assert {one.id: one.expires for one in reader.documents()} == {"a": 3, "b": NOON}
        colony.tick(now=NOON)
        colony.tick()
        reader.refresh()
        assert len(reader) == 0
        assert reader.digest() == colony.digest()
    colony.close()


def test_the_command_line_takes_and_shows_it(tmp_path, capsys):
    from phago.cli import main

    lines = tmp_path / "lines.jsonl"
    lines.write_text(
        '{"id": "a", "text": "ions", "expires": "2030-06-01T12:00:00Z"}\n{"id": "b", "text": "x y", "expires": 900}\n'
    )
    assert main(["ingest", str(tmp_path / "memory"), str(lines), "--json"]) == 0
    capsys.readouterr()
    assert main(["get", str(tmp_path / "memory"), "a", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["expires"] == NOON.isoformat()
    with phago.open(tmp_path / "memory", read_only=True) as colony:
        assert [one.expires for one in colony.documents()] == [NOON, 900]
