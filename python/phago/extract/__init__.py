"""Documents out of files: text, Markdown, reStructuredText, HTML and JSON lines, packed with gzip or not."""

from .files import KNOWN, SOURCE, LeftOut, Source, read_sources, sources
from .parts import PART

__all__ = ["KNOWN", "PART", "SOURCE", "LeftOut", "Source", "read_sources", "sources"]
