"""A graph as one file that any browser shows, with nothing else: no server, no network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib.resources import files
from typing import Any

__all__ = ["page"]

_PAGE = files(__package__.rpartition(".")[0]) / "serve" / "page"
# In the order in which each knows those before it; as one script they need no imports, which a file may not have.
_SCRIPTS = ("dom.js", "picture.js", "file.js")


def page(data: dict[str, Any], title: str, lead: str) -> str:
    """A page that shows a picture, can be searched, zoomed and walked by keys, and works from `file://`.

    Its policy lets nothing run or load but its own script and sheet, by their hashes; labels come in as data, and are
    shown as text.

    Args:
        data: A picture, as `around` and `backbone` make it.
        title: What it is called.
        lead: A sentence about it.
    """
    style = _read("style.css")
    script = "\n".join(_joined(_read(name)) for name in _SCRIPTS)
    # What could end the element or begin a comment is written as an escape of JSON, which means the same.
    payload = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    policy = f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; base-uri 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{html.escape(title)} · phago</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f'<main id="main" class="view"><h1>{html.escape(title)}</h1>\n<p class="lead">{html.escape(lead)}</p>\n'
        '<div id="picture" class="view"></div>\n'
        '<div id="said" class="unseen" role="status" aria-live="polite"></div></main>\n'
        f'<script type="application/json" id="data">{payload}</script>\n'
        f'<script type="module">{script}</script>\n</body>\n</html>\n'
    )


def _read(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")


def _joined(script: str) -> str:
    return re.sub(r"^export ", "", re.sub(r"^import .*\n", "", script, flags=re.MULTILINE), flags=re.MULTILINE)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
