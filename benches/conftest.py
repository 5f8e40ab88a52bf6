"""What the benchmarks share: the corpora, or a skip that says what is missing, and the table printed at the end."""

import os
import platform
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import corpora
import page
import phago
import pytest
from turns import Spread

# --- the table ----------------------------------------------------------------------------------------------------


@dataclass
class Figures:
    """Rows (what, phago, peer, ratio) under the headings of what was measured."""

    sections: dict[str, list[tuple[str, str, str, str]]] = field(default_factory=dict)

    def add(self, section: str, what: str, phago: object, peer: object = "", ratio: Spread | None = None) -> None:
        row = (
            what,
            str(phago),
            str(peer),
            "" if ratio is None else f"{ratio}x" if "[" not in str(ratio) else str(ratio).replace(" [", "x ["),
        )
        self.sections.setdefault(section, []).append(row)

    def table(self) -> list[str]:
        head = ("", "phago", "beside", "ratio")
        rows = [row for section in self.sections.values() for row in section]
        widths = [max(len(row[column]) for row in [head, *rows]) for column in range(4)]
        printed = []
        for section, members in self.sections.items():
            printed += ["", section]
            for row in [head, *members]:
                cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
                printed.append(("  " + "  ".join(cells)).rstrip())
        return printed


FIGURES = pytest.StashKey[Figures]()
PEERS = ("bm25s", "igraph", "scikit-learn", "scipy", "numpy", "numba", "mesa", "tantivy", "ir-measures")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=5, help="turns of each comparison (default 5)")
    parser.addoption("--page", metavar="FILE", help="write the figures as a page of the documentation")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = Figures()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The project's tests turn warnings into errors; what peers warn of is theirs.
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("default"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    figures = config.stash[FIGURES]
    write = terminalreporter.write_line
    if figures.sections:
        terminalreporter.section("figures")
        known = {
            distribution.metadata["Name"].replace("_", "-"): distribution.version
            for distribution in metadata.distributions()
        }
        versions = ", ".join(f"{name} {known[name]}" for name in PEERS if name in known)
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        write(
            f"Python {platform.python_version()}, {platform.machine()}, {cores} cores, "
            f"load of the last minute {os.getloadavg()[0]:.2f}"
        )
        write(f"beside {versions}")
        write(
            f"medians [least, greatest] of {config.getoption('rounds')} turns unless said; ratios taken within a turn"
        )
        for line in figures.table():
            write(line)
        write("")
    skipped = len(terminalreporter.stats.get("skipped", []))
    if figures.sections and config.getoption("page"):
        written = page.page(
            figures.sections,
            phago=phago.__version__,
            peers=versions,
            rounds=config.getoption("rounds"),
            skipped=skipped,
        )
        Path(config.getoption("page")).write_text(written, encoding="utf-8")
    write(f"{skipped} benchmarks skipped for want of data or tools" if skipped else "no benchmark was skipped")


# --- fixtures -----------------------------------------------------------------------------------------------------


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    return request.config.stash[FIGURES]


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    return request.config.getoption("rounds")


@pytest.fixture(scope="session")
def debian() -> Path:
    path = corpora.find("debian.jsonl", "debian.jsonl.gz")
    if path is None:
        pytest.skip("needs debian.jsonl in the folder PHAGO_DATA; `python benches/corpus_debian.py OUT` makes it")
    return path


@pytest.fixture(scope="session")
def large() -> Path:
    path = corpora.find("large.jsonl")
    if path is None:
        pytest.skip("needs large.jsonl in the folder PHAGO_DATA: a document a line, a million of them")
    return path


def collection(name: str) -> Path:
    path = corpora.find(name)
    if path is None:
        pytest.skip(f"needs {name}/ (corpus.jsonl.gz, queries.jsonl, qrels.tsv) in the folder PHAGO_DATA")
    return path


@pytest.fixture(scope="session")
def cranfield() -> Path:
    return collection("cranfield")


@pytest.fixture(scope="session")
def hotpotqa() -> Path:
    return collection("hotpotqa")
