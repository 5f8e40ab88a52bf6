"""Where to connect to, and how."""

from __future__ import annotations

import functools
import os
import pathlib

from .._checks import directory_of, flag, real, refusal
from .._directory import is_elsewhere, is_server, is_url, refuse_others
from .._embedding import Embed, embedding_of
from ..config import ColonyConfig
from ..opening import open as open_colony
from .aio import Connecting
from .client import Channel, Client
from .line import PATIENCE_MIN
from .shared import Shared

__all__ = ["channel", "connect", "connect_async"]

_TIMEOUT_MAX = 86_400.0
_TOKEN = "PHAGO_TOKEN"


def connect(
    where: str | os.PathLike[str],
    *,
    token: str | None = None,
    timeout: float = 30.0,
    make: bool = True,
    shards: int | None = None,
    config: ColonyConfig | None = None,
    embed: Embed | None = None,
    model: str | None = None,
) -> Client:
    """Connect to a colony that others use too: one in a directory of this machine, or one that `phago serve` serves.

    Of the processes that connect to one directory the first opens it and owns it; it answers the others over a local
    socket, from a thread. When it closes or dies, the next one that wants something takes over, and the others go
    on with that one. A program that used `phago.open` on it would have it alone, and does not get it meanwhile.

    >>> import phago, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with phago.connect(folder) as one, phago.connect(folder) as other:
    ...         report = one.ingest({"id": "a", "text": "Ions cross the membrane."})
    ...         [hit.id for hit in other.query("ions")], one.is_owner, other.is_owner
    (['a'], True, False)

    Args:
        where: The path of a directory; or "http://host:port".
        token: What the server wants to hear, over HTTP, without the blanks around it; where there is none, what is in
            the environment as PHAGO_TOKEN.
        timeout: Seconds in which an owner must be found, and of silence after which it counts as stopped; 0.5 to
            86,400. A call may take longer, as its owner says all the while that it is at it.
        make: Whether to make a new colony where there is none, in a directory.
        shards: As for `open`, where this process becomes the owner.
        config: That of a new colony, in a directory.
        embed: As for `Colony`. It is called in this process, for the documents and questions of this client alone, and
            the vectors cross; other clients pass their own.
        model: The name of that model. A colony that was told another one refuses it.

    Raises:
        BusyError: A program that shares with nobody has the directory open, and had it all the while.
        ColonyNotFound: There is none, and none is to be made.
        ConfigError: A setting outside of what is accepted.
        RpcError: There is an owner, and it does not answer.
        StorageError: The system refused.
        TokenError: The server wants a token, and was given none or another one; also a `PermissionError`.
    """
    embedding = embedding_of(embed, model)
    return Client(channel(where, token=token, timeout=timeout, make=make, shards=shards, config=config), embedding)


def connect_async(
    where: str | os.PathLike[str],
    *,
    token: str | None = None,
    timeout: float = 30.0,
    make: bool = True,
    shards: int | None = None,
    config: ColonyConfig | None = None,
    embed: Embed | None = None,
    model: str | None = None,
) -> Connecting:
    """The twin of `connect` for event loops, which are left to others meanwhile.

    `async with phago.connect_async(where) as client` closes it at the end; `await phago.connect_async(where)` gives an
    `AsyncClient` to close oneself. Arguments and errors are those of `connect`; `embed` is called in a thread.
    """
    return Connecting(
        lambda: connect(
            where,
            token=token,
            timeout=timeout,
            make=make,
            shards=shards,
            config=config,
            embed=embed,
            model=model,
        )
    )


def channel(
    where: str | os.PathLike[str],
    *,
    token: str | None = None,
    timeout: float = 30.0,
    make: bool = True,
    shards: int | None = None,
    config: ColonyConfig | None = None,
) -> Channel:
    """What brings calls to a colony; see `connect`."""
    timeout = real("timeout", timeout, PATIENCE_MIN, _TIMEOUT_MAX)
    if is_url(where):
        if shards is not None or config is not None:
            name, value = ("shards", shards) if shards is not None else ("config", config)
            raise refusal(name, value, "None over HTTP, as the server has opened the colony")
        from .http import Http

        return Http(os.fspath(where), token if token is not None else os.environ.get(_TOKEN) or None, timeout)
    if token is not None:
        raise refusal("token", "***", "None for a directory, whose rights say who may use it")
    if is_elsewhere(where):
        raise refusal("where", where, "the path of a directory, http://host:port, or https")
    directory = directory_of("where", where)
    if is_server(where):
        raise refusal("where", where, "the path of a directory, or http://host:port", f"did you mean http://{where}?")
    if flag("make", make):
        refuse_others("where", directory)
    opened = functools.partial(open_colony, pathlib.Path(directory), shards=shards, config=config, make=make)
    return Shared(directory, opened, timeout)
