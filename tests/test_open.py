"""A colony that lives in a directory."""

import asyncio
import contextlib
import logging
import os
import pickle
import re
import resource
import shutil
import threading
from pathlib import Path

import phago
import pytest
from support import Chance, answers, files_of, seeded_documents

QUESTIONS = ["bak dak", "gouk fok rak", "zok tuk lak pak"]


def whole(colony):
    """All that may not differ."""
    return colony.digest(), colony.digest("evidence"), answers(colony, QUESTIONS), colony.stats().tick, len(colony)


@contextlib.contextmanager
def no_room(size=65_536):
    """No file grows beyond this size, as on a disk that is nearly full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# --- the same colony ---------------------------------------------------------------------------------------------


def steps_of(documents):
    """What happens to a colony, each step a function of it."""

    def learn(colony):
        for question in QUESTIONS:
            for hit in colony.query(question, k=3):
                colony.reinforce(hit)

    return [
        lambda colony: colony.ingest(documents[:70]),
        lambda colony: colony.run(max_ticks=2),
        lambda colony: colony.ingest(documents[70:110]),
        lambda colony: colony.delete("doc-4"),
        lambda colony: colony.update({"id": "doc-5", "text": "bak dak fok and other words"}),
        learn,
        lambda colony: colony.tick(),
        lambda colony: colony.delete("doc-8"),
        lambda colony: colony.run(),
        lambda colony: [colony.tick() for _ in range(60)],
        learn,
        lambda colony: colony.run(),
    ]


@pytest.mark.parametrize("shards", [1, 2, 7])
def test_a_colony_that_is_closed_after_every_step_is_one_that_never_was(tmp_path, shards):
    changed = 0
    with phago.Colony(2, seed=7) as other:
        before = whole(other)
        for step in steps_of(seeded_documents(110)):
            step(other)
            with phago.open(tmp_path, shards=shards, seed=7) as colony:
                step(colony)
                assert (colony.shards, colony.config) == (shards, other.config)
                assert whole(colony) == whole(other)
            with phago.open(tmp_path, shards=shards) as colony:
                assert whole(colony) == whole(other)
            changed += before != (before := whole(other))
    assert changed >= 10


def test_any_number_of_shards_opens_it(tmp_path):
    documents = seeded_documents(60)
    seen = set()
    with phago.Colony(1) as other:
        for shards, at in [(1, 0), (7, 20), (2, 40), (3, 60)]:
            with phago.open(tmp_path, shards=shards) as colony:
                for one in (colony, other):
                    one.ingest(documents[at : at + 20])
                    one.run()
                assert whole(colony) == whole(other)
                seen.add(colony.digest())
    assert len(seen) == 3


def test_what_is_let_go_of_and_not_closed_is_kept(tmp_path):
    for count in range(3):
        colony = phago.open(tmp_path, shards=2)
        assert len(colony) == count
        colony.ingest(f"text {count}")
        del colony
    assert phago.verify(tmp_path).is_whole


def test_a_file_system_that_machines_share_is_warned_of(tmp_path, monkeypatch):
    assert phago._phago.network_file_system(Path("/")) is None
    monkeypatch.setattr(phago._phago, "network_file_system", lambda path: "NFS")
    with pytest.warns(phago.NetworkFileSystemWarning, match="NFS"), phago.open(tmp_path) as colony:
        colony.ingest("a text")
    # A reader loses nothing.
    with phago.open(tmp_path, read_only=True) as colony:
        assert len(colony) == 1


# --- the files ---------------------------------------------------------------------------------------------------


def made(path, **options):
    with phago.open(path, shards=2, **options) as colony:
        colony.ingest(seeded_documents(40))
        colony.run()
        colony.checkpoint()
        colony.ingest(seeded_documents(60, seed=12)[40:])
        colony.run(max_ticks=1)
        kept = whole(colony)
        # As after a crash: with a log, and without the checkpoint of an end.
        copy = {name: without_room(data) if name.startswith("log-") else data for name, data in files_of(path).items()}
    return kept, copy


def without_room(log):
    """A log without the zeros behind its last record, which is padded to 8 bytes."""
    written = log.rstrip(b"\0")
    return written + bytes(-len(written) % 8)


def test_verify_names_the_file_of_a_flipped_byte(tmp_path):
    path = tmp_path / "memory"
    _, files = made(path)
    for name in files_of(path):
        (path / name).unlink()
    for name, data in files.items():
        (path / name).write_bytes(data)
    report = phago.verify(path)
    assert report.is_whole
    assert report.bytes == sum(len(data) for name, data in files.items() if name != "LOCK")
    assert report.records >= 2
    assert report.sections >= 4
    assert report.torn_bytes == 0
    flipped = 0
    for name, data in files.items():
        if name == "LOCK":
            continue
        for at in (9, len(data) // 2, len(data) - 9):
            (path / name).write_bytes(data[:at] + bytes([data[at] ^ 64]) + data[at + 1 :])
            report = phago.verify(path)
            assert not report.is_whole, (name, at)
            assert {Path(one.path).name for one in report.damage} == {name}, (name, at)
            assert all(isinstance(one, phago.CorruptionError) and one.where and one.reason for one in report.damage)
            assert pickle.loads(pickle.dumps(report)).bytes == report.bytes
            flipped += 1
        (path / name).write_bytes(data)
    assert flipped >= 9
    assert phago.verify(path).is_whole


def test_a_damaged_colony_is_not_opened(tmp_path):
    made(tmp_path)
    log = max(tmp_path.glob("*"), key=lambda file: file.stat().st_size)
    data = log.read_bytes()
    log.write_bytes(data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :])
    for read_only in (True, False):
        with pytest.raises(phago.CorruptionError) as caught:
            phago.open(tmp_path, read_only=read_only)
        assert Path(caught.value.path).name == log.name
    log.write_bytes(data)
    with phago.open(tmp_path) as colony:
        assert len(colony) == 60


def test_a_snapshot_is_a_colony_of_its_own(tmp_path):
    with phago.open(tmp_path / "memory") as colony:
        colony.ingest(seeded_documents(30))
        colony.run()
        before = whole(colony)
        colony.snapshot(tmp_path / "deep" / "copy")
        colony.ingest({"id": "later", "text": "bak dak"})
        after = whole(colony)
        with phago.open(tmp_path / "deep" / "copy") as copy:
            assert whole(copy) == before
            copy.ingest({"id": "other", "text": "bak dak"})
            copy.run()
        assert whole(colony) == after
        for taken in (tmp_path / "deep" / "copy", tmp_path / "memory"):
            with pytest.raises(phago.ColonyExists) as caught:
                colony.snapshot(taken)
            assert caught.value.path == str(taken)
    with phago.open(tmp_path / "memory", make=False) as colony:
        assert ("later" in colony, "other" in colony) == (True, False)


def test_a_relative_path_needs_a_working_directory(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(phago.ConfigError, match="`path` is 'memory'; accepted is an absolute path"):
        phago.open("memory")
    phago.open(tmp_path / "memory").close()


def test_a_path_that_leads_through_another_directory_outlives_it(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    with phago.open("../memory") as colony:
        colony.ingest("Ions cross.")
        monkeypatch.chdir(tmp_path)
        (tmp_path / "work").rmdir()
        colony.ingest("Yeast rises.")
        colony.run()
    with phago.open(tmp_path / "memory") as colony:
        assert len(colony) == 2


def test_a_snapshot_lies_beside_its_colony_and_not_among_other_files(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("Mine.")
    with phago.open(tmp_path / "memory") as colony:
        colony.ingest("Ions cross.")
        (tmp_path / "link").symlink_to(tmp_path / "memory")
        phago.open(tmp_path / "other").close()
        for place in ("memory/copy", "link/deep/copy", "memory/../memory/copy", "notes", "other/copy", "other/log-77"):
            with pytest.raises(phago.ConfigError) as caught:
                colony.snapshot(tmp_path / place)
            assert caught.value.field == "path"
        with pytest.raises(phago.ConfigError):
            colony.snapshot("http://127.0.0.1:8000")
        # Of another kind, whatever it is called.
        (tmp_path / "court").mkdir()
        (tmp_path / "court" / "witness").write_text("Mine.")
        colony.snapshot(tmp_path / "court" / "copy")
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
        for place in ("loop", "loop/copy"):
            with pytest.raises(phago.StorageError):
                colony.snapshot(tmp_path / place)
    assert os.listdir(tmp_path / "notes") == ["a.txt"]
    assert not (tmp_path / "memory" / "copy").exists()


def test_a_checkpoint_shortens_the_log_and_changes_nothing(tmp_path):
    with phago.open(tmp_path, shards=2) as colony:
        for number in range(20):
            colony.ingest({"id": f"d{number}", "text": f"word and number{number}"})
        colony.run()
        before = whole(colony)
        assert phago.verify(tmp_path).records >= 20
        colony.checkpoint()
        assert phago.verify(tmp_path).records == 0
        assert whole(colony) == before
    with phago.open(tmp_path) as colony:
        assert whole(colony) == before


def test_compact_gives_back_the_room_of_what_is_deleted(tmp_path):
    chance = Chance(3)
    with phago.open(tmp_path, shards=2) as colony:
        secrets = [{"id": f"secret-{n}", "text": " ".join(f"{chance.next():x}" for _ in range(500))} for n in range(20)]
        colony.ingest([*secrets, {"id": "kept", "text": "it stays"}])
        colony.run()
        assert colony.delete(one["id"] for one in secrets) == 20
        before = sum(map(len, files_of(tmp_path).values()))
        with pytest.raises(phago.BusyError, match="next tick"):
            colony.compact()
        colony.run()
        colony.compact()
        assert sum(map(len, files_of(tmp_path).values())) < before / 4
    with phago.open(tmp_path) as colony:
        assert [document.id for document in colony.documents()] == ["kept"]


# --- asking for it -----------------------------------------------------------------------------------------------


def test_a_colony_in_memory_says_what_it_cannot(tmp_path):
    with phago.Colony() as colony:
        assert colony.path is None
        for name in ("checkpoint", "compact", "refresh"):
            with pytest.raises(phago.NotOnDisk, match=f"`{name}` needs a colony in a directory") as caught:
                getattr(colony, name)()
            assert caught.value.attempted == name
        with pytest.raises(phago.NotOnDisk):
            colony.snapshot(tmp_path / "copy")
    assert not list(tmp_path.iterdir())


def test_none_is_made_where_none_is_to_be(tmp_path):
    for options in ({"make": False}, {"read_only": True}):
        with pytest.raises(phago.ColonyNotFound) as caught:
            phago.open(tmp_path / "memory", **options)
        assert caught.value.path == str(tmp_path / "memory")
    with pytest.raises(FileNotFoundError):
        phago.verify(tmp_path / "memory")
    assert not list(tmp_path.iterdir())


def test_the_config_is_that_of_the_making(tmp_path):
    config = phago.ColonyConfig(max_edge_degree=12, edge_decay_rate=0.25)
    with phago.open(tmp_path, config=config, seed=9) as colony:
        assert (colony.config.seed, colony.config.max_edge_degree) == (9, 12)
        kept = colony.config
    for read_only in (False, True):
        with phago.open(tmp_path, read_only=read_only) as colony:
            assert colony.config == kept
        with phago.open(tmp_path, config=kept, read_only=read_only) as colony:
            assert colony.config == kept
        with pytest.raises(phago.ConfigError, match="with which the colony was made") as caught:
            phago.open(tmp_path, config=phago.ColonyConfig(seed=9, max_edge_degree=13), read_only=read_only)
        assert caught.value.field in ("max_edge_degree", "edge_decay_rate")
    with pytest.raises(phago.ConfigError):
        phago.open(tmp_path, seed=10)


@pytest.mark.parametrize(
    ("path", "options", "error"),
    [
        (7, {}, TypeError),
        ("", {}, phago.ConfigError),
        ("a\0b", {}, phago.ConfigError),
        ("new", {"shards": 0}, phago.ConfigError),
        ("new", {"shards": "two"}, phago.ConfigError),
        ("new", {"seed": -1}, phago.ConfigError),
        ("new", {"wait": -1}, phago.ConfigError),
        ("new", {"wait": float("inf")}, phago.ConfigError),
        ("new", {"make": 1}, phago.ConfigError),
        ("new", {"read_only": "yes"}, phago.ConfigError),
        ("new", {"config": {"seed": 1}}, TypeError),
        ("new", {"runner": 2}, TypeError),
        ("file", {}, phago.StorageError),
        ("file/in/it", {}, phago.StorageError),
    ],
)
def test_what_is_wrong_is_told_and_makes_nothing(path, options, error, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("text")
    with pytest.raises(error):
        phago.open(path, **options)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def opened_and_closed(path, how, **options):
    if how == "open":
        phago.open(path, **options).close()
    elif how == "connect":
        phago.connect(path, **options).close()
    else:

        async def asked():
            async with phago.open_async(path, **options):
                pass

        asyncio.run(asked())


@pytest.mark.parametrize("how", ["open", "open_async", "connect"])
def test_no_colony_is_made_among_other_files(tmp_path, how):
    (tmp_path / "b.txt").write_text("mine")
    (tmp_path / "a").mkdir()
    before = sorted(tmp_path.rglob("*"))
    name = "where" if how == "connect" else "path"
    with pytest.raises(
        phago.ConfigError, match=rf"`{name}` is .* an empty one, or a new one; it holds .* 'a'"
    ) as caught:
        opened_and_closed(tmp_path, how)
    assert (caught.value.field, caught.value.value) == (name, str(tmp_path))
    assert sorted(tmp_path.rglob("*")) == before
    # Where none is to be made, there is none.
    with pytest.raises(phago.ColonyNotFound):
        opened_and_closed(tmp_path, how, make=False)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("names", "other"),
    [
        (["LOCK", "CURRENT", "000003.log"], "000003.log"),
        (["log-2024.txt"], "log-2024.txt"),
        (["checkpoint-01", "LOCK"], "checkpoint-01"),
        (["LOCK"], None),
        (["LOCK", "owner.json", "owner.leaving"], None),
    ],
)
def test_a_lock_makes_no_colony(tmp_path, names, other):
    for name in names:
        (tmp_path / name).touch()
    if other is None:
        phago.open(tmp_path).close()
    else:
        with pytest.raises(phago.ConfigError, match=f"such as '{other}'"):
            phago.open(tmp_path)
        assert sorted(file.name for file in tmp_path.iterdir()) == sorted(names)


@pytest.mark.parametrize("name", [".DS_Store", ".hidden", "lost+found", "desktop.ini", "Thumbs.db"])
def test_what_systems_put_into_a_folder_is_in_nobodys_way(tmp_path, name):
    (tmp_path / name).mkdir()
    with phago.open(tmp_path) as colony:
        colony.ingest("Ions cross the membrane.")
    # Once a colony lives there, whatever else is put there is as well.
    (tmp_path / "notes.txt").write_text("mine")
    with phago.open(tmp_path) as colony:
        assert len(colony) == 1
    assert {name, "notes.txt"} <= {file.name for file in tmp_path.iterdir()}


@pytest.mark.parametrize("how", ["open", "open_async"])
@pytest.mark.parametrize(
    ("given", "reaches"),
    [
        ("http://localhost:8000", "http://localhost:8000"),
        ("HTTPS://memory.example/x", "HTTPS://memory.example/x"),
        ("localhost:8000", "http://localhost:8000"),
        ("127.0.0.1:8000/", "http://127.0.0.1:8000/"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_a_server_is_no_directory(tmp_path, monkeypatch, how, given, reaches):
    monkeypatch.chdir(tmp_path)
    for options in ({}, {"make": False}, {"read_only": True}):
        if how == "open_async" and options:
            continue
        with pytest.raises(phago.ConfigError, match="the path of a directory") as caught:
            opened_and_closed(given, how, **options)
        assert f"`phago.connect('{reaches}')` reaches a server" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_with_a_name_like_a_server_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("memory:8000").mkdir()
    opened_and_closed("memory:8000", "open")
    assert (tmp_path / "memory:8000" / "witness").exists()
    opened_and_closed(Path("ann:80"), "open")
    assert (tmp_path / "ann:80" / "witness").exists()


def test_a_path_may_be_of_any_kind_and_outlives_a_change_of_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    for number, path in enumerate(["memory", Path("memory"), b"memory", "elsewhere/../memory/"]):
        with phago.open(path) as colony:
            monkeypatch.chdir(tmp_path / "elsewhere")
            assert len(colony) == number
            colony.ingest(f"text {number}")
            colony.checkpoint()
            assert colony.path.is_absolute()
            assert colony.path.samefile(tmp_path / "memory")
            assert pickle.loads(pickle.dumps(phago.verify(colony.path))) == phago.verify(colony.path)
        monkeypatch.chdir(tmp_path)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_closing_ends_it(tmp_path):
    colony = phago.open(tmp_path)
    colony.close()
    colony.close()
    assert repr(colony) == "<closed Colony>"
    for call in (colony.checkpoint, colony.compact, colony.refresh, lambda: colony.path, lambda: colony.snapshot("x")):
        with pytest.raises(phago.ClosedError):
            call()


def test_closing_amid_a_run_leaves_whole_ticks(tmp_path):
    config = phago.ColonyConfig(documents_per_tick=3)
    with phago.Colony(1, config=config) as other:
        digests = set()
        other.ingest(seeded_documents(120))
        for _ in other.ticks():
            digests.add(other.digest())
    colony, errors, begun = phago.open(tmp_path, shards=2, config=config), [], threading.Event()
    colony.ingest(seeded_documents(120))

    def run():
        try:
            for _ in colony.ticks():
                begun.set()
        except phago.PhagoError as error:
            errors.append(error)

    running = threading.Thread(target=run)
    running.start()
    begun.wait()
    colony.close()
    running.join()
    with phago.open(tmp_path) as again:
        assert again.digest() in digests
    assert all(isinstance(error, phago.ClosedError | phago.BusyError) for error in errors)


# --- event loops -------------------------------------------------------------------------------------------------


async def test_the_twin_opens_keeps_and_follows(tmp_path):
    async with phago.open_async(tmp_path / "memory", shards=2, seed=7) as colony:
        assert colony.path == tmp_path / "memory"
        await colony.ingest(seeded_documents(20))
        reader = await phago.open_async(tmp_path / "memory", read_only=True)
        await colony.run()
        assert not await colony.refresh()
        assert await reader.refresh()
        assert await reader.digest() == await colony.digest()
        with pytest.raises(phago.ReadOnlyError):
            await reader.run()
        await reader.close()
        await colony.checkpoint()
        await colony.compact()
        await colony.snapshot(tmp_path / "copy")
        with pytest.raises(phago.BusyError):
            await phago.open_async(tmp_path / "memory")
        digest = await colony.digest()
    for name in ("memory", "copy"):
        with phago.open(tmp_path / name) as again:
            assert again.digest() == digest
    async with phago.AsyncColony() as colony:
        with pytest.raises(phago.NotOnDisk):
            await colony.checkpoint()


async def test_waiting_leaves_the_loop_to_others_and_can_be_cancelled(tmp_path):
    with phago.open(tmp_path) as first:
        waiting = asyncio.ensure_future(asyncio.wait_for(phago.open_async(tmp_path, wait=1000), 0.1))
        await asyncio.sleep(0)
        first.ingest("text")
        with pytest.raises(TimeoutError):
            await waiting
    async with phago.open_async(tmp_path, wait=100) as colony:
        assert len(colony) == 1


# --- a full disk -------------------------------------------------------------------------------------------------


def random_documents(count):
    """Documents that compress badly, so that a checkpoint of them is larger than the log of a few changes."""
    return [{"id": f"d{number}", "text": " ".join(os.urandom(8).hex() for _ in range(600))} for number in range(count)]


def test_a_colony_closes_on_a_disk_without_room_and_warns(tmp_path, caplog):
    path = tmp_path / "m"
    with phago.open(path) as colony:
        colony.ingest(random_documents(30))
        colony.run()

    async def close():
        async with phago.open_async(path) as colony:
            await colony.delete(["d4", "d5", "d6"])
            await colony.run()
            context.enter_context(no_room())

    colony = phago.open(path)
    colony.delete(["d1", "d2", "d3"])
    colony.run()
    digest = colony.digest()
    with caplog.at_level(logging.WARNING, "phago"), no_room(), pytest.warns(phago.CheckpointWarning) as told:
        colony.close()
    assert re.fullmatch(r"`.*m` is closed and whole; what makes .* fast was not written: .+", str(told[0].message))
    assert told[0].filename == __file__
    assert str(told[0].message) in caplog.text
    with phago.open(path, read_only=True) as again:
        assert (again.digest(), len(again)) == (digest, 27)
    with contextlib.ExitStack() as context, pytest.warns(phago.CheckpointWarning):
        asyncio.run(close())
    with phago.open(path) as colony:
        assert len(colony) == 24
    assert phago.verify(path).is_whole


def test_a_command_on_a_disk_without_room_for_a_checkpoint_is_well_and_says_so(tmp_path, says):
    with phago.open("m") as colony:
        colony.ingest(random_documents(30))
        colony.run()
    with no_room():
        code, out, err = says("delete", "m", "d1", "d2", "d3")
    assert (code, out) == (0, "3 deleted.\n")
    assert re.fullmatch(r"phago: `.*m` is closed and whole; .*\n", err)
    assert says("stats", "m")[0] == 0


def test_a_directory_that_was_removed_acknowledges_nothing_and_harms_no_other(tmp_path):
    place = tmp_path / "memory"
    old = phago.open(place, shards=1)
    old.ingest({"id": "a", "text": "ions"})
    shutil.rmtree(place)
    with pytest.raises(phago.StorageError, match=r"could not find again .*LOCK"):
        old.ingest({"id": "z", "text": "pumps"})
    with phago.open(place, shards=1) as new:
        new.ingest({"id": "b", "text": "cells"})
    with contextlib.suppress(phago.PhagoError):
        old.close()
    with phago.open(place) as colony:
        assert [one.id for one in colony.documents()] == ["b"]


def test_a_colony_whose_directory_was_moved_writes_into_no_other(tmp_path):
    place, moved = tmp_path / "memory", tmp_path / "moved"
    old = phago.open(place, shards=1)
    old.ingest({"id": "a", "text": "ions"})
    place.rename(moved)
    with phago.open(place, shards=1) as new:
        new.ingest({"id": "b", "text": "cells"})
        for call in (old.checkpoint, lambda: old.ingest({"id": "c", "text": "pumps"})):
            with pytest.raises(phago.StorageError, match="another directory was put in the place"):
                call()
        with contextlib.suppress(phago.PhagoError):
            old.close()
    for directory, key in ((place, "b"), (moved, "a")):
        with phago.open(directory) as colony:
            assert colony.get(key) is not None
        assert phago.verify(directory).is_whole
