"""Break phago by hand in many places and see that a test finds each: `make mutants`, or with NAMES of some of them.

    .venv/bin/python tools/mutants.py [--list | --check] [NAME ...]     NAME is any part of a mutant's name

A mutant is one changed expression and the one test that must fail with it. All of them are built at once into a copy
of the tree under `target/mutants`, each behind a switch that the variable PHAGO_MUTANT turns on: nothing here is ever
broken, and a mutant costs no more than its test. Every test must pass while no switch is on.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from mutants_of_answers import ANSWERS
from mutants_of_ticks import TICKS

MUTANTS = [*ANSWERS, *TICKS]
ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "target" / "mutants"
# A mutant may hang.
TEST_SECONDS = 600
BUILD_SECONDS = 1800


class TableError(Exception):
    """A mutant of which nothing can be said."""


# --- the copy ----------------------------------------------------------------------------------------------------


def run(command, seconds, **options):
    return subprocess.run(command, cwd=COPY, capture_output=True, text=True, timeout=seconds, check=False, **options)


def write(path, content):
    """Only what differs is written: cargo builds what is newer than what it built."""
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def copy():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    files = {name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()}
    for name in files:
        content = (ROOT / name).read_bytes()
        if own := [mutant for mutant in MUTANTS if mutant.file == name]:
            content = switched(content.decode(), own).encode()
        if name == "rust/core/src/lib.rs":
            content += SWITCH.encode()
        write(COPY / name, content)
    for path in [path for path in COPY.rglob("*") if path.is_file()]:
        name = path.relative_to(COPY).as_posix()
        if path.suffix in (".rs", ".py") and name not in files and not name.startswith("target/"):
            path.unlink()


SWITCH = """
/// Whether a mutant is switched on.
pub fn is_mutant(name: &str) -> bool {
    static ON: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    ON.get_or_init(|| std::env::var("PHAGO_MUTANT").ok()).as_deref() == Some(name)
}
"""


def lost():
    """Mutants of which the old text does not stand in its file, or more than once."""

    def stands(mutant):
        path = ROOT / mutant.file
        return path.exists() and path.read_text("utf-8").count(mutant.old) == 1

    return [mutant for mutant in MUTANTS if not stands(mutant)]


def switched(text, mutants):
    """A file of Rust with its mutants behind switches."""
    krate = "phago_core" if mutants[0].file.startswith("rust/engine") else "crate"
    for mutant in mutants:
        choice = f'(if {krate}::is_mutant("{mutant.name}") {{ {mutant.new} }} else {{ {mutant.old} }})'
        text = text.replace(mutant.old, choice)
    return text


# --- tests -------------------------------------------------------------------------------------------------------


def environment(mutant=None):
    return {
        **os.environ,
        "PHAGO_MUTANT": mutant.name if mutant else "",
        "PHAGO_CAMPAIGN": "schedules=1000,orders=1000",
        # Not that of the tree itself: its library must never be a broken one.
        "CARGO_TARGET_DIR": str(COPY / "target"),
        # Nobody debugs them, and they are built anew every time.
        "CARGO_PROFILE_DEV_DEBUG": "0",
        "CARGO_INCREMENTAL": "0",
        # As maturin builds it: without linking Python.
        "PYO3_BUILD_EXTENSION_MODULE": "1",
        "PYO3_PYTHON": sys.executable,
        "PYTHONPATH": str(COPY / "python"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def is_python(test):
    return test.startswith("tests/")


def cargo(test):
    """The command up to the name of the test."""
    crate, target, _ = test.split()
    where = ["--lib"] if target == "lib" else ["--test", target]
    if target == "interleaved":
        where += ["--features", "shuttle"]
    return ["cargo", "test", "--locked", "-p", crate, *where]


def build(tests):
    commands = [[*cargo(test), "--no-run"] for test in tests if not is_python(test)]
    if any(map(is_python, tests)):
        commands.append(["cargo", "build", "--locked", "-p", "phago-py"])
    for command in dict.fromkeys(map(tuple, commands)):
        made = run(command, BUILD_SECONDS, env=environment())
        if made.returncode:
            raise TableError(f"a mutant does not compile:\n{made.stderr}")
    for name in ("lib_phago.so", "lib_phago.dylib"):
        if (path := COPY / "target" / "debug" / name).exists():
            shutil.copy(path, COPY / "python" / "phago" / "_phago.abi3.so")


def passes(test, mutant=None):
    """Whether a test passes, and after how many schedules it does not.

    One that hangs does not pass, and one that is not there is an error.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test]
    if not is_python(test):
        command = [*cargo(test), test.split()[2]]
    try:
        done = run(command, TEST_SECONDS, env=environment(mutant))
    except subprocess.TimeoutExpired:
        return False, "by its time"
    ran = done.returncode in (0, 1) if is_python(test) else re.search(r"^running [1-9]", done.stdout, re.MULTILINE)
    if not ran:
        raise TableError(f"`{test}` could not be run:\n{done.stdout}{done.stderr}")
    schedules = re.search(r"^violation (after \d+ schedules)", done.stdout, re.MULTILINE)
    return done.returncode == 0, schedules.group(1) if schedules else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="say what there is, and do nothing")
    parser.add_argument("--check", action="store_true", help="see that every old text stands in its file once")
    asked = parser.parse_args()
    chosen = [one for one in MUTANTS if not asked.names or any(name in one.name for name in asked.names)]
    if not chosen:
        parser.error("no mutant has such a name")
    if asked.list:
        for mutant in chosen:
            print(f"{mutant.name:50} {mutant.test}")
        return 0
    for mutant in lost():
        print(f"{mutant.name}: its old text does not stand in {mutant.file}, or more than once")
    if asked.check or lost():
        return len(lost()) > 0
    copy()
    tests = list(dict.fromkeys(mutant.test for mutant in chosen))
    print(f"building {len(MUTANTS)} mutants; then {len(tests)} tests without them", flush=True)
    build(tests)
    broken = [test for test in tests if not passes(test)[0]]
    for test in broken:
        print(f"fails anyway  {test}")
    if broken:
        return 1
    found = 0
    for mutant in chosen:
        survives, when = passes(mutant.test, mutant)
        found += not survives
        print(f"{'SURVIVES' if survives else 'found':13} {mutant.name} {when}".rstrip(), flush=True)
    print(f"{found} of {len(chosen)} mutants found ({found / len(chosen):.0%})")
    return found < len(chosen)


if __name__ == "__main__":
    sys.exit(main())
