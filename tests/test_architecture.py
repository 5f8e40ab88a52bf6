"""Imports go down only, and the pure core stays pure. The tables are the rule; every source file is looked at."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# What each module of the core may import. The words of the crate know only one another.
WORDS = {"cancel", "config", "error", "ids", "maps", "phase"}
CORE = {
    "cancel": {"error"},
    "config": {"error"},
    "error": {"ids", "phase"},
    "ids": set(),
    "maps": set(),
    "phase": set(),
    "text": WORDS,
    "ring": WORDS,
    "message": WORDS | {"text"},
    "documents": WORDS | {"text"},
    "graph": WORDS,
    "ghost": WORDS,
    # It speaks of ids and phases, never of shards.
    "coordinator": WORDS | {"ring"},
    "commons": WORDS | {"documents", "ring", "text"},
    "plan": WORDS | {"commons"},
    # Agents propose; they see no shard and no graph to change.
    "agents": WORDS | {"commons", "plan"},
    # A shard knows no other shard, no state of all of them and no driver: what it has to say is a message.
    "shard": WORDS | {"agents", "commons", "documents", "graph", "message", "plan", "text"},
    "query": WORDS | {"commons", "documents", "graph", "shard", "text"},
    # The digest is a method of the state, written in a file of its own.
    "dump": WORDS | {"commons", "documents", "graph", "shard", "state", "text"},
    "state": WORDS | {"commons", "documents", "dump", "graph", "message", "plan", "query", "ring", "shard", "text"},
    "colony": WORDS | {"commons", "documents", "message", "plan", "query", "ring", "shard", "state", "text"},
}

# What each crate may name of other crates of the workspace, and what it must not know at all.
CRATES = {
    "core": (set(), {"tokio", "pyo3", "std::thread", "std::fs", "std::time", "std::net", "std::process", "std::env"}),
    "engine": ({"phago_core"}, {"pyo3"}),
    "py": ({"phago_core", "phago_engine"}, set()),
}

# What each module of the package may import of the others.
PACKAGE = {
    "ids": set(),
    "results": {"ids"},
    "errors": {"ids"},
    "config": {"errors"},
    "document": set(),
    "stdlib_docs": set(),
    "_shared": {"errors", "ids", "results"},
    "graph": {"results"},
    "ghosts": {"_shared", "errors", "ids", "results"},
    "colony": {"_phago", "_shared", "config", "document", "errors", "graph", "results"},
    "aio": {"_shared", "colony", "config", "graph", "results"},
    "ring": {"_phago", "_shared", "config", "ids"},
    "shard": {"_phago", "_shared", "config", "ghosts", "ids", "results", "ring"},
    "cluster": {"_phago", "_shared", "config", "errors", "ids", "results", "ring", "shard"},
    "demo": {"_phago", "colony", "config", "document", "graph", "results", "stdlib_docs"},
    "cli": {"", "colony", "config", "demo", "document", "errors"},
    "__main__": {"cli"},
}


def code(file):
    """A Rust file without comments and without its tests, which may look anywhere."""
    text = re.sub(r"//.*", "", file.read_text(encoding="utf-8"))
    return text.partition("#[cfg(test)]")[0]


def imported(text):
    """The modules of its own crate that a piece of Rust names."""
    found = set(re.findall(r"\bcrate::([a-z_]+)", text))
    for group in re.findall(r"\bcrate::\{(.*?)\};", text, re.DOTALL):
        flat = group
        while "{" in flat:
            flat = re.sub(r"\{[^{}]*\}", "", flat)
        for item in flat.split(","):
            first = item.strip().partition("::")[0]
            # The crate's root re-exports its errors.
            found.add("error" if first in ("Error", "Result") else first)
    return found - {""}


def test_the_core_imports_down_only():
    source = ROOT / "rust/core/src"
    seen = set()
    for file in sorted(source.rglob("*.rs")):
        module = file.relative_to(source).parts[0].removesuffix(".rs")
        if module == "lib" or file.name == "tests.rs":
            continue
        assert module in CORE, f"{module} has no place in the table"
        seen.add(module)
        beyond = imported(code(file)) - CORE[module] - {module}
        assert not beyond, f"{file.relative_to(ROOT)} imports {sorted(beyond)}"
    assert seen == set(CORE), f"in the table and nowhere else: {set(CORE) - seen}"


@pytest.mark.parametrize("crate", CRATES)
def test_a_crate_knows_only_those_below(crate):
    allowed, forbidden = CRATES[crate]
    files = [file for file in sorted((ROOT / "rust" / crate / "src").rglob("*.rs")) if file.name != "tests.rs"]
    assert files
    for file in files:
        text = code(file)
        named = set(re.findall(r"\bphago_(?:core|engine|py)\b", text))
        assert named <= allowed, f"{file.relative_to(ROOT)} names {sorted(named - allowed)}"
        for word in forbidden:
            assert not re.search(rf"\b{word}\b", text), f"{file.relative_to(ROOT)} names {word}"
    manifest = tomllib.loads((ROOT / "rust" / crate / "Cargo.toml").read_text(encoding="utf-8"))
    needed = {name.replace("-", "_") for name in manifest.get("dependencies", {})}
    assert {name for name in needed if name.startswith("phago_")} == allowed
    assert not needed & forbidden


def test_every_crate_is_in_the_table():
    manifests = {file.parent.name for file in (ROOT / "rust").glob("*/Cargo.toml")}
    assert manifests == set(CRATES)


def test_unsafe_code_is_forbidden_where_nothing_needs_it():
    for crate in ("core", "engine"):
        assert "#![forbid(unsafe_code)]" in (ROOT / "rust" / crate / "src/lib.rs").read_text(encoding="utf-8")


def runtime_imports(tree):
    """The relative imports of a Python file, those for types left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            if node.module:
                yield node.module
            else:
                # `from . import _phago` names a module, `from . import __version__` the package.
                yield from (
                    name.name if (ROOT / "python/phago" / f"{name.name}.pyi").exists() else "" for name in node.names
                )
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("phago"):
            raise AssertionError("modules of the package import one another by a dot")


def test_the_package_imports_down_only():
    seen = set()
    for file in sorted((ROOT / "python/phago").glob("*.py")):
        if file.stem == "__init__":
            continue
        assert file.stem in PACKAGE, f"{file.name} has no place in the table"
        seen.add(file.stem)
        beyond = set(runtime_imports(ast.parse(file.read_text(encoding="utf-8")))) - PACKAGE[file.stem]
        assert not beyond, f"{file.name} imports {sorted(beyond)}"
    assert seen == set(PACKAGE)


def test_the_tables_have_no_circles():
    # The state and its digest are one thing in two files.
    for table, pairs in ((CORE, {("dump", "state"), ("state", "dump")}), (PACKAGE, set())):
        done: set[str] = {"", "_phago"}
        waiting = set(table)
        while waiting:
            free = {one for one in waiting if all(two in done or (one, two) in pairs for two in table[one])}
            assert free, f"a circle among {sorted(waiting)}"
            done |= free
            waiting -= free
