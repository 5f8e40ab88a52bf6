"""The tokio runner beside the plain loop over the same shard code; both live in Rust, so this calls `drivers.rs`."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import corpora
import pytest
from turns import Turns

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.benchmark(group="drivers")
def test_bench_runner_beside_plain_loop(benchmark, figures, rounds, debian: Path):
    if not shutil.which("cargo"):
        pytest.skip("needs cargo")
    command = ["cargo", "bench", "--quiet", "--locked", "-p", "phago-engine", "--bench", "drivers"]
    subprocess.run([*command, "--no-run"], cwd=ROOT, check=True)
    turns = Turns()
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".zero") as file:
        for row in corpora.documents(debian):
            file.writelines(f"{row[name]}\0" for name in ("id", "title", "text"))
        file.flush()

        def run() -> None:
            arguments = ["--", file.name, str(rounds)]
            done = subprocess.run([*command, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
            for line in done.stdout.splitlines():
                if line.startswith("{"):
                    measured = json.loads(line)
                    turns.add(measured.pop("name"), measured)

        benchmark.pedantic(run, rounds=1, iterations=1)
    section = "the runner beside the plain loop (Rust, 1 worker thread)"
    for what, name in (("debian, 1 shard", "seconds"), ("its documents taken in", "ingest"), ("its ticks", "run")):
        beside = turns.spread("plain loop", name).unit("s plain loop")
        ours = turns.spread("runner", name).unit("s")
        figures.add(section, what, ours, beside, turns.ratio("runner", "plain loop", name))
    for shards in (1, 2, 8):
        ours, plain = (f"{driver}, shards={shards}" for driver in ("runner", "plain loop"))
        beside = turns.spread(plain, "us").unit("us plain loop")
        figures.add(section, f"empty tick, shards={shards}", turns.spread(ours, "us").unit("us"), beside)
