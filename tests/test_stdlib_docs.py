"""The standard library's documentation, collected by a child process."""

import json
import os
import subprocess
import sys
from hashlib import sha256

import pytest
from phago.cli import stdlib_docs


@pytest.fixture(scope="module")
def documents():
    return stdlib_docs.collect()


def test_there_is_about_what_a_python_has(documents):
    assert 5_000 <= len(documents) <= 8_000
    assert 1_500_000 <= sum(len(document["text"].encode()) for document in documents) <= 3_000_000
    assert sum(document["id"].startswith("help/") for document in documents) >= 50


def test_every_document_has_one_name_and_a_text(documents):
    ids = [document["id"] for document in documents]
    assert ids == sorted(set(ids))
    for document in documents:
        assert document["text"].strip()
        assert document["title"]
        "".join(document.values()).encode()


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("threading.RLock", "Factory function that returns a new reentrant lock"),
        ("heapq.merge", "Merge multiple sorted inputs"),
        ("tempfile.TemporaryDirectory", "Create and return a temporary directory"),
        ("glob.glob", "Return a list of paths"),
        ("asyncio.wait_for", "Wait for the single Future or coroutine"),
        ("os.path.join", "Join two or more"),
        ("open", "Open file"),
        ("str.join", "Concatenate any number of strings"),
        ("help/with", 'The "with" statement'),
    ],
)
def test_things_are_found_under_their_shortest_public_name(documents, name, start):
    assert {document["id"]: document["text"] for document in documents}[name].startswith(start)


def test_what_is_private_or_for_tests_is_left_out(documents):
    for document in documents:
        parts = document["id"].removeprefix("help/").split(".")
        assert not any(part.startswith("_") for part in parts)
        assert parts[0] not in ("antigravity", "this", "test", "idlelib", "turtledemo", "lib2to3", "encodings", "posix")
        assert "test" not in parts[:-1]


def test_no_address_of_an_object_is_in_a_text(documents):
    assert not [document["id"] for document in documents if " object at 0x" in document["text"]]


def test_inherited_texts_are_not_repeated(documents):
    ids = {document["id"] for document in documents}
    assert "dict.get" in ids
    assert "collections.Counter.get" not in ids
    assert "collections.OrderedDict.get" not in ids


def test_the_same_python_gives_the_same_bytes_for_any_hash_seed_and_environment(documents, tmp_path):
    program = (
        "import hashlib, json, sys; from phago.cli import stdlib_docs; "
        "print(hashlib.sha256(json.dumps(stdlib_docs.collect()).encode()).hexdigest())"
    )
    wanted = sha256(json.dumps(documents).encode()).hexdigest()
    # A file of one's own that is named like a module of the library.
    (tmp_path / "tabnanny.py").write_text("'''not the library'''")
    for seed in ("0", "4711"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "COLUMNS": "200", "BROWSER": "false", "DISPLAY": ":99"}
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(tmp_path), env.get("PYTHONPATH", "")]))
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program], env=env, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.stdout.strip() == wanted, done.stderr


def test_a_python_without_docstrings_is_refused():
    program = "from phago.cli import stdlib_docs; stdlib_docs.collect()"
    done = subprocess.run(
        [sys.executable, "-OO", "-W", "ignore", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip().endswith("Python runs with -OO, which strips the documentation; run it without")
