"""`phago.connect` to a memory over HTTP."""

import concurrent.futures
import contextlib
import json
import os
import socket
import threading
import time

import phago
import pytest
from serving import NOTES, TOKEN, served


@pytest.fixture
def empty(tmp_path):
    with served(tmp_path / "memory", token=TOKEN) as site:
        yield site


def test_the_client_has_the_colonys_methods_over_http(empty, tmp_path):
    with phago.connect(empty.url, token=TOKEN) as client:
        assert client.ingest(NOTES) == phago.IngestReport(accepted=3)
        assert client.run().digested == 3
        assert client.query("ions") == empty.memory.client.query("ions")
        assert client.explain("ions", "a") == empty.memory.client.explain("ions", "a")
        assert list(client.documents()) == list(empty.memory.client.documents())
        assert list(client.graph.edges) == list(empty.memory.client.graph.edges)
        assert client.reinforce(client.query("ions membrane")[0]) is True
        assert [tick.tick for tick in client.ticks(2)]
        assert client.delete("a") is True
        assert client.digest() == empty.memory.client.digest()
        assert repr(client) == f"<Client of {empty.url}>"
        assert client.is_owner is False
        with pytest.raises(phago.InvalidDocument, match="blank"):
            client.ingest([{"text": "a"}, " "])
        with pytest.raises(phago.ConfigError, match="do it there"):
            client.snapshot(tmp_path / "copy")
        assert not (tmp_path / "copy").exists()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(lambda _: client.digest(), range(40)))) == 1
    with pytest.raises(phago.ClosedError):
        client.count()


# Python 3.12 warns of forks beside threads, which is what is tried here.
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_asks_over_a_connection_of_its_own(site):
    with phago.connect(site.url, timeout=5) as client:
        kept = list(client._channel._lines)
        assert kept
        child = os.fork()
        if not child:
            try:
                ended = 0 if client.get("a").id == "a" and kept[0] not in client._channel._lines else 1
                client.close()
            except BaseException:
                ended = 2
            os._exit(ended)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert client.get("b/c d").id == "b/c d"
        assert client._channel._lines == kept


def test_the_token_of_a_file_or_of_the_environment(empty, monkeypatch):
    with phago.connect(empty.url, token=f"{TOKEN}\n") as client:
        assert client.count() == 0
    monkeypatch.setenv("PHAGO_TOKEN", f" {TOKEN}\n")
    with phago.connect(empty.url) as client:
        assert client.count() == 0
    with pytest.raises(phago.TokenError, match="another token"):
        phago.connect(empty.url, token="wrong-token-of-length")


def test_a_wrong_token_and_a_wrong_server_are_told_of(empty, monkeypatch):
    monkeypatch.delenv("PHAGO_TOKEN", raising=False)
    for token, told in ((None, "wants its token"), ("wrong-token-of-length", "has another token")):
        with pytest.raises(PermissionError, match=f"`token`.*{told}") as refused:
            phago.connect(empty.url, token=token)
        assert isinstance(refused.value, phago.TokenError)
        assert refused.value.where == empty.url
    for token in ("", "\n", "a\nb", "ü"):
        with pytest.raises(phago.ConfigError, match="`token`") as caught:
            phago.connect(empty.url, token=token)
        assert "ü" not in str(caught.value)
    with pytest.raises(phago.WireError, match="no server of phago"):
        phago.connect(f"{empty.url}/elsewhere", token=TOKEN)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(phago.RpcError, match="cannot be reached"):
        phago.connect(f"http://127.0.0.1:{port}")
    assert time.monotonic() - begun < 2
    with pytest.raises(phago.ConfigError, match="`shards`"):
        phago.connect(empty.url, shards=2)


@pytest.mark.parametrize(
    "where",
    [
        "http://localhost:1/ü",
        f"http://{'a' * 70}:1",
        "http://a b:1",
        "http://a..b:1",
        "http://:1",
        "http://a:x",
        "http://a/\nb",
    ],
)
def test_an_address_that_is_none_is_refused(where):
    with pytest.raises(phago.ConfigError, match="`where`"):
        phago.connect(where, timeout=1)


def test_a_long_call_is_waited_for_over_http(tmp_path, monkeypatch):
    with served(tmp_path / "memory") as site, phago.connect(site.url, timeout=1.5) as client:
        answer = site.memory.desk._done
        monkeypatch.setattr(site.memory.desk, "_done", lambda name, asked: time.sleep(2.5) or answer(name, asked))
        assert client.count() == 0


def test_who_connects_to_the_directory_shares_it_with_the_server(tmp_path):
    directory = tmp_path / "memory"
    with phago.connect(directory) as first, served(directory) as site:
        assert first.is_owner
        assert site.post("/v1/documents", NOTES).json["accepted"] == 3
        assert len(first) == 3
        first.close()
        # The server takes over.
        assert site.get("/v1/stats").json["documents"] == 3
        with phago.connect(directory) as second:
            assert (second.is_owner, len(second)) == (False, 3)


# --- a server that takes no more of a body ---


class Curt:
    """A server that answers the first call, and then each as it was told to, having read no more than its head."""

    def __init__(self, answer, then):
        self._answer, self._then = answer, then
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.done = threading.Event()
        self.calls = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line):
        with line, line.makefile("rb") as head:
            while first := head.readline():
                length = 0
                while (field := head.readline().strip()) != b"":
                    if field.lower().startswith(b"content-length:"):
                        length = int(field.partition(b":")[2])
                assert first.startswith(b"POST /v1/call ")
                self.calls += 1
                if length < 1000:
                    head.read(length)
                    line.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"result":3}')
                    continue
                line.sendall(self._answer)
                if self._then == "waits":
                    self.done.wait(20)
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.done.set()
        self._listening.close()


def problem(status, **told):
    body = json.dumps({"title": "No", "status": status, **told}).encode()
    head = f"HTTP/1.1 {status} No\r\nContent-Type: application/problem+json\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


# Whether it closes the connection or only stops to read: then nothing more can be sent.
@pytest.mark.parametrize("then", ["closes", "waits"])
@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (problem(413, detail="the body has more than 70 bytes", limit=70), phago.LimitError, "more than 70 bytes"),
        (problem(401, detail="a token is wanted"), phago.TokenError, "a token is wanted"),
        # A proxy has words of its own.
        (b"HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge", phago.WireError, "answers 413"),
    ],
)
def test_what_a_server_says_in_the_midst_of_a_body_is_its_error(answer, error, says, then):
    with Curt(answer, then) as curt, phago.connect(curt.url, timeout=20) as client:
        for _ in range(2):
            with pytest.raises(error, match=says):
                client.ingest({"text": "ion " * 8_000_000})
        # The line with half a call is not used again.
        assert len(client) == 3
        assert curt.calls == 4


def test_a_body_that_is_read_by_and_by_is_sent_whole(tmp_path):
    with served(tmp_path / "memory") as site, phago.connect(site.url) as client:
        documents = [{"id": f"d{number}", "text": "ion " * 250_000} for number in range(7)]
        assert client.ingest(documents).accepted == 7
        assert client.get("d6").text == documents[6]["text"]


def _endless(line):
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        line.sendall(b" " * 65_536)


def _promising(line):
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999999999\r\n\r\n{}")
    time.sleep(5)


def _ending_early(line):
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{}")


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (_endless, phago.LimitError, "are limited to 1000000, and this has"),
        (_promising, phago.LimitError, "are limited to 1000000, and this has 99999999999999"),
        (_ending_early, phago.RpcError, "cannot be reached"),
    ],
)
def test_an_answer_without_a_bound_is_refused(monkeypatch, answer, error, says):
    monkeypatch.setattr("phago.remote.http.FRAME_BYTES_MAX", 1_000_000)

    def answering():
        with contextlib.suppress(OSError):
            while True:
                line, _ = listening.accept()
                with line, contextlib.suppress(OSError):
                    line.recv(65_536)
                    answer(line)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answering, daemon=True).start()
        with pytest.raises(error, match=says):
            phago.connect(f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=2)
