"""All that phago does, once, as it must without a network. `python tests/everything.py FOLDER`."""

import asyncio
import contextlib
import io
import sys
from pathlib import Path

import phago
import phago.plot
from phago.cli import main
from serving import served
from sharing import Process

NOTES = [
    {"id": f"n{number}", "text": f"Note {number}: {topic} again and again.", "metadata": {"number": number}}
    for number in range(60)
    for topic in [("ions cross the membrane", "yeast raises the dough", "rain falls on hills")[number % 3]]
]


def in_memory():
    with phago.Colony(seed=1, embed=lambda texts: [[len(text), 1.0] for text in texts], model="lengths") as colony:
        colony.ingest(NOTES)
        colony.run(progress=lambda told: None)
        hits = colony.query("membrane", newer=0.1)
        colony.reinforce(hits[0])
        colony.explain("membrane", "n0")
        colony.survey()
        colony.anomalies()
        colony.map()
        phago.plot.map(colony)
        colony.graph.betweenness()
        phago.Coordinator()


async def on_a_loop():
    async with phago.AsyncColony() as colony:
        await colony.ingest(NOTES)
        await colony.run()
        assert await colony.query("membrane")


def on_disk(folder):
    with phago.open(folder / "m", backend="processes", nodes=2) as colony:
        colony.ingest(NOTES)
        colony.run()
        colony.snapshot(folder / "copy")
    assert phago.verify(folder / "copy").is_whole


def shared(folder):
    with phago.connect(folder / "m") as client, Process(folder / "m") as other:
        assert other.does("len(client)") == len(client) == len(NOTES)
    with served(folder / "m") as site, phago.connect(site.url) as client:
        assert client.query("membrane")
        assert site.get("/").status == 200


def commands(folder):
    (folder / "notes").mkdir()
    (folder / "notes" / "heart.md").write_text("# The heart\n\nThe heart pumps blood.")
    memory, notes = str(folder / "c"), str(folder / "notes")
    lines = [
        ["ingest", memory, notes],
        ["sync", memory, notes],
        ["query", memory, "heart"],
        ["stats", memory],
        ["verify", memory],
        ["demo", notes, "--ask", "what pumps blood"],
    ]
    for line in lines:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert main(line) == 0, (line, out.getvalue())


def everything(folder):
    in_memory()
    asyncio.run(on_a_loop())
    on_disk(folder)
    shared(folder)
    commands(folder)
    print("all of it")


if __name__ == "__main__":
    everything(Path(sys.argv[1]))
