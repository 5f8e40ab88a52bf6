"""Pictures of a colony, as figures of matplotlib: `pip install "phago[plot]"`.

Each function returns a `matplotlib.figure.Figure` that belongs to no window and leaves pyplot alone; `save` writes it
to a file. The same input makes the same picture, whatever style is set. No two texts overlap, and nothing is told by
colour alone. Text that is too long for its place is cut and ends in "...". The font is DejaVu Sans, which comes with
matplotlib; signs that it does not have, such as Chinese ones, become boxes, and matplotlib warns of them.
"""

from __future__ import annotations

try:
    import matplotlib as _matplotlib  # noqa: F401
except ImportError as error:
    raise ImportError('pictures need matplotlib: pip install "phago[plot]"') from error

from .growing import growth
from .mapping import map
from .neighbors import neighborhood
from .paths import path
from .sheet import save

__all__ = ["growth", "map", "neighborhood", "path", "save"]
