"""The commands that work on a colony in a directory."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .._bar import Tell, progress
from .._json import json_text
from .._jsonl import documents_in
from ..colony import Colony
from ..document import FIELDS
from ..errors import RpcError
from ..extract import KNOWN, Source, sources
from ..opening import verify
from . import asking
from .directory import Run, check_directory, embedding, is_utf_8, may_share, reading, say, told, writing
from .drawing import PICTURE_ENDS
from .exits import DAMAGED, FOUND, NOTHING_FOUND, Problem
from .exporting import FORMATS, TABLES, Wanted
from .following import Follower, check_watching, ended_quietly
from .models import add_model
from .parsing import Parser, conditions, count, moment, part, prefix, seconds, shards, text
from .plain import show
from .taking import take

if TYPE_CHECKING:
    from ..remote import Client

__all__ = ["add_commands"]


def add_commands(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the commands to the parser."""

    def command(name: str, run: Run, help: str) -> Parser:
        parser = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
        parser.add_argument("memory", metavar="DIR", help="the directory of the colony")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.set_defaults(run=told(run))
        parser.is_mixed = True
        return parser

    def reads(name: str, run: Run, help: str, *, answers: bool = True) -> Parser:
        parser = command(name, run, help)
        parser.set_defaults(answers=answers)
        parser.add_argument(
            "--backend",
            choices=("threads", "processes", "ray"),
            default="threads",
            help="where the shards live; no result depends on it. Only over `threads`, the default, DIR can be read "
            "while another process writes to it",
        )
        parser.add_argument(
            "--nodes", type=shards, metavar="N", help="over how many nodes they are spread (default: one for each core)"
        )
        return parser

    def writes(name: str, run: Run, help: str) -> Parser:
        parser = reads(name, run, help, answers=False)
        parser.add_argument(
            "--wait",
            type=seconds,
            default=0.0,
            metavar="SECONDS",
            help="how long to wait for another process that writes to DIR (default: 0)",
        )
        return parser

    def digests(name: str, run: Run, help: str) -> Parser:
        parser = writes(name, run, help)
        parser.add_argument(
            "--now",
            type=moment,
            metavar="DATETIME",
            help="the time, in ISO 8601 with its offset, or `now`: documents that expire by then leave "
            "(default: the latest time that DIR was told)",
        )
        return parser

    *rest, last = (f"`{name}`" for name in FIELDS if name != "text")
    ingest = digests("ingest", _ingest, "take documents in and digest them; makes DIR where there is none")
    sync = digests("sync", _sync, "make DIR hold what the paths hold now: as ingest, and what is gone is deleted")
    for parser in (ingest, sync):
        add_model(parser)
        parser.add_argument(
            "paths",
            metavar="PATH",
            nargs="+",
            help="a folder or a file: text, Markdown, reStructuredText, HTML, PDF, Word, notebooks, messages, source "
            f"files, or lines of JSON with `text`, perhaps {', '.join(rest)} and {last} ({KNOWN}; what has no "
            "suffix is text)",
        )
        parser.add_argument(
            "--parts",
            type=part,
            metavar="CHARACTERS",
            help="cut longer texts into parts of about so many, which stand in a thread and are one another's context "
            "(default: one document for each file)",
        )
        parser.add_argument(
            "--sections",
            action="store_true",
            help="make each section of a file, below a heading, and each page of a PDF a part; with --parts, longer "
            "ones are cut",
        )
        parser.add_argument(
            "--prefix",
            type=prefix,
            metavar="TEXT",
            help="what ids begin with, before a slash and the name of the folder or file: two folders of one name need "
            "two prefixes. An id that a line of JSON states stays as it is",
        )
        parser.add_argument("--shards", type=shards, metavar="N", help="shards, 1 to 1024 (default: one for each core)")
    sync.add_argument(
        "--watch",
        action="store_true",
        help="go on: take in what changes in the paths as it changes, until Ctrl-C, and let other programs of this "
        "machine share DIR (phago.connect); waits 30 s for one that has DIR alone, or as --wait says; "
        'needs pip install "phago[watch]"',
    )
    sync.add_argument(
        "--rescan",
        type=seconds,
        default=600.0,
        metavar="SECONDS",
        help="with --watch, how often all files are looked at even if nothing told of a change (default: 600)",
    )
    query = reads("query", asking.query, "the best documents for a question; exits with 1 where there is none")
    query.add_argument("question", type=text, metavar="QUESTION")
    query.add_argument("-k", type=count, default=10, metavar="K", help="hits, at most (default: 10)")
    query.add_argument("--explain", action="store_true", help="show what each score is made of and the path to the hit")
    query.add_argument("--lexical", action="store_true", help="rank by BM25 alone")
    operators = query.add_mutually_exclusive_group()
    operators.add_argument(
        "--operators",
        action="store_true",
        help='read "phrases", +required, -excluded, title:word, text:word and begin* also in a sentence',
    )
    operators.add_argument("--text", action="store_true", help="read no operators: signs of the question mean nothing")
    query.add_argument("--required", action="append", default=[], type=text, metavar="W", help="what a hit must have")
    query.add_argument("--excluded", action="append", default=[], type=text, metavar="W", help="what it must not have")
    query.add_argument("--as-of", type=moment, metavar="DATETIME", help="without documents whose time is later")
    query.add_argument("--since", type=moment, metavar="DATETIME", help="only documents of this time or later")
    query.add_argument("--until", type=moment, metavar="DATETIME", help="only documents of this time or earlier")
    query.add_argument(
        "--newer", type=float, metavar="POINTS", help="what being new is worth, such as 0.3 (default: 0)"
    )
    query.add_argument("--half-life", metavar="TIME", help="in which time that halves, such as 12h, 180d or 2y")
    query.add_argument(
        "--diverse",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="how much it counts that hits are unlike each other, 0 to 1 (default: 0)",
    )
    _filter(query)
    add_model(query)
    similar = reads("similar", asking.similar, "the documents most like another one; exits with 1 where there is none")
    similar.add_argument("id", type=text, metavar="ID")
    similar.add_argument("-k", type=count, default=10, metavar="K", help="hits, at most (default: 10)")
    _filter(similar)
    suggest = reads(
        "suggest", asking.suggest, "words that begin so, most documents first; exits with 1 where there is none"
    )
    suggest.add_argument("begun", type=text, metavar="TEXT")
    suggest.add_argument("-k", type=count, default=10, metavar="K", help="words, at most (default: 10)")
    get = reads("get", asking.get, "a document by its id; exits with 1 where there is none")
    get.add_argument("id", type=text, metavar="ID")
    delete = digests("delete", _delete, "delete documents; exits with 1 where there was none")
    delete.add_argument("ids", type=text, metavar="ID", nargs="*")
    _filter(delete)
    out = reads(
        "export",
        _export,
        "documents as lines of JSON, tables as Parquet or Arrow, the graph as GraphML or HTML",
        answers=False,
    )
    out.add_argument("file", metavar="FILE", nargs="?", default="-", help="where to write (default: the output)")
    out.add_argument(
        "--format",
        choices=tuple(FORMATS),
        help="what to write (default: what FILE ends in, or jsonl); parquet and arrow need phago[arrow]",
    )
    out.add_argument("--table", choices=TABLES, help="of parquet and arrow, which table (default: documents)")
    out.add_argument("--around", type=text, metavar="CONCEPT", help="of html, what is around a concept")
    _filter(out)
    taken = digests("import", _import, "take in what export wrote; makes DIR where there is none")
    taken.add_argument("file", metavar="FILE", nargs="?", default="-", help="what to read (default: the input)")
    add_model(taken)
    reads("stats", asking.stats, "the colony in numbers")
    command("verify", _verify, "read every byte of DIR again; exits with 3 where something is damaged, and names it")
    digests("compact", _compact, "give back the room of what was deleted; no byte of it stays")
    snapshot = writes("snapshot", _snapshot, "copy the colony, as it is now, into another directory")
    snapshot.add_argument("to", metavar="TO", help="a directory that holds no colony")
    graph = reads("graph", asking.graph, "what a concept is wired to; exits with 1 where there is none of this name")
    graph.add_argument("label", type=text, metavar="CONCEPT")
    graph.add_argument("-k", type=count, default=20, metavar="K", help="neighbours, at most (default: 20)")
    reads(
        "insights",
        asking.insights,
        "clusters of concepts, and what joins two of them; exits with 1 where there is none",
    )
    odd = reads(
        "anomalies", asking.anomalies, "what departed from normal as documents came; exits with 1 where nothing did"
    )
    odd.add_argument("--drifting", action="store_true", help="for a stream whose frequencies drift: higher thresholds")
    fading = reads("fading", asking.fading, "the synapses that will be gone soonest; exits with 1 where none will")
    fading.add_argument("-k", type=count, default=20, metavar="K", help="synapses, at most (default: 20)")
    pin = writes("pin", asking.pin, "keep concepts from fading; without one, print those that are kept")
    pin.add_argument("concepts", type=text, nargs="*", metavar="CONCEPT")
    unpin = writes("unpin", asking.unpin, "let concepts fade again")
    unpin.add_argument("concepts", type=text, nargs="+", metavar="CONCEPT")
    whole = reads("map", asking.whole, "the clusters, and how they hang together; exits with 1 where there is none")
    whole.add_argument("--picture", metavar="FILE", help=f"also draw it, as {PICTURE_ENDS}; needs phago[plot]")


def _filter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--where",
        type=text,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="only documents with this metadata; also !=, <, <=, >, >=, or a filter in JSON; may be repeated",
    )


# --- taking in ---------------------------------------------------------------------------------------------------


def _named(arguments: argparse.Namespace) -> list[Source]:
    try:
        return sources(arguments.paths, arguments.prefix or "")
    except FileNotFoundError as error:
        raise Problem(f"there is no file or folder `{error}`") from None
    except ValueError as error:
        raise Problem(str(error)) from None


def _ingest(arguments: argparse.Namespace) -> int:
    return _take(arguments, delete=False)


def _sync(arguments: argparse.Namespace) -> int:
    return _follow(arguments) if arguments.watch else _take(arguments, delete=True)


def _follow(arguments: argparse.Namespace) -> int:
    check_watching()
    given = _named(arguments)
    check_directory(arguments.memory, new=True)

    def report(row: dict[str, Any], line: str) -> None:
        if arguments.json:
            print(json_text(row, ensure_ascii=not is_utf_8()), flush=True)
        else:
            show(line)

    with ended_quietly(), _shared(arguments) as colony:
        follower = Follower(
            colony,
            given,
            skip=arguments.memory,
            part=arguments.parts,
            sections=arguments.sections,
            digest=lambda: _digest(colony, lambda what, done, total: None, arguments.now),
            say=report,
        )
        try:
            with progress(quiet=arguments.json) as tell:
                taken = follower.begin(tell)
            if arguments.json:
                print(json_text(taken.row()), flush=True)
            for line in () if arguments.json else taken.lines():
                show(line)
            names = [source.name for source in given]
            report({"change": "watching", "paths": names}, f"Watching {', '.join(names)}; Ctrl-C ends it.")
            follower.follow(arguments.rescan)
        finally:
            counts = {name: follower.taken.counts[name] for name in ("new", "changed", "deleted")}
            told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
            report({"change": "ended", **counts}, f"In all: {told}.")
    return FOUND


# Others may ask the colony meanwhile, but for one on nodes, which one process has alone.
def _shared(arguments: argparse.Namespace) -> Colony | Client:
    if may_share(arguments):
        from ..remote import connect

        try:
            # Another program that shares it may own it, and one that does not is waited for as long as asked.
            timeout = max(0.5, arguments.wait or 30.0)
            return connect(arguments.memory, shards=arguments.shards, timeout=timeout, **embedding(arguments))
        except RpcError as error:
            raise Problem(str(error)) from error
    return writing(arguments, make=True)


def _take(arguments: argparse.Namespace, *, delete: bool) -> int:
    given = _named(arguments)
    with writing(arguments, make=True) as colony, progress(quiet=arguments.json) as tell:
        taken = take(colony, given, delete=delete, tell=tell, part=arguments.parts, sections=arguments.sections)
        _digest(colony, tell, arguments.now)
    say(arguments, taken.row(), taken.lines())
    return FOUND if taken.counts.total() else NOTHING_FOUND


def _digest(colony: Colony | Client, tell: Tell, now: datetime.datetime | None) -> None:
    waiting = colony.stats().pending
    for _ in colony.ticks(now=now):
        tell("digesting documents", waiting - colony.stats().pending, waiting)


# --- changing and keeping ----------------------------------------------------------------------------------------


def _delete(arguments: argparse.Namespace) -> int:
    where = conditions(arguments.where)
    if bool(arguments.ids) == (where is not None):
        raise Problem("give ids, or --where and no ids")
    with writing(arguments) as colony:
        deleted = colony.delete(arguments.ids) if where is None else colony.delete(where=where)
        colony.run(now=arguments.now)
    say(arguments, {"deleted": deleted}, [f"{deleted:,} deleted."])
    return FOUND if deleted else NOTHING_FOUND


def _export(arguments: argparse.Namespace) -> int:
    where = conditions(arguments.where)
    wanted = Wanted(arguments.file, arguments.format, arguments.table, where, arguments.around)
    with reading(arguments) as colony:
        count, told = wanted.write(colony)
    if arguments.file != "-":
        say(arguments, {"exported": count}, [told])
    return FOUND if count else NOTHING_FOUND


def _import(arguments: argparse.Namespace) -> int:
    if arguments.file == "-" and sys.stdin is None:
        raise Problem("there is no input; give a FILE")
    with contextlib.ExitStack() as stack:
        try:
            # Bytes, as an input of another encoding would be misread.
            data = sys.stdin.buffer if arguments.file == "-" else stack.enter_context(open(arguments.file, "rb"))
        except OSError as error:
            raise Problem(f"`{arguments.file}` cannot be read: {error.strerror}") from None
        colony = writing(arguments, make=True)
        stack.callback(colony.close)
        tell = stack.enter_context(progress(quiet=arguments.json))
        where = "the input" if arguments.file == "-" else f"`{arguments.file}`"
        report = colony.ingest(_told_of(documents_in(data, where), tell))
        _digest(colony, tell, arguments.now)
    row = {"imported": report.accepted, "unchanged": report.unchanged}
    say(arguments, row, [f"{report.accepted:,} imported, {report.unchanged:,} unchanged."])
    return FOUND


def _told_of(documents: Iterable[dict[str, Any]], tell: Tell) -> Iterator[dict[str, Any]]:
    for done, document in enumerate(documents):
        tell("reading documents", done, None)
        yield document


def _verify(arguments: argparse.Namespace) -> int:
    check_directory(arguments.memory)
    report = verify(arguments.memory)
    damage = [{"path": one.path, "where": one.where, "reason": one.reason} for one in report.damage]
    row = {"bytes": report.bytes, "torn_bytes": report.torn_bytes, "damage": damage}
    lines = [
        f"{report.bytes:,} bytes read; {'nothing' if report.is_whole else 'something'} is damaged.",
        *map(str, report.damage),
    ]
    say(arguments, row, lines)
    return FOUND if report.is_whole else DAMAGED


def _compact(arguments: argparse.Namespace) -> int:
    with writing(arguments) as colony:
        # What was deleted is unwired first.
        colony.run(now=arguments.now)
        colony.compact()
    say(arguments, {"compacted": True}, ["Compacted."])
    return FOUND


def _snapshot(arguments: argparse.Namespace) -> int:
    check_directory(arguments.to, new=True)
    with writing(arguments) as colony:
        colony.snapshot(arguments.to)
    say(arguments, {"snapshot": arguments.to}, [f"Copied to {arguments.to}."])
    return FOUND
