"""A retriever for LlamaIndex; needs the extra `llama-index`."""

from __future__ import annotations

from typing import Any

from ._asking import asked_of, checked, content_of, found, found_async, needed, place_of, provenance_of

try:
    from llama_index.core.retrievers import BaseRetriever
    from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
except ImportError as error:
    raise needed("llama-index", "llama_index")(error) from error

__all__ = ["PhagoRetriever"]


class PhagoRetriever(BaseRetriever):
    """Passages of a colony as LlamaIndex's nodes, with their scores, best first.

    A node's `id_` is the id of the colony's document, its `metadata` that document's, and `metadata["phago"]` what
    else is known of the hit: `parts`, `path`, `passage`, `span`, `title`, `thread`, `place`. None of the
    latter is shown to a model or embedded.

    Args:
        colony: A `Colony`; or an `AsyncColony`, for `aretrieve` alone.
        similarity_top_k: Nodes, at most; 1 or more.
        content: What a node's text is: the whole "text", or the best "passage" of it.
        where: As for `Colony.query`, for each question; so are `ranking`, `since`, `until`, `as_of` and `newer`.
        asked: What else `Colony.query` takes, for each question, such as `diverse`.
        **kwargs: What LlamaIndex's own retrievers take.

    Raises:
        ConfigError: Something that is not accepted.
        TypeError: What is no argument of this.
    """

    def __init__(
        self,
        colony: Any,
        similarity_top_k: int = 10,
        *,
        content: str = "text",
        where: Any = None,
        ranking: Any = None,
        since: Any = None,
        until: Any = None,
        as_of: Any = None,
        newer: float | None = None,
        asked: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        asked = dict(asked or {})
        # As the question itself calls it.
        similarity_top_k = asked.pop("k", similarity_top_k)
        checked(colony, similarity_top_k, content)
        named = {"where": where, "ranking": ranking, "since": since, "until": until, "as_of": as_of, "newer": newer}
        self._asked = asked_of(colony, asked, **named)
        self._colony, self._k, self._content = colony, similarity_top_k, content
        super().__init__(**kwargs)

    def __repr__(self) -> str:
        """What is asked, and how."""
        asked = "".join(f", {name}={value!r}" for name, value in self._asked.items())
        return f"PhagoRetriever({self._colony!r}, similarity_top_k={self._k}, content={self._content!r}{asked})"

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [self._node(hit) for hit in found(self._colony, query_bundle.query_str, self._k, self._asked)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        hits = await found_async(self._colony, query_bundle.query_str, self._k, self._asked)
        return [self._node(hit) for hit in hits]

    def _node(self, hit: Any) -> NodeWithScore:
        node = TextNode(
            id_=hit.id,
            text=content_of(hit, self._content),
            metadata={**hit.metadata, place_of(hit): provenance_of(hit)},
            excluded_llm_metadata_keys=[place_of(hit)],
            excluded_embed_metadata_keys=[place_of(hit)],
        )
        return NodeWithScore(node=node, score=hit.score)
