"""A colony in the tools of an agent, over the Model Context Protocol; needs the extra `mcp`.

`phago mcp DIR` is where to begin. `serve_stdio` and `serve_http` are what it calls.
"""

from __future__ import annotations

try:
    import mcp as _sdk  # noqa: F401
    import pydantic as _pydantic  # noqa: F401
except ImportError as error:
    raise ImportError('phago.mcp needs the official SDK: pip install "phago[mcp]"', name="mcp") from error

from .service import Service
from .serving import serve_http, serve_stdio

__all__ = ["Service", "serve_http", "serve_stdio"]
