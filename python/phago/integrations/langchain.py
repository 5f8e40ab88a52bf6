"""A retriever for LangChain; needs the extra `langchain`. `PhagoStore` is there too, with the extra `langgraph`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ._asking import asked_of, checked, content_of, found, found_async, needed, place_of, provenance_of

try:
    from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
    from pydantic import ConfigDict, Field
except ImportError as error:
    raise needed("langchain", "langchain")(error) from error

__all__ = ["PhagoRetriever", "documents"]


class PhagoRetriever(BaseRetriever):
    """Passages of a colony as LangChain's documents, best first.

    `retriever.invoke("how do ions cross", k=3, where={"year": 2021})` and `ainvoke` take whatever `Colony.query` takes,
    for this question.

    A document's `id` is the colony's, its `metadata` that of the colony's document, and `metadata["phago"]` what else
    is known of the hit: `score`, `parts`, `path`, `passage`, `span`, `title`, `thread`, `place`. Of a
    document that has a key `phago` itself it stands under `phago.hit`.

    Args:
        colony: A `Colony`; or an `AsyncColony`, for `ainvoke` alone.
        k: Documents, at most; 1 or more.
        content: What `page_content` is: the whole "text", or the best "passage" of it.
        where: As for `Colony.query`, for each question; so are `ranking`, `since`, `until`, `as_of` and `newer`.
        asked: What else `Colony.query` takes, for each question, such as `diverse`.

    Raises:
        ValueError: Something that is not accepted, or is no argument of this.
    """

    # A `where` with a letter missing would be a question about all there is.
    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    colony: Any
    k: int = 10
    content: str = "text"
    where: Any = None
    ranking: Any = None
    since: Any = None
    until: Any = None
    as_of: Any = None
    newer: float | None = None
    asked: dict[str, Any] = Field(default_factory=dict)

    def model_post_init(self, context: Any) -> None:
        """Refuse at once what would fail with the first question."""
        checked(self.colony, self.k, self.content)
        self._every({})
        super().model_post_init(context)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **asked: Any
    ) -> list[Document]:
        k, asked = self._asked(asked)
        return [self._document(hit) for hit in found(self.colony, query, k, asked)]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **asked: Any
    ) -> list[Document]:
        k, asked = self._asked(asked)
        return [self._document(hit) for hit in await found_async(self.colony, query, k, asked)]

    def _asked(self, asked: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        every = self._every(asked)
        return every.pop("k", self.k), every

    def _every(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        named = {name: getattr(self, name) for name in ("where", "ranking", "since", "until", "as_of", "newer")}
        return {**asked_of(self.colony, self.asked, **named), **asked}

    def _document(self, hit: Any) -> Document:
        metadata = {**hit.metadata, place_of(hit): provenance_of(hit)}
        return Document(id=hit.id, page_content=content_of(hit, self.content), metadata=metadata)


def documents(given: Iterable[Document]) -> Iterator[dict[str, Any]]:
    """LangChain's documents, as from a loader or a splitter, as `Colony.ingest` takes them.

    `colony.ingest(documents(loader.load()))`. A mapping within metadata becomes keys with dots, as `where` has no other
    names for what is inside: `{"loc": {"page": 1}}` is `{"loc.page": 1}`.
    """
    for one in given:
        document: dict[str, Any] = {"text": one.page_content, "metadata": dict(_flat(one.metadata))}
        if one.id is not None:
            document["id"] = one.id
        title = document["metadata"].get("title")
        if isinstance(title, str):
            document["title"] = title
        yield document


def _flat(metadata: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in metadata.items():
        # What a hit was made into may be taken in again: this is known of the hit, not of the document.
        if isinstance(value, Mapping) and f"{before}{key}" not in ("phago", "phago.hit"):
            yield from _flat(value, f"{before}{key}.")
        elif not isinstance(value, Mapping):
            yield f"{before}{key}", value


def __getattr__(name: str) -> Any:
    if name == "PhagoStore":
        from .langgraph import PhagoStore

        return PhagoStore
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
