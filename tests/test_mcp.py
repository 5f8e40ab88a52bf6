"""A memory in the tools of an agent: real clients of the SDK over the standard streams and over HTTP."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import jsonschema
import mcp_trial
import phago
import pytest
from mcp_clients import IS_1, PHAGO, http_server, over_http, over_stdio, plain, run
from support import CLEAN

DOCUMENTS = [
    {
        "id": "membrane",
        "title": "Cell membranes",
        "text": "Ion channels let ions cross the cell membrane.",
        "time": "2024-05-01T09:30:00Z",
        "metadata": {"year": 2024, "tags": ["cell", "ion"]},
    },
    {"id": "pump", "title": "Sodium pump", "text": "The sodium pump moves ions against their gradient."},
    {"id": "t/1", "text": "Ann: what makes bread rise?", "thread": "talk", "place": 1},
    {"id": "t/2", "text": "Bob: yeast does.", "thread": "talk", "place": 2},
]


async def walk(client):
    """Every tool once, as an agent would."""
    tools = await client.tools()
    assert list(tools) == ["remember", "recall", "explain", "forget", "related", "insights", "status"]
    told = await client.ask("remember", documents=DOCUMENTS)
    assert told == {"ids": ["membrane", "pump", "t/1", "t/2"], "new": 4, "changed": 0, "unchanged": 0}
    assert (await client.ask("remember", documents=DOCUMENTS))["unchanged"] == 4
    hit = (await client.ask("recall", question="how do ions cross a membrane"))["hits"][0]
    assert hit["id"] == "membrane"
    assert hit["passage"] == DOCUMENTS[0]["text"]
    assert hit["time"] == "2024-05-01T09:30:00+00:00"
    assert hit["metadata"] == {"year": 2024, "tags": ["cell", "ion"]}
    assert set(hit["path"]["words"]) >= {"ions", "cross", "membrane"}
    assert sum(hit["parts"].values()) == pytest.approx(hit["score"], abs=1e-3)
    assert await client.read(hit["uri"]) == DOCUMENTS[0]["text"]
    talk = (await client.ask("recall", question="what makes bread rise"))["hits"]
    assert [(one["id"], one["thread"], one["place"]) for one in talk[:2]] == [("t/1", "talk", 1), ("t/2", "talk", 2)]
    why = await client.ask("explain", question="how do ions cross a membrane", id="pump")
    assert {share["origin"] for share in why["shares"]} >= {"ions"}
    assert "gradient" in {one["concept"] for one in (await client.ask("related", concept="sodium"))["concepts"]}
    assert (await client.ask("related", id="pump"))["documents"][0]["id"] == "membrane"
    assert (await client.ask("status"))["documents"] == 4
    gone = await client.ask("forget", ids=["pump", "nowhere", "pump"])
    assert gone == {"gone": 1, "missing": 1, "forgotten": ["pump"], "not_there": ["nowhere"]}
    assert (await client.ask("recall", question="sodium"))["hits"] == []
    words, failed = await client.call("recall", id="pump")
    assert failed
    assert words == "there is no document `pump`; `recall` with a `question` finds ids"
    for name, tool in (await client.tools()).items():
        assert tool["annotations"]["readOnlyHint"] is (name not in ("remember", "forget"))
        jsonschema.Draft202012Validator.check_schema(tool["inputSchema"])
        jsonschema.Draft202012Validator.check_schema(tool["outputSchema"])


def test_every_tool_over_the_standard_streams(tmp_path):
    async def main():
        async with over_stdio(tmp_path / "m", log=tmp_path / "log") as client:
            await walk(client)

    run(main())
    assert (tmp_path / "log").read_text() == ""
    with phago.open(tmp_path / "m") as colony:
        assert sorted(one.id for one in colony.documents()) == ["membrane", "t/1", "t/2"]


def test_every_tool_over_http(tmp_path):
    async def main(address):
        async with over_http(address) as client:
            await walk(client)

    with http_server(tmp_path / "m") as (address, process):
        run(main(address))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert "Traceback" not in process.stderr.read()
    assert phago.verify(tmp_path / "m").is_whole


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A server of several tests, each with documents of its own."""
    with http_server(tmp_path_factory.mktemp("served") / "m") as (address, _):
        yield address


@pytest.mark.skipif(IS_1, reason="mcp 1.x knows no later protocol")
def test_the_protocol_without_a_handshake(served):
    from mcp.client import Client

    async def main():
        async with Client(served) as client:
            result = plain(await client.call_tool("remember", {"documents": ["Ions."]}))
            assert result["structuredContent"]["new"] == 1
            assert client.session.protocol_version >= "2026"

    run(main())


@pytest.mark.parametrize("over", ["the standard streams", "http"])
def test_three_clients_at_once_on_one_memory(tmp_path, served, over):
    together = asyncio.Barrier(3)

    async def agent(connected, name):
        async with connected() as client:
            for turn in range(6):
                await client.ask("remember", documents=[{"id": f"{name}-{turn}", "text": f"Note {turn} by {name}."}])
                found = await client.ask("recall", question=f"note by {name}", k=20)
                assert sum(one["id"].startswith(name) for one in found["hits"]) == turn + 1
            await together.wait()
            found = await client.ask("recall", question="+note by", k=100, token_budget=100_000)
            assert len(found["hits"]) == 18
            # Nobody leaves before all have looked.
            await together.wait()

    async def main(connected):
        await asyncio.gather(*(agent(connected, name) for name in ("anna", "berta", "carla")))

    if over == "http":
        run(main(lambda: over_http(served)))
    else:
        run(main(lambda: over_stdio(tmp_path / "m", log=tmp_path / "log")))
        assert (tmp_path / "log").read_text() == ""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_when_the_server_that_owns_the_memory_is_killed_the_others_go_on(tmp_path):
    with started(tmp_path / "m") as owner:
        said_hello(owner)

        async def main():
            async with over_stdio(tmp_path / "m") as client:
                assert (await client.ask("remember", documents=["Ions cross."]))["new"] == 1
                owner.kill()
                owner.wait()
                assert (await client.ask("remember", documents=["Yeast makes bread."]))["new"] == 1
                assert (await client.ask("status"))["documents"] == 2

        run(main())
        owner.communicate()


def test_a_program_that_has_the_memory_alone_is_named(tmp_path, says):
    with phago.open(tmp_path / "m"):
        code, out, err = says("mcp", tmp_path / "m", "--wait", "0.2")
    assert (code, out) == (4, "")
    assert str(os.getpid()) in err
    assert err.startswith("phago: ")


def test_one_id_remembered_by_many_at_once_has_one_text(served):
    async def main():
        async with over_http(served) as client:
            told = await asyncio.gather(
                *(client.call("remember", documents=[{"id": "one", "text": f"Text {number}."}]) for number in range(12))
            )
            assert sum(not failed for _, failed in told) == 1
            assert all("`one` is the id of a document with other content" in words for words, failed in told if failed)
            told = await asyncio.gather(
                *(
                    client.ask("remember", documents=[{"id": "one", "text": f"Other {number}."}], replace=True)
                    for number in range(12)
                )
            )
            assert [one["changed"] for one in told] == [1] * 12
            text = (await client.ask("recall", id="one"))["document"]["text"]
            assert text in {f"Other {number}." for number in range(12)}

    run(main())


def test_a_call_that_is_given_up_leaves_the_server_well(tmp_path):
    async def main():
        async with over_stdio(tmp_path / "m") as client:
            texts = [{"id": f"d{number}", "text": f"word{number % 97} and cell {number}"} for number in range(1000)]
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.call("remember", documents=texts), 0.01)
            # Taken whole or not at all.
            for _ in range(25):
                if (documents := (await client.ask("status"))["documents"]) == 1000:
                    break
                await asyncio.sleep(0.02)
            assert documents in (0, 1000)
            assert (await client.ask("remember", documents=texts))["ids"][-1] == "d999"

    run(main())


ODD = ["a/b c", "..", ".", "?x#y", "%2F", "ünï😀", "a\\b", "http://x/y?id=1", "?id=..", "\x01\t", "x" * 512]


def test_documents_are_resources_whatever_their_ids(tmp_path):
    with phago.open(tmp_path / "m") as colony:
        colony.ingest({"id": name, "text": f"Text of {number}."} for number, name in enumerate(ODD))
        colony.ingest({"id": f"n{number:04}", "text": f"Number {number}."} for number in range(230))

    async def main():
        async with over_stdio(tmp_path / "m") as client:
            listed, cursor, pages = [], None, 0
            while cursor is not None or not pages:
                page = await client.resources(cursor)
                listed += page["resources"]
                cursor, pages = page.get("nextCursor"), pages + 1
            assert pages == 3
            assert sorted(one["name"] for one in listed) == sorted([*ODD, *(f"n{n:04}" for n in range(230))])
            uris = {one["name"]: one["uri"] for one in listed}
            assert len(set(uris.values())) == len(listed)
            for number, name in enumerate(ODD):
                assert await client.read(uris[name]) == f"Text of {number}.", name
            # As a client writes it that escapes nothing.
            assert await client.read("phago://documents/n0001") == "Number 1."
            templates = plain(await client.session.list_resource_templates())["resourceTemplates"]
            assert [one["uriTemplate"] for one in templates] == ["phago://documents/{id}"]
            for uri in ("phago://documents/nowhere", "phago://other/x", "file:///etc/passwd"):
                with pytest.raises(Exception, match=r"there is no document|is no resource of this memory"):
                    await client.read(uri)
            assert (await client.ask("status"))["documents"] == 241

    run(main())


def test_reading_only_sees_what_another_process_writes_and_cannot_change_it(tmp_path):
    with phago.open(tmp_path / "m") as colony:
        colony.ingest({"id": "a", "text": "Ions."})

        async def main():
            async with over_stdio(tmp_path / "m", "--read-only") as client:
                assert not {"remember", "forget"} & set(await client.tools())
                words, failed = await client.call("forget", ids=["a"])
                assert failed
                assert words.startswith("there is no tool `forget`; there are recall,")
                colony.ingest({"id": "b", "text": "More ions."})
                assert (await client.ask("status"))["documents"] == 2

        run(main())


# --- how it begins and ends --------------------------------------------------------------------------------------

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}


def started(folder, *options):
    command = [*PHAGO, "mcp", str(folder), *options]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, **pipes, env=CLEAN)


def said_hello(process):
    process.stdin.write(json.dumps(HELLO).encode() + b"\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "phago"


def test_a_closed_input_ends_it_quietly_and_lines_that_are_no_messages_do_not_end_it(tmp_path):
    with started(tmp_path / "m") as process:
        said_hello(process)
        process.stdin.write(b"hello\n\xff\xfe\n{}\n")
        process.stdin.write(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}).encode() + b"\n")
        process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 7, "method": "tools/list"}).encode() + b"\n")
        process.stdin.flush()
        # Nothing else than messages, whatever the SDK says of the lines.
        messages = map(json.loads, process.stdout)
        assert next(each for each in messages if each.get("id") == 7)["result"]["tools"]
        out, err = process.communicate(timeout=20)
    assert out == b""
    assert process.returncode == 0
    assert b"Traceback" not in err


@pytest.mark.parametrize(
    ("name", "asked", "says"),
    [
        ("recall", '{"question": "\\ud800"}', "`question` has half of a character"),
        ("recall", '{"question": NaN}', "`question` is the number NaN"),
        ("recall", '{"question": "x", "k": ' + "9" * 5000 + "}", "`k` is the number 99999999999999999999..."),
        ("recall", '{"question": "x", "newer": NaN}', "`newer` is the number NaN"),
        ("recall", '{"question": "x", "newer": -Infinity}', "`newer` is the number -Infinity"),
        ("recall", '{"question": "x", "token_budget": 1e400}', "`token_budget` is the number 1e400"),
        ("recall", '{"question": "x", "newer": -1E+0999}', "`newer` is the number -1E+0999"),
        ("recall", '{"question": "x", "newer": ' + "9" * 400 + ".0}", "`newer` is the number 9999"),
        ("recall", '{"question": "NaN is no \\ud83e\\udda0"}', None),
        ("recall", '{"question": "x", "where": {"k": NaN}}', "`where.k` is the number NaN"),
        ("recall", '{"question": "x", "where": {"\\ud800": 1}}', "`where` has half of a character"),
        ("recall", '{"question": "x", "where": ' + "[" * 200 + "]" * 200 + "}", "nests too deeply"),
        ("remember", '{"documents": [{"text": "aa", "id": NaN}]}', "`documents[0].id` is the number NaN"),
        ("remember", '{"documents": ["aa", "\\ud800"]}', "`documents[1]` has half of a character"),
        (
            "remember",
            '{"documents": [{"text": "aa", "metadata": {"k": [1, Infinity]}}]}',
            "`documents[0].metadata.k[1]` is",
        ),
        ("remember", '{"documents": [{"text": "aa", "metadata": NaN}]}', "`documents[0].metadata` is the number NaN"),
        ("forget", '{"ids": ["\\ud801"]}', "`ids[0]` has half of a character"),
    ],
)
def test_what_is_hardly_json_is_answered_and_changes_nothing(name, asked, says):
    from phago.mcp.lines import readable
    from phago.mcp.service import Service

    line = '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"recall","arguments":' + asked + "}}"
    told = json.loads(readable(line))["params"]["arguments"]
    with phago.Colony() as colony:
        colony.ingest({"id": "?", "text": "Ions."})
        result = Service(colony).methods["tools/call"]({"name": name, "arguments": told})
        assert result["isError"] is (says is not None)
        assert says is None or says in result["content"][0]["text"]
        assert [document.id for document in colony.documents()] == ["?"]


@pytest.mark.parametrize("depth", [20, 90, 150, 300, 450])
def test_what_nests_deeper_than_the_sdk_reads_is_answered(depth):
    from mcp.types import JSONRPCMessage
    from phago.mcp.lines import readable
    from pydantic import TypeAdapter

    where = '{"$not":' * depth + "{}" + "}" * depth
    line = (
        '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"arguments":{"question":"x","where":' + where + "}}}"
    )
    told = readable(line)
    message = TypeAdapter(JSONRPCMessage)
    assert message.dump_python(message.validate_json(told))["id"] == 2
    assert (told == line) == (depth < 100)
    with phago.Colony() as colony, pytest.raises(phago.ConfigError, match="where"):
        colony.query("x", where=json.loads(told)["params"]["arguments"]["where"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (b'{"question": "ions \\ud800"}', "`question`"),
        (b'{"question": "ions \xed\xa0\x80 \xff"}', None),
        (b'{"question": "ions", "k": ' + b"9" * 5000 + b"}", "`k`"),
        (b'{"question": "ions", "newer": NaN}', "`newer`"),
    ],
)
def test_what_is_hardly_json_is_answered_over_http_too(served, arguments, says):
    body = b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"recall","arguments":' + arguments + b"}}"
    told = answered(served, body)
    assert told["id"] == 2
    assert told["result"]["isError"] is (says is not None)
    assert says is None or says in told["result"]["content"][0]["text"]


def test_a_body_that_is_no_json_is_an_error_of_the_protocol(served):
    told = answered(served, b"no JSON at all")
    assert told["error"]["code"] in (-32700, -32602)


def answered(address, body):
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)


def test_a_client_that_is_gone_in_the_middle_ends_it_quietly(tmp_path):
    with started(tmp_path / "m") as process:
        said_hello(process)
        process.stdout.close()
        process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 7, "method": "tools/list"}).encode() + b"\n")
        process.stdin.flush()
        # It ends by itself, though its input is still open.
        assert process.wait(20) == 0
        assert process.stderr.read() == b""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_quietly_and_at_once(tmp_path, number):
    with started(tmp_path / "m") as process:
        said_hello(process)
        begun = time.monotonic()
        process.send_signal(number)
        out, err = process.stdout.read(), process.stderr.read()
        assert (process.wait(20), out, err) == (0, b"", b"")
        assert time.monotonic() - begun < 5
    assert phago.verify(tmp_path / "m").is_whole


def test_a_memory_that_is_deleted_under_it_is_told_of(tmp_path):
    async def main():
        async with over_stdio(tmp_path / "m") as client:
            await client.ask("remember", documents=["Ions cross."])
            shutil.rmtree(tmp_path / "m")
            # What was read is still there; nothing is acknowledged that cannot be kept.
            assert (await client.ask("recall", question="ions"))["hits"]
            words, failed = await client.call("remember", documents=["Yeast."])
            assert failed
            assert words.startswith(f"`{tmp_path / 'm'}` was deleted or moved: nothing can be kept")
            assert (await client.ask("status"))["documents"] == 1

    run(main())


def test_a_folder_of_something_else_is_left_alone(tmp_path, says):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/a.txt").write_text("mine")
    for place, words in [("notes", "holds other files"), ("notes/a.txt", "is a file")]:
        for command in (["mcp"], ["mcp", "install", "cursor", "--print"]):
            code, out, err = says(*command, tmp_path / place)
            assert (code, out) == (2, "")
            assert words in err
    assert [one.name for one in (tmp_path / "notes").iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--http", "--host", "0.0.0.0"], "beyond this machine a token is needed"),
        (["--http", "--port", "99999"], "not a number from 0 to 65535"),
        (["--http", "--host", "256.1.1.1", "--token-file", "token"], "cannot be listened on"),
        (["--http", "--token-file", "nowhere"], "`--token-file nowhere` cannot be read"),
    ],
)
def test_wrong_usage_is_a_line(tmp_path, says, options, told):
    Path("token").write_text("open-sesame-open-sesame", encoding="utf-8")
    Path("token").chmod(0o600)
    code, out, err = says("mcp", tmp_path / "m", *options)
    assert (code, out) == (2, "")
    assert told in err


# --- who may ask over HTTP ---------------------------------------------------------------------------------------


def posted(address, **headers):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **headers}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


TOKEN = "open-sesame-open-sesame"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server that wants a token."""
    with http_server(tmp_path_factory.mktemp("guarded") / "m", env={"PHAGO_TOKEN": TOKEN}) as (address, _):
        yield address


WELL = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (WELL, 200),
        ({**WELL, "Origin": "http://localhost:3000"}, 200),
        ({}, 401),
        ({"Authorization": f"Bearer {TOKEN[:-1]}"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({**WELL, "Host": "evil.example"}, 421),
        ({**WELL, "Host": "127.0.0.1.evil.example"}, 421),
        ({**WELL, "Origin": "http://evil.example"}, 403),
        ({**WELL, "Origin": "null"}, 403),
    ],
)
def test_the_host_the_origin_and_the_token_are_checked(guarded, headers, status):
    assert posted(guarded, **headers) == status


def test_who_has_the_token_is_served_and_other_paths_are_not(guarded):
    assert posted(guarded.replace("/mcp", "/etc/passwd"), **WELL) == 404
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(guarded, headers=WELL), timeout=20)
    with caught.value:
        assert caught.value.code == 405

    async def main():
        async with over_http(guarded, TOKEN) as client:
            assert (await client.ask("status"))["documents"] == 0

    run(main())


@pytest.mark.parametrize("chunked", [False, True])
def test_a_long_request_is_refused(guarded, chunked):
    body = b"x" * ((4 << 20) + 1)
    headers = {**WELL, "Content-Type": "application/json"}
    request = urllib.request.Request(guarded, iter([body]) if chunked else body, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        with error:
            status = error.code
    except (ConnectionError, urllib.error.URLError):
        # It was refused while it was being sent.
        status = 413
    assert status == 413
    assert posted(guarded, **WELL) == 200


def test_an_agent_that_knows_only_descriptions_and_schemas_gets_along(tmp_path):
    said, answers = run(mcp_trial.trial(tmp_path / "m"))
    assert said == mcp_trial.TRANSCRIPT.read_text(encoding="utf-8"), "`python tests/mcp_trial.py` writes it anew"
    empty, stored, found, listed, why, wired, changed, again, gone, after = answers
    assert empty["documents"] == 0
    assert stored["new"] == 11
    assert found["hits"][0]["id"] == "budget"
    assert listed["hits"][-1]["id"] == "budget"
    assert [share["part"] for share in why["shares"]][-1] == "bridge"
    assert wired["concepts"][0]["together"] == 8
    assert changed["changed"] == 1
    assert "Wednesday" in again["hits"][0]["passage"]
    assert (gone["forgotten"], gone["not_there"]) == (["coffee"], ["tea"])
    assert after["unknown"] == ["coffee", "machine", "broken"]
