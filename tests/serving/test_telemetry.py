"""Metrics, traces and log lines: what they tell, where they are told, and that none of them carries text."""

import asyncio
import contextlib
import io
import json
import logging
import re
import socket
import urllib.request

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import generate_latest
from starlette.testclient import TestClient

from serving.app import create_app
from serving.jobs import Jobs
from serving.settings import Settings
from serving.store import anchors
from serving.telemetry import logs, names
from serving.telemetry.metrics import Metrics
from serving.telemetry.observer import Observer
from serving.telemetry.port import metrics_port
from serving.telemetry.traces import Traces
from serving.telemetry.waiting import Waiting
from tests.serving.desk.conftest import desk  # noqa: F401 (a fixture)
from tests.serving.test_routes import FILLED, TABLE
from triage.assessment import Assessment, Priority
from triage.text import Document

CANARY = "KANARIEFUGL"
NOTE = f"{CANARY} skylder 30.000 kr. for rejsen til den der kørte bilen og formanden har taget passet."
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def value(app, name: str, /, **labels: str) -> float:
    found = app.state.metrics.registry.get_sample_value(name, labels)
    assert found is not None, f"{name} {labels} is not there"
    return found


def tag(client, key, *texts, **headers):
    documents = [{"id": f"d{i}", "kind": "note", "text": text} for i, text in enumerate(texts)]
    return client.post("/v1/tag", json={"documents": documents}, headers={"Authorization": f"Bearer {key}"} | headers)


@pytest.fixture
def spans(monkeypatch) -> InMemorySpanExporter:
    """Spans of the app, as they would be sent."""
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(Traces, "to", classmethod(lambda cls, _: cls(exporter)))
    return exporter


def sent(app, exporter: InMemorySpanExporter):
    app.state.observer.traces._provider.force_flush()
    return exporter.get_finished_spans()


def test_a_call_is_counted_with_its_stages_decisions_and_abstentions(client, app, key):
    assert tag(client, key, NOTE, "Hej").status_code == 200
    assert value(app, "tegn_http_requests_total", route="/v1/tag", method="POST", status="200") == 1
    assert value(app, "tegn_http_request_seconds_count", route="/v1/tag", method="POST") == 1
    for stage, times in (("read", 1), ("tag", 1), ("whole", 1)):
        assert value(app, "tegn_stage_seconds_count", stage=stage) == times
    assert value(app, "tegn_documents_total", kind="note", source="api", status="tagged") == 1
    assert value(app, "tegn_documents_total", kind="note", source="api", status="abstained") == 1
    assert value(app, "tegn_abstentions_total", reason="too_short") == 1
    assert value(app, "tegn_decisions_total", indicator="debt_bondage", decision="flag") == 1
    assert value(app, "tegn_decisions_total", indicator="threats", decision="clear") == 1
    assert value(app, "tegn_queue_length") == 0
    assert value(app, "tegn_acts_total", act="api.called") == 1


def test_a_text_of_the_page_is_counted_as_one(logged_in, app):
    assert logged_in.post("/", data={"text": NOTE}).status_code == 200
    assert value(app, "tegn_documents_total", kind="note", source="page", status="tagged") == 1


def test_the_model_and_whether_it_is_ready_are_told(client, app, engine, monkeypatch):
    tagger = engine.tagger
    labels = {"name": tagger.name, "version": tagger.version, "scheme": tagger.scheme.version}
    assert value(app, "tegn_model_info", **labels) == 1
    assert value(app, "tegn_ready") == 1
    monkeypatch.setattr(engine, "ready", False)
    assert value(app, "tegn_ready") == 0


def test_each_refusal_of_the_api_is_counted_under_its_reason(client, app, key, monkeypatch):
    client.post("/v1/tag", json={})
    client.post("/v1/tag", content=b"{", headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
    client.get("/v1/nothing")
    client.get("/v1/tag")
    client.post("/v1/tag?all=" + CANARY, headers={"Authorization": f"Bearer {key}"})
    monkeypatch.setattr(app.state.engine, "ready", False)
    assert tag(client, key, NOTE).status_code == 503
    for reason in ("no-key", "malformed-json", "not-found", "method", "invalid-request", "loading"):
        assert value(app, "tegn_refusals_total", reason=reason) == 1, reason
    assert value(app, "tegn_refusals_total", reason="rate") == 0


def test_a_failure_inside_is_counted_and_no_one_else_is_told_of_it(client, app, key, monkeypatch):
    async def fail(*_, **__):
        raise RuntimeError(NOTE)

    monkeypatch.setattr(app.state.engine, "read", fail)
    assert tag(client, key, NOTE).status_code == 500
    assert value(app, "tegn_refusals_total", reason="internal") == 1
    assert value(app, "tegn_http_requests_total", route="/v1/tag", method="POST", status="500") == 1


def test_what_people_decide_is_counted_by_indicator_and_verdict(desk):  # noqa: F811
    metrics = Metrics()
    metrics.model("m", "v", _scheme())
    desk.ledger.on_act = metrics.acted
    number = desk.ready(NOTE, {"debt_bondage": "skylder"})
    desk.take("anna", number)
    from serving.desk import reading

    version = reading.mark(
        desk.ledger, _scheme(), desk.people["anna"], number, version=0, code="debt_bondage", verdict="reject",
        reason="lawful",
    )  # fmt: skip
    reading.undo(desk.ledger, desk.people["anna"], number, version=version)
    counted = metrics.registry.get_sample_value
    assert counted("tegn_verdicts_total", {"indicator": "debt_bondage", "verdict": "reject"}) == 1
    assert counted("tegn_verdicts_total", {"indicator": "debt_bondage", "verdict": "undo"}) == 1
    assert counted("tegn_verdicts_total", {"indicator": "debt_bondage", "verdict": "accept"}) == 0
    assert counted("tegn_acts_total", {"act": "reading.taken"}) == 1


def test_an_act_that_is_taken_back_is_not_counted(desk):  # noqa: F811
    seen = []
    desk.ledger.on_act = lambda act, details: seen.append(act)
    with contextlib.suppress(RuntimeError), desk.ledger.acting("system") as act:
        act.record("account.read")
        raise RuntimeError
    assert seen == []


def _scheme():
    from triage.indicators import load_scheme

    return load_scheme()


def test_work_beside_requests_tells_what_waits_and_what_failed(desk, engine, tmp_path, monkeypatch):  # noqa: F811
    desk.submit(NOTE, NOTE + " Mere.")
    observer = Observer()
    observer.metrics.registry.register(Waiting(desk.ledger, tmp_path))
    monkeypatch.setattr("serving.telemetry.waiting.FRESH", 0)
    engine.watched_by(observer)
    counted = observer.metrics.registry.get_sample_value
    assert counted("tegn_store_up", {}) == 1
    assert counted("tegn_texts", {"stage": "new"}) == 2
    assert counted("tegn_oldest_waiting_seconds", {"what": "text"}) > 0
    assert counted("tegn_oldest_waiting_seconds", {"what": "file"}) == 0
    assert counted("tegn_home_free_bytes", {}) > 0

    tagger, failed = engine.tagger, []

    def fail_once(documents, *, check):
        if not failed:
            failed.append(True)
            raise RuntimeError(NOTE)
        return tagger(documents, check=check)

    monkeypatch.setattr(engine, "tagger", fail_once)
    asyncio.run(Jobs(desk.ledger, engine, keep_days=30, home=tmp_path, observer=observer).step())
    assert counted("tegn_texts", {"stage": "new"}) == 0
    assert counted("tegn_oldest_waiting_seconds", {"what": "text"}) == 0
    assert counted("tegn_background_failures_total", {"work": "tagging"}) == 1
    assert counted("tegn_documents_total", {"kind": "note", "source": "desk", "status": "failed"}) == 1
    assert counted("tegn_documents_total", {"kind": "note", "source": "desk", "status": "tagged"}) == 1
    assert counted("tegn_audit_anchor_timestamp_seconds", {}) > 0


def test_a_broken_audit_log_is_counted(desk, engine, tmp_path):  # noqa: F811
    (tmp_path / anchors.FILE).write_text(f"999:{'0' * 64}\n")
    observer = Observer()
    Jobs(desk.ledger, engine, keep_days=30, home=tmp_path, observer=observer)._tidy()
    counted = observer.metrics.registry.get_sample_value
    assert counted("tegn_audit_faults_total", {"fault": "broken"}) == 1
    assert counted("tegn_audit_anchor_timestamp_seconds", {}) == 0
    (tmp_path / anchors.FILE).write_text("nonsense\n")
    Jobs(desk.ledger, engine, keep_days=30, home=tmp_path, observer=observer)._tidy()
    assert counted("tegn_audit_faults_total", {"fault": "unusable"}) == 1


def test_a_store_that_does_not_answer_is_told_as_that(desk, tmp_path):  # noqa: F811
    waiting = Waiting(desk.ledger, tmp_path)
    with desk.ledger.engine.begin() as db:
        db.exec_driver_sql("ALTER TABLE texts RENAME TO gone")
    found = {sample.name: sample.value for metric in waiting.collect() for sample in metric.samples}
    assert found["tegn_store_up"] == 0
    assert "tegn_texts" not in found


def test_labels_come_from_closed_sets_whatever_is_given():
    metrics = Metrics()
    metrics.model("m", "v", _scheme())
    metrics.request("/", CANARY, 200, 0.1)
    metrics.refused(CANARY)
    metrics.stage(CANARY, 1)
    metrics.failed(CANARY)
    metrics.audit_fault(CANARY)
    metrics.acted("decision.made", {"indicator": CANARY, "verdict": CANARY})
    metrics.acted("login.refused", {"reason": CANARY})
    odd = Assessment("a", CANARY, (CANARY,), Priority("none", {}), (), (), (), ())
    metrics.assessed(CANARY, [Document("a", CANARY, "x")], [odd])
    said = generate_latest(metrics.registry).decode()
    assert CANARY not in said
    assert f'tegn_documents_total{{kind="{names.OTHER}",source="{names.OTHER}",status="{names.OTHER}"}} 1.0' in said


# Where metrics are served


def _free_port() -> int:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as s:
        return int(s.getsockname()[1])


def test_metrics_are_at_a_port_of_their_own_while_the_service_runs_and_nowhere_else(tmp_path, engine, model_folder):
    port = _free_port()
    settings = Settings(home=tmp_path / "h", model=model_folder, metrics_port=port)
    address = f"http://127.0.0.1:{port}/metrics"
    with TestClient(create_app(lambda: settings, engine), base_url="http://127.0.0.1:3000") as client:
        said = urllib.request.urlopen(address, timeout=5).read().decode()
        assert "tegn_ready 1.0" in said
        assert "_created" not in said
        for path in ("/metrics", "/metrics/", "/v1/metrics", "/static/metrics"):
            answer = client.get(path)
            assert answer.status_code == 404
            assert "tegn_" not in answer.text
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address, timeout=5)


def test_no_port_is_opened_unless_it_is_asked_for(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("it listens")

    monkeypatch.setattr("serving.telemetry.port.start_http_server", refuse)
    assert (Settings(home=tmp_path).metrics_port, Settings(home=tmp_path).metrics_host) == (0, "127.0.0.1")
    with metrics_port(Metrics().registry, "127.0.0.1", 0):
        pass


def test_a_port_that_is_taken_stops_nobodys_work(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("tegn"), "propagate", True)
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with metrics_port(Metrics().registry, "127.0.0.1", port):
            pass
    assert f"no metrics: port {port} of 127.0.0.1 cannot be used" in caplog.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"metrics_port": 3000}, "another than TEGN_PORT"),
        ({"traces": "collector:4318"}, "address of an OpenTelemetry collector"),
        ({"traces": "http://name:word@collector"}, "address of an OpenTelemetry collector"),
        ({"log": "xml"}, "'text' or 'json'"),
    ],
)
def test_wrong_settings_are_refused_with_what_they_take(given, said):
    with pytest.raises(ValueError, match=said):
        Settings(**given)


def test_the_path_of_a_collector_is_put_in_where_none_is_given():
    assert Settings(traces="http://127.0.0.1:4318").traces == "http://127.0.0.1:4318/v1/traces"
    assert Settings(traces="https://c.example/otlp/v1/traces").traces == "https://c.example/otlp/v1/traces"


# Traces


def test_a_request_is_a_span_in_the_callers_trace_with_its_stages_below(spans, client, app, key):
    assert tag(client, key, NOTE, traceparent=CALLER).status_code == 200
    found = {span.name: span for span in sent(app, spans)}
    request = found["POST /v1/tag"]
    assert format(request.context.trace_id, "032x") == CALLER.split("-")[1]
    assert format(request.parent.span_id, "016x") == CALLER.split("-")[2]
    assert dict(request.attributes) == {
        "http.request.method": "POST", "http.route": "/v1/tag", "http.response.status_code": 200,
    }  # fmt: skip
    for stage in ("read", "tag", "whole"):
        assert found[stage].parent.span_id == request.context.span_id
        assert request.start_time <= found[stage].start_time <= found[stage].end_time
        assert not found[stage].attributes


def test_a_caller_that_does_not_sample_is_followed(spans, client, app, key):
    assert tag(client, key, NOTE, traceparent=CALLER[:-1] + "0").status_code == 200
    assert sent(app, spans) == ()


def test_nothing_of_an_exception_is_in_a_span_but_that_it_failed(spans, client, app, key, monkeypatch):
    async def fail(*_, **__):
        raise RuntimeError(NOTE)

    monkeypatch.setattr(app.state.engine, "read", fail)
    assert tag(client, key, NOTE).status_code == 500
    (request,) = (span for span in sent(app, spans) if span.name == "POST /v1/tag")
    assert request.status.status_code.name == "ERROR"
    assert request.status.description is None
    assert request.events == ()


def test_bentoml_makes_no_spans_of_its_own():
    """Its spans hold paths as sent, such as log-in links, and would stand between the caller's and ours."""
    from bentoml._internal.configuration.containers import BentoMLContainer

    from serving.service import Tegn

    Tegn.inject_config()
    excluded = BentoMLContainer.tracing_excluded_urls.get()
    assert excluded.url_disabled("http://127.0.0.1:3000/login/secret")
    assert excluded.url_disabled("http://127.0.0.1:3000/")


def test_without_a_collector_no_span_is_made(client, app):
    assert app.state.observer.traces._provider is None
    app.state.observer.traces.stage("tag", 1)


# Log lines


@pytest.fixture
def written(monkeypatch):
    """A logger's lines as our formatters write them, both forms."""
    streams = {"text": io.StringIO(), "json": io.StringIO()}
    handlers = []
    for form, stream in streams.items():
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logs._JSON() if form == "json" else logs._Plain())
        handlers.append(handler)
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [*root.handlers, *handlers])
    # A server in this process may have set them.
    for name in ("tegn", "uvicorn", "uvicorn.error", "asyncio", "bentoml"):
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
    return streams


def test_a_request_is_one_json_object_with_route_status_time_and_trace(client, key, written):
    tag(client, key, NOTE, traceparent=CALLER)
    line = json.loads(written["json"].getvalue().splitlines()[-1])
    assert line["ms"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["time"])
    assert {name: line[name] for name in line if name not in ("ms", "time")} == {
        "level": "info", "event": "request", "route": "/v1/tag", "method": "POST", "status": 200,
        "trace": CALLER.split("-")[1],
    }  # fmt: skip
    assert re.search(r" INFO POST /v1/tag 200 \d+ ms$", written["text"].getvalue(), re.M)


def test_lines_of_ours_say_what_all_of_their_kind_say_and_lines_of_the_server_are_json_too(written):
    logging.getLogger("tegn").error("text %d cannot be opened: %s", 7, "KeyLost")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    ours, theirs = (json.loads(line) for line in written["json"].getvalue().splitlines())
    assert (ours["event"], ours["message"]) == ("text %d cannot be opened: %s", "text 7 cannot be opened: KeyLost")
    assert (theirs["event"], theirs["logger"]) == ("server", "uvicorn.error")


def test_no_traceback_and_no_words_of_an_exception_are_written(written):
    """asyncio puts an exception's words below the first line, servers a traceback after it."""
    try:
        raise RuntimeError(NOTE)
    except RuntimeError as error:
        for name in ("asyncio", "uvicorn.error", "bentoml"):
            logging.getLogger(name).error("It failed.\nfuture: %r", error, exc_info=True)
    for form in written.values():
        assert form.getvalue().count("It failed. (RuntimeError)") == 3
        assert CANARY not in form.getvalue()


def test_the_servers_handlers_are_guarded_in_both_forms(monkeypatch):
    for form in logs.FORMATS:
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
        monkeypatch.setattr(logging.getLogger("uvicorn.error"), "handlers", [handler])
        logs.set_up(form)
        logs.set_up(form)  # as a second app in the process does
        try:
            raise RuntimeError(NOTE)
        except RuntimeError:
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
        said = stream.getvalue()
        assert "Exception in ASGI application (RuntimeError)" in said
        assert CANARY not in said
        assert (json.loads(said)["level"] == "error") if form == "json" else said.startswith("[ERROR]")
    logs.set_up("text")


# Nothing carries text


def test_a_canary_sent_through_every_route_is_in_no_metric_trace_or_log(spans, app, client, key, unlimited, written):
    """In paths, queries, forms, bodies, file names, cookies and headers, as everybody who may call."""
    access = app.state.access
    sources = {"X-Request-Id": CANARY, "User-Agent": CANARY, "tracestate": f"a={CANARY}", "baggage": f"a={CANARY}"}
    traced = [{"traceparent": CALLER}, {"traceparent": CANARY}, {}]
    form = dict.fromkeys(("text", "reference", "name", "password", "words", "note", "code", "reason", "q"), CANARY)
    body = json.dumps({"documents": [{"id": CANARY, "kind": "note", "text": NOTE}], CANARY: 1}).encode()
    for who, role in (("Anna", "analyst"), ("Lis", "lead"), ("Adam", "admin")):
        client.cookies.clear()
        client.cookies.set("tegn", access.use_link(access.add_user(who, role)))
        client.post("/submit", data={"text": NOTE, "reference": CANARY, "kind": "note"})
        client.post("/", data={"text": NOTE})
        for number, (method, path) in enumerate(sorted(TABLE)):
            if path == "/logout":
                continue
            filled = path
            for name in FILLED:
                filled = filled.replace(name, "1" if name == "{number}" else CANARY)
            headers = sources | traced[number % 3]
            more = {"data": form, "files": {"files": (CANARY + ".txt", NOTE.encode())}} if method == "POST" else {}
            client.request(method, f"{filled}?{CANARY}={CANARY}", headers=headers, follow_redirects=False, **more)
            client.request(method, filled, headers=headers, data=form, follow_redirects=False)
    assert tag(client, key, NOTE, **sources, traceparent=CALLER).status_code == 200
    for content in (body, b"{" + CANARY.encode(), b"\xff" + CANARY.encode()):
        client.post(
            "/v1/tag", content=content, headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        )
    client.post("/v1/tag", headers={"Authorization": f"Bearer {CANARY}"})
    client.get(f"/{CANARY}", headers=sources)
    client.request(CANARY, "/v1/tag", headers=sources)
    asyncio.run(Jobs(app.state.ledger, app.state.engine, keep_days=30, observer=app.state.observer).step())

    metrics = generate_latest(app.state.metrics.registry).decode()
    routes = set(re.findall(r'tegn_http_requests_total\{method="[^"]*",route="([^"]*)"', metrics))
    assert routes == {path for _, path in TABLE} - {"/logout"} | {names.NO_ROUTE}, "a route was not called"
    made = sent(app, spans)
    assert {"POST /v1/tag", "GET /texts/{number}"} <= {span.name for span in made}
    everything = metrics + "".join(span.to_json() for span in made) + "".join(x.getvalue() for x in written.values())
    for word in (CANARY, CANARY.lower(), "skylder", "Anna", key, key[5:15]):
        assert word not in everything, word
