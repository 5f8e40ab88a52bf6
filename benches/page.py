"""The figures of a run as a page of the documentation."""

import datetime
import os
import platform
from pathlib import Path

HEAD = ("", "phago", "beside", "ratio")


def machine() -> str:
    """The machine in words: processor, cores, memory, system, Python."""
    model = platform.processor() or platform.machine()
    memory = ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    if hasattr(os, "sysconf"):
        memory = f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores{memory}; {platform.system()}, Python {platform.python_version()}"


def page(
    sections: dict[str, list[tuple[str, str, str, str]]], *, phago: str, peers: str, rounds: int, skipped: int
) -> str:
    """A page with a table for each section; its rows are what, phago, beside, ratio."""
    today = datetime.datetime.now(datetime.UTC).date()
    lines = [
        "# Benchmarks",
        "",
        f"phago {phago}, {today.isoformat()}, by `make bench` on {machine()}; beside {peers}.",
        "",
        f"Figures are medians [least, greatest] of {rounds} turns unless said; contenders take turns, and a ratio is",
        "taken within a turn. `benches/README.md` says what each figure is, and what it needs.",
    ]
    if skipped:
        lines += ["", f"{skipped} benchmarks were skipped for want of data or tools."]
    for section, rows in sections.items():
        lines += ["", f"## {section[:1].upper()}{section[1:]}", ""]
        lines += [_row(HEAD), "|---|---|---|---|", *map(_row, rows)]
    return "\n".join(lines) + "\n"


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
