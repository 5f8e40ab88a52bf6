"""The commands that work on a colony in a directory."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ..colony import Colony
from ..document import Document
from ..errors import ConfigError
from ..extract import LeftOut, Source, read_sources, sources
from ..opening import open as open_colony
from ..opening import verify
from ..results import Hit, StoredDocument
from .exits import FOUND, NOTHING_FOUND, Problem
from .progress import progress

__all__ = ["add_commands"]

# Documents in one durable batch: a sync of the disk for each, and no more is done again after an interruption.
_BATCH = 1000
# Names of left-out files that are shown; the rest is counted.
_SHOWN = 10
_SNIPPET = 300


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the parser."""

    def command(name: str, run: Callable[[argparse.Namespace], int], help: str, **how: Any) -> argparse.ArgumentParser:
        parser = commands.add_parser(name, help=help, description=how.pop("description", help), **how)
        parser.add_argument("memory", metavar="DIR", help="the directory of the colony")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument(
            "--wait",
            type=_seconds,
            default=0.0,
            metavar="SECONDS",
            help="how long to wait for another process that writes to it (default: 0)",
        )
        parser.set_defaults(run=run)
        return parser

    taking = {
        "help": "folders and files: text, Markdown, reStructuredText, HTML, and JSON lines with `text`, perhaps `id`, "
        "`title` and `metadata`; each packed with gzip or not"
    }
    ingest = command("ingest", _ingest, "take documents in and digest them; makes DIR where there is none")
    ingest.add_argument("paths", metavar="PATH", nargs="+", **taking)
    sync = command(
        "sync", _sync, "make DIR hold what the paths hold now: takes in what is new or changed, deletes what is gone"
    )
    sync.add_argument("paths", metavar="PATH", nargs="+", **taking)
    for parser in (ingest, sync):
        parser.add_argument("--shards", type=_count, metavar="N", help="shards, 1 to 1024 (default: one for each core)")
    query = command("query", _query, "the best documents for a question; exits with 1 where there is none")
    query.add_argument("question", metavar="QUESTION")
    query.add_argument("-k", type=_count, default=10, metavar="K", help="hits, at most (default: 10)")
    query.add_argument("--explain", action="store_true", help="show what each score is made of and the path to the hit")
    query.add_argument("--lexical", action="store_true", help="rank by BM25 alone")
    _filter(query)
    get = command("get", _get, "a document by its id; exits with 1 where there is none")
    get.add_argument("id", metavar="ID")
    delete = command("delete", _delete, "delete documents; exits with 1 where there was none")
    delete.add_argument("ids", metavar="ID", nargs="*")
    _filter(delete)
    export = command("export", _export, "the documents as JSON lines, in the order of their ids")
    export.add_argument("file", metavar="FILE", nargs="?", default="-", help="where to write (default: the output)")
    _filter(export)
    taken = command("import", _import, "take in what `export` wrote")
    taken.add_argument("file", metavar="FILE", nargs="?", default="-", help="what to read (default: the input)")
    command("stats", _stats, "what the colony holds")
    command("verify", _verify, "read every byte of DIR again; exits with 3 and names what is damaged")
    command("compact", _compact, "give back the room of what was deleted; no byte of it stays")
    snapshot = command("snapshot", _snapshot, "copy the colony, as it is now, into another directory")
    snapshot.add_argument("to", metavar="TO", help="a directory that is not there yet")
    graph = command("graph", _graph, "what a concept is wired to; exits with 1 where there is none of this name")
    graph.add_argument("label", metavar="CONCEPT")
    graph.add_argument("-k", type=_count, default=20, metavar="K", help="neighbours, at most (default: 20)")


def _filter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="only documents with this metadata; also !=, <, <=, >, >=, or a filter in JSON; may be repeated",
    )


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 1000000")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0 to 86400")
    return seconds


_OPERATORS = (("!=", "ne"), ("<=", "lte"), (">=", "gte"), ("=", "eq"), ("<", "lt"), (">", "gt"))


def _where(given: list[str]) -> dict[str, Any] | None:
    """The filter of all conditions together; a value is JSON where it can be, else text."""
    filters: list[dict[str, Any]] = []
    for text in given:
        if text.lstrip().startswith("{"):
            try:
                filters.append(json.loads(text))
            except ValueError as error:
                raise Problem(f"`--where {text}` is not JSON: {error}", code=2) from None
            continue
        found = [(text.index(sign), -len(sign), sign, name) for sign, name in _OPERATORS if sign in text]
        at, _, sign, name = min(found, default=(0, 0, "", ""))
        if at == 0:
            raise Problem(f"`--where {text}` is no condition; accepted is KEY=VALUE, also with != < <= > >=", code=2)
        filters.append({text[:at].strip(): {name: _value(text[at + len(sign) :].strip())}})
    return {"$and": filters} if len(filters) > 1 else filters[0] if filters else None


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, dict) else value


def _reading(arguments: argparse.Namespace) -> Colony:
    return open_colony(arguments.memory, read_only=True)


def _writing(arguments: argparse.Namespace, *, make: bool = False) -> Colony:
    shards = getattr(arguments, "shards", None)
    return open_colony(arguments.memory, shards=shards, make=make, wait=arguments.wait)


def _say(arguments: argparse.Namespace, row: dict[str, Any], lines: Iterator[str] | list[str]) -> None:
    if arguments.json:
        print(json.dumps(row, indent=2, default=str, ensure_ascii=False))
    else:
        for line in lines:
            print(line)


# --- taking in ---------------------------------------------------------------------------------------------------


def _named(paths: list[str]) -> list[Source]:
    try:
        return sources(paths)
    except FileNotFoundError as error:
        raise Problem(f"there is no file or folder `{error}`", code=2) from None
    except ValueError as error:
        raise Problem(str(error), code=2) from None


class _Taken:
    """What was done with the documents of the paths."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.left_out: list[LeftOut] = []

    def row(self) -> dict[str, Any]:
        counts = {name: self.counts[name] for name in ("new", "changed", "unchanged", "deleted")}
        return {**counts, "left_out": [{"path": one.path, "reason": one.reason} for one in self.left_out]}

    def lines(self) -> Iterator[str]:
        yield ", ".join(f"{count:,} {name}" for name, count in self.row().items() if isinstance(count, int)) + "."
        if self.left_out:
            yield f"Left out: {len(self.left_out):,}."
            for one in self.left_out[:_SHOWN]:
                yield f"  {one.path}: {one.reason}"
            if len(self.left_out) > _SHOWN:
                yield f"  and {len(self.left_out) - _SHOWN:,} more; --json lists all"


def _ingest(arguments: argparse.Namespace) -> int:
    return _take(arguments, delete=False)


def _sync(arguments: argparse.Namespace) -> int:
    return _take(arguments, delete=True)


def _take(arguments: argparse.Namespace, *, delete: bool) -> int:
    given = _named(arguments.paths)
    taken = _Taken()
    with _writing(arguments, make=True) as colony, progress(quiet=arguments.json) as tell:
        seen: dict[str, set[str]] = {source.label: set() for source in given}
        batch: list[Document] = []
        for source, found in read_sources(given):
            if isinstance(found, LeftOut):
                taken.left_out.append(found)
                continue
            assert found.id is not None
            if found.id in seen[source.label]:
                taken.left_out.append(LeftOut(found.id, "the id stands twice in its file"))
                continue
            seen[source.label].add(found.id)
            batch.append(found)
            if len(batch) == _BATCH:
                _put(colony, batch, taken)
                batch = []
                tell("reading", taken.counts.total())
        _put(colony, batch, taken)
        if delete:
            # What could not be read now may be there still, so it is not taken for gone.
            unreadable = {one.path for one in taken.left_out}
            for label, ids in seen.items():
                gone = [one.id for one in colony.documents(where={"source": label}) if one.id not in ids]
                gone = [name for name in gone if name not in unreadable]
                taken.counts["deleted"] += colony.delete(gone) if gone else 0
        for _ in colony.ticks():
            tell("digesting", colony.stats().digested)
    _say(arguments, taken.row(), taken.lines())
    return FOUND


def _put(colony: Colony, batch: list[Document], taken: _Taken) -> None:
    new = [document for document in batch if document.id not in colony]
    report = colony.ingest(new, on_error="skip")
    taken.counts["new"] += report.accepted
    taken.left_out += [LeftOut(str(one.id), f"its {one.field} {one.reason}") for one in report.rejected]
    fresh = {document.id for document in new}
    for document in batch:
        if document.id not in fresh:
            taken.counts[colony.update(document)] += 1


# --- asking ------------------------------------------------------------------------------------------------------


def _query(arguments: argparse.Namespace) -> int:
    where = _where(arguments.where)
    with _reading(arguments) as colony:
        ranking = "lexical" if arguments.lexical else None
        hits = colony.query(arguments.question, k=arguments.k, ranking=ranking, where=where)
        rows = [hit.to_dict() for hit in hits]
        _say(arguments, {"question": arguments.question, "hits": rows}, _hits(list(hits), arguments.explain))
        if not hits and not arguments.json:
            told = colony.explain(arguments.question)
            why = told.nothing if told is not None and told.nothing else "no document matches"
            print(f"phago: nothing found: {why}", file=sys.stderr)
    return FOUND if rows else NOTHING_FOUND


def _hits(hits: list[Hit], explain: bool) -> Iterator[str]:
    for place, hit in enumerate(hits, 1):
        title = f"  {hit.title}" if hit.title else ""
        yield f"{place}. {hit.score:.3f}  {hit.id}{title}"
        passage = " ".join((hit.passage or hit.text).split())
        yield f"   {passage[:_SNIPPET]}{'...' if len(passage) > _SNIPPET else ''}"
        if explain:
            parts = hit.parts
            yield f"   = {parts.lexical:.3f} lexical + {parts.concepts:.3f} concepts + {parts.bridge:.3f} bridge"
            for step in hit.path.concepts:
                words = ", ".join(word.word for word in step.words)
                yield f"     {step.label}{f' by {words}' if words else ''}"
        yield ""


def _document(found: StoredDocument) -> dict[str, Any]:
    row: dict[str, Any] = {"id": found.id, "title": found.title, "text": found.text}
    return {**row, "metadata": dict(found.metadata)} if found.metadata else row


def _get(arguments: argparse.Namespace) -> int:
    with _reading(arguments) as colony:
        found = colony.get(arguments.id)
        if found is None:
            raise Problem(f"there is no document `{arguments.id}`", code=NOTHING_FOUND)
        row = _document(found)
        _say(arguments, row, [*([found.title, ""] if found.title else []), found.text])
    return FOUND


def _graph(arguments: argparse.Namespace) -> int:
    with _reading(arguments) as colony:
        node = colony.graph.node(arguments.label)
        if node is None:
            raise Problem(f"there is no concept `{arguments.label}`", code=NOTHING_FOUND)
        edges = colony.graph.neighbors(arguments.label)[: arguments.k]
        rows = [{"target": edge.target, "weight": edge.weight, "co_activations": edge.co_activations} for edge in edges]
        lines = [f"{node.label}: in {node.mentions:,} documents"]
        lines += [f"  {edge.weight:.3f}  {edge.target}  ({edge.co_activations:,} times together)" for edge in edges]
        _say(arguments, {"concept": node.label, "mentions": node.mentions, "neighbors": rows}, lines)
    return FOUND


def _stats(arguments: argparse.Namespace) -> int:
    with _reading(arguments) as colony:
        stats = colony.stats()
        names = ("tick", "documents", "pending", "digested", "terms", "nodes", "edges", "digesters")
        row = {name: getattr(stats, name) for name in names}
        _say(arguments, row, [f"{name:10} {value:,}" for name, value in row.items()])
    return FOUND


# --- changing and keeping ----------------------------------------------------------------------------------------


def _delete(arguments: argparse.Namespace) -> int:
    where = _where(arguments.where)
    if bool(arguments.ids) == (where is not None):
        raise Problem("give ids, or --where and no ids", code=2)
    with _writing(arguments) as colony:
        deleted = int(colony.delete(arguments.ids) if arguments.ids else colony.delete(where=where))
        colony.run()
    _say(arguments, {"deleted": deleted}, [f"{deleted:,} deleted."])
    return FOUND if deleted else NOTHING_FOUND


def _export(arguments: argparse.Namespace) -> int:
    where = _where(arguments.where)
    count = 0
    with _reading(arguments) as colony, contextlib.ExitStack() as stack:
        out = sys.stdout
        if arguments.file != "-":
            try:
                out = stack.enter_context(open(arguments.file, "w", encoding="utf-8"))
            except OSError as error:
                raise Problem(f"`{arguments.file}` cannot be written: {error.strerror}") from None
        for found in colony.documents(where=where):
            print(json.dumps(_document(found), ensure_ascii=False), file=out)
            count += 1
    if arguments.file != "-":
        _say(arguments, {"exported": count}, [f"{count:,} documents written to {arguments.file}."])
    return FOUND if count else NOTHING_FOUND


def _import(arguments: argparse.Namespace) -> int:
    with _writing(arguments, make=True) as colony, contextlib.ExitStack() as stack:
        source: Any = sys.stdin
        if arguments.file != "-":
            try:
                source = stack.enter_context(open(arguments.file, encoding="utf-8"))
            except OSError as error:
                raise Problem(f"`{arguments.file}` cannot be read: {error.strerror}", code=2) from None
        report = colony.import_jsonl(source)
        colony.run()
    _say(
        arguments,
        {"imported": report.accepted, "unchanged": report.unchanged},
        [f"{report.accepted:,} imported, {report.unchanged:,} unchanged."],
    )
    return FOUND


def _verify(arguments: argparse.Namespace) -> int:
    report = verify(arguments.memory)
    row = {"files": report.files, "bytes": report.bytes, "damages": [str(damage) for damage in report.damages]}
    lines = [f"{report.files:,} files, {report.bytes:,} bytes read: {'damaged' if report.damages else 'whole'}."]
    _say(arguments, row, [*lines, *(f"  {damage}" for damage in report.damages)])
    return 3 if report.damages else FOUND


def _compact(arguments: argparse.Namespace) -> int:
    with _writing(arguments) as colony:
        colony.compact()
    _say(arguments, {"compacted": True}, ["Compacted."])
    return FOUND


def _snapshot(arguments: argparse.Namespace) -> int:
    begun = datetime.datetime.now()
    with _reading(arguments) as colony:
        colony.snapshot(arguments.to)
    seconds = (datetime.datetime.now() - begun).total_seconds()
    _say(arguments, {"snapshot": arguments.to, "seconds": seconds}, [f"Copied to {arguments.to}."])
    return FOUND
