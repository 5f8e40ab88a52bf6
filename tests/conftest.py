"""What several files of tests begin with: a folder of one's own, notes, a colony that holds them, a server of it."""

import os
import signal
from pathlib import Path

import pytest
from phago import cli
from rays import Cluster

# A build of `make dev` warns of itself, also in the processes that tests begin.
os.environ.setdefault("PYTHONWARNINGS", "ignore:phago's native module was compiled without")

# Who runs the tests in the background has this process, and all that it begins, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

NOTES = {
    "heart.md": "# The heart\n\nThe heart pumps blood. Blood carries oxygen.",
    "lungs.txt": "The lungs take oxygen from the air and give it to the blood.",
    "rows.jsonl": '{"id": "bread", "title": "Bread", "text": "Yeast makes bread.", '
    '"metadata": {"year": 2021, "tag": "food"}}\n'
    '{"id": "beer", "text": "Yeast makes beer.", "metadata": {"year": 1998}}\n',
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def notes(here):
    Path("notes").mkdir()
    for name, text in NOTES.items():
        Path("notes", name).write_text(text, encoding="utf-8")
    return "notes"


@pytest.fixture
def says(capsys, here):
    """Run a command; what it ended with, printed, and told of."""

    def run(*arguments):
        try:
            code = cli.main(list(map(str, arguments)))
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return code, printed.out, printed.err

    return run


@pytest.fixture
def kept(notes, says):
    """A colony that holds the notes."""
    assert says("ingest", "m", notes) == (0, "4 new, 0 changed, 0 unchanged, 0 deleted.\n", "")
    return "m"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A memory of some notes over HTTP."""
    # What serves is an extra, which not all tests have.
    import serving

    with serving.served(tmp_path_factory.mktemp("served") / "memory") as site:
        site.memory.client.ingest(serving.NOTES)
        site.memory.client.run()
        yield site


@pytest.fixture(scope="session")
def ray_cluster():
    """The cluster of all tests that need one."""
    pytest.importorskip("ray", reason='Ray is not installed: pip install "phago[ray]"')
    with Cluster() as cluster:
        yield cluster
