"""Agents of one's own: what they sense, what they do, and how they are driven."""

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
