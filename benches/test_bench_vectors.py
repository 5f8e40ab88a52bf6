"""Questions with vectors: beside the same without, and beside numpy, which multiplies floats and does no more."""

from pathlib import Path

import corpora
import numpy as np
import peers
import phago
import pytest
from turns import Measured, each_us, in_turn, percentile

DIMENSION = 384
ASKED = 300


def timed(search, count: int) -> Measured:
    waiting = iter(range(count))
    taken = each_us(lambda: search(next(waiting)), count)
    return {"p50": percentile(taken, 0.5), "p95": percentile(taken, 0.95)}


@pytest.mark.benchmark(group="vectors")
def test_bench_questions_with_vectors(benchmark, figures, rounds, debian: Path):
    rows = corpora.documents(debian)
    questions = corpora.questions(rows, peers.stop())[:ASKED]
    chance = np.random.default_rng(7)
    made = chance.standard_normal((len(rows), DIMENSION), dtype=np.float32)
    asked = chance.standard_normal((len(questions), DIMENSION), dtype=np.float32)
    unit = made / np.linalg.norm(made, axis=1, keepdims=True)

    def floats(at: int) -> list[int]:
        cosines = unit @ asked[at]
        best = np.argpartition(cosines, -10)[-10:]
        return best[np.argsort(-cosines[best])].tolist()

    with phago.Colony() as colony:
        colony.ingest(row | {"vector": vector} for row, vector in zip(rows, made, strict=True))
        place = {row["id"]: at for at, row in enumerate(rows)}
        # Without a word, what is most similar is what numpy finds, but for rounding to 8 bits.
        alone = phago.Ranking(concepts_weight=0, bridge_weight=0)
        shared = 0
        for at in range(50):
            hits = colony.query("", k=10, vector=asked[at], ranking=alone)
            shared += len({place[hit.id] for hit in hits} & {*floats(at)})
        contenders = {
            "with": lambda: timed(lambda at: colony.query(questions[at], k=10, vector=asked[at]), len(questions)),
            "without": lambda: timed(lambda at: colony.query(questions[at], k=10), len(questions)),
            "numpy": lambda: timed(floats, len(questions)),
        }
        turns = in_turn(benchmark, rounds, contenders)
    assert shared >= 0.95 * 500, shared
    section = f"full query with vectors of {DIMENSION}, top 10, {len(rows):,} documents"
    for figure in ("p50", "p95"):
        ours = turns.spread("with", figure).unit("us")
        for name, what in (("without", "without vectors"), ("numpy", "numpy, float32, vectors alone")):
            beside = turns.spread(name, figure).unit(f"us {what}")
            figures.add(section, figure, ours, beside, turns.ratio("with", name, figure))
