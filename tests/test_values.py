"""Values of metadata: what stands for one is taken, what is missing is not there, the rest is refused by name."""

import array
import collections
import datetime
import math
import pathlib
import uuid

import numpy as np
import pandas as pd
import phago
import pytest

ID = uuid.UUID("12345678-1234-5678-1234-567812345678")
DAY = datetime.date(2024, 5, 1)
NAIVE = datetime.datetime(2024, 5, 1, 9, 30)
AWARE = datetime.datetime(2024, 5, 1, 9, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
# In UTC they are of the years 10000 and 0, which Python does not have.
LAST = datetime.datetime.max.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=-5)))
FIRST = datetime.datetime.min.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=5)))


class NoOffset(datetime.tzinfo):
    """A time zone that says nothing, which Python takes for none."""

    def utcoffset(self, when):
        return None


# What is given, and what comes back.
TAKEN = {
    "unsigned": (2**63, 2**63),
    "largest": (2**64 - 1, 2**64 - 1),
    "least": (-(2**63), -(2**63)),
    "uuid": (ID, str(ID)),
    "path": (pathlib.PurePosixPath("a/b.txt"), "a/b.txt"),
    "date": (DAY, "2024-05-01"),
    "datetime": (NAIVE, "2024-05-01T09:30:00.000000"),
    "last moment": (datetime.datetime.max.replace(tzinfo=datetime.UTC), "9999-12-31T23:59:59.999999+00:00"),
    "with a zone that says nothing": (NAIVE.replace(tzinfo=NoOffset()), "2024-05-01T09:30:00.000000"),
    "with a zone": (AWARE, "2024-05-01T07:30:00.000000+00:00"),
    "numpy bool": (np.bool_(True), True),
    "numpy int": (np.int8(-3), -3),
    "numpy unsigned": (np.uint64(2**64 - 1), 2**64 - 1),
    "numpy single": (np.float32(1.5), 1.5),
    "numpy text": (np.str_("x"), "x"),
    "numpy moment": (np.datetime64("2024-05-01T09:30"), "2024-05-01T09:30:00.000000"),
    "numpy nanoseconds": (np.datetime64("2024-05-01T09:30:00.000000001"), "2024-05-01T09:30:00.000000"),
    "numpy day": (np.datetime64("2024-05-01", "D"), "2024-05-01T00:00:00.000000"),
    "array of none": (np.array(3), 3),
    "timestamp": (pd.Timestamp("2024-05-01T09:30"), "2024-05-01T09:30:00.000000"),
    "tuple": (("a", "b"), ["a", "b"]),
    "deque": (collections.deque([1, 2]), [1, 2]),
    "range": (range(3), [0, 1, 2]),
    "array": (np.array([1, 2]), [1, 2]),
    "array of texts": (np.array(["a", "b"], dtype=object), ["a", "b"]),
    "array of Python": (array.array("q", [1, 2]), [1, 2]),
    "series": (pd.Series([1.5, 2.5]), [1.5, 2.5]),
    "uuids": ([ID, ID], [str(ID)] * 2),
    "empty": ((), []),
}
MISSING = {"none": None, "NA": pd.NA, "NaT": pd.NaT, "numpy NaT": np.datetime64("NaT")}
REFUSED = {
    "nan": (float("nan"), "NaN"),
    "numpy nan": (np.float64("nan"), "NaN"),
    "infinity": (float("inf"), "inf"),
    "too large": (2**64, "18446744073709551616"),
    "too small": (-(2**63) - 1, "-9223372036854775809"),
    "set": ({"a"}, "set"),
    "bytes": (b"a", "bytes"),
    "mapping": ({"a": 1}, "dict"),
    "nested": ([["a"]], "list"),
    "none in a list": ([None], "list"),
    "nan in a list": ([1.0, float("nan")], "NaN"),
    "two dimensions": (np.zeros((2, 2)), "numpy.ndarray"),
    "object": (object(), "object"),
    "complex": (1j, "complex"),
    "time": (datetime.timedelta(1), "timedelta"),
    "numpy time": (np.timedelta64(5, "ns"), "timedelta64"),
    "numpy time without a unit": (np.timedelta64(5), "timedelta64"),
    "numpy day that Python has none of": (np.datetime64("20000-01-01"), "20000-01-01"),
    "numpy day before Christ": (np.datetime64("-0005-01-01"), "datetime64"),
    "numpy second that Python has none of": (np.datetime64("20000-01-01T00:00:00"), "20000-01-01"),
    "numpy year beyond its microseconds": (np.datetime64(2**62, "Y"), "datetime64"),
    "numpy days in a list": ([np.datetime64("2024-05-01"), np.datetime64("20000-01-01")], "20000-01-01"),
    "timestamp that Python has none of": (pd.Timestamp(np.datetime64("20000-01-01", "s")), "Timestamp"),
    "timestamp before Christ": (pd.Timestamp(np.datetime64("-0005-01-01", "s")), "Timestamp"),
    "after the last year in UTC": (LAST, "9999"),
    "before the first year in UTC": (FIRST, "datetime"),
    "after the last year in a list": ([AWARE, LAST], "list"),
}


def stored(value):
    with phago.Colony(1) as colony:
        colony.ingest({"id": "a", "text": "ions", "metadata": {"x": value, "y": 1}})
        return colony.get("a").metadata


@pytest.mark.parametrize(("given", "back"), TAKEN.values(), ids=TAKEN)
def test_what_stands_for_a_value_is_taken_as_one(given, back):
    found = stored(given)["x"]
    assert found == back
    assert type(found) is type(back)


@pytest.mark.parametrize("given", MISSING.values(), ids=MISSING)
def test_a_missing_value_is_a_key_that_is_not_there(given):
    assert stored(given) == {"y": 1}


@pytest.mark.parametrize(("given", "named"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_value_is_refused_by_name(given, named):
    with pytest.raises(phago.InvalidDocument) as caught:
        stored(given)
    assert caught.value.field == "metadata"
    assert "`x`" in caught.value.reason
    assert named in caught.value.reason


@pytest.mark.parametrize("moment", [LAST, FIRST, np.datetime64("20000-01-01"), np.timedelta64(5, "ns")])
def test_a_moment_that_has_no_text_is_refused_by_its_key_and_skipped(moment):
    good, bad = {"id": "a", "text": "ions"}, {"id": "b", "text": "ions", "metadata": {"x": moment}}
    with phago.Colony(1) as colony:
        for report in (colony.ingest([good, bad], "skip"), colony.update_all([good, bad], "skip")):
            assert [(one.index, one.id, one.field) for one in report.rejected] == [(1, "b", "metadata")]
            assert "`x`" in report.rejected[0].reason
        asked = [lambda where: colony.query("ions", where=where), lambda where: colony.delete(where=where)]
        for where in ({"x": moment}, {"x": [moment]}, {"x": {"gt": moment}}, {"$not": {"x": {"in": [moment]}}}):
            for ask in (colony.count, *asked):
                with pytest.raises(phago.ConfigError, match=r"`where` is .*'x'"):
                    ask(where)
        assert len(colony) == 1


@pytest.mark.parametrize("field", ["time", "expires"])
@pytest.mark.parametrize("seconds", [2**40, 2**55, -(2**55)])
def test_a_timestamp_of_pandas_of_any_year_is_refused_as_any_other_moment(field, seconds):
    far = pd.Series(np.array([seconds], dtype="datetime64[s]")).dt.tz_localize("UTC")[0]
    refused = pytest.raises(phago.InvalidDocument, match=f"`{field}` is outside of the years 1 to 9999 in UTC")
    with phago.Colony(1) as colony, refused:
        colony.ingest({"text": "ions", field: far})


def test_filters_take_the_same_values_and_moments_compare_in_the_order_of_time():
    moments = [AWARE + datetime.timedelta(hours=hour) for hour in (3, 1, 2)]
    with phago.Colony(2) as colony:
        colony.ingest(
            [
                {"id": str(at), "text": "ions", "metadata": {"when": moment, "owner": ID, "size": 2**63 + at}}
                for at, moment in enumerate(moments)
            ]
        )

        def found(where):
            return sorted(hit.id for hit in colony.query("ions", where=where))

        later = AWARE.astimezone(datetime.UTC) + datetime.timedelta(hours=2)
        assert found({"when": {"gte": later}}) == ["0", "2"]
        assert found({"when": moments[1]}) == ["1"]
        assert found({"owner": ID}) == ["0", "1", "2"]
        assert found({"size": {"gt": 2**63}}) == ["1", "2"]
        assert found({"size": {"gt": 2**63 - 1}}) == ["0", "1", "2"]
        assert found({"size": {"gt": -5, "lt": 1e30}}) == ["0", "1", "2"]
        assert found({"size": float(2**63)}) == ["0"]
        assert found({"size": np.array([2**63 + 1, 2**63 + 2], dtype=np.uint64)}) == ["1", "2"]


def test_the_same_content_has_the_same_id_and_digest_however_it_was_said():
    one, two = phago.Colony(1), phago.Colony(3)
    one.ingest({"text": "ions", "metadata": {"a": np.int64(1), "b": None, "c": (ID,)}})
    two.ingest({"text": "ions", "metadata": {"c": [str(ID)], "a": 1}})
    assert one.digest() == two.digest()


def test_json_for_other_programs_has_no_number_that_they_do_not_read():
    from phago._json import json_text

    assert json_text({"a": [math.inf, -math.inf, math.nan, 0.1]}) == '{"a": [null, null, null, 0.1]}'
    assert json_text({"é": 1e308}, ensure_ascii=False, indent=1) == '{\n "é": 1e+308\n}'
    around = []
    around.append(around)
    with pytest.raises(ValueError, match="Circular"):
        json_text(around)
