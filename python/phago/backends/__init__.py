"""Where shards live: in processes of this machine, in actors of Ray, or where a transport of one's own reaches."""

from __future__ import annotations

from .processes import Processes
from .ray import Ray
from .transport import Answer, Died, Late, Message, Node, Stopped, Transport

__all__ = ["Answer", "Died", "Late", "Message", "Node", "Processes", "Ray", "Stopped", "Transport"]
