"""What travels between shards for each document."""

import zlib
from pathlib import Path

import corpora
import numpy as np
import peers
import pytest
from turns import Measured, Spread, in_child

SECTION = "bytes exchanged for each document of debian (counted, one run)"
SHARDS = (2, 4, 8, 16)


def packed(lists, shards: int) -> float:
    """Bytes a document would need as one list of term numbers to each other shard that is home to any of them.

    The numbers are known everywhere, commonest first; a list is its length in a byte and the gaps between sorted
    numbers, seven bits to a byte.
    """
    columns = np.bincount(lists.indices, minlength=lists.shape[1])
    number = np.empty(len(columns), np.int64)
    number[np.argsort(-columns, kind="stable")] = np.arange(len(columns))
    home = np.array([zlib.crc32(b"%d" % term) % shards for term in range(len(columns))])
    total = 0
    for document, (begin, end) in enumerate(zip(lists.indptr, lists.indptr[1:], strict=False)):
        terms = lists.indices[begin:end]
        gaps = np.diff(np.sort(number[terms]), prepend=0)
        length = 1 + len(gaps) + np.count_nonzero(gaps >= 1 << 7) + np.count_nonzero(gaps >= 1 << 14)
        total += length * len(set(home[terms]) - {zlib.crc32(b"d%d" % document) % shards})
    return total / lists.shape[0]


@pytest.mark.benchmark(group="exchange")
def test_bench_bytes_exchanged(benchmark, figures, debian: Path):
    measured: dict[int, Measured] = {}

    def run() -> None:
        for shards in (1, *SHARDS):
            measured[shards] = in_child("digest", corpus=str(debian), shards=shards, threads=2)

    benchmark.pedantic(run, rounds=1, iterations=1)
    assert len({row["digest"] for row in measured.values()}) == 1
    assert measured[1]["bytes_exchanged"] == 0
    lists = peers.concept_lists([corpora.whole(row) for row in corpora.documents(debian)])
    for shards in SHARDS:
        row = measured[shards]
        ours, beside = row["bytes_exchanged"] / row["documents"], packed(lists, shards)
        crossing = row["cross_shard_edges"] / row["edges"]
        what = f"{shards} shards ({crossing:.0%} of synapses cross)"
        figures.add(SECTION, what, f"{ours:.1f}", f"{beside:.1f} packed lists", Spread((ours / beside,)))
        benchmark.extra_info[f"{shards} shards"] = ours
