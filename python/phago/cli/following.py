"""Following folders: what changes in them is taken in as it changes."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from .._bar import Tell
from ..colony import Colony
from ..extract import Apart, File, LeftOut, Source, files_of, is_of_lines, read_files
from .exits import Problem
from .taking import Taken, drop, take, take_file

if TYPE_CHECKING:
    from ..remote import Client

__all__ = ["Follower", "check_watching", "ended_quietly"]

# Events of one change come together: what is written is looked at when nothing came for so long, in milliseconds.
_QUIET_MS = 200
# And at the latest after so long.
_QUIET_MS_MAX = 2000
# How often to look whether the folders themselves are still there, and at single files, which have no events.
_LOOK_MS = 1000

Say = Callable[[dict[str, Any], str], None]
"""Takes what happened, as what JSON can hold and as a line to read."""

Stamp = tuple[int, int, int, int]
Identity = tuple[str, bool, int, int]
"""Where a path leads, whether that is a folder, and which one."""
_SIGNS = {"new": "+", "changed": "~", "deleted": "-"}


def check_watching() -> None:
    """Tell what is missing before the work, and not after it."""
    try:
        import watchfiles  # noqa: F401
    except ImportError:
        raise Problem('`--watch` needs watchfiles: pip install "phago[watch]"') from None


@contextlib.contextmanager
def ended_quietly() -> Iterator[None]:
    """Ctrl-C, and what asks a service to end, end what is inside and are no error."""

    def ended(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, ended)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Follower:
    """What was taken of some folders and files, and what has changed since.

    Events only say when to look: what has changed is told by comparing the files' stamps (times, size, identity) with
    those of the last look. So a file that is replaced, a folder that is moved and an event that is lost are nothing
    special. A file that an event names is read even if its stamp is the same.

    Args:
        colony: Where documents go.
        given: The folders and files.
        skip: A folder that is passed over: that of the colony.
        part: As for `read_sources`.
        sections: As for `read_sources`.
        digest: Called when documents were taken in.
        say: Called with each change.
    """

    def __init__(
        self,
        colony: Colony | Client,
        given: Sequence[Source],
        *,
        skip: str,
        part: int | None,
        sections: bool,
        digest: Callable[[], None],
        say: Say,
    ) -> None:
        self._colony = colony
        self._given = given
        self._skip = os.path.realpath(skip)
        self._part = part
        self._sections = sections
        self._digest = digest
        self._say = say
        self._stamps: dict[str, dict[str, Stamp]] = {source.label: {} for source in given}
        # The folder of which these are, as another one may take its name.
        self._folders: dict[str, Identity | None] = {}
        self._were_folders = {source.label: source.path.is_dir() for source in given}
        self._away: set[str] = set()
        self.taken = Taken()
        """What was done in all."""

    def begin(self, tell: Tell) -> Taken:
        """Take in all there is, and delete what is gone."""
        # Before anything is read: what changes while it is read differs from this.
        for source in self._given:
            self._folders[source.label] = _identities([source])[0]
            self._stamps[source.label] = _stamps(files_of(source, self._skip), {})
        taken = take(
            self._colony, self._given, delete=True, tell=tell, skip=self._skip, part=self._part, sections=self._sections
        )
        self._digest()
        self.taken.add(taken)
        return taken

    def follow(self, rescan: float) -> None:
        """Take in what changes, until it is interrupted.

        Args:
            rescan: Seconds after which all files are looked at without an event: some file systems send none.
        """
        while True:
            # All that follows goes by this one look: what comes or goes from here on is seen as a difference to it.
            identities = _identities(self._given)
            there = self._present(identities)
            roots = [Path(identity[0]) for identity in identities if identity is not None and identity[1]]
            # What happened before the events began.
            due = 0.0
            for events in _events(roots, self._is_of_interest):
                if _identities(self._given) != identities:
                    # Events end with the folder that they are of, and another one may take its name.
                    break
                scan = time.monotonic() >= due
                if scan:
                    due = time.monotonic() + rescan
                named = {os.path.realpath(path) for path in events}
                for source in there:
                    if scan or named or not source.path.is_dir():
                        self._look(source, named)

    def _present(self, identities: Sequence[Identity | None]) -> list[Source]:
        there = []
        for source, identity in zip(self._given, identities, strict=True):
            why = self._why_away(source, identity)
            if why is None:
                there.append(source)
            else:
                self._tell_away(source, why)
        return there

    # By what it leads to its documents are known, and by the kind of it they have their ids.
    def _why_away(self, source: Source, identity: Identity | None) -> str | None:
        if identity is None:
            return "it is not there"
        real, is_folder, *_ = identity
        if real != source.label:
            return f"it leads to {real} now, and not to {source.label}"
        if is_folder != self._were_folders[source.label]:
            return f"a {'file' if self._were_folders[source.label] else 'folder'} stands in its place"
        return None

    def _tell_away(self, source: Source, why: str) -> None:
        # A disk that was taken out deletes nothing.
        if source.label not in self._away:
            self._away.add(source.label)
            self._say(
                {"change": "away", "path": source.name},
                f"! {source.name}: {why}; what it held is kept, and it is waited for",
            )

    def _is_of_interest(self, path: str) -> bool:
        real = os.path.realpath(path)
        if real == self._skip or real.startswith(self._skip + os.sep):
            return False
        for source in self._given:
            if Path(real).is_relative_to(source.label):
                return not any(part.startswith(".") for part in Path(real).relative_to(source.label).parts)
        return True

    def _look(self, source: Source, named: set[str]) -> None:
        folder = _identities([source])[0]
        found = list(files_of(source, self._skip))
        after = _identities([source])[0]
        why = self._why_away(source, after)
        if why is not None:
            if after is not None:
                self._tell_away(source, why)
            return
        before = self._stamps[source.label]
        if folder != self._folders.get(source.label) and before and not found:
            # The place of a disk that was taken out is an empty folder, and another one.
            self._tell_away(source, "another folder stands in its place, and is empty")
            return
        self._away.discard(source.label)
        self._folders[source.label] = folder
        now = _stamps(found, before)
        self._stamps[source.label] = now
        files = {one.name: one for one in found if isinstance(one, File)}
        touched = {name for name, file in files.items() if os.path.realpath(file.path) in named} if named else set()
        changed = sorted({name for name in before.keys() | now.keys() if before.get(name) != now.get(name)} | touched)
        if not changed:
            return
        done = Taken()
        if any(map(is_of_lines, changed)):
            # Documents of lines may have any ids, so that only all files together tell which are gone.
            taken = take(
                self._colony,
                [source],
                delete=True,
                tell=lambda what, count, total: None,
                skip=self._skip,
                part=self._part,
                sections=self._sections,
            )
            self._tell(source.name, taken)
            done.add(taken)
        else:
            there = [(source, files[name]) for name in changed if name in files]
            for name, taken in self._each(source, there):
                self._tell(name, taken)
                done.add(taken)
            for name in changed:
                if name not in now:
                    taken = drop(self._colony, source, name)
                    self._tell(name, taken)
                    done.add(taken)
        if done.counts.total() > done.counts["unchanged"]:
            self._digest()

    def _each(self, source: Source, files: Sequence[tuple[Source, File]]) -> Iterator[tuple[str, Taken]]:
        with Apart() as apart:
            for at in files:
                found = [one for _, one in read_files([at], part=self._part, sections=self._sections, apart=apart)]
                yield at[1].name, take_file(self._colony, source, at[1].name, found)

    def _tell(self, name: str, taken: Taken) -> None:
        # As soon as it is done: an interruption may come before the next one.
        self.taken.add(taken)
        counts = {kind: count for kind, count in taken.counts.items() if count and kind in _SIGNS}
        # A file of which another number of parts came has changed, and parts of it are new or gone.
        kind = next(iter(counts)) if len(counts) == 1 else "changed"
        if counts:
            count = sum(counts.values())
            parts = f" ({count} documents)" if count > 1 else ""
            self._say({"change": kind, "path": name, "documents": count}, f"{_SIGNS[kind]} {name}{parts}")
        for one in taken.left_out:
            # What was gone when it was read is told of as deleted.
            if not one.reason.startswith("not readable: No such file"):
                self._say({"change": "left out", "path": one.path, "reason": one.reason}, f"! {one.path}: {one.reason}")


def _events(roots: Sequence[Path], is_of_interest: Callable[[str], bool]) -> Iterator[set[str]]:
    """The paths of what changed, again and again; nothing, after a while in which nothing did."""
    if not roots:
        while True:
            time.sleep(_LOOK_MS / 1000)
            yield set()
    import watchfiles

    for changes in watchfiles.watch(
        *roots,
        watch_filter=lambda change, path: is_of_interest(path),
        debounce=_QUIET_MS_MAX,
        step=_QUIET_MS,
        rust_timeout=_LOOK_MS,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    ):
        yield {path for _, path in changes}


def _stamps(found: Iterable[File | LeftOut], before: dict[str, Stamp]) -> dict[str, Stamp]:
    stamps: dict[str, Stamp] = {}
    for one in found:
        if isinstance(one, File):
            try:
                told = one.path.stat()
            except OSError:
                # What is gone since it was listed is not there; what is there, such as a link to what is away, stays.
                if one.name in before and os.path.lexists(one.path):
                    stamps[one.name] = before[one.name]
            else:
                stamps[one.name] = (told.st_mtime_ns, told.st_ctime_ns, told.st_size, told.st_ino)
        elif one.is_unread:
            # What stands in a folder that cannot be read may still be there.
            stamps |= {name: stamp for name, stamp in before.items() if name.startswith(f"{one.path}/")}
    return stamps


def _identities(given: Sequence[Source]) -> list[Identity | None]:
    found: list[Identity | None] = []
    for source in given:
        try:
            told = source.path.stat()
        except OSError:
            found.append(None)
        else:
            is_folder = stat.S_ISDIR(told.st_mode)
            # A file may be replaced at each change, but a link to one may lead elsewhere.
            at = (told.st_dev, told.st_ino) if is_folder else (0, 0)
            found.append((os.path.realpath(source.path), is_folder, *at))
    return found
