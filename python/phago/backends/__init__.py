"""Where the shards of a colony live: processes of this machine, or what a transport of one's own reaches."""

from __future__ import annotations

from .processes import Processes
from .transport import Answer, Died, Late, Message, Node, Stopped, Transport

__all__ = ["Answer", "Died", "Late", "Message", "Node", "Processes", "Stopped", "Transport"]
