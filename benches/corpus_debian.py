"""Make the debian corpus:  python benches/corpus_debian.py OUT.jsonl[.gz]

A document for each package of the distribution this machine is set up for: its name, its description in English, and
its section where the distribution says one.
apt reads the distribution's lists into a folder of its own, so that what the machine knows of packages stays as it is.
"""

import argparse
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HELPER = "/usr/lib/apt/apt-helper"


def fetched(lists: Path) -> list[str]:
    """Have apt read the distribution's lists; returns the options with which it knows them."""
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    own = ["-o", f"Dir::State::Lists={lists}", "-o", "Acquire::Languages=en"]
    subprocess.run(["apt-get", *own, "-q", "update"], check=True, stdout=subprocess.DEVNULL)
    return own


def records(own: list[str], kind: str) -> Iterator[str]:
    """The paragraphs of every list of a kind that apt knows of.

    Not `apt-cache search --full .`: where the lists are kept compressed it unpacks them anew for each package.
    """
    asked = ["apt-get", *own, "indextargets", "--format", "$(FILENAME)", f"Created-By: {kind}"]
    names = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()
    for name in sorted(names):
        read = subprocess.run([HELPER, "cat-file", name], check=True, capture_output=True, text=True)
        yield from read.stdout.split("\n\n")


def described(paragraph: str) -> tuple[str, str] | None:
    """Name and description: the synopsis, then the text without the marks of its layout."""
    name = re.search(r"^Package: (\S+)$", paragraph, re.M)
    text = re.search(r"^Description-en: (.*(?:\n .*)*)", paragraph, re.M)
    if not name or not text:
        return None
    kept = (line for line in text[1].splitlines() if line.strip() != ".")
    return name[1], " ".join(" ".join(kept).split())


def section(paragraph: str) -> tuple[str, str] | None:
    """Name and section, without the part of the archive before it."""
    name = re.search(r"^Package: (\S+)$", paragraph, re.M)
    found = re.search(r"^Section: (?:\S+/)?(\S+)$", paragraph, re.M)
    return (name[1], found[1]) if name and found else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--lists", type=Path, help="folder for apt's lists, to be used again (default: a temporary one)"
    )
    chosen = parser.parse_args()
    if not shutil.which("apt-get") or not Path(HELPER).exists():
        sys.exit("this corpus is read through apt, which this machine does not have; run it on Debian or a kin of it")
    with tempfile.TemporaryDirectory() as own:
        options = fetched(chosen.lists or Path(own))
        found = dict(filter(None, map(described, records(options, "Translations"))))
        sections = dict(filter(None, map(section, records(options, "Packages"))))
    given = ({"_id": name, "title": name, "text": found[name], "section": sections.get(name)} for name in sorted(found))
    rows = [json.dumps(row, ensure_ascii=False) for row in given]
    data = "".join(f"{row}\n" for row in rows).encode()
    # No time of day in the packed file: equal corpora are equal files.
    chosen.out.write_bytes(gzip.compress(data, mtime=0) if chosen.out.suffix == ".gz" else data)
    print(f"{len(rows):,} documents, {len(data) / 1e6:.1f} MB, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
