"""Run the examples of README and docs/. `python tools/readme.py` writes what they print into the blocks that show it.

An example is a block of Python; the block of text that follows it shows what it prints. Examples go on from one
another, page by page, and may await.
"""

import ast
import asyncio
import contextlib
import inspect
import io
import re
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
# What is not to be run stands in a block of another kind.
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLE = re.compile(r"(^```python\n)(.*?)(^```\n)(?:(\s*^```text\n)(.*?)(^```\n))?", re.DOTALL | re.MULTILINE)


def printed_by(source, names):
    """What an example prints. Its names are those that the examples before it made."""
    out = io.StringIO()
    code = compile(source, str(README), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with contextlib.redirect_stdout(out):
        waiting = eval(code, names)
        if inspect.iscoroutine(waiting):
            asyncio.run(waiting)
    return out.getvalue()


def with_outputs(text):
    """The text with the outputs of now, and how many examples it has, and how many outputs.

    Examples run in a folder of their own: what one writes is gone when all have run.
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return _with_outputs(text)


def _with_outputs(text):
    names, counts = {}, [0, 0]

    def written(example):
        before, source, after, opened, shown, closed = example.groups()
        printed = printed_by(source, names)
        counts[0] += 1
        if shown is None:
            return example[0]
        counts[1] += 1
        return "".join([before, source, after, opened, printed, closed])

    return EXAMPLE.sub(written, text), *counts


if __name__ == "__main__":
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found, _, outputs = with_outputs(text)
        page.write_text(found, encoding="utf-8")
        print(f"{page.relative_to(ROOT)}: {outputs} outputs, {'unchanged' if found == text else 'written anew'}")
