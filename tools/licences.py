"""Write THIRD_PARTY_LICENSES: the licence of every crate that is linked into the wheel.

    python tools/licences.py            writes the file
    python tools/licences.py --check    exits with 1 when the file is not what would be written

Linked are phago-py's normal dependencies and theirs, for every platform. Procedural macros and build scripts run while
compiling and are not part of the wheel.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "THIRD_PARTY_LICENSES"
# Where a crate may be had under one of several licences, the first of these that it has a text of.
PREFERRED = ("MIT", "APACHE", "BSD", "ISC", "ZLIB", "UNICODE")
NAMES = ("LICENSE", "LICENCE", "COPYING", "UNLICENSE", "NOTICE")

MIT = """\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def linked() -> list[dict[str, Any]]:
    """The packages that are linked, by name and version."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    waiting = [identity for identity, package in packages.items() if package["name"] == "phago-py"]
    seen: set[str] = set()
    while waiting:
        identity = waiting.pop()
        macro = any("proc-macro" in target["kind"] for target in packages[identity]["targets"])
        if identity in seen or macro:
            continue
        seen.add(identity)
        dependencies = nodes[identity]["deps"]
        waiting += [found["pkg"] for found in dependencies if any(kind["kind"] is None for kind in found["dep_kinds"])]
    found = [packages[identity] for identity in seen if packages[identity]["source"] is not None]
    return sorted(found, key=lambda package: (package["name"], package["version"]))


def texts(package: dict[str, Any]) -> list[str]:
    """The licence texts of a package: of the preferred licence, and its notices."""
    folder = Path(package["manifest_path"]).parent
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.name.upper().startswith(NAMES))
    notices = [file for file in files if file.name.upper().startswith("NOTICE")]
    files = [file for file in files if file not in notices]
    # "A AND B" asks for both texts, "A OR B" for one of them.
    for word in () if " AND " in (package["license"] or "") else PREFERRED:
        named = [file for file in files if word in file.name.upper()]
        if named:
            files = named[:1]
            break
    if files:
        return [clean(file) for file in files + notices]
    if "MIT" in (package["license"] or ""):
        holders = ", ".join(package["authors"]) or f"the authors of {package['name']}"
        return [f"Copyright (c) {holders}\n\n{MIT}".rstrip()]
    raise SystemExit(f"{package['name']} {package['version']} ({package['license']}) comes without a licence text")


def clean(file: Path) -> str:
    """A text without trailing blanks."""
    return "\n".join(line.rstrip() for line in file.read_text(encoding="utf-8").strip().splitlines())


def render() -> str:
    """The whole file. Packages of the same text share it."""
    packages = linked()
    if not packages:
        raise SystemExit("no linked crate was found; has phago-py another name?")
    shared: dict[str, list[str]] = {}
    lines = ["phago's wheel contains these Rust crates, each under the licence that follows.", ""]
    for package in packages:
        name = f"{package['name']} {package['version']}"
        lines.append(f"  {name} ({package['license']})")
        for text in texts(package):
            shared.setdefault(text, []).append(name)
    for text, names in shared.items():
        lines += ["", "=" * 100, ", ".join(names), "=" * 100, "", text]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write or check."""
    wanted = render()
    if "--check" in sys.argv[1:]:
        if TARGET.exists() and TARGET.read_text(encoding="utf-8") == wanted:
            return 0
        print(f"{TARGET.name} does not fit Cargo.lock; run `python tools/licences.py`", file=sys.stderr)
        return 1
    TARGET.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
