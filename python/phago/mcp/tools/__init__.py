"""The tools that an agent sees, a file each."""

from __future__ import annotations

from ..tool import Tool
from .explain import EXPLAIN
from .forget import FORGET
from .insights import INSIGHTS
from .recall import RECALL
from .related import RELATED
from .remember import REMEMBER
from .status import STATUS

__all__ = ["TOOLS"]

# More than seven, and a model begins to take the wrong one.
TOOLS: tuple[Tool, ...] = (REMEMBER, RECALL, EXPLAIN, FORGET, RELATED, INSIGHTS, STATUS)
