"""How large pictures and exports are, and how long they take: `python benches/pages.py [CONCEPTS ...]`.

Texts are words by Zipf's law, thirty topics apart; sizes are those of the colony that comes of them. With a Chromium
the page of `phago serve` is timed too: until something is seen, in milliseconds.
"""

import bisect
import itertools
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import phago
import phago.export
from phago.view.around import around
from phago.view.atlas import atlas

# Words and documents that make about so many concepts.
SIZES = {1_000: (1_000, 600), 10_000: (10_000, 4_000), 100_000: (150_000, 18_000)}


def texts(words, count):
    chance, ends = random.Random(3), list(itertools.accumulate(1 / (rank + 1) ** 0.9 for rank in range(words)))
    for _ in range(count):
        topic = chance.randrange(30) * 97
        ranks = (bisect.bisect(ends, chance.random() * ends[-1]) for _ in range(40))
        yield " ".join(f"w{(rank + topic) % words}x" for rank in ranks)


def timed(work):
    """Milliseconds, and what it gave."""
    begun = time.perf_counter()
    found = work()
    return round(1000 * (time.perf_counter() - begun)), found


def files(colony, folder):
    graph, rows = colony.graph, {}
    middle = max(graph.nodes, key=lambda node: (node.degree, node.mentions)).label
    for name, concept in (("graph.html, whole", None), (f"graph.html, around {middle}", middle)):
        path = folder / "graph.html"
        rows[name] = (timed(lambda path=path, concept=concept: graph.to_html(path, concept))[0], path.stat().st_size)
    rows["picture around"] = (timed(lambda: around(graph, middle))[0], None)
    took, found = timed(colony.map)
    rows["map: the survey"] = (took, None)
    rows["map: its picture"] = (timed(lambda: atlas(found))[0], None)
    took, shown = timed(colony._repr_html_)
    rows["colony in a notebook"] = (took, len(shown))
    tables = [("edges.parquet", lambda path: phago.export.parquet(graph.edges, path))]
    tables += [("edges.arrow", lambda path: phago.export.arrow(graph.edges, path)), ("graph.graphml", graph.to_graphml)]
    for name, write in tables:
        rows[name] = (timed(lambda write=write, name=name: write(folder / name))[0], (folder / name).stat().st_size)
    return rows, middle


def page(folder, middle):
    """The page, in a browser of the system."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    command = [sys.executable, "-m", "phago", "serve", str(folder), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    url = re.search(r"http://\S+", server.stdout.readline())[0]
    rows = {}
    try:
        with sync_playwright() as playwright:
            flags = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = playwright.chromium.launch(executable_path=chromium, args=flags)
            tab = browser.new_page()
            tab.set_default_timeout(120_000)

            def seen(view, what):
                tab.goto(url + view)
                tab.locator(what).first.wait_for()

            for name, view, what in (
                ("page: loaded", "", ".lead"),
                ("page: an answer", f"#/search/{middle}", ".hit"),
                ("page: first map", "#/map", ".node"),
                ("page: the strongest pairs", "#/walk", ".node"),
                ("page: map again", "#/map", ".node"),
                ("page: a walk", f"#/walk/{middle}", ".side a"),
            ):
                rows[name] = (timed(lambda view=view, what=what: seen(view, what))[0], None)
            step = tab.locator(".side li a").nth(1)
            label = step.inner_text()
            rows["page: a step of it"] = (
                timed(lambda: (step.click(), tab.get_by_role("heading", name=f"Around {label}").wait_for()))[0],
                None,
            )
            browser.close()
    finally:
        server.terminate()
        server.wait()
    return rows


def main(sizes):
    for size in sizes:
        words, count = SIZES[size]
        with tempfile.TemporaryDirectory() as folder:
            memory = Path(folder) / "memory"
            with phago.open(memory, seed=1) as colony:
                colony.ingest(texts(words, count))
                colony.run()
                stats = colony.stats()
                rows, middle = files(colony, Path(folder))
            if shutil.which("chromium") or shutil.which("google-chrome"):
                rows |= page(memory, middle)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(f"\n{stats.nodes:,} concepts, {stats.edges:,} synapses, {stats.documents:,} documents; peak {peak:,} MiB")
        for name, (took, written) in rows.items():
            print(f"  {name:32} {took:8,} ms" + (f" {written / 1000:12,.0f} kB" if written is not None else ""))


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or list(SIZES))
