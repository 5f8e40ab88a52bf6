"""Whether an installed phago works where nothing else is: `python tools/smoke.py`. Each wheel is tried by it."""

import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import phago

SIZE_MAX = 16 << 20
DOCUMENTS = [
    {"id": "membrane", "title": "Cell membranes", "text": "Ion channels let ions cross the cell membrane."},
    {"id": "pump", "title": "Sodium pump", "text": "The sodium pump moves ions against their gradient."},
    {"id": "bread", "title": "Bread", "text": "Flour, water, salt and yeast make bread."},
]


def main() -> None:
    """Make colonies, ask them, open one again, call the command line; say what this is."""
    # What is tried is what was installed, and not the tree that this file lies in.
    installed = Path(phago.__file__).resolve()
    assert Path(__file__).resolve().parents[1] not in installed.parents or "alone" in installed.parts, installed
    digests = set()
    for shards in (1, 3):
        with phago.Colony(shards=shards, seed=7) as colony:
            colony.ingest(DOCUMENTS)
            assert colony.run().digested == 3
            assert [hit.id for hit in colony.query("how do ions cross a membrane", k=1)] == ["membrane"]
            digests.add(colony.digest())
    assert len(digests) == 1, digests
    with tempfile.TemporaryDirectory() as folder:
        memory = Path(folder) / "memory"
        with phago.open(memory) as colony:
            colony.ingest(DOCUMENTS)
            colony.run()
            digest = colony.digest()
        with phago.open(memory) as colony:
            assert colony.digest() == digest
        answer = [sys.executable, "-m", "phago", "query", str(memory), "yeast", "-k", "1"]
        assert "bread" in subprocess.run(answer, check=True, capture_output=True, text=True).stdout
    size = sum(file.stat().st_size for file in installed.parent.rglob("*") if file.suffix in (".so", ".pyd", ".py"))
    assert size < SIZE_MAX, size
    is_free = getattr(sys, "_is_gil_enabled", lambda: True)() is False
    print(
        f"phago {phago.__version__}: Python {platform.python_version()}{'t' if is_free else ''}, {platform.platform()}"
    )
    print(f"digest {digests.pop()[:16]} on 1 and on 3 shards; {size / 1e6:.1f} MB installed")


if __name__ == "__main__":
    main()
