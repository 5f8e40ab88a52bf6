"""Classes of fields are those of the standard library, whose methods are made when they are first used."""

import copy
import dataclasses
import inspect
import pickle
import typing

import phago
import pytest
from phago import _records
from phago.document import Skipped
from phago.results._quick import quick_hit, quick_parts

# Every class of the package that has its fields by `_records`.
KINDS = [
    *(getattr(phago.results, name) for name in phago.results.__all__),
    *(phago.ColonyConfig, phago.DistributedConfig, phago.Document, phago.Ranking, phago.RunnerConfig, Skipped),
    phago.VerifyReport,
]
KINDS = list(dict.fromkeys(kind for kind in KINDS if "_plan" in vars(kind)))


def declared(dataclass, field):
    """The same classes by one library or by the other."""

    class Row:
        __slots__ = ("_hidden",)

    @dataclass(frozen=True, slots=True)
    class Plain(Row):
        """Two fields of three have defaults."""

        word: str
        points: float = 0.5
        tags: dict[str, int] = field(default_factory=dict, hash=False)

    @dataclass(frozen=True, slots=True)
    class Below(Plain):
        """It has the fields of the one above, one of them with another default, and one of its own."""

        points: float = 2.0
        seconds: float = field(default=1.0, compare=False, repr=False)

    @dataclass(frozen=True, kw_only=True, slots=True, repr=False)
    class Named:
        """It is checked when it is made."""

        seed: int = 0

        def __post_init__(self):
            if self.seed < 0:
                raise ValueError("seed")

        def __repr__(self):
            return f"<{self.seed}>"

    @dataclass(slots=True)
    class Open:
        """It may change."""

        at: int

        def next(self):
            self.at += 1
            return self.at

    @dataclass(frozen=True, slots=True)
    class Same(Plain):
        """It adds nothing."""

    return Plain, Below, Named, Open, Same


OURS = declared(_records.dataclass, _records.field)
THEIRS = declared(dataclasses.dataclass, dataclasses.field)


def outcome(call):
    """What a call returns, or the class and the message of what it raises."""
    try:
        return call()
    except Exception as error:
        return type(error), str(error)


CALLS = [
    lambda kind: kind(),
    lambda kind: kind("a"),
    lambda kind: kind("a", 2.0, {"x": 1}),
    lambda kind: kind("a", 2.0, {"x": 1}, 4.0),
    lambda kind: kind("a", 2.0, {"x": 1}, 4.0, 5),
    lambda kind: kind(word="a", tags={"y": 2}),
    lambda kind: kind("a", word="b"),
    lambda kind: kind("a", other=1),
    lambda kind: kind(seed=3),
    lambda kind: kind(seed=-3),
]


@pytest.mark.parametrize("at", range(len(OURS)))
def test_a_class_is_what_the_library_would_have_made(at):
    # In this order: what is asked first must not depend on what was asked before.
    ours, theirs = OURS[at], THEIRS[at]
    for call in CALLS:
        assert repr(outcome(lambda call=call: call(ours))) == repr(outcome(lambda call=call: call(theirs)))
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    assert (ours.__slots__, ours.__match_args__) == (theirs.__slots__, theirs.__match_args__)
    assert ours.__dict__.keys() - {"_plan"} == theirs.__dict__.keys()
    assert typing.get_type_hints(ours) == typing.get_type_hints(theirs)
    assert repr(ours.__dataclass_params__) == repr(theirs.__dataclass_params__)
    assert list(map(repr, dataclasses.fields(ours))) == list(map(repr, dataclasses.fields(theirs)))
    assert (ours.__doc__, ours.__qualname__, ours.__module__) == (theirs.__doc__, theirs.__qualname__, __name__)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("at", range(len(OURS)))
def test_the_first_object_is_as_those_after_it(at, call):
    # It is made without an `__init__`, which the second one has compiled.
    ours = declared(_records.dataclass, _records.field)[at]
    first, second = outcome(lambda: call(ours)), outcome(lambda: call(ours))
    assert repr(first) == repr(second) == repr(outcome(lambda: call(THEIRS[at])))
    assert str(inspect.signature(ours)) == str(inspect.signature(THEIRS[at]))


@pytest.mark.parametrize("at", [0, 1, 4])
def test_objects_do_what_the_library_has_them_do(at):
    ours, theirs = OURS[at], THEIRS[at]
    told = []
    for kind in (ours, theirs):
        one = kind("a", 2.0, {"x": 1})
        object.__setattr__(one, "_hidden", 7)
        match one:
            case kind(word, points):
                told.append((word, points))
        told += [repr(one), hash(one), dataclasses.asdict(one), dataclasses.astuple(one), one._hidden]
        told += [one == kind("a", 2.0, {"x": 1}), one == kind("b", 2.0), one != 3, {one: 1}[kind("a", 2.0, {"x": 1})]]
        told += [repr(dataclasses.replace(one, word="c")), repr(copy.copy(one)), repr(copy.deepcopy(one))]
        told += [kind("a").tags is kind("a").tags, one.__getstate__()]
        told += [outcome(lambda one=one: setattr(one, "word", 1)), outcome(lambda one=one: delattr(one, "word"))]
    assert told[: len(told) // 2] == told[len(told) // 2 :]
    # The library's classes with slots say of their `super` what is no help.
    for change in (lambda: setattr(ours("a"), "other", 1), lambda: delattr(ours("a"), "other")):
        assert outcome(change)[0] is dataclasses.FrozenInstanceError
    if at:
        assert ours("a", 2.0) != OURS[0]("a", 2.0)


def test_a_class_that_is_not_frozen_may_change_and_has_no_hash():
    one = OURS[3](1)
    assert (one.next(), one.at, one == OURS[3](2)) == (2, 2, True)
    assert outcome(lambda: hash(one)) == (TypeError, "unhashable type: 'Open'")


def test_a_class_below_may_be_an_ordinary_one_or_the_librarys():
    class Wider(OURS[0]):
        def __init__(self, word):
            super().__init__(word, 3.0)
            self.more = 1

    class Longer(_fresh()):
        def __init__(self):
            super().__init__("b")

    one = Wider("a")
    assert (one.word, one.points, one.more) == ("a", 3.0, 1)
    assert outcome(lambda: setattr(one, "word", 1))[0] is dataclasses.FrozenInstanceError
    assert Longer().word == "b"

    @dataclasses.dataclass(frozen=True, slots=True)
    class More(_fresh()):
        more: int = 4

    assert repr(More("a", more=5)).endswith("More(word='a', points=0.5, tags={}, more=5)")
    assert repr(dataclasses.replace(More("a"), word="b", more=6)).endswith(
        "More(word='b', points=0.5, tags={}, more=6)"
    )


def _fresh():
    """A class of which nothing was used yet."""
    return declared(_records.dataclass, _records.field)[0]


def test_what_is_used_first_does_not_matter():
    uses = [
        lambda kind: hash(kind("a")),
        lambda kind: kind("a") == kind("a"),
        lambda kind: repr(kind("a")),
        dataclasses.fields,
        dataclasses.is_dataclass,
        lambda kind: kind("a").__hash__(),
        lambda kind: kind.__init__,
        lambda kind: inspect.signature(kind),
        lambda kind: dataclasses.asdict(kind("a")),
    ]
    for use in uses:
        kind = _fresh()
        use(kind)
        assert list(inspect.signature(kind).parameters) == ["word", "points", "tags"]
        assert repr(kind("a")).endswith("Plain(word='a', points=0.5, tags={})")
        assert len({kind("a"), kind("a")}) == 1
        assert [field.name for field in dataclasses.fields(kind)] == ["word", "points", "tags"]


def test_a_constructor_is_found_as_python_3_13_looks_for_it():
    # Its `inspect` passes the class where an object stands.
    kind = _fresh()
    found = vars(kind)["__init__"].__get__(kind, type(kind))
    assert list(inspect.signature(found).parameters) == ["word", "points", "tags"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_class_has_its_fields_and_a_text(kind):
    fields = dataclasses.fields(kind)
    assert kind.__doc__
    assert set(kind.__match_args__) in (set(), {field.name for field in fields})
    assert [name.lstrip("*") for name in inspect.signature(kind).parameters] == [field.name for field in fields]
    assert not hasattr(kind, "__weakref__") or "__weakref__" not in vars(kind)


def test_there_are_as_many_classes_as_were_seen():
    assert len(KINDS) >= 50


@pytest.mark.parametrize(("quick", "kind"), [(quick_hit, phago.Hit), (quick_parts, phago.Parts)])
def test_a_quick_constructor_takes_the_same_fields(quick, kind):
    names = list(kind.__match_args__)
    assert list(inspect.signature(quick).parameters) == names
    one = quick(*names)
    assert type(one) is kind
    assert one == kind(*names)
    assert [getattr(one, name) for name in names] == names


def test_what_was_made_quickly_is_pickled():
    assert pickle.loads(pickle.dumps(phago.Parts(1.0))) == phago.Parts(1.0)
