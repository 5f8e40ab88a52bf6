"""In notebooks results show themselves: small, escaped, without a script, and at once."""

import html.parser
import re
import time

import phago
import pytest
from support import seeded_documents

HOSTILE = "<img src=x onerror=alert(1)>"
NAMES = ["colony", "graph", "hits", "explanation", "map", "insights", "stats", "nodes", "edges"]
# Elements that hold what we made; a document's own would be others.
OURS = {"table", "caption", "thead", "tbody", "tr", "th", "td", "div", "span", "small", "code"}
OURS |= {"svg", "g", "line", "circle", "text", "title", "polyline"}


class Elements(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.names, self.open, self.attributes = set(), [], set()
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def colony():
    with phago.Colony(2, seed=7) as colony:
        colony.ingest(seeded_documents(400))
        colony.ingest(
            {"id": f"{HOSTILE}{at}", "title": HOSTILE, "text": f"{HOSTILE} dough oven crumb {at}"} for at in range(3)
        )
        colony.run()
        yield colony


def shown(colony):
    return {
        "colony": colony,
        "graph": colony.graph,
        "hits": colony.query("dough oven"),
        "explanation": colony.explain("dough oven onerror", f"{HOSTILE}1"),
        "map": colony.map(),
        "insights": colony.insights(),
        "stats": colony.stats(),
        "nodes": colony.graph.nodes,
        "edges": colony.graph.edges,
    }


@pytest.mark.parametrize(
    "name", ["colony", "graph", "hits", "explanation", "map", "insights", "stats", "nodes", "edges"]
)
def test_what_is_shown_is_small_escaped_and_well_formed(colony, name):
    text = shown(colony)[name]._repr_html_()
    assert 100 < len(text) < 40_000
    elements = Elements(text)
    assert elements.names <= OURS
    assert not {name for name in elements.attributes if name.startswith("on") or name in ("href", "src")}
    assert HOSTILE not in text


def test_ids_and_passages_of_hostile_documents_are_text(colony):
    text = colony.query("dough oven")._repr_html_()
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "&lt;img" in colony.explain("dough", f"{HOSTILE}1")._repr_html_()


def test_a_colony_shows_its_numbers_its_growth_and_a_picture(colony):
    text = colony._repr_html_()
    assert f"{colony.stats().edges:,}" in text
    assert "<polyline" in text
    frequent = max(colony.graph.nodes, key=lambda node: (node.degree, node.mentions)).label
    assert f'aria-label="{frequent} and what it is wired to"' in text
    assert 20 < text.count("<circle") <= 36


def test_growth_ends_at_what_there_is(colony):
    from phago.view.glance import _grown

    stats = colony.stats()
    rows = _grown(stats, colony.events())
    assert rows[0][1] == 0
    assert rows[-1] == (stats.tick, stats.edges)
    assert rows == sorted(rows)
    assert len(rows) > 2


def test_an_empty_and_a_closed_colony_show_themselves():
    colony = phago.Colony(1)
    assert "<svg" not in colony._repr_html_()
    assert "documents" in colony._repr_html_()
    assert colony.graph.neighborhood_svg() == colony.graph.neighborhood_svg("xyzzy") == ""
    colony.close()
    assert colony._repr_html_() == "<code>&lt;closed Colony&gt;</code>"


def test_parts_of_a_score_are_drawn_and_told(colony):
    hits = colony.query("dough oven", k=1)
    text = hits._repr_html_()
    for part in ("lexical", "concepts"):
        points = getattr(hits[0].parts, part)
        if points:
            assert f"{part} {points:.2f}" in text
    assert "1 hit<" in text


def test_long_answers_are_cut_and_say_so(colony):
    hits = colony.query(" ".join(node.label for node in colony.graph.nodes[:60]), k=200)
    assert len(hits) > 60
    text = hits._repr_html_()
    assert text.count("<tr>") == 51
    assert "of which the first 50 are shown" in text


def test_words_of_a_picture_do_not_lie_on_one_another(colony):
    text = colony.graph.neighborhood_svg(limit=80)
    found = re.findall(r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)" font-size="(\d+)"[^>]*>([^<]+)<', text)
    boxes = []
    for x, y, anchor, size, word in found:
        wide = 0.58 * int(size) * len(word)
        left = float(x) - {"start": 0, "end": wide, "middle": wide / 2}[anchor]
        boxes.append((left, float(y) - int(size), left + wide, float(y) + 0.2 * int(size)))
    assert len(boxes) > 20
    for at, one in enumerate(boxes):
        for other in boxes[:at]:
            assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] + 3 or other[3] <= one[1] + 3


def test_showing_a_colony_makes_no_survey(colony, monkeypatch):
    def never(*_):
        raise AssertionError("a survey of seconds")

    for name in ("insights", "survey", "map"):
        monkeypatch.setattr(phago.Colony, name, never)
    for name in ("significant", "communities", "betweenness", "components"):
        monkeypatch.setattr(type(colony.graph), name, never)
    begun = time.monotonic()
    colony._repr_html_()
    colony.graph._repr_html_()
    assert time.monotonic() - begun < 2


def test_a_large_graph_is_not_looked_through_for_a_picture(colony, monkeypatch):
    for module in ("notebook", "glance"):
        monkeypatch.setattr(f"phago.view.{module}.GLANCE", 10)
    monkeypatch.setattr(type(colony.graph), "nodes", property(lambda _: pytest.fail("reads all nodes")))
    assert "<svg" not in colony.graph._repr_html_()
    assert "concepts" in colony._repr_html_()
