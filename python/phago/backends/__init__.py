"""Where shards live: in processes of this machine, in actors of Ray, or where a transport of one's own reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .transport import Answer, Died, Late, Message, Node, Stopped, Transport, Undelivered

if TYPE_CHECKING:
    from .processes import Processes
    from .ray import Ray

__all__ = ["Answer", "Died", "Late", "Message", "Node", "Processes", "Ray", "Stopped", "Transport", "Undelivered"]


# `import phago` pays for no engine that it does not use.
def __getattr__(name: str) -> Any:
    match name:
        case "Processes":
            from .processes import Processes

            return Processes
        case "Ray":
            from .ray import Ray

            return Ray
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
