"""The documents of a colony, read page by page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from ._rows import stored
from .results import StoredDocument

if TYPE_CHECKING:
    from ._phago import StoredRow

__all__ = ["Documents"]


class Documents(Iterator[StoredDocument]):
    """Documents in the order of their ids, each made when it is read; once.

    It has an Arrow stream too (`pip install "phago[arrow]"`), which takes what is not yet read:
    `polars.DataFrame(colony.documents())`, `phago.export.parquet(colony.documents(), "documents.parquet")`.
    """

    def __init__(self, pages: Iterator[list[StoredRow]]) -> None:
        self._pages = pages
        self._page: Iterator[StoredRow] = iter(())
        self.handed = 0
        """How many of them were handed over so far."""

    def __next__(self) -> StoredDocument:
        while True:
            for row in self._page:
                self.handed += 1
                return stored(row)
            self._page = iter(next(self._pages))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        from .export.arrow import documents_stream

        return documents_stream(self._rest()).__arrow_c_stream__(requested_schema)

    def _rest(self) -> Iterator[list[StoredRow]]:
        for page in chain([list(self._page)], self._pages):
            self.handed += len(page)
            yield page
