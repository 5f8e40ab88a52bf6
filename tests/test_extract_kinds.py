"""PDF, Word, notebooks, messages and source files; sections; and that no markup becomes a concept."""

import itertools
import json
import os
import subprocess
import sys
import time
import zipfile

import phago
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phago.extract import LeftOut, documents, read_sources, sources
from phago.extract import apart as apart_module
from phago.extract.apart import Apart
from phago.extract.content import Unread
from phago.extract.markdown import read_markdown
from phago.extract.markup import plain_markdown
from phago.extract.notebook import read_notebook


def read(path, **named):
    return [found for _, found in read_sources(sources([str(path)]), **named)]


def only(path, **named):
    (found,) = read(path, **named)
    return found


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def pdf(pages, title="", content=None):
    """A PDF whose pages show these lines; `content` replaces what draws a page."""
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for at, page in enumerate(pages):
        lines = " T* ".join(f"({line}) Tj" for line in page.split("\n"))
        drawn = f"BT /F1 12 Tf 14 TL 72 720 Td {lines} ET" if content is None else content
        objects += [
            f"<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * at} 0 R >>",
            f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
        ]
    objects.append(f"<< /Title ({title}) >>")
    out, places = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{len(out)}\n%%EOF"
    return f"{out}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{end}".encode("latin-1")


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STYLES = "".join(
    f'<w:style w:type="paragraph" w:styleId="{name.replace(" ", "")}"><w:name w:val="{name}"/></w:style>'
    for name in ("Title", "heading 1", "heading 2")
)


def docx(path, paragraphs, title=""):
    """A Word document of paragraphs (style, text)."""
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
        for style, text in paragraphs
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" '
            'ContentType="application/xml"/></Types>',
        )
        packed.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
            'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
            'Target="word/document.xml"/></Relationships>',
        )
        packed.writestr("word/styles.xml", f'<w:styles xmlns:w="{W}">{STYLES}</w:styles>')
        packed.writestr("word/document.xml", f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>')
        packed.writestr(
            "docProps/core.xml",
            '<c:coreProperties xmlns:c="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
            f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></c:coreProperties>',
        )
    return path


# --- PDF ---------------------------------------------------------------------------------------------------------


def test_a_pdf_has_its_title_and_its_pages(tmp_path):
    file = write(tmp_path / "paper.pdf", pdf(["Ions cross the mem-\nbrane.", "Pumps move sodium."], "Transport"))
    found = only(file)
    assert (found.id, found.title, found.text) == (
        "paper.pdf",
        "Transport",
        "Ions cross the membrane.\n\nPumps move sodium.",
    )
    pages = read(file, sections=True)
    assert [(one.id, one.thread, one.place, one.metadata["page"], one.text) for one in pages] == [
        ("paper.pdf//1", "paper.pdf", 1, 1, "Ions cross the membrane."),
        ("paper.pdf//2", "paper.pdf", 2, 2, "Pumps move sodium."),
    ]


def test_a_pdf_without_a_title_goes_by_its_file(tmp_path):
    assert only(write(tmp_path / "paper.pdf", pdf(["Ions."], ""))).title == "paper"


def encrypted(tmp_path, password):
    import pypdf

    plain = write(tmp_path / "plain", pdf(["Ions."]))
    writer = pypdf.PdfWriter(clone_from=plain)
    # The cipher that needs no other package.
    writer.encrypt(password, "owner", algorithm="RC4-128")
    writer.write(tmp_path / "e.pdf")
    return tmp_path / "e.pdf"


def test_an_encrypted_pdf_is_told_of_and_one_without_a_password_is_read(tmp_path):
    found = only(encrypted(tmp_path, "secret"))
    assert (found.reason, found.is_unread) == ("encrypted: it needs a password", True)
    assert only(encrypted(tmp_path, "")).text == "Ions."


def test_a_scanned_pdf_is_told_of(tmp_path):
    found = only(write(tmp_path / "scan.pdf", pdf(["", ""], content="0 0 m 9 9 l S")))
    assert (found.reason, found.is_unread) == ("without text: pages that were scanned hold pictures", True)


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.4\n", b"\0" * 5000, b"%PDF-1.7\n" + b"<<" * 100_000, pdf(["Ions."])[:300]]
)
@pytest.mark.parametrize("suffix", ["pdf", "docx", "eml"])
def test_a_damaged_file_is_told_of_and_the_next_is_read(tmp_path, data, suffix):
    write(tmp_path / "f" / f"a.{suffix}", data)
    write(tmp_path / "f" / "b.pdf", pdf(["Ions."]))
    damaged, good = read(tmp_path / "f")
    assert good.text == "Ions."
    # What is no message is one without headings, as mail programs see it.
    if isinstance(damaged, LeftOut):
        assert damaged.reason.split(" (")[0] in {"damaged, or no file of its kind", "blank"} or "text" in damaged.reason
    else:
        assert suffix == "eml"


def test_pages_that_point_at_each_other_end(tmp_path):
    looped = pdf(["Ions."]).replace(b"/Kids [4 0 R]", b"/Kids [2 0 R]")
    assert isinstance(only(write(tmp_path / "loop.pdf", looped)), LeftOut)


def test_one_bad_page_is_told_of_and_the_others_are_read(tmp_path):
    broken = pdf(["Ions.", "Pumps."]).replace(b"/Contents 7 0 R", b"/Contents 6 0 R")
    found = read(write(tmp_path / "a.pdf", broken))
    assert found[0].text.startswith("Ions.")


# --- Word --------------------------------------------------------------------------------------------------------


def test_a_word_document_has_its_title_and_its_sections(tmp_path):
    file = docx(
        tmp_path / "paper.docx",
        [("heading1", "Channels"), ("x", "Ions &amp; water."), ("heading2", "Pumps"), ("x", "They move sodium.")],
        "Transport",
    )
    found = only(file)
    assert (found.title, found.text) == ("Transport", "Channels\nIons & water.\nPumps\nThey move sodium.")
    assert [(one.id, one.metadata["section"], one.text) for one in read(file, sections=True)] == [
        ("paper.docx//1", "Channels", "Channels\nIons & water."),
        ("paper.docx//2", "Pumps", "Pumps\nThey move sodium."),
    ]


def test_a_word_document_without_properties_goes_by_its_first_heading(tmp_path):
    file = docx(tmp_path / "paper.docx", [("Title", "Transport"), ("x", "Ions.")])
    assert only(file).title == "Transport"


def test_a_word_document_that_unpacks_to_too_much_is_told_of(tmp_path):
    file = docx(tmp_path / "bomb.docx", [("x", "Ions.")])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/more.xml", bytes(129 << 20))
    assert file.stat().st_size < 1 << 20
    assert only(file).reason == "unpacks to more than 128 MiB"


def test_entities_that_unfold_without_end_are_told_of(tmp_path):
    names = "abcdefghij"
    entities = '<!ENTITY a "lol">' + "".join(
        f'<!ENTITY {new} "{f"&{old};" * 20}">' for old, new in itertools.pairwise(names)
    )
    file = tmp_path / "laughs.docx"
    docx(file, [("x", "Ions.")])
    other = tmp_path / "made.docx"
    with zipfile.ZipFile(file) as packed, zipfile.ZipFile(other, "w") as made:
        for part in packed.namelist():
            data = packed.read(part)
            if part == "word/document.xml":
                data = b"<!DOCTYPE x [" + entities.encode() + b"]>" + data.replace(b"Ions.", b"&j;")
            made.writestr(part, data)
    assert only(other).reason.startswith("damaged, or no file of its kind")


# --- what is read apart ------------------------------------------------------------------------------------------


def test_a_file_that_takes_too_long_is_given_up_and_the_next_is_read(tmp_path):
    write(tmp_path / "a.pdf", pdf(["Ions."]))
    with Apart(seconds_max=0.01) as apart, pytest.raises(Unread, match="takes longer than 0 seconds"):
        apart.read(tmp_path / "a.pdf", ".pdf")
    with Apart(seconds_max=30) as apart:
        assert apart.read(tmp_path / "a.pdf", ".pdf").text == "Ions."
        apart._process.kill()
        with pytest.raises(Unread, match="ended the process"):
            apart.read(tmp_path / "a.pdf", ".pdf")
        assert apart.read(tmp_path / "a.pdf", ".pdf").text == "Ions."


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit of memory is that of Linux")
def test_a_file_that_takes_too_much_memory_is_told_of(tmp_path):
    program = (
        "import sys; from phago.extract import apart\n"
        "from phago.extract.content import Content\n"
        "apart.MEMORY_MAX = 1 << 30\n"
        "apart.read_here = lambda path, suffix: Content('', 'x' * (4 << 30))\n"
        "apart.serve()"
    )
    line = json.dumps([str(tmp_path), ".pdf"])
    done = subprocess.run([sys.executable, "-c", program], input=line, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["reason"] == "it takes more than 1 GiB of memory to read"


def test_what_a_missing_library_would_read_says_what_to_install(tmp_path, monkeypatch):
    for name in ("a.pdf", "b.pdf", "c.docx"):
        write(tmp_path / "f" / name, pdf(["Ions."]))
    hidden = write(tmp_path / "hidden" / "sitecustomize.py", "import sys\nsys.modules['pypdf'] = None")
    monkeypatch.setenv("PYTHONPATH", str(hidden.parent))
    found = [one for one in read(tmp_path / "f") if one.path.endswith("pdf")]
    assert {one.reason for one in found} == {'of a kind that needs pip install "phago[files]" (.pdf)'}
    assert [one.is_unread for one in found] == [True, True]


def test_a_file_over_the_limit_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(apart_module, "FILE_MAX", 10)
    assert only(write(tmp_path / "a.pdf", pdf(["Ions."]))).reason == "over 0 MiB"


# --- notebooks, messages, source files ---------------------------------------------------------------------------


def notebook(*cells):
    return json.dumps({"cells": [{"cell_type": kind, "source": source} for kind, source in cells], "nbformat": 4})


def test_a_notebook_is_its_cells(tmp_path):
    file = write(
        tmp_path / "a.ipynb",
        notebook(
            ("markdown", ["# Ions\n", "They <b>cross</b>."]),
            ("code", "rate = 3\n"),
            ("markdown", "## Pumps\n\nSodium."),
        ),
    )
    found = only(file)
    assert (found.title, found.text) == ("Ions", "# Ions\n\nThey cross.\n\nrate = 3\n\n\n## Pumps\n\nSodium.")
    assert [one.metadata["section"] for one in read(file, sections=True)] == ["Ions", "Pumps"]


@pytest.mark.parametrize("text", ["{}", "[]", "{", '{"cells": 1}', "[" * 100_000])
def test_what_is_no_notebook_says_so(tmp_path, text):
    assert only(write(tmp_path / "a.ipynb", text)).reason.startswith("no notebook: ")


def test_a_notebook_of_strange_cells_is_read(tmp_path):
    cells = [1, None, {}, {"source": 1}, {"source": [1, "x = 1"]}, {"cell_type": "code", "source": "y = 2"}]
    assert only(write(tmp_path / "a.ipynb", json.dumps({"cells": cells}))).text == "x = 1\n\ny = 2"


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["markdown", "code", "raw"]),
            st.lists(st.sampled_from(["# a", "\n", "b", "```", "<p>", "\0"])),
        )
    )
)
def test_no_notebook_fails_whatever_its_cells(cells):
    content = read_notebook(notebook(*cells))
    assert "\0" not in content.text
    assert all(content.text[section.start :].startswith("#") for section in content.sections)


def test_a_message_has_its_subject_words_and_date(tmp_path):
    message = (
        "From: Ann <ann@example.org>\nTo: Bob\nSubject: =?utf-8?q?Caf=C3=A9?=\nDate: Mon, 02 Mar 2026 09:00:00 +0100\n"
        "Content-Type: text/html; charset=utf-8\n\n<p>Ions <b>cross</b>.</p><style>p { color: red }</style>"
    )
    found = only(write(tmp_path / "a.eml", message))
    assert (found.title, found.text) == ("Café", "From: Ann <ann@example.org>\nTo: Bob\n\nIons cross.")
    assert found.time.isoformat() == "2026-03-02T09:00:00+01:00"


def test_a_source_file_is_its_text_and_goes_by_its_name(tmp_path):
    found = only(write(tmp_path / "ions.py", "def cross(membrane):\n    return membrane\n"))
    assert (found.title, found.text) == ("ions.py", "def cross(membrane):\n    return membrane\n")


def test_folders_that_programs_fill_are_left_out_and_told_of(tmp_path):
    for name in ("node_modules/a.js", "env/pyvenv.cfg", "env/lib/b.py", "target/CACHEDIR.TAG", "target/c.txt", "d.txt"):
        write(tmp_path / "f" / name, "Text.")
    found = read(tmp_path / "f")
    assert [one.id for one in found if isinstance(one, phago.Document)] == ["f/d.txt"]
    assert sorted(one.path for one in found if isinstance(one, LeftOut)) == ["f/env", "f/node_modules", "f/target"]


def test_python_has_the_documents_of_the_command_line(tmp_path):
    write(tmp_path / "f" / "a.md", "# One\n\nText.\n\n# Two\n\nMore.\n")
    write(tmp_path / "f" / "b.png", b"\x89PNG")
    missed = []
    found = list(documents(tmp_path / "f", sections=True, left_out=missed.append))
    assert [one.id for one in found] == ["f/a.md//1", "f/a.md//2"]
    assert [(one.path, one.reason) for one in missed] == [("f/b.png", "of an unknown kind (.png)")]
    with pytest.raises(FileNotFoundError):
        list(documents(tmp_path / "nowhere"))


# --- sections ----------------------------------------------------------------------------------------------------

PAGES = {
    "a.md": "Before.\n\n# One\n\nFirst.\n\n## Two\n\nSecond.\n",
    "a.html": "<p>Before.</p><h1>One</h1><p>First.</p><h2>Two</h2><p>Second.</p>",
    "a.rst": "Before.\n\nOne\n===\n\nFirst.\n\nTwo\n---\n\nSecond.\n",
}


@pytest.mark.parametrize("name", PAGES)
def test_each_section_is_a_part(tmp_path, name):
    file = write(tmp_path / name, PAGES[name])
    parts = read(file, sections=True)
    assert [(one.id, one.metadata.get("section"), one.text.split()[-1]) for one in parts] == [
        (f"{name}//1", None, "Before."),
        (f"{name}//2", "One", "First."),
        (f"{name}//3", "Two", "Second."),
    ]
    assert {one.thread for one in parts} == {name}
    assert only(file).text.split() == [word for one in parts for word in one.text.split()]


def test_a_heading_alone_goes_with_the_next(tmp_path):
    parts = read(write(tmp_path / "a.md", "# One\n\n## Two\n\nText.\n\n## Three\n\nMore.\n"), sections=True)
    assert [(one.metadata["section"], one.text.split()[-1]) for one in parts] == [("One", "Text."), ("Three", "More.")]


def test_long_sections_are_cut_where_both_are_asked_for(tmp_path):
    words = "ions cross the membrane " * 40
    file = write(tmp_path / "a.md", f"# One\n\n{words}\n\n# Two\n\nShort.\n")
    parts = read(file, sections=True, part=300)
    assert len(parts) > 3
    assert [one.metadata["section"] for one in parts] == ["One"] * (len(parts) - 1) + ["Two"]
    assert all(len(one.text) <= 300 for one in parts)


def test_one_section_is_no_thread(tmp_path):
    assert only(write(tmp_path / "a.md", "# One\n\nText.\n"), sections=True).thread is None


# --- markup ------------------------------------------------------------------------------------------------------

HTML = """<!DOCTYPE html><html lang="zzlang"><head><title>Membranes</title><meta name="zzmeta" content="zzcontent">
<link rel="zzrel" href="https://zzlink.example/zzpath"><style>.zzclass { zzcolor: zzred } @media zzprint {}</style>
<script type="zztype">var zzvariable = "<p>zzstring</p>";</script></head>
<body class="zzbody" onload="zzload()"><!-- zzcomment <p>zzhidden</p> --><h1 id="zzid">Cells</h1>
<p style="zzstyle:1">Ions&nbsp;cross the
<a href="https://zztarget.example/a?zzquery=1#zzfragment">membrane</a>&amp; more.</p>
<img src="zzpicture.png" alt="zzalt" title="zztip"><div hidden>zzsecret</div>
<svg><path d="M zzd"/><text>zzlabel</text></svg>
<table data-zzdata="zzvalue"><tr><td colspan=2>sodium</td><td>potassium</td></tr></table>
<pre><code class="language-zzlanguage">pump(sodium)</code></pre><input value="zzinput" placeholder="zzplace">
<noscript>zznoscript</noscript><template><b>zztemplate</b></template><iframe src="zzframe">zzfallback</iframe>
<?zzinstruction zz?><![CDATA[ zzcdata ]]></body></html>"""
MARKDOWN = """---
title: Membranes
zzkey: zzfront
---

# Cells {#zzanchor .zzclass}

Ions&nbsp;cross the [membrane](https://zztarget.example/zzpath "zztip") &amp; more, see [pumps][zzref].
![sodium](zzpicture.png) <span class="zzspan" style="zzcolor: red">potassium</span> <!-- zzcomment -->
![[zzembed.png]] and <br/> more.

<div align="zzalign">
  <img src="zzimage.png" alt="zzalt" width="100">
</div>

<style>
.zzrule { zzproperty: 1 }
</style>

<script>zzscript()</script>

| sodium | potassium |
|:-------|----------:|
| 1      | 2         |

```zzlanguage
pump(sodium)
```

- [ ] channels
- [x] **gates**

[zzref]: https://zzreference.example/zz 'zztitle'
"""
WORDS = {"ions", "cross", "membrane", "sodium", "potassium", "pump", "cells"}


def concepts(*documents):
    with phago.Colony(seed=7) as colony:
        colony.ingest(documents)
        colony.run()
        return {node.label for node in colony.graph.nodes}


@pytest.mark.parametrize("reader", ["html", "markdown", "plain", "word", "notebook", "mail"])
def test_no_markup_becomes_a_concept(tmp_path, reader):
    if reader == "word":
        file = docx(
            tmp_path / "a.docx",
            [("heading1", "Cells"), ("x", "Ions cross the membrane; sodium, potassium, pump.")],
            "Membranes",
        )
        found = only(file)
    elif reader == "notebook":
        found = only(write(tmp_path / "a.ipynb", notebook(("markdown", MARKDOWN), ("code", "sodium = 1"))))
    elif reader == "mail":
        found = only(write(tmp_path / "a.eml", f"Subject: Membranes\nContent-Type: text/html\n\n{HTML}"))
    elif reader == "html":
        found = only(write(tmp_path / "a.html", HTML))
    else:
        content = (read_markdown if reader == "markdown" else plain_markdown)(MARKDOWN)
        found = phago.Document(content.text, "a", content.title)
    labels = concepts(found)
    assert labels >= WORDS
    markup = {"nbsp", "amp", "href", "src", "alt", "class", "div", "span", "img", "https", "http", "style", "br", "png"}
    assert sorted(label for label in labels if "zz" in label or label in markup) == []


def test_both_readers_of_markdown_find_the_same_words_and_sections():
    both = [read_markdown(MARKDOWN), plain_markdown(MARKDOWN)]
    assert [one.title for one in both] == ["Membranes"] * 2
    assert [[section.heading for section in one.sections] for one in both] == [["Cells"]] * 2
    assert concepts(phago.Document(both[0].text)) == concepts(phago.Document(both[1].text))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a\n\n- b\n  - c\n- d\n\ne", "a\n\n- b\n  - c\n- d\n\ne"),
        ("1. a\n2. b", "1. a\n2. b"),
        ("| a | b |\n|---|---|\n| c | d |", "a | b\nc | d"),
        ("```py\nx = 1\n```", "x = 1"),
        ("`<tag>` and <tag>", "<tag> and"),
        ("a  \nb", "a\nb"),
        ("<https://example.org>", "https://example.org"),
        ("&copy; \\* x", "© * x"),
        ("Head\n===\n\ntext", "# Head\n\ntext"),
        ("> quoted\n> on", "quoted\non"),
        ("a <script>b</script> c", "a  c"),
    ],
)
def test_markdown_is_read_as_commonmark(source, text):
    assert read_markdown(source).text.rstrip() == text


def test_without_the_library_markdown_is_read_by_patterns(monkeypatch):
    monkeypatch.setitem(sys.modules, "markdown_it", None)
    from phago.extract import markdown

    markdown._parser.cache_clear()
    try:
        assert read_markdown("# Head\n\n[a](b)").text == "# Head\n\na"
    finally:
        markdown._parser.cache_clear()


def test_the_kinds_of_an_extra_cost_nothing_where_they_are_not_read():
    program = (
        "import sys, phago.extract; print({'pypdf', 'mammoth', 'markdown_it', 'email', 'zipfile'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert not {"pypdf", "mammoth", "markdown_it"} & set(eval(done.stdout) or ())


def test_a_mail_of_an_unknown_charset_is_read(tmp_path):
    head = b"Subject: Ions\nContent-Type: text/plain; charset=nowhere-1\n\n"
    assert "caf\xe9" in only(write(tmp_path / "a.eml", head + "caf\xe9".encode())).text
    assert "caf\xe9" in only(write(tmp_path / "b.eml", head + b"caf\xe9")).text


def test_the_cells_of_a_notebook_are_bounded_together(tmp_path):
    cells = [{"cell_type": "markdown", "source": "[a](b) *c*\n\n" * 600} for _ in range(200)]
    begun = time.perf_counter()
    found = only(write(tmp_path / "a.ipynb", json.dumps({"cells": cells})))
    assert time.perf_counter() - begun < 10
    assert found.text.startswith("a *c*")


def test_after_some_slow_files_the_others_are_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr(apart_module, "LATE_MAX", 1)
    file = write(tmp_path / "a.eml", b"Subject: Ions\n\nIons.")
    with Apart(seconds_max=0.001) as reading:
        with pytest.raises(Unread, match="takes longer than"):
            reading.read(file, ".eml")
        with pytest.raises(Unread, match="not tried: 1 files") as raised:
            reading.read(file, ".eml")
    assert raised.value.is_unread
