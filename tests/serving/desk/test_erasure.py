"""After an erasure nothing that is stored holds a word of the case, in clear or under a key that is still there."""

from collections.abc import Iterator

import sqlalchemy as sa

from serving.desk import cases, drafts, holding, intake, reading, uploads
from serving.store.desk import Case
from serving.store.groups import Ad, AdGroup, AdTie, AdTrace, GroupNote
from serving.store.ledger import SYSTEM, user
from serving.store.tables import Base
from serving.store.vault import CaseBox, Place, Tampered
from tests.serving.desk.conftest import SCHEME, Desk, spans

CANARY = "Kanariefugl-7731"
TEXT = f"{CANARY} siger at chefen tog hans pas."


def _fill(desk: Desk) -> int:
    """A case with everything in it that can hold words; returns its number."""
    person = desk.people["anna"]
    item = intake.Item(TEXT, f"{CANARY}.docx, side 2")
    more = {"kind": "note", "by": person, "actor": user(person), "reference": f"J {CANARY}", "keep_days": 30}
    (number,) = intake.submit(desk.ledger, [item], **more).new
    desk.tag({"withheld_documents": f"{CANARY} siger at chefen tog hans pas"})
    desk.take("bo", number)
    drafts.save(desk.ledger, SCHEME, desk.people["bo"], number, "finish", {"note": f"{CANARY} i kladden"})
    holding.give_back(desk.ledger, desk.people["bo"], number)
    desk.take("anna", number)
    reading.mark(desk.ledger, SCHEME, person, number, version=0, code="withheld_documents", verdict="accept")
    more = {"state": "stated", "spans": spans(TEXT, CANARY)}
    version = reading.mark(desk.ledger, SCHEME, person, number, version=1, code="threats", verdict="add", **more)
    more = {"outcome": "refer", "note": f"{CANARY} i noten", "ask_second": True}  # so that the draft stays
    reading.submit(desk.ledger, person, number, version=version, **more)
    upload = uploads.start(desk.ledger, person, kind="note", reference=f"J {CANARY}", keep_days=30)
    uploads.add_file(desk.ledger, person, upload, f"{CANARY}.csv", f"a;b\n{CANARY};{CANARY}\n".encode())
    with desk.ledger.reading() as db:
        case = db.scalar(sa.select(Case.id))
    _add_group(desk, case)
    return case


def _add_group(desk: Desk, case: int) -> None:
    """A group of ads, as if it were the case's own."""
    with desk.ledger.acting(SYSTEM) as act:
        box = cases.open_box(desk.ledger.vault, act.db.get(Case, case))
        act.db.add(AdGroup(id=1, name="g-1", case_id=case, made=act.now, loaded=act.now, ads=1, outcome="wait"))
        act.db.flush()
        rows = [
            Ad(id=1, group_id=1, place=1, known="x", sealed_text=b"", sealed_about=b"", added=act.now),
            AdTie(id=1, group_id=1, first_id=1, second_id=1, strength="weak", sealed_reasons=b""),
            GroupNote(id=1, group_id=1, about=1, user_id=1, made=act.now),
        ]
        for row in rows:
            act.db.add(row)
            act.db.flush()
            for column in [x.key for x in row.__table__.columns]:
                if column.startswith("sealed_"):
                    cases.seal(box, row, column, f"{CANARY} i {column}")
        act.db.add(AdTrace(ad_id=1, place=0, kind="phone", value="y"))


def _values(store: sa.Engine) -> Iterator[tuple[str, str, object, object]]:
    """Every value of every table: table, column, row, value."""
    with store.connect() as db:
        for table in Base.metadata.tables.values():
            for row in db.execute(sa.select(table)).mappings():
                yield from ((table.name, name, next(iter(row.values())), value) for name, value in row.items())


def _opened(store: sa.Engine, box: CaseBox) -> list[str]:
    """The columns with something in them that the key of the case opens to words of it."""
    found = []
    for table, column, row, value in _values(store):
        if isinstance(value, bytes):
            try:
                plain = box.open(value, Place(table, column, row))
            except (Tampered, ValueError):
                continue
            if CANARY.encode() in plain:
                found.append(f"{table}.{column}")
    return sorted(found)


def test_after_an_erasure_no_table_holds_a_word_in_clear_or_decryptable(desk, store):
    number = _fill(desk)
    with desk.ledger.reading() as db:
        wrapped = db.scalar(sa.select(Case.wrapped_key))
    box = desk.ledger.vault.open_case(wrapped, Place("cases", "wrapped_key", number))
    assert _opened(store, box) == [
        "ad_ties.sealed_reasons", "ads.sealed_about", "ads.sealed_answer", "ads.sealed_text", "cases.sealed_reference",
        "drafts.sealed_fields", "group_notes.sealed_note", "readings.sealed_note", "suggestions.sealed_answer",
        "texts.sealed_text", "texts.sealed_title", "uploaded_files.sealed_data", "uploaded_files.sealed_name",
    ]  # fmt: skip
    assert not any(CANARY in str(value) for *_, value in _values(store))
    cases.erase(desk.ledger, number, actor=SYSTEM, reason="asked")
    # Not even with the key, which somebody may have kept.
    assert _opened(store, box) == []
    left = list(_values(store))
    assert not any(CANARY in str(value) for *_, value in left)
    assert not any(isinstance(value, bytes) and (wrapped in value or value in wrapped) for *_, value in left)
    assert [value for table, column, _, value in left if (table, column) == ("cases", "wrapped_key")] == [None]
    tables = {table for table, *_ in left}
    assert not tables & {"texts", "suggestions", "readings", "drafts", "marks", "traces", "uploads", "uploaded_files"}
    assert not tables & {"ads", "ad_ties", "ad_traces", "group_notes"}


def _files(store: sa.Engine, tmp_path) -> bytes:
    """What the files of the database hold of the table of keys: of PostgreSQL, those of `cases`."""
    if store.dialect.name == "sqlite":
        return b"".join(x.read_bytes() for x in tmp_path.glob("store.db*"))
    with store.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql("CHECKPOINT")
        name = "CASE WHEN reltoastrelid = 0 THEN NULL ELSE pg_relation_filepath(reltoastrelid) END"
        found = db.exec_driver_sql(
            f"SELECT pg_relation_filepath('cases'), {name} FROM pg_class WHERE relname = 'cases'"
        )
        paths = [x for x in found.one() if x]
        read = sa.text("SELECT pg_read_binary_file(:path)")
        return b"".join(bytes(db.scalar(read, {"path": path})) for path in paths)


def test_the_key_is_gone_from_the_files_of_the_database_too(desk, store, tmp_path):
    number = _fill(desk)
    with desk.ledger.reading() as db:
        wrapped = db.scalar(sa.select(Case.wrapped_key))
    assert wrapped in _files(store, tmp_path)  # or the test looks in the wrong place
    cases.erase(desk.ledger, number, actor=SYSTEM, reason="asked")
    assert wrapped not in _files(store, tmp_path)
