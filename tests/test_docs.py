"""What the documentation shows is what happens: README's examples, and those in docstrings."""

import ast
import asyncio
import contextlib
import doctest
import importlib
import inspect
import io
import pkgutil
import re
from pathlib import Path

import phago

README = Path(__file__).resolve().parent.parent / "README.md"
# A block of Python, and the block of output that may follow it.
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n(?:\s*^```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)


def run(source, names):
    """Run an example, which may await; returns what it prints."""
    out = io.StringIO()
    code = compile(source, str(README), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with contextlib.redirect_stdout(out):
        waiting = eval(code, names)
        if inspect.iscoroutine(waiting):
            asyncio.run(waiting)
    return out.getvalue()


def test_the_examples_of_the_readme_print_what_they_show():
    examples = EXAMPLE.findall(README.read_text(encoding="utf-8"))
    assert len(examples) >= 3
    assert sum(bool(shown) for _, shown in examples) >= 3
    names = {}
    for source, shown in examples:
        printed = run(source, names)
        if shown:
            assert printed == shown, source


def test_the_examples_in_docstrings_print_what_they_show():
    modules = ["phago", *(found.name for found in pkgutil.walk_packages(phago.__path__, "phago."))]
    tried = 0
    for name in modules:
        if name not in ("phago.__main__", "phago._phago"):
            result = doctest.testmod(importlib.import_module(name))
            assert result.failed == 0, name
            tried += result.attempted
    assert tried >= 8


def test_everything_public_is_described():
    for name in phago.__all__:
        thing = getattr(phago, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert thing.__doc__, name
            # A dataclass without words of its own is described by its signature, which says nothing.
            assert not thing.__doc__.startswith(f"{name}("), name
