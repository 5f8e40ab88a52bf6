"""Measuring in turn: A B C A B C ..., so that a slow minute of the machine is everybody's.

A contender is a function that does its work once and returns what it measured, a dict of numbers. All figures are
medians with [least, greatest]; a ratio is taken within each turn before its median is.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Measured = dict[str, Any]
Contender = Callable[[], Measured]


def short(value: float) -> str:
    """Three digits that count."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{2 if abs(value) >= 1 else 3}f}" if abs(value) < 10 else f"{value:.1f}"


@dataclass(frozen=True)
class Spread:
    """A median between the least and the greatest."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __str__(self) -> str:
        low, high = short(min(self.values)), short(max(self.values))
        return short(self.median) if low == high else f"{short(self.median)} [{low}, {high}]"

    def unit(self, unit: str) -> str:
        return f"{self} {unit}"


@dataclass
class Turns:
    """What each contender measured, turn by turn."""

    seen: dict[str, list[Measured]] = field(default_factory=dict)

    def add(self, name: str, measured: Measured) -> Measured:
        self.seen.setdefault(name, []).append(measured)
        return measured

    def last(self, name: str, figure: str) -> Any:
        return self.seen[name][-1][figure]

    def spread(self, name: str, figure: str, scale: float = 1.0) -> Spread:
        return Spread(tuple(turn[figure] * scale for turn in self.seen[name]))

    def rate(self, name: str, amount: float, figure: str = "seconds") -> Spread:
        return Spread(tuple(amount / turn[figure] for turn in self.seen[name]))

    def ratio(self, above: str, below: str, figure: str = "seconds", figure_below: str | None = None) -> Spread:
        pairs = zip(self.seen[above], self.seen[below], strict=True)
        return Spread(tuple(a[figure] / b[figure_below or figure] for a, b in pairs))


def in_turn(benchmark: Any, rounds: int, contenders: dict[str, Contender]) -> Turns:
    """Run the contenders in turn. The first is ours: pytest-benchmark times it, the others run before each round."""
    turns = Turns()
    (ours, run), *others = contenders.items()

    def setup() -> None:
        for name, contender in others:
            turns.add(name, contender())

    benchmark.pedantic(lambda: turns.add(ours, run()), setup=setup, rounds=rounds, iterations=1)
    return turns


def timed(work: Callable[[], Any]) -> float:
    """Wall seconds of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def each_us(work: Callable[[], Any], times: int) -> list[float]:
    """Wall microseconds of each of several calls."""
    clock, taken = time.perf_counter, []
    for _ in range(times):
        begun = clock()
        work()
        taken.append((clock() - begun) * 1e6)
    return taken


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def in_child(job: str, **arguments: Any) -> Measured:
    """Run a job of `child.py` in a process of its own and return what it measured."""
    one_thread = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    command = [sys.executable, str(Path(__file__).with_name("child.py")), job, json.dumps(arguments)]
    done = subprocess.run(command, env=os.environ | one_thread, capture_output=True, text=True, check=False)
    # A job may end itself by a signal, once it has said what it measured.
    if done.returncode > 0 or not done.stdout:
        raise RuntimeError(f"the job `{job}` of {arguments} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])
