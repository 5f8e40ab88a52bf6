"""What a colony of a size needs on a number of nodes, computed from what was measured on a smaller one."""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict, dataclass
from typing import Any

from .._intake import CHUNKS
from .._json import json_text
from .parsing import Parser

__all__ = ["Plan", "add_plan", "planned"]

# Measured on 64,512 descriptions of packages, of 1 kB and some 95 words each, over 1 to 16 processes of a machine with
# two cores (`benches/test_bench_cluster.py`, `benches/test_bench_digest.py`).
_CPU_US = 42.0
"""CPU of one document, from text to index and graph, in one process, in microseconds."""
_APPLY_US = 2.6
"""CPU of one document on every node: what all nodes count is applied everywhere."""
_SHARD_BYTES = 2_600
"""Memory of one document at its home: text, index, and its share of the graph."""
_TERM_BYTES = 112
"""Memory of one term on every node."""
_LISTS_BYTES = {2: 37, 4: 112, 8: 245, 16: 435}
"""Bytes of one document that shards send each other, by nodes."""
_COUNTED_BYTES = 30
"""Bytes of one document for each node that is told what others counted."""
_CALL_MS = 0.05
"""What the driver takes for one message to one node and its answer."""
_NODE_MIB = 25
"""What a node takes without documents."""

# Terms grow with the power .6 of documents (Heaps 1978), measured up to a million documents of one corpus.
_HEAPS, _HEAPS_AT_1 = 0.6, 100.0
# What one tick digests, and what one call of `ingest` takes together.
_TICK, _CHUNK = 4096, CHUNKS[-1]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a colony needs: totals in seconds and bytes, on the node that has most."""

    documents: float
    nodes: int
    terms: float
    """Different words of all documents, by their stems."""
    shard_bytes: float
    """Memory of a node's own documents."""
    commons_bytes: float
    """Memory of what every node holds of the whole colony."""
    node_seconds: float
    """CPU of a node to take in and digest everything, on a core like the measured one."""
    exchanged_bytes: float
    """What is sent in all, without the texts."""
    driver_seconds: float
    """What the driver takes for its messages."""
    messages: float
    breaks_first: str
    """What has to change first when the colony grows on."""


def _listed(nodes: int) -> float:
    """Bytes of a document's list of concepts to all nodes: it goes to every home of one of its 30 concepts."""
    if nodes == 1:
        return 0.0
    reached = nodes * (1 - (1 - 1 / nodes) ** 30) - 1
    at_16 = 16 * (1 - (1 - 1 / 16) ** 30) - 1
    return _LISTS_BYTES[nodes] if nodes in _LISTS_BYTES else _LISTS_BYTES[16] * reached / at_16


def planned(documents: float, nodes: int, memory: float = 64e9) -> Plan:
    """The plan of a colony of documents like those that were measured.

    Args:
        documents: How many.
        nodes: Over how many nodes.
        memory: What a node may take, in bytes.
    """
    # The largest node of a ring has somewhat more than its share.
    share = documents / nodes * (1.08 if nodes > 1 else 1.0)
    terms = _HEAPS_AT_1 * documents**_HEAPS
    shard, commons = share * _SHARD_BYTES + _NODE_MIB * 2**20, terms * _TERM_BYTES
    ticks, chunks = math.ceil(documents / _TICK), math.ceil(documents / _CHUNK)
    messages = 3 * nodes * ticks + 2 * nodes * chunks if nodes > 1 else 0
    counted = _COUNTED_BYTES * nodes if nodes > 1 else 0.0
    node_seconds = (share * _CPU_US + (documents * _APPLY_US if nodes > 1 else 0.0)) / 1e6
    driver_seconds = messages * _CALL_MS / 1e3
    limits = {
        f"memory: a node needs {(shard + commons) / 1e9:.1f} GB of {memory / 1e9:.0f}": (shard + commons) / memory,
        "what every node holds of the whole colony outgrows its own documents": commons / shard,
        "what every node applies of all documents outgrows its own work": documents * _APPLY_US / (share * _CPU_US),
        "one driver sends more messages than the nodes have work for": driver_seconds / node_seconds,
    }
    breaks = max(limits, key=lambda limit: limits[limit])
    return Plan(
        documents=documents,
        nodes=nodes,
        terms=terms,
        shard_bytes=shard,
        commons_bytes=commons,
        node_seconds=node_seconds,
        exchanged_bytes=documents * (_listed(nodes) + counted),
        driver_seconds=driver_seconds,
        messages=messages,
        breaks_first=breaks if limits[breaks] >= 1 else f"nothing yet; nearest is: {breaks}",
    )


def add_plan(commands: argparse._SubParsersAction[Parser]) -> None:
    """The command that plans."""
    parser = commands.add_parser(
        "plan",
        help="what a colony of a size needs on a number of nodes, and what breaks first",
        description="Computes memory, seconds and bytes from what was measured on 64,512 documents of 1 kB over 1 to "
        "16 processes. It is a model, not a promise: documents of other lengths scale with their words.",
    )
    parser.add_argument("--documents", type=_amount, required=True, metavar="N", help="how many, such as 1e9")
    parser.add_argument("--nodes", type=_nodes, default=1, metavar="N", help="over how many nodes (default: 1)")
    parser.add_argument(
        "--memory", type=_amount, default=64e9, metavar="BYTES", help="what a node may take (default: 64e9)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_plan, answers=True)


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 1 <= value <= 1e15:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 1e15")
    return value


def _nodes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 1,000,000")
    return int(text)


def _plan(arguments: argparse.Namespace) -> int:
    plan = planned(arguments.documents, arguments.nodes, arguments.memory)
    if arguments.json:
        print(json_text(asdict(plan)))
        return 0
    rows: list[tuple[str, Any]] = [
        ("documents", f"{plan.documents:,.0f} on {plan.nodes:,} node{'s' if plan.nodes > 1 else ''}"),
        ("terms", f"{plan.terms:,.0f}"),
        ("memory of the largest node", f"{(plan.shard_bytes + plan.commons_bytes) / 1e9:,.2f} GB"),
        ("  its own documents", f"{plan.shard_bytes / 1e9:,.2f} GB"),
        ("  what every node holds", f"{plan.commons_bytes / 1e9:,.2f} GB"),
        ("CPU of the largest node", f"{plan.node_seconds:,.0f} s to take in and digest everything"),
        ("sent in all, without texts", f"{plan.exchanged_bytes / 1e9:,.2f} GB"),
        ("messages of the driver", f"{plan.messages:,.0f}, {plan.driver_seconds:,.0f} s"),
        ("breaks first", plan.breaks_first),
    ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")
    return 0
