"""A colony that another process has: over a local socket, or over HTTP."""

from .aio import AsyncClient
from .client import Client
from .connecting import channel, connect, connect_async

__all__ = ["AsyncClient", "Client", "channel", "connect", "connect_async"]
