"""The BentoML service as it is started: log-in link and key, health, and no text in any log or file."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from serving.cli import app
from serving.settings import read_settings
from tests.conftest import ROOT

CANARY = "KANARIEFUGL"
NOTE = f"{CANARY} skylder 30.000 kr. for rejsen til den der kørte bilen og formanden har taget passet."


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@pytest.fixture(scope="module")
def service(tmp_path_factory, model_folder):
    home = tmp_path_factory.mktemp("service")
    port, metrics = _free_port(), _free_port()
    environment = {
        **os.environ,
        "TEGN_HOME": str(home / "tegn"),
        "TEGN_MODEL": str(model_folder),
        "TEGN_PORT": str(port),
        "TEGN_METRICS_PORT": str(metrics),
        "TEGN_LOG": "json",
    }
    log = (home / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "serving", "start"],
        cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(base + "/readyz").status_code == 200:
                break
        assert process.poll() is None, (home / "log").read_text()
        time.sleep(0.2)
    (home / "metrics").write_text(f"http://127.0.0.1:{metrics}/metrics")
    yield base, home
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(30)


def test_it_prints_a_link_and_a_key_that_work_and_keeps_no_text(service):
    base, home = service
    said = (home / "log").read_text()
    link = re.search(rf"{base}/login/\S+", said)[0]
    key = re.search(r"tegn_\S+", said)[0]
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    answer = httpx.post(
        base + "/v1/tag",
        headers=headers,
        json={"documents": [{"id": CANARY, "kind": "note", "text": NOTE}]},
        timeout=60,
    )
    found = {x["code"] for x in answer.json()["results"][0]["indicators"]}
    assert "debt_bondage" in found

    with httpx.Client(base_url=base, timeout=60) as browser:
        assert browser.get("/").headers["location"] == "/login"
        assert browser.post(link.removeprefix(base)).headers["location"] == "/"
        assert "Gæld til bagmand" in browser.post("/", data={"text": NOTE}).text
        assert browser.post("/", data={"text": NOTE + "\x00"}).status_code == 422

    bad = [
        b'{"documents": "' + CANARY.encode(),
        json.dumps({"documents": [{"id": CANARY, "kind": CANARY, "text": NOTE}]}).encode(),
        json.dumps({"documents": [{"id": "a", "kind": "note", "text": NOTE, CANARY: 1}]}).encode(),
        json.dumps({CANARY: CANARY}).encode(),
        b"\xff" + CANARY.encode(),
    ]
    answers = [httpx.post(base + "/v1/tag", headers=headers, content=content) for content in bad]
    answers += [
        httpx.get(base + "/" + CANARY),
        httpx.get(base + "/v1/" + CANARY),
        httpx.post(base + "/v1/tag?all=" + CANARY, headers=headers, content=b"{}"),
        httpx.post(base + "/v1/tag", headers={"Authorization": "Bearer " + CANARY}, content=b"{}"),
        httpx.request(CANARY, base + "/v1/tag"),
        httpx.post(base + "/login/" + CANARY + "/" + CANARY),
        httpx.get(base + "/metrics"),
        httpx.get(base + "/docs.json"),
    ]
    for response in answers:
        assert 400 <= response.status_code < 500
        assert CANARY not in response.text
    told = httpx.get((home / "metrics").read_text()).text
    assert 'tegn_documents_total{kind="note",source="api",status="tagged"} 1.0' in told
    assert "tegn_" not in httpx.get(base + "/metrics").text
    assert CANARY not in told
    for line in (home / "log").read_text().splitlines():
        # What `start` prints is plain; of all that follows each line is one JSON object.
        assert line.startswith(("{", "Log in once", "API key", "Tegn serves")), line
        assert not line.startswith("{") or {"time", "level", "event"} <= set(json.loads(line)), line
    for path in home.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path
            assert b"tegn_http" not in path.read_bytes() or path.name == "metrics", "metrics stay in memory"


def test_health_is_open_and_says_nothing(service):
    base, _ = service
    assert httpx.get(base + "/livez").status_code == 200
    assert httpx.get(base + "/readyz").status_code == 200


def test_commands_print_the_key_or_the_link_alone(service):
    _, home = service
    environment = {**os.environ, "TEGN_HOME": str(home / "tegn")}
    run = subprocess.run(
        [sys.executable, "-m", "serving", "key", "add", "referral"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert re.fullmatch(r"tegn_\S{43}\n", run.stdout)
    run = subprocess.run(
        [sys.executable, "-m", "serving", "user", "add", "Bo", "--role", "analyst"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert re.fullmatch(r"http://127\.0\.0\.1:3000/login/\S{43}\n", run.stdout)


def test_a_missing_model_says_what_to_do(tmp_path):
    environment = {**os.environ, "TEGN_HOME": str(tmp_path / "h"), "TEGN_MODEL": str(tmp_path / "none")}
    run = subprocess.run(
        [sys.executable, "-m", "serving", "start"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "make train" in run.stderr
    assert "login" not in run.stdout


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("127.0.0.1", "port {port} of 127.0.0.1 is in use; stop what uses it or set TEGN_PORT to another"),
        ("0.0.0.0", "port {port} of 0.0.0.0 is in use; stop what uses it or set TEGN_PORT to another"),
        ("192.0.2.1", "192.0.2.1 is no address of this machine, so port {port} cannot be used; set TEGN_HOST"),
        ("localhost", "TEGN_HOST: localhost is no IP address; use 127.0.0.1 for this machine alone, "
                      "0.0.0.0 for all that reach it"),
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_named_before_anything_is_made(tmp_path, model_folder, host, said):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        environment = {
            "TEGN_HOME": str(tmp_path / "h"), "TEGN_MODEL": str(model_folder),
            "TEGN_HOST": host, "TEGN_PORT": str(port),
        }  # fmt: skip
        run = subprocess.run(
            [sys.executable, "-m", "serving", "start"],
            cwd=ROOT,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert (run.returncode, run.stdout, run.stderr) == (2, "", said.format(port=port) + "\n")
    assert not (tmp_path / "h").exists()


def test_a_relative_database_is_the_same_for_the_service(tmp_path, model_folder, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEGN_MODEL", str(model_folder))
    monkeypatch.setenv("TEGN_PORT", str(_free_port()))
    monkeypatch.setenv("TEGN_DATABASE_URL", "sqlite:///own.db")
    begun = {}
    monkeypatch.setattr(os, "execve", lambda *arguments: begun.update(arguments[2]))
    assert CliRunner().invoke(app, ["start"]).exit_code == 0
    assert Path.cwd() == ROOT
    for name, value in begun.items():
        monkeypatch.setenv(name, value)
    assert read_settings().store_url == f"sqlite:///{tmp_path}/own.db"
    assert (tmp_path / "own.db").is_file()


def test_a_bento_is_built_without_a_network_and_holds_nothing_else(tmp_path):
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "data_cards", "__pycache__"))
    environment = {
        **os.environ, "BENTOML_HOME": str(tmp_path / "bentoml"), "BENTOML_DO_NOT_TRACK": "True", "PIP_NO_INDEX": "1",
        "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9",
    }  # fmt: skip
    run = subprocess.run(
        [sys.executable, "-m", "bentoml", "build"],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    (packed,) = (tmp_path / "bentoml" / "bentos" / "tegn").glob("*/src")
    assert {x.name for x in packed.iterdir()} == {"triage", "serving", "models", "bentofile.yaml"}
    assert (packed / "models" / "tegn-da" / "model.json").is_file()
    assert (packed / "serving" / "review" / "templates" / "paste.html").is_file()
