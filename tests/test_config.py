"""Settings are checked when they are made."""

import ast
import dataclasses
import inspect
import itertools
import math
import pickle

import numpy as np
import phago
import pytest
from phago import _phago, config

CONFIGS = [phago.RunnerConfig, phago.DistributedConfig, phago.ColonyConfig, phago.Ranking]


def test_defaults_are_those_promised():
    assert phago.RunnerConfig() == phago.RunnerConfig(
        phase_timeout_ms=30_000, resolve_ghosts=True, max_parallelism=8, recover="auto"
    )
    distributed = phago.DistributedConfig()
    assert (distributed.num_shards, distributed.replication_factor) == (3, 2)
    assert (distributed.rpc_timeout_ms, distributed.virtual_nodes_per_shard) == (5000, 150)


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_config_is_frozen_keyword_only_and_picklable(kind):
    made = kind()
    name = dataclasses.fields(kind)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(made, name, 1)
    with pytest.raises(TypeError):
        kind(1)
    assert pickle.loads(pickle.dumps(made)) == made


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


SETTINGS = [(kind, setting) for kind in CONFIGS for setting in _phago.settings(kind.__name__)]


def named(kind, setting):
    return f"{kind.__name__}.{setting.name}"


NAMES = [named(*pair) for pair in SETTINGS]


def test_every_setting_of_the_core_is_a_field_with_the_same_default_and_the_other_way_round():
    assert len(SETTINGS) >= 40
    for kind in CONFIGS:
        fields = {field.name: field.default for field in dataclasses.fields(kind)}
        core = {setting.name: setting.default for setting in _phago.settings(kind.__name__)}
        assert list(fields.items()) == list(core.items())
        assert [type(value) for value in fields.values()] == [type(value) for value in core.values()]
        assert dataclasses.asdict(kind()) == core


def described(kind):
    """The sentence below each field, which no running program sees."""
    body = next(
        node.body
        for node in ast.parse(inspect.getsource(config)).body
        if isinstance(node, ast.ClassDef) and node.name == kind.__name__
    )
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr)
    }


def spelled(number):
    """How the documentation may spell a number."""
    if isinstance(number, float):
        return {f"{number:g}", f"{number:,g}"}
    forms = {str(number), f"{number:,}"}
    for power in range(10, 65):
        forms |= {f"2^{power}"} if number == 2**power else {f"2^{power} - 1"} if number == 2**power - 1 else set()
    return forms


@pytest.mark.parametrize(("kind", "setting"), SETTINGS, ids=NAMES)
def test_the_documentation_says_which_range_is_accepted(kind, setting):
    text = described(kind)[setting.name]
    if setting.kind == "bool":
        return
    if setting.kind == "choice":
        assert all(f'"{word}"' in text for word in setting.choices), text
        return
    lows = {setting.at_least and f"`{setting.at_least}`"} if setting.at_least else spelled(setting.low)
    accepted = {f"{low} to {high}" for low in lows for high in spelled(setting.high)}
    assert any(f" {one}" in f" {text}" for one in accepted), (text, accepted)


@pytest.mark.parametrize(("kind", "setting"), SETTINGS, ids=NAMES)
def test_both_ends_of_a_range_are_accepted_and_what_lies_beyond_is_not(kind, setting):
    if setting.kind == "choice":
        for word in setting.choices:
            assert getattr(kind(**{setting.name: word}), setting.name) == word
        with pytest.raises(phago.ConfigError, match=" or ".join(f'"{word}"' for word in setting.choices)):
            kind(**{setting.name: setting.high.upper()})
    if setting.kind in ("bool", "choice"):
        return
    low, high = setting.low, setting.high
    # Its floor as low as it may be, and what it is the floor of as high.
    others = {} if setting.at_least is None else {setting.at_least: low}
    others |= {above.name: above.high for _, above in SETTINGS if above.at_least == setting.name}
    for good in (low, high):
        assert getattr(kind(**{setting.name: good} | others), setting.name) == good
    step = 1 if setting.kind == "int" else 1e-9
    for bad in (low - step, high + step * max(1, high)):
        with pytest.raises(phago.ConfigError) as caught:
            kind(**{setting.name: bad} | others)
        assert caught.value.field == setting.name
    if setting.at_least is not None:
        with pytest.raises(phago.ConfigError):
            kind(**{setting.at_least: getattr(kind(), setting.name) + 1})


@pytest.mark.parametrize("setting", _phago.settings("ColonyConfig"), ids=lambda setting: setting.name)
def test_the_native_module_holds_to_what_it_says(setting):
    for good in (setting.low, setting.high):
        _phago.check_config({setting.name: good})
    if setting.kind == "bool":
        return
    bad = ("", setting.low.upper()) if setting.kind == "choice" else (setting.low - 1, setting.high + 1)
    for value in bad:
        with pytest.raises(phago.ConfigError):
            _phago.check_config({setting.name: value})


def test_the_documentation_says_how_often_a_tick_is_redone():
    assert f"at most {_phago.REDOS_MAX} times" in described(phago.RunnerConfig)["recover"]


def test_no_class_of_settings_but_these():
    with pytest.raises(KeyError, match="no class of settings"):
        _phago.settings("Colony")


def test_numbers_of_other_libraries_become_plain_ones():
    made = phago.ColonyConfig(seed=np.uint64(5), edge_decay_rate=np.float32(0.5))
    assert type(made.seed) is int
    assert type(made.edge_decay_rate) is float


def test_a_colony_takes_its_seed_from_either_place_and_refuses_two():
    with phago.Colony(seed=5, config=phago.ColonyConfig(max_edge_degree=3)) as colony:
        assert (colony.config.seed, colony.config.max_edge_degree) == (5, 3)
    with pytest.raises(phago.ConfigError, match="`seed` is 5"):
        phago.Colony(seed=5, config=phago.ColonyConfig(seed=6))


def test_there_is_one_zero():
    zero, other = phago.ColonyConfig(edge_decay_rate=0.0), phago.ColonyConfig(edge_decay_rate=-0.0)
    assert math.copysign(1, other.edge_decay_rate) == 1
    assert math.copysign(1, phago.Ranking(hop_share=-0.0).hop_share) == 1
    digests = set()
    for one in (zero, other):
        with phago.Colony(2, config=one) as colony:
            digests.add(colony.digest())
    assert len(digests) == 1
