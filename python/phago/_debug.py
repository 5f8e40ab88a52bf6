"""The warning of a quick build; apart from the errors, which know all reports, so that an import needs none of them."""

from __future__ import annotations


class DebugBuildWarning(RuntimeWarning):
    """The native module was compiled without optimisation: right answers, wrong timings."""
