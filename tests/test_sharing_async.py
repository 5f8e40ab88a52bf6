"""The client for event loops, on a directory and over HTTP."""

import asyncio
import time

import phago
import pytest
from serving import served

NOTES = [{"id": f"n{number:02}", "text": f"Note {number} is about ions and membranes."} for number in range(20)]


async def used(client, colony):
    """Use a client beside a colony that is used in the same way."""
    for one in (client, colony):
        await one.ingest(NOTES)
        await one.run()
        await one.update({"id": "n03", "text": "Changed."})
        assert await one.delete("n04") is True
        assert await one.delete(["n05", "x"]) == 1
        assert [tick.tick async for tick in one.ticks(1)]
        await one.emit("wanted", "ions")
        await one.pin("ions")
    assert await client.query("note 7", k=3) == await colony.query("note 7", k=3)
    assert await client.explain("ions", "n07") == await colony.explain("ions", "n07")
    assert [one async for one in client.documents(limit=7)] == [one async for one in colony.documents(limit=7)]
    assert await client.digest() == await colony.digest()
    assert await client.insights() == await colony.insights()
    assert await client.field("wanted") == await colony.field("wanted")
    graph = client.graph
    assert type(graph) is phago.AsyncGraph
    assert await graph.read_node("ions") == await colony.graph.read_node("ions")
    assert await graph.read_neighbors("ions") == await colony.graph.read_neighbors("ions")
    assert list(await graph.read_edges()) == list(await colony.graph.read_edges())
    assert await graph.read_components() == await colony.graph.read_components()
    assert (len(client), "n07" in client, client.config) == (18, True, colony.config)
    with pytest.raises(phago.ConfigError, match="`k`"):
        await client.query("a", k=0)
    many = await asyncio.gather(*(client.query(f"note {number}") for number in range(40)))
    assert len(many) == 40


async def test_a_directory(tmp_path):
    async with phago.connect_async(tmp_path / "m") as owner, phago.connect_async(tmp_path / "m") as client:
        assert (owner.is_owner, client.is_owner) == (True, False)
        async with phago.AsyncColony() as colony:
            await used(client, colony)
        assert repr(client) == f"<AsyncClient of {tmp_path / 'm'}>"
    with pytest.raises(phago.ClosedError):
        await client.count()


async def test_a_server(tmp_path):
    with served(tmp_path / "m") as site:
        client = await phago.connect_async(site.url)
        async with phago.AsyncColony() as colony:
            await used(client, colony)
        await client.close()


async def test_the_loop_goes_on_and_a_cancelled_call_is_let_go(tmp_path):
    async with phago.connect_async(tmp_path / "m") as owner, phago.connect_async(tmp_path / "m") as client:
        serving = owner._client._channel._owner
        real = serving.colony

        class Slow:
            def __getattr__(self, name):
                if name == "stats":
                    time.sleep(2)
                return getattr(real, name)

        serving.colony = Slow()
        begun = time.monotonic()
        asking = asyncio.ensure_future(client.stats())
        await asyncio.sleep(0.05)
        assert time.monotonic() - begun < 1.5
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert time.monotonic() - begun < 1.5
        assert await client.count() == 0
