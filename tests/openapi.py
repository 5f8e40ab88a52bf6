"""Schemathesis against a server of its own: `make trials`. It ends with 1 where an answer is not as it is described.

Some of its checks are left out, as no schema can say what they ask for: a filter, an operator or a moment may have the
right form and still be refused, which is a 422 that names the field; and with `on_error=skip` a document that is
refused is told of in the report of a request that went well.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from serving import served

TOKEN = "a-token-of-some-length"
TAKEN = "/v1/documents"
LEFT_OUT = "positive_data_acceptance,ensure_resource_availability"


def main(examples="50", *more):
    tool = shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    if tool is None:
        print("schemathesis is not there: pip install schemathesis", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "memory", token=TOKEN) as site:
        site.memory.client.ingest([{"id": "0", "text": "Ions cross the membrane."}, "The membrane holds the cell."])
        site.memory.client.run()
        # Events never end.
        command = [tool, "run", f"{site.url}/openapi.json", "--header", f"Authorization: Bearer {TOKEN}"]
        command += ["--max-examples", examples, "--no-color", *more]
        runs = [
            ["--exclude-path", "/v1/events", "--exclude-path", TAKEN, "--exclude-checks", LEFT_OUT],
            ["--include-path", TAKEN, "--exclude-checks", f"{LEFT_OUT},negative_data_rejection"],
        ]
        return max(subprocess.run([*command, *run], check=False, cwd=folder).returncode for run in runs)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
