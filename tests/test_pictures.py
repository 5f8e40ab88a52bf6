"""Pictures are small, the same for the same graph, and nothing that a document says can run in them."""

import html.parser
import json
import math
import re

import phago
import pytest
from phago.view.around import around
from phago.view.atlas import atlas, backbone
from phago.view.layout import rings, spread
from support import seeded_documents

HOSTILE = "</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def colony():
    with phago.Colony(2, seed=7) as colony:
        colony.ingest(seeded_documents(600))
        colony.run()
        yield colony


@pytest.fixture(scope="module")
def frequent(colony):
    return max(colony.graph.nodes, key=lambda node: (node.degree, node.mentions)).label


class Elements(html.parser.HTMLParser):
    """The elements of a page, and what stands in each script."""

    def __init__(self, text):
        super().__init__()
        self.found, self.scripts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.found and self.found[-1][0] == "script":
            self.scripts[-1] += data


def is_within(data):
    return all(-1 <= node[axis] <= 1 for node in data["nodes"] for axis in "xy")


def test_a_neighbourhood_has_its_concept_in_the_middle_and_is_bounded(colony, frequent):
    data = around(colony.graph, frequent, limit=30)
    assert data["center"] == data["nodes"][0]["label"] == frequent
    assert 20 <= len(data["nodes"]) <= 30
    assert [node["hop"] for node in data["nodes"]] == sorted(node["hop"] for node in data["nodes"])
    assert data["wired"] == len(colony.graph.neighbors(frequent))
    assert is_within(data)
    assert len({node["label"] for node in data["nodes"]}) == len(data["nodes"])
    # Each but the first is linked to one that is nearer.
    nearest = {other for one, other in (link["ends"] for link in data["links"])}
    assert nearest == set(range(1, len(data["nodes"])))
    assert len(data["links"]) <= 4 * len(data["nodes"])


def test_links_are_synapses_of_the_graph(colony, frequent):
    data = around(colony.graph, frequent)
    labels = [node["label"] for node in data["nodes"]]
    for link in data["links"]:
        one, other = (labels[end] for end in link["ends"])
        both = (*colony.graph.neighbors(one), *colony.graph.neighbors(other))
        edges = [edge for edge in both if {edge.source, edge.target} == {one, other}]
        assert link["documents"] == max(edge.co_activations for edge in edges)
        assert math.isclose(link["weight"], max(edge.weight for edge in edges), abs_tol=1e-4)


def test_hops_reach_so_far(colony, frequent):
    one, two = (around(colony.graph, frequent, hops=hops, limit=40) for hops in (1, 2))
    assert max(node["hop"] for node in one["nodes"]) == 1
    assert max(node["hop"] for node in two["nodes"]) == 2
    assert around(colony.graph, "no-such-word") is None


def test_a_concept_is_found_by_its_label_word_or_stem(colony, frequent):
    node = colony.graph.node(frequent)
    assert around(colony.graph, node.stem) == around(colony.graph, frequent)


def test_the_same_graph_is_the_same_picture_on_any_number_of_shards(colony, frequent, tmp_path):
    with phago.Colony(5, seed=7) as other:
        other.ingest(seeded_documents(600))
        other.run()
        assert around(other.graph, frequent) == around(colony.graph, frequent)
        assert backbone(other.graph, limit=60) == backbone(colony.graph, limit=60)
        assert atlas(other.map()) == atlas(colony.map())
        for at, one in enumerate((colony, other)):
            one.graph.to_html(tmp_path / f"{at}.html", frequent)
    assert (tmp_path / "0.html").read_bytes() == (tmp_path / "1.html").read_bytes()


def test_a_backbone_is_of_the_strongest_pairs(colony):
    data = backbone(colony.graph, limit=40)
    strongest = colony.graph.significant(1)[0]
    labels = [node["label"] for node in data["nodes"]]
    assert labels[:2] == [strongest.source, strongest.target]
    assert 10 < len(labels) <= 40
    assert data["links"][0]["strength"] == round(strongest.g2, 2)
    assert len(data["links"]) <= 3 * 40 + 40
    assert is_within(data)


def topics():
    """Three topics, most days of the first, and fewest of the last."""
    kitchen = ["yeast flour dough oven bread", "flour oven dough crumb bread", "yeast dough crumb flour oven"]
    harbour = ["ship quay rope anchor mast", "rope mast ship sail quay", "anchor quay sail mast ship"]
    music = ["violin bow string tune choir", "string tune violin cello bow", "choir cello tune string violin"]
    for days, texts in ((60, kitchen), (50, harbour), (40, music)):
        yield from (f"{text} day{day}" for day in range(days) for text in texts)


def test_an_atlas_has_the_clusters_of_most_documents():
    with phago.Colony(2, seed=7) as colony:
        colony.ingest(topics())
        colony.run()
        found = colony.map()
        data, fewer = atlas(found), atlas(found, limit=2)
    assert [node["label"] for node in data["nodes"]] == [cluster.label for cluster in found.clusters]
    assert (data["clusters"], len(fewer["nodes"]), fewer["clusters"]) == (3, 2, 3)
    assert data["nodes"][0]["concepts"] == len(found.clusters[0].members)
    assert "members" not in json.dumps(data)
    assert is_within(data)
    places = {(node["x"], node["y"]) for node in data["nodes"]}
    assert len(places) == 3


def test_an_empty_colony_has_empty_pictures(tmp_path):
    with phago.Colony(1) as colony:
        assert atlas(colony.map())["nodes"] == []
        assert backbone(colony.graph, limit=10)["nodes"] == []
        assert colony.graph.to_html(tmp_path / "empty.html") == 0
        assert "0 of 0 concepts" in (tmp_path / "empty.html").read_text()


@pytest.mark.parametrize("count", [0, 1, 2, 7, 40])
def test_layouts_give_each_node_a_place_of_its_own(count):
    chain = [(at, at + 1) for at in range(count - 1)]
    tree = [-1, *((at - 1) // 3 for at in range(1, count))][:count]
    order = [at for at in range(1, count) if tree[at] == 0]
    for places in (spread(count, chain), spread(count, []), rings(tree, order)):
        assert len(set(places)) == len(places) == count


def test_a_file_is_whole_small_and_asks_for_nothing(colony, frequent, tmp_path):
    path = tmp_path / "graph.html"
    drawn = colony.graph.to_html(path, frequent)
    text = path.read_text(encoding="utf-8")
    page = Elements(text)
    assert 30 < drawn <= 150
    assert len(text) < 150_000
    named = [value for _, attributes in page.found for name, value in attributes.items() if name in ("src", "href")]
    assert named == []
    assert not re.search(r"@import|url\(|import\(|fetch\(", text)
    data = json.loads(page.scripts[0])
    assert (data["center"], len(data["nodes"])) == (frequent, drawn)
    policy = next(attributes["content"] for _, attributes in page.found if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert list(tmp_path.iterdir()) == [path]


def test_what_documents_say_is_data_in_a_file(tmp_path):
    # Words are letters and digits, so a label cannot hold a sign; data of other makings may.
    from phago.view.file import page

    node = {"label": HOSTILE, "documents": 1, "synapses": 0, "hop": 0, "x": 0, "y": 0}
    text = page({"kind": "around", "nodes": [node], "links": []}, HOSTILE, HOSTILE)
    found = Elements(text)
    assert len(found.scripts) == 2
    assert json.loads(found.scripts[0])["nodes"][0]["label"] == HOSTILE
    assert HOSTILE not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"around": "xyzzy"}, "`around` is 'xyzzy'; accepted is a concept"),
        ({"limit": 1}, "`limit` is 1; accepted is an integer from 2 to 500"),
        ({"limit": 501}, "`limit` is 501"),
        ({"around": "x", "hops": 0}, "`hops` is 0; accepted is an integer from 1 to 4"),
    ],
)
def test_a_picture_that_cannot_be_drawn_says_why_and_writes_nothing(colony, tmp_path, arguments, message):
    with pytest.raises(phago.ConfigError, match=re.escape(message)):
        colony.graph.to_html(tmp_path / "graph.html", **arguments)
    with pytest.raises(FileNotFoundError):
        colony.graph.to_html(tmp_path / "none" / "graph.html")
    assert list(tmp_path.iterdir()) == []
