"""What the server says of itself, `/openapi.json`, is what it does."""

import json
import re

import pytest
from phago.serve.app import OPERATIONS
from serving import served


def test_the_description_names_every_route(site):
    told = site.get("/openapi.json").json
    assert told["openapi"].startswith("3.1")
    for operation in OPERATIONS:
        path = re.sub(r"\{(\w+):key\}", r"{\1}", operation.path)
        found = told["paths"][path][operation.method.lower()]
        assert "200" in found["responses"]
    names = [one["operationId"] for methods in told["paths"].values() for one in methods.values()]
    assert len(names) == len(set(names))
    references = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(told)))
    assert references <= told["components"]["schemas"].keys()


def test_answers_have_the_form_that_the_description_says(site):
    jsonschema = pytest.importorskip("jsonschema")
    told = site.get("/openapi.json").json

    def check(path, method, answer):
        media = answer.headers["Content-Type"].partition(";")[0]
        schema = told["paths"][path][method]["responses"][str(answer.status)]["content"][media]["schema"]
        jsonschema.validate(answer.json, {**schema, "components": told["components"]})

    for path in (
        "/v1/stats",
        "/v1/insights",
        "/v1/clusters",
        "/v1/map",
        "/v1/concepts",
        "/v1/ticks",
        "/v1/documents",
        "/health",
    ):
        check(path, "get", site.get(path))
    check("/v1/documents/{id}", "get", site.get("/v1/documents/a"))
    check("/v1/documents/{id}", "get", site.get("/v1/documents/nobody"))
    check("/v1/neighbors/{concept}", "get", site.get("/v1/neighbors/membrane"))
    check("/v1/similar/{id}", "get", site.get("/v1/similar/a"))
    check("/v1/query", "post", site.post("/v1/query", {"text": "ions"}))
    check("/v1/query", "post", site.post("/v1/query", {}))
    check("/v1/explain", "post", site.post("/v1/explain", {"text": "ions", "id": "a"}))
    check("/v1/run", "post", site.post("/v1/run", {}))


PLACE_MAX = 2**63 - 1


@pytest.mark.parametrize(
    ("path", "body", "is_taken"),
    [
        ("/v1/documents", {"text": "a", "expires": 0}, True),
        ("/v1/documents", {"text": "a", "expires": 2**32 - 2}, True),
        ("/v1/documents", {"text": "a", "expires": 2**32 - 1}, False),
        ("/v1/documents", {"text": "a", "expires": -1}, False),
        ("/v1/documents", {"text": "a", "title": None, "metadata": None, "id": None}, True),
        ("/v1/documents", {"text": "a", "metadata": {"k": None, "l": ["b", 1, 1.5, True], "m": []}}, True),
        ("/v1/documents", {"text": "a", "metadata": {"k": [None]}}, False),
        ("/v1/documents", {"text": "a", "metadata": {"k": [["b"]]}}, False),
        ("/v1/documents", {"text": "a", "metadata": {" ": "b"}}, False),
        ("/v1/documents", {"text": "a", "thread": "t", "place": -PLACE_MAX - 1}, True),
        ("/v1/documents", {"text": "a", "thread": "t", "place": PLACE_MAX + 1}, False),
        ("/v1/documents", {"text": "a", "thread": "", "place": 1}, False),
        ("/v1/documents", {"text": "a", "thread": "t" * 513, "place": 1}, False),
        ("/v1/documents", {"text": "a", "id": ""}, False),
        ("/v1/documents", {"text": "a", "id": "b" * 513}, False),
        ("/v1/query", {"text": "a", "ranking": {"hop_share": 1, "seeds_max": 3}}, True),
        ("/v1/query", {"text": "a", "ranking": {"hop_share": "1"}}, False),
        ("/v1/query", {"text": "a", "ranking": {"seeds_max": 1.5}}, False),
        ("/v1/query", {"text": "a", "ranking": {"nonesuch": 1}}, False),
        ("/v1/query", {"text": "a", "ranking": "lexical"}, True),
        ("/v1/explain", {"text": "a", "ranking": {"hop_share": 1}}, True),
        ("/v1/explain", {"text": "a", "ranking": {"nonesuch": 1}}, False),
        ("/v1/explain", {"text": "a", "ranking": "lexical"}, False),
        ("/v1/delete", {"where": {}}, False),
        ("/v1/delete", {"where": {"nonesuch": "b"}}, True),
    ],
)
def test_the_server_takes_what_the_description_takes(tmp_path, path, body, is_taken):
    jsonschema = pytest.importorskip("jsonschema")
    with served(tmp_path / "memory") as site:
        told = site.get("/openapi.json").json
        schema = told["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert site.post(path, body).status == (200 if is_taken else 422)
        assert jsonschema.Draft202012Validator(schema).is_valid(body) is is_taken


@pytest.mark.parametrize(
    ("method", "path", "field", "says"),
    [
        ("GET", "/v1/documents?limt=1", "limt", "`limt` is no parameter of this; accepted are after, limit"),
        ("GET", "/v1/documents?limit=1&limit=2", "limit", "`limit` is there 2 times; accepted is once"),
        ("GET", "/v1/stats?limit", "limit", "`limit` is no parameter of this; accepted are none"),
        ("HEAD", "/v1/documents/a?k=1", None, None),
        ("DELETE", "/v1/documents/a?really=no", "really", "`really` is no parameter of this; accepted are none"),
        ("POST", "/v1/documents?on_eror=skip", "on_eror", "`on_eror` is no parameter of this; accepted are on_error,"),
        ("POST", "/v1/documents?update=true&update=false", "update", "`update` is there 2 times"),
        ("POST", "/v1/query?k=1", "k", "`k` is no parameter of this; accepted are none"),
    ],
)
def test_a_parameter_that_is_none_or_there_twice_is_refused(site, method, path, field, says):
    before = site.memory.client.digest()
    answer = site.ask(method, path, {"text": "ions"} if method == "POST" else None)
    assert answer.status == 422
    if field is not None:
        assert answer.json["fields"]["field"] == field
        assert answer.json["detail"].startswith(says)
    assert site.memory.client.digest() == before


@pytest.mark.parametrize("path", ["/health", "/metrics"])
def test_a_monitor_may_add_parameters_of_its_own(site, path):
    assert site.ask("GET", f"{path}?at=1&at=2").status == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/query", b'{"text": "ions", "text": "cells"}'),
        ("/v1/query", b'{"text": "ions", "where": {"text": 1, "a": 2, "text": 1}}'),
        ("/v1/documents", b'[{"text": "a"}, {"text": "b", "metadata": {"text": 1, "text": 2}}]'),
        ("/v1/delete", b'{"where": {"year": {"text": 1, "text": 2020}}}'),
    ],
)
def test_a_key_that_is_there_twice_is_refused(site, path, body):
    before = site.memory.client.digest()
    answer = site.post(path, body)
    assert (answer.status, answer.json["fields"]["field"]) == (422, "text")
    assert answer.json["detail"] == "the body has `text` 2 times in one object; accepted is once"
    assert site.memory.client.digest() == before


def test_a_line_of_a_stream_with_a_key_twice_is_left_out_and_told(site):
    before = site.memory.client.digest()
    told = site.post("/v1/documents", b'{"text": "a", "text": "b"}\n', Content_Type="application/x-ndjson").json
    assert told["rejected"][0]["reason"] == "it has `text` 2 times in one object; accepted is once"
    assert site.memory.client.digest() == before
