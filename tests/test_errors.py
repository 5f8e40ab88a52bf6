"""Errors carry their values and travel."""

import copy
import pickle

import phago
import pytest
from phago import errors

CLASSES = [kind for kind in map(errors.__dict__.get, errors.__all__) if issubclass(kind, phago.PhagoError)]
VALUES = {
    "shards": [0, 2],
    "shard": 1,
    "home": 2,
    "phase": "Act",
    "expected": "Sense",
    "found": "Decay",
    "report": phago.IngestReport(3),
    "index": 7,
    "tick": 4,
    "waited": 0.5,
}


def with_fields(kind):
    return kind("what went wrong", **{name: VALUES.get(name, name) for name in kind._fields})


def test_there_are_errors_to_look_at():
    assert len(CLASSES) >= 18
    assert {kind.__name__ for kind in CLASSES} <= set(phago.__all__)


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_keeps_message_and_fields_across_pickle_and_copy(kind):
    error = with_fields(kind)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is kind
        assert str(twin) == "what went wrong"
        assert twin.fields == error.fields


@pytest.mark.parametrize("kind", CLASSES)
def test_a_field_that_is_not_given_is_none_and_an_unknown_one_is_refused(kind):
    assert set(kind("bare").fields.values()) <= {None}
    with pytest.raises(TypeError, match="has no field `nonsense`"):
        kind("bare", nonsense=1)


def test_fields_have_the_types_of_results():
    error = with_fields(phago.PhaseTimeout)
    assert error.shards == (0, 2)
    assert [str(shard) for shard in error.shards] == ["shard-0", "shard-2"]
    assert error.phase is phago.TickPhase.ACT
    assert (error.tick, error.waited) == (4, 0.5)
    assert with_fields(phago.PhaseOrderError).expected is phago.TickPhase.SENSE


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (phago.ShardNotFound, LookupError),
        (phago.GhostNodeNotFound, LookupError),
        (phago.PhaseTimeout, TimeoutError),
        (phago.ConfigError, ValueError),
        (phago.InvalidDocument, ValueError),
        (phago.PhaseOrderError, ValueError),
        (phago.ClosedError, ValueError),
    ],
)
def test_where_python_has_the_word_the_error_is_one_of_those(kind, word):
    with pytest.raises(word, match="what went wrong"):
        raise with_fields(kind)
    assert issubclass(kind, phago.PhagoError)
