"""Kinds of files that are read in a process of their own, which ends when a file asks for too much.

A file may be made to keep its reader busy for ever, or to fill the memory, and no thread can be stopped from outside.
The process is an interpreter that reads a line of JSON for each file and answers with one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

from ..document import BYTES_MAX
from .content import Content, Section, Unread

__all__ = ["APART", "Apart"]

APART = (".docx", ".eml", ".pdf")
"""The suffixes of these kinds."""

SECONDS_MAX = 120.0
"""How long one file may take."""
LATE_MAX = 5
"""How many files of a run may take longer; those after them are told of and not tried, or a folder takes days."""
MEMORY_MAX = 2 << 30
"""How much memory the process may have, where the system limits it (not on Windows)."""
FILE_MAX = 256 << 20
"""The largest file, in bytes."""


class Apart:
    """The process, which is begun for the first file."""

    def __init__(self, seconds_max: float = SECONDS_MAX) -> None:
        self._seconds_max = seconds_max
        self._process: subprocess.Popen[str] | None = None
        self._late = 0

    def __enter__(self) -> Apart:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, path: Path, suffix: str) -> Content:
        """What a file says.

        Raises:
            Unread: It gave no text.
            OSError: It cannot be opened.
        """
        # Its errors are those of the system, with their names.
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > FILE_MAX:
                raise Unread(f"over {FILE_MAX >> 20} MiB")
        if self._late >= LATE_MAX:
            raise Unread(f"not tried: {LATE_MAX} files before took longer than {self._seconds_max:.0f} seconds each")
        process = self._begun()
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds_max, kill)
        timer.daemon = True
        timer.start()
        try:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps([os.fspath(path.absolute()), suffix]) + "\n")
                process.stdin.flush()
            line = process.stdout.readline()
        except BaseException:
            # Its answer would be taken for that of the next file.
            self._end()
            raise
        finally:
            timer.cancel()
        if not line.endswith("\n"):
            self._end()
            if late.is_set():
                self._late += 1
                raise Unread(f"it takes longer than {self._seconds_max:.0f} seconds to read")
            raise Unread("reading it ended the process that did")
        if late.is_set():
            # Its answer was just in time; the next file gets a new process.
            self._end()
        return _content(json.loads(line))

    def _begun(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                # As phago was found here, it is found there.
                [
                    sys.executable,
                    "-c",
                    f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve; serve()",
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="ascii",
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            # What it did not read any more is written to nobody.
            with contextlib.suppress(BrokenPipeError), process:
                pass
            process.wait()


def _content(row: dict[str, Any]) -> Content:
    if "reason" in row:
        raise Unread(row["reason"], is_unread=row["is_unread"])
    time = row["time"]
    return Content(
        row["title"],
        row["text"],
        tuple(Section(*section) for section in row["sections"]),
        None if time is None else datetime.datetime.fromisoformat(time),
        row["missed"],
    )


# --- in that process ---------------------------------------------------------------------------------------------


def serve() -> None:
    """Answer until there are no more files."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    # What libraries print is no answer.
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        path, suffix = json.loads(line)
        out.write(json.dumps(_row(Path(path), suffix)) + "\n")
        out.flush()


def read_here(path: Path, suffix: str) -> Content:
    """What a file says, read in this process."""
    # Who reads none of these kinds imports nothing for them.
    if suffix == ".pdf":
        from .pdf import read_pdf

        return read_pdf(path)
    if suffix == ".docx":
        from .docx import read_docx

        return read_docx(path)
    from .mail import read_mail

    return read_mail(path)


def _row(path: Path, suffix: str) -> dict[str, Any]:
    try:
        content = read_here(path, suffix)
    except ImportError:
        return _refused(f'of a kind that needs pip install "phago[files]" ({suffix})')
    except OSError as error:
        return _refused(f"not readable: {error.strerror or error}")
    except MemoryError:
        return _refused(f"it takes more than {MEMORY_MAX >> 30} GiB of memory to read")
    except zipfile.BadZipFile:
        return _refused("damaged, or no file of its kind")
    except Unread as error:
        return _refused(str(error), is_unread=error.is_unread)
    # Of a damaged file a library raises errors of any kind.
    except Exception as error:
        return _refused(f"damaged, or no file of its kind ({type(error).__name__})")
    text = _valid(content.text)
    if len(text.encode()) > BYTES_MAX:
        return _refused("its text is over 16 MiB")
    return {
        **dataclasses.asdict(content),
        "title": _valid(content.title),
        "text": text,
        "sections": [[section.start, _valid(section.heading), section.page] for section in content.sections],
        "time": None if content.time is None else content.time.isoformat(),
    }


def _refused(reason: str, *, is_unread: bool = True) -> dict[str, Any]:
    return {"reason": reason, "is_unread": is_unread}


# One sign for one, as sections begin where they did.
def _valid(text: str) -> str:
    return text.replace("\0", " ").encode(errors="replace").decode()
