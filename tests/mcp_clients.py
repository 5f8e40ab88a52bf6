"""Clients of the official SDK, in both of its versions, and a server as a process of its own."""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

from mcp import ClientSession, StdioServerParameters, types
from mcp.client import streamable_http
from mcp.client.stdio import stdio_client
from mcp.server.lowlevel import Server
from pydantic import AnyUrl
from support import CLEAN

IS_1 = hasattr(Server, "list_tools")

PHAGO = [sys.executable, "-W", "ignore", "-m", "phago"]


def plain(result):
    """A result of either version, in the protocol's own names."""
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)


class Client:
    """A session, its results as plain data."""

    def __init__(self, session):
        self.session = session

    async def tools(self):
        return {tool["name"]: tool for tool in plain(await self.session.list_tools())["tools"]}

    async def call(self, name, **arguments):
        """(what the tool answered, whether that is an error); an error is its words."""
        result = plain(await self.session.call_tool(name, arguments))
        failed = result.get("isError", False)
        return (result["content"][0]["text"] if failed else result["structuredContent"]), failed

    async def ask(self, name, **arguments):
        answer, failed = await self.call(name, **arguments)
        assert not failed, answer
        return answer

    async def resources(self, cursor=None):
        return plain(await self.session.list_resources(params=types.PaginatedRequestParams(cursor=cursor)))

    async def read(self, uri):
        uri = AnyUrl(uri) if IS_1 else uri
        return plain(await self.session.read_resource(uri))["contents"][0]["text"]


def written(log=None):
    """A file that a server's errors go to."""
    return Path(os.devnull if log is None else log).open("w")


@contextlib.asynccontextmanager
async def over_stdio(folder, *options, log=None):
    server = StdioServerParameters(command=PHAGO[0], args=[*PHAGO[1:], "mcp", str(folder), *options], env=dict(CLEAN))
    with written(log) as errors:
        async with (
            stdio_client(server, errlog=errors) as (reading, writing),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            yield Client(session)


@contextlib.asynccontextmanager
async def over_http(address, token=None):
    # 1.x and 2.x send with different libraries.
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with contextlib.AsyncExitStack() as stack:
        http = await stack.enter_async_context(_http(headers))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            streams = await stack.enter_async_context(streamable_http.streamable_http_client(address, http_client=http))
        session = await stack.enter_async_context(ClientSession(*streams[:2]))
        await session.initialize()
        yield Client(session)


def _http(headers):
    library = getattr(streamable_http, "httpx2", None) or streamable_http.httpx
    return library.AsyncClient(headers=headers, timeout=20)


@contextlib.contextmanager
def http_server(folder, *options, env=()):
    """A server on a free port of this machine: (its address, its process)."""
    command = [*PHAGO, "mcp", str(folder), "--http", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**CLEAN, **dict(env)}) as process:
        try:
            said = process.stderr.readline()
            address = re.search(r"http://\S+/mcp", said)
            assert address, said + (process.stderr.read() if process.poll() is not None else "")
            yield address[0], process
        finally:
            process.terminate()
            process.wait(20)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))
