"""A server in a thread, and what asks it: for the tests of `phago serve`."""

import contextlib
import http.client
import json
import socket
import threading

import phago
from phago._embedding import embedding_of
from phago.remote import channel
from phago.serve.app import app
from phago.serve.limits import Limits
from phago.serve.listening import bound
from phago.serve.memory import Memory
from phago.serve.server import serve

TOKEN = "a-token-of-some-length"
NOTES = [
    {"id": "a", "text": "Ions cross the membrane.", "title": "Ions", "metadata": {"year": 2020}},
    {"id": "b/c d", "text": "The membrane holds the cell, and ions rest.", "metadata": {"year": 2021}},
    {"id": "ü🦠", "text": "Cells divide behind their membrane.", "thread": "t", "place": 1},
]


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self):
        return json.loads(self.body)


class Site:
    """A served memory."""

    def __init__(self, memory, port, token):
        self.memory, self.port, self.token = memory, port, token
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, method, path, body=None, **headers):
        """One request; a body that is no bytes is sent as JSON."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {"Content-Type": "application/json"} if body is not None else {}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value is not None}
        if body is not None and not isinstance(body, bytes) and not hasattr(body, "__next__"):
            body = json.dumps(body).encode()
        with contextlib.closing(line):
            line.request(method, path, body, sent, encode_chunked=hasattr(body, "__next__"))
            return Answer(line.getresponse())

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, path, body, **headers):
        return self.ask("POST", path, body, **headers)

    def raw(self):
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)


@contextlib.contextmanager
def served(directory, *, token=None, hosts=(), limits=None, embed=None):
    """Serve the memory in a directory as long as the block lasts."""
    memory = Memory(channel(directory), limits or Limits(), embedding_of(embed, None))
    listening, is_ready, servers = bound("127.0.0.1", 0), threading.Event(), []
    made = app(memory, phago.__version__, token=token, hosts=hosts)
    thread = threading.Thread(target=serve, args=(made, memory, listening, is_ready.set, servers.append))
    thread.start()
    try:
        assert is_ready.wait(20)
        yield Site(memory, listening.getsockname()[1], token)
    finally:
        servers[0]()
        thread.join(20)
        listening.close()
        memory.client.close()
        assert not thread.is_alive()
