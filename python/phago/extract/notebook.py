"""Jupyter notebooks."""

from __future__ import annotations

import itertools
import json
from typing import Any

from .content import MARK, Content, Unread, of_marked, without_marks
from .markdown import read_markdowns

__all__ = ["read_notebook"]


def read_notebook(source: str) -> Content:
    """The text of a notebook's cells, Markdown and code, in order. What code printed or drew is left out.

    Raises:
        Unread: It is no notebook.
    """
    try:
        notebook = json.loads(source)
    except (ValueError, RecursionError):
        raise Unread("no notebook: not JSON") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise Unread("no notebook: without cells")
    title, pieces = "", []
    contents = iter(read_markdowns([_source(cell) for cell in cells if _is_markdown(cell)]))
    for cell in cells:
        text = _source(cell)
        if _is_markdown(cell):
            content = next(contents)
            title = title or content.title
            pieces.append(_marked(content))
        else:
            pieces.append(text)
    return of_marked(title, "\n\n".join(piece for piece in pieces if piece.strip()))


def _is_markdown(cell: Any) -> bool:
    return isinstance(cell, dict) and cell.get("cell_type") == "markdown"


# The source of a cell is a text, or its lines.
def _source(cell: Any) -> str:
    source = cell.get("source", "") if isinstance(cell, dict) else ""
    lines = source if isinstance(source, list) else [source]
    return without_marks("".join(line for line in lines if isinstance(line, str)))


def _marked(content: Content) -> str:
    starts = [0, *(section.start for section in content.sections), len(content.text)]
    return MARK.join(content.text[start:end] for start, end in itertools.pairwise(starts))
