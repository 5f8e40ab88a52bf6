"""What a colony holds of the native module, in memory and on disk."""

from __future__ import annotations

import atexit
import contextlib
import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import _phago
from ._checks import count, instance, refusal
from ._later import load_all, module, pathlib
from ._log import WARNING, log
from ._records import dataclass
from ._settings import as_native
from .config import ColonyConfig, RunnerConfig

if TYPE_CHECKING:
    from . import errors
else:
    errors = module("phago.errors")

# How many nobody closed yet.
_open = 0


@atexit.register
def _prepare_the_end() -> None:
    # A colony that nobody closed may be asked by finalisers, for which nothing can be imported any more.
    if _open:
        # Whoever needs one that is not there is told so.
        with contextlib.suppress(Exception):
            _phago.load_modules()
            load_all()


@dataclass(slots=True)
class Held:
    """The handles of one colony, and where it lives."""

    world: _phago.World
    runner: _phago.Runner | None = None
    """None for a colony that is only read."""
    kept: _phago.Kept | None = None
    follower: _phago.Follower | None = None
    path: pathlib.Path | None = None

    def __post_init__(self) -> None:
        global _open
        _open += 1

    def driver(self) -> _phago.Runner:
        """Who makes ticks."""
        if self.runner is None:
            raise self._read_only()
        return self.runner

    def writer(self, attempted: str) -> _phago.Kept:
        """Who writes the colony down."""
        if self.kept is None:
            raise self._in_memory(attempted) if self.follower is None else self._read_only()
        return self.kept

    def reader(self) -> _phago.Follower | None:
        """Who reads what another process writes; None where the colony is the writer itself."""
        if self.path is None:
            raise self._in_memory("refresh")
        return self.follower

    def close(self) -> None:
        """Let go of everything; of the directory too where that fails."""
        runner, kept = self._let_go()
        missing = None
        if runner is not None:
            runner.close().wait()
        try:
            if kept is not None:
                missing = kept.close().wait()
        finally:
            del runner, kept
            _phago.wait_until_freed().wait()
        self._warn_of(missing)

    async def close_async(self) -> None:
        """The twin for event loops."""
        runner, kept = self._let_go()
        missing = None
        if runner is not None:
            await runner.close().start()
        try:
            if kept is not None:
                missing = await kept.close().start()
        finally:
            del runner, kept
            await _phago.wait_until_freed().start()
        self._warn_of(missing)

    # A colony is freed when the last handle goes.
    def _let_go(self) -> tuple[_phago.Runner | None, _phago.Kept | None]:
        global _open
        ends = self.runner, self.kept
        del self.world, self.runner, self.kept, self.follower
        _open -= 1
        return ends

    def _warn_of(self, missing: str | None) -> None:
        if missing is not None:
            message = f"`{self.path}` is closed and whole; what makes the next opening fast was not written: {missing}"
            log(WARNING, message)
            warnings.warn(message, errors.CheckpointWarning, stacklevel=4)

    def _in_memory(self, attempted: str) -> errors.NotOnDisk:
        message = f"`{attempted}` needs a colony in a directory, and this one lives in memory; `phago.open` makes one"
        return errors.NotOnDisk(message, attempted=attempted)

    def _read_only(self) -> errors.ReadOnlyError:
        path = str(self.path)
        return errors.ReadOnlyError(f"`{path}` was opened to read only; open it to write to change it", path=path)


def in_memory(config: ColonyConfig, shards: int, runner: RunnerConfig) -> Held:
    """A new colony in memory."""
    world = _phago.World.create(as_native(config, "ColonyConfig"), shards)
    return Held(world, driven(world, runner))


def driven(world: _phago.World, runner: RunnerConfig) -> _phago.Runner:
    """A runner for a world."""
    return _phago.Runner.of_world(world, as_native(runner, "RunnerConfig"))


def config_given(seed: int, config: ColonyConfig | None) -> ColonyConfig | None:
    """The config that a caller gave, with the seed; None where neither was given."""
    seed = count("seed", seed, 0, 2**64 - 1)
    if config is not None:
        config = instance("config", config, ColonyConfig)
    if seed and config is None:
        config = ColonyConfig(seed=seed)
    elif seed and config is not None:
        if config.seed not in (0, seed):
            raise refusal("seed", seed, f"the config's own seed {config.seed}, or none")
        from dataclasses import replace

        config = replace(config, seed=seed)
    return config


def config_made(settings: Mapping[str, Any]) -> ColonyConfig:
    """The config with which a colony was made."""
    return ColonyConfig(**settings)


def runner_given(runner: RunnerConfig | None) -> RunnerConfig:
    """How ticks are driven: by default with one thread for each core."""
    if runner is None:
        return RunnerConfig(max_parallelism=min(_phago.cores(), 256))
    return instance("runner", runner, RunnerConfig)


def shards_given(shards: int | None) -> int:
    """The number of shards: by default one for each core."""
    if shards is None:
        return min(_phago.cores(), _phago.SHARDS_MAX)
    hint = "a path was given; a `Colony` lives in memory, and `phago.open(path)` opens one in a directory"
    is_path = isinstance(shards, str | os.PathLike)
    return count("shards", shards, 1, _phago.SHARDS_MAX, hint if is_path else "")
