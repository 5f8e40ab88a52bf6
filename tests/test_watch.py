"""`phago sync --watch`, as a process that follows a real folder."""

import json
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time

import phago
import pytest
from phago.cli import following
from phago.cli.following import Follower
from phago.extract import Source

LATE = 20


class Watching:
    """The command, and the lines of JSON that it prints."""

    def __init__(self, memory, *paths, options=()):
        command = [sys.executable, "-m", "phago", "sync", str(memory), *map(str, paths), "--watch", "--json", *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.lines = queue.Queue()
        self.thread = threading.Thread(target=self._take, daemon=True)
        self.thread.start()

    def _take(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def next(self):
        found = self.lines.get(timeout=LATE)
        assert found is not None, self.process.stderr.read()
        return found

    def until(self, change, path=None):
        """The rows up to the one of this change."""
        rows = []
        while True:
            rows.append(self.next())
            if rows[-1].get("change") == change and path in (None, rows[-1].get("path")):
                return rows

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.thread.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def end(self, sign=signal.SIGINT):
        self.process.send_signal(sign)
        rows = []
        while (row := self.lines.get(timeout=LATE)) is not None:
            rows.append(row)
        assert (self.process.wait(LATE), self.process.stderr.read()) == (0, "")
        return rows[-1]


@pytest.fixture
def watching(tmp_path):
    begun = []

    def begin(*paths, options=()):
        begun.append(Watching(tmp_path / "memory", *paths, options=options))
        return begun[-1]

    yield begin
    for one in begun:
        one.kill()


@pytest.fixture
def notes(tmp_path):
    folder = tmp_path / "notes"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.md").write_text("# Ions\n\nIons cross the membrane.\n")
    (folder / "deep" / "b.txt").write_text("Pumps move sodium.")
    return folder


def ids(memory):
    with phago.connect(memory) as colony:
        return [one.id for one in colony.documents()]


def test_it_follows_what_is_written_changed_replaced_moved_and_deleted(watching, notes, tmp_path):
    command = watching(notes)
    assert command.next()["new"] == 2
    assert command.next() == {"change": "watching", "paths": ["notes"]}

    (notes / "c.txt").write_text("Channels open.")
    assert command.next() == {"change": "new", "path": "notes/c.txt", "documents": 1}
    with phago.connect(tmp_path / "memory") as colony:
        # Another program asks meanwhile, and has what was just written.
        assert [hit.id for hit in colony.query("channels", k=1)] == ["notes/c.txt"]
        assert not colony.is_owner

    # As editors write: beside it, and then in its place.
    (notes / ".a.md.swp").write_text("# Ions\n\nIons cross quickly.\n")
    (notes / ".a.md.swp").rename(notes / "a.md")
    assert command.next() == {"change": "changed", "path": "notes/a.md", "documents": 1}

    (notes / "deep").rename(notes / "deeper")
    assert {(row["change"], row["path"]) for row in (command.next(), command.next())} == {
        ("new", "notes/deeper/b.txt"),
        ("deleted", "notes/deep/b.txt"),
    }
    (notes / "c.txt").unlink()
    assert command.next() == {"change": "deleted", "path": "notes/c.txt", "documents": 1}
    shutil.rmtree(notes / "deeper")
    assert command.next() == {"change": "deleted", "path": "notes/deeper/b.txt", "documents": 1}
    (notes / "d.png").write_bytes(b"\x89PNG")
    assert command.next() == {"change": "left out", "path": "notes/d.png", "reason": "of an unknown kind (.png)"}

    assert command.end() == {"change": "ended", "new": 4, "changed": 1, "deleted": 3}
    with phago.open(tmp_path / "memory") as colony:
        assert [(one.id, one.text) for one in colony.documents()] == [("notes/a.md", "# Ions\n\nIons cross quickly.")]
        assert colony.stats().pending == 0


def test_other_commands_work_beside_it(watching, notes, tmp_path, capsys):
    from phago.cli import main

    command = watching(notes)
    command.until("watching")
    memory, more = str(tmp_path / "memory"), tmp_path / "more.txt"
    more.write_text("Yeast makes bread.")
    assert main(["ingest", memory, str(more)]) == 0
    assert main(["query", memory, "yeast"]) == 0
    assert main(["delete", memory, "more.txt"]) == 0
    assert main(["snapshot", memory, str(tmp_path / "copy")]) == 0
    assert capsys.readouterr().err == ""
    assert command.end()["new"] == 2
    assert ids(tmp_path / "copy") == ["notes/a.md", "notes/deep/b.txt"]


def test_a_program_that_shares_with_nobody_keeps_it_for_itself(notes, tmp_path):
    from phago.cli import main

    with phago.open(tmp_path / "memory"):
        assert main(["ingest", str(tmp_path / "memory"), str(notes)]) == 4


def test_what_changed_while_it_was_not_there_is_taken_first(watching, notes, tmp_path):
    first = watching(notes)
    first.until("watching")
    first.process.kill()
    (notes / "a.md").unlink()
    (notes / "new.txt").write_text("Channels.")
    second = watching(notes)
    second.until("watching")
    assert ids(tmp_path / "memory") == ["notes/deep/b.txt", "notes/new.txt"]


def test_files_that_come_and_go_at_once_leave_nothing_behind(watching, notes, tmp_path):
    command = watching(notes)
    command.until("watching")
    for number in range(200):
        file = notes / f"{number}.txt"
        file.write_text(f"Text {number}.")
        if number % 2:
            file.unlink()
    (notes / "last.txt").write_text("Last.")
    command.until("new", "notes/last.txt")
    # What went with the same look is told of before what comes with the next.
    (notes / "later.txt").write_text("Later.")
    command.until("new", "notes/later.txt")
    command.end()
    expected = [
        "notes/a.md",
        "notes/deep/b.txt",
        "notes/last.txt",
        "notes/later.txt",
        *(f"notes/{n}.txt" for n in range(0, 200, 2)),
    ]
    assert ids(tmp_path / "memory") == sorted(expected)


def test_what_was_told_is_in_the_tally_whenever_it_ends(watching, notes):
    command = watching(notes)
    command.until("watching")
    for number in range(50):
        (notes / f"{number}.txt").write_text(f"Text {number}.")
    told = 0
    while told < 20:
        told += command.next()["change"] == "new"
    # In the midst of the others, or of digesting.
    command.process.send_signal(signal.SIGINT)
    while (row := command.lines.get(timeout=LATE)) is not None:
        told += row["change"] == "new"
        last = row
    assert (last["change"], last["new"]) == ("ended", told + 2)


def test_lines_of_a_file_that_are_gone_are_deleted(watching, notes, tmp_path):
    (notes / "rows.jsonl").write_text('{"id": "x", "text": "Yeast."}\n{"id": "y", "text": "Malt."}\n')
    command = watching(notes)
    command.until("watching")
    (notes / "rows.jsonl").write_text('{"id": "y", "text": "Malt and hops."}\n')
    command.until("changed")
    command.end()
    assert ids(tmp_path / "memory") == ["notes/a.md", "notes/deep/b.txt", "y"]


def test_parts_of_a_file_come_and_go(watching, notes, tmp_path):
    (notes / "a.md").write_text("# One\n\nText.\n\n# Two\n\nText.\n")
    command = watching(notes, options=["--sections"])
    command.until("watching")
    assert ids(tmp_path / "memory") == ["notes/a.md//1", "notes/a.md//2", "notes/deep/b.txt"]
    (notes / "a.md").write_text("# One\n\nText.\n")
    assert command.next() == {"change": "changed", "path": "notes/a.md", "documents": 3}
    command.end()
    assert ids(tmp_path / "memory") == ["notes/a.md", "notes/deep/b.txt"]


def test_a_folder_that_is_taken_away_deletes_nothing_and_may_come_back(watching, notes, tmp_path):
    command = watching(notes)
    command.until("watching")
    notes.rename(tmp_path / "elsewhere")
    assert command.next() == {"change": "away", "path": "notes"}
    (tmp_path / "elsewhere" / "c.txt").write_text("Channels.")
    (tmp_path / "elsewhere").rename(notes)
    assert command.next() == {"change": "new", "path": "notes/c.txt", "documents": 1}
    (notes / "d.txt").write_text("Doors.")
    assert command.next() == {"change": "new", "path": "notes/d.txt", "documents": 1}
    command.end(signal.SIGTERM)
    assert len(ids(tmp_path / "memory")) == 4


def test_a_single_file_is_followed_too(watching, tmp_path):
    file = tmp_path / "one.txt"
    file.write_text("One.")
    command = watching(file)
    command.until("watching")
    file.write_text("Another text.")
    assert command.next() == {"change": "changed", "path": "one.txt", "documents": 1}
    (tmp_path / "new.txt").write_text("Replaced.")
    (tmp_path / "new.txt").rename(file)
    assert command.next() == {"change": "changed", "path": "one.txt", "documents": 1}
    command.end()


def test_without_events_a_rescan_finds_what_changed(notes, tmp_path, monkeypatch):
    from phago.cli import following
    from phago.extract import sources

    def silent(roots, is_of_interest):
        while True:
            time.sleep(0.01)
            yield set()

    monkeypatch.setattr(following, "_events", silent)
    told, ended = [], []

    def say(row, line):
        told.append(line)
        if len(told) == 2:
            raise KeyboardInterrupt

    with phago.Colony(seed=7) as colony:
        follower = following.Follower(
            colony,
            sources([str(notes)]),
            skip=str(tmp_path / "memory"),
            part=None,
            sections=False,
            digest=lambda: ended.append(colony.run()),
            say=say,
        )
        follower.begin(lambda what, done, total: None)
        (notes / "c.txt").write_text("Channels.")
        (notes / "a.md").unlink()
        with pytest.raises(KeyboardInterrupt):
            follower.follow(rescan=0.05)
        assert told == ["+ notes/c.txt", "- notes/a.md"]
        assert [one.id for one in colony.documents()] == ["notes/c.txt", "notes/deep/b.txt"]


def test_a_folder_that_cannot_be_read_for_a_while_keeps_its_documents(notes, tmp_path, monkeypatch):
    import os

    from phago.cli import following
    from phago.extract import sources

    real, told = os.scandir, []
    with phago.Colony(seed=7) as colony:
        follower = following.Follower(
            colony,
            sources([str(notes)]),
            skip=str(tmp_path / "memory"),
            part=None,
            sections=False,
            digest=lambda: None,
            say=lambda row, line: told.append(line),
        )
        follower.begin(lambda what, done, total: None)

        def refusing(path):
            if str(path) == str(notes / "deep"):
                raise PermissionError(13, "Permission denied", str(path))
            return real(path)

        monkeypatch.setattr(os, "scandir", refusing)
        (source,) = sources([str(notes)])
        follower._look(source, set())
        assert colony.get("notes/deep/b.txt") is not None
        assert told == []


def test_without_the_library_it_says_what_to_install(tmp_path, notes, monkeypatch, capsys):
    from phago.cli import main

    monkeypatch.setitem(sys.modules, "watchfiles", None)
    assert main(["sync", str(tmp_path / "memory"), str(notes), "--watch"]) == 2
    assert 'pip install "phago[watch]"' in capsys.readouterr().err
    assert not (tmp_path / "memory").exists()


def test_what_is_there_and_cannot_be_read_keeps_its_documents_while_it_is_watched(watching, notes, tmp_path):
    (notes / "rows.jsonl").write_text('{"id": "bread", "text": "Yeast makes bread."}\n')
    (notes / "linked.txt").symlink_to(tmp_path / "far.txt")
    (tmp_path / "far.txt").write_text("Far away.")
    one = watching(notes)
    one.next()
    one.next()
    (notes / "a.md").write_bytes(b"caf\xe9")
    one.until("left out", "notes/a.md")
    (notes / "rows.jsonl").write_text('{"id": "bread", "text": "Bread.", "colour": 1}\n')
    one.until("left out", "notes/rows.jsonl:1")
    (tmp_path / "far.txt").unlink()
    (notes / "deep" / "b.txt").unlink()
    one.until("deleted", "notes/deep/b.txt")
    assert sorted(ids(tmp_path / "memory")) == ["bread", "notes/a.md", "notes/linked.txt"]
    one.end()


def test_an_empty_folder_in_the_place_of_another_deletes_nothing(watching, notes, tmp_path):
    one = watching(notes)
    one.until("watching")
    (tmp_path / "empty").mkdir()
    notes.rename(tmp_path / "disk")
    (tmp_path / "empty").rename(notes)
    assert one.next() == {"change": "away", "path": "notes"}
    (tmp_path / "disk" / "new.txt").write_text("New.")
    notes.rmdir()
    (tmp_path / "disk").rename(notes)
    assert one.next()["path"] == "notes/new.txt"
    for file in (notes / "new.txt", notes / "a.md", notes / "deep" / "b.txt"):
        file.unlink()
    one.until("deleted")
    one.until("deleted")
    one.until("deleted")
    assert ids(tmp_path / "memory") == []
    assert one.end()["deleted"] == 3


@pytest.mark.parametrize("way", ["folder", "link", "parent", "file"])
def test_a_path_that_leads_elsewhere_later_deletes_nothing_and_may_lead_back(watching, notes, tmp_path, way):
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.md").write_text("Another one.")
    first, second = notes, other
    if way == "folder":
        watched, back = notes, tmp_path / "moved"
        command = watching(watched)
        command.until("watching")
        notes.rename(back)
        watched.symlink_to(other)
    else:
        link = tmp_path / "link"
        watched = {"link": link, "parent": link / "deep", "file": link}[way]
        if way == "parent":
            shutil.copytree(notes / "deep", other / "deep")
        if way == "file":
            first, second = notes / "a.md", other / "a.md"
        link.symlink_to(first)
        command = watching(watched)
        command.until("watching")
        (tmp_path / "swapped").symlink_to(second)
        (tmp_path / "swapped").rename(link)
    stood = ids(tmp_path / "memory")
    rows = command.until("away")
    assert [row["change"] for row in rows] == ["away"]
    assert ids(tmp_path / "memory") == stood
    if way == "folder":
        watched.unlink()
        back.rename(watched)
    else:
        (tmp_path / "swapped").symlink_to(first)
        (tmp_path / "swapped").rename(link)
    changed = {"folder": notes / "a.md", "link": notes / "a.md", "parent": notes / "deep" / "b.txt", "file": first}[way]
    changed.write_text("It was written again.")
    assert command.next()["change"] == "changed"
    command.end()
    assert ids(tmp_path / "memory") == stood


def test_a_link_that_leads_elsewhere_before_it_is_followed_is_waited_for(notes, tmp_path):
    link, other = tmp_path / "link", tmp_path / "other"
    other.write_text("Another one.")
    link.symlink_to(notes / "a.md")
    said = []

    def say(row, line):
        said.append(row["change"])
        if row["change"] == "away":
            (tmp_path / "swapped").symlink_to(notes / "a.md")
            (tmp_path / "swapped").rename(link)
            (notes / "a.md").write_text("It was written again.")
        else:
            raise KeyboardInterrupt

    with phago.Colony() as colony:
        given = [Source(link, "a.md")]
        follower = Follower(colony, given, skip=tmp_path / "m", part=None, sections=False, digest=colony.run, say=say)
        follower.begin(lambda what, count, total: None)
        link.unlink()
        link.symlink_to(other)
        with pytest.raises(KeyboardInterrupt):
            follower.follow(60)
        assert said == ["away", "changed"]
        assert colony.get("a.md").text == "It was written again."


@pytest.mark.parametrize("way", ["file", "folder"])
def test_a_link_that_leads_elsewhere_as_it_is_first_looked_at_may_lead_back(notes, tmp_path, monkeypatch, way):
    link, other = tmp_path / "link", tmp_path / "other"
    shutil.copytree(notes, other)
    first, second = (notes, other) if way == "folder" else (notes / "a.md", other / "a.md")
    link.symlink_to(first)
    said, looks = [], []

    def lead(to):
        (tmp_path / "swapped").symlink_to(to)
        (tmp_path / "swapped").rename(link)

    def look(given):
        found = real(given)
        if not looks:
            lead(second)
        looks.append(found)
        return found

    def say(row, line):
        said.append(row["change"])
        if row["change"] == "away":
            lead(first)
            (notes / "a.md").write_text("It was written again.")
        else:
            raise KeyboardInterrupt

    real = following._identities
    with phago.Colony() as colony:
        given = [Source(link, "a.md" if way == "file" else "")]
        follower = Follower(colony, given, skip=tmp_path / "m", part=None, sections=False, digest=colony.run, say=say)
        follower.begin(lambda what, count, total: None)
        monkeypatch.setattr(following, "_identities", look)
        signal.signal(signal.SIGALRM, lambda *_: pytest.fail(f"only {said} was said"))
        signal.alarm(LATE)
        try:
            with pytest.raises(KeyboardInterrupt):
                follower.follow(60)
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
        assert said == ["away", "changed"]


def test_a_file_in_the_place_of_a_folder_deletes_nothing(watching, notes, tmp_path):
    command = watching(notes)
    command.until("watching")
    notes.rename(tmp_path / "disk")
    notes.write_text("A file of that name.")
    assert command.next() == {"change": "away", "path": "notes"}
    # Looked at several times meanwhile.
    time.sleep(2.5)
    notes.unlink()
    (tmp_path / "disk").rename(notes)
    (notes / "c.txt").write_text("Channels.")
    assert command.next() == {"change": "new", "path": "notes/c.txt", "documents": 1}
    command.end()
    assert ids(tmp_path / "memory") == ["notes/a.md", "notes/c.txt", "notes/deep/b.txt"]
