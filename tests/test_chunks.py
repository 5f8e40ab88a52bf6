"""In which order chunks are read, prepared and taken in, where each is prepared while the one before is under way."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import aclosing

import phago
import pytest
from phago._intake import are_many, overlapped, overlapped_async


class Told:
    """A call that writes down what is done with it."""

    def __init__(self, name: str, log: list[str], is_short: bool, fails_ahead: bool = False) -> None:
        self.name, self.log, self.is_short, self.fails_ahead = name, log, is_short, fails_ahead

    def read_ahead(self) -> None:
        self.log.append(f"prepare {self.name}")
        if self.fails_ahead:
            raise ValueError(self.name)

    def begin(self) -> None:
        self.log.append(f"begin {self.name}")

    def is_over(self) -> bool:
        return self.is_short

    def wait(self) -> str:
        self.log.append(f"wait {self.name}")
        return self.name


def calls(log: list[str], names: str, is_short: bool, failing: str = "") -> Iterator[Told]:
    for name in names:
        if name == "!":
            raise OSError("the source is gone")
        log.append(f"make {name}")
        yield Told(name, log, is_short, name == failing)


def test_a_chunk_more_is_made_while_one_takes_its_time():
    log: list[str] = []
    assert [call.wait() for call in overlapped(calls(log, "abcd", is_short=False), True)] == list("abcd")
    # Nothing is made between the beginning of one and the preparation of the next.
    assert log == [
        *("make a", "begin a", "make b", "prepare b", "make c", "wait a"),
        *("begin b", "prepare c", "make d", "wait b"),
        *("begin c", "prepare d", "wait c", "begin d", "wait d"),
    ]


def test_a_source_that_is_slower_than_the_colony_is_taken_in_as_it_comes():
    log: list[str] = []
    assert [call.wait() for call in overlapped(calls(log, "abc", is_short=True), True)] == list("abc")
    assert log == [
        *("make a", "begin a", "make b", "prepare b", "wait a"),
        *("begin b", "make c", "prepare c", "wait b", "begin c", "wait c"),
    ]


def test_two_chunks_are_made_while_one_is_under_way_here():
    log: list[str] = []
    assert [call.wait() for call in overlapped(calls(log, "abcd", is_short=False), False)] == list("abcd")
    # What follows is prepared first: while a chunk is under way nothing else may be begun.
    assert log == [
        *("make a", "begin a", "make b", "make c", "wait a"),
        *("prepare c", "begin b", "make d", "wait b"),
        *("prepare d", "begin c", "wait c", "begin d", "wait d"),
    ]


def test_a_slow_source_is_taken_in_as_it_comes_here():
    log: list[str] = []
    assert [call.wait() for call in overlapped(calls(log, "abc", is_short=True), False)] == list("abc")
    assert log == [
        *("make a", "begin a", "make b", "wait a"),
        *("begin b", "make c", "wait b", "begin c", "wait c"),
    ]


@pytest.mark.parametrize("are_far", [False, True])
@pytest.mark.parametrize("is_short", [False, True])
@pytest.mark.parametrize("names", ["!", "a!", "ab!", "abc!", "abcd!"])
def test_what_came_before_an_error_is_taken_in_and_told_first(names, is_short, are_far):
    log: list[str] = []
    done: list[str] = []
    with pytest.raises(OSError, match="the source is gone"):
        done.extend(call.wait() for call in overlapped(calls(log, names, is_short), are_far))
    assert [line for line in log if line.startswith("wait")] == [f"wait {name}" for name in names[:-1]]


@pytest.mark.parametrize("are_far", [False, True])
def test_what_is_under_way_is_over_before_an_interruption_is_told(are_far):
    log: list[str] = []

    def interrupted() -> Iterator[Told]:
        yield from calls(log, "ab", is_short=False)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(map(Told.wait, overlapped(interrupted(), are_far)))
    # It came as one more was made, so what follows was not begun.
    assert log[-1] == "wait a"
    assert [line for line in log if line.startswith("begin")] == ["begin a"]


@pytest.mark.parametrize("is_short", [False, True])
def test_one_that_cannot_be_prepared_is_not_begun(is_short):
    log: list[str] = []
    with pytest.raises(ValueError, match="b"):
        list(map(Told.wait, overlapped(calls(log, "abc", is_short, failing="b"), True)))
    assert log[-1] == "wait a"
    assert "begin b" not in log


@pytest.mark.parametrize("documents", ["text", {"text": "text"}, phago.Document("text"), b"text", [], ["text"] * 1000])
def test_a_list_of_one_chunk_is_not_read_ahead(documents):
    assert not are_many(documents)


@pytest.mark.parametrize("documents", [["text"] * 1001, (text for text in ["text"]), object()])
def test_what_may_be_longer_is_read_ahead(documents):
    assert are_many(documents)


@pytest.mark.parametrize("length", [TypeError, KeyboardInterrupt, -1, None, 10**30])
def test_what_is_iterated_is_not_asked_for_its_length(length):
    class Texts:
        def __iter__(self):
            return iter(["one", "two"])

        def __len__(self):
            if isinstance(length, type):
                raise length
            return length

    with phago.Colony(shards=1) as colony:
        assert colony.ingest(Texts()).accepted == 2


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("count", [1, 1001])
@pytest.mark.parametrize("embed", [None, lambda texts: [[1.0]] * len(texts)])
def test_any_number_of_threads_reads_ahead_unless_a_model_is_asked(monkeypatch, threads, count, embed):
    read_ahead: list[bool] = []

    def watched(made, are_far):
        read_ahead.append(True)
        return overlapped(made, are_far)

    monkeypatch.setattr("phago.colony.overlapped", watched)
    runner = phago.RunnerConfig(max_parallelism=threads)
    with phago.Colony(shards=1, runner=runner, embed=embed) as colony:
        assert colony.ingest([f"text {at}" for at in range(count)]).accepted == count
    assert read_ahead == [True] * (count > 1000 and embed is None)


def test_no_chunk_is_none():
    assert list(overlapped(calls([], "", is_short=True), True)) == []


# --- for event loops ---------------------------------------------------------------------------------------------


class Begun(Told):
    """A call for event loops that writes down what is done with it; what it is asked to do takes a turn of the loop."""

    def start(self) -> asyncio.Task[str]:
        self.log.append(f"begin {self.name}")
        return asyncio.create_task(self.turn(f"end {self.name}"))

    def start_ahead(self) -> asyncio.Task[str]:
        self.log.append(f"prepare {self.name}")
        return asyncio.create_task(self.turn(f"prepared {self.name}", self.fails_ahead))

    async def turn(self, told: str, fails: bool = False) -> str:
        await asyncio.sleep(0)
        self.log.append(told)
        if fails:
            raise ValueError(self.name)
        return self.name


def begun(log: list[str], names: str, failing: str = "") -> Iterator[Begun]:
    return (Begun(call.name, log, False, call.fails_ahead) for call in calls(log, names, False, failing))


async def taken_in(log: list[str], names: str, are_far: bool, failing: str = "") -> list[str]:
    done: list[str] = []
    async with aclosing(overlapped_async(begun(log, names, failing), are_far)) as results:
        async for name in results:
            done.append(name)
            log.append(f"take {name}")
    return done


async def test_a_chunk_is_made_and_prepared_while_one_is_under_way_on_a_loop():
    log: list[str] = []
    assert await taken_in(log, "abc", True) == list("abc")
    assert log == [
        *("make a", "begin a", "make b", "prepare b", "end a", "prepared b", "take a"),
        *("begin b", "make c", "prepare c", "end b", "prepared c", "take b"),
        *("begin c", "end c", "take c"),
    ]
    log.clear()
    assert await taken_in(log, "ab", False) == list("ab")
    assert log == ["make a", "begin a", "make b", "end a", "take a", "begin b", "end b", "take b"]
    assert await taken_in(log, "", True) == []


@pytest.mark.parametrize("are_far", [False, True])
@pytest.mark.parametrize("names", ["!", "a!", "abc!"])
async def test_what_came_before_an_error_is_taken_in_and_told_first_on_a_loop(names, are_far):
    log: list[str] = []
    with pytest.raises(OSError, match="the source is gone"):
        await taken_in(log, names, are_far)
    assert [line for line in log if line.startswith("take")] == [f"take {name}" for name in names[:-1]]


async def test_one_that_cannot_be_prepared_is_not_begun_on_a_loop():
    log: list[str] = []
    with pytest.raises(ValueError, match="b"):
        await taken_in(log, "abc", True, failing="b")
    assert log[-1] == "take a"
    assert "begin b" not in log


async def test_what_is_prepared_is_given_up_with_what_is_under_way():
    log: list[str] = []
    task = asyncio.create_task(taken_in(log, "abc", True))
    await asyncio.sleep(0)
    assert log[-1] == "prepare b"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(5):
        await asyncio.sleep(0)
    assert "prepared b" not in log
    assert "begin b" not in log


@pytest.mark.parametrize("are_far", [False, True])
async def test_what_is_under_way_is_over_before_an_interruption_is_told_on_a_loop(are_far):
    log: list[str] = []

    def interrupted() -> Iterator[Begun]:
        yield from begun(log, "ab")
        raise KeyboardInterrupt

    async with aclosing(overlapped_async(interrupted(), are_far)) as results:
        assert await anext(results) == "a"
        with pytest.raises(KeyboardInterrupt):
            await anext(results)
    assert log[-2:] == ["begin b", "end b"]


@pytest.mark.parametrize("where", ["memory", "directory"])
@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("old", ["ions cross 1500", "something else"])
def test_a_document_that_is_deleted_between_chunks_comes_anew(threads, old, where, tmp_path):
    documents = [{"id": str(at), "text": f"ions cross {at}"} for at in range(3000)]
    # As many are refused in its chunk as come anew.
    documents[1700]["id"] = "1600"
    runner = phago.RunnerConfig(max_parallelism=threads)
    made = phago.Colony(2, runner=runner) if where == "memory" else phago.open(tmp_path / "memory", runner=runner)
    with made as colony:
        colony.ingest({"id": "1500", "text": old})
        deleted: list[bool] = []

        def delete(_: phago.Progress) -> None:
            if not deleted:
                deleted.append(colony.delete("1500"))

        report = colony.ingest(documents, "skip", progress=delete)
        assert (deleted, report.accepted, report.unchanged, len(colony)) == ([True], 2999, 0, 2999)
        assert [refused.index for refused in report.rejected] == [1700]
        digest = colony.digest("evidence")
        if where == "directory":
            # As after a kill: what is there is read from the log.
            shutil.copytree(tmp_path / "memory", tmp_path / "copy")
    if where == "directory":
        with phago.open(tmp_path / "copy") as colony:
            assert (len(colony), colony.digest("evidence")) == (2999, digest)
            assert colony.get("1500").text == "ions cross 1500"


class Seen:
    """The native world of a colony, of which it is seen how chunks are made."""

    def __init__(self, world: object, idle: list[bool]) -> None:
        self.world, self.idle = world, idle

    def __getattr__(self, name: str) -> object:
        return getattr(self.world, name)

    def ingest(self, *given: object) -> object:
        self.idle.append(bool(given[4]))
        return self.world.ingest(*given)


def test_the_caller_says_that_it_idles_while_chunks_before_are_taken_in(monkeypatch):
    idle: list[bool] = []
    world = phago.Colony._world
    monkeypatch.setattr(phago.Colony, "_world", property(lambda colony: Seen(world.fget(colony), idle)))
    documents = [f"ions cross {at}" for at in range(4000)]
    for given, expected in ((documents, [False, True, True]), (documents[:1000], [False]), ("ion", [False])):
        idle.clear()
        with phago.Colony(runner=phago.RunnerConfig(max_parallelism=1)) as colony:
            report = colony.ingest(given)
            assert (idle, report.accepted) == (expected, 1 if isinstance(given, str) else len(given))
    idle.clear()
    # A model is told of a document once it stands, so nothing is made meanwhile.
    with phago.Colony(embed=lambda texts: [[1.0, 2.0] for _ in texts]) as colony:
        colony.ingest(documents)
        assert idle == [False] * 3
