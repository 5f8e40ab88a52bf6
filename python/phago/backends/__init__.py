"""Where the shards of a colony live: processes of this machine, or what a transport of one's own reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .transport import Answer, Died, Late, Message, Node, Stopped, Transport

if TYPE_CHECKING:
    from .processes import Processes

__all__ = ["Answer", "Died", "Late", "Message", "Node", "Processes", "Stopped", "Transport"]


# `import phago` pays for no engine that it does not use.
def __getattr__(name: str) -> Any:
    if name == "Processes":
        from .processes import Processes

        return Processes
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
