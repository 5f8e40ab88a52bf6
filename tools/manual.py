"""Write the manual page from the command line's own help: `make man`. A test holds the two equal.

It lies where the wheel takes what goes into an environment's `share/man`, so that `man phago` finds it.
"""

import os
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "wheel/data/share/man/man1/phago.1"


def page():
    """The page, as the help is now."""
    from argparse_manpage.manpage import Manpage
    from phago import __version__
    from phago.cli.command import _parser

    # The width of a terminal, and the day, are none of the page's business.
    os.environ["COLUMNS"] = "100"
    made = Manpage(_parser(), format="single-commands-section")
    made.description = "a memory that organises itself"
    made.date, made.source, made.manual = "", f"phago {__version__}", "phago"
    return "\n".join(line.rstrip() for line in str(made).splitlines()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: {len(page().splitlines())} lines", file=sys.stderr)
