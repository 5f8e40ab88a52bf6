"""Count the instructions that the core's hot paths take, and compare them with `benches/instructions.json`.

    python tools/instructions.py            exits with 1 where a path takes over 3 % more than is written there
    python tools/instructions.py --take     writes what is counted, for a change that is worth it or gains something

A path (`benches/paths.rs`) is done once and twice; the difference is its own, without what it stands on. Counts come
from valgrind and not from a clock, so a busy machine does not show in them. They depend on the compiler and the
processor's architecture: where these are others than written, nothing is compared, and that is said.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TAKEN = ROOT / "benches" / "instructions.json"
MORE = 0.03


def output(command: list[str]) -> str:
    """What a command prints; its errors are shown."""
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def built() -> str:
    """Compiles the program, as a release is compiled, and returns its path."""
    command = [
        "cargo",
        "bench",
        "--locked",
        "-p",
        "phago-core",
        "--bench",
        "paths",
        "--no-run",
        "--message-format=json",
    ]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    made = [json.loads(line).get("executable") for line in lines]
    return str(next(path for path in reversed(made) if path))


def instructions(program: str, path: str, times: int) -> int:
    """What the program takes to do a path so often, with all that comes before."""
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", program, path]
    told = subprocess.run(
        [*command, str(times)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    found = re.search(r"I\s+refs:\s+([\d,]+)", told.stderr)
    assert found, told.stderr
    return int(found[1].replace(",", ""))


def counted(program: str) -> dict[str, int]:
    """The instructions of each path."""
    paths = output([program]).splitlines()
    with ThreadPoolExecutor() as pool:
        runs = {path: [pool.submit(instructions, program, path, times) for times in (1, 2)] for path in paths}
    return {path: twice.result() - once.result() for path, (once, twice) in runs.items()}


def main() -> int:
    """Counts, prints, compares or writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--take", action="store_true", help=f"write {TAKEN.relative_to(ROOT)}")
    take = parser.parse_args().take
    if not shutil.which("valgrind"):
        print("valgrind is not installed: no instructions are counted")
        return 0
    machine = {"compiler": output(["rustc", "--version"]).strip(), "architecture": platform.machine()}
    taken = json.loads(TAKEN.read_text()) if TAKEN.exists() else {"paths": {}}
    comparable = {name: taken.get(name) for name in machine} == machine
    if not take and not comparable:
        print(f"counts were taken with {taken.get('compiler')} on {taken.get('architecture')}: nothing to compare")
        return 0
    paths = counted(built())
    slower = []
    for path, count in paths.items():
        before = taken["paths"].get(path)
        ratio = f"{count / before:.3f}" if before and comparable else "new"
        print(f"{path:22} {count:15,} {ratio:>6}")
        if before is None or count > before * (1 + MORE):
            slower.append(path)
    if take:
        TAKEN.write_text(json.dumps({**machine, "paths": paths}, indent=2) + "\n")
        return 0
    gone = sorted(taken["paths"].keys() - paths.keys())
    if slower or gone:
        print(f"over {MORE:.0%} more than {TAKEN.name} says, or not in it: {', '.join(slower + gone)}")
    return bool(slower or gone)


if __name__ == "__main__":
    sys.exit(main())
