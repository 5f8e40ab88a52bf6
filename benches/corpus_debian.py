"""Make the debian corpus:  python benches/corpus_debian.py OUT.jsonl[.gz]

A document for each package of the distribution this machine is set up for: its name, and its description in English.
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


def records(lists: Path) -> Iterator[str]:
    """The paragraphs of every list of English descriptions that apt knows of.

    Not `apt-cache search --full .`: where the lists are kept compressed it unpacks them anew for each package.
    """
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    own = ["-o", f"Dir::State::Lists={lists}", "-o", "Acquire::Languages=en"]
    subprocess.run(["apt-get", *own, "-q", "update"], check=True, stdout=subprocess.DEVNULL)
    asked = ["apt-get", *own, "indextargets", "--format", "$(FILENAME)", "Created-By: Translations"]
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
        found = {}
        for paragraph in records(chosen.lists or Path(own)):
            if entry := described(paragraph):
                found[entry[0]] = entry[1]
    rows = [json.dumps({"_id": name, "title": name, "text": found[name]}, ensure_ascii=False) for name in sorted(found)]
    data = "".join(f"{row}\n" for row in rows).encode()
    # No time of day in the packed file: equal corpora are equal files.
    chosen.out.write_bytes(gzip.compress(data, mtime=0) if chosen.out.suffix == ".gz" else data)
    print(f"{len(rows):,} documents, {len(data) / 1e6:.1f} MB, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
