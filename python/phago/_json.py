"""JSON for other programs, which has no number beyond those of the standard."""

from __future__ import annotations

from typing import Any

__all__ = ["json_text"]


def json_text(value: Any, **layout: Any) -> str:
    """What JSON can hold, as its text; `null` for what is no finite number, which other programs would not read.

    Args:
        value: What is written.
        **layout: As for `json.dumps`.
    """
    import json

    try:
        return json.dumps(value, allow_nan=False, **layout)
    except ValueError:
        # Seldom, and as it would be read. What fails for another reason fails here too.
        plain = json.loads(json.dumps(value, **layout), parse_constant=lambda name: None)
        return json.dumps(plain, allow_nan=False, **layout)
