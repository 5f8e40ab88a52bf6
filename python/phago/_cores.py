"""How many cores there are to use, where whoever started Python said so."""

from __future__ import annotations

import os
import sys

from . import _phago


def heed() -> None:
    """Take the number of `-X cpu_count` or `PYTHON_CPU_COUNT`, as Python itself does from 3.13 on.

    Where there is none, the process's affinity and the quotas of its control groups count.
    """
    said = sys._xoptions.get("cpu_count")
    if said is None and not sys.flags.ignore_environment:
        said = os.environ.get("PYTHON_CPU_COUNT")
    if isinstance(said, str) and said.isdecimal() and int(said) > 0:
        _phago.set_cores(min(int(said), 2**31 - 1))
