"""Whether a colony takes what no JSON tells of: it is asked of one that is empty, and its errors are those of any."""

from __future__ import annotations

from typing import Any

from ..colony import Colony


def judge_document(given: Any, is_update: bool) -> None:
    """Do nothing for a document that a colony takes.

    Raises:
        InvalidDocument: It is none; its index is 0.
    """
    with Colony(shards=1) as colony:
        if is_update:
            colony.update(given)
        else:
            colony.ingest([given])


def judge_filter(where: Any) -> None:
    """Do nothing for a filter that a colony takes.

    Raises:
        ConfigError: It is none.
    """
    with Colony(shards=1) as colony:
        colony.count(where)


def judge_vector(vector: Any) -> None:
    """Do nothing for the vector of a question that a colony takes.

    Raises:
        ConfigError: It is none.
    """
    with Colony(shards=1) as colony:
        colony.query("", vector=vector)
