"""Nothing leaves this machine: no telemetry, no model, no download."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the library is loaded as on Linux")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    made = tmp_path_factory.mktemp("library") / "no_network.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", made, HERE / "no_network.c", "-ldl"], check=True)
    return made


def tried(library, folder, *command):
    """What a process that cannot leave this machine said, and whom it tried to reach."""
    log = folder / "far"
    environment = {**os.environ, "LD_PRELOAD": str(library), "PHAGO_FAR": str(log), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, timeout=100)
    return done, log.read_text() if log.exists() else ""


def test_all_that_phago_does_it_does_here(library, tmp_path):
    done, far = tried(library, tmp_path, str(HERE / "everything.py"), str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "all of it\n"), done.stderr
    assert far == ""


@pytest.mark.parametrize(
    ("program", "call"),
    [
        ("import socket; socket.socket().connect(('192.0.2.1', 80))", "connect"),
        ("import socket; socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))", "connect"),
        ("import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))", "sendto"),
        ("import socket; socket.getaddrinfo('telemetry.example', 443)", "getaddrinfo telemetry.example"),
        ("import urllib.request; urllib.request.urlopen('http://example.org')", "getaddrinfo example.org"),
    ],
)
def test_whoever_tries_to_leave_is_seen(library, tmp_path, program, call):
    done, far = tried(library, tmp_path, "-c", program)
    assert done.returncode == 1
    assert far.startswith(call)
