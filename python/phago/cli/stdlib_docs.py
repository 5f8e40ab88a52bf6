"""The documentation of the running Python's standard library, as documents.

Importing the whole standard library is no thing to do to one's own process: some modules print, some open a browser,
some fail. So this file is also a script that a child process runs, without input and without a display; the parent
reads the documents from it. It imports nothing of phago: the child must not need the native module.

The same interpreter gives the same bytes, whatever the hash seed and the environment.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pkgutil
import re
import subprocess
import sys
import tempfile
import types
import warnings
from collections.abc import Iterator
from typing import Any

__all__ = ["collect"]

# They print, open a browser, run a game, are made of tests or tables, or repeat another module under a private face.
_SKIPPED = {"antigravity", "encodings", "idlelib", "lib2to3", "posix", "pydoc_data", "test", "this", "turtledemo"}
_TESTS = {"test", "tests", "idle_test"}
_SECONDS_MAX = 300

# `<object at 0x7f...>` in a docstring that was made by code differs from run to run.
_ADDRESS = re.compile(r"\s+at 0x[0-9a-fA-F]+|\b0x[0-9a-fA-F]{9,16}\b")
# What Python itself writes where nobody wrote anything helps nobody.
_EMPTY = re.compile(r"Alias for field number \d+|Structure/Union member|An enumeration\.|\w*")


def collect(executable: str = sys.executable) -> list[dict[str, str]]:
    """One document for each public object of the standard library and each help topic, in the order of their ids.

    Args:
        executable: The Python whose library it is.

    Raises:
        RuntimeError: This Python runs with `-OO`, which strips the documentation, or the child process failed.
    """
    if sys.flags.optimize >= 2:
        raise RuntimeError("Python runs with -OO, which strips the documentation; run it without")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") and name not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    }
    # -S: what is installed beside the standard library has no say, not even through .pth files. -P: no module of the
    # script's own folder stands in for one of the library.
    command = [executable, "-S", "-s", "-P", "-B", "-W", "ignore", os.path.abspath(__file__)]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**kept, "PYTHONHASHSEED": "0", "PYTHONIOENCODING": "utf-8", "TERM": "dumb", "COLUMNS": "80"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS_MAX,
            start_new_session=True,
        )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise RuntimeError(f"reading the standard library's documentation failed: {last or done.returncode}")
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def _public(name: str) -> bool:
    return not any(part.startswith("_") or part in _TESTS for part in name.split("."))


def _modules() -> Iterator[types.ModuleType]:
    # The set of names has no order of its own.
    waiting = sorted((name for name in sys.stdlib_module_names if _public(name) and name not in _SKIPPED), reverse=True)
    while waiting:
        name = waiting.pop()
        try:
            module = importlib.import_module(name)
        # Modules of other systems fail in ways of their own, and some end the process.
        except (Exception, SystemExit):
            continue
        yield module
        inside = [found.name for found in pkgutil.iter_modules(getattr(module, "__path__", ()))]
        waiting.extend(f"{name}.{part}" for part in sorted(inside, reverse=True) if _public(part))


def _members(module: types.ModuleType) -> Iterator[tuple[str, Any]]:
    """The public members of a module: those it lists, else those that were made in it."""
    listed = getattr(module, "__all__", None)
    if module.__name__ == "builtins":
        listed = list(vars(module))
    private = f"_{module.__name__}"
    for name in sorted(set(listed if listed is not None else vars(module))):
        try:
            member = getattr(module, name)
        except Exception:
            continue
        if not _public(name):
            continue
        home = getattr(member, "__module__", None)
        if listed is not None or home in (module.__name__, private) or str(home).startswith(f"{module.__name__}."):
            yield name, member


def _doc(member: Any) -> str | None:
    """The documentation of its own that something has."""
    try:
        doc = member.__doc__
        # An instance shows the text of its class; a descriptor in place of a text is none.
        inherited = not isinstance(member, type) and doc == type(member).__doc__
    except Exception:
        return None
    if not isinstance(doc, str) or inherited:
        return None
    doc = _ADDRESS.sub("", inspect.cleandoc(doc)).strip().encode("utf-8", "replace").decode()
    return None if _EMPTY.fullmatch(doc) else doc


def _shorter(name: str, than: str) -> bool:
    return (len(name), name) < (len(than), than)


class _Names:
    """The shortest public name of everything; each is held, so that an address means one object."""

    def __init__(self) -> None:
        self.best: dict[int, tuple[str, Any]] = {}

    def add(self, name: str, thing: Any) -> bool:
        known = self.best.get(id(thing))
        if known is None or _shorter(name, known[0]):
            self.best[id(thing)] = name, thing
        return known is None

    def of(self, thing: Any) -> str:
        return self.best[id(thing)][0]


def _attributes(kind: type) -> Iterator[tuple[str, Any]]:
    """The methods and properties that a class adds or documents anew."""
    for name, raw in sorted(vars(kind).items()):
        if not _public(name):
            continue
        function = raw.__func__ if isinstance(raw, staticmethod | classmethod) else raw
        if not (inspect.isroutine(function) or inspect.isdatadescriptor(function)):
            continue
        doc = _doc(function)
        if doc is None or any(_doc(vars(base).get(name)) == doc for base in kind.__mro__[1:]):
            continue
        yield name, function


def _documents() -> Iterator[tuple[str, str]]:
    modules = list(_modules())
    names = _Names()
    for module in modules:
        names.add(module.__name__, module)
    for module in modules:
        # `os.path` is a better name than `posixpath`.
        for name, member in _members(module):
            if isinstance(member, types.ModuleType) and id(member) in names.best:
                names.add(f"{module.__name__}.{name}", member)
    classes: dict[int, type] = {}
    for module in modules:
        prefix = "" if module.__name__ == "builtins" else names.of(module) + "."
        for name, member in _members(module):
            if not isinstance(member, types.ModuleType) and _doc(member) is not None:
                names.add(prefix + name, member)
            # A class without a text may have methods with one, and is then named for their sake.
            if isinstance(member, type):
                names.add(prefix + name, member)
                classes[id(member)] = member
    for kind in sorted(classes.values(), key=names.of):
        for name, attribute in _attributes(kind):
            names.add(f"{names.of(kind)}.{name}", attribute)
    for name, thing in names.best.values():
        if (doc := _doc(thing)) is not None:
            yield name, doc
    topics = importlib.import_module("pydoc_data.topics").topics
    for name, text in topics.items():
        yield f"help/{name}", _ADDRESS.sub("", text).strip()


def _main() -> None:
    warnings.simplefilter("ignore")
    # Whatever modules print goes nowhere; the documents have a way of their own.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    found: dict[str, str] = {}
    for name, text in _documents():
        # Two objects may have one name where a module has replaced a member; the longer text is the one to keep.
        if (len(text), text) > (len(found.get(name, "")), found.get(name, "")):
            found[name] = text
    documents = [{"id": name, "title": name.removeprefix("help/"), "text": found[name]} for name in sorted(found)]
    json.dump(documents, out, ensure_ascii=False)
    out.flush()
    # Modules that registered something for the end, or left threads behind, have no say any more.
    os._exit(0)


if __name__ == "__main__":
    _main()
