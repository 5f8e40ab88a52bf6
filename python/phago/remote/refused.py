"""Documents that are refused where they are given, and told of where the others are taken."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..errors import InvalidDocument
from ..results import IngestReport, Rejected, UpdateReport

Refused = tuple[int, str | None, str, str]
"""Index among the documents of a call, id, field and reason."""


def refusal_of(
    index: int, key: str | None, field: str, reason: str, report: IngestReport | UpdateReport | None = None
) -> InvalidDocument:
    """The error of a document that is refused, as a colony words it."""
    who = f"document {index}" if key is None else f"document {index} (id `{key}`)"
    message = f"{who}: `{field}` {reason}"
    return InvalidDocument(message, index=index, id=key, field=field, reason=reason, report=report)


def retold(error: InvalidDocument, refused: list[Refused]) -> InvalidDocument:
    """The error of the first document that is none, with the reason for which it was refused before, if it was."""
    found = next((one for one in refused if one[0] == error.index), None)
    return error if found is None else refusal_of(*found, error.report)


def retold_report(report: Any, refused: list[Refused]) -> Any:
    """A report, with the reasons of those that were refused before."""
    known = {one[0]: Rejected(*one) for one in refused}
    return dataclasses.replace(report, rejected=tuple(known.get(one.index, one) for one in report.rejected))
