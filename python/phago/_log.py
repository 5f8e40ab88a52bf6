"""What a colony says under `logging.getLogger("phago")`: ticks at DEBUG, what was undone or refused at WARNING.

Whoever never imported `logging` cannot listen, and importing it takes longer than all of phago.
"""

from __future__ import annotations

import sys
from typing import Any

DEBUG = 10
WARNING = 30


def listens(level: int) -> bool:
    """Whether somebody listens to what is said at this level."""
    logging = sys.modules.get("logging")
    return logging is not None and bool(logging.getLogger("phago").isEnabledFor(level))


def log(level: int, message: str, *arguments: Any) -> None:
    """Say something, with arguments that are put into the message if somebody listens."""
    logging = sys.modules.get("logging")
    if logging is None:
        return
    logger = logging.getLogger("phago")
    if not logger.handlers:
        # Without a handler of the program's own, warnings would go to stderr; a library leaves that to the program.
        logger.addHandler(logging.NullHandler())
    logger.log(level, message, *arguments)
