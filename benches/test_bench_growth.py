"""What each operation costs in a colony of 10,000 documents and in one of all that the file has: `growth.py`."""

import growth
import pytest

SIZES = (10_000, 1_000_000)


@pytest.mark.benchmark(group="growth")
def test_bench_growth(benchmark, figures, large):
    tables = {}

    def run():
        tables.update({size: growth.measured(str(large), size) for size in SIZES})

    benchmark.pedantic(run, rounds=1, iterations=1)
    small, great = tables.values()
    (count,) = great["documents"]
    section = f"growth: {count:,.0f} documents beside 10,000 (one run)"
    for name, values in great.items():
        figures.add(section, name, growth.shown(values), growth.shown(small[name]))
