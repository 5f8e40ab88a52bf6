"""One shard, for those who drive it themselves."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable
from typing import Any

from .. import _phago
from .._checks import count, instance, question_of, text_of, time_of
from .._phago import Batch
from .._rows import helped, node, phase_result
from .._settings import as_native
from .._unpicklable import Unpicklable
from ..config import ColonyConfig
from ..errors import CoordinatorUnavailable
from ..ids import ShardId, TickPhase
from ..results import (
    Hit,
    LocalQueryRequest,
    LocalQueryResult,
    Node,
    PhaseResult,
    ScoredNode,
    ShardHealth,
    ShardInfo,
)
from .ghosts import GhostNodeCache, ShardGhosts
from .ring import ConsistentHashRing

__all__ = ["Batch", "ShardedColony"]


class ShardedColony(Unpicklable):
    """One shard of a colony. Shards given the same ring and equal configs make one colony.

    The colony lives as long as any of its shards. A shard that is made again meanwhile, or made twice, is the same
    shard, with its documents. On a ring whose colony has ended with documents in it no other is begun in its place.

    Under a runner the driving calls (`tick_phase`, `take_outbox`, `deliver`, `abandon`) raise `BusyError`. By hand, a
    tick is: Sense and Act on every shard, each outbox delivered, Decay on every shard, Advance on every shard. The tick
    is committed when the last shard advances. `abandon` gives it up before.

    Args:
        shard_id: Its number on the ring.
        config: How the colony behaves; the same for all its shards.
        ring: The ring, such as `coordinator.ring`; frozen from now on.

    Raises:
        ShardNotFound: The ring has no shard of this number.
        ConfigError: The ring's colony of this config has ended, and its documents with it.
    """

    _instead = "make one where it is needed; its batches may travel"

    def __init__(self, shard_id: int, config: ColonyConfig, ring: ConsistentHashRing) -> None:
        config, ring = instance("config", config, ColonyConfig), instance("ring", ring, ConsistentHashRing)
        self._native = _phago.ShardHandle(ShardId(shard_id), as_native(config, "ColonyConfig"), ring._native)
        self._config = config
        self._ring = ring
        self._ghosts = ShardGhosts(self._native)

    @property
    def shard_id(self) -> ShardId:
        return ShardId(self._native.shard)

    @property
    def config(self) -> ColonyConfig:
        return self._config

    @property
    def ring(self) -> ConsistentHashRing:
        return self._ring

    @property
    def current_tick(self) -> int:
        """The last committed tick; 0 at first."""
        return self._native.current_tick

    # --- documents ---

    def owns_document(self, document_id: str) -> bool:
        """Whether this shard is home to the document that its caller named so."""
        return self._native.owns_document(text_of("document_id", document_id))

    def ingest_document(self, document: Any) -> str:
        """Take in one document; returns its id of 32 hex digits.

        Raises:
            RoutingFailed: It lives on another shard, which the error names.
            InvalidDocument: The document is not valid.
            DocumentExists: A document with other content has this id.
        """
        return self._native.ingest_document(document)

    def delete_document(self, document_id: str) -> bool:
        """Delete one document, as `Colony.delete` does; returns `False` if the shard has no document of this id.

        Raises:
            RoutingFailed: It lives on another shard, which the error names.
        """
        return self._native.delete_document(text_of("document_id", document_id))

    def reinforce(self, hit: Hit) -> bool:
        """Learn from a hit on one of this shard's documents, as `Colony.reinforce` does.

        Raises:
            RoutingFailed: The document lives on another shard, which the error names.
        """
        return self._native.reinforce(*helped(hit))

    def tell_time(self, now: datetime.datetime) -> bool:
        """Tell the whole colony the time, as `now` of `Colony.tick` does.

        Returns `False` if it is not later than before, and nothing changes.
        """
        return self._native.world.tell_time(time_of("now", now)).wait()

    # --- driving ---

    def tick_phase(self, phase: TickPhase | str) -> PhaseResult:
        """Drive one phase.

        Raises:
            PhaseOrderError: It is another phase's turn. (A `ValueError`.)
            BusyError: A runner drives this shard.
            ShardDied: The phase failed each time that it was redone. Nothing changed, and it can be driven again.
        """
        return phase_result(self._native.phase(TickPhase(phase).value))

    def take_outbox(self) -> dict[ShardId, Batch]:
        """What Act sent, by the shard it is for.

        Empty before Act. Until the tick ends it gives the same batches again, so that one that was lost can be sent
        again; what is delivered twice counts once.

        Raises:
            BusyError: A runner drives this shard.
        """
        return {ShardId(shard): batch for shard, batch in self._native.take_outbox()}

    def deliver(self, batch: Batch) -> None:
        """Put a batch for this shard into its inbox.

        Raises:
            BarrierFailed: It is of another tick, for another shard, or not what its sender sent.
            BusyError: A runner drives this shard.
        """
        self._native.deliver(batch)

    def abandon(self) -> bool:
        """Give up the tick that is being made by hand, on all shards of the colony.

        Every shard is at the old tick, documents that waited for the tick to end are taken, and the next tick begins
        with Sense. A thread inside a phase gets `BarrierFailed`.

        Returns:
            Whether a tick was being made.

        Raises:
            BusyError: A runner drives this shard.
        """
        return self._native.abandon()

    # --- reading ---

    def get_node(self, node_id: str) -> Node | None:
        """The node of this id (32 hex digits), if it lives here."""
        found = self._native.node(node_id)
        return None if found is None else node(found)

    def get_term_frequencies(self) -> dict[str, int]:
        """How many of this shard's documents contain each term, by its stem."""
        return self._native.term_frequencies()

    @property
    def ghost_cache(self) -> GhostNodeCache:
        """Copies of the far ends of this shard's edges."""
        return self._ghosts

    def cross_shard_edge_stats(self) -> dict[ShardId, int]:
        """How many live synapses of this shard end on each other one."""
        return {ShardId(shard): edges for shard, edges in self._native.cross_shard_edges().items()}

    def connected_shards(self) -> list[ShardId]:
        """The shards on which synapses of this one end, in order."""
        return [ShardId(shard) for shard in self._native.connected_shards()]

    def handle_shard_offline(self, shard_id: int) -> int:
        """Drop the ghosts of a shard's nodes; returns how many it dropped."""
        return self._native.handle_shard_offline(ShardId(shard_id))

    def health(self) -> ShardHealth:
        """This shard's condition, measured now."""
        row = self._native.health()
        return ShardHealth(self.shard_id, row.healthy, row.load, row.memory_usage_mb, row.pending_operations)

    def stats(self) -> dict[str, int | float]:
        """This shard in numbers.

        `nodes`, `edges`, `documents`, `pending`, `memory_bytes`, `ghosts` and `cross_shard_edges`.
        """
        return self._native.stats()

    def shard_info(self) -> ShardInfo:
        """This shard as a registry would note it now."""
        stats = self.stats()
        nodes, edges, documents = (int(stats[name]) for name in ("nodes", "edges", "documents"))
        return ShardInfo(self.shard_id, "in-process", nodes, edges, documents, time.monotonic())

    def execute_local_query(self, request: LocalQueryRequest) -> LocalQueryResult:
        """The concepts that this shard finds for a query, by those of its terms that live here.

        A concept may be found by several shards, each with its part of the score; `DistributedQueryEngine` has the
        whole.
        """
        stems = _phago.analyse(question_of("query_terms", " ".join(request.query_terms)))
        limit = count("max_results", request.max_results, 1)
        found = self._native.query(stems, limit, request.global_df or None)
        scored = tuple(ScoredNode(row.id, row.label, row.score, self.shard_id) for row in found.concepts)
        return LocalQueryResult(self.shard_id, scored, found.frequencies)

    def __repr__(self) -> str:
        try:
            return f"<ShardedColony {self.shard_id} at tick {self.current_tick}>"
        except CoordinatorUnavailable:
            return f"<unavailable ShardedColony {self.shard_id}>"


def shards_of(given: Iterable[ShardedColony]) -> tuple[ShardedColony, ...]:
    """An argument that holds shards."""
    if not isinstance(given, Iterable):
        raise TypeError(f"`shards` is an iterable of ShardedColony, not {type(given).__name__}")
    shards = tuple(given)
    for index, shard in enumerate(shards):
        if not isinstance(shard, ShardedColony):
            raise TypeError(f"`shards` holds {type(shard).__name__} at index {index}; accepted is a ShardedColony")
    return shards
