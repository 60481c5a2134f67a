"""`ads load`: groups with their ads come in sealed, each once, and follow what later runs of `ads link` say."""

import json

import pytest
import sqlalchemy as sa

from serving.desk import cases, rotation
from serving.desk.cases import NoSuchCase
from serving.groups import loading
from serving.groups.adstore import Boxes
from serving.groups.loading import CannotLoad, Summary, load_groups
from serving.store.desk import Case
from serving.store.groups import Ad, AdGroup, AdTie, AdTrace, GroupNote
from serving.store.ledger import Ledger
from serving.store.masterkey import MasterKey
from serving.store.tables import Base
from serving.store.vault import KeyLost, Place
from tests.serving.groups.made import CANARY, PHONE, WORDS, a_group, a_reason, a_tie, an_ad, an_answer, write

ADS = [an_ad(i, posted=f"2026-03-{i + 1:02}") for i in range(6)]


def held(ledger):
    """Of each group that is shown: its name, and the texts of its ads in order."""
    found = {}
    with ledger.reading() as db:
        boxes = Boxes(db, ledger.vault)
        for group in db.scalars(sa.select(AdGroup).where(AdGroup.loaded.is_not(None), AdGroup.merged_into.is_(None))):
            rows = db.scalars(sa.select(Ad).where(Ad.group_id == group.id, Ad.place > 0).order_by(Ad.place))
            texts = [boxes.of(group.id).open_text(x.sealed_text, Place("ads", "sealed_text", x.id)) for x in rows]
            assert len(texts) == group.ads
            found[group.name] = texts
    return found


def texts(*numbers):
    return [ADS[i]["text"] for i in numbers]


def everything(ledger):
    """All rows of all tables of groups, nonces aside."""
    found = {}
    with ledger.reading() as db:
        boxes = Boxes(db, ledger.vault)
        for table in (AdGroup, Ad, AdTrace, AdTie, GroupNote):
            rows = []
            for row in db.scalars(sa.select(table).order_by(*table.__table__.primary_key.columns)):
                values = {x.key: getattr(row, x.key) for x in table.__table__.columns}
                for column, value in values.items():
                    if isinstance(value, bytes):
                        values[column] = boxes.of(row.group_id).open(value, Place(table.__tablename__, column, row.id))
                rows.append(values)
            found[table.__tablename__] = rows
    return found


def note(ledger, group, words, outcome=None):
    """Somebody says something of a group."""
    with ledger.acting("user#1") as act:
        row = GroupNote(group_id=group, about=group, user_id=1, made=act.now, outcome=outcome)
        act.db.add(row)
        act.db.flush()
        cases.seal(Boxes(act.db, ledger.vault).of(group), row, "sealed_note", words)
        act.db.get(AdGroup, group).outcome = outcome


def notes(ledger):
    with ledger.reading() as db:
        boxes = Boxes(db, ledger.vault)
        rows = db.scalars(sa.select(GroupNote).order_by(GroupNote.id))
        return [(x.group_id, x.about, cases.unseal_text(boxes.of(x.group_id), x, "sealed_note")) for x in rows]


def number_of(ledger, name):
    with ledger.reading() as db:
        return db.scalar(sa.select(AdGroup.id).where(AdGroup.name == name))


def test_ads_of_groups_come_in_with_ties_and_answers_and_others_do_not(desk, bring):
    groups = [a_group("g-1", ADS[:3]), a_group("g-2", ADS[3:5])]
    done = bring(groups, ADS, [an_answer(x, obscured_contact=PHONE) for x in ADS])
    assert done == Summary(groups=2, changed=2, ads=5, answers=5)
    assert held(desk.ledger) == {"g-1": texts(0, 1, 2), "g-2": texts(3, 4)}
    kept = everything(desk.ledger)
    assert len(kept["ad_ties"]) == 3
    assert [json.loads(x["sealed_answer"])["indicators"][0]["code"] for x in kept["ads"]] == ["obscured_contact"] * 5
    assert {(x["kind"], x["value"]) for x in kept["ad_traces"]} == {
        ("phone", desk.ledger.vault.fingerprint("phone +4501661234"))
    }
    assert [x.act for x in desk.ledger.entries()][:2] == ["group.loaded", "group.loaded"]


def test_nothing_readable_is_in_the_database(desk, bring, store, tmp_path):
    ads = [
        an_ad(i, f"{CANARY} {i}", title=CANARY, place=CANARY, contacts=[CANARY], posted="2026-03-01") for i in (1, 2)
    ]
    for x in ads:
        x["id"] = f"{CANARY} {x['url']}"
    group = a_group("g-1", ads, ties=[a_tie(*ads, a_reason("phrase", CANARY, *ads))])
    answers = [an_answer(x, trust_assurance=CANARY) for x in ads]
    assert bring([group], ads, answers).answers == 2
    note(desk.ledger, 1, CANARY)
    with store.connect() as db:
        rows = [str(row) for table in Base.metadata.sorted_tables for row in db.execute(sa.select(table))]
    assert len(rows) > 10
    assert not any(CANARY in x or "tavle.example" in x or "phrase" in x for x in rows)
    if store.dialect.name == "sqlite":
        raw = b"".join(x.read_bytes() for x in tmp_path.glob("store.db*"))
        assert CANARY.encode() not in raw
        assert b"tavle.example" not in raw


def test_the_same_again_changes_nothing_and_records_nothing(desk, bring):
    groups, answers = [a_group("g-1", ADS[:3])], [an_answer(ADS[0], obscured_contact=PHONE)]
    bring(groups, ADS, answers)
    before, last = everything(desk.ledger), desk.ledger.last()
    assert bring(groups, ADS, answers) == Summary(groups=1)
    assert everything(desk.ledger) == before
    assert desk.ledger.last() == last


@pytest.mark.parametrize("step", range(9))
def test_interrupted_anywhere_the_same_command_goes_on_to_the_same_end(desk, bring, monkeypatch, step):
    monkeypatch.setattr(loading, "_BATCH", 2)
    groups = [a_group("g-1", ADS[:4], was=["g-0"]), a_group("g-2", ADS[4:])]
    bring([a_group("g-0", ADS[:2])], ADS[:2])
    steps = iter(range(100))

    def failing(act):
        def run(*args, **more):
            if next(steps) == step:
                raise ZeroDivisionError
            return act(*args, **more)

        return run

    for name in ("store_ads", "keep_answers", "place_group", "forget_loose"):
        monkeypatch.setattr(loading, name, failing(getattr(loading, name)))
    answers = [an_answer(x, obscured_contact=PHONE) for x in ADS]
    with pytest.raises(ZeroDivisionError):
        bring(groups, ADS, answers)
    bring(groups, ADS, answers)
    assert held(desk.ledger) == {"g-1": texts(0, 1, 2, 3), "g-2": texts(4, 5)}
    kept = everything(desk.ledger)
    assert len(kept["ad_ties"]) == 4
    assert all(x["sealed_answer"] and x["place"] for x in kept["ads"])


def test_a_group_grows_and_keeps_its_number(desk, bring):
    bring([a_group("g-1", ADS[:2])], ADS[:2])
    note(desk.ledger, 1, "set på", "wait")
    done = bring([a_group("g-1", ADS[:4])], ADS[2:4])
    assert done == Summary(groups=1, changed=1, ads=2)
    assert held(desk.ledger) == {"g-1": texts(0, 1, 2, 3)}
    assert number_of(desk.ledger, "g-1") == 1
    assert notes(desk.ledger) == [(1, 1, "set på")]


def test_merged_groups_are_one_with_the_notes_of_both_under_its_own_key(desk, bring):
    bring([a_group("g-1", ADS[:3]), a_group("g-2", ADS[3:5])], ADS)
    one, two = number_of(desk.ledger, "g-1"), number_of(desk.ledger, "g-2")
    note(desk.ledger, one, "den første", "wait")
    note(desk.ledger, two, "den anden", "refer")
    bring([a_group("g-1", ADS[:5], was=["g-2"])], [])
    assert held(desk.ledger) == {"g-1": texts(0, 1, 2, 3, 4)}
    assert notes(desk.ledger) == [(one, one, "den første"), (one, two, "den anden")]
    with desk.ledger.reading() as db:
        assert db.get(AdGroup, two).merged_into == one
        assert db.get(AdGroup, one).outcome == "refer"
        assert [x.erased for x in db.scalars(sa.select(Case))] == [None, None]  # the empty one goes in its time
        assert db.scalar(sa.select(sa.func.count()).select_from(AdTie)) == 4
    assert desk.ledger.entries(act="group.loaded")[0].details["merged"] == 1
    bring([a_group("g-9", ADS[:5], was=["g-1", "g-2"])], [])  # and chains lead to the newest
    with desk.ledger.reading() as db:
        newest = number_of(desk.ledger, "g-9")
        assert {db.get(AdGroup, x).merged_into for x in (one, two)} == {newest}
    assert [x[0] for x in notes(desk.ledger)] == [newest, newest]


def test_a_group_that_was_split_gives_ads_away_whichever_line_comes_first(desk, bring):
    for first in (0, 1):
        bring([a_group("g-1", ADS[:4])], ADS)
        lines = [a_group("g-1", ADS[:2]), a_group("g-2", ADS[2:4])]
        bring([lines[first], lines[1 - first]], [])
        assert held(desk.ledger) == {"g-1": texts(0, 1), "g-2": texts(2, 3)}


@pytest.mark.parametrize("first", [True, False])
def test_a_group_that_was_merged_and_split_at_once_leads_to_the_one_that_took_it_in(desk, bring, first):
    bring([a_group("g-1", ADS[:2]), a_group("g-2", ADS[2:4])], ADS)
    lines = [a_group("g-1", ADS[:3], was=["g-2"]), a_group("g-3", ADS[3:5])]
    bring(lines if first else lines[::-1], ADS)
    assert held(desk.ledger) == {"g-1": texts(0, 1, 2), "g-3": texts(3, 4)}
    with desk.ledger.reading() as db:
        assert db.get(AdGroup, number_of(desk.ledger, "g-2")).merged_into == number_of(desk.ledger, "g-1")


def test_a_group_whose_ads_all_went_to_another_is_found_there(desk, bring):
    bring([a_group("g-1", ADS[:2])], ADS)
    note(desk.ledger, 1, "set på")
    bring([a_group("g-2", ADS[:3])], ADS)  # its earlier ids were lost with the folder of signatures
    assert held(desk.ledger) == {"g-2": texts(0, 1, 2)}
    assert notes(desk.ledger) == [(2, 1, "set på")]


def test_an_edited_ad_takes_the_place_of_its_earlier_version(desk, bring):
    bring([a_group("g-1", ADS[:2])], ADS[:2])
    edited = an_ad(1, f"{WORDS}. Nu med nye ord. Ring {PHONE}", posted="2026-03-09")
    done = bring([a_group("g-1", [ADS[0], edited])], [edited])
    assert (done.ads, done.dropped) == (1, 1)
    assert held(desk.ledger) == {"g-1": [ADS[0]["text"], edited["text"]]}


def test_of_two_versions_under_one_id_the_one_retrieved_last_stays_in_whichever_order(desk, bring):
    old, new = ({**an_ad(9, posted="2026-03-01"), "id": "own-9", "text": f"{x} {PHONE}"} for x in ("gammel", "ny"))
    old["retrieved"], new["retrieved"] = "2026-03-02T10:00:00Z", "2026-03-03T10:00:00Z"
    group = a_group("g-1", [new, ADS[0]], ties=[])
    for both in ([old, new], [new, old]):
        bring([group], [*both, ADS[0]], [an_answer(new, obscured_contact=PHONE)])
        assert held(desk.ledger)["g-1"][0] == new["text"]


def test_an_answer_goes_where_the_words_change(desk, bring):
    ad = {**an_ad(9), "id": "own-9"}
    bring([a_group("g-1", [ad, ADS[0]])], [ad, ADS[0]], [an_answer(x, obscured_contact=PHONE) for x in (ad, ADS[0])])
    bring([a_group("g-1", [ad, ADS[0]])], [{**ad, "text": ad["text"] + " Og mere."}])
    assert [bool(x["sealed_answer"]) for x in everything(desk.ledger)["ads"]] == [False, True]


def test_a_merely_different_title_keeps_the_answer(desk, bring):
    ad = {**an_ad(9), "id": "own-9"}
    bring([a_group("g-1", [ad, ADS[0]])], [ad, ADS[0]], [an_answer(ad, obscured_contact=PHONE)])
    assert bring([a_group("g-1", [ad, ADS[0]])], [{**ad, "title": "Ny"}]).renewed == 1
    assert everything(desk.ledger)["ads"][0]["sealed_answer"]


def test_ads_that_nobody_gave_are_counted_and_come_in_later(desk, bring):
    group = a_group("g-1", ADS[:4])
    assert bring([group], ADS[:2]).missing == 2
    assert bring([group], []).missing == 2
    done = bring([group], ADS[2:4])
    assert (done.missing, done.ads, done.changed) == (0, 2, 1)
    assert held(desk.ledger) == {"g-1": texts(0, 1, 2, 3)}


def test_an_erased_group_stays_away_also_within_another_until_somebody_wants_it(desk, bring):
    bring([a_group("g-1", ADS[:2]), a_group("g-2", ADS[2:4])], ADS)
    cases.erase(desk.ledger, 1, actor="system", reason="asked")
    assert everything(desk.ledger)["ad_groups"][0]["ads"] == 0
    assert bring([a_group("g-1", ADS[:3])], ADS).left_out == 1
    assert bring([a_group("g-3", ADS[:3], was=["g-1"])], ADS).left_out == 1
    assert held(desk.ledger) == {"g-2": texts(2, 3)}
    done = bring([a_group("g-1", ADS[:2])], ADS, again=True)
    assert (done.left_out, done.ads) == (0, 2)
    assert held(desk.ledger) == {"g-1": texts(0, 1), "g-2": texts(2, 3)}


def test_erasing_takes_ads_ties_hashes_and_notes(desk, bring):
    bring([a_group("g-1", ADS[:2]), a_group("g-2", ADS[2:4])], ADS)
    note(desk.ledger, 1, CANARY, "refer")
    done = cases.erase(desk.ledger, 1, actor="system", reason="asked")
    assert done.texts == 2
    kept = everything(desk.ledger)
    assert {x["group_id"] for x in kept["ads"]} == {x["group_id"] for x in kept["ad_ties"]} == {2}
    assert {x["ad_id"] for x in kept["ad_traces"]} == {x["id"] for x in kept["ads"]}
    assert kept["group_notes"] == []
    gone = kept["ad_groups"][0]
    assert (gone["outcome"], gone["first"], gone["figures"], gone["digest"], gone["loaded"]) == (
        None,
        None,
        "{}",
        None,
        None,
    )
    with pytest.raises(NoSuchCase), desk.ledger.reading() as db:
        Boxes(db, desk.ledger.vault).of(1)


def test_it_is_kept_as_long_as_the_settings_say_from_its_last_change_on(desk, bring):
    bring([a_group("g-1", ADS[:2])], ADS)
    with desk.ledger.acting("system") as act:
        case = act.db.get(Case, 1)
        assert 29 <= (case.keep_until - act.now).days <= 30
        case.keep_until = act.now
    bring([a_group("g-1", ADS[:2])], ADS)  # nothing new: its time runs on
    assert cases.erase_expired(desk.ledger) == 1


def test_after_a_new_master_key_ads_are_known_again_and_the_old_key_is_not_needed(desk, bring):
    groups = [a_group("g-1", ADS[:3])]
    bring(groups, ADS, [an_answer(ADS[0], obscured_contact=PHONE)])
    note(desk.ledger, 1, "set på")
    old, new = bytes(range(32)), bytes(range(32, 64))
    engine = desk.ledger.engine
    desk.ledger = Ledger(engine, MasterKey.derive(new))
    with pytest.raises(KeyLost), desk.ledger.reading() as db:
        Boxes(db, desk.ledger.vault).of(1)
    desk.ledger = Ledger(engine, MasterKey.derive(new, old))
    assert rotation.rotate(desk.ledger) == rotation.Rotation(1, 3)
    desk.ledger = Ledger(engine, MasterKey.derive(new))
    assert bring(groups, ADS, [an_answer(ADS[0], obscured_contact=PHONE)]) == Summary(groups=1)
    assert held(desk.ledger) == {"g-1": texts(0, 1, 2)}
    assert notes(desk.ledger) == [(1, 1, "set på")]
    assert {x["value"] for x in everything(desk.ledger)["ad_traces"]} == {
        desk.ledger.vault.fingerprint("phone +4501661234")
    }


def test_what_cannot_be_opened_is_told_and_stops_no_other_group(desk, bring):
    bring([a_group("g-1", ADS[:2]), a_group("g-2", ADS[2:4])], ADS)
    with desk.ledger.acting("system") as act:
        act.db.execute(sa.update(Case).where(Case.id == 1).values(wrapped_key=b"\x01" * 60))
    done = bring([a_group("g-1", ADS[:2]), a_group("g-2", ADS[2:5])], ADS)
    assert (done.bad, done.changed) == (2, 1)
    assert all("cases.wrapped_key#1" in x and CANARY not in x for x in bring.said)
    assert held_of(desk.ledger, 2) == 3


def held_of(ledger, number):
    with ledger.reading() as db:
        return db.get(AdGroup, number).ads


def test_bad_lines_cost_themselves_alone_and_are_told_by_their_place(desk, bring, tmp_path):
    groups = [{"id": CANARY}, a_group("g-1", ADS[:2]), {**a_group("g-2", ADS[2:4]), CANARY: 1}]
    ads = [*ADS, {"id": "x", "kind": "ad", "text": ""}]
    done = bring(groups, ads, [{"id": ADS[0]["id"], "priority": CANARY}])
    assert (done.groups, done.bad) == (1, 4)
    assert not any(CANARY in x for x in bring.said)
    said = [x.removeprefix(f"{tmp_path}/") for x in bring.said]
    assert [x.split(":")[0] for x in said] == [
        "groups.jsonl, line 1", "groups.jsonl, line 3", "ads.jsonl, line 7", "tagged.jsonl, line 1",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["ads.jsonl", "none.jsonl", "groups.txt"])
def test_what_is_no_file_of_groups_is_refused_in_words(desk, tmp_path, name):
    ads = write(tmp_path / "ads.jsonl", ADS)
    (tmp_path / "groups.txt").write_text("x")
    with pytest.raises(CannotLoad, match=r"groups|GROUPS|cannot be read"):
        load_groups(desk.ledger, tmp_path / name, [ads], keep_days=30)
    assert everything(desk.ledger)["ads"] == []


def test_groups_come_from_parquet_as_well(desk, tmp_path):
    from serving.ads.groupfile import write_parquet

    groups = [a_group("g-1", ADS[:3])]
    with (tmp_path / "groups.parquet").open("wb") as file:
        write_parquet(groups, file)
    ads = [write(tmp_path / "ads.jsonl", ADS)]
    assert load_groups(desk.ledger, tmp_path / "groups.parquet", ads, keep_days=30).ads == 3
    again = load_groups(desk.ledger, write(tmp_path / "groups.jsonl", groups), ads, keep_days=30)
    assert again == Summary(groups=1)
