"""`POST /v1/tag` as the interface says, and every kind of bad input."""

import json
import logging

import pytest
import sqlalchemy as sa
from openapi_spec_validator import validate

from serving.api import bodies
from serving.api.problems import TYPES
from serving.store.tables import ApiKey

NOTE = "Han skylder 30.000 kr. for rejsen til den der kørte bilen. Han fortæller at formanden har taget passet og gemt det."
CANARY = "KANARIEFUGL"
GOOD = {"id": "n-17", "kind": "note", "text": NOTE}


def post(client, key, body, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"} | headers
    return client.post("/v1/tag", content=content, headers=headers)


def test_a_text_is_tagged_with_evidence_in_the_shape_of_the_interface(client, key):
    answer = post(client, key, {"documents": [GOOD]}).json()
    assert set(answer) == {"model", "results"}
    assert set(answer["model"]) == {"name", "version", "scheme"}
    (result,) = answer["results"]
    assert set(result) == {"id", "status", "reasons", "priority", "forms", "indicators", "mentions", "entities"}
    assert (result["id"], result["status"]) == ("n-17", "tagged")
    found = {x["code"]: x for x in result["indicators"]}
    assert found["debt_bondage"]["decision"] == found["withheld_documents"]["decision"] == "flag"
    for x in result["indicators"]:
        assert set(x) == {
            "code", "name", "element", "strength", "evidence_base", "probability", "decision", "state", "evidence", "check",
        }  # fmt: skip
        for evidence in x["evidence"]:
            assert NOTE[evidence["start"] : evidence["end"]] == evidence["quote"]


def test_all_gives_the_clear_ones_too(client, key):
    response = client.post("/v1/tag?all=true", json={"documents": [GOOD]}, headers={"Authorization": f"Bearer {key}"})
    assert len(response.json()["results"][0]["indicators"]) == 32


def test_answers_keep_the_order_of_64_documents(client, key):
    documents = [GOOD | {"id": f"d{i}", "text": NOTE + f" Nr. {i}."} for i in range(64)]
    answer = post(client, key, {"documents": documents}).json()
    assert [x["id"] for x in answer["results"]] == [x["id"] for x in documents]


def test_offsets_are_code_points_of_the_text_as_sent(client, key):
    text = "👩‍👧\r\ne\u0301. " + NOTE
    answer = post(client, key, {"documents": [GOOD | {"text": text}]}).json()
    quotes = [x for i in answer["results"][0]["indicators"] for x in i["evidence"]]
    assert quotes
    assert all(text[x["start"] : x["end"]] == x["quote"] for x in quotes)


def test_50000_code_points_are_taken(client, key):
    assert post(client, key, {"documents": [GOOD | {"text": "👍" * 50_000}]}).status_code == 200


BAD = {
    "malformed": (b'{"documents": [' + CANARY.encode(), 400, None),
    "not utf-8": (b'{"documents": "\xff' + CANARY.encode() + b'"}', 400, None),
    "nan": (b'{"documents": NaN}', 400, None),
    "nested": (b"[" * 50_000, 400, None),
    "a list": ([GOOD], 422, ""),
    "nothing": ({}, 422, "documents"),
    "no documents": ({"documents": []}, 422, "documents"),
    "documents is text": ({"documents": CANARY}, 422, "documents"),
    "65 documents": ({"documents": [GOOD | {"id": str(i)} for i in range(65)]}, 422, "documents"),
    "duplicate ids": ({"documents": [GOOD, GOOD | {"text": CANARY}]}, 422, "documents[1].id"),
    "unknown field": ({"documents": [GOOD], CANARY: 1}, 422, ""),
    "unknown field of a document": ({"documents": [GOOD | {CANARY: CANARY}]}, 422, "documents[0]"),
    "labels": ({"documents": [GOOD | {"labels": []}]}, 422, "documents[0]"),
    "empty text": ({"documents": [GOOD | {"text": ""}]}, 422, "documents[0].text"),
    "50,001 code points": ({"documents": [GOOD | {"text": "a" * 50_001}]}, 422, "documents[0].text"),
    "NUL": ({"documents": [GOOD | {"text": CANARY + "\x00"}]}, 422, "documents[0].text"),
    "lone surrogate": (
        b'{"documents": [{"id": "a", "kind": "note", "text": "' + CANARY.encode() + b'\\ud800"}]}', 422, "documents[0].text",
    ),
    "text is a number": ({"documents": [GOOD | {"text": 7}]}, 422, "documents[0].text"),
    "id is null": ({"documents": [GOOD | {"id": None}]}, 422, "documents[0].id"),
    "kind": ({"documents": [GOOD | {"kind": CANARY}]}, 422, "documents[0].kind"),
    "second document": ({"documents": [GOOD, {"id": "b", "kind": "note"}]}, 422, "documents[1].text"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_a_problem_document_that_never_repeats_it(client, key, caplog, capsys, name):
    body, status, path = BAD[name]
    with caplog.at_level(logging.DEBUG):
        response = post(client, key, body)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["type"].removeprefix("urn:tegn:problem:") in TYPES
    if path is not None:
        assert path in [x["path"] for x in problem["errors"]]
    assert CANARY not in response.text + str(response.headers) + caplog.text + "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""]
)
def test_another_content_type_is_415(client, key, kind):
    response = post(client, key, {"documents": [GOOD]}, **{"Content-Type": kind})
    assert (response.status_code, response.json()["type"]) == (415, "urn:tegn:problem:media-type")


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "Bearer tegn_" + "x" * 43, "Bearer \udcff"]
)
def test_no_or_a_wrong_key_is_401(client, header):
    headers = {} if header is None else {"Authorization": header.encode("utf-8", "surrogateescape")}
    response = client.post("/v1/tag", json={"documents": [GOOD]}, headers=headers)
    assert (response.status_code, response.json()["type"]) == (401, "urn:tegn:problem:no-key")
    assert "Bearer" in response.headers["www-authenticate"]


def test_a_key_without_the_scope_is_403(client, app, key):
    with app.state.ledger.engine.begin() as db:
        db.execute(sa.update(ApiKey).values(scopes="other"))
    response = post(client, key, {"documents": [GOOD]})
    assert (response.status_code, response.json()["type"]) == (403, "urn:tegn:problem:scope")


@pytest.mark.parametrize("chunked", [False, True])
def test_too_large_a_body_is_413(client, key, monkeypatch, chunked):
    monkeypatch.setattr(bodies, "MAX_BODY", 1000)
    content = b"x" * 1001
    response = client.post(
        "/v1/tag",
        content=iter([content]) if chunked else content,
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
    )
    assert (response.status_code, response.json()["type"]) == (413, "urn:tegn:problem:too-large")


def test_a_length_of_thousands_of_digits_is_413(client, key):
    """Python refuses to read such a number."""
    response = post(client, key, {"documents": [GOOD]}, **{"Content-Length": "9" * 5000})
    assert (response.status_code, response.json()["type"]) == (413, "urn:tegn:problem:too-large")
    assert client.post("/login", content=b"name=a", headers={"Content-Length": "9" * 5000}).status_code == 413


@pytest.mark.parametrize("path", ["/v1/nothing", "/nothing", "/login", "/queue", "/texts/x"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_address_with_bytes_that_are_no_ascii_is_answered_as_any_other(app, client, path, method):
    """Some servers let them through, where the standard wants them percent-encoded."""
    statuses = []
    for query in (b"", b"lang=\xaf&to=\xff"):
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query, "scheme": "http",
            "headers": [(b"host", b"127.0.0.1:3000")], "server": ("127.0.0.1", 3000), "client": ("127.0.0.1", 1),
            "http_version": "1.1", "root_path": "", "state": {},
        }  # fmt: skip

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        client.portal.call(app, scope, receive, send)
    assert statuses[0] == statuses[1] < 500


def test_unknown_paths_and_methods(client, key):
    assert client.get("/v1/" + CANARY).json()["type"] == "urn:tegn:problem:not-found"
    assert client.get("/v1/tag").json()["type"] == "urn:tegn:problem:method"
    assert client.post("/v1/tag?all=" + CANARY, headers={"Authorization": f"Bearer {key}"}).status_code == 422


def test_a_failure_inside_is_a_problem_without_text_in_answer_or_log(client, key, app, monkeypatch, caplog, capsys):
    async def fail(*_, **__):
        raise RuntimeError(NOTE)

    monkeypatch.setattr(app.state.engine, "read", fail)
    logging.getLogger("tegn").propagate = True
    with caplog.at_level(logging.DEBUG):
        response = post(client, key, {"documents": [GOOD]})
    assert (response.status_code, response.json()["type"]) == (500, "urn:tegn:problem:internal")
    assert "RuntimeError at test_api.py" in caplog.text
    assert "skylder" not in response.text + caplog.text + "".join(capsys.readouterr())


def test_while_loading_it_says_so(client, key, app, monkeypatch):
    monkeypatch.setattr(app.state.engine, "ready", False)
    response = post(client, key, {"documents": [GOOD]})
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").status_code == 200


def test_the_description_is_valid_openapi_3_1_and_names_no_victim_and_no_score_of_a_person(client):
    described = client.get("/v1/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    validate(described)
    names = set()

    def walk(value):
        if isinstance(value, dict):
            for name, x in value.items():
                names.add(name.lower())
                walk(x)
        elif isinstance(value, list):
            for x in value:
                walk(x)

    walk(described["components"]["schemas"])
    assert not any(word in name for name in names for word in ("victim", "person_", "risk", "offer", "suspect"))
    assert set(described["paths"]["/v1/tag"]["post"]["responses"]) >= {
        "200",
        "400",
        "401",
        "403",
        "413",
        "415",
        "422",
        "503",
    }


def test_answers_fit_the_description(client, key):
    import jsonschema

    described = client.get("/v1/openapi.json").json()
    schema = {"$ref": "#/components/schemas/TagResponse", "components": described["components"]}
    answer = client.post("/v1/tag?all=true", json={"documents": [GOOD]}, headers={"Authorization": f"Bearer {key}"})
    jsonschema.validate(answer.json(), schema)
