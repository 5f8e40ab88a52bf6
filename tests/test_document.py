"""Folders become documents by a stated rule."""

import os

import phago
import pytest
from phago.document import BYTES_MAX, Skipped, scan_folder


@pytest.fixture
def folder(tmp_path):
    files = {
        "b.txt": b"second",
        "a/deep.md": b"first",
        "a/bom.txt": b"\xef\xbb\xbfmarked",
        "latin.txt": b"caf\xe9",
        "picture.png": b"\x89PNG\r\n\x00\x00",
        "blank.txt": b" \n\t",
        "empty.txt": b"",
        ".hidden": b"secret",
        ".git/config": b"secret",
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_text_files_come_in_the_order_of_their_paths(folder):
    assert list(phago.read_folder(folder)) == [
        phago.Document("marked", id="a/bom.txt", title="bom"),
        phago.Document("first", id="a/deep.md", title="deep"),
        phago.Document("second", id="b.txt", title="b"),
    ]


def test_a_pattern_chooses(folder):
    assert [document.id for document in phago.read_folder(str(folder), "**/*.md")] == ["a/deep.md"]
    assert [document.id for document in phago.read_folder(folder, "*.txt")] == ["b.txt"]


def test_what_is_left_out_has_its_reason(folder):
    skipped = {found.path: found.reason for found in scan_folder(folder) if isinstance(found, Skipped)}
    assert skipped == {
        "blank.txt": "blank",
        "empty.txt": "blank",
        "latin.txt": "not UTF-8",
        "picture.png": "binary",
    }


def test_a_file_over_the_bound_is_left_out_and_one_at_the_bound_is_not(tmp_path):
    (tmp_path / "over.txt").write_bytes(b"x" * (BYTES_MAX + 1))
    (tmp_path / "at.txt").write_bytes(b"x" * BYTES_MAX)
    # The cut through a character at the end of what is read must not look like a broken encoding.
    (tmp_path / "wide.txt").write_text("é" * BYTES_MAX, encoding="utf-8")
    found = list(scan_folder(tmp_path))
    assert [one.id for one in found if isinstance(one, phago.Document)] == ["at.txt"]
    assert [(one.path, one.reason) for one in found if isinstance(one, Skipped)] == [
        ("over.txt", "over 16 MiB"),
        ("wide.txt", "over 16 MiB"),
    ]


def test_links_in_a_circle_end(folder):
    (folder / "a" / "loop").symlink_to(folder, target_is_directory=True)
    assert [document.id for document in phago.read_folder(folder)] == ["a/bom.txt", "a/deep.md", "b.txt"]


def test_a_missing_folder_or_a_file_says_so(folder):
    with pytest.raises(FileNotFoundError):
        list(phago.read_folder(folder / "nowhere"))
    with pytest.raises(NotADirectoryError):
        list(phago.read_folder(folder / "b.txt"))


def test_what_may_not_be_read_says_so(folder, monkeypatch):
    # By hand, because the permissions of files do not bind every user who runs tests.
    def forbidden(path, *arguments, **keywords):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.open", forbidden)
    with pytest.raises(PermissionError):
        list(phago.read_folder(folder))
    assert sum(isinstance(found, PermissionError) for found in scan_folder(folder)) == 7
    monkeypatch.setattr("os.scandir", forbidden)
    with pytest.raises(PermissionError):
        list(phago.read_folder(folder))


def test_a_name_that_is_no_text_is_left_out(tmp_path):
    (tmp_path / os.fsdecode(b"bad\xff.txt")).write_bytes(b"text")
    assert [found.reason for found in scan_folder(tmp_path)] == ["its name is not valid text"]
