"""The long matrix over a whole collection: `make campaign`. Prints what it counted."""

import pytest
from support import Chance, has_cranfield
from test_one_digest import matrix

SHARDS = [1, 2, 3, 4, 7, 8, 16]
PARALLELISM = [1, 2, 4]
SEEDS = 3


@pytest.mark.campaign
@pytest.mark.timeout(7200)
@pytest.mark.skipif(not has_cranfield(), reason="PHAGO_DATA names no folder with cranfield in it")
def test_one_digest_for_the_whole_collection(capsys):
    chance = Chance(2026)
    digests, rankings, colonies = set(), set(), 0
    for seed in range(SEEDS):
        seeds = (str(chance.below(2**32)), str(chance.next()))
        order = {"corpus": "cranfield", "shards": SHARDS, "parallelism": PARALLELISM, "seed": seed, "timeout": 3600}
        for shards, parallelism, found in matrix(order, seeds):
            colonies += 1
            digests.add(found["digest"])
            rankings.add(tuple(sorted((name, value) for name, value in found.items())))
            with capsys.disabled():
                print(
                    f"seed {seed} (PYTHONHASHSEED {seeds[0]}, PHAGO_MAP_SEED {seeds[1]}), {shards:2} shards, "
                    f"{parallelism} threads: {found['edges']} synapses after {found['ticks']} ticks, "
                    f"digest {found['digest'][:16]}",
                    flush=True,
                )
    with capsys.disabled():
        print(f"{colonies} colonies, {len(digests)} digest, {len(rankings)} set of rankings, counts and ticks")
    assert colonies == len(SHARDS) * len(PARALLELISM) * SEEDS
    assert len(digests) == len(rankings) == 1
