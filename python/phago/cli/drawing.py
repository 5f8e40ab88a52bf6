"""Pictures as files, where matplotlib is there."""

from __future__ import annotations

import contextlib
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..colony import Colony
from ..results import Hit, Map, Stats
from .exits import Problem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PICTURE_ENDS", "drawn", "pictures"]

PICTURE_ENDS = ".png, .svg or .pdf"


def drawn(file: str) -> Callable[[Map], None]:
    """What draws a map into a file; whatever cannot be done speaks before the work and not after it.

    Raises:
        Problem: There is no matplotlib, or no such picture can be written.
    """
    try:
        from .. import plot
    except ImportError as error:
        raise Problem(str(error)) from None
    path = Path(file)
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise Problem(f"`--picture {file}` is no picture; accepted is a file that ends in {PICTURE_ENDS}")
    if path.is_dir() or not path.parent.is_dir():
        raise Problem(f"`{file}` cannot be written: it is a folder, or lies in none")

    def draw(found: Map) -> None:
        try:
            with _without_warnings():
                plot.save(plot.map(found), path)
        except OSError as error:
            raise Problem(f"`{file}` cannot be written: {error.strerror}") from None

    return draw


def pictures(colony: Colony, grown: Sequence[Stats], hit: Hit | None, folder: str | None) -> list[Path]:
    """Draw a colony into a folder, by default a new one of the system's temporary files; returns the files.

    Raises:
        ImportError: There is no matplotlib.
        OSError: A file cannot be written.
    """
    from .. import plot

    found = colony.map()
    figures: dict[str, Callable[[], Figure]] = {"growth": lambda: plot.growth(grown), "map": lambda: plot.map(found)}
    if hit is not None:
        figures["path"] = lambda: plot.path(hit)
        concepts = [share.label for share in hit.path.concepts] or [share.word for share in hit.path.words]
        if (known := next((label for label in concepts if colony.graph.node(label)), None)) is not None:
            figures["neighborhood"] = lambda: plot.neighborhood(colony, known)
    home = Path(tempfile.mkdtemp(prefix="phago-") if folder is None else folder)
    home.mkdir(parents=True, exist_ok=True)
    files = {name: home / f"{name}.png" for name in figures}
    with _without_warnings():
        for name, figure in figures.items():
            plot.save(figure(), files[name])
    return list(files.values())


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    # Of signs that the font does not have, and that become boxes.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield
