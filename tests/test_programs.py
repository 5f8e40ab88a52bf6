"""Random programs at the bounds of the settings: whatever is done, the number of shards does not show."""

import itertools

import pytest
from campaign import size
from programs import CONFIG, RANKING, Counts, Different, compare, program
from support import Chance

# What `make campaign` runs; a part of it, from another seed, in every `make test`.
PROGRAMS = size("programs", 2000, 2000)
SOME = 60


def run(seeds, capsys):
    counts, different = Counts(), []
    for seed in seeds:
        try:
            compare(seed, counts)
        except Different as found:
            different.append(str(found))
    with capsys.disabled():
        print(f"\n{counts}; {len(different)} differences")
    assert not different, different[:10]
    return counts


@pytest.mark.timeout(600)
def test_random_programs_are_equal_on_any_number_of_shards(capsys):
    counts = run(range(10_000_000, 10_000_000 + SOME), capsys)
    assert counts.programs == SOME
    # A guard that looks has seen something.
    assert min(counts.kinds.values()) > 5, counts
    assert len(counts.kinds) == 10, counts


@pytest.mark.campaign
@pytest.mark.timeout(7200)
def test_thousands_of_random_programs_are_equal_on_any_number_of_shards(capsys):
    assert run(range(PROGRAMS), capsys).programs == PROGRAMS


def test_programs_reach_every_bound():
    reached = {(name, getattr(program(seed)[0], name)) for seed in range(400) for name in CONFIG}
    assert reached >= {(name, value) for name, values in CONFIG.items() for value in values}
    chances = map(Chance, range(400))
    ranks = {(name, values[chance.below(len(values))]) for chance in chances for name, values in RANKING.items()}
    assert len(ranks) == len(list(itertools.chain(*RANKING.values())))


def test_a_difference_is_told_with_its_seed_and_step(monkeypatch):
    import phago

    whole = phago.Colony.digest
    monkeypatch.setattr(phago.Colony, "digest", lambda self, *of: whole(self, *of) + "x" * (self.stats().shards == 7))
    with pytest.raises(Different, match=r"seed 3, step 0 .ingest.: digest on 7 shards and on 1"):
        compare(3, Counts())
