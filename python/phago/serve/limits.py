"""Bounds of the server: each has a number, and what happens at it stands beside it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request, and all of them together, may take."""

    body_bytes: int = 64 << 20
    """Of a body that is held in memory; more is answered with 413. Streamed lines have no bound in all."""
    line_bytes: int = 32 << 20
    """Of one line of a stream; a longer one is left out and told of."""
    requests: int = 64
    """At the same time; one more is answered with 503 and comes again."""
    listeners: int = 32
    """To events, at the same time."""
    seconds: float = 60.0
    """Until a question is answered with 504. What takes in documents or makes ticks may take longer."""
    silence: float = 30.0
    """Seconds in which a client must go on sending its request; then 408, or the connection is closed."""
    pace: int = 256
    """Bytes for which a body gets one more second to come, beyond `silence` in all; then 408."""
    hits: int = 1_000
    """The largest `k` of a question, and of documents on a page."""
    told: int = 1_000
    """Documents that the report of a stream lists as left out; it counts all."""
