"""Jobs that need a process of their own, so that memory is theirs alone:  child.py JOB '{"argument": value}'.

A job's last line is JSON: what it returned, and `peak_mib`, the most memory the process ever held.
"""

import json
import os
import random
import signal
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import corpora


def memory_mib(what: str = "VmRSS") -> float:
    """Resident memory now, or at its peak (`VmHWM`).

    Not getrusage: a child inherits its parent's ru_maxrss through fork and exec, and pytest is larger than some jobs.
    """
    status = Path("/proc/self/status")
    if status.exists():
        row = next(line for line in status.read_text().splitlines() if line.startswith(what))
        return int(row.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)


class Laps(dict[str, Any]):
    """Wall and CPU seconds by name."""

    @contextmanager
    def lap(self, name: str) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self[name] = time.perf_counter() - wall
        self[f"{name}_cpu"] = time.process_time() - cpu


def pss_mib(pid: int) -> float:
    """The memory of a process, with its share of what it has in common with others."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024


def cpu_seconds(pid: int) -> float:
    """What a process used of its cores so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def spread(corpus: str, folder: str, nodes: int) -> dict[str, Any]:
    """phago on disk: text to index and graph, over so many processes; over none, by one thread of this one."""
    import gc
    import shutil

    import phago
    from phago.backends import Answer, Processes

    class Counted(Processes):
        """Counts the bytes of each lane, with what nodes send each other."""

        def __init__(self, nodes: int) -> None:
            super().__init__(nodes)
            self.bytes = {"orders": 0, "questions": 0, "ahead": 0}
            self.messages = 0

        def send(self, messages: Any, wait: float, stopped: Any) -> Any:
            answers = super().send(messages, wait, stopped)
            self.messages += len(messages)
            for message, answer in zip(messages, answers, strict=True):
                parts = [message.bytes, *message.parcels, *([answer.bytes] if isinstance(answer, Answer) else [])]
                self.bytes[message.lane] += sum(map(len, parts))
            return answers

    documents = corpora.documents(corpus)
    count = len(documents)
    text = sum(len(f"{row['id']}{row['title']}{row['text']}".encode()) for row in documents)
    asked = [" ".join(row["text"].split()[3:9]) for row in documents[:: count // 60]]
    shutil.rmtree(folder, ignore_errors=True)
    transport = Counted(nodes) if nodes else None
    laps = Laps(documents=count)
    runner = phago.RunnerConfig(max_parallelism=1)
    where: dict[str, Any] = {} if transport is None else {"backend": transport}
    with phago.open(folder, shards=max(nodes, 1), runner=runner, **where) as colony:
        pids = [os.getpid()] if transport is None else transport.pids()
        before = [cpu_seconds(pid) for pid in pids]
        with laps.lap("seconds"):
            with laps.lap("ingest"):
                colony.ingest(documents)
            with laps.lap("run"):
                colony.run()
        used = [cpu_seconds(pid) - was for pid, was in zip(pids, before, strict=True)]
        laps.update(slowest_cpu=max(used), sum_cpu=sum(used))
        del documents
        gc.collect()
        laps["node_mib"] = max(map(pss_mib, pids))
        if transport is not None:
            laps["bytes"] = transport.bytes["orders"] + transport.bytes["ahead"] - text
            laps["messages"] = transport.messages
        for question in asked[:5]:
            colony.query(question)
        took = []
        for question in asked:
            start = time.perf_counter()
            colony.query(question)
            took.append(time.perf_counter() - start)
        laps["query_ms"] = sorted(took)[len(took) // 2] * 1000
        with laps.lap("idle"):
            for _ in range(200):
                colony.tick()
        laps["idle_ms"] = laps["idle"] / 200 * 1000
        laps["digest"] = colony.digest()
    shutil.rmtree(folder)
    return dict(laps)


def nodes(backend: str, count: int, folder: str, kills: int = 7) -> dict[str, Any]:
    """A colony of 20,000 concepts on nodes: left idle, asked, and one node after the other killed before a tick."""
    if backend == "ray":
        # The cluster is of this machine alone, and tells nobody of itself.
        os.environ |= {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}
    import phago
    from phago.backends import Processes
    from turns import each_us, percentile

    chance = random.Random(corpora.SEED)
    # Words that no stemmer changes, each in about a dozen documents.
    texts = [" ".join(corpora.word(chance.randrange(28_000)) for _ in range(60)) for _ in range(5_600)]
    asked = [" ".join(text.split()[3:9]) for text in texts[:: len(texts) // 100]]
    transport = phago.Ray(count, address="local") if backend == "ray" else Processes(count)
    with phago.open(folder, shards=count, backend=transport) as colony:
        colony.ingest(texts)
        colony.run()
        measured: dict[str, Any] = {"concepts": colony.stats().nodes}
        for _ in range(50):
            colony.tick()
        measured["idle_ms"] = percentile(each_us(colony.tick, 200), 0.5) / 1000
        for question in asked[:20]:
            colony.query(question)
        questions = iter(asked)
        measured["query_ms"] = percentile(each_us(lambda: colony.query(next(questions)), len(asked)), 0.5) / 1000
        back = []
        for kill in range(kills):
            colony.ingest(f"{texts[kill]} again")
            os.kill(transport.pids()[kill % count], signal.SIGKILL)
            begun = time.perf_counter()
            assert colony.tick().recovered
            back.append(time.perf_counter() - begun)
        measured |= {"back_s": percentile(back, 0.5), "slowest_back_s": max(back), "digest": colony.digest()}
    return measured


def digest(corpus: str, shards: int, threads: int, concepts: int = 30) -> dict[str, Any]:
    """phago: text to lexical index (ingest) and concept graph (run)."""
    import phago

    documents = corpora.documents(corpus)
    laps = Laps(before_mib=memory_mib())
    config = phago.ColonyConfig(concepts_per_document=concepts)
    with phago.Colony(shards=shards, config=config, runner=phago.RunnerConfig(max_parallelism=threads)) as colony:
        with laps.lap("seconds"):
            with laps.lap("ingest"):
                colony.ingest(documents)
            with laps.lap("run"):
                report = colony.run()
        laps["steady_mib"] = memory_mib()
        laps["peak_mib"] = memory_mib("VmHWM")
        stats = colony.stats()
        names = ("documents", "edges", "nodes", "row_bytes", "bytes_exchanged", "pending", "cross_shard_edges")
        laps.update({name: getattr(stats, name) for name in names}, ticks=report.ticks, digest=colony.digest())
    return laps


def peer_digest(corpus: str) -> dict[str, Any]:
    """bm25s for the lexical index, scikit-learn and scipy for the concept graph."""
    import peers

    texts = [corpora.whole(document) for document in corpora.documents(corpus)]
    # Whatever these libraries do once, done before the clock starts.
    peers.bm25s_index(texts[:100])
    warm = peers.concept_lists(texts[:100])
    warm.T @ warm
    laps = Laps(before_mib=memory_mib())
    with laps.lap("seconds"):
        with laps.lap("index"):
            index = peers.bm25s_index(texts)
        with laps.lap("lists"):
            lists = peers.concept_lists(texts)
        with laps.lap("product"):
            graph = lists.T.tocsr() @ lists
    assert index is not None
    laps["steady_mib"] = memory_mib()
    laps.update(pairs=peers.pairs(lists), edges=int(graph.nnz))
    return laps


def tantivy_digest(corpus: str) -> dict[str, Any]:
    """tantivy's lexical index."""
    import peers

    texts = [corpora.whole(document) for document in corpora.documents(corpus)]
    peers.tantivy_index(texts[:100])
    laps = Laps()
    with laps.lap("seconds"):
        index = peers.tantivy_index(texts)
    assert index.searcher().num_docs == len(texts)
    return laps


def dict_pairs(corpus: str, sample: int) -> dict[str, Any]:
    """Pairs counted document by document in a Python dict, of every so many documents that `sample` are left."""
    from itertools import combinations

    import peers

    documents = corpora.documents(corpus)
    lists = peers.concept_lists([corpora.whole(document) for document in documents[:: len(documents) // sample]])
    rows = [lists.indices[a:b].tolist() for a, b in zip(lists.indptr, lists.indptr[1:], strict=False)]
    laps, counts = Laps(pairs=peers.pairs(lists)), dict[tuple[int, int], int]()
    with laps.lap("seconds"):
        for row in rows:
            for pair in combinations(row, 2):
                counts[pair] = counts.get(pair, 0) + 1
    assert sum(counts.values()) == laps["pairs"]
    return laps


def synapses(documents: int, wired: bool) -> dict[str, Any]:
    """Memory of a colony of documents that share no word, with their synapses or without."""
    import phago

    texts = corpora.strangers(documents)
    before = memory_mib()
    config = phago.ColonyConfig(concepts_per_document=30 if wired else 1)
    with phago.Colony(shards=1, config=config, runner=phago.RunnerConfig(max_parallelism=1)) as colony:
        colony.ingest(texts)
        colony.run()
        stats = colony.stats()
        return {"grown_mib": memory_mib() - before, "edges": stats.edges, "row_bytes": stats.row_bytes}


def first_answer(collection: str, engine: str) -> dict[str, Any]:
    """From nothing to an answer: the caller times the whole process."""
    documents = corpora.documents(Path(collection) / "corpus.jsonl.gz")
    if engine == "phago":
        import phago

        with phago.Colony() as colony:
            colony.ingest(documents, on_error="skip")
            colony.run()
            found = len(colony.query("heat transfer in supersonic flow"))
    else:
        import peers

        found = len(
            peers.tantivy_search([corpora.whole(row) for row in documents])("heat transfer in supersonic flow", 10)
        )
    assert found == 10
    return {}


def grown(corpus: str, folder: str | None, end: str = "close") -> dict[str, Any]:
    """A colony digested in batches, in memory or in a folder; there it is closed at the end, or let go of as by a kill.

    Before the end `kill`, a checkpoint holds two thirds of the documents, and a third stands in the log alone; before
    `kill whole`, all of them do.
    """
    import phago

    documents = corpora.documents(corpus)
    laps = Laps()
    colony = phago.Colony() if folder is None else phago.open(folder)
    peak = 0
    with laps.lap("seconds"):
        for at in range(0, len(documents), 1000):
            colony.ingest(documents[at : at + 1000])
            if folder is not None:
                peak = max(peak, size_of(folder))
            if end == "kill" and at // 1000 == 2 * len(documents) // 3000:
                colony.checkpoint()
        colony.run()
    laps.update(documents=len(colony), digest=colony.digest())
    if end != "close":
        print(json.dumps({"peak_mib": memory_mib("VmHWM")} | laps), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    with laps.lap("close"):
        colony.close()
    if folder is not None:
        laps.update(bytes=size_of(folder), bytes_peak=max(peak, size_of(folder)))
    return laps


def size_of(folder: str) -> int:
    """Bytes of the files in a folder; one may be removed meanwhile."""
    total = 0
    for file in Path(folder).iterdir():
        with suppress(FileNotFoundError):
            total += file.stat().st_size
    return total


def opened(folder: str, corpus: str) -> dict[str, Any]:
    """A colony opened from a folder, and how fast it answers then."""
    import phago

    asked = corpora.questions(corpora.documents(corpus), frozenset(), 300)
    laps = Laps()
    with laps.lap("seconds"):
        colony = phago.open(folder, read_only=False, make=False)
    laps.update(documents=len(colony), digest=colony.digest())
    for text in asked:
        colony.query(text)
    with laps.lap("queries"):
        for text in asked:
            colony.query(text)
    colony.close()
    return laps


JOBS = {
    job.__name__: job
    for job in (digest, peer_digest, tantivy_digest, dict_pairs, synapses, first_answer, grown, opened, spread, nodes)
}

if __name__ == "__main__":
    measured = JOBS[sys.argv[1]](**json.loads(sys.argv[2]))
    print(json.dumps({"peak_mib": memory_mib("VmHWM")} | measured))
