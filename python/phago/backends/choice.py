"""What a caller chose as the place of the shards, checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, Self, TypeAlias

from .. import _phago
from .._checks import count, one_of, refusal
from .._records import dataclass
from .transport import Transport

__all__ = ["Backend", "Choice"]

Backend: TypeAlias = Literal["threads", "processes"] | Transport


@dataclass(frozen=True, slots=True)
class Choice:
    """A backend, and over how many nodes."""

    backend: Backend
    nodes: int

    @classmethod
    def of(cls, backend: Any, nodes: int | None, shards: int | None) -> Self:
        """What `backend` and `nodes` mean for a colony of so many shards; None if a number is still to be found."""
        if isinstance(backend, str):
            one_of("backend", backend, ("threads", "processes"))
        elif not isinstance(backend, Transport):
            raise refusal("backend", backend, "`threads`, `processes` or a `phago.backends.Transport`")
        most = _phago.SHARDS_MAX if shards is None else shards
        match backend:
            case Transport(nodes=has):
                if nodes is not None and nodes != has:
                    raise refusal("nodes", nodes, f"{has}, which the backend has, or none")
                return cls(backend, count("backend.nodes", has, 1, most))
            case "threads":
                if nodes not in (None, 1):
                    raise refusal("nodes", nodes, "1 or none, as the threads of this process are one node")
                return cls("threads", 1)
            case _:
                nodes = min(_phago.cores(), most) if nodes is None else count("nodes", nodes, 1, most)
                return cls("processes", nodes)

    @contextmanager
    def reached(self, seconds: float) -> Iterator[tuple[Transport, int, float] | None]:
        """What reaches the nodes, each of which may take so long for an answer; None for this process.

        It is closed if what is done with it fails.
        """
        if self.backend == "threads":
            yield None
            return
        if isinstance(self.backend, Transport):
            transport = self.backend
        else:
            from .processes import Processes

            transport = Processes(self.nodes)
        try:
            yield transport, self.nodes, seconds
        except BaseException:
            transport.close()
            raise
