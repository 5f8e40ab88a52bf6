"""What is installed stands alone: into an environment with nothing else in it, and it imports and works."""

import re
import shutil
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

import phago
import pytest


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The Python of a fresh environment that has phago's installed files and no other package, not even pip."""
    root = tmp_path_factory.mktemp("alone")
    venv.EnvBuilder(with_pip=False, symlinks=True).create(root)
    (site,) = root.glob("lib/python*/site-packages")
    assert list(site.iterdir()) == []
    package = Path(phago.__file__).parent
    # Also where phago is installed from a working tree, which has no copy of its own beside its metadata.
    shutil.copytree(package, site / "phago", ignore=shutil.ignore_patterns("__pycache__"))
    for file in distribution("phago").files or ():
        if ".dist-info" in file.as_posix() and ".." not in file.parts:
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file.locate(), site / file)
    return root / "bin" / "python"


def run(python, *arguments):
    done = subprocess.run(
        [str(python), "-I", "-W", "ignore", *arguments], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_imports_and_works_where_nothing_else_is(alone):
    program = """
import sys
import phago
assert not {"numpy", "polars", "networkx", "rich"} & set(sys.modules)
with phago.Colony(shards=3, seed=7) as colony:
    colony.ingest([{"id": "a", "title": "Cells", "text": "Ions cross the membrane."}, "plain text works too"])
    print(colony.run().digested, [hit.id for hit in colony.query("how does a membrane transport ions", k=5)])
    print(len(list(colony.graph.edges.triples())), len(colony.digest()))
    weights = memoryview(colony.graph.edges.columns()["weight"])
    print(len(weights), phago.__file__.startswith(sys.prefix))
"""
    assert run(alone, "-c", program).split("\n") == ["2 ['a']", "18 64", "18 True", ""]


def test_the_command_line_works_there_too(alone):
    assert phago.__version__ in run(alone, "-m", "phago", "--version")


def test_it_brings_types_stubs_licences_and_needs_no_package(alone):
    program = """
from importlib.metadata import distribution
from pathlib import Path
import phago
folder = Path(phago.__file__).parent
print(sorted(file.name for file in folder.iterdir() if file.suffix in (".pyi", ".typed", ".so")))
found = distribution("phago")
print([need for need in found.requires or [] if "extra" not in need], found.version == phago.__version__)
print(sorted(file.name for file in found.files if "licenses" in file.parts))
print(found.metadata["License-Expression"], found.metadata["Requires-Python"])
"""
    assert run(alone, "-c", program).splitlines() == [
        "['_phago.abi3.so', '_phago.pyi', 'py.typed']",
        "[] True",
        "['LICENSE', 'THIRD_PARTY_LICENSES']",
        "MIT >=3.11",
    ]


def test_the_module_is_built_for_the_stable_abi():
    (module,) = Path(phago.__file__).parent.glob("_phago*.so")
    assert module.name == "_phago.abi3.so"
    assert sys.version_info >= (3, 11)


def test_the_workflow_uses_actions_by_their_commits():
    workflow = (Path(__file__).resolve().parent.parent / ".github/workflows/wheels.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: (\S+)@(\S+)(.*)", workflow)
    assert len(used) >= 10
    for action, commit, comment in used:
        assert re.fullmatch(r"[0-9a-f]{40}", commit), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action
    # Nothing is published without being asked for, by a tag, and with an approval.
    assert "on:\n  workflow_dispatch:" in workflow
    assert workflow.count("id-token: write") == 1
    assert "inputs.publish && startsWith(github.ref, 'refs/tags/v')" in workflow
    assert "environment: release" in workflow
