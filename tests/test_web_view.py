"""The page of `phago serve` in a browser: by mouse and by keys, on narrow and wide screens, dark and light."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

import phago
import pytest
from support import CLEAN

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
if CHROMIUM is None:
    pytest.skip("this system has no Chromium", allow_module_level=True)

TOKEN = "a-token-of-a-test-0123456789"
HOSTILE = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
VIEWS = {
    "search": "#/search/dough%20oven",
    "empty": "#/search",
    "map": "#/map",
    "walk": "#/walk/oven",
    "graph": "#/walk",
    "growth": "#/growth",
    "documents": "#/documents",
}
WIDTHS = (320, 768, 1440)


def documents():
    kitchen = ["yeast flour dough oven bread", "flour oven dough crumb bread", "yeast dough crumb flour oven"]
    harbour = ["ship quay rope anchor mast", "rope mast ship sail quay", "anchor quay sail mast ship"]
    for day in range(30):
        for place, text in enumerate(kitchen + harbour):
            yield {"id": f"{place}/{day:02}", "title": f"Day {day}", "text": f"{text.capitalize()}. On day{day}."}
    # Words that no line is long enough for.
    yield {"id": "-" * 200, "title": "W" * 200, "text": f"{'w' * 200} dough oven."}
    yield {"id": HOSTILE, "title": HOSTILE, "text": f"{HOSTILE} zeppelin", "metadata": {"key": HOSTILE}}


@pytest.fixture(scope="module")
def kept_pages(tmp_path_factory):
    path = tmp_path_factory.mktemp("web") / "memory"
    with phago.open(path, seed=7) as colony:
        colony.ingest(documents())
        colony.run()
    return path


class Served:
    """`phago serve` as a user starts it, until the end of a `with`."""

    def __init__(self, path, token=None):
        self.command = [sys.executable, "-m", "phago", "serve", str(path), "--port", "0"]
        self.env = {**CLEAN, "PYTHONUNBUFFERED": "1"} | ({"PHAGO_TOKEN": token} if token else {})

    def __enter__(self):
        self.process = subprocess.Popen(self.command, env=self.env, stdout=subprocess.PIPE, text=True)
        said = self.process.stdout.readline()
        self.url = re.search(r"http://\S+", said)[0]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def url(kept_pages):
    with Served(kept_pages) as served:
        yield served.url


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        # Root, as in a container, has no sandbox.
        flags = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        with playwright.chromium.launch(executable_path=CHROMIUM, args=flags) as browser:
            yield browser


class Watched:
    """A page whose every complaint is a fault of the test that made it."""

    def __init__(self, browser, url, width=1280, scheme="light"):
        self.context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        self.page, self.url, self.faults, self.asked = self.context.new_page(), url, [], []
        self.page.set_default_timeout(8_000)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _heard(self, message):
        # A browser tells of every answer that is no success; the page tells of it by itself.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.faults.append(message.text)

    def go(self, view, seen):
        self.page.goto(self.url + view)
        self.page.locator(seen).first.wait_for()
        return self.page


@pytest.fixture
def open_page(browser, url):
    opened = []

    def open_page(where=None, **options):
        opened.append(Watched(browser, where or url, **options))
        return opened[-1]

    yield open_page
    for one in opened:
        one.context.close()
        assert one.faults == []


SEEN = {
    "search": ".hit",
    "empty": ".lead",
    "map": ".picture .node",
    "walk": ".picture .node:not(.gone)",
    "graph": ".picture .node",
    "growth": ".chart",
    "documents": ".documents li",
}


def test_a_question_shows_parts_passage_and_way(open_page):
    page = open_page().go(VIEWS["empty"], SEEN["empty"])
    page.keyboard.type("dough oven")
    page.keyboard.press("Enter")
    page.locator(".hit").first.wait_for()
    assert page.locator(".hit").count() == 10
    first = page.locator(".hit").first
    assert {mark.lower() for mark in first.locator("mark").all_inner_texts()} >= {"dough", "oven"}
    told = first.locator(".legend").inner_text()
    score, *parts = (float(number) for number in re.findall(r"-?\d+\.\d+", told))
    assert "lexical" in told
    assert abs(score - sum(parts)) < 0.02
    assert first.locator(".bar i").count() == len(parts)
    assert set(first.locator(".chip").all_inner_texts()) >= {"dough", "oven"}
    assert page.url.endswith("#/search/dough%20oven")
    assert "10 answers" in page.locator("#said").inner_text()
    first.locator("summary").click()
    first.locator("table").wait_for()
    assert "dough" in first.locator("table").inner_text()


def test_a_question_that_finds_nothing_says_why(open_page):
    page = open_page().go("#/search/xyzzyqq", ".note")
    page.get_by_text("Nothing answers this").wait_for()
    assert "xyzzyqq" in page.locator(".note").inner_text()


def test_what_is_like_a_document_is_a_click_away(open_page):
    page = open_page().go(VIEWS["search"], SEEN["search"])
    page.locator(".hit a", has_text="More like this").first.click()
    page.get_by_text(re.compile("documents most like")).first.wait_for()
    assert page.locator(".hit").count() > 0


def test_a_hostile_document_is_text_wherever_it_shows(open_page):
    page = open_page().go("#/search/zeppelin", ".hit")
    assert page.locator(".hit h2").inner_text() == HOSTILE
    page.locator(".hit h2 button").click()
    page.locator("dialog[open]").wait_for()
    assert HOSTILE in page.locator("dialog .body").inner_text()
    assert HOSTILE in page.locator("dialog .facts").inner_text()
    page.keyboard.press("Escape")
    page.goto(f"{page.url.split('#')[0]}#/documents")
    page.locator(".documents li").first.wait_for()
    assert page.locator("img").count() == 0
    assert page.evaluate("document.scripts.length") == 1
    assert "owned" not in page.title()


def test_the_map_is_chosen_from_by_keys(open_page):
    page = open_page().go(VIEWS["map"], SEEN["map"])
    assert page.locator(".node").count() == 2
    side = page.locator(".side")
    assert "documents" in side.inner_text()
    before = side.locator("h3").inner_text()
    page.locator('.node[tabindex="0"]').focus()
    for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    names = {side.locator("h3").inner_text()}
    page.locator('.node[tabindex="-1"]').focus()
    page.keyboard.press("Enter")
    assert names | {side.locator("h3").inner_text()} | {before} == {
        label.split(":")[0] for label in page.locator(".node").evaluate_all("all => all.map(one => one.ariaLabel)")
    }


def test_a_walk_goes_on_from_what_is_chosen(open_page):
    page = open_page().go(VIEWS["walk"], SEEN["walk"])
    assert page.locator("h1").inner_text() == "Around oven"
    first = page.locator(".node").last
    assert first.get_attribute("aria-label").startswith("oven: ")
    page.locator(".side li a", has_text="bread").click()
    page.get_by_role("heading", name="Around bread").wait_for()
    assert page.locator(".trail").inner_text().split() == ["oven", "bread"]
    page.locator('.node[tabindex="0"]').focus()
    page.keyboard.press("ArrowUp")
    chosen = page.evaluate("document.activeElement.ariaLabel").split(":")[0]
    assert chosen != "bread"
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=f"Around {chosen}").wait_for()
    page.go_back()
    page.get_by_role("heading", name="Around bread").wait_for()


def test_a_walk_to_nowhere_says_so_and_words_are_completed(open_page):
    page = open_page().go("#/walk/xyzzyqq", ".note")
    page.get_by_text("There is no concept").wait_for()
    page.locator(".ask input").fill("doug")
    page.locator('#words option[value="dough"]').wait_for(state="attached")


def test_a_picture_is_zoomed_and_dragged_and_a_drag_picks_nothing(open_page):
    page = open_page().go(VIEWS["walk"], SEEN["walk"])
    node = page.locator(".node").first

    def place():
        return [float(part) for part in re.findall(r"-?[\d.]+", node.get_attribute("transform"))]

    begin = place()
    page.get_by_role("button", name="Zoom in").click()
    assert place() != begin
    page.get_by_role("button", name="Show all").click()
    assert place() == begin
    box = page.locator(".node .reach").last.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + 40, steps=4)
    page.mouse.up()
    assert place() != begin
    assert page.url.endswith("#/walk/oven")


def test_growth_is_seen_while_it_happens(open_page, url):
    page = open_page().go(VIEWS["growth"], SEEN["growth"])
    numbers = page.locator(".chart h2 b")
    before = numbers.all_inner_texts()
    page.get_by_text(re.compile("tick")).first.wait_for()
    page.evaluate(
        """async () => {
            const headers = {'Content-Type': 'application/json'};
            const post = (path, body) => fetch(path, {method: 'POST', headers, body: JSON.stringify(body)});
            await post('v1/documents', {id: 'grown', text: 'Tulips and crocuses bloom.'});
            await post('v1/run', {});
        }"""
    )
    page.wait_for_function(
        "before => [...document.querySelectorAll('.chart h2 b')].some((one, at) => one.textContent !== before[at])",
        arg=before,
    )
    page.locator(".events li", has_text="grown").first.wait_for()
    page.locator(".chart .curve").first.wait_for(state="attached")


def test_documents_are_added_changed_and_deleted(open_page):
    watched = open_page()
    page = watched.go(VIEWS["documents"], SEEN["documents"])
    assert page.locator(".documents li").count() == 25
    page.get_by_role("button", name="Add a document").click()
    dialog = page.locator("dialog")
    dialog.get_by_label("Id").fill("! first of all / ü")
    dialog.get_by_label("Title").fill("A new one")
    dialog.get_by_label("Text").fill("It was not there before.")
    dialog.get_by_label("Metadata").fill("[1]")
    dialog.get_by_role("button", name="Add").click()
    dialog.get_by_text("The metadata is no object").wait_for()
    dialog.get_by_label("Metadata").fill('{"year": 2024}')
    dialog.get_by_role("button", name="Add").click()
    page.get_by_role("button", name="Edit A new one").click()
    assert json.loads(dialog.get_by_label("Metadata").input_value()) == {"year": 2024}
    dialog.get_by_label("Text").fill("It is another text now.")
    dialog.get_by_role("button", name="Save").click()
    page.locator(".documents .begin", has_text="It is another text now.").wait_for()
    page.get_by_role("button", name="Delete A new one").click()
    dialog.get_by_role("button", name="Cancel").click()
    assert page.get_by_role("button", name="Delete A new one").count() == 1
    page.get_by_role("button", name="Delete A new one").click()
    dialog.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete A new one").wait_for(state="detached")
    page.get_by_role("button", name="Show more").click()
    page.locator(".documents li").nth(48).wait_for()


def test_a_document_that_exists_is_refused_in_the_dialog(open_page):
    page = open_page().go(VIEWS["documents"], SEEN["documents"])
    page.get_by_role("button", name="Add a document").click()
    page.get_by_label("Id").fill("0/00")
    page.get_by_label("Text").fill("Other.")
    page.locator("dialog").get_by_role("button", name="Add").click()
    page.locator("dialog [role=alert]", has_text="0/00").wait_for()


# Rows that are like those before them, which would only take time.
ALIKE = [[".hits > li:nth-child(n+3)"], [".documents > li:nth-child(n+3)"], [".node:nth-child(n+4)"]]


def barriers(page):
    """What WCAG 2.2 AA calls serious, by axe-core."""
    from axe_playwright_python.sync_playwright import Axe

    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = Axe().run(page, context={"exclude": ALIKE}, options={"runOnly": tags})
    assert len(found.response["passes"]) > 5
    serious = [one for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
    return [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in serious]


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (768, "light"), (1440, "dark")])
def test_every_view_fits_asks_nobody_else_and_has_no_barrier(open_page, width, scheme):
    watched = open_page(width=width, scheme=scheme)
    for name, view in VIEWS.items():
        page = watched.go(view, SEEN[name])
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        if width != 768:
            assert barriers(page) == [], name
    assert all(asked.startswith(watched.url.rstrip("/")) for asked in watched.asked)


def test_dialogs_have_no_barrier(open_page):
    page = open_page(width=320, scheme="dark").go(VIEWS["documents"], SEEN["documents"])
    page.get_by_role("button", name="Add a document").click()
    page.locator("dialog[open]").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert barriers(page) == []


def test_all_of_it_is_reached_by_keys(open_page):
    page = open_page().go(VIEWS["documents"], SEEN["documents"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    reached = []
    for _ in range(7):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.ariaLabel || document.activeElement.textContent"))
    assert reached == ["phago, search", "Search", "Map", "Walk", "Growth", "Documents", "Add a document"]
    page.get_by_role("link", name="Map").focus()
    page.keyboard.press("Enter")
    page.locator(".node").first.wait_for()
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_token_is_asked_for_once_and_kept_for_the_tab(open_page, kept_pages, tmp_path):
    copy = tmp_path / "memory"
    shutil.copytree(kept_pages, copy, ignore=shutil.ignore_patterns("LOCK", "*.sock", "door*"))
    with Served(copy, TOKEN) as served:
        watched = open_page(served.url)
        page = watched.page
        page.goto(f"{served.url}{VIEWS['search']}")
        dialog = page.locator("dialog")
        dialog.get_by_label("Token").fill("another-token-0123456789")
        dialog.get_by_role("button", name="Go on").click()
        page.wait_for_timeout(300)
        dialog.get_by_label("Token").fill(TOKEN)
        dialog.get_by_role("button", name="Go on").click()
        page.locator(".hit").first.wait_for()
        page.get_by_role("link", name="Growth").click()
        page.locator(".chart").first.wait_for()
        page.reload()
        page.locator(".chart").first.wait_for()
        assert page.locator("dialog").count() == 0
        assert TOKEN not in page.content()


def test_a_server_that_is_gone_is_told_of(open_page, kept_pages, tmp_path):
    copy = tmp_path / "memory"
    shutil.copytree(kept_pages, copy, ignore=shutil.ignore_patterns("LOCK", "*.sock", "door*"))
    with Served(copy) as served:
        page = open_page(served.url).go(VIEWS["search"], SEEN["search"])
    page.get_by_role("link", name="Documents", exact=True).click()
    page.get_by_text("The server does not answer").wait_for()


def test_a_graph_as_a_file_works_without_a_server(browser, kept_pages, tmp_path):
    with phago.open(kept_pages, read_only=True) as colony:
        colony.graph.to_html(tmp_path / "graph.html", "oven")
        colony.graph.to_html(tmp_path / "whole.html")
    watched = Watched(browser, f"file://{tmp_path}/")
    for name in ("whole.html", "graph.html"):
        page = watched.go(name, ".node")
    assert page.locator(".side h3").inner_text() == "oven"
    page.get_by_label("Find a concept").fill("brea")
    assert page.locator(".side h3").inner_text() == "bread"
    page.locator(".side button", has_text="oven").click()
    assert page.locator(".side h3").inner_text() == "oven"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert all(asked.startswith("file://") for asked in watched.asked)
    watched.context.close()
    assert watched.faults == []


def test_the_page_is_small_and_pictures_are_bounded(open_page):
    page = open_page().go(VIEWS["graph"], SEEN["graph"])
    sizes = page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".map(one => [one.name, one.decodedBodySize])"
    )
    own = {name: size for name, size in sizes if "/v1/" not in name}
    assert 8 <= len(own) <= 14
    assert 20_000 < sum(own.values()) < 80_000
    (picture,) = [size for name, size in sizes if "/v1/pictures/" in name]
    assert 1_000 < picture < 40_000


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("v1/pictures/around/oven?limit=5&hops=1", 200, '"center":"oven"'),
        ("v1/pictures/around/xyzzyqq", 404, "there is no concept 'xyzzyqq'"),
        ("v1/pictures/around/oven?hops=5", 422, "accepted is an integer from 1 to 4"),
        ("v1/pictures/graph?limit=1", 422, "accepted is an integer from 2 to 150"),
        ("v1/pictures/map", 200, '"kind":"map"'),
        ("page/../app.py", 404, "there is no"),
        ("page/%2e%2e%2fapp.py", 404, "there is no"),
    ],
)
def test_pictures_are_asked_for_within_bounds(url, path, status, told):
    try:
        with urllib.request.urlopen(url + path) as answer:
            found, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            found, body = error.code, error.read()
    assert found == status
    assert told in body.decode()


@pytest.mark.parametrize("name", ["__proto__", "constructor", "toString"])
def test_a_view_that_is_none_is_the_search(open_page, name):
    page = open_page().go(f"#/{name}", ".view")
    page.locator(".views a[aria-current]").wait_for()
    assert page.title().startswith("Search")
    assert page.locator(".note.bad").count() == 0
