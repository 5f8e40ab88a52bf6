"""Pictures, seen through the renderer: no text on another, the same for the same input, and readable in grey."""

import dataclasses
import io
import itertools
import re
import subprocess
import sys

import phago
import pytest
from support import CLEAN
from test_surveys import planted

matplotlib = pytest.importorskip("matplotlib", reason='matplotlib is not installed: pip install "phago[plot]"')

import numpy as np  # noqa: E402
from matplotlib.colors import to_rgb  # noqa: E402
from matplotlib.patches import Circle  # noqa: E402
from matplotlib.text import Text  # noqa: E402
from phago import plot  # noqa: E402

CELLS = [
    {"id": "a", "title": "Cell membranes", "text": "Ion channels let ions cross the cell membrane."},
    {"id": "b", "text": "The membrane holds the cell; channels let ions pass."},
]


def grown(documents, **settings):
    colony = phago.Colony(config=phago.ColonyConfig(**settings))
    colony.ingest(documents)
    return colony, [(result, colony.stats()) for result in colony.ticks()]


@pytest.fixture(scope="module")
def colony():
    return grown(planted(), documents_per_tick=250)


@pytest.fixture(scope="module")
def small():
    return grown(CELLS)


def texts(figure):
    """The texts that are drawn, with their boxes in pixels."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    # Ticks beyond the limits of an axis exist and are not drawn.
    ticks = [
        (axis, tick) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for tick in axis.get_major_ticks()
    ]
    beyond = {
        label
        for axis, tick in ticks
        for label in (tick.label1, tick.label2)
        if not axis.get_view_interval()[0] <= tick.get_loc() <= axis.get_view_interval()[1]
    }
    every = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [(text.get_text(), text.get_window_extent(renderer)) for text in every if text not in beyond]


def checked(figure):
    """A figure on which no text overlaps another, and all are on the page."""
    found = texts(figure)
    assert found
    for text, box in found:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= figure.bbox.x1, text
        assert box.y1 <= figure.bbox.y1, text
    for (one, a), (other, b) in itertools.combinations(found, 2):
        # A pixel of the empty rim that belongs to a text's box.
        wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wide <= 1 or high <= 1, f"{one!r} and {other!r} overlap by {wide:.0f} x {high:.0f}"
    return [text for text, _ in found]


def drawn(figure):
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def cluster(label, documents, strongest=()):
    names = (label, *strongest)
    return phago.Cluster(label, names, names, documents, (), 9)


def bridge(label, one, other):
    return phago.Bridge(label, tuple(phago.BridgeSide(side, 5.0, 9.0, (), ()) for side in (one, other)), 10, 0.9, 9.0)


def crowded(count=30, links=90):
    """A map with as many clusters as a page shows, long names, and more links than it may draw."""
    clusters = [
        cluster(f"concept{at}" * (1 + at % 3), 1 + at * at, [f"{name}{at}" * 2 for name in ("alpha", "beta", "gamma")])
        for at in range(count)
    ][::-1]
    pairs = list(itertools.combinations(range(count), 2))[:: max(1, count * (count - 1) // 2 // links)]
    made = [
        phago.ClusterLink(
            (clusters[one], clusters[other]),
            0 if at % 4 == 0 else 5,
            0.0 if at % 4 == 0 else 1000.0 / (at + 1),
            tuple(bridge(f"bridge{at}x{name}", clusters[one], clusters[other]) for name in range(at % 5)),
        )
        for at, (one, other) in enumerate(pairs)
    ]
    return phago.Map(3, 9_000, tuple(clusters), tuple(sorted(made, key=lambda link: -link.g2)))


# --- growth ------------------------------------------------------------------------------------------------------


def test_growth_shows_documents_concepts_and_synapses(colony):
    _, ticks = colony
    stats = [stats for _, stats in ticks]
    shown = checked(plot.growth(stats))
    for name, value in (("documents digested", 2_000), ("concepts", stats[-1].nodes), ("synapses", stats[-1].edges)):
        assert name in shown
        assert f"{value:,}" in shown


def test_growth_of_ticks_knows_no_documents_and_is_that_of_their_stats(colony):
    _, ticks = colony
    shown = checked(plot.growth([result for result, _ in ticks]))
    assert "documents digested" not in shown
    assert f"{ticks[-1][1].edges:,}" in shown
    lines = {axes.lines[0].get_ydata()[3] for axes in plot.growth([stats for _, stats in ticks]).axes}
    assert {axes.lines[0].get_ydata()[3] for axes in plot.growth([result for result, _ in ticks]).axes} < lines


def test_growth_takes_ticks_in_any_order_and_any_number(colony, small):
    stats = [stats for _, stats in colony[1]]
    assert drawn(plot.growth(reversed(stats))) == drawn(plot.growth(stats))
    for some in (stats[:1], [stats for _, stats in small[1]], []):
        checked(plot.growth(some))
    late = [dataclasses.replace(one, tick=10**9 + at, edges=10**12, nodes=0) for at, one in enumerate(stats)]
    checked(plot.growth(late))


# --- the map -----------------------------------------------------------------------------------------------------


def test_the_map_shows_the_clusters_and_names_the_bridges(colony):
    found = colony[0].map()
    figure = plot.map(found)
    shown = checked(figure)
    assert {cluster.label for cluster in found.clusters} <= {*shown}
    assert "bridgeword" in shown
    assert len(figure.findobj(Circle)) == len(found.clusters)
    assert drawn(plot.map(colony[0])) == drawn(figure)


def test_a_crowded_map_stays_readable():
    found = crowded()
    figure = plot.map(found)
    shown = checked(figure)
    assert len(figure.findobj(Circle)) == 30
    # Each cluster brings three links at most, and each link three names.
    names = [text for text in shown if text.startswith("bridge")]
    assert 10 < len(names) <= 3 * 90
    radii = [circle.radius for circle in figure.findobj(Circle)]
    assert radii == sorted(radii, reverse=True)


@pytest.mark.parametrize("count", [1, 2, 3, 31, 60])
def test_maps_of_any_size_have_no_text_on_another(count):
    found = crowded(count)
    shown = checked(plot.map(found))
    assert any("30 clusters of most documents" in text for text in shown) == (count > 30)


def test_discs_do_not_touch_one_another():
    discs = plot.map(crowded()).findobj(Circle)
    for one, other in itertools.combinations(discs, 2):
        assert np.hypot(*np.subtract(one.center, other.center)) > one.radius + other.radius


def test_clusters_without_links_stand_side_by_side():
    found = phago.Map(1, 50, tuple(cluster(f"lonely{at}", 5) for at in range(9)), ())
    figure = plot.map(found)
    checked(figure)
    assert max(figure.get_size_inches()) < 12


# --- a neighborhood ----------------------------------------------------------------------------------------------


def test_a_neighborhood_shows_the_strongest_and_theirs(colony):
    shown = checked(plot.neighborhood(colony[0], "t4w1x", k=6))
    pairs = [pair for pair in colony[0].graph.significant(10**5) if "t4w1x" in (pair.source, pair.target)]
    strongest = [pair.target if pair.source == "t4w1x" else pair.source for pair in pairs if pair.co_activations > 1]
    assert "t4w1x" in shown
    assert {*strongest[:6]} <= {*shown}
    labels = [text for text in shown if text.endswith(("x", "y")) and " " not in text]
    assert 6 < len(labels) <= 1 + 6 * 4
    assert len(labels) == len({*labels})


@pytest.mark.parametrize("k", [1, 2, 24])
def test_neighborhoods_of_any_size_have_no_text_on_another(colony, k):
    checked(plot.neighborhood(colony[0], "common7y", k=k))


def test_a_concept_without_neighbors_says_so(small):
    shown = checked(plot.neighborhood(small[0], "membranes"))
    assert "membrane" in shown
    assert any("no other concept" in text for text in shown)


def test_what_is_no_concept_is_refused(small):
    for label in ("nosuchword", "", "the"):
        with pytest.raises(phago.ConfigError, match="`label`"):
            plot.neighborhood(small[0], label)


# --- a path ------------------------------------------------------------------------------------------------------


def test_a_path_shows_words_steps_and_the_document(small):
    hit = small[0].query("how do ions cross a membrane")[0]
    shown = checked(plot.path(hit))
    assert {"ions", "cross", "membrane", "its own text", "Cell membranes", f"score {hit.score:.2f}"} <= {*shown}


@pytest.mark.parametrize("question", ["t0w1x t0w2x common3y", "bridgeword", "t0w1x t1w1x t2w1x t3w1x the of common1y"])
def test_all_that_gives_points_is_shown(colony, question):
    colony = colony[0]
    for hit in (hits := colony.query(question, k=5)):
        for told in (hit, colony.explain(question, hit.id)):
            shown = checked(plot.path(told))
            points = [float(text) for text in shown if re.fullmatch(r"\d\.\d\d", text)]
            assert sum(points) == pytest.approx(hit.score, abs=0.01 * len(points))
            assert {share.label for share in hit.path.concepts} <= {*shown}
    assert hits


def test_a_path_of_next_to_nothing_says_why(small):
    colony = small[0]
    assert "Nothing" not in checked(plot.path(colony.explain("ions cross", "b")))
    assert any(
        "no documents" in text or "finds nothing" in text for text in checked(plot.path(colony.explain("zebra")))
    )
    assert any("leads to" in text for text in checked(plot.path(phago.Hit(0.0, "x", "", "text"))))
    lexical = colony.query("ions", ranking="lexical")[0]
    assert "its words" in checked(plot.path(lexical))


def test_text_of_any_kind_is_shown_as_it_is():
    rows = [{"id": "$x^2$ \\frac", "title": "", "text": "Ions cross $the$ membrane."}]
    rows += [{"id": "b", "title": "A title\nof two lines " + "and much more " * 20, "text": "Salt and ions."}]
    colony, _ = grown(rows)
    hits = colony.query("ions and salt cross")
    shown = [text for hit in hits for text in checked(plot.path(hit))]
    assert "$x^2$ \\frac" in shown
    assert not any("\n" in text for text in shown)


# --- all of them -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def figures(colony):
    colony, ticks = colony
    hit = colony.query("t0w1x common3y")[0]
    return {
        "growth": lambda: plot.growth([stats for _, stats in ticks]),
        "map": lambda: plot.map(crowded(12, 30)),
        "neighborhood": lambda: plot.neighborhood(colony, "t0w1x"),
        "path": lambda: plot.path(hit),
    }


KINDS = ["growth", "map", "neighborhood", "path"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_input_makes_the_same_picture_under_any_style(figures, kind):
    plain = drawn(figures[kind]())
    with matplotlib.style.context(["dark_background", "fivethirtyeight"]):
        styled = figures[kind]()
    assert drawn(styled) == drawn(figures[kind]()) == plain


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_a_saved_figure_is_the_same_bytes(figures, kind, suffix, tmp_path):
    for name in ("one", "two"):
        plot.save(figures[kind](), tmp_path / f"{name}{suffix}")
    one, two = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert len(one) > 1000


def lightness(color):
    return float(np.dot(to_rgb(color), (0.299, 0.587, 0.114)))


def test_colours_differ_in_lightness():
    from phago.plot import sheet

    apart = sorted(lightness(color) for color in (sheet.INK, sheet.LINE, sheet.GREY, sheet.FAINT, sheet.FILL, "white"))
    assert all(other - one > 0.08 for one, other in itertools.pairwise(apart))
    # Words on white, and on a box.
    for ink in (sheet.INK, sheet.LINE, sheet.GREY):
        assert lightness(sheet.FILL) - lightness(ink) > 0.4


def test_an_empty_colony_makes_pages_that_say_so():
    with phago.Colony() as colony:
        assert any("more than chance" in text for text in checked(plot.map(colony)))
        assert any("No tick" in text for text in checked(plot.growth(list(colony.ticks()))))
        assert any("no documents" in text for text in checked(plot.path(colony.explain("anything"))))


@pytest.mark.parametrize(
    ("call", "error", "named"),
    [
        (lambda colony: plot.growth([1]), TypeError, "ticks"),
        (lambda colony: plot.map("m"), TypeError, "of"),
        (lambda colony: plot.path(colony), TypeError, "of"),
        (lambda colony: plot.neighborhood("c", "x"), TypeError, "colony"),
        (lambda colony: plot.neighborhood(colony, 7), TypeError, "label"),
        (lambda colony: plot.neighborhood(colony, "t0w1x", k=0), phago.ConfigError, "k"),
        (lambda colony: plot.neighborhood(colony, "t0w1x", k=25), phago.ConfigError, "k"),
    ],
)
def test_bad_input_is_named(colony, call, error, named):
    with pytest.raises(error, match=f"`{named}`"):
        call(colony[0])


def python(program):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], env=CLEAN, capture_output=True, text=True, check=False
    )


def test_without_matplotlib_the_module_names_the_extra():
    done = python("import sys; sys.modules['matplotlib'] = None\nimport phago.plot")
    assert done.stderr.splitlines()[-1] == 'ImportError: pictures need matplotlib: pip install "phago[plot]"'


def test_pyplot_is_left_alone():
    program = "import sys, phago, phago.plot\nphago.plot.map(phago.Colony())\nprint('matplotlib.pyplot' in sys.modules)"
    assert python(program).stdout == "False\n"
