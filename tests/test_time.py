"""Documents of a moment: answers as of one, between two, and later ones first."""

import asyncio
import datetime
import math
import pickle
import re

import phago
import pytest
from support import Chance, seeded_documents

UTC = datetime.UTC
DAY = datetime.timedelta(days=1)
NOON = datetime.datetime(2024, 3, 1, 12, tzinfo=UTC)
SHARDS = (1, 2, 3, 7, 16)


def work():
    return [
        {"id": "old", "text": "Alice works at the mill.", "time": datetime.datetime(2019, 5, 1, tzinfo=UTC)},
        {"id": "new", "text": "Alice works at the bank now and then.", "time": "2024-05-01T10:00Z"},
        {"id": "undated", "text": "Alice works."},
    ]


def dated(count=700):
    chance = Chance(3)
    found = seeded_documents(count)
    for number, document in enumerate(found):
        if number % 4:
            document["time"] = NOON - DAY * chance.below(900)
    return found


def ids(hits):
    return [hit.id for hit in hits]


def everything(colony):
    text = colony.get("doc-0").text[:60]

    def told(**more):
        return [(hit.id, hit.score, hit.parts) for hit in colony.query(text, k=60, **more)]

    return [
        colony.digest(),
        told(),
        told(newer=0.3),
        told(newer=2, half_life="30d", as_of=NOON - 300 * DAY),
        told(since=NOON - 400 * DAY, until=NOON - 100 * DAY),
        told(since=NOON - 4 * DAY, newer=0.5),
        colony.explain(text, "doc-5", newer=0.3).to_dict(),
    ]


@pytest.fixture(scope="module")
def expected():
    with phago.Colony(1) as colony:
        colony.ingest(dated())
        colony.run()
        return everything(colony)


@pytest.mark.parametrize("shards", SHARDS)
def test_no_number_of_shards_shows_in_memory_or_on_disk(shards, tmp_path, expected):
    with phago.open(tmp_path / "colony", shards=shards) as colony:
        colony.ingest(dated())
        colony.run()
        assert everything(colony) == expected
        colony.checkpoint()
    with phago.open(tmp_path / "colony", shards=17 - shards) as colony:
        assert everything(colony) == expected


@pytest.mark.parametrize("nodes", [1, 2, 3])
def test_no_number_of_nodes_shows(nodes, tmp_path, expected):
    with phago.open(tmp_path / "colony", shards=5, backend="processes", nodes=nodes) as colony:
        colony.ingest(dated())
        colony.run()
        assert everything(colony) == expected


def test_newer_puts_a_later_fact_above_one_that_answers_as_well():
    with phago.Colony(2) as colony:
        colony.ingest(work())
        question = "where does Alice work now"
        # The older one is shorter, and so BM25's.
        assert ids(colony.query("where does Alice work at the mill or the bank")) != []
        before = {hit.id: hit for hit in colony.query(question)}
        hits = colony.query(question, newer=0.3)
        assert ids(hits).index("new") < ids(hits).index("old")
        for hit in hits:
            assert hit.parts.newer == hit.score - before[hit.id].score or hit.parts.newer == pytest.approx(
                hit.score - before[hit.id].score
            )
        parts = {hit.id: hit.parts.newer for hit in hits}
        assert parts["new"] == 0.3
        age = (datetime.datetime(2024, 5, 1, 10, tzinfo=UTC) - datetime.datetime(2019, 5, 1, tzinfo=UTC)) / DAY
        assert parts["old"] == pytest.approx(0.3 * 2 ** (-age / 180))
        assert parts["undated"] == 0
        assert colony.explain(question, "new", newer=0.3).parts.newer == 0.3
        assert "newer 0.30" in repr(colony.explain(question, "new", newer=0.3))
        assert "newer" not in repr(colony.explain(question, "new"))


def test_an_exact_match_is_passed_by_no_more_than_newer():
    with phago.Colony(2) as colony:
        old, new = NOON - 3000 * DAY, NOON
        colony.ingest(
            [
                {"id": "exact", "text": "the red heron nests by the mill", "time": old},
                {"id": "new", "text": "a heron", "time": new},
                {"id": "newest", "text": "nothing of it at all", "time": new},
            ]
        )
        assert ids(colony.query("red heron nests by the mill", newer=0.3))[0] == "exact"
        # What has nothing of the question is no hit, however new.
        assert "newest" not in ids(colony.query("heron", newer=50))


def test_half_lives_of_all_forms():
    with phago.Colony(1) as colony:
        colony.ingest([{"id": "a", "text": "ions", "time": NOON}, {"id": "b", "text": "ions", "time": NOON - 10 * DAY}])

        def newer(half_life):
            return {hit.id: hit.parts.newer for hit in colony.query("ions", newer=1, half_life=half_life)}["b"]

        for form in ("10d", 10, 10.0, DAY * 10, "240h", "14400 min", "864000s"):
            assert newer(form) == pytest.approx(0.5), form
        assert newer("5d") == pytest.approx(0.25)
        assert newer("1w") == pytest.approx(2 ** (-10 / 7))
        ranking = phago.Ranking(newer_weight=1, half_life_days=10)
        assert [hit.parts.newer for hit in colony.query("ions", ranking=ranking)] == pytest.approx([1, 0.5])
        for bad in ("soon", "10", 0, -1, math.nan, "0d", DAY * 0):
            with pytest.raises(phago.ConfigError, match=f"`half_life` is {re.escape(repr(bad))}; accepted is"):
                newer(bad)
        for bad in (-1, math.inf, "much"):
            with pytest.raises(phago.ConfigError, match="`newer`"):
                colony.query("ions", newer=bad)
        with pytest.raises(phago.ConfigError, match="`newer` is 1; accepted is None with"):
            colony.query("ions", ranking="lexical", newer=1)
        with pytest.raises(phago.ConfigError, match="`half_life` is '1d'; accepted is None with"):
            colony.query("ions", ranking="lexical", half_life="1d")
        assert len(colony.query("nothing", newer=1)) == 0
        explained = colony.explain("nothing", "a", newer=1)
        assert (explained.score, explained.parts.newer) == (0, 0)


def test_as_of_a_moment_later_documents_are_not_there_and_undated_ones_are():
    with phago.Colony(3) as colony:
        colony.ingest(work())
        for ranking in (None, "lexical"):
            told = {hit.id: hit.time for hit in colony.query("Alice works", ranking=ranking)}
            assert told == {one.id: one.time for one in colony.documents()}
        as_of = datetime.datetime(2020, 1, 1, tzinfo=UTC)
        assert set(ids(colony.query("Alice works", as_of=as_of))) == {"old", "undated"}
        assert set(ids(colony.query("Alice works", as_of="2020-01-01T00:00Z", ranking="lexical"))) == {"old", "undated"}
        assert set(ids(colony.query("Alice works", since=as_of))) == {"new"}
        assert set(ids(colony.query("Alice works", until=as_of))) == {"old"}
        assert ids(colony.query("Alice works", since=as_of, until=as_of)) == []
        assert ids(colony.query("Alice works", since=as_of, until=as_of - DAY)) == []
        # The ends are included, to the microsecond.
        moment = datetime.datetime(2024, 5, 1, 10, tzinfo=UTC)
        tick = datetime.timedelta(microseconds=1)
        assert ids(colony.query("Alice works", since=moment, until=moment)) == ["new"]
        assert ids(colony.query("Alice works", since=moment + tick)) == []
        assert "new" not in ids(colony.query("Alice works", as_of=moment - tick))
        # Scores are those of the whole colony, and ages are counted from the moment that is asked as of.
        whole = {hit.id: hit.score for hit in colony.query("Alice works")}
        assert all(whole[hit.id] == hit.score for hit in colony.query("Alice works", as_of=as_of))
        hits = {
            hit.id: hit.parts.newer
            for hit in colony.query("Alice works", as_of=datetime.datetime(2019, 5, 1, tzinfo=UTC), newer=0.3)
        }
        assert hits == {"old": 0.3, "undated": 0}
        for bad in ("soon", datetime.datetime(2020, 1, 1), 2020, as_of.date()):
            for name in ("as_of", "since", "until"):
                with pytest.raises(phago.ConfigError, match=f"`{name}`"):
                    colony.query("Alice", **{name: bad})


def test_filters_and_times_restrict_together():
    with phago.Colony(3) as colony:
        all_of_them = [one | {"metadata": {"half": at % 2}} for at, one in enumerate(dated())]
        colony.ingest(all_of_them)
        since, until = NOON - 500 * DAY, NOON - 200 * DAY
        for word in {one["text"].split()[0] for one in all_of_them[:5]}:
            scores = {hit.id: hit.score for hit in colony.query(word, k=2_000)}
            wanted = {
                one["id"]
                for one in all_of_them
                if "id" in one and one["metadata"]["half"] == 1 and since <= one.get("time", NOON) <= until
            }
            hits = colony.query(word, k=2_000, where={"half": 1}, since=since, until=until)
            named = {hit.id for hit in hits if hit.id.startswith("doc-")}
            assert named == {name for name in scores if name in wanted}
            assert all(scores[hit.id] == hit.score for hit in hits)


def test_times_are_content_and_follow_updates_and_deletes():
    with phago.Colony(2) as colony, phago.Colony(3) as other:
        colony.ingest(dated())
        other.ingest([one for at, one in enumerate(dated()) if at % 3 or "id" not in one])
        for number in range(0, 700, 3):
            colony.delete(f"doc-{number}")
        assert colony.digest("evidence") == other.digest("evidence")
        text = dated()[1]["text"][:60]
        found = [
            [(hit.id, hit.score) for hit in one.query(text, k=2_000, newer=1, since=NOON - 600 * DAY)]
            for one in (colony, other)
        ]
        assert found[0] == found[1]
        assert found[0]
        colony.ingest({"id": "a", "text": "ions", "time": NOON})
        with pytest.raises(phago.DocumentExists):
            colony.ingest({"id": "a", "text": "ions", "time": NOON + DAY})
        assert colony.update({"id": "a", "text": "ions", "time": NOON + DAY}) == "changed"
        assert colony.get("a").time == NOON + DAY
        assert ids(colony.query("ions", since=NOON + DAY)) == ["a"]
    with phago.Colony(1) as colony:
        # Without an id a text of another moment is another document.
        assert (
            colony.ingest([{"text": "ions", "time": NOON}, {"text": "ions", "time": NOON + DAY}, "ions"]).accepted == 3
        )


@pytest.mark.parametrize("time", ["2030-06-01", "2030-06-01T12:00", datetime.datetime(2030, 6, 1)])
def test_what_lacks_nothing_but_a_time_zone_is_told_so(time):
    with phago.Colony(1) as colony:
        for name in ("since", "until", "as_of"):
            told = rf"`{name}` is .*, which has no time zone; accepted is .*, such as 2020-01-01T00:00\+00:00"
            with pytest.raises(phago.ConfigError, match=told):
                colony.query("ions", **{name: time})
        with pytest.raises(phago.ConfigError, match="accepted is a datetime with a time zone") as caught:
            colony.query("ions", since="soon")
        assert "has no time zone" not in str(caught.value)


@pytest.mark.parametrize("time", [7, True, "soon", "2030-06-01", datetime.datetime(2030, 6, 1), NOON.date(), [NOON]])
def test_what_is_no_moment_is_refused_by_field_and_value(time):
    with phago.Colony(2) as colony:
        with pytest.raises(phago.InvalidDocument) as caught:
            colony.ingest([{"id": "good", "text": "ions"}, {"id": "bad", "text": "ions", "time": time}])
        assert (caught.value.index, caught.value.id, caught.value.field) == (1, "bad", "time")
        assert "accepted is a datetime with a time zone, or its text in ISO 8601" in caught.value.reason
        assert ("has no time zone" in caught.value.reason) == (time in ("2030-06-01", datetime.datetime(2030, 6, 1)))
        assert len(colony) == 0


def test_a_missing_moment_of_pandas_is_refused_by_name(tmp_path):
    missing = pytest.importorskip("pandas").NaT
    with phago.Colony(2) as colony, phago.connect(tmp_path / "shared") as shared:
        for one in (colony, shared):
            for field in ("time", "expires"):
                document = {"id": "bad", "text": "ions", field: missing}
                with pytest.raises(phago.InvalidDocument) as refused:
                    one.ingest([{"id": "good", "text": "ions"}, document])
                assert (refused.value.index, refused.value.id, refused.value.field) == (1, "bad", field)
                assert one.ingest([document], on_error="skip").rejected[0].field == field
            for call, field in (
                (lambda one=one: one.tick(now=missing), "now"),
                (lambda one=one: one.query("ions", as_of=missing), "as_of"),
                (lambda one=one: one.query("ions", since=missing), "since"),
            ):
                with pytest.raises(phago.ConfigError, match=f"`{field}` is '?NaT"):
                    call()
            assert len(one) == 0


def test_a_time_zone_that_fails_is_one_of_its_argument():
    class Broken(datetime.tzinfo):
        def utcoffset(self, moment):
            raise ZeroDivisionError("no such zone")

    broken = datetime.datetime(2030, 1, 1, tzinfo=Broken())
    with phago.Colony(2) as colony:
        for call, field in (
            (lambda: colony.tick(now=broken), "now"),
            (lambda: colony.query("ions", until=broken), "until"),
        ):
            with pytest.raises(phago.ConfigError, match=f"`{field}` is ") as caught:
                call()
            assert isinstance(caught.value.__cause__, ZeroDivisionError)
        assert colony.stats().tick == 0


@pytest.mark.parametrize("field", ["time", "expires"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_moments_that_could_not_be_given_back_are_refused(tmp_path, field, moment):
    with phago.Colony(2) as colony:
        with pytest.raises(phago.InvalidDocument, match=f"`{field}` is outside of the years 1 to 9999 in UTC"):
            colony.ingest({"id": "a", "text": "ions", field: moment})
        last = datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
        first = datetime.datetime(1, 1, 1, tzinfo=UTC)
        colony.ingest([{"id": "last", "text": "ions", "time": last}, {"id": "first", "text": "ions", "time": first}])
        assert [one.time for one in colony.documents()] == [first, last]
        colony.export_jsonl(tmp_path / "all.jsonl")


def test_every_form_of_a_document_may_carry_it(tmp_path):
    polars = pytest.importorskip("polars")
    berlin = datetime.timezone(datetime.timedelta(hours=2))
    with phago.Colony(2) as colony, phago.Colony(3) as other:
        colony.ingest(
            [phago.Document("ions", id="a", time=NOON), {"text": "pumps", "id": "b", "time": NOON.isoformat()}]
        )
        colony.ingest({"text": "cells", "id": "c", "time": NOON.astimezone(berlin)})
        colony.ingest(polars.DataFrame({"text": ["rings"], "id": ["d"], "time": [NOON]}))
        colony.ingest(
            phago.read_frame(polars.DataFrame({"text": ["walls"], "id": ["e"], "when": [NOON]}), id="id", time="when")
        )
        assert {one.time for one in colony.documents()} == {NOON}
        assert colony.get("a").to_dict()["time"] == "2024-03-01T12:00:00+00:00"
        assert pickle.loads(pickle.dumps(colony.get("a"))).time == NOON
        colony.export_jsonl(tmp_path / "all.jsonl")
        other.import_jsonl(tmp_path / "all.jsonl")
        assert other.digest() == colony.digest()


def test_event_loops_ask_for_times_too():
    async def main():
        async with phago.AsyncColony(2) as colony:
            await colony.ingest(work())
            later = await colony.query("Alice works", newer=0.3)
            told = await colony.explain("Alice works", "new", newer=0.3)
            return ids(later), told.parts.newer, ids(await colony.query("Alice works", as_of="2020-01-01T00:00Z"))

    found = asyncio.run(main())
    assert found[0][0] == "new"
    assert found[1] == 0.3
    assert set(found[2]) == {"old", "undated"}


def test_a_class_of_moments_that_a_test_puts_there_for_a_while_leaves_nothing(monkeypatch):
    class Fixed(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2024, 3, 1, tzinfo=tz)

    with phago.Colony(shards=1) as colony:
        with monkeypatch.context() as patched:
            patched.setattr(datetime, "datetime", Fixed)
            colony.ingest({"id": "a", "text": "ions", "time": datetime.datetime.now(UTC)})
            assert colony.query("ions")[0].time == Fixed.now(UTC)
        colony.ingest({"id": "b", "text": "bread", "time": datetime.datetime(2025, 1, 1, tzinfo=UTC)})
        times = [colony.query(word)[0].time for word in ("ions", "bread")]
    assert times == [datetime.datetime(2024, 3, 1, tzinfo=UTC), datetime.datetime(2025, 1, 1, tzinfo=UTC)]
    assert {type(time) for time in times} == {datetime.datetime}
