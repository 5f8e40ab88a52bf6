"""Documents out of files: what each kind says, and what is left out and why."""

import codecs
import gzip
import json
import os
import socket
import time
from pathlib import Path

import phago
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phago.document import BYTES_MAX
from phago.extract import SOURCE, LeftOut, lines, read_sources, sources
from phago.extract.html import read_html
from phago.extract.markdown import read_markdown
from phago.extract.markup import plain_markdown, read_rst

READERS = [read_html, read_markdown, plain_markdown, read_rst]


def told(content):
    return content.title, content.text


def read(*paths):
    return [found for _, found in read_sources(sources([str(path) for path in paths]))]


def documents(*paths):
    return [found for found in read(*paths) if isinstance(found, phago.Document)]


def left_out(*paths):
    return {found.path: found.reason for found in read(*paths) if isinstance(found, LeftOut)}


def only(path):
    (found,) = read(path)
    return found


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# --- HTML --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "title", "text"),
    [
        ("<title>A &amp; B</title><p>caf&eacute; &#233;&#xe9;<br>next", "A & B", "café éé\nnext"),
        ("<h1>The <i>first</i></h1><h1>second</h1>", "The first", "The first\nsecond"),
        ("<title>Head</title><h1>Heading</h1>", "Head", "Heading"),
        ("<p>un<b>bold</b>ed</p><p>apart</p>", "", "unbolded\napart"),
        ("<td>a</td><td>b</td>", "", "a\nb"),
        ("a<script>if (x < y) '</p>'</script>b<style>p { }</style>c", "", "a b c"),
        ("a<SCRIPT src='x'>no</SCRIPT >b", "", "a b"),
        ("<template><p>no</template>yes<noscript>no</noscript>", "", "yes"),
        ("<svg><title>icon</title><text>no</text></svg><h1>Real</h1>", "Real", "Real"),
        ("<svg><svg>no</svg>no</svg>yes", "", "yes"),
        ("con<!-- no -->tinued", "", "continued"),
        ("before<!-- never closed <p>no", "", "before"),
        ("before<script>never closed", "", "before"),
        ("<head><meta charset=utf-8><p>a head may end unmarked", "", "a head may end unmarked"),
        (
            "<head><title>t</title><svg><body>a body ends what the head left open",
            "t",
            "a body ends what the head left open",
        ),
        ("<p>a < b and c", "", "a < b and c"),
        ("<p>text<a href='never closed", "", "text"),
        ("<!DOCTYPE html><?php no ?><![CDATA[no]]>yes", "", "yes"),
        ("<![<![<!>yes", "", "yes"),
        ("  many \n\n spaces\t<p> </p>", "", "many\nspaces"),
    ],
)
def test_a_page_is_what_a_browser_shows(page, title, text):
    assert told(read_html(page)) == (title, text)


@pytest.mark.parametrize(
    ("charset", "encoding", "shown"),
    [
        ("utf-8", "utf-8", "naïve café"),
        ("ISO-8859-1", "windows-1252", "na\N{LATIN SMALL LETTER I WITH DIAERESIS}ve “café”"),
        ("windows-1251", "cp1251", "мембрана"),
        ("koi8-r", "koi8-r", "мембрана"),
        ("shift_jis", "shift_jis", "細胞膜"),
        # What says one and is the other is UTF-8.
        ("iso-8859-1", "utf-8", "naïve café"),
    ],
)
@pytest.mark.parametrize(
    "head", ['<meta charset="{}">', "<meta http-equiv=x content='text/html; charset={}'>", '<?xml encoding="{}"?>']
)
def test_a_page_may_name_its_encoding(tmp_path, charset, encoding, shown, head):
    page = write(tmp_path / "page.html", f"{head.format(charset)}<p>{shown}".encode(encoding))
    assert only(page).text == shown


@pytest.mark.parametrize("named", ["", "<meta charset=rot13>", "<meta charset=idna>", "<meta charset=nonsense>"])
def test_a_page_in_an_encoding_that_nobody_knows_is_left_out(tmp_path, named):
    assert only(write(tmp_path / "page.html", f"{named}<p>".encode() + b"caf\xe9")).reason == "not UTF-8"


@pytest.mark.parametrize("bom", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.rst", "a.html"])
def test_utf_16_is_known_by_its_mark(tmp_path, bom, name):
    encoding = "utf-16-le" if bom == codecs.BOM_UTF16_LE else "utf-16-be"
    assert only(write(tmp_path / name, bom + "ionen querä".encode(encoding))).text == "ionen querä"


# --- Markdown and reStructuredText -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "title", "text"),
    [
        ("# Head #\n\ntext", "Head", "# Head #\n\ntext"),
        ("text\n\n## Later\n", "Later", "text\n\n## Later"),
        ("Underlined\n===\n\n# Later", "Underlined", "Underlined\n===\n\n# Later"),
        ("no heading", "", "no heading"),
        ('---\ntitle: "Front"\ntags: [a]\n---\n# Head\n', "Front", "# Head"),
        ("---\ntags: [a]\n---\n# Head\n", "Head", "# Head"),
        ("---\nonly a rule\n", "", "---\nonly a rule"),
        ("---\r\ntitle: Front\r\n---\r\n# Head\r\n", "Front", "# Head"),
        ("# See [the page](http://x)\n", "See the page", "# See the page"),
        ('[a](x) ![b](y.png "t") [c](<z>) [d](e(f).html)', "", "a b c d"),
        ("[![badge](u.svg)](v)", "", "badge"),
        ("see [it][1]\n\n[1]: http://x 'title'\n", "", "see it"),
        ("a <!-- hidden --> b<!-- never closed", "", "a  b"),
        ("```sh\n# no heading\n```\n# Heading", "Heading", "# no heading\n\n# Heading"),
    ],
)
def test_markdown_keeps_its_words_and_loses_addresses(source, title, text):
    assert told(plain_markdown(source)) == (title, text)


@pytest.mark.parametrize(
    ("source", "title", "text"),
    [
        ("=====\nTitle\n=====\n\ntext", "Title", "Title\n\n\ntext"),
        ("Title\r\n-----\r\ntext", "Title", "Title\n\ntext"),
        (":mod:`os` --- system\n====================\n", "os --- system", "os --- system"),
        ("see :func:`~os.path` and `the page <http://x>`_", "", "see os.path and the page"),
        (".. _target:\n\n.. note:: mind this\n   and this", "", "mind this\n   and this"),
        (".. function:: open(file)\n\n   Opens.", "", "open(file)\n\n   Opens."),
        (".. code-block:: python\n   :linenos:\n\n   x = 1", "", "x = 1"),
        (".. image:: no.png\n   :alt: no\n\nyes", "", "yes"),
        (".. a comment\n   that goes on\n\nyes", "", "yes"),
        (".. [1] a footnote stays", "", ".. [1] a footnote stays"),
        ("plain", "", "plain"),
    ],
)
def test_restructuredtext_keeps_its_words_and_loses_what_is_for_programs(source, title, text):
    assert told(read_rst(source)) == (title, text)


SIGNS = (
    "< > <!-- --> <p </p> <![ <! <? <svg> </svg> <script> </script> <title> & &# &#xfffffff; # ``` [ ]( ) ! ` <x>`_ "
    ":a:` .. :: === --- word \0 é \ud800 \" ' / ="
)
PIECES = st.sampled_from([*SIGNS.split(" "), "\n", " ", "\r"])


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_reader_fails_whatever_it_reads(source):
    for reader in READERS:
        title, text = told(reader(source))
        assert isinstance(title, str)
        assert isinstance(text, str)


# Each of these, many times, made a reader go back to the beginning for each of them. Should one do so again, this is no
# matter of a slower machine: it takes minutes.
@pytest.mark.timeout(60)
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "unit",
    [
        "<!--",
        "<a",
        "</",
        "<![",
        '<p a="',
        "<svg></b>",
        "<svg></math>",
        "[",
        "[a](",
        "`<",
        ":a",
        ":a:",
        "[x]: ",
        " ",
        "==\n\n",
    ],
)
def test_a_long_text_is_read_in_one_go(reader, unit):
    reader("# a" + unit * 200_000 + "b")


# --- files -------------------------------------------------------------------------------------------------------


def test_ids_begin_with_the_folder_and_are_the_same_from_wherever_it_is_named(tmp_path, monkeypatch):
    folder = tmp_path / "notes"
    write(folder / "b.txt", "Bread.")
    write(folder / "deep" / "a.md", "# Ions\n")
    found = {}
    for here, named in [(tmp_path, "notes"), (folder, "."), (folder / "deep", ".."), (Path("/"), str(folder))]:
        monkeypatch.chdir(here)
        found[named] = [(one.id, one.title, one.metadata[SOURCE]) for one in documents(named)]
    assert found["notes"] == [("notes/b.txt", "b", str(folder)), ("notes/deep/a.md", "Ions", str(folder))]
    assert list(found.values()) == [found["notes"]] * 4


def test_a_file_goes_by_its_name(tmp_path):
    file = write(tmp_path / "deep" / "ions.txt", "Ions.")
    assert [(one.id, one.title, one.metadata) for one in documents(file)] == [("ions.txt", "ions", {SOURCE: str(file)})]


def test_packed_files_are_read_as_what_they_hold(tmp_path):
    for name, text in [
        ("a.txt", "Plain."),
        ("b.md", "# Head\n"),
        ("c.html", "<title>T</title>x"),
        ("changelog", "Log."),
    ]:
        write(tmp_path / f"{name}.gz", gzip.compress(text.encode()))
    write(tmp_path / "d.jsonl.gz", gzip.compress(b'{"id": "x", "text": "y"}\n'))
    folder = tmp_path.name
    assert [(one.id, one.title) for one in documents(tmp_path)] == [
        (f"{folder}/a.txt.gz", "a"),
        (f"{folder}/b.md.gz", "Head"),
        (f"{folder}/c.html.gz", "T"),
        (f"{folder}/changelog.gz", "changelog"),
        ("x", ""),
    ]


def test_what_is_left_out_says_why(tmp_path, monkeypatch):
    folder = tmp_path / "f"
    for name, content in {
        "binary.txt": b"a\0b",
        "blank.txt": " \n",
        "nothing.txt": "",
        "latin.txt": b"caf\xe9",
        "half.txt": codecs.BOM_UTF16_LE + b"a\0b",
        "large.txt": b"a" * (BYTES_MAX + 1),
        "picture.png": b"\x89PNG",
        "silent.html": "<script>x</script>",
        "broken.md.gz": gzip.compress(b"text " * 1000)[:-20],
        "plain.txt.gz": b"not packed",
        ".hidden.txt": "hidden",
    }.items():
        write(folder / name, content)
    write(folder / ".git" / "x.txt", "hidden")
    (folder / "nowhere.txt").symlink_to(folder / "gone")
    (folder / "self.txt").symlink_to(folder / "self.txt")
    assert left_out(folder) == {
        "f/binary.txt": "binary",
        "f/blank.txt": "blank",
        "f/nothing.txt": "blank",
        "f/latin.txt": "not UTF-8",
        "f/half.txt": "binary",
        "f/large.txt": "over 16 MiB",
        "f/picture.png": "of an unknown kind (.png)",
        "f/silent.html": "blank",
        "f/broken.md.gz": "damaged: its packing ends early or is broken",
        "f/plain.txt.gz": "damaged: its packing ends early or is broken",
        "f/nowhere.txt": "not readable: No such file or directory",
        "f/self.txt": "not readable: Too many levels of symbolic links",
    }
    assert documents(folder) == []


def test_a_text_of_just_16_mib_is_read(tmp_path):
    assert len(only(write(tmp_path / "a.txt", b"a" * BYTES_MAX)).text) == BYTES_MAX


def test_a_small_file_does_not_unpack_into_all_memory(tmp_path, monkeypatch):
    read_sizes = []

    class Watched(gzip.GzipFile):
        def read(self, size=-1):
            read_sizes.append(size)
            return super().read(size)

    monkeypatch.setattr(gzip, "GzipFile", Watched)
    packed = write(tmp_path / "a.txt.gz", gzip.compress(bytes(8 * BYTES_MAX), 9))
    assert packed.stat().st_size < BYTES_MAX // 50
    assert only(packed).reason == "over 16 MiB"
    assert read_sizes
    assert all(0 < size <= 2 * BYTES_MAX for size in read_sizes)


# A pipe that nobody writes would be waited for without end.
@pytest.mark.timeout(60)
def test_pipes_sockets_and_devices_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "zero.txt").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "socket.txt"))
        found = left_out(tmp_path)
    assert sorted(found) == [f"{tmp_path.name}/{name}.txt" for name in ("pipe", "socket", "zero")]
    assert set(found.values()) == {"no file with content: a pipe, a socket or a device"}


def test_links_to_folders_are_not_followed(tmp_path):
    write(tmp_path / "f" / "a.txt", "Text.")
    (tmp_path / "f" / "loop").symlink_to(tmp_path / "f")
    (tmp_path / "f" / "up").symlink_to(tmp_path)
    assert [one.id for one in documents(tmp_path / "f")] == ["f/a.txt"]


def refusing(monkeypatch, module, name, *refused):
    """Tests may run as root, whom no mode of a file keeps out."""
    real = getattr(module, name)

    def asked(path, *arguments, **named):
        if str(path) in map(str, refused):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *arguments, **named)

    monkeypatch.setattr(module, name, asked)


def test_files_and_folders_that_may_not_be_read_are_told_of(tmp_path, monkeypatch):
    folder = tmp_path / "f"
    for name in ("a.txt", "b.txt", "deep/c.txt", "lines.jsonl"):
        write(folder / name, "{}")
    refusing(monkeypatch, os, "scandir", folder / "deep")
    refusing(monkeypatch, Path, "open", folder / "a.txt", folder / "lines.jsonl")
    unread = [found for found in read(folder) if isinstance(found, LeftOut)]
    assert [(one.path, one.reason, one.is_unread, one.is_of_lines) for one in unread] == [
        ("f/a.txt", "not readable: Permission denied", True, False),
        ("f/deep", "not readable: Permission denied", True, True),
        ("f/lines.jsonl", "not readable: Permission denied", True, True),
    ]
    assert [one.id for one in documents(folder)] == ["f/b.txt"]


def test_a_name_that_is_no_text_is_left_out(tmp_path):
    os.mkdir(tmp_path / "f")
    try:
        with open(os.fsencode(tmp_path / "f") + b"/caf\xe9.txt", "wb"):
            pass
    except OSError:
        pytest.skip("this file system takes no such name")
    assert left_out(tmp_path / "f") == {"f/caf?.txt": "its name is not valid text"}


def test_names_are_in_one_order(tmp_path):
    names = ["b.txt", "a/z.txt", "a.txt", "a-b.txt", "Z.txt", "é.txt"]
    for name in names:
        write(tmp_path / "f" / name, "Text.")
    assert [one.id for one in documents(tmp_path / "f")] == sorted(f"f/{name}" for name in names)


def test_paths_that_are_missing_or_named_alike_are_refused(tmp_path):
    for folder in ("a", "b"):
        write(tmp_path / folder / "notes" / "x.txt", "Text.")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        sources([str(tmp_path / "nowhere")])
    with pytest.raises(ValueError, match="have the same name"):
        sources([str(tmp_path / "a" / "notes"), str(tmp_path / "b" / "notes")])
    assert len(sources([str(tmp_path / "a" / "notes")] * 2)) == 1


def test_a_prefix_stands_before_the_names_of_all(tmp_path):
    write(tmp_path / "notes" / "deep" / "x.txt", "Text.")
    write(tmp_path / "alone.txt", "Alone.")
    write(tmp_path / "rows.jsonl", '{"id": "stated", "text": "A"}\n{"text": "B"}')
    paths = [tmp_path / name for name in ("notes", "alone.txt", "rows.jsonl")]
    found = [one.id for one in phago.extract.documents(*paths, prefix="ann")]
    assert found == ["ann/notes/deep/x.txt", "ann/alone.txt", "stated", "ann/rows.jsonl:2"]


@pytest.mark.parametrize(
    ("line", "states"),
    [
        ('{"id": "a", "text": "cut o', "a"),
        ('{"_id" : "\\u00e9\\"" ,', 'é"'),
        ('{"id": 7, "text": 1 2}', "7"),
        ('{"id": "a", "txt": "B"}', "a"),
        ('{"txt": "B", "id": "a"}', "a"),
        ('{"id": 7, "text": null}', "7"),
        # What may be another one's, or two, or none.
        ('{"id": "a", "text": "A"}{"id": "b", "text": "B"}', None),
        ('{"id": "a", "text": "A"}{"_id": "b", "text": "B"}', None),
        ('{"metadata": {"id": "a"}, "text": "cut o', None),
        ('{"id": "cut o', None),
        ('{"id": true, "text": "B"}', None),
        ('{"Id": "a", "text": "B"}', None),
        ('{"id": "\\ud800", "text": ', None),
        ("[1, 2]", None),
        ("<<<<<<< HEAD", None),
    ],
)
def test_a_line_that_is_no_document_may_state_its_id(tmp_path, line, states):
    write(tmp_path / "rows.jsonl", line)
    (found,) = read(tmp_path / "rows.jsonl")
    assert (found.is_unread, found.is_of_lines, found.id) == (True, True, states)


# --- lines of JSON -----------------------------------------------------------------------------------------------


def test_lines_become_documents(tmp_path):
    rows = [
        {"id": "a", "text": "One.", "title": "T", "metadata": {"year": 2021}},
        {"_id": 7, "text": "Two.", "title": None, "metadata": None},
        {"text": "Three."},
    ]
    text = "\ufeff" + "\n\n".join(json.dumps(row) for row in rows)
    file = write(tmp_path / "docs.jsonl", text.encode())
    assert documents(file) == [
        phago.Document("One.", "a", "T", {"year": 2021, SOURCE: str(file)}),
        phago.Document("Two.", "7", "", {SOURCE: str(file)}),
        phago.Document("Three.", "docs.jsonl:5", "", {SOURCE: str(file)}),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        (b'{"text": "caf\xe9"}', "not UTF-8"),
        ("1" * 5000, "not JSON"),
        ("[1]", "no object with `text`"),
        ("{}", "has `text` of type NoneType; accepted is str"),
        ('{"text": 1}', "has `text` of type int; accepted is str"),
        ('{"text": "a", "id": true}', "has `id` of type bool; accepted is str"),
        ('{"text": "a", "id": 1.5}', "has `id` of type float; accepted is str"),
        ('{"text": "a", "title": ["b"]}', "has `title` of type list; accepted is str"),
        ('{"text": "a", "metadata": [1]}', "has `metadata` of type list; accepted is dict"),
        (
            '{"text": "a", "year": 1}',
            "has the field `year`; known are _id, expires, id, metadata, place, text, thread, time, title, vector",
        ),
    ],
)
def test_a_line_that_is_no_document_is_told_of_and_the_next_is_read(tmp_path, line, reason):
    data = line if isinstance(line, bytes) else line.encode()
    file = write(tmp_path / "a.jsonl", data + b'\n{"id": "good", "text": "Text."}\n')
    assert left_out(file) == {"a.jsonl:1": reason}
    assert [one.id for one in documents(file)] == ["good"]


def test_a_line_without_end_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "_LINE_MAX", 100)
    file = write(tmp_path / "a.jsonl", '{"id": "a", "text": "x"}\n' + "y" * 200 + '\n{"text": "z"}\n')
    assert [one.id for one in documents(file)] == ["a"]
    assert list(left_out(file)) == ["a.jsonl:2"]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<style-guide>Ions.</style-guide> Pumps.", "Ions. Pumps."),
        ("<script-loader>Ions.</script-loader> Pumps.", "Ions. Pumps."),
        ('Ions.<img alt="<script>"> Pumps.', "Ions. Pumps."),
        ("Ions.<script>x()</script/> Pumps.", "Ions. Pumps."),
        ("Ions.<script>x()</script foo> Pumps.", "Ions. Pumps."),
        ("Ions.<!--> Pumps.", "Ions. Pumps."),
        ("Ions.<!---> Pumps.", "Ions. Pumps."),
        ("Ions.<!-- a > b --!> Pumps.", "Ions. Pumps."),
        ('Ions. <a =">x">Pumps.</a>', "Ions. Pumps."),
        ('<p>Ions.</p title="q > x"> Pumps.', "Ions.\nPumps."),
        ("Ions. <?php if ($a > 3) { x(); } ?>Pumps.", "Ions. Pumps."),
        ("Ions. <?= $a > 3 ?>Pumps.", "Ions. Pumps."),
        ("<title>Ions<body>Pumps.", "Ions\nPumps."),
        ('<?xml version="1.0"?><script src="x"/>Ions.<script>x</script> Pumps.', "Ions. Pumps."),
        ("Ions < 3 & <> Pumps </> so.", "Ions < 3 & <> Pumps so."),
        ('<div hidden="x">no</div><div title="hidden">Ions.</div>', "Ions."),
        ('Ions.<a href="x>Pumps.', "Ions.Pumps."),
    ],
)
def test_the_rest_of_a_page_is_read_and_its_markup_is_not(tmp_path, page, text):
    found = only(write(tmp_path / "page.html", page))
    assert found.text == text


@pytest.mark.parametrize(
    "never", ["<!-- ", "<script>", "<style>", "<svg>", "<iframe>", "<noscript>", "<?php ", "<a b "]
)
def test_what_is_never_closed_is_told_of(tmp_path, never):
    found, told = read(write(tmp_path / "page.html", f"<p>Ions.</p>\n{never}Pumps."))
    assert found.text.strip() == "Ions."
    assert "never ends" in told.reason


@pytest.mark.parametrize(
    "piece", ['<a ="', "<a b='", "<", "<!--", "</", "<a", "<?", '<a "<a>" \'', "<title>", "<script/>", '="<a x=']
)
def test_a_page_is_read_in_the_time_of_its_length(piece):
    begun = time.perf_counter()
    read_html(piece * (400_000 // len(piece)) + ">")
    assert time.perf_counter() - begun < 5


@pytest.mark.parametrize("reader", [read_markdown, plain_markdown])
@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a <svg><title>zap</title></svg> b", "a b"),
        ("a <template>zap</template> b", "a b"),
        ("<svg>\n<text>zap</text>\n\n<text>zip</text>\n</svg>\n\nb", "b"),
        ('x <a title="q > zap">y</a>', "x y"),
        ('b\n\n[a]:\n  http://zap.com\n  "zip title"\n', "b"),
        ("a <style-guide>kept</style-guide> b", "a kept b"),
        ("a <?php echo 1 > 2 ?> b", "a b"),
        ("```\n<svg>kept</svg>\n```\n\n`<svg>` b</svg>", "<svg>kept</svg> <svg> b"),
    ],
)
def test_markup_within_markdown_is_no_text(reader, source, words):
    assert " ".join(reader(source).text.replace("`", "").split()) == words


@pytest.mark.parametrize("reader", [read_markdown, plain_markdown])
def test_a_comment_of_markdown_that_never_ends_is_told_of(reader):
    assert "never ends" in reader("A\n\n<!-- never\n\nrest").missed
    assert reader("A\n\n<!-- ever -->\n\nrest").missed == ""


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("A\n\n.. raw:: html\n\n   <b>zap</b>\n\n   zip\n\nB", "A B"),
        (".. toctree::\n   :maxdepth: 2\n\n   zap\n   zip/zop\n\nB", "B"),
        (" * a\n\n   .. toctree::\n\n      zap\n\n   kept\n\nB", "* a kept B"),
        (".. _target:\n   http://zap.com\n\nB", "B"),
        ("A\n\n__ http://zip.com\n\nB", "A B"),
        (".. code:: python\n\n   kept()\n\nB", "kept() B"),
    ],
)
def test_bodies_for_programs_in_rst_are_no_text(source, words):
    assert " ".join(read_rst(source).text.split()) == words
