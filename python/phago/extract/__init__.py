"""Documents out of files: text, Markdown, HTML, PDF, Word, notebooks, messages, source files and lines of JSON."""

from .apart import Apart
from .files import (
    KNOWN,
    SOURCE,
    File,
    LeftOut,
    Source,
    documents,
    files_of,
    is_of_lines,
    read_files,
    read_sources,
    sources,
)
from .parts import PART

__all__ = [
    "KNOWN",
    "PART",
    "SOURCE",
    "Apart",
    "File",
    "LeftOut",
    "Source",
    "documents",
    "files_of",
    "is_of_lines",
    "read_files",
    "read_sources",
    "sources",
]
