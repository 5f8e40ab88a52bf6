"""What `phago export` writes."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from ..colony import Colony
from .exits import USAGE, Problem
from .finding import counted

__all__ = ["FORMATS", "TABLES", "Wanted"]

FORMATS = {"jsonl": ".jsonl", "parquet": ".parquet", "arrow": ".arrow", "graphml": ".graphml", "html": ".html"}
"""Each format, and what its files end in."""
TABLES = ("documents", "nodes", "edges")

_NOUNS = {"documents": "document", "nodes": "concept", "edges": "synapse"}


@contextlib.contextmanager
def _cleared_up() -> Iterator[None]:
    """What asks the process to end is as Ctrl-C: what is written half is removed."""

    def ended(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, ended)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written, and where.

    Raises:
        Problem: What does not go together.
    """

    file: str
    """`-` for the output."""
    format: str | None = None
    """By default what the file ends in."""
    table: str | None = None
    """One of `TABLES`, of a format that has them; by default the documents."""
    where: dict[str, Any] | None = None
    """Which documents."""
    around: str | None = None
    """Of a graph as HTML, the concept in its middle."""

    def write(self, colony: Colony) -> tuple[int, str]:
        """Write it; returns how many rows there are, and what was written, in words.

        Raises:
            Problem: It cannot be written.
        """
        try:
            with _cleared_up():
                count = self._to_output(colony) if self.file == "-" else self._to_file(colony)
        except ImportError as error:
            raise Problem(str(error)) from None
        return count, f"{counted(count, _NOUNS[self._rows])} written to {self.file}."

    @property
    def _kind(self) -> str:
        end = Path(self.file).suffix.lower()
        return self.format or {end: name for name, end in FORMATS.items()}.get(end, "jsonl")

    @property
    def _rows(self) -> str:
        return {"graphml": "edges", "html": "nodes"}.get(self._kind, self.table or "documents")

    # What does not go together speaks before a colony is opened.
    def __post_init__(self) -> None:
        kind, rows = self._kind, self._rows
        if self.file == "-" and sys.stdout is None:
            raise Problem("there is no output; give a FILE", code=USAGE)
        if self.file != "-" and (not self.file or Path(self.file).is_dir()):
            reason = "is a folder" if self.file else "is empty"
            raise Problem(f"FILE `{self.file}` {reason}; accepted is a file, or - for the output", code=USAGE)
        if kind in ("graphml", "html") and self.table is not None:
            raise Problem(f"`--table` goes with parquet and arrow; {kind} is of the whole graph", code=USAGE)
        if kind == "jsonl" and rows != "documents":
            raise Problem(
                f"lines of JSON are of documents; accepted for {rows} is --format parquet or arrow", code=USAGE
            )
        if self.around is not None and kind != "html":
            raise Problem(f"`--around` goes with html; {kind} is of all there is", code=USAGE)
        if self.where is not None and rows != "documents":
            raise Problem("`--where` chooses documents; the graph is exported as a whole", code=USAGE)

    def _to_file(self, colony: Colony) -> int:
        try:
            return self._written(colony, self.file)
        except OSError as error:
            raise Problem(f"`{self.file}` cannot be written: {error.strerror or error}") from None

    def _to_output(self, colony: Colony) -> int:
        # Bytes, as an output of another encoding would show question marks for what it does not have.
        if self._kind in ("parquet", "arrow") and sys.stdout.isatty():
            raise Problem(f"{self._kind} is not for a terminal; give a FILE", code=USAGE)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "out"
            count = self._written(colony, str(file))
            with file.open("rb") as written:
                sys.stdout.flush()
                shutil.copyfileobj(written, sys.stdout.buffer)
                sys.stdout.buffer.flush()
        return count

    def _written(self, colony: Colony, file: str) -> int:
        if self._kind == "jsonl":
            return colony.export_jsonl(file, self.where)
        if self._kind == "graphml":
            return colony.graph.to_graphml(file)
        if self._kind == "html":
            return colony.graph.to_html(file, self.around)
        from ..export import arrow, parquet

        write = parquet if self._kind == "parquet" else arrow
        if self._rows == "documents":
            documents = colony.documents(self.where)
            write(documents, file)
            return documents.handed
        rows = colony.graph.nodes if self._rows == "nodes" else colony.graph.edges
        write(rows, file)
        return len(rows)
