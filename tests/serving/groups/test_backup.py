"""A backup holds groups of ads with what people said of them, sealed; one that was erased since is erased again."""

import pytest
import sqlalchemy as sa

from serving.desk import cases
from serving.groups import noting, view
from serving.groups.loading import load_groups
from serving.groups.view import Elsewhere
from serving.store.desk import Case
from serving.store.groups import Ad, AdGroup, AdTie
from tests.serving.groups.made import CANARY, a_group, an_ad, write
from tests.serving.test_backup import file, home, run, service
from tests.serving.test_restore import elsewhere, opened

__all__ = ["elsewhere", "file", "home", "service"]


def test_groups_come_back_with_their_notes_and_those_erased_since_do_not(service, home, file, elsewhere, tmp_path):
    ads = [an_ad(i) for i in range(4)]
    groups = [a_group("g-1", ads[:2]), a_group("g-2", ads[2:])]
    load_groups(service, write(tmp_path / "g.jsonl", groups), [write(tmp_path / "a.jsonl", ads)], keep_days=30)
    noting.add_note(service, 1, 1, outcome="refer", note=f"{CANARY} i noten")
    assert run("backup", file).exit_code == 0
    assert CANARY.encode() not in file.read_bytes()
    with service.reading() as db:
        case = db.get(AdGroup, 2).case_id
    cases.erase(service, case, actor="system", reason="asked")
    newer = file.with_name("newer.tegn")
    assert run("backup", newer).exit_code == 0
    url = elsewhere()
    found = run("restore", file, "--erased-since", newer)
    assert found.exit_code == 0, found.stderr
    ledger = opened(url, home.parent / "other")
    seen = view.open_group(ledger, 1, 1)
    assert [x.fields["text"] for x in seen.ads] == [x["text"] for x in ads[:2]]
    assert [x.note for x in seen.notes] == [f"{CANARY} i noten"]
    with ledger.reading() as db:
        assert db.get(Case, case).erased is not None
        assert db.scalar(sa.select(sa.func.count()).select_from(Ad)) == 2
        assert db.scalar(sa.select(sa.func.count()).select_from(AdTie)) == 1
    with pytest.raises(Elsewhere) as gone:
        view.open_group(ledger, 1, 2)
    assert gone.value.case == case
    ledger.engine.dispose()
