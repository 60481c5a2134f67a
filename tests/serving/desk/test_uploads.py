"""Files become texts: each with its own errors, sealed while it waits, read once, whatever stops in between."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from serving.desk import extraction, uploads
from serving.desk.uploads import NoSuchUpload, NotAColumn, TooMany
from serving.extract.result import MAX_FILE, Unreadable
from serving.store.desk import Case, Text, UploadedFile
from tests.serving.test_extract import make_docx, make_xlsx

CANARY = "Kanariefugl-7731"


def _start(desk, reference: str = "") -> int:
    return uploads.start(desk.ledger, desk.people["anna"], kind="note", reference=reference, keep_days=30)


def _add(desk, upload: int, name: str, data: bytes) -> int:
    return uploads.add_file(desk.ledger, desk.people["anna"], upload, name, data)


def _read_all(desk) -> int:
    count = 0
    while extraction.read_next(desk.ledger, keep_days=30):
        count += 1
    return count


def _state(desk, upload: int) -> uploads.UploadState:
    return uploads.state(desk.ledger, desk.people["anna"], upload)


def _texts(desk) -> int:
    with desk.ledger.reading() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(Text))


def test_each_file_is_read_or_tells_why_not(desk):
    upload = _start(desk)
    _add(desk, upload, "notat.txt", "Første notat".encode())
    _add(desk, upload, "brev.docx", make_docx("Andet notat", "med to afsnit"))
    _add(desk, upload, "billede.png", b"\x89PNG\r\n\x1a\n")
    _add(desk, upload, "igen.txt", "første  NOTAT".encode())
    assert _state(desk, upload).working
    assert _read_all(desk) == 4
    found = _state(desk, upload)
    assert not found.working
    assert found.finished == 4
    assert [(x.name, x.state, x.texts, x.known) for x in found.files] == [
        ("notat.txt", "done", 1, 0),
        ("brev.docx", "done", 1, 0),
        ("billede.png", "failed", 0, 0),
        ("igen.txt", "done", 0, 1),
    ]
    assert [x.code for x in found.files[2].problems] == ["image"]
    assert _texts(desk) == 2


def test_a_table_waits_until_somebody_names_its_column(desk):
    upload = _start(desk)
    file = _add(desk, upload, "ark.xlsx", make_xlsx([("nr", "tekst"), ("1", "Første"), ("2", "Anden"), ("3", "")]))
    _read_all(desk)
    (found,) = _state(desk, upload).files
    assert (found.state, found.columns) == ("choose", ("nr", "tekst"))
    for wrong in ("", "Tekst", "findes ikke"):
        with pytest.raises(NotAColumn):
            uploads.choose(desk.ledger, desk.people["anna"], upload, file, wrong)
    uploads.choose(desk.ledger, desk.people["anna"], upload, file, "tekst")
    with pytest.raises(NotAColumn):
        uploads.choose(desk.ledger, desk.people["anna"], upload, file, "tekst")
    _read_all(desk)
    (found,) = _state(desk, upload).files
    assert (found.state, found.texts) == ("done", 2)


def test_with_a_reference_all_texts_are_one_case(desk):
    upload = _start(desk, "sag 1")
    for i in range(3):
        _add(desk, upload, f"{i}.txt", f"notat {i}".encode())
    _read_all(desk)
    with desk.ledger.reading() as db:
        cases = set(db.scalars(sa.select(Text.case_id)))
    assert cases == {_state(desk, upload).case_id}


def test_a_file_is_sealed_while_it_waits_and_gone_when_it_is_read(desk, store):
    upload = _start(desk)
    _add(desk, upload, f"{CANARY}.txt", CANARY.encode())
    query = sa.select(UploadedFile.sealed_name, UploadedFile.sealed_data)
    with store.connect() as db:
        name, data = db.execute(query).one()
    assert CANARY.encode() not in name + data
    _read_all(desk)
    with store.connect() as db:
        assert db.execute(query).one().sealed_data is None


def test_a_file_whose_worker_died_is_read_again_and_its_texts_stand_once(desk):
    upload = _start(desk)
    _add(desk, upload, "a.txt", b"et notat")
    assert extraction.claim(desk.ledger) is not None
    assert not extraction.read_next(desk.ledger, keep_days=30)
    with desk.ledger.acting("system") as act:
        act.db.execute(sa.update(UploadedFile).values(claimed=act.now - timedelta(hours=1)))
    assert _read_all(desk) == 1
    assert _texts(desk) == 1


def test_a_long_table_that_was_stopped_in_the_middle_goes_on_where_it_was(desk, monkeypatch):
    upload = _start(desk)
    rows = [("tekst",), *((f"notat nummer {i % 130}",) for i in range(250))]
    file = _add(desk, upload, "ark.xlsx", make_xlsx(rows))
    _read_all(desk)
    uploads.choose(desk.ledger, desk.people["anna"], upload, file, "tekst")
    claimed = extraction.claim(desk.ledger)
    found = extraction.extract(claimed.name, claimed.data, column=claimed.column)
    assert extraction._store_some(desk.ledger, file, found, 30)
    (half,) = _state(desk, upload).files
    assert (half.state, half.texts, half.known) == ("reading", 100, 0)
    with desk.ledger.acting("system") as act:
        act.db.execute(sa.update(UploadedFile).values(claimed=act.now - timedelta(hours=1)))
    _read_all(desk)
    (whole,) = _state(desk, upload).files
    assert (whole.state, whole.texts, whole.known) == ("done", 130, 120)
    assert _texts(desk) == 130


def test_an_upload_is_its_owners_and_has_limits(desk, monkeypatch):
    upload = _start(desk)
    for act in (
        lambda: uploads.add_file(desk.ledger, desk.people["bo"], upload, "a.txt", b"a"),
        lambda: uploads.state(desk.ledger, desk.people["bo"], upload),
        lambda: uploads.choose(desk.ledger, desk.people["bo"], upload, 1, "a"),
        lambda: _state(desk, upload + 1),
    ):
        with pytest.raises(NoSuchUpload):
            act()
    with pytest.raises(Unreadable):
        _add(desk, upload, "stor.txt", b"a" * (MAX_FILE + 1))
    monkeypatch.setattr(uploads, "MAX_FILES", 1)
    _add(desk, upload, "a.txt", b"a")
    with pytest.raises(TooMany):
        _add(desk, upload, "b.txt", b"b")


def test_a_name_cannot_be_more_than_a_name(desk):
    upload = _start(desk)
    _add(desk, upload, "\u202etxt.exe\n" + "x" * 500, b"tekst")
    (found,) = _state(desk, upload).files
    assert found.name.startswith("txt.exe x")
    assert len(found.name) == 200


def test_an_erased_upload_takes_its_files_along(desk):
    from serving.desk import cases

    upload = _start(desk)
    _add(desk, upload, "a.txt", b"et notat")
    with desk.ledger.reading() as db:
        case = db.scalar(sa.select(Case.id))
    cases.erase(desk.ledger, case, actor="system", reason="asked")
    assert _read_all(desk) == 0
    with pytest.raises(NoSuchUpload):
        _state(desk, upload)
