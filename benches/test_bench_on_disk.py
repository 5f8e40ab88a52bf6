"""What it costs to live on disk: beside the same colony in memory, and beside SQLite with as much care."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import corpora
import phago
import pytest
from turns import Measured, each_us, in_child, in_turn, percentile, timed

SINGLES = 1000
BATCH, BATCHES = 1000, 20
TICKS = 500


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(dir=Path.cwd(), prefix="bench-on-disk-"))
    yield path
    shutil.rmtree(path)


@pytest.mark.benchmark(group="on disk")
def test_bench_growing_on_disk(benchmark, figures, rounds, debian: Path, folder: Path):
    """From text to index and graph, durable and not; then opened after a close and after a kill, and asked."""
    rows = corpora.documents(debian)
    text = corpora.megabytes(rows) * 1e6
    corpus, closed = str(debian), str(folder / "closed")

    def on_disk() -> Measured:
        shutil.rmtree(closed, ignore_errors=True)
        return in_child("grown", corpus=corpus, folder=closed)

    def in_memory() -> Measured:
        return in_child("grown", corpus=corpus, folder=None)

    def after(end: str) -> Callable[[], Measured]:
        killed = folder / "killed"

        def killed_and_opened() -> Measured:
            shutil.rmtree(killed, ignore_errors=True)
            in_child("grown", corpus=corpus, folder=str(killed), end=end)
            return in_child("opened", corpus=corpus, folder=str(killed))

        return killed_and_opened

    def after_close() -> Measured:
        return in_child("opened", corpus=corpus, folder=str(folder / "before"))

    in_child("grown", corpus=corpus, folder=str(folder / "before"))
    contenders = {"disk": on_disk, "memory": in_memory, "closed": after_close}
    contenders |= {end: after(end) for end in ("kill", "kill whole")}
    turns = in_turn(benchmark, rounds, contenders)
    assert len({measured["digest"] for seen in turns.seen.values() for measured in seen}) == 1
    section = f"on disk: debian, {len(rows):,} documents in batches of 1,000"
    seconds = turns.spread("memory", "seconds").unit("s in memory")
    ratio = turns.ratio("disk", "memory")
    figures.add(section, "ingested and digested", turns.spread("disk", "seconds").unit("s"), seconds, ratio)
    figures.add(section, "closed", turns.spread("disk", "close").unit("s"))
    figures.add(section, "opened after a close", turns.spread("closed", "seconds").unit("s"))
    figures.add(section, "opened after a kill, a third in the log", turns.spread("kill", "seconds").unit("s"))
    figures.add(section, "opened after a kill, all in the log", turns.spread("kill whole", "seconds").unit("s"))
    figures.add(section, "bytes on disk / text, closed", turns.spread("disk", "bytes", 1 / text))
    figures.add(section, "bytes on disk / text, at most", turns.spread("disk", "bytes_peak", 1 / text))


@pytest.mark.benchmark(group="on disk")
def test_bench_durable_ingest(benchmark, figures, rounds, debian: Path, folder: Path):
    """Documents acknowledged one by one and by the thousand, beside SQLite with WAL and FULL in the same folder."""
    rows = corpora.documents(debian)[: SINGLES + BATCH * BATCHES]
    singles, rest = rows[:SINGLES], rows[SINGLES:]
    batches = [rest[at : at + BATCH] for at in range(0, len(rest), BATCH)]

    def ours() -> Measured:
        path = folder / "colony"
        shutil.rmtree(path, ignore_errors=True)
        with phago.open(path) as colony:
            one = timed(lambda: [colony.ingest([row]) for row in singles])
            return {"one": one, "batch": timed(lambda: [colony.ingest(batch) for batch in batches])}

    def sqlite(schema: str) -> Measured:
        path = folder / "base"
        path.unlink(missing_ok=True)
        base = sqlite3.connect(path, isolation_level=None)
        base.execute("pragma journal_mode = wal")
        base.execute("pragma synchronous = full")
        base.execute(f"create {schema}")

        def put(batch: list[dict[str, str]]) -> None:
            base.execute("begin")
            base.executemany("insert into documents values (:id, :title, :text)", batch)
            base.execute("commit")

        one = timed(lambda: [put([row]) for row in singles])
        measured = {"one": one, "batch": timed(lambda: [put(batch) for batch in batches])}
        base.close()
        return measured

    table = "table documents(id text primary key, title text, text text)"
    searched = "virtual table documents using fts5(id unindexed, title, text, tokenize = 'porter')"
    peers = {"SQLite": lambda: sqlite(table), "SQLite FTS5": lambda: sqlite(searched)}
    turns = in_turn(benchmark, rounds, {"phago": ours} | peers)
    section = "durable ingest; phago and FTS5 can be asked for its words, the rows of SQLite cannot"
    for figure, count, what in (("one", SINGLES, "one by one"), ("batch", BATCH * BATCHES, "by the thousand")):
        for peer in peers:
            ours_rate, rate = (turns.rate(name, count, figure).unit("documents/s") for name in ("phago", peer))
            figures.add(section, what, ours_rate, f"{rate}, {peer}", turns.ratio(peer, "phago", figure))


@pytest.mark.benchmark(group="on disk")
def test_bench_reopened_answers_and_idle_ticks(benchmark, figures, rounds, debian: Path, folder: Path):
    """A colony that was closed and opened again, beside one in memory that never was."""
    rows = corpora.documents(debian)[:20_000]
    asked = corpora.questions(rows, frozenset(), 300)
    with phago.open(folder / "colony") as colony:
        colony.ingest(rows)
        colony.run()
    with phago.open(folder / "colony") as opened, phago.Colony() as never:
        never.ingest(rows)
        never.run()
        assert opened.digest() == never.digest()

        def measured(colony: phago.Colony) -> Measured:
            queries = [timed(lambda text=text: colony.query(text)) * 1e6 for text in asked]
            return {"query": percentile(queries, 0.5), "tick": percentile(each_us(colony.tick, TICKS), 0.5)}

        for colony in (opened, never):
            measured(colony)
        turns = in_turn(benchmark, rounds, {"opened": lambda: measured(opened), "never": lambda: measured(never)})
    section = "opened again, beside one that never was closed: 20,000 documents"
    for figure, what in (("query", "full query, p50"), ("tick", "idle tick, p50")):
        beside = turns.spread("never", figure).unit("us")
        figures.add(
            section, what, turns.spread("opened", figure).unit("us"), beside, turns.ratio("opened", "never", figure)
        )
