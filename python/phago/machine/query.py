"""Answers from many shards as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .._checks import count, instance, question_of
from ..errors import ConfigError
from ..ids import ShardId
from ..results import ScoredNode
from .coordinator import Coordinator
from .shard import ShardedColony, shards_of

__all__ = ["DistributedQueryEngine"]


class DistributedQueryEngine:
    """Concepts ranked over all shards with the statistics of all.

    Args:
        coordinator: The registry of the shards.
        shards: All of them.
    """

    def __init__(self, coordinator: Coordinator, shards: Iterable[ShardedColony]) -> None:
        self._coordinator = instance("coordinator", coordinator, Coordinator)
        self._shards = shards_of(shards)
        if not self._shards:
            accepted = "at least one shard"
            message = f"`shards` is empty; accepted is {accepted}"
            raise ConfigError(message, field="shards", value=self._shards, accepted=accepted)

    @property
    def coordinator(self) -> Coordinator:
        return self._coordinator

    @property
    def shards(self) -> Sequence[ShardedColony]:
        return self._shards

    def query(self, text: str, max_results: int = 10) -> list[ScoredNode]:
        """The concepts that answer best, best first; ties by node. The same for any number of shards.

        A concept's score is the sum, over the question's terms, of the term's idf times 1 where it is that concept,
        else times the weight of the term's synapse to it.

        Raises:
            ConfigError: The shards are not of one colony.
        """
        first, *others = (shard._native.world for shard in self._shards)
        if not all(first.same_as(other) for other in others):
            accepted = "shards of one colony: made on one ring object, or brought together by a runner"
            message = f"`shards` are of several colonies; accepted are {accepted}"
            raise ConfigError(message, field="shards", value="of several colonies", accepted=accepted)
        found = first.concepts(question_of("text", text), count("max_results", max_results, 1)).wait()
        return [ScoredNode(row.id, row.label, row.score, ShardId(row.shard)) for row in found]
