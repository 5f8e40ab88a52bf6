"""The memory in numbers."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ...colony import Colony
from ..tool import Answer, Arguments, Tool

__all__ = ["STATUS"]


class _Status(Arguments):
    pass


class _Numbers(Answer):
    documents: int
    waiting: int = Field(description="Documents that are found by their words, and are not yet wired into concepts")
    concepts: int
    links: int = Field(description="Wired pairs of concepts")
    words: int = Field(description="Different words of all documents")
    tick: int = Field(description="How often the memory has organised itself")


def _status(memory: Colony, asked: _Status) -> dict[str, Any]:
    stats = memory.stats()
    return {
        "documents": stats.documents,
        "waiting": stats.pending,
        "concepts": stats.nodes,
        "links": stats.edges,
        "words": stats.terms,
        "tick": stats.tick,
    }


STATUS = Tool(
    "status",
    "How much the memory holds. Use it to see whether there is anything to recall, or whether something was stored.",
    _Status,
    _Numbers,
    _status,
)
