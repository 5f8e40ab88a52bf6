"""What all routes share: the colony, the bounds, and how it grew while somebody served it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from anyio import CapacityLimiter

from .._embedding import Embedding
from ..remote import Client
from ..remote.calls import CALLS
from ..remote.client import Channel
from ..remote.desk import Desk
from ..results import Node, Stats
from .limits import Limits
from .metrics import Metrics
from .operations import aside, patiently

_GROWTH_MAX = 10_000
# Calls with documents or a question, of which a model makes vectors.
_EMBEDDED = {"ingest", "update", "update_all", "query", "explain"}


class Memory:
    """The colony behind a server."""

    def __init__(self, channel: Channel, limits: Limits, embedding: Embedding | None = None) -> None:
        self.client = Client(channel, embedding)
        self._channel = channel
        self.desk = Desk(channel.call if embedding is None else self._embedded)
        self.limits = limits
        self.metrics = Metrics()
        self.is_ending = False
        """Set when the server is to stop: whoever listens is let go."""
        self.listeners = 0
        self._growth: deque[dict[str, Any]] = deque(maxlen=_GROWTH_MAX)
        self._lock = threading.Lock()
        # Threads of the loop's own limiter are for others of its process.
        self._threads = CapacityLimiter(max(4, limits.requests))

    # What comes without a vector gets one here, whichever way it came.
    def _embedded(self, name: str, arguments: Mapping[str, Any]) -> Any:
        if name in _EMBEDDED:
            return CALLS[name].run(self.client, **arguments)
        return self._channel.call(name, arguments)

    async def ask(self, work: Callable[[], Any]) -> Any:
        """A question, which must be answered in time."""
        return await patiently(work, self._threads, self.limits.seconds)

    async def do(self, work: Callable[[], Any]) -> Any:
        """Something that may take its time."""
        return await aside(work, self._threads)

    def top(self, k: int) -> list[Node]:
        """The concepts of most documents."""
        found: list[Node] = self._channel.call("graph.top", {"k": k})
        return found

    def seen(self) -> Stats:
        """The colony in numbers, which are remembered as a step of its growth."""
        stats = self.client.stats()
        names = ("tick", "documents", "pending", "digested", "nodes", "edges")
        step = {**{name: getattr(stats, name) for name in names}, "time": time.time()}
        with self._lock:
            # Between two ticks only the latest numbers count.
            if self._growth and self._growth[-1]["tick"] >= stats.tick:
                if self._growth[-1]["tick"] > stats.tick:
                    return stats
                self._growth.pop()
            self._growth.append(step)
        return stats

    def growth(self, last: int) -> list[dict[str, Any]]:
        """The latest steps, as this server saw them: one for each tick that it made, fewer for those of others."""
        with self._lock:
            return list(self._growth)[-last:] if last else []
