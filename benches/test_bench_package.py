"""What the package itself costs: the time of its import, the size of its wheel, and that nothing comes with it."""

import io
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import phago
import pytest
from turns import Measured, in_turn

SECTION = "the package"
TRIES = 10


def started(program: str) -> Callable[[], Measured]:
    """A new interpreter that runs a line, several times."""

    def contender() -> Measured:
        begun = time.perf_counter()
        for _ in range(TRIES):
            subprocess.run([sys.executable, "-I", "-c", program], check=True, capture_output=True)
        return {"seconds": (time.perf_counter() - begun) / TRIES}

    return contender


def wheel_bytes() -> int:
    """The installed files, packed as wheels are."""
    packed = io.BytesIO()
    folder = Path(phago.__file__).parent
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as wheel:
        for file in folder.rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                wheel.write(file, file.relative_to(folder))
    return len(packed.getvalue())


@pytest.mark.benchmark(group="package")
def test_bench_import(benchmark, figures, rounds):
    contenders = {
        "phago": started("import phago"),
        "bare": started("pass"),
        "asyncio": started("import asyncio"),
        "used": started("import phago; phago.open"),
        "command": started("import phago.cli"),
    }
    turns = in_turn(benchmark, rounds, contenders)
    for name, what in (("phago", "import phago"), ("used", "import and phago.open"), ("command", "import phago.cli")):
        above = [
            1000 * (one["seconds"] - bare["seconds"])
            for one, bare in zip(turns.seen[name], turns.seen["bare"], strict=True)
        ]
        beside = [
            1000 * (one["seconds"] - bare["seconds"])
            for one, bare in zip(turns.seen["asyncio"], turns.seen["bare"], strict=True)
        ]
        figures.add(SECTION, f"{what}, beyond a bare start", f"{min(above):.0f} ms", f"{min(beside):.0f} ms asyncio")
    figures.add(SECTION, "wheel", f"{wheel_bytes() / 1e6:.1f} MB")
    assert wheel_bytes() < 16e6
