"""Documents out of files: text, Markdown, reStructuredText, HTML and JSON lines, packed with gzip or not."""

from .files import LeftOut, Source, read_sources, sources

__all__ = ["LeftOut", "Source", "read_sources", "sources"]
