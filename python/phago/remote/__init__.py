"""A colony that another process has: over a local socket, or over HTTP."""

from .client import Client
from .connecting import channel, connect

__all__ = ["Client", "channel", "connect"]
