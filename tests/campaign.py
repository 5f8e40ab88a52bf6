"""Sizes of campaigns, and what they say at their end."""

import os


def size(kind, small, long):
    """How many cases of a kind to try.

    `small` by default, `long` with PHAGO_CAMPAIGN=long, and a number of one's own with PHAGO_CAMPAIGN=kind=number.
    Several of these are separated by commas.
    """
    found = small
    for part in filter(None, map(str.strip, os.environ.get("PHAGO_CAMPAIGN", "").split(","))):
        name, equals, number = part.partition("=")
        if not equals and part != "long":
            raise ValueError(f"PHAGO_CAMPAIGN: {part}: neither `long` nor kind=number")
        if not equals:
            found = long
        elif name == kind:
            found = int(number)
    return found


def tell(capfd, line):
    """Say what a campaign did, also where a test passes and its output is caught."""
    with capfd.disabled():
        print(f"\n{line}", flush=True)
