"""Agents of one's own: what they sense, what they do, and how they are driven."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._later import later

# What type checkers read; `_OF` below says the same to Python, and a test holds both equal.
if TYPE_CHECKING:
    from .actions import Absorb, Action, Die, Dissolve, Move, Prefer, Signal, Sleep, Spawn, Trace
    from .agent import Agent
    from .arrays import AgentArray, ArrayView, Deeds, Walkers
    from .view import View, ViewNode

__all__ = [
    "Absorb",
    "Action",
    "Agent",
    "AgentArray",
    "ArrayView",
    "Deeds",
    "Die",
    "Dissolve",
    "Move",
    "Prefer",
    "Signal",
    "Sleep",
    "Spawn",
    "Trace",
    "View",
    "ViewNode",
    "Walkers",
]

# Each module with its names. Most colonies have no agents of one's own.
_OF = {
    "actions": "Absorb Action Die Dissolve Move Prefer Signal Sleep Spawn Trace",
    "agent": "Agent",
    "arrays": "AgentArray ArrayView Deeds Walkers",
    "view": "View ViewNode",
}


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    __getattr__ = later(__name__, globals(), {name: module for module, names in _OF.items() for name in names.split()})
