"""What the documentation shows is what happens: README's examples, and those in docstrings."""

import doctest
import importlib.util
import inspect
import pkgutil
import re
import shlex
from pathlib import Path

import phago
import pytest
from phago.cli.command import _parser
from support import imported

ROOT = Path(__file__).resolve().parent.parent


def tool(name):
    """A script of `tools`, which are no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


readme = tool("readme")


WITH_EXAMPLES = [page for page in readme.PAGES if readme.EXAMPLE.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_print_what_they_show(page):
    shown = page.read_text(encoding="utf-8")
    found, examples, outputs = readme.with_outputs(shown)
    assert found.splitlines() == shown.splitlines(), "`make readme` writes what they print"
    assert examples >= outputs >= 1


def test_readme_and_the_documentation_have_examples():
    assert {page.stem for page in WITH_EXAMPLES} >= {"README", "tutorial", "restart", "growth", "agent", "picture"}


def test_the_reference_names_everything_public():
    named: list[str] = []
    for page in (ROOT / "docs/reference").glob("*.rst"):
        named += re.findall(r"^\.\. auto(?:class|function):: (\w+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(set(phago.__all__) - {"__version__"})


@pytest.mark.parametrize("package", ["agents", "evolution", "export", "plot"])
def test_the_reference_names_what_packages_offer(package):
    module = imported(f"phago.{package}")
    if module is None:
        pytest.skip(f"what phago.{package} needs is not installed")
    pages = "\n".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs/reference").glob("*.rst"))
    named = set(re.findall(r"^\.\. auto(?:class|function):: (?:phago\.)?([\w.]+)$", pages, re.MULTILINE))
    for name in module.__all__:
        is_type = not inspect.isclass(getattr(module, name)) and not inspect.isfunction(getattr(module, name))
        assert is_type or name in named or f"{package}.{name}" in named, name


@pytest.mark.parametrize("page", readme.PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_are_such(page):
    blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    commands = re.findall(r"(?:^|&& )phago (.*)$", "\n".join(blocks), re.MULTILINE)
    for command in commands:
        _parser().parse_args(shlex.split(command, comments=True))


def test_the_readme_shows_the_commands():
    blocks = re.findall(r"^```sh\n(.*?)^```$", readme.README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    commands = re.findall(r"^phago (.*)$", "\n".join(blocks), re.MULTILINE)
    named = {command.split()[0] for command in commands}
    assert named >= {
        "ingest",
        "sync",
        "query",
        "get",
        "graph",
        "insights",
        "map",
        "delete",
        "export",
        "verify",
        "compact",
        "snapshot",
        "mcp",
    }


def test_another_output_is_seen_and_only_its_line_changes():
    shown = readme.README.read_text(encoding="utf-8")
    wrong = shown.replace("3 documents digested\n", "4 documents digested\n")
    assert wrong != shown
    assert readme.with_outputs(wrong)[0] == shown


def test_the_examples_in_docstrings_print_what_they_show():
    modules = ["phago", *(found.name for found in pkgutil.walk_packages(phago.__path__, "phago."))]
    tried = 0
    for name in modules:
        if name not in ("phago.__main__", "phago._phago"):
            module = imported(name)
            result = doctest.testmod(module) if module is not None else doctest.TestResults(0, 0)
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


def test_make_help_and_the_guide_for_contributors_say_the_same():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    helped = dict(re.findall(r"@echo 'make (\w+) +(.*)'", makefile))
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `make (\w+)` \| (.*) \|$", guide, re.MULTILINE))
    assert {name: text.replace("`", "") for name, text in told.items()} == helped
    assert set(helped) == set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()) - {
        "help",
        "tools",
        "training",
    }
    assert len(helped) >= 7


def test_every_file_that_the_guide_for_contributors_names_is_there():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    files = set(re.findall(r"\b(?:tests|benches|tools|python|rust)/[\w/]+(?:\.\w+)?", guide))
    suites = re.findall(r"cargo test -p phago-(\w+) --test (\w+)", guide)
    files |= {f"rust/{crate}/tests/{name}.rs" for crate, name in suites}
    assert len(files) >= 10
    assert [file for file in sorted(files) if not (ROOT / file).exists()] == []
