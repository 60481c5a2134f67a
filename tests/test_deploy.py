"""What lies in `deploy/`, as far as it can be judged without a container engine and a running systemd."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
import time
import tomllib
from pathlib import Path

import pytest
import yaml

from serving import VERSION
from serving.api.bodies import MAX_BODY
from serving.review.fileforms import MAX_REQUEST
from serving.settings import known_variables
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES = COMPOSE["services"]
UNITS = ["tegn.service", "tegn-backup.service", "tegn-backup.timer"]
EVERYTHING = sorted(x for x in DEPLOY.rglob("*") if x.is_file())
IMAGE = (DEPLOY / "Containerfile").read_text("utf-8")


def unit(name: str) -> dict[str, dict[str, list[str]]]:
    """Sections of a unit, with all values of each key."""
    sections: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in (DEPLOY / name).read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, value = line.split("=", 1)
            sections.setdefault(section, {}).setdefault(key, []).append(value)
    return sections


def test_the_version_is_said_alike_everywhere():
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION
    assert SERVICES["tegn"]["image"] == f"tegn:{VERSION}"
    assert f"tegn:{VERSION}" in IMAGE


@pytest.mark.parametrize(
    "path", [*EVERYTHING, ROOT / "docs" / "operations.md", ROOT / "README.md"], ids=lambda x: x.name
)
def test_every_setting_that_is_named_is_one(path: Path):
    if "grafana" in path.parts or "prometheus" in path.parts:
        return
    named = set(re.findall(r"\bTEGN_[A-Z_]*[A-Z]\b", path.read_text("utf-8")))
    assert named <= known_variables(), named - known_variables()


def test_every_setting_stands_in_the_documentation():
    operations = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert {x for x in known_variables() if f"`{x}`" not in operations} == set()


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_do_little_and_is_watched(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"
    assert {"mem_limit", "pids_limit", "stop_grace_period"} <= service.keys()
    assert re.fullmatch(r"[a-z]+:\d[\w.-]*", service["image"])
    assert set(service["secrets"]) <= COMPOSE["secrets"].keys()
    assert set(service["networks"]) <= COMPOSE["networks"].keys()
    assert {x.split(":")[0] for x in service["volumes"]} <= COMPOSE["volumes"].keys()


def test_only_this_machine_reaches_tegn_and_only_tegn_the_database():
    assert SERVICES["tegn"]["ports"] == ["127.0.0.1:3000:3000"]
    assert "ports" not in SERVICES["database"]
    assert SERVICES["database"]["networks"] == ["back"]
    assert COMPOSE["networks"]["back"] == {"internal": True}
    gateway = COMPOSE["networks"]["front"]["ipam"]["config"][0]["gateway"]
    assert SERVICES["tegn"]["environment"]["FORWARDED_ALLOW_IPS"] == gateway


def test_tegn_is_healthy_once_it_is_ready():
    assert "/readyz" in SERVICES["tegn"]["healthcheck"]["test"][-1]
    compile(SERVICES["tegn"]["healthcheck"]["test"][-1], "healthcheck", "exec")
    assert SERVICES["tegn"]["depends_on"] == {"database": {"condition": "service_healthy"}}


def test_secrets_come_from_files_outside_the_repository():
    for secret in COMPOSE["secrets"].values():
        path = DEPLOY / secret["file"]
        ignored = subprocess.run(["git", "check-ignore", "-q", str(path)], cwd=ROOT, check=False)
        assert ignored.returncode == 0, path
    for service in SERVICES.values():
        assert "password" not in " ".join(str(x) for x in service["environment"].values()).replace(
            "database_password", ""
        )
        assert "env_file" not in service


def test_the_database_is_of_the_version_whose_programs_the_image_has():
    """An older pg_restore cannot read a newer dump, a newer one may say what an older server does not know."""
    version = re.match(r"postgres:(\d+)", SERVICES["database"]["image"])[1]
    assert f"postgresql-client-{version} " in IMAGE


def test_the_image_runs_as_nobody_and_from_bases_that_are_named_by_version():
    bases = re.findall(r"^FROM (\S+)", IMAGE, re.M)
    assert bases == ["python:3.11-slim-bookworm"] * 2
    assert re.search(r"^USER 10001:10001$", IMAGE, re.M)
    assert IMAGE.index("USER 10001") > IMAGE.rindex("COPY")
    copied = re.findall(r"^COPY (?!--from)(\S+)", IMAGE, re.M)
    assert copied == ["requirements/serving.txt", "triage", "serving", "models/tegn-da"]
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert [x.removeprefix("!") for x in ignore if x.startswith("!")] == [
        "triage",
        "serving",
        "models/tegn-da",
        "requirements/serving.txt",
    ]
    assert "*" in ignore


def test_the_bento_is_built_on_the_same_base():
    docker = yaml.safe_load((ROOT / "bentofile.yaml").read_text())["docker"]
    assert docker["base_image"] in IMAGE


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_can_be_read(name):
    assert {"Unit"} < unit(name).keys()
    configparser.ConfigParser(strict=False, interpolation=None).read(DEPLOY / name)


@pytest.mark.parametrize("name", ["tegn.service", "tegn-backup.service"])
def test_a_service_can_do_little(name):
    service = unit(name)["Service"]
    for key, value in {
        "User": "tegn",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "CapabilityBoundingSet": "",
        "UMask": "0077",
        "LimitCORE": "0",
        "StateDirectoryMode": "0700",
        "LoadCredential": "master.key:/etc/tegn/master.key",
    }.items():
        assert service[key] == [value], key
    assert "TEGN_MASTER_KEY_FILE=%d/master.key" in " ".join(service["Environment"])
    assert "tegn" in service["StateDirectory"][0].split()


def test_the_service_starts_again_unless_its_settings_are_wrong():
    service = unit("tegn.service")["Service"]
    assert service["Restart"] == ["on-failure"]
    assert service["RestartPreventExitStatus"] == ["2"]
    assert service["TimeoutStopSec"] == ["90s"]
    assert "MemoryDenyWriteExecute" not in service


def test_old_backups_go_only_after_a_new_one_was_checked():
    service = unit("tegn-backup.service")["Service"]
    made, checked, gone = service["ExecStart"]
    assert "-m serving backup" in made
    assert "--verify" in checked
    assert "-delete" in gone
    assert unit("tegn-backup.timer")["Timer"]["Persistent"] == ["yes"]


def test_a_backup_is_kept_as_many_days_as_are_said_and_nothing_else_is_deleted(tmp_path):
    """By the command of the unit, as systemd would run it."""
    service = unit("tegn-backup.service")["Service"]
    command = service["ExecStart"][-1].replace("$$", "$").replace("%%", "%").replace("%S", str(tmp_path))
    (days,) = (x for x in service["Environment"] if x.startswith("KEEP_BACKUPS_DAYS="))
    assert days == "KEEP_BACKUPS_DAYS=14"
    folder = tmp_path / "tegn-backups"
    folder.mkdir()
    for name, age in (("tegn-a.tar", 13.9), ("tegn-b.tar", 14.1), ("other.tar", 99), ("tegn-c.txt", 99)):
        (folder / name).touch()
        moment = time.time() - age * 86_400
        os.utime(folder / name, (moment, moment))
    subprocess.run(shlex.split(command), env={"PATH": os.environ["PATH"], "KEEP_BACKUPS_DAYS": "14"}, check=True)
    assert {x.name for x in folder.iterdir()} == {"tegn-a.tar", "other.tar", "tegn-c.txt"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_itself_finds_nothing_wrong(name):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(DEPLOY / name)], capture_output=True, text=True, check=False
    )
    said = [x for x in done.stderr.splitlines() if name in x and "is not executable" not in x]
    assert said == []


def test_the_proxy_lets_through_what_tegn_takes_and_little_more():
    proxy = (DEPLOY / "Caddyfile").read_text("utf-8")
    api, pages = (int(x) * 1_000_000 for x in re.findall(r"max_size (\d+)MB", proxy))
    for said, own in ((api, MAX_BODY), (pages, MAX_REQUEST)):
        assert own < said < own * 1.1
    assert "output discard" in proxy


def test_the_proxy_lets_people_in_while_no_model_is_loaded():
    """Caddy turns everybody away from a service that it takes for ill, and pages of cases work without a model."""
    assert re.findall(r"health_uri (\S+)", (DEPLOY / "Caddyfile").read_text("utf-8")) == ["/livez"]


@pytest.mark.skipif(shutil.which("caddy") is None, reason="Caddy is not here")
def test_caddy_itself_reads_its_file():
    done = subprocess.run(
        ["caddy", "adapt", "--config", str(DEPLOY / "Caddyfile")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
