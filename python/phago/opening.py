"""Colonies in directories: opened to write or to read, and verified."""

from __future__ import annotations

import os
import warnings
from collections.abc import Generator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from . import _phago
from ._checks import directory_of, flag, real, refusal
from ._directory import directory_given, refuse_others
from ._embedding import Embed, Embedding, embedding_of
from ._held import Held, config_given, config_made, driven, runner_given, shards_given
from ._records import dataclass
from ._settings import as_native
from .aio import AsyncColony
from .backends import Transport
from .backends.choice import Backend, Choice
from .colony import Colony
from .config import ColonyConfig, RunnerConfig
from .errors import CorruptionError, NetworkFileSystemWarning

__all__ = ["Opening", "VerifyReport", "open", "open_async", "verify"]

# Whoever waits for a year waits for ever.
_WAIT_MAX = 365 * 86_400.0


def open(
    path: str | os.PathLike[str],
    *,
    shards: int | None = None,
    seed: int = 0,
    config: ColonyConfig | None = None,
    runner: RunnerConfig | None = None,
    read_only: bool = False,
    wait: float = 0.0,
    make: bool = True,
    backend: Backend = "threads",
    nodes: int | None = None,
    embed: Embed | None = None,
    model: str | None = None,
) -> Colony:
    """Open the colony that lives in a directory; a new one is made where there is none.

    It is a `Colony` like any other. What a call did is on the disk when it returns, and neither the end of the process
    nor a loss of power undoes it; but ticks in which nothing happens are kept with what follows them or with `close`.
    `close`, or the end of a `with`, gives the directory back.

    >>> import phago, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with phago.open(folder) as colony:
    ...         report = colony.ingest({"id": "a", "text": "Ions cross the membrane."})
    ...     with phago.open(folder) as colony:
    ...         [hit.id for hit in colony.query("ions")]
    ['a']

    Args:
        path: The directory. It holds nothing but the colony's files, and hidden ones: one that holds other files and no
            colony is refused, as long as a colony would be made there.
        shards: The number of parts that the work is cut into; 1 to 1,024. By default one for each core. It may differ
            from opening to opening, and no result depends on it.
        seed: As for `Colony`.
        config: That of a new colony. One that is there has the config it was made with; another one is refused.
        runner: As for `Colony`.
        read_only: Read a colony that another process may be writing: as it was committed last, until `refresh`. Takes
            no lock and changes nothing. Whatever would change the colony raises `ReadOnlyError`.
        wait: How long to wait for another writer, in seconds; 0 to a year.
        make: Whether to make a new colony where there is none.
        backend: Where the shards live: in `"threads"` of this process, in `"processes"` of this machine, or where a
            transport of one's own reaches (`phago.backends`). No result depends on it. A transport belongs to one
            colony, which closes it.
        nodes: Over how many processes the shards are spread; 1 to `shards`. By default one for each core.
        embed: As for `Colony`. It is not kept: pass it at each opening.
        model: The name of that model. A colony that was told another one refuses it.

    Raises:
        BusyError: Another process, or another `Colony` of this one, writes it: `pid` and `since`.
        ColonyNotFound: There is none, and none is to be made.
        ConfigError: A setting outside of what is accepted, or other than that with which the colony was made; another
            `model` than that which made its vectors.
        CorruptionError: A file is not what was written; `verify` tells what is damaged.
        VersionError: A later phago wrote it. Nothing was changed.
        StorageError: The system refused.
    """
    asked = _Asked(
        path, shards, seed, config, runner, read_only, wait, make, backend, nodes, embedding_of(embed, model)
    )
    if asked.read_only:
        return asked.told(asked.reading(_phago.Follower.open(asked.path, asked.shards).wait()))
    with asked.reached() as over:
        return asked.told(asked.writing(asked.kept(over).wait()))


def open_async(
    path: str | os.PathLike[str],
    *,
    shards: int | None = None,
    seed: int = 0,
    config: ColonyConfig | None = None,
    runner: RunnerConfig | None = None,
    read_only: bool = False,
    wait: float = 0.0,
    make: bool = True,
    backend: Backend = "threads",
    nodes: int | None = None,
    embed: Embed | None = None,
    model: str | None = None,
) -> Opening:
    """The twin of `open` for event loops, which are left to others meanwhile.

    `async with phago.open_async(path) as colony` closes it at the end; `await phago.open_async(path)` gives an
    `AsyncColony` to close oneself. Arguments and errors are those of `open`.
    """
    return Opening(
        _Asked(path, shards, seed, config, runner, read_only, wait, make, backend, nodes, embedding_of(embed, model))
    )


class Opening:
    """An `AsyncColony` that is being opened: to be awaited, or entered with `async with`. Once."""

    def __init__(self, asked: _Asked) -> None:
        self._asked = asked
        self._colony: AsyncColony | None = None

    async def _open(self) -> AsyncColony:
        _phago.check_loop()
        asked = self._asked
        if asked.read_only:
            colony = asked.told(asked.reading(await _phago.Follower.open(asked.path, asked.shards).start()))
        else:
            with asked.reached() as over:
                colony = asked.told(asked.writing(await asked.kept(over).start()))
        return AsyncColony._of(colony)

    def __await__(self) -> Generator[Any, None, AsyncColony]:
        return self._open().__await__()

    async def __aenter__(self) -> AsyncColony:
        self._colony = await self._open()
        return self._colony

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._colony is not None:
            await self._colony.close()


class _Asked:
    """What a caller asked for, checked."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        shards: int | None,
        seed: int,
        config: ColonyConfig | None,
        runner: RunnerConfig | None,
        read_only: bool,
        wait: float,
        make: bool,
        backend: Backend,
        nodes: int | None,
        embedding: Embedding | None,
    ) -> None:
        self.embedding = embedding
        self.path = directory_given("path", path)
        if isinstance(backend, Transport) and shards is None:
            shards = backend.shards
        self.shards = shards_given(shards)
        self.choice = Choice.of(backend, nodes, None if shards is None else self.shards)
        self.shards = max(self.shards, self.choice.nodes)
        self.config = config_given(seed, config)
        self.runner = runner_given(runner)
        self.read_only = flag("read_only", read_only)
        self.wait = real("wait", wait, 0.0, _WAIT_MAX)
        self.make = flag("make", make)
        if self.make and not self.read_only:
            refuse_others("path", self.path)
        if self.read_only and self.choice.backend != "threads":
            raise refusal("backend", self.choice.backend, "`threads`, as a colony that is only read is read here")

    def reached(self) -> AbstractContextManager[tuple[Transport, int, float] | None]:
        """What reaches the nodes, closed if the colony cannot be opened."""
        return self.choice.reached(self.runner.phase_timeout_ms / 1000)

    @property
    def settings(self) -> dict[str, bool | int | float | str] | None:
        return None if self.config is None else as_native(self.config, "ColonyConfig")

    def kept(self, over: tuple[Transport, int, float] | None) -> _phago.Call[_phago.Kept]:
        return _phago.Kept.open(self.path, self.shards, self.settings, self.make, self.wait, over)

    def told(self, colony: Colony) -> Colony:
        """The colony, once it knows the name of the model, or closed if it knows another one."""
        model = None if self.embedding is None else self.embedding.model
        try:
            known = colony._world.space[1]
            if model is not None and (not self.read_only or known is not None):
                colony._world.tell_model(model).wait()
        except BaseException:
            colony.close()
            raise
        return colony

    def writing(self, kept: _phago.Kept) -> Colony:
        world = kept.world
        shared = _phago.network_file_system(self.path)
        if shared is not None:
            message = f"`{self.path}` is on {shared}, which machines share: it may lose what was acknowledged"
            warnings.warn(message, NetworkFileSystemWarning, stacklevel=3)
        held = Held(world, driven(world, self.runner), kept, path=self.path)
        timeout = self.runner.phase_timeout_ms
        return Colony._of(held, config_made(world.config), self.shards, timeout, self.embedding)

    def reading(self, follower: _phago.Follower) -> Colony:
        world = follower.world
        made = config_made(world.config)
        for setting, value in {} if self.config is None else as_native(self.config, "ColonyConfig").items():
            if value != getattr(made, setting):
                raise refusal(setting, value, f"{getattr(made, setting)}, with which the colony was made")
        held = Held(world, follower=follower, path=self.path)
        return Colony._of(held, made, self.shards, self.runner.phase_timeout_ms, self.embedding)


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a verification read, and what was wrong with it."""

    bytes: int
    """The size of the colony's files."""
    records: int
    """Records of the log that are whole."""
    sections: int
    """Sections of the checkpoint that are whole."""
    torn_bytes: int
    """Bytes behind the last whole record: of a write that was cut off, or is under way. No damage."""
    damage: tuple[CorruptionError, ...]
    """What is damaged: each names the file, the place in it and what is wrong."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damage


def verify(path: str | os.PathLike[str]) -> VerifyReport:
    """Read every byte of a colony's files again, and tell what is damaged and where. Nothing is changed.

    A colony that is damaged is told of in the report, not raised. Another process may write the colony meanwhile; one
    that begins a new generation of files just then can make the report name a file that is gone.

    Args:
        path: The directory.

    Raises:
        ColonyNotFound: There is no colony.
        VersionError: A later phago wrote it.
        StorageError: The system refused.
    """
    row = _phago.verify(directory_of("path", path))
    return VerifyReport(row.bytes, row.records, row.sections, row.torn_bytes, tuple(row.damage))
