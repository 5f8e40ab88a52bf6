"""What a tick costs when there is nothing to do, and what a synapse weighs."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection

import corpora
import phago
import pytest
from turns import Measured, each_us, in_child, in_turn, percentile

SECTION = "idle ticks and synapses"
TICKS = 500
# 870 synapses each.
DOCUMENTS = 1150
# Nothing of what is measured dies of age: an idle tick in which synapses expire is not idle.
ENDURING = phago.ColonyConfig(edge_decay_rate=1e-9)


def echo(pipe: Connection) -> None:
    while pipe.recv_bytes():
        pipe.send_bytes(b"1")


def ticking(colony: phago.Colony) -> Callable[[], Measured]:
    return lambda: {"us": percentile(each_us(colony.tick, TICKS), 0.5)}


@pytest.mark.benchmark(group="tick")
def test_bench_empty_tick(benchmark, figures, rounds):
    """A tick has three phases that wait for every shard; the peer is three round trips to two processes over pipes.

    A turn's figure is the median of its ticks.
    """
    colonies = {shards: phago.Colony(shards=shards) for shards in (1, 2, 8)}
    context = multiprocessing.get_context("spawn")
    links = [context.Pipe() for _ in range(2)]
    workers = [context.Process(target=echo, args=(far,), daemon=True) for _, far in links]
    for worker in workers:
        worker.start()
    near = [pipe for pipe, _ in links]

    def round_trips() -> None:
        for _ in range(3):
            for pipe in near:
                pipe.send_bytes(b"1")
            for pipe in near:
                pipe.recv_bytes()

    def passing() -> Measured:
        return {"us": percentile(each_us(round_trips, TICKS), 0.5)}

    round_trips()
    contenders = {f"shards={shards}": ticking(colony) for shards, colony in colonies.items()}
    turns = in_turn(benchmark, rounds, contenders | {"pipes": passing})
    for pipe in near:
        pipe.send_bytes(b"")
    for worker in workers:
        worker.join()
    for shards, colony in colonies.items():
        assert colony.stats().tick == rounds * TICKS
        name = f"shards={shards}"
        beside = turns.spread("pipes", "us").unit("us, 3 round trips to 2 processes")
        figures.add(
            SECTION,
            f"empty tick, {name}",
            turns.spread(name, "us").unit("us"),
            beside,
            turns.ratio(name, "pipes", "us"),
        )
        colony.close()


@pytest.mark.benchmark(group="tick")
@pytest.mark.parametrize("shards", [1, 2])
def test_bench_idle_tick_with_a_million_synapses(benchmark, figures, rounds, shards: int):
    with phago.Colony(shards=shards, config=ENDURING) as full, phago.Colony(shards=shards, config=ENDURING) as empty:
        full.ingest(corpora.strangers(DOCUMENTS))
        full.run()
        edges = full.stats().edges
        assert edges == DOCUMENTS * 870
        turns = in_turn(benchmark, rounds, {"full": ticking(full), "empty": ticking(empty)})
        assert (full.stats().edges, full.stats().touched) == (edges, 0)
        figures.add(
            SECTION,
            f"idle tick with {edges:,} synapses, shards={shards}",
            turns.spread("full", "us").unit("us"),
            turns.spread("empty", "us").unit("us with none"),
            turns.ratio("full", "empty", "us"),
        )


@pytest.mark.benchmark(group="synapse")
def test_bench_bytes_of_a_synapse(benchmark, figures, rounds):
    import numpy as np
    import scipy.sparse as sp

    def weigh() -> Measured:
        wired = in_child("synapses", documents=DOCUMENTS, wired=True)
        bare = in_child("synapses", documents=DOCUMENTS, wired=False)
        grown = (wired["grown_mib"] - bare["grown_mib"]) * 2**20
        return {"rows": wired["row_bytes"] / wired["edges"], "grown": grown / wired["edges"], "edges": wired["edges"]}

    def csr() -> Measured:
        ends = np.arange(DOCUMENTS * 30, dtype=np.int32).reshape(-1, 30)
        source, target = np.repeat(ends, 30, axis=1).ravel(), np.tile(ends, 30).ravel()
        apart = source != target
        weights = np.ones(apart.sum(), np.float32)
        graph = sp.csr_matrix((weights, (source[apart], target[apart])), (ends.size, ends.size))
        return {"rows": (graph.data.nbytes + graph.indices.nbytes + graph.indptr.nbytes) / graph.nnz}

    turns = in_turn(benchmark, rounds, {"phago": weigh, "scipy": csr})
    edges, csr_bytes = turns.last("phago", "edges"), turns.spread("scipy", "rows")
    beside = csr_bytes.unit("bytes scipy CSR, weights alone")
    for what, figure in (("as the rows count them", "rows"), ("as the process grows", "grown")):
        ours = turns.spread("phago", figure).unit("bytes")
        figures.add(
            SECTION, f"a synapse of {edges:,}, {what}", ours, beside, turns.ratio("phago", "scipy", figure, "rows")
        )
