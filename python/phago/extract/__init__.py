"""Documents out of files: text, Markdown, reStructuredText, HTML and JSON lines, packed with gzip or not."""

from .files import KNOWN, SOURCE, LeftOut, Source, read_sources, sources

__all__ = ["KNOWN", "SOURCE", "LeftOut", "Source", "read_sources", "sources"]
