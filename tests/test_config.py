"""Settings are checked when they are made."""

import dataclasses
import pickle

import numpy as np
import phago
import pytest
from phago import _phago

CONFIGS = [phago.RunnerConfig, phago.DistributedConfig, phago.ColonyConfig]


def test_defaults_are_those_promised():
    assert phago.RunnerConfig() == phago.RunnerConfig(phase_timeout_ms=30_000, resolve_ghosts=True, max_parallelism=8)
    distributed = phago.DistributedConfig()
    assert (distributed.num_shards, distributed.replication_factor) == (3, 2)
    assert (distributed.rpc_timeout_ms, distributed.virtual_nodes_per_shard) == (5000, 150)


def test_the_native_module_has_the_same_colony_defaults():
    assert dataclasses.asdict(phago.ColonyConfig()) == _phago.default_config()


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_config_is_frozen_keyword_only_and_picklable(kind):
    config = kind()
    name = dataclasses.fields(kind)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(config, name, 1)
    with pytest.raises(TypeError):
        kind(1)
    assert pickle.loads(pickle.dumps(config)) == config


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("bad", [-1, 1e300, float("nan"), float("inf"), "5", None, [], 2**70, b"1"])
def test_no_field_takes_what_is_out_of_range_or_no_number(kind, bad):
    for field in dataclasses.fields(kind):
        with pytest.raises(phago.ConfigError) as caught:
            kind(**{field.name: bad})
        assert caught.value.field == field.name
        assert caught.value.value is bad
        assert field.name in str(caught.value)
        assert caught.value.accepted in str(caught.value)


@pytest.mark.parametrize("kind", CONFIGS)
def test_true_is_no_number(kind):
    for field in dataclasses.fields(kind):
        if field.type != "bool":
            with pytest.raises(phago.ConfigError):
                kind(**{field.name: True})


def bounds():
    return [
        (phago.RunnerConfig, "phase_timeout_ms", 1, 86_400_000),
        (phago.RunnerConfig, "max_parallelism", 1, 256),
        (phago.DistributedConfig, "num_shards", 1, 1024),
        (phago.DistributedConfig, "virtual_nodes_per_shard", 1, 10_000),
        (phago.ColonyConfig, "seed", 0, 2**64 - 1),
        (phago.ColonyConfig, "max_edge_degree", 1, 2**20),
        (phago.ColonyConfig, "maturation_ticks", 0, 2**30),
        (phago.ColonyConfig, "bytes_per_tick", 1, 2**40),
    ]


@pytest.mark.parametrize(("kind", "field", "low", "high"), bounds())
def test_both_ends_of_a_range_are_accepted_and_what_lies_beyond_is_not(kind, field, low, high):
    for good in (low, high):
        assert getattr(kind(**{field: good}), field) == good
    for bad in (low - 1, high + 1):
        with pytest.raises(phago.ConfigError):
            kind(**{field: bad})


@pytest.mark.parametrize(("kind", "field", "low", "high"), [b for b in bounds() if b[0] is phago.ColonyConfig])
def test_the_native_module_draws_the_same_line(kind, field, low, high):
    default = dataclasses.asdict(kind())
    for good in (low, high):
        _phago.check_config(default | {field: good})
    for bad in {high + 1, low - 1} - {-1, 2**64}:
        with pytest.raises(phago.ConfigError):
            _phago.check_config(default | {field: bad})


def test_numbers_of_other_libraries_become_plain_ones():
    config = phago.ColonyConfig(seed=np.uint64(5), edge_decay_rate=np.float32(0.5))
    assert type(config.seed) is int
    assert type(config.edge_decay_rate) is float


def test_a_colony_takes_its_seed_from_either_place_and_refuses_two():
    with phago.Colony(seed=5, config=phago.ColonyConfig(max_edge_degree=3)) as colony:
        assert (colony.config.seed, colony.config.max_edge_degree) == (5, 3)
    with pytest.raises(phago.ConfigError, match="`seed` is 5"):
        phago.Colony(seed=5, config=phago.ColonyConfig(seed=6))
