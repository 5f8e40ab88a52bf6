"""A colony over processes of this machine beside the same colony in one process, by one thread."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from turns import Measured, in_child, in_turn

NODES = (2, 4)
COUNTED = (2, 4, 8, 16)
# Where nodes and their driver take all cores, whoever else wants one disturbs a turn: the medians of three turns of one
# build lay between .84 and .89, those of nine and fifteen at .84.
TURNS_MIN = 9


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(dir=Path.cwd(), prefix="bench-cluster-"))
    yield path
    shutil.rmtree(path)


@pytest.mark.benchmark(group="cluster")
def test_bench_over_processes(benchmark, figures, rounds, debian: Path, folder: Path):
    """From text to index and graph on disk; then asked, and left idle."""

    def over(nodes: int) -> Measured:
        return in_child("spread", corpus=str(debian), folder=str(folder / f"{nodes}"), nodes=nodes)

    contenders = {f"{nodes} processes": lambda n=nodes: over(n) for nodes in NODES} | {"one process": lambda: over(0)}
    count = max(rounds, TURNS_MIN)
    turns = in_turn(benchmark, count, contenders)
    assert len({turns.last(name, "digest") for name in contenders}) == 1
    section = f"debian over processes (on disk, two cores; one process has one thread; {count} turns)"
    for nodes in NODES:
        name = f"{nodes} processes"
        for figure, what in (
            ("slowest_cpu", "CPU of the slowest node"),
            ("seconds", "wall"),
            ("node_mib", "memory of the largest node"),
        ):
            mine, one = turns.spread(name, figure), turns.spread("one process", figure)
            figures.add(section, f"{name}: {what}", str(mine), str(one), turns.ratio(name, "one process", figure))
        for figure, what in (("idle_ms", "idle tick, ms"), ("query_ms", "full query p50, ms")):
            figures.add(
                section, f"{name}: {what}", str(turns.spread(name, figure)), str(turns.spread("one process", figure))
            )


@pytest.mark.benchmark(group="cluster")
def test_bench_bytes_between_processes(benchmark, figures, debian: Path, folder: Path):
    """All that nodes and driver say about changes and ticks, without the texts themselves."""
    measured: dict[int, Measured] = {}

    def run() -> None:
        for nodes in COUNTED:
            measured[nodes] = in_child("spread", corpus=str(debian), folder=str(folder / f"{nodes}"), nodes=nodes)

    benchmark.pedantic(run, rounds=1, iterations=1)
    assert len({row["digest"] for row in measured.values()}) == 1
    for nodes, row in measured.items():
        each = row["bytes"] / row["documents"]
        figures.add(
            "bytes between processes for each document of debian (counted, one run)", f"{nodes} nodes", f"{each:.0f}"
        )
        benchmark.extra_info[f"{nodes} nodes"] = each


@pytest.mark.benchmark(group="cluster")
def test_bench_over_actors(benchmark, figures, rounds, folder: Path):
    """Idle ticks, questions, and nodes that are killed: actors of a Ray cluster beside processes."""
    pytest.importorskip("ray", reason='Ray is not installed: pip install "phago[ray]"')

    def over(backend: str) -> Measured:
        where = tempfile.mkdtemp(dir=folder)
        return in_child("nodes", backend=backend, count=4, folder=where)

    turns = in_turn(benchmark, rounds, {name: lambda name=name: over(name) for name in ("ray", "processes")})
    assert len({turn["digest"] for seen in turns.seen.values() for turn in seen}) == 1
    section = f"4 actors of Ray beside 4 processes ({turns.last('ray', 'concepts'):,} concepts, two cores)"
    for figure, what in (
        ("idle_ms", "idle tick, ms"),
        ("query_ms", "full query p50, ms"),
        ("back_s", "a killed node is back and the tick redone, s, median of 7"),
        ("slowest_back_s", "the slowest of these, s"),
    ):
        ray, processes = turns.spread("ray", figure), turns.spread("processes", figure)
        figures.add(section, what, str(ray), str(processes), turns.ratio("ray", "processes", figure))
