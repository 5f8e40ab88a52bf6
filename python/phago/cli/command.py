"""What `phago` is asked to do, and what it exits with."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from .. import __version__
from .._json import json_text
from ..colony import Colony
from ..document import BYTES_MAX, Document, scan_folder
from ..errors import PhagoError
from ..evaluation.beir import Collection, read_collection
from ..evaluation.evaluation import (
    ASKED,
    DEPTH,
    averages,
    averages_json,
    evaluate,
    heading,
    run_lines,
    table,
    unfit_for_a_run,
)
from ..evaluation.replay import DRAWS, replay, replay_table
from ..evaluation.spelling import spelling, spelling_table
from .agents import add_mcp
from .completing import add_completions
from .demo import PYTHON_QUESTIONS, demonstrate, python_documents, questions_from, questions_from_terminal
from .doctor import add_doctor
from .evolving import add_evolve
from .exits import USAGE, Problem
from .memory import add_commands
from .models import vectors
from .parsing import Parser, count, shards
from .plain import show, warn
from .planning import add_plan
from .serving import add_serve

__all__ = ["run"]

# What shells report for a program that ended by SIGPIPE: 128 + 13.
_PIPE_BROKEN = 141


def _depth(text: str) -> int:
    # With fewer documents than the measures look at, they would measure the depth.
    return count(text, ASKED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="phago", description="A memory that organises itself: digest documents, ask for passages."
    )
    parser.add_argument("--version", action="version", version=f"phago {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    demo = commands.add_parser(
        "demo",
        help="digest a folder, or the documentation of this Python, and answer questions",
        description="Digests the text files of PATH, or without PATH the documentation of the Python that runs this; "
        "answers questions; digests everything again on 1 and on 16 shards and compares the digests; tells what "
        "the colony found out by itself, and draws it where matplotlib is there.",
    )
    source = demo.add_mutually_exclusive_group()
    source.add_argument("path", metavar="PATH", nargs="?", help="a folder with text files")
    source.add_argument("--python-docs", action="store_true", help="the documentation of this Python (the default)")
    demo.add_argument("--shards", type=shards, metavar="N", help="shards, 1 to 1024 (default: one for each core)")
    demo.add_argument("--ask", action="append", default=[], metavar="QUESTION", help="a question; may be repeated")
    demo.add_argument("--pictures", metavar="DIR", help="where to draw it (default: a new temporary folder)")
    demo.set_defaults(run=_demo)
    judge = commands.add_parser(
        "eval",
        help="measure answers on a judged collection, beside BM25",
        description="Digests the collection in DIR, asks every judged question, and prints how good the answers are: "
        "phago's, those of BM25 with the same words and stems, and those of phago without one of its steps. DIR holds "
        "corpus.jsonl, queries.jsonl (either may end in .gz) and qrels.tsv or qrels/test.tsv, as the collections of "
        "BEIR do.",
        epilog="The measures are trec_eval's; questions that find nothing count as 0. p is that of Student's paired t "
        f"test, two-sided. Queries/s: one thread that takes the best {ASKED}. By default the ranking reads no edge of "
        "the graph; one row does.",
    )
    judge.add_argument(
        "paths",
        metavar="DIR",
        nargs="+",
        help="the folder of the collection; of several, the means over all are printed too",
    )
    judge.add_argument(
        "--vectors",
        type=vectors,
        metavar="FILE|MODULE:FUNCTION",
        help="a model of your own, for one more row: a callable that is given a list of texts and returns as many "
        "vectors, or a file with lines of JSON that have `text` (a document's title, if it has one, a line feed, and "
        "its text; a question) and `vector`",
    )
    judge.add_argument("--shards", type=shards, metavar="N", help="shards, 1 to 1024 (default: one for each core)")
    judge.add_argument(
        "--depth",
        type=_depth,
        default=DEPTH,
        metavar="K",
        help=f"documents of a ranking that are looked at, {ASKED} or more (default: {DEPTH})",
    )
    instead = judge.add_mutually_exclusive_group()
    instead.add_argument(
        "--replay",
        action="store_true",
        help=f"instead, ask half of the questions {DRAWS:,} times, let the colony learn from the answers that help, "
        "and measure both halves before and after",
    )
    instead.add_argument(
        "--typos",
        action="store_true",
        help="instead, ask each question with one typing error in its rarest known word, beside the question as it is",
    )
    instead.add_argument(
        "--run-file",
        metavar="F",
        help=f"write the first row's ranking as a TREC run, {DEPTH} documents of a question at most",
    )
    judge.add_argument("--json", action="store_true", help="print JSON instead of a table")
    judge.set_defaults(run=_eval, answers=True)
    add_commands(commands)
    add_evolve(commands)
    add_plan(commands)
    add_serve(commands)
    add_mcp(commands)
    add_doctor(commands)
    add_completions(commands, parser)
    return parser


def _folder(path: str) -> list[Document]:
    documents: list[Document] = []
    left_out: Counter[str] = Counter()
    try:
        for found in scan_folder(path):
            if isinstance(found, Document):
                documents.append(found)
            elif isinstance(found, OSError):
                left_out["not readable"] += 1
            else:
                left_out[found.reason] += 1
    except FileNotFoundError:
        raise Problem(f"there is no folder `{path}`") from None
    except NotADirectoryError:
        raise Problem(f"`{path}` is a file; give the folder it is in") from None
    except PermissionError:
        raise Problem(f"the folder `{path}` may not be read by this user") from None
    skipped = ", ".join(f"{count:,} {reason}" for reason, count in sorted(left_out.items()))
    if not documents:
        reasons = f" (left out: {skipped})" if skipped else ""
        raise Problem(f"there are no text files in `{path}`{reasons}")
    if skipped:
        show(f"Left out: {skipped}.")
    # A document is its text and its title; a text that fills the bound alone leaves no room for one.
    return [found for found in documents if len(found.text.encode()) + len(found.title.encode()) <= BYTES_MAX]


def _demo(arguments: argparse.Namespace) -> int:
    asked: list[str] = arguments.ask
    questions: Callable[[Colony], Iterable[str]]
    if arguments.path is None:
        show("Reading the documentation of this Python ...")
        try:
            documents = python_documents()
        except RuntimeError as error:
            raise Problem(str(error)) from None
        name = f"the documentation of Python {platform.python_version()}"

        def questions(colony: Colony) -> Iterable[str]:
            return asked or PYTHON_QUESTIONS
    else:
        documents = _folder(arguments.path)
        name = arguments.path

        def questions(colony: Colony) -> Iterable[str]:
            if asked:
                return asked
            return questions_from_terminal() if sys.stdin is not None and sys.stdin.isatty() else questions_from(colony)

    size = sum(len(document.text.encode()) for document in documents)
    show(f"phago {__version__}: {name}, {len(documents):,} documents, {size / 1e6:.1f} MB.")
    equal = demonstrate(
        documents,
        shards=arguments.shards,
        questions=questions,
        folder=arguments.pictures,
        say=show,
    )
    return 0 if equal else 1


def _eval(arguments: argparse.Namespace) -> int:
    run_file: str | None = arguments.run_file
    if len(arguments.paths) > 1:
        if arguments.replay or run_file is not None:
            raise Problem("`--replay` and `--run-file` take one DIR", code=USAGE)
        return _eval_all(arguments)
    collection = read_collection(arguments.paths[0])
    if run_file is not None:
        _check_run(run_file, collection)
    if not arguments.json:
        show(heading(collection))
    if arguments.replay:
        replayed = replay(collection, shards=arguments.shards, depth=arguments.depth)
        return _show(arguments, replayed.as_json, lambda: replay_table(replayed))
    if arguments.typos:
        misspelt = spelling(collection, shards=arguments.shards, depth=arguments.depth)
        return _show(arguments, misspelt.as_json, lambda: spelling_table(misspelt))
    report = evaluate(collection, shards=arguments.shards, depth=arguments.depth, vectors=arguments.vectors)
    if run_file is not None:
        try:
            with open(run_file, "w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in run_lines(report.results[0]))
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Problem(f"`{run_file}` cannot be written: {error.strerror}") from None
    return _show(arguments, report.as_json, lambda: table(report))


def _eval_all(arguments: argparse.Namespace) -> int:
    # A folder that cannot be read speaks before the work and not after that of others.
    reports = []
    for collection in list(map(read_collection, arguments.paths)):
        if not arguments.json:
            show(heading(collection))
        reports.append(evaluate(collection, shards=arguments.shards, depth=arguments.depth, vectors=arguments.vectors))
        if not arguments.json:
            for line in [*table(reports[-1]), ""]:
                show(line)
    return _show(arguments, lambda: averages_json(reports), lambda: averages(reports))


def _show(
    arguments: argparse.Namespace, as_json: Callable[[], dict[str, Any]], lines: Callable[[], Iterable[str]]
) -> int:
    if arguments.json:
        print(json_text(as_json(), indent=2))
    else:
        for line in lines():
            show(line)
    return 0


def _check_run(run_file: str, collection: Collection) -> None:
    """What would spoil the run file speaks before the work and not after it."""
    path = Path(run_file)
    if path.is_dir() or not path.parent.is_dir():
        raise Problem(f"`{run_file}` cannot be written: it is a folder, or lies in none")
    unfit = unfit_for_a_run(collection.questions) or unfit_for_a_run(
        document.id or "" for document in collection.documents
    )
    if unfit is not None:
        raise Problem(f"a TREC run cannot hold the id `{unfit}`, as white space ends its columns; leave --run-file out")


def run(argv: Sequence[str] | None = None) -> int:
    """Do what is asked; returns the exit code, also of what the user can mend."""
    # A terminal that cannot show a character shows a question mark, and the run goes on.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        parser = _parser()
        if not (sys.argv[1:] if argv is None else argv):
            parser.print_help(sys.stderr)
            return USAGE
        arguments = parser.parse_args(argv)
        _check_output(arguments)
        code: int = arguments.run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader has gone.
        _drop_output()
        return _PIPE_BROKEN
    except Problem as error:
        warn(str(error))
        if error.block and sys.stderr is not None:
            show(error.block, to=sys.stderr, is_block=True)
        return error.code
    except PhagoError as error:
        warn(str(error))
        return USAGE
    except OSError as error:
        # Of an output on a full disk, for example.
        _drop_output()
        warn(f"the system refused: {error}")
        return USAGE


def _check_output(arguments: argparse.Namespace) -> None:
    """What only answers has nothing to do without an output; what changes something does that all the same."""
    is_in_a_file = any(getattr(arguments, name, None) is not None for name in ("picture", "run_file"))
    if sys.stdout is None and getattr(arguments, "answers", False) and not is_in_a_file:
        raise Problem("there is no output to answer on")


def _drop_output() -> None:
    # What is still buffered goes nowhere, or the interpreter would complain when it ends.
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
