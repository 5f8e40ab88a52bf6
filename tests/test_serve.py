"""A memory over HTTP: `phago serve`, and `phago.connect` to it."""

import concurrent.futures
import contextlib
import datetime
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import phago
import pytest
from phago.serve.app import OPERATIONS
from phago.serve.limits import Limits
from serving import NOTES, TOKEN, served


@pytest.fixture
def empty(tmp_path):
    with served(tmp_path / "memory", token=TOKEN) as site:
        yield site


# --- what it is asked ---


def test_answers_are_those_of_the_colony(site):
    client = site.memory.client
    asked = {"text": "ions membrane", "k": 2, "where": {"year": {"gte": 2020}}, "newer": 0.1, "half_life": "2y"}
    assert site.post("/v1/query", asked).json == json.loads(client.query(**asked).to_json())
    lexical = {"text": "ions", "ranking": "lexical"}
    assert site.post("/v1/query", lexical).json == json.loads(client.query(**lexical).to_json())
    ranked = site.post("/v1/query", {"text": "ions", "ranking": {"hop_share": 0.5}}).json
    assert ranked == json.loads(client.query("ions", ranking=phago.Ranking(hop_share=0.5)).to_json())
    why = site.post("/v1/explain", {"text": "ions", "id": "a"}).json
    assert why == client.explain("ions", "a").to_dict() | {"span": why.get("span")} or why["score"] > 0
    assert site.post("/v1/explain", {"text": "nothing here"}).json["nothing"]
    assert site.get("/v1/similar/a?k=1").json == json.loads(client.similar("a", 1).to_json())
    assert site.get("/v1/suggest?prefix=memb").json == {"items": [{"word": "membrane", "documents": 3}]}
    assert site.get("/v1/stats").json["documents"] == 3
    assert site.get("/v1/clusters").json == {"items": []}
    assert site.get("/v1/insights").json["tick"] == client.stats().tick
    assert site.get("/v1/map").json["links"] == []
    assert site.get("/v1/concepts?k=1").json["items"][0]["label"] == "membrane"
    assert site.get("/v1/concepts?text=ions&k=1").json["items"][0]["label"] == "ions"
    near = site.get("/v1/neighbors/membranes?k=2").json
    assert (near["concept"]["label"], len(near["items"])) == ("membrane", 2)
    assert near["items"][0]["target"] == client.graph.neighbors("membrane")[0].target


def test_documents_are_taken_read_replaced_and_deleted(empty):
    site = empty
    assert site.post("/v1/documents", NOTES[0]).json["accepted"] == 1
    assert site.post("/v1/documents", NOTES).json == {"accepted": 2, "unchanged": 1, "rejected": [], "unindexed": []}
    assert site.get("/v1/documents/b/c%20d").json["metadata"] == {"year": 2021}
    assert site.get("/v1/documents/b%2Fc%20d").json["id"] == "b/c d"
    assert site.get("/v1/documents/%C3%BC%F0%9F%A6%A0").json["thread"] == "t"
    page = site.get("/v1/documents?limit=2").json
    assert ([one["id"] for one in page["items"]], page["after"]) == (["a", "b/c d"], "b/c d")
    rest = site.get("/v1/documents?after=b/c%20d").json
    assert ([one["id"] for one in rest["items"]], rest["after"]) == (["ü🦠"], None)
    assert site.ask("PUT", "/v1/documents/a", {"text": "Other."}).json == {"id": "a", "was": "changed"}
    assert site.ask("PUT", "/v1/documents/n", {"text": "New.", "id": "n"}).json["was"] == "new"
    assert site.ask("PUT", "/v1/documents/n", {"text": "New.", "id": "m"}).status == 422
    assert site.post("/v1/documents", {"id": "a", "text": "A third."}).status == 409
    assert site.post("/v1/documents?update=true", {"id": "a", "text": "A third."}).json["changed"] == 1
    assert site.ask("DELETE", "/v1/documents/a").json == {"deleted": 1}
    assert site.ask("DELETE", "/v1/documents/a").status == site.get("/v1/documents/a").status == 404
    assert site.post("/v1/delete", {"ids": ["n", "nobody"]}).json == {"deleted": 1}
    assert site.post("/v1/delete", {"where": {"year": 2021}}).json == {"deleted": 1}
    assert site.get("/v1/stats").json["documents"] == 1


def test_ids_with_dots_and_slashes_are_ids_and_no_paths(empty):
    odd = ["../../etc/passwd", "..", ".", "a//b", "/", "a/", "%2e%2e", "a?b#c", "v1/query", " ", "\x00", "page/../x"]
    odd += ["\n", "a\nb\n"]
    assert empty.post("/v1/documents", [{"id": one, "text": f"Text of {one!r}."} for one in odd]).json[
        "accepted"
    ] == len(odd)
    from urllib.parse import quote

    for one in odd:
        answer = empty.get(f"/v1/documents/{quote(one, safe='')}")
        assert (answer.status, answer.json.get("id")) == (200, one), one
        assert empty.ask("DELETE", f"/v1/documents/{quote(one, safe='')}").status == 200, one
    for path in [
        "/page/../../../etc/passwd",
        "/page/..%2f..%2fapp.py",
        "/page/%2e%2e/app.py",
        "/page/app.py",
        "/page/",
    ]:
        assert empty.get(path).status == 404, path


def test_ticks_grow_and_are_told_of(empty):
    site = empty
    site.post("/v1/documents", NOTES)
    assert site.post("/v1/tick", {}).json["tick"] == 1
    report = site.post("/v1/run", {"max_ticks": 50}).json
    assert report["ticks"] >= 1
    assert site.ask("POST", "/v1/run").json["ticks"] == 0
    growth = site.get("/v1/ticks?last=3").json["items"]
    assert [step["digested"] for step in growth] == [3, 3, 3]
    assert growth[-1]["tick"] == site.get("/v1/stats").json["tick"]
    late = {"now": "2031-01-01T00:00:00+00:00"}
    moment = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
    site.memory.client.ingest(phago.Document("Gone.", id="gone", expires=moment))
    assert site.post("/v1/tick", late).status == 200
    assert site.get("/v1/documents/gone").status == 404
    assert site.post("/v1/tick", {"now": "2031-01-01T00:00:00"}).status == 422


def test_events_come_as_they_happen(empty):
    with contextlib.closing(empty.raw()) as raw:
        raw.sendall(f"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
        got = b""
        while b"retry" not in got:
            got += raw.recv(65536)
        empty.post("/v1/documents", NOTES)
        empty.post("/v1/run", {})
        begun = time.monotonic()
        while b'"what":"presented"' not in got:
            got += raw.recv(65536)
        assert time.monotonic() - begun < 5
    events = [json.loads(line) for line in re.findall(rb"data: (\{.*\})", got)]
    assert events[0]["number"] == 0
    again = re.findall(rb"id: (\d+)", got)
    assert again == [b"%d" % number for number in range(len(again))]


def test_a_stream_is_taken_in_as_it_comes_and_tells_what_it_left_out(empty):
    lines = [json.dumps({"id": f"{number}", "text": f"Note {number}."}).encode() + b"\n" for number in range(2_500)]
    lines[7] = b"no json\n"
    lines[9] = b"[1]\n"
    lines[1_500] = b'{"text": " "}\n'
    lines[1_600] = b"\xff\xfe\n"
    lines[2_000] = b'{"id": "5", "text": "Other."}\n'
    lines[2_400] = b'{"id": "nan", "text": "a", "metadata": {"a": NaN}}\n'
    # In pieces that end where no line does, and none at the end.
    data = b"".join(lines).rstrip(b"\n")
    pieces = (data[at : at + 7_777] for at in range(0, len(data), 7_777))
    report = empty.post("/v1/documents", pieces, Content_Type="application/x-ndjson", Transfer_Encoding="chunked").json
    assert report["accepted"] == 2_494
    assert report["left_out"] == 6
    told = {one["index"]: one["field"] for one in report["rejected"]}
    assert told == {7: "document", 9: "document", 1_500: "text", 1_600: "document", 2_000: "id", 2_400: "document"}
    again = empty.post("/v1/documents?on_error=raise", b"".join(lines), Content_Type="application/x-ndjson")
    assert again.status == 422
    assert again.json["detail"].startswith("document 7: it is no JSON")
    clash = empty.post("/v1/documents?on_error=raise", lines[2] + lines[2_000], Content_Type="application/x-ndjson")
    assert (clash.status, clash.json["fields"]["index"]) == (409, 1)
    changed = empty.post("/v1/documents?update=true", lines[2_000], Content_Type="application/x-ndjson").json
    assert changed == {"new": 0, "changed": 1, "unchanged": 0, "rejected": [], "left_out": 0}
    assert empty.post("/v1/documents", b"", Content_Type="application/x-ndjson").json["accepted"] == 0


def test_a_stream_of_any_length_is_not_held(tmp_path):
    limits = Limits(body_bytes=100_000, line_bytes=20_000, told=3)
    with served(tmp_path / "memory", limits=limits) as site:
        line = b'{"text": "%s %d"}\n'
        pieces = (line % (b"long " * (5_000 if number % 10 == 0 else 100), number) for number in range(2_000))
        report = site.post(
            "/v1/documents", pieces, Content_Type="application/x-ndjson", Transfer_Encoding="chunked"
        ).json
        assert (report["accepted"], report["left_out"], len(report["rejected"])) == (1_800, 200, 3)
        assert "more than 20000 bytes" in report["rejected"][0]["reason"]
        assert site.post("/v1/documents", b"x" * 100_001).status == 413
        chunked = (b"x" * 1_000 for _ in range(200))
        refused = site.post("/v1/documents", chunked, Transfer_Encoding="chunked")
        assert (refused.status, refused.json["limit"]) == (413, 100_000)


# --- who may ask ---


def test_without_the_token_nothing_is_told(empty):
    for operation in OPERATIONS:
        path = re.sub(r"\{.*\}", "x", operation.path)
        for header in (None, "Bearer wrong", f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x", "Bearer \xfc"):
            answer = empty.ask(operation.method, path, Authorization=header)
            assert answer.status == (200 if operation.is_open else 401), (path, header)
    assert empty.get("/openapi.json", Authorization=None).status == 200
    assert empty.get("/", Authorization=None).status == 200
    assert empty.get("/v1/stats", Authorization=f"bearer {TOKEN}").status == 200


def test_a_name_that_is_not_ours_is_refused(site):
    for host in (
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
        "",
        "[::1",
        "10.0.0.1",
        "0.0.0.0",
    ):
        assert site.get("/v1/stats", Host=host).status == 421, host
    for host in ("localhost", "LOCALHOST:99", "127.0.0.1", "[::1]:8000"):
        assert site.get("/v1/stats", Host=host).status == 200, host


def test_a_name_may_be_allowed(tmp_path):
    with served(tmp_path / "memory", token=TOKEN, hosts=["memory.lan"]) as site:
        assert site.get("/v1/stats", Host="memory.lan:80").status == 200
        # An address cannot be pointed elsewhere, and the token is asked for all the same.
        assert site.get("/v1/stats", Host="192.168.0.7").status == 200
        assert site.get("/v1/stats", Host="evil.example").status == 421


def test_pages_of_others_may_not_ask(site):
    for origin in ("http://evil.example", "null", "http://localhost:1", f"https://localhost.evil:{site.port}"):
        assert site.get("/v1/stats", Origin=origin).status == 403, origin
    assert site.get("/v1/stats", Origin=site.url).status == 200
    assert site.get("/v1/stats", Sec_Fetch_Site="cross-site").status == 403
    assert site.get("/", Sec_Fetch_Site="cross-site").status == 200
    # What a form of another page can send without asking.
    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None):
        for path in ("/v1/query", "/v1/documents", "/v1/delete", "/v1/run", "/v1/call"):
            assert site.post(path, b'{"text": "a"}', Content_Type=media).status == 415, (media, path)


def test_every_answer_has_the_headers_that_keep_it_to_itself(site):
    for answer in (site.get("/"), site.get("/v1/stats"), site.get("/nowhere"), site.get("/v1/stats", Host="evil")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Server" not in answer.headers
        assert "Access-Control-Allow-Origin" not in answer.headers


# --- what is refused ---


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/v1/query", {}, 422, "text"),
        ("/v1/query", {"text": 3}, 422, None),
        ("/v1/query", {"text": "a", "other": 1}, 422, "other"),
        ("/v1/query", {"text": "a", "k": 0}, 422, "k"),
        ("/v1/query", {"text": "a", "k": 1_001}, 422, "k"),
        ("/v1/query", {"text": "a", "k": True}, 422, "k"),
        ("/v1/query", {"text": "a", "paths": "false"}, 422, "paths"),
        ("/v1/query", {"text": "a", "required": {"and": 1}}, 422, None),
        ("/v1/query", b'{"text": "a", "newer": 1e400}', 422, "newer"),
        ("/v1/query", {"text": "a", "ranking": "best"}, 422, "ranking"),
        ("/v1/query", {"text": "a", "ranking": {"x": 1}}, 422, "ranking"),
        ("/v1/query", {"text": "a", "where": {"a": {"x": 1}}}, 422, "where"),
        ("/v1/query", {"text": "a", "where": 3}, 422, "where"),
        ("/v1/query", {"text": 3}, 422, "text"),
        ("/v1/query", {"text": None}, 422, "text"),
        ("/v1/query", {"text": "a", "operators": 3}, 422, "operators"),
        ("/v1/query", {"text": "a", "required": 3}, 422, "required"),
        ("/v1/query", {"text": "a", "excluded": ["b", 3]}, 422, "excluded"),
        ("/v1/query", {"text": "a", "synonyms": 3}, 422, "synonyms"),
        ("/v1/query", {"text": "a", "synonyms": {"b": 3}}, 422, "synonyms"),
        ("/v1/explain", {"text": "a", "id": 3}, 422, "id"),
        ("/v1/query", {"text": "a", "since": "then"}, 422, "since"),
        ("/v1/query", {"text": "a" * 70_000}, 422, None),
        ("/v1/query", {"text": "\ud800"}, 422, "text"),
        ("/v1/query", {"text": '"open', "operators": True}, 422, None),
        ("/v1/query", b"{", 400, None),
        ("/v1/query", b"", 400, None),
        ("/v1/query", b"[]", 422, None),
        ("/v1/query", b"\xff", 400, None),
        ("/v1/query", b'{"text": NaN}', 400, None),
        ("/v1/query", b"[" * 100_000, 400, None),
        ("/v1/explain", {"text": "a", "id": "nobody"}, 404, None),
        ("/v1/documents", {"text": " "}, 422, "text"),
        ("/v1/documents", {"text": "a", "x": 1}, 422, "x"),
        ("/v1/documents", [{"text": "a"}, 3], 422, None),
        ("/v1/documents?on_error=maybe", {"text": "a"}, 422, "on_error"),
        ("/v1/documents?update=maybe", {"text": "a"}, 422, "update"),
        ("/v1/delete", {}, 422, None),
        ("/v1/delete", {"ids": "a"}, 422, "ids"),
        ("/v1/delete", {"ids": [3]}, 422, "ids"),
        ("/v1/query", b'{"text": "a", "k": ' + b"9" * 5_000 + b"}", 422, None),
        ("/v1/delete", {"where": {}}, 422, "where"),
        ("/v1/delete", {"where": {"$not": {"$not": {}}}}, 422, "where"),
        ("/v1/delete", {"where": {"year": {"nin": []}}}, 422, "where"),
        ("/v1/delete", {"where": {}, "ids": []}, 422, None),
        ("/v1/run", {"max_ticks": -1}, 422, "max_ticks"),
        ("/v1/tick", {"now": 3}, 422, "now"),
    ],
)
def test_what_is_refused_is_a_problem_that_names_the_field_and_changes_nothing(site, path, body, status, field):
    before = site.memory.client.digest()
    answer = site.post(path, body)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    problem = answer.json
    assert problem["status"] == status
    assert problem["detail"]
    assert "Traceback" not in answer.body.decode()
    if field is not None:
        assert problem["fields"]["field"] == field
    assert site.memory.client.digest() == before


def _no_constant(name):
    raise AssertionError(f"{name} is no JSON")


@pytest.mark.parametrize("number", ["1e400", "-1e400", "99999999999999999999", "1001", "2.5"])
def test_a_number_is_refused_in_json_that_any_program_reads_and_with_one_bound(site, number):
    for name, accepted in (("k", "an integer from 1 to 1000"), ("newer", "a number from 0 to 100")):
        if (name, number) == ("newer", "2.5"):
            continue
        answer = site.post("/v1/query", b'{"text": "ions", "%s": %s}' % (name.encode(), number.encode()))
        problem = json.loads(answer.body, parse_constant=_no_constant)
        assert (answer.status, problem["fields"]["accepted"]) == (422, accepted)
        assert problem["detail"].endswith(f"accepted is {accepted}")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/similar/a?k=x", "k"),
        ("/v1/suggest?prefix=a&k=0", "k"),
        ("/v1/documents?limit=99999", "limit"),
        ("/v1/ticks?last=-1", "last"),
        ("/v1/suggest?prefix=", "prefix"),
        ("/v1/suggest", "prefix"),
        ("/v1/suggest?prefix=two%20words", "prefix"),
        ("/v1/events?since=x", "since"),
    ],
)
def test_parameters_of_addresses_are_checked(site, path, field):
    answer = site.get(path)
    assert (answer.status, answer.json["fields"]["field"]) == (422, field)
    assert answer.json["detail"].startswith(f"`{field}` is ")


@pytest.mark.parametrize("path", ["/v1/documents/%ff", "/v1/documents/%ed%a0%80", "/v1/suggest?prefix=%ff"])
def test_an_address_that_is_no_utf8_is_no_id(site, path):
    assert site.get(path).status == 400


def test_labels_are_text_and_nothing_else(empty):
    evil = "</script><script>alert(1)</script>"
    empty.post("/v1/documents", {"id": evil, "title": evil, "text": f"Text {evil}."})
    for path in ("/v1/documents", "/v1/stats", "/metrics"):
        answer = empty.get(path)
        assert "html" not in answer.headers["Content-Type"]
    assert empty.get(f"/v1/documents/{evil}x").headers["Content-Type"] == "application/problem+json"


def test_a_fault_of_the_server_tells_nothing_of_it(site, monkeypatch, caplog):
    def fail():
        raise RuntimeError("a secret")

    monkeypatch.setattr(site.memory, "seen", fail)
    answer = site.get("/v1/stats")
    assert (answer.status, "secret" in answer.body.decode()) == (500, False)
    assert "a secret" in caplog.text


# --- bounds ---


def test_too_many_at_once_are_told_to_come_again(tmp_path, monkeypatch):
    with served(tmp_path / "memory", limits=Limits(requests=2, listeners=1)) as site:
        monkeypatch.setattr(site.memory, "seen", lambda: time.sleep(1) or site.memory.client.stats())
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: site.get("/v1/stats"), range(8)))
            statuses = [answer.status for answer in answers]
        assert statuses.count(200) >= 2
        assert set(statuses) == {200, 503}
        assert next(answer for answer in answers if answer.status == 503).headers["Retry-After"] == "1"
        # Health is asked by those who would end it.
        assert site.get("/health").status == 200
        # The client of phago waits for its turn.
        with phago.connect(site.url) as client:
            assert client.count() == 0


def test_a_question_that_takes_too_long_is_given_up_and_others_are_answered(tmp_path, monkeypatch):
    with served(tmp_path / "memory", limits=Limits(seconds=0.8)) as site:
        monkeypatch.setattr(type(site.memory.client), "insights", lambda self: time.sleep(4.0))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            late = pool.submit(site.get, "/v1/insights")
            time.sleep(0.1)
            begun = time.monotonic()
            assert site.get("/v1/stats").status == 200
            assert time.monotonic() - begun < 2
            assert late.result().status == 504


def test_whoever_is_slow_is_not_waited_for(tmp_path):
    with served(tmp_path / "memory", limits=Limits(silence=1)) as site:
        begun = time.monotonic()
        lines = [site.raw() for _ in range(4)]
        # Nothing; half a head; a head without the body; a head that comes a byte at a time.
        lines[1].sendall(b"GET /v1/stats HTTP/1.1\r\nHost: loc")
        lines[2].sendall(
            b"POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 9\r\n\r\n{"
        )
        lines[3].settimeout(0.1)
        ended = False
        head = iter(b"GET /v1/stats HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"x" * 500)
        while not ended and time.monotonic() - begun < 8:
            try:
                lines[3].sendall(bytes([next(head)]))
                ended = lines[3].recv(100) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True
        assert ended
        assert b"408" in lines[2].recv(1000).partition(b"\r\n")[0]
        for raw in lines[:2]:
            assert raw.recv(1000) == b""
        assert time.monotonic() - begun < 8
        for raw in lines:
            raw.close()
        assert site.get("/health").status == 200


def test_a_body_that_drips_has_a_bound_in_all(tmp_path):
    with served(tmp_path / "memory", limits=Limits(silence=1.0)) as site, contextlib.closing(site.raw()) as line:
        line.sendall(b"POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        line.sendall(b"Content-Length: 100\r\n\r\n{")
        begun, answer = time.monotonic(), b""
        line.settimeout(0.3)
        while not answer and time.monotonic() - begun < 10:
            with contextlib.suppress(OSError):
                line.sendall(b" ")
            with contextlib.suppress(TimeoutError):
                answer = line.recv(4096)
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_an_answer_that_nobody_reads_is_dropped(tmp_path):
    with served(tmp_path / "memory", limits=Limits(silence=1.0)) as site, contextlib.closing(site.raw()) as line:
        site.memory.client.ingest({"id": "a", "text": "ion " * 3_000_000})
        line.sendall(b"GET /v1/documents/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(5)
        got = 0
        with contextlib.suppress(ConnectionError):
            while piece := line.recv(1 << 20):
                got += len(piece)
        assert got < 12_000_000


@pytest.mark.parametrize("name", ["Host", "Origin", "Authorization"])
def test_two_headers_of_one_name_are_refused(site, name):
    with contextlib.closing(site.raw()) as line:
        value = "http://localhost" if name == "Origin" else "localhost"
        head = "" if name == "Host" else "Host: localhost\r\n"
        line.sendall(f"GET /v1/stats HTTP/1.1\r\n{head}{name}: {value}\r\n{name}: {value}\r\n\r\n".encode())
        assert line.recv(4096).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("name", "asked", "says"),
    [
        ("nothing", {}, "there is no call `nothing`"),
        ("count", {"wher": {}}, "`count` takes no `wher`"),
        ("graph.node", {"lable": "x"}, "takes no `lable`"),
        ("ingest", {"documents": [], "odd": 1}, "takes no `odd`"),
        ("has", {"idd": "a"}, "takes no `idd`"),
    ],
)
def test_a_call_that_there_is_not_is_a_bad_request(site, name, asked, says):
    answer = site.post("/v1/call", {"wire": 1, "call": name, "arguments": asked})
    assert answer.status == 400
    assert says in answer.json["detail"]


def test_a_call_with_a_path_tells_nothing_of_the_files_of_the_server(site, tmp_path):
    (tmp_path / "there").write_text("secret")
    told = [
        site.post("/v1/call", {"wire": 1, "call": "ingest", "arguments": {"documents": str(path)}}).json["error"]
        for path in (tmp_path / "there", tmp_path / "not", tmp_path)
    ]
    assert [one["message"] for one in told] == ["`documents` is a list, not str"] * 3


def test_a_call_that_is_too_large_for_a_server_is_told_of_with_its_bound(tmp_path):
    limits = Limits(body_bytes=10_000)
    with served(tmp_path / "memory", limits=limits) as site, phago.connect(site.url, timeout=3) as client:
        with pytest.raises(phago.LimitError, match="10000") as caught:
            client.ingest({"text": "ion " * 5_000})
        assert caught.value.limit == 10_000
        assert len(client) == 0


def test_junk_on_the_socket_harms_nobody(site):
    for junk in (b"\x16\x03\x01" * 50, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 1000, b"A" * 200_000):
        with contextlib.closing(site.raw()) as raw, contextlib.suppress(OSError):
            raw.sendall(junk)
            raw.settimeout(0.2)
            raw.recv(1000)
    assert site.get("/health").status == 200


# --- figures ---


def test_figures_are_openmetrics(site):
    site.get("/v1/stats")
    answer = site.get("/metrics")
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    text = answer.body.decode()
    assert text.endswith("# EOF\n")
    assert "phago_documents 3\n" in text
    assert re.search(r'phago_http_requests_total\{route="/v1/stats",method="GET",status="200"\} \d+\n', text)
    counts = re.findall(r'_bucket\{route="/v1/stats",le="[^"]+"\} (\d+)', text)
    assert list(map(int, counts)) == sorted(map(int, counts))
    # Nothing that callers choose is a label.
    site.get("/v1/secret-of-somebody")
    assert "secret" not in site.get("/metrics").body.decode()


# --- the command ---


def command(directory, *arguments, **environment):
    line = [sys.executable, "-m", "phago", "serve", str(directory), "--port", "0", *arguments]
    env = {**{name: value for name, value in os.environ.items() if name != "PHAGO_TOKEN"}, **environment}
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_and_ends_in_peace(tmp_path, number):
    with command(tmp_path / "memory", PHAGO_TOKEN=TOKEN) as process:
        line = process.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", line)[0]
        with phago.connect(url, token=TOKEN) as client:
            with pytest.raises(PermissionError):
                phago.connect(url)
            # A write that is under way is finished.
            taken = []

            def write():
                texts = ({"text": f"{at} {'word ' * 200}"} for at in range(20_000))
                with contextlib.suppress(phago.PhagoError):
                    client.ingest(texts, progress=lambda told: taken.append(told.done))

            writing = threading.Thread(target=write)
            writing.start()
            while not taken:
                time.sleep(0.01)
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
            assert (process.returncode, out, err) == (0, "Ended.\n", "")
            client.close()
            writing.join(40)
    with phago.open(tmp_path / "memory", make=False) as colony:
        assert len(colony) % 1_000 == 0
        assert len(colony) >= taken[-1]


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (["--host", "0.0.0.0"], {}, "wants a token"),
        (["--token-file", "nowhere"], {}, "cannot be read"),
        ([], {"PHAGO_TOKEN": "short"}, "holds no token"),
        (["--port", "65536"], {}, "from 0 to 65535"),
        (["--host", "no.such.host.invalid"], {"PHAGO_TOKEN": TOKEN}, "cannot be had"),
        (["--host", "a" * 64], {"PHAGO_TOKEN": TOKEN}, "cannot be had"),
        (["--host", "a..b"], {"PHAGO_TOKEN": TOKEN}, "cannot be had"),
        (["--token", TOKEN], {}, "unrecognized arguments"),
    ],
)
def test_the_command_says_what_is_wrong_in_a_line(tmp_path, arguments, environment, says):
    with command(tmp_path / "memory", *arguments, **environment) as process:
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out) == (2, "")
        assert says in err
        assert "Traceback" not in err
    assert not (tmp_path / "memory").exists()


def test_the_command_says_that_others_can_read_the_token(tmp_path):
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o644)
    with command(tmp_path / "memory", "--token-file", str(file)) as process:
        assert "Serving" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
        assert "can be read by others" in err
        assert TOKEN not in err + out
