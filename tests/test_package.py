"""The package as it is installed."""

import ast
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import phago
import phago.agents
import phago.export
import phago.mcp
import phago.plot
import phago.results
import pytest
from support import imported

ROOT = Path(__file__).resolve().parent.parent


def test_one_version_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]["version"]
    assert phago.__version__ == project == workspace == distribution("phago").version
    assert f"[{project}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_nothing_else_is_required():
    required = distribution("phago").requires or []
    assert [requirement for requirement in required if "extra ==" not in requirement] == []


def test_the_wheel_holds_types_stubs_and_licences():
    origin = json.loads(distribution("phago").read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        pytest.skip("`make dev` installs no wheel")
    files = {file.as_posix() for file in distribution("phago").files or ()}
    assert {"phago/py.typed", "phago/_phago.pyi", "phago/_phago.abi3.so", "phago/serve/page/index.html"} <= files
    for name in ("LICENSE", "THIRD_PARTY_LICENSES"):
        assert any(file.endswith(f".dist-info/licenses/{name}") for file in files), name
    assert any(file.endswith("share/man/man1/phago.1") for file in files)


def test_all_names_what_there_is():
    names = [name for name in phago.__all__ if not name.startswith("_")]
    assert len(names) == len(set(names)) >= 55
    for name in phago.__all__:
        assert hasattr(phago, name), name


def test_every_public_part_of_a_module_is_importable_from_phago():
    inner = {"chunks", "demonstrate", "main", "python_documents", "questions_from", "collect", "ShardGhosts"}
    inner |= {"PYTHON_QUESTIONS", "DocumentLike", "DigestOf", "Metadata", "OnError", "Scalar", "Updated", "Where"}
    # What the command line is made of.
    inner |= {"Collection", "CollectionError", "read_collection", "DEPTH", "MEASURES", "ROWS", "Report", "Result"}
    inner |= {"Grades", "Row", "evaluate", "heading", "paired_t_test", "run_lines", "table"}
    inner |= {
        "DRAWS",
        "Replay",
        "difference_text",
        "rankings_of",
        "replay",
        "replay_table",
        "values_of",
        "Spelling",
        "spelling",
        "spelling_table",
    }
    inner |= {"BUSY", "DAMAGED", "FOUND", "NOTHING_FOUND", "USAGE", "Problem", "Tell", "progress", "Taken", "take"}
    inner |= {
        "add_plan",
        "run",
        "Plan",
        "planned",
        "add_commands",
        "SOURCE",
        "LeftOut",
        "Source",
        "read_sources",
        "sources",
        "Opening",
    }
    inner |= {
        "KNOWN",
        "PART",
        "Parser",
        "conditions",
        "count",
        "moment",
        "seconds",
        "shards",
        "text",
        "part",
        "prefix",
        "cut",
    }
    inner |= {
        "anomalies_lines",
        "bridges_lines",
        "clusters_lines",
        "counted",
        "insights_lines",
        "insights_row",
        "map_lines",
        "map_row",
    }
    inner |= {"PICTURE_ENDS", "drawn", "pictures"}
    # Pictures stand in a module of their own, which needs matplotlib.
    inner |= {*phago.plot.__all__, "Box", "Link", "Sheet", "Type", "components", "packed", "parted", "placed"}
    inner |= {"FAINT", "FILL", "FONT", "GREY", "INK", "LINE", "PLAIN", "DPI", "blank", "block_size", "plain", "short"}
    # Readers of kinds of files.
    inner |= {"read_docx", "read_html", "read_mail", "read_markdown", "read_notebook", "read_pdf", "read_rst"}
    inner |= {
        "front_matter",
        "plain_markdown",
        "without_embeds",
        "read_markdowns",
        "tidied",
        "without_drawings",
        "place_of",
    }
    inner |= {
        "documents",
        "APART",
        "Apart",
        "Content",
        "File",
        "MARK",
        "Section",
        "Unread",
        "of_marked",
        "without_marks",
    }
    inner |= {
        "ID_BYTES_MAX",
        "files_of",
        "is_of_lines",
        "is_text",
        "read_files",
        "records",
        "Follower",
        "check_watching",
        "drop",
        "ended_quietly",
        "take_file",
    }
    # So do tables and pictures for other tools.
    inner |= {*phago.export.__all__, "FORMATS", "TABLES", "Wanted", "Place", "around", "atlas", "backbone", "curve"}
    inner |= {"GLANCE", "glance", "page", "rings", "spread", "svg", "to_igraph", "to_networkx", "write"}
    # What a transport of one's own is made of stands in a place of its own, as few ever need it.
    inner |= {*phago.backends.__all__, "Backend", "Choice", "Outcome"}
    # So does what agents see and are driven by.
    inner |= {*phago.agents.__all__, "Minds", "columns_of", "columns_of_array"}
    # And what drives the evolution of foragers.
    inner |= {"averages", "averages_json", "model", "vectors"}
    # A memory in an agent's tools, and in frameworks.
    inner |= {*phago.mcp.__all__, "TOOLS", "EXPLAIN", "FORGET", "INSIGHTS", "RECALL", "RELATED", "REMEMBER", "STATUS"}
    inner |= {"Answer", "Arguments", "Cut", "Given", "Refused", "Tool", "TokenBudget", "as_text", "fitted", "part_of"}
    inner |= {"shortened", "tokens", "DOCUMENTS", "HitRow", "Origin", "hit_row", "id_of", "origin_of", "uri_of"}
    inner |= {
        "INSTRUCTIONS",
        "NotThere",
        "server_of",
        "Guard",
        "Route",
        "Lines",
        "ODD",
        "readable",
        "CLIENTS",
        "Client",
    }
    inner |= {"Unreadable", "entry", "install", "PhagoRetriever", "PhagoStore", "documents"}
    inner |= {"add_mcp", "install_parser", "Check", "agent", "directory", "installation", "add_doctor"}
    inner |= {"add_completions"}
    # The commands themselves.
    inner |= {*imported("phago.cli.asking").__all__, *imported("phago.cli.directory").__all__}
    # What brings calls to a colony, and the command that serves one.
    inner |= {
        "channel",
        "Connecting",
        "add_model",
        "add_serve",
        "check_model",
        "needs_folder",
        "show",
        "warn",
        "port",
        "token_of",
        "has_token",
        "host_of",
        "is_address",
        "is_loopback",
    }
    inner |= {*phago.evolution.__all__, "Trials", "add_evolve", "mean_and_spread", "tried"}
    seen = 0
    for found in pkgutil.walk_packages(phago.__path__, "phago."):
        module = imported(found.name) if "._" not in found.name else None
        for name in getattr(module, "__all__", ()):
            seen += 1
            assert name in inner or name in phago.__all__, f"{found.name}.{name}"
    assert seen >= 60


def python(program, **env):
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, check=False)


def test_importing_prints_nothing_and_imports_no_other_package():
    program = (
        "import sys; before = set(sys.modules); import phago; "
        "loaded = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(loaded - sys.stdlib_module_names)"
    )
    done = python(program, PYTHONWARNINGS="ignore")
    assert done.stdout == "{'phago'}\n"
    assert done.stderr == ""


def loaded_by(program):
    done = python(f"import sys; {program}; print(*sys.modules)", PYTHONWARNINGS="ignore")
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_importing_loads_the_native_module_and_what_knows_the_names():
    known = loaded_by("import atexit, importlib, typing")
    loaded = loaded_by("import phago") - known - {"__future__"}
    # A build that warns needs the class of its warning.
    of_a_debug_build = {"phago._debug"} | loaded_by("import warnings")
    few = {"phago", "phago._cores", "phago._later", "phago._phago"}
    assert few <= loaded
    assert loaded - few <= (of_a_debug_build if phago._phago.DEBUG_BUILD else set())


def test_the_native_module_makes_a_class_when_it_is_asked_for():
    program = """if True:
        from phago import _phago as native

        def made():
            return {name for name, value in vars(native).items() if isinstance(value, type)}

        assert made() == set()
        assert native.Ring is native.Ring and made() == {"Ring"}
        from phago._phago import *
        assert made() <= set(native.__all__) and len(made()) >= 58 and World.__module__ == "phago._phago"
        assert not hasattr(native, "Worlds")
    """
    done = python(program, PYTHONWARNINGS="ignore")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_answer_needs_few_modules():
    program = (
        "import phago\n"
        "with phago.Colony() as colony:\n"
        "    report = colony.ingest([{'id': 'a', 'text': 'Ions cross the membrane.'}, 'Bread.'], on_error='skip')\n"
        "    assert (report.accepted, colony.run().digested, colony.query('ions')[0].id) == (2, 2, 'a')"
    )
    # What a module brings along is its own.
    few = loaded_by("import __future__, atexit, importlib, math, typing")
    if phago._phago.DEBUG_BUILD:
        few |= loaded_by("import warnings")
    loaded = loaded_by(program) - few
    assert "phago.colony" in loaded
    assert {name for name in loaded if name.partition(".")[0] != "phago"} == set()
    # What is for errors, files, tables and the graph comes with them.
    rarely = ("_alive_aio", "_bar", "_files", "_frames", "_json", "_jsonl", "_listing", "errors", "graph", "ids")
    assert loaded & {f"phago.{name}" for name in rarely} == set()


def test_a_colony_brings_no_loop_and_no_network():
    names = {"asyncio", "http", "multiprocessing", "socket", "ssl", "starlette", "concurrent.futures", "phago.serve"}
    program = "import phago; phago.open; phago.Colony(shards=1).query('ions')"
    loaded = loaded_by(program)
    assert "phago.colony" in loaded
    assert loaded & (names | {"phago.remote", "phago.machine", "phago.evolution"}) == set()


def for_type_checkers(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    (typed,) = [one for one in tree.body if isinstance(one, ast.If) and ast.unparse(one.test) == "TYPE_CHECKING"]
    return {name.name: one.module for one in typed.body for name in one.names}


def test_a_name_is_found_in_its_module_as_type_checkers_find_it():
    found = for_type_checkers(phago)
    assert found == phago._LATER
    assert found.keys() | {"__version__"} == set(phago.__all__)
    assert len(found) >= 100


@pytest.mark.parametrize("package", [phago.agents, phago.results])
def test_a_name_of_a_package_is_found_in_its_module_as_type_checkers_find_it(package):
    found = for_type_checkers(package)
    for name, module in found.items():
        assert getattr(package, name) is getattr(importlib.import_module(f"{package.__name__}.{module}"), name)
    # Of its own, and not for users.
    assert found.keys() - {"lazy_result"} == set(package.__all__)
    assert loaded_by(f"import {package.__name__} as one; assert dir(one) == sorted(one.__all__)")
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'Hitt'"):
        package.Hitt  # noqa: B018


def test_a_first_answer_loads_no_agents_and_not_all_results():
    loaded = loaded_by(
        "import phago; colony = phago.Colony(); colony.ingest('ions'); colony.run(); colony.query('ions')"
    )
    assert "phago.results.answers" in loaded
    rest = {
        "phago.agents.agent",
        "phago.agents.minds",
        "phago.results.life",
        "phago.results.surveys",
        "phago.results.ticks",
    }
    assert loaded & rest == set()


@pytest.mark.parametrize("name", phago._MODULES)
def test_modules_are_attributes_whatever_was_loaded(name):
    assert loaded_by(f"import phago; assert phago.{name}.__name__ == 'phago.{name}'") >= {f"phago.{name}"}


def test_a_star_brings_all_names_and_no_other():
    program = "from phago import *; print(sorted(name for name in dir() if name[0] != '_'))"
    done = python(program, PYTHONWARNINGS="ignore")
    assert ast.literal_eval(done.stdout) == sorted(set(phago.__all__) - {"__version__"})


def test_a_name_that_is_none_is_refused():
    with pytest.raises(AttributeError, match="module 'phago' has no attribute 'Colonie'"):
        phago.Colonie  # noqa: B018


@pytest.mark.parametrize("seed", ["0", "7", "0xffffffffffffffff", "-1", ""])
def test_the_seed_of_maps_may_be_any_integer(seed):
    done = python("import phago; print('well')", PHAGO_MAP_SEED=seed, PYTHONWARNINGS="ignore")
    assert done.stdout == "well\n", done.stderr


def test_a_seed_that_is_no_number_says_so():
    done = python("import phago", PHAGO_MAP_SEED="many")
    assert done.returncode == 1
    assert "`PHAGO_MAP_SEED` is 'many'; accepted is an integer" in done.stderr
