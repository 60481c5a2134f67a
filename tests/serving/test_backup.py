"""Backups: whole, of one moment, without keys, and nothing half-made is ever left."""

import io
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from serving import VERSION
from serving.backup import archive, staging
from serving.backup.making import back_up
from serving.cli import app
from serving.desk import cases, intake
from serving.store import anchors
from serving.store.database import migrate, open_store, revisions
from serving.store.ledger import Ledger, open_ledger, user
from serving.store.masterkey import MasterKey
from serving.store.tables import AuditEntry, User
from tests.conftest import ROOT

CANARY = "Kanariefugl-7731"


@pytest.fixture
def home(tmp_path, store_url, monkeypatch) -> Path:
    """The environment of a service, on each kind of database in turn."""
    for name in [x for x in os.environ if x.startswith("TEGN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEGN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TEGN_DATABASE_URL", store_url)
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "kept").mkdir()
    return tmp_path / "home"


@pytest.fixture
def service(home, store_url):
    """A store with a person and a case."""
    found = open_ledger(store_url, home, {})
    with found.acting("system") as act:
        act.db.add(User(name="Anna", role="admin", created=act.now))
    submit(found, f"{CANARY} et")
    anchors.keep_anchor(found, home)
    yield found
    found.engine.dispose()


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "kept" / "tegn.tar"


def submit(ledger: Ledger, *texts: str, reference: str = "J 17") -> None:
    intake.submit(
        ledger,
        [intake.Item(x) for x in texts],
        kind="note",
        by=1,
        actor=user(1),
        reference=f"{CANARY} {reference}",
        keep_days=30,
    )


def run(*arguments: object):
    found = CliRunner().invoke(app, [str(x) for x in arguments])
    assert CANARY not in found.output
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found


def content(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        return {x.name: tar.extractfile(x).read() for x in tar.getmembers()}


def rewritten(file: Path, parts: dict[str, bytes]) -> None:
    with tarfile.open(file, "w") as tar:
        for name, data in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def test_a_backup_is_one_file_for_its_owner_with_a_manifest_and_no_key_and_no_text(service, home, file):
    last = anchors.dump(service.last())
    found = run("backup", file)
    assert found.exit_code == 0, found.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [x.name for x in file.parent.iterdir()] == ["tegn.tar"]
    parts = content(file)
    manifest = json.loads(parts["manifest.json"])
    assert manifest["tegn"] == VERSION
    assert manifest["engine"] == service.engine.dialect.name
    assert manifest["revision"] == revisions()[-1]
    assert manifest["cases"] == 1
    assert manifest["newest"] == anchors.dump(service.last()) != last
    assert manifest["keys"] == [manifest["key"]] == [service.vault.key_id]
    store = archive.STORES[service.engine.dialect.name]
    assert set(parts) == {"manifest.json", store, "endings.json", "audit.anchor"}
    assert parts["audit.anchor"].decode().strip() == last
    key = (home / "master.key").read_bytes().strip()
    for data in parts.values():
        assert key not in data
        assert CANARY.encode() not in data
    assert f"master key: {service.vault.key_id}" in found.stdout
    assert f"nobody can read it without the master key {service.vault.key_id}, which is not in it" in found.stderr


def test_a_backup_stands_in_the_audit_log_and_in_its_own(service, file):
    assert run("backup", file).exit_code == 0
    (entry,) = service.entries(act="store.backed_up")
    assert (entry.actor, dict(entry.details)) == ("system", {"cases": 1, "key": service.vault.key_id})
    assert json.loads(content(file)["manifest.json"])["newest"] == anchors.dump(entry.anchor)


def test_a_backup_replaces_nothing_unasked_and_nothing_but_a_backup(service, home, file, tmp_path):
    file.write_text("precious")
    for force in ((), ("--force",)):
        found = run("backup", file, *force)
        assert found.exit_code == 2
        assert file.read_text() == "precious"
    assert "no backup" in found.stderr
    file.unlink()
    assert run("backup", file).exit_code == 0
    before = file.read_bytes()
    found = run("backup", file)
    assert (found.exit_code, file.read_bytes()) == (2, before)
    assert "--force" in found.stderr
    assert run("backup", file, "--force").exit_code == 0
    assert file.read_bytes() != before
    link = tmp_path / "kept" / "link"
    link.symlink_to(file)
    assert run("backup", link, "--force").exit_code == 2
    assert run("backup", tmp_path / "none" / "x.tar").exit_code == 2
    assert not (tmp_path / "none").exists()


def test_force_replaces_no_other_tar(service, file):
    """A tar of somebody's photographs is no backup either."""
    rewritten(file, {"photograph.jpg": b"precious"})
    found = run("backup", file, "--force")
    assert found.exit_code == 2
    assert content(file) == {"photograph.jpg": b"precious"}


def test_a_backup_is_checked(service, home, file):
    assert run("backup", file).exit_code == 0
    found = run("backup", "--verify", file)
    assert found.exit_code == 0
    assert "whole, and made with the master key" in found.stderr
    (home / "master.key").rename(home / "elsewhere")
    found = run("backup", "--verify", file)
    assert found.exit_code == 0
    assert f"the master key {service.vault.key_id} is not here" in found.stderr
    assert run("backup", "--verify", file.with_name("none")).exit_code == 2


def test_a_backup_cut_off_anywhere_is_refused(service, file):
    assert run("backup", file).exit_code == 0
    whole = file.read_bytes()
    with tarfile.open(file) as tar:
        last = max(x.offset_data + x.size for x in tar.getmembers())  # after it a tar is filled up with zeros
    for end in (0, 1, 511, 512, 700, 1024, last // 3, last // 2, last * 9 // 10, last - 1):
        file.write_bytes(whole[:end])
        found = run("backup", "--verify", file)
        assert found.exit_code == 2, end
        assert "cannot be used" in found.stderr


def test_a_byte_changed_in_any_part_is_found(service, file):
    assert run("backup", file).exit_code == 0
    parts = content(file)
    for name, data in parts.items():
        changed = bytearray(data)
        changed[len(data) // 2] ^= 1
        rewritten(file, parts | {name: bytes(changed)})
        assert run("backup", "--verify", file).exit_code == 2, name


def test_what_was_put_together_without_the_master_key_is_refused(service, file):
    """Somebody who can write where backups lie could add themselves to the people in one, with right checksums."""
    assert run("backup", file).exit_code == 0
    parts = content(file)
    manifest = json.loads(parts["manifest.json"])
    parts["endings.json"] = b"[]  "
    part = archive.measure(_written(file.parent / "part", parts["endings.json"]))
    manifest["parts"]["endings.json"] = part.model_dump()
    rewritten(file, parts | {"manifest.json": json.dumps(manifest).encode()})
    found = run("backup", "--verify", file)
    assert found.exit_code == 2
    assert "somebody made or changed it who has no key" in found.stderr


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/b", "store.sqlite/../x", "audit.anchor\n"])
def test_a_path_in_a_backup_lands_nowhere(service, file, name):
    assert run("backup", file).exit_code == 0
    rewritten(file, content(file) | {name: b"x"})
    for command in (("backup", "--verify"), ("restore",)):
        found = run(*command, file)
        assert found.exit_code == 2
        assert "holds what no backup" in found.stderr
    assert not list(file.parent.parent.rglob("evil"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE])
def test_a_link_or_device_in_a_backup_is_refused(service, file, kind):
    assert run("backup", file).exit_code == 0
    parts = content(file)
    anchor = parts.pop("audit.anchor")
    rewritten(file, parts)
    with tarfile.open(file, "a") as tar:
        member = tarfile.TarInfo("audit.anchor")
        member.type, member.linkname, member.size = kind, "/etc/passwd", 0
        tar.addfile(member)
    assert anchor
    assert "holds what no backup" in run("backup", "--verify", file).stderr


def header(kind: bytes, size: bytes) -> bytes:
    """A header of a tar that says of what follows whatever one likes."""
    block = bytearray(tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT))
    block[156:157], block[124:136] = kind, size
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + sum(block[156:]) + 256)
    return bytes(block)


@pytest.mark.parametrize(
    "made_up",
    [
        header(tarfile.XHDTYPE, b"\x80" + (2**80).to_bytes(11, "big")),
        header(tarfile.GNUTYPE_LONGNAME, b"\x80" + (2**62).to_bytes(11, "big")),
        header(tarfile.XHDTYPE, b"\xff" + (256**11 - 512).to_bytes(11, "big")),
        header(tarfile.XHDTYPE, b"%011o\0" % 23) + b"23 GNU.sparse.size=none\n".ljust(512, b"\0"),
        header(tarfile.XHDTYPE, b"%011o\0" % 25) + b"999999999999999999999 a=b\n".ljust(512, b"\0"),
        header(tarfile.GNUTYPE_LONGNAME, b"%011o\0" % 0) * 5_000,
    ],
    ids=["a length of 80 bits", "a huge name", "less than nothing", "a number that is none", "a huge record", "nested"],
)
def test_a_tar_that_somebody_made_up_is_refused(file, made_up):
    file.parent.mkdir()
    plain = header(tarfile.REGTYPE, b"%011o\0" % 0)
    for data in (made_up + plain + bytes(1024), plain + made_up + plain + bytes(1024)):
        file.write_bytes(data)
        with pytest.raises(archive.BrokenBackup), archive.opened(file):
            pass


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seal": "æ" * 64}, "its manifest is none"),
        ({"tegn": "0.1\x1b[2J"}, "its manifest is none"),
        ({"revision": "0004\nmaster key: 00000000"}, "its manifest is none"),
        ({"format": 2}, "newer version of Tegn made it"),
        ({"format": "1"}, "its manifest is none"),
        ({"more": 1}, "its manifest is none"),
        ({"newest": "1:00"}, "its manifest is none"),
        ({"parts": {}}, "does not hold what its manifest says"),
        ({"engine": "oracle"}, "its manifest is none"),
    ],
)
def test_a_manifest_that_is_none_is_told(service, file, change, said):
    assert run("backup", file).exit_code == 0
    parts = content(file)
    parts["manifest.json"] = json.dumps(json.loads(parts["manifest.json"]) | change).encode()
    rewritten(file, parts)
    found = run("backup", "--verify", file)
    assert found.exit_code == 2
    assert said in found.stderr


def test_files_that_are_no_backup_are_refused(file):
    for data in (b"", b"x" * 2000, b"\x1f\x8b" + bytes(600), bytes(10_240)):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(data)
        with pytest.raises(archive.BrokenBackup), archive.opened(file) as found:
            found.check()
    rewritten(file, {"manifest.json": b"[" * 100_000})
    with pytest.raises(archive.BrokenBackup), archive.opened(file):
        pass


def test_a_backup_made_while_others_write_is_of_one_moment(service, store_url, home, file):
    """A case and its entry come and go in one transaction: in each copy there are as many of one as of the other."""
    stop, wrote = threading.Event(), []

    def write() -> None:
        other = open_ledger(store_url, home, {})
        while not stop.is_set():
            submit(other, f"{CANARY} {len(wrote)}", reference=f"sag {len(wrote)}")
            wrote.append(1)
        other.engine.dispose()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            while len(wrote) < 5 * (number + 1):
                time.sleep(0.01)
            back_up(service, home, file.with_name(f"{number}.tar"))
    finally:
        stop.set()
        writer.join()
    seen = []
    for number in range(3):
        manifest = json.loads(content(file.with_name(f"{number}.tar"))["manifest.json"])
        seq = int(manifest["newest"].split(":")[0])
        with service.reading() as db:
            created = sa.select(sa.func.count()).where(AuditEntry.act == "case.created", AuditEntry.seq <= seq)
            assert manifest["cases"] == db.scalar(created)
        seen.append(manifest["cases"])
    assert 1 < seen[0] < seen[1] < seen[2]


def test_a_backup_holds_nothing_of_what_was_erased(service, home, file):
    with service.reading() as db:
        sealed = db.scalar(sa.text("SELECT sealed_text FROM texts"))
    run("backup", file)
    if service.engine.dialect.name == "sqlite":
        assert bytes(sealed) in content(file)["store.sqlite"]
    cases.erase(service, 1, actor="system", reason="asked")
    run("backup", file, "--force")
    parts = content(file)
    assert json.loads(parts["manifest.json"])["cases"] == 0
    assert [(x["act"], x["number"], x["reason"]) for x in json.loads(parts["endings.json"])] == [
        ("case.erased", 1, "asked")
    ]
    if service.engine.dialect.name == "sqlite":
        assert bytes(sealed) not in parts["store.sqlite"]


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_backup_that_is_ended_in_the_middle_leaves_no_file(service, home, store_url, file, ended_by):
    """And after one that could not clear up, the next does."""
    script = (
        "import signal, sys, time; from serving.backup import archive; from serving.cli import app\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # which `nohup make test` would have it ignore
        "def measure(path): print('copied', flush=True); time.sleep(60)\n"
        "archive.measure = measure\n"
        f"app(['backup', {str(file)!r}])"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ
    )
    assert child.stdout.readline() == b"copied\n"
    found = run("backup", file)
    assert found.exit_code == 2
    assert "another process is making" in found.stderr
    child.send_signal(ended_by)
    assert child.wait(30) != 0
    assert not file.exists()
    if ended_by != signal.SIGKILL:
        assert list(file.parent.iterdir()) == []
    assert run("backup", file).exit_code == 0
    assert [x.name for x in file.parent.iterdir()] == ["tegn.tar"]


def test_a_full_disk_leaves_no_file_and_the_one_before(service, home, file):
    """The limit on the size of files is a disk that is full for this one process."""
    assert run("backup", file).exit_code == 0
    before = file.read_bytes()
    for bytes_left in (2_000, len(before) - 12_000):
        limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({bytes_left}, {bytes_left}));"
        script = f"{limit} from serving.cli import app; app(['backup', {str(file)!r}, '--force'])"
        done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert file.read_bytes() == before
        assert [x.name for x in file.parent.iterdir()] == ["tegn.tar"]


def test_a_damaged_database_is_not_backed_up_as_if_it_were_whole(service, home, store_url, file):
    """Of a table that a backup does not read itself, only the check of all pages knows."""
    if service.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL checks its own pages")
    path = Path(store_url.removeprefix("sqlite:///"))
    service.engine.dispose()
    with closing(sqlite3.connect(path)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'texts'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as store:
        store.seek((root - 1) * size)
        store.write(b"\xff" * size)
    found = run("backup", file)
    assert found.exit_code == 2
    assert "damaged" in found.stderr
    assert list(file.parent.iterdir()) == []


def test_without_the_programs_of_postgresql_a_backup_says_what_to_install(service, file, monkeypatch):
    if service.engine.dialect.name == "sqlite":
        pytest.skip("SQLite needs none")
    monkeypatch.setenv("PATH", str(file.parent))
    found = run("backup", file)
    assert found.exit_code == 2
    assert "pg_dump is not on PATH" in found.stderr
    assert list(file.parent.iterdir()) == []


def test_the_password_of_the_database_stands_on_no_command_line(service, home, store_url, file, monkeypatch, tmp_path):
    if service.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has none")
    programs, log = tmp_path / "programs", tmp_path / "log"
    programs.mkdir()
    for name in ("pg_dump", "pg_restore"):
        program = programs / name
        program.write_text(
            f'#!/bin/sh\n{{ echo "$0 $*"; env; }} >> {log}\nexport PGPASSWORD=\nexec {shutil.which(name)} "$@"\n'
        )
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    secret = sa.make_url(store_url).set(password="sesam-7731").render_as_string(hide_password=False)
    monkeypatch.setenv("TEGN_DATABASE_URL", secret)
    assert run("backup", file).exit_code == 0
    called, *environment = log.read_text().splitlines()
    assert "sesam" not in called
    assert "PGPASSWORD=sesam-7731" in environment
    assert not [x for x in environment if x.startswith("TEGN_")]


def test_a_store_of_an_earlier_form_is_backed_up_as_it_is(home, store_url, file):
    """A backup before an upgrade must not be an upgrade."""
    for revision in ("0001", "0003"):
        engine = open_store(store_url)
        migrate(engine, home, revision)
        engine.dispose()
        found = run("backup", file, "--force")
        assert found.exit_code == 0, found.stderr
        assert json.loads(content(file)["manifest.json"])["revision"] == revision


def test_a_store_of_a_newer_form_is_not_backed_up(service, file):
    with service.engine.begin() as db:
        db.execute(sa.text("UPDATE alembic_version SET version_num = '0999'"))
    found = run("backup", file)
    assert found.exit_code == 2
    assert "newer version of Tegn" in found.stderr
    assert not file.exists()


def test_a_log_that_can_record_nothing_is_told(service, file):
    with service.engine.begin() as db:
        db.execute(sa.text("UPDATE audit SET mac = :mac"), {"mac": b"x"})
    found = run("backup", file)
    assert found.exit_code == 2
    assert "audit verify" in found.stderr


def test_the_key_of_backups_is_one_of_its_own():
    keys = MasterKey.derive(bytes(range(32))).current
    assert len({keys.backup, keys.audit, keys.fingerprint}) == 3
    assert len(keys.backup) == 32


def test_nothing_is_made_in_a_folder_of_somebody_else(tmp_path, monkeypatch):
    """In a folder that all may write, such as /tmp, somebody could make it beforehand."""
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(staging.InTheWay, match="another user"), staging.staging(tmp_path / "x.tar", "backup"):
        pass


def test_a_name_that_was_taken_meanwhile_is_not_replaced(tmp_path):
    made, target = tmp_path / "made", tmp_path / "target"
    made.write_text("new")
    target.write_text("theirs")
    with pytest.raises(staging.InTheWay):
        staging.place(made, target, replace=False)
    assert target.read_text() == "theirs"
