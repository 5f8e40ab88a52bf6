"""Figures for a monitor, as OpenMetrics text."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator

from ..results import Stats

MEDIA = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

_GAUGES = {
    "documents": "Documents, digested or not.",
    "pending": "Documents that wait to be digested.",
    "terms": "Different terms of all documents.",
    "nodes": "Concepts.",
    "edges": "Live synapses.",
    "tick": "The last committed tick.",
    "row_bytes": "Memory of all synapses.",
}


class Metrics:
    """Counts requests by route, method and status, and how long they took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun = time.time()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._within: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        with self._lock:
            self._requests[route, method, status] += 1
            within = self._within.setdefault(route, [0] * (len(_BOUNDS) + 1))
            for place, bound in enumerate(_BOUNDS):
                within[place] += seconds <= bound
            within[-1] += 1

            self._seconds[route] = self._seconds.get(route, 0.0) + seconds

    def text(self, stats: Stats) -> str:
        """All figures."""
        with self._lock:
            return "\n".join([*self._lines(stats), "# EOF", ""])

    def _lines(self, stats: Stats) -> Iterator[str]:
        for name, says in _GAUGES.items():
            yield f"# TYPE phago_{name} gauge"
            yield f"# HELP phago_{name} {says}"
            yield f"phago_{name} {getattr(stats, name)}"
        yield "# TYPE phago_start_time_seconds gauge"
        yield f"phago_start_time_seconds {self._begun:.3f}"
        yield "# TYPE phago_http_requests counter"
        for (route, method, status), count in sorted(self._requests.items()):
            yield f'phago_http_requests_total{{route="{route}",method="{method}",status="{status}"}} {count}'
        yield "# TYPE phago_http_request_duration_seconds histogram"
        for route, within in sorted(self._within.items()):
            for bound, count in zip([*map(str, _BOUNDS), "+Inf"], within, strict=True):
                yield f'phago_http_request_duration_seconds_bucket{{route="{route}",le="{bound}"}} {count}'
            yield f'phago_http_request_duration_seconds_sum{{route="{route}"}} {self._seconds[route]:.6f}'
            yield f'phago_http_request_duration_seconds_count{{route="{route}"}} {within[-1]}'
