"""A check of an argument raises ConfigError or TypeError that names the argument, and nothing else."""

import dataclasses
import decimal
import fractions
import importlib
import inspect
import pkgutil
import subprocess
import sys
import typing

import numpy as np
import phago
import pytest

HUGE = 10**5000


class Odd:
    """Its own code fails whatever is asked of it."""

    def __index__(self):
        raise RuntimeError("no")

    def __float__(self):
        raise RuntimeError("no")

    def __repr__(self):
        raise RuntimeError("no")


INTEGERS = {
    "huge": HUGE,
    "minus huge": -HUGE,
    "odd": Odd(),
    "array of one": np.array([3]),
    "array of none": np.array([]),
    "nan": float("nan"),
    "float": 3.0,
    "text": "3",
    "bytes": b"3",
    "true": True,
    "false": False,
    "numpy true": np.True_,
    "decimal": decimal.Decimal(3),
    "class": int,
    "mapping": {},
}
NUMBERS = {
    "huge": HUGE,
    "beyond floats": 10**400,
    "signalling nan": decimal.Decimal("sNaN"),
    "odd": Odd(),
    "array of one": np.array([0.1]),
    "array of two": np.array([0.1, 0.2]),
    "nan": float("nan"),
    "numpy nan": np.float32("nan"),
    "text": "0.1",
    "none": None,
    "complex": 1j,
    "true": True,
}


@pytest.fixture(scope="module")
def colony():
    with phago.Colony(1) as made:
        made.ingest({"id": "a", "text": "Ions cross the membrane."})
        yield made


def refused(name, call, kinds=(phago.ConfigError, TypeError)):
    with pytest.raises(kinds) as caught:
        call()
    assert f"`{name}`" in str(caught.value)
    assert len(str(caught.value)) < 600
    if isinstance(caught.value, phago.ConfigError):
        assert caught.value.field == name
        assert caught.value.accepted in str(caught.value)


@pytest.mark.parametrize("value", [*INTEGERS.values(), None], ids=[*INTEGERS, "none"])
def test_no_integer_but_an_integer(colony, value):
    for name, call in {
        "k": lambda: colony.query("ions", k=value),
        "seed": lambda: phago.Colony(seed=value),
        "max_edge_degree": lambda: phago.ColonyConfig(max_edge_degree=value),
        "phase_timeout_ms": lambda: phago.RunnerConfig(phase_timeout_ms=value),
        "num_shards": lambda: phago.Coordinator(value),
        "capacity": lambda: phago.GhostNodeCache(value),
        "seeds_max": lambda: phago.Ranking(seeds_max=value),
    }.items():
        refused(name, call)


@pytest.mark.parametrize("value", INTEGERS.values(), ids=INTEGERS)
def test_no_number_of_shards_or_ticks_but_an_integer_or_none(colony, value):
    refused("shards", lambda: phago.Colony(shards=value))
    refused("max_ticks", lambda: colony.run(max_ticks=value))
    refused("max_ticks", lambda: next(colony.ticks(max_ticks=value)))
    refused("limit", lambda: next(colony.documents(limit=value)))


@pytest.mark.parametrize("raised", [MemoryError, RecursionError, KeyboardInterrupt])
def test_what_is_no_error_of_a_number_is_passed_on(colony, raised):
    class Number:
        def __index__(self):
            raise raised

        __float__ = __index__

    for call in (
        lambda: colony.query("ions", k=Number()),
        lambda: colony.query("ions", newer=Number()),
        lambda: colony.query("ions", newer=1, half_life=Number()),
        lambda: phago.ColonyConfig(seed=Number()),
        lambda: phago.ColonyConfig(edge_decay_rate=Number()),
        lambda: phago.ShardId(Number()),
        lambda: colony.query("ions", vector=[Number()]),
        lambda: colony.query("ions", where={"a": Number()}),
        lambda: colony.ingest({"text": "b", "vector": [Number()]}),
        lambda: colony.ingest({"text": "b", "metadata": {"a": Number()}}),
        lambda: colony.ingest({"text": "b", "thread": "t", "place": Number()}),
        lambda: colony.ingest({"text": "b", "expires": Number()}),
    ):
        with pytest.raises(raised):
            call()
    assert len(colony) == 1


@pytest.mark.parametrize("value", NUMBERS.values(), ids=NUMBERS)
def test_no_number_but_a_number(value):
    refused("edge_decay_rate", lambda: phago.ColonyConfig(edge_decay_rate=value))
    refused("bridge_weight", lambda: phago.Ranking(bridge_weight=value))


@pytest.mark.parametrize("value", [0.25, fractions.Fraction(1, 4), decimal.Decimal("0.25"), np.float32(0.25)])
def test_a_number_of_another_library_is_one(value):
    assert phago.ColonyConfig(edge_decay_rate=value).edge_decay_rate == 0.25
    assert phago.Colony(np.int64(2), seed=np.uint64(3)).config.seed == 3


def test_words_of_a_question_may_stand_in_an_array():
    with phago.Colony() as colony:
        colony.ingest(["Ions cross.", "Pumps move ions."])
        assert len(colony.query("ions", required=np.array(["pumps"]))) == 1
        assert len(colony.query("ions", excluded=np.array(["pumps"]))) == 1
        assert len(colony.query("ions", required=np.array([]), excluded=[])) == 2


def test_a_wrong_type_is_named(colony):
    coordinator = phago.Coordinator(1)
    shard = phago.ShardedColony(0, phago.ColonyConfig(), coordinator.ring)
    for name, call in {
        "config": lambda: phago.Colony(config={}),
        "runner": lambda: phago.Colony(runner={}),
        "ranking": lambda: colony.query("ions", ranking=HUGE),
        "on_error": lambda: colony.ingest("x", on_error=HUGE),
        "of": lambda: colony.digest(np.array(["state"])),
        "hit": lambda: colony.reinforce("a"),
        "paths": lambda: colony.query("ions", paths="false"),
        "required": lambda: colony.query("ions", required={"ions": 1}),
        "excluded": lambda: colony.explain("ions", excluded={"pumps": 1}),
        "text": lambda: colony.query(3),
        "id": lambda: colony.delete(3),
        "after": lambda: next(colony.documents(after=3)),
        "shards": lambda: phago.DistributedRunner(coordinator, ["a"]),
        "coordinator": lambda: phago.DistributedRunner(None, [shard]),
        "ring": lambda: phago.ShardedColony(0, phago.ColonyConfig(), 3),
        "document_id": lambda: coordinator.route_document(b"a"),
    }.items():
        refused(name, call)
    for wrong in (3, ["a", 3], [shard, None]):
        refused("shards", lambda wrong=wrong: phago.DistributedQueryEngine(coordinator, wrong))


@pytest.mark.parametrize("ranking", ["lexical", "lexicl", 3])
def test_a_ranking_by_words_alone_is_offered_where_it_is_taken(colony, tmp_path, ranking):
    with phago.connect(tmp_path) as client:
        for memory in (colony, client):
            asked = {"similar": lambda one=memory: one.similar("a", ranking=ranking)}
            asked["explain"] = lambda one=memory: one.explain("ions", ranking=ranking)
            if ranking != "lexical":
                asked["query"] = lambda one=memory: one.query("ions", ranking=ranking)
            for name, ask in asked.items():
                accepted = 'None, "lexical" or a Ranking' if name == "query" else "None or a Ranking"
                with pytest.raises(phago.ConfigError) as caught:
                    ask()
                assert (caught.value.field, caught.value.value, caught.value.accepted) == ("ranking", ranking, accepted)


def test_one_id_several_or_a_filter_and_not_two_of_them(colony):
    for call in (lambda: colony.delete("a", where={"x": 1}), lambda: colony.delete(["a"], where={"x": 1})):
        with pytest.raises(TypeError, match="`delete` takes an id, several ids, or `where`"):
            call()
    refused("where", lambda: colony.delete(where={}))
    refused("where", lambda: colony.delete())
    assert len(colony) == 1


def test_a_path_for_a_number_of_shards_says_what_was_probably_meant(tmp_path):
    for path in ("a.db", str(tmp_path), tmp_path):
        with pytest.raises(phago.ConfigError, match="lives in memory"):
            phago.Colony(path)


def test_a_path_for_texts_says_what_was_probably_meant(tmp_path):
    (tmp_path / "a.txt").write_text("Ions cross.")
    with phago.Colony(1) as colony:
        for path, advice in {
            str(tmp_path): "read_folder",
            tmp_path: "read_folder",
            str(tmp_path / "a.txt"): "what it holds",
            tmp_path / "none": "a path",
        }.items():
            with pytest.raises(phago.InvalidDocument, match=advice):
                colony.ingest(path)
        assert len(colony) == 0
        # A text that names nothing, and the path itself where it is meant.
        colony.ingest("/no/such/folder")
        colony.ingest({"text": str(tmp_path)})
        assert len(colony) == 2


def test_a_config_may_be_extended_and_what_it_adds_stays_outside():
    @dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
    class Mine(phago.ColonyConfig):
        experiment: str = "a"

    with phago.Colony(2, config=Mine(seed=3)) as mine, phago.Colony(1, seed=3) as plain:
        assert mine.config.experiment == "a"
        assert mine.digest() == plain.digest()
    with pytest.raises(phago.ConfigError):
        Mine(seed=-1)


def _functions_of(thing):
    """What a class has under public names, also of classes that it is made of, and how it is made."""
    for kind in inspect.getmro(thing):
        if kind.__module__.startswith("phago"):
            for name, one in vars(kind).items():
                one = one.fget if isinstance(one, property) else getattr(one, "__func__", one)
                if inspect.isfunction(one) and (not name.startswith("_") or name.endswith("__")):
                    yield one


def test_hints_resolve_at_run_time():
    # Packages and modules that users import; what is below them is reached through them.
    inner = {"cli", "mcp", "serve", "view"}
    names = [one.name for one in pkgutil.iter_modules(phago.__path__) if one.name[0] != "_" and one.name not in inner]
    modules = [phago, *(importlib.import_module(f"phago.{name}") for name in names)]
    things = {getattr(module, name) for module in modules for name in getattr(module, "__all__", ())}
    targets = {thing for thing in things if inspect.isclass(thing) or inspect.isfunction(thing)}
    targets |= {one for thing in targets if inspect.isclass(thing) for one in _functions_of(thing)}
    for target in targets:
        typing.get_type_hints(target)
    named = {target.__qualname__ for target in targets}
    assert named >= {"Alive.spawn", "AsyncAlive.spawn", "ArrayView.walk", "View.__init__", "parquet", "documents"}
    assert len(targets) >= 700


PROGRAM = """
import phago
tags: list[str] = ["a"]
meta: dict[str, list[str]] = {"tags": tags}
mixed: dict[str, str | list[str]] = {"tags": tags, "x": "y"}
years: list[int] = [2020]
phago.Document("text", metadata={"tags": tags})
phago.Document("text", metadata=meta)
phago.Document("text", metadata=mixed)
phago.Document("text", metadata={"years": years, "none": None})
colony = phago.Colony()
colony.query("x", where=meta)
gone: bool = colony.delete("a")
how_many: int = colony.delete(["a", "b"])
"""


def test_type_checkers_accept_what_users_write(tmp_path):
    pytest.importorskip("mypy")
    examples = tmp_path / "examples.py"
    examples.write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(examples)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout
    examples.write_text(PROGRAM + "colony.delete(3)\n")
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 1, "the checker looks"


def test_dir_shows_what_is_public():
    assert set(dir(phago)) == set(phago.__all__)
