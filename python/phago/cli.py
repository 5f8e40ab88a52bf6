"""The command line."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from . import __version__
from .colony import Colony
from .config import DistributedConfig
from .demo import PYTHON_QUESTIONS, demonstrate, python_documents, questions_from, questions_from_terminal
from .document import BYTES_MAX, Document, scan_folder
from .errors import ConfigError, PhagoError

__all__ = ["main"]

# What shells report for a program that ended by these signals: 128 + SIGINT, 128 + SIGPIPE.
_INTERRUPTED = 130
_PIPE_BROKEN = 141


class _Problem(Exception):
    """Something the user can mend; the message says it in one line."""


def _shards(text: str) -> int:
    try:
        return DistributedConfig(num_shards=int(text)).num_shards
    except (ConfigError, ValueError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 1024") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="phago", description="A memory that organises itself: digest documents, ask for passages."
    )
    parser.add_argument("--version", action="version", version=f"phago {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    demo = commands.add_parser(
        "demo",
        help="digest a folder, or the documentation of this Python, and answer questions",
        description="Digests the text files of PATH, or without PATH the documentation of the Python that runs this; "
        "answers questions; then digests everything again on 1 and on 16 shards and compares the digests.",
    )
    source = demo.add_mutually_exclusive_group()
    source.add_argument("path", metavar="PATH", nargs="?", help="a folder with text files")
    source.add_argument("--python-docs", action="store_true", help="the documentation of this Python (the default)")
    demo.add_argument("--shards", type=_shards, metavar="N", help="shards, 1 to 1024 (default: one for each core)")
    demo.add_argument("--ask", action="append", default=[], metavar="QUESTION", help="a question; may be repeated")
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
        raise _Problem(f"there is no folder `{path}`") from None
    except NotADirectoryError:
        raise _Problem(f"`{path}` is a file; give the folder it is in") from None
    except PermissionError:
        raise _Problem(f"the folder `{path}` may not be read by this user") from None
    skipped = ", ".join(f"{count:,} {reason}" for reason, count in sorted(left_out.items()))
    if not documents:
        reasons = f" (left out: {skipped})" if skipped else ""
        raise _Problem(f"there are no text files in `{path}`{reasons}")
    if skipped:
        print(f"Left out: {skipped}.")
    # A document is its text and its title; a text that fills the bound alone leaves no room for one.
    return [found for found in documents if len(found.text.encode()) + len(found.title.encode()) <= BYTES_MAX]


def _demo(arguments: argparse.Namespace) -> int:
    asked: list[str] = arguments.ask
    questions: Callable[[Colony], Iterable[str]]
    if arguments.path is None:
        print("Reading the documentation of this Python ...", flush=True)
        try:
            documents = python_documents()
        except RuntimeError as error:
            raise _Problem(str(error)) from None
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
    print(f"phago {__version__}: {name}, {len(documents):,} documents, {size / 1e6:.1f} MB.")
    equal = demonstrate(
        documents, shards=arguments.shards, questions=questions, say=lambda line: print(line, flush=True)
    )
    return 0 if equal else 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 well, 1 not, 2 wrong usage, 130 interrupted.

    Args:
        argv: The arguments; those of the process by default.
    """
    # A terminal that cannot show a character shows a question mark, and the run goes on.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        arguments = _parser().parse_args(argv)
        code = _demo(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("phago: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader has gone. What is still buffered goes nowhere, or the interpreter would complain when it ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        return _PIPE_BROKEN
    except (_Problem, PhagoError) as error:
        print(f"phago: {error}", file=sys.stderr)
        return 1
