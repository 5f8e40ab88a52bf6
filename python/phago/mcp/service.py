"""What the server does for each method of the protocol: plain data in and out, in the protocol's own names."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from ..colony import Colony
from ..errors import BusyError, ClosedError, PhagoError, StorageError
from .budget import as_text
from .provenance import DOCUMENTS, id_of, uri_of
from .tool import Refused
from .tools import TOOLS

__all__ = ["INSTRUCTIONS", "NotThere", "Service"]

_LOG = logging.getLogger("phago")

INSTRUCTIONS = (
    "A memory of texts that lasts over sessions. Before you answer what it may know, call `recall`; to keep something, "
    "call `remember`. It finds by words and by concepts that occur together, so ask with the words that matter."
)

_PAGE = 100

# Advice for an agent, by the kind of error; the first that fits.
_ADVICE: tuple[tuple[type[Exception], str], ...] = (
    (BusyError, "another process is writing; try again in a moment"),
    (ClosedError, "the memory is closing; start the server again"),
    (StorageError, "nothing more is kept until the server is started again; tell the user"),
)


class NotThere(Exception):
    """A method, a resource or a page that there is not."""


class Service:
    """A memory as the protocol's methods.

    Args:
        memory: The colony.
        changes: Whether the tools that change it are there.
    """

    def __init__(self, memory: Colony, *, changes: bool = True) -> None:
        self._memory = memory
        self._tools = {tool.name: tool for tool in TOOLS if changes or not tool.changes}
        # Of a colony that another process writes, what is committed now.
        self._refreshes = not changes
        self.methods: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "tools/list": self._list_tools,
            "tools/call": self._call_tool,
            "resources/list": self._list_resources,
            "resources/templates/list": self._list_templates,
            "resources/read": self._read_resource,
        }
        """What is done for each method. Called in any thread; takes and returns what JSON can hold."""

    def _current(self) -> Colony:
        if self._refreshes:
            self._memory.refresh()
        return self._memory

    def _list_tools(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return {"tools": [tool.listed() for tool in self._tools.values()]}

    def _call_tool(self, params: Mapping[str, Any]) -> dict[str, Any]:
        name = params["name"]
        tool = self._tools.get(name)
        if tool is None:
            return _failed(f"there is no tool `{name[:80]}`; there are {', '.join(self._tools)}")
        path = self._memory.path
        if tool.changes and path is not None and not path.is_dir():
            # What is written into open files of a deleted directory is gone with the process.
            return _failed(
                f"`{path}` was deleted or moved: nothing can be kept; tell the user, and start the server again"
            )
        try:
            answer = tool.answered(self._current(), params.get("arguments") or {})
        except Refused as error:
            return _failed(str(error))
        except PhagoError as error:
            advice = next((words for kind, words in _ADVICE if isinstance(error, kind)), None)
            return _failed(f"{error}{f'; {advice}' if advice else ''}")
        except Exception as error:
            # The agent gets words and the log the place; the next call may well work.
            _LOG.exception("the tool `%s` failed", name)
            return _failed(f"`{name}` failed: {type(error).__name__}: {error}")
        return {"content": [{"type": "text", "text": as_text(answer)}], "structuredContent": answer, "isError": False}

    def _list_resources(self, params: Mapping[str, Any]) -> dict[str, Any]:
        page = list(self._current().documents(after=params.get("cursor"), limit=_PAGE + 1))
        listed = [
            {
                "uri": uri_of(one.id),
                "name": one.id,
                **({"title": one.title} if one.title else {}),
                "mimeType": "text/plain",
                "size": len(one.text.encode()),
            }
            for one in page[:_PAGE]
        ]
        # A page ends with an id, and the next one begins behind it, whatever came or left between the two.
        return {"resources": listed, **({"nextCursor": page[_PAGE - 1].id} if len(page) > _PAGE else {})}

    def _list_templates(self, params: Mapping[str, Any]) -> dict[str, Any]:
        template = {
            "uriTemplate": DOCUMENTS + "{id}",
            "name": "document",
            "title": "A document of the memory",
            "description": "The whole text of a document, by its id; `recall` finds ids",
            "mimeType": "text/plain",
        }
        return {"resourceTemplates": [template]}

    def _read_resource(self, params: Mapping[str, Any]) -> dict[str, Any]:
        uri = str(params["uri"])
        key = id_of(uri)
        if key is None:
            raise NotThere(f"`{uri[:200]}` is no resource of this memory; they are {DOCUMENTS}{{id}}")
        document = self._current().get(key)
        if document is None:
            raise NotThere(f"there is no document `{key[:80]}`")
        return {"contents": [{"uri": uri, "mimeType": "text/plain", "text": document.text}]}


def _failed(words: str) -> dict[str, Any]:
    # What an agent gave may be no text, and is told to it as it was.
    words = words.encode(errors="replace").decode()
    return {"content": [{"type": "text", "text": words}], "isError": True}
