"""Print the requirements of one of the project's extras, so that they install without building phago again."""

import sys
import tomllib
from pathlib import Path

extras = tomllib.loads((Path(__file__).resolve().parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
print("\n".join(extras["project"]["optional-dependencies"][sys.argv[1]]))
