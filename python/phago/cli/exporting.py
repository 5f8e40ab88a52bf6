"""What `phago export` writes."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from ..colony import Colony
from .exits import USAGE, Problem
from .finding import counted

__all__ = ["FORMATS", "TABLES", "export"]

FORMATS = {"jsonl": ".jsonl", "parquet": ".parquet", "arrow": ".arrow", "graphml": ".graphml", "html": ".html"}
"""Each format, and what its files end in."""
TABLES = ("documents", "nodes", "edges")


def export(
    colony: Colony, file: str, asked: str | None, table: str | None, where: dict[str, Any] | None
) -> tuple[int, str]:
    """Write what was asked for; returns how many rows there are, and what was written, in words.

    Args:
        colony: What is read.
        file: Where to write; `-` for the output.
        asked: The format; by default what the file ends in.
        table: One of `TABLES`, of a format that has them; by default the documents.
        where: Which documents.

    Raises:
        Problem: What does not go together, or cannot be written.
    """
    format_ = asked or _by_name(file)
    kind = {"graphml": "edges", "html": "nodes"}.get(format_, table or "documents")
    if format_ in ("graphml", "html") and table is not None:
        raise Problem(f"`--table` goes with parquet and arrow; {format_} is of the whole graph", code=USAGE)
    if format_ == "jsonl" and kind != "documents":
        raise Problem(f"lines of JSON are of documents; accepted for {kind} is --format parquet or arrow", code=USAGE)
    if where is not None and kind != "documents":
        raise Problem("`--where` chooses documents; the graph is exported as a whole", code=USAGE)
    try:
        count = (
            _to_output(colony, format_, kind, where) if file == "-" else _to_file(colony, file, format_, kind, where)
        )
    except ImportError as error:
        raise Problem(str(error)) from None
    noun = {"documents": "document", "nodes": "concept", "edges": "synapse"}[kind]
    return count, f"{counted(count, noun)} written to {file}."


def _by_name(file: str) -> str:
    """The format that a file's name tells; lines of JSON by default."""
    end = Path(file).suffix.lower()
    return {end: name for name, end in FORMATS.items()}.get(end, "jsonl")


def _to_file(colony: Colony, file: str, format_: str, kind: str, where: dict[str, Any] | None) -> int:
    try:
        return _write(colony, file, format_, kind, where)
    except OSError as error:
        raise Problem(f"`{file}` cannot be written: {error.strerror or error}") from None


def _write(colony: Colony, file: str, format_: str, kind: str, where: dict[str, Any] | None) -> int:
    if format_ == "jsonl":
        return colony.export_jsonl(file, where)
    if format_ == "graphml":
        return colony.graph.to_graphml(file)
    if format_ == "html":
        return colony.graph.to_html(file)
    from .. import export as tables

    write = tables.parquet if format_ == "parquet" else tables.arrow
    if kind == "documents":
        documents = colony.documents(where)
        write(documents, file)
        return documents.handed
    rows = colony.graph.nodes if kind == "nodes" else colony.graph.edges
    write(rows, file)
    return len(rows)


def _to_output(colony: Colony, format_: str, kind: str, where: dict[str, Any] | None) -> int:
    # Bytes, as an output of another encoding would show question marks for what it does not have.
    if format_ != "jsonl" and sys.stdout is not None and sys.stdout.isatty():
        raise Problem(f"{format_} is not for a terminal; give a FILE", code=USAGE)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "out"
        count = _write(colony, str(file), format_, kind, where)
        if sys.stdout is None:
            return count
        with file.open("rb") as written:
            sys.stdout.flush()
            shutil.copyfileobj(written, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    return count
