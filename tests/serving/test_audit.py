"""The chain of the audit log, and what its entries may hold."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.store import audit
from serving.store.acts import ACTS, Kind, NotRecordable
from serving.store.audit import START, Anchor, Break, chain, follow, verify

KEY, OTHER = bytes(range(32)), bytes(range(32, 64))
AT = datetime(2026, 3, 1, 12, 0, 0, 250_000, UTC)
DETAILS = {"kind": "note", "source": "police", "code_points": 812, "duplicate": False}
CANARY = "Kvinden bor i kælderen"


def write(count, key=KEY, last=START):
    entries = []
    for n in range(count):
        entries.append(
            follow(
                key,
                last,
                at=AT + timedelta(seconds=n),
                actor="user#3",
                act="document.added",
                subject=f"document#{n + 1}",
                details=DETAILS,
            )
        )
        last = entries[-1].anchor
    return entries


LOG = write(8)


def test_a_log_that_nobody_touched_is_whole():
    assert verify(KEY, LOG) is None
    assert verify(KEY, iter(LOG), end=LOG[-1].anchor) is None
    assert verify(KEY, []) is None
    assert verify(KEY, [], end=START) is None


def test_another_key_breaks_it_at_the_first_entry():
    assert verify(OTHER, LOG) == Break(1, "changed", 1)


@pytest.mark.parametrize("index", range(8))
@pytest.mark.parametrize(
    "change",
    [
        {"at": AT + timedelta(days=1)},
        {"at": AT.replace(tzinfo=None)},
        {"at": "2026-03-01"},
        {"actor": "user#4"},
        {"actor": "user#3\ud83d"},
        {"act": "document.read"},
        {"subject": "document#99"},
        {"details": {**DETAILS, "code_points": 813}},
        {"details": {**DETAILS, "duplicate": 0}},
        {"details": {**DETAILS, "code_points": "812"}},
        {"details": {**DETAILS, "code_points": 812.0}},
        {"details": {**DETAILS, "more": None}},
        {"details": {k: v for k, v in DETAILS.items() if k != "kind"}},
        {"details": {**DETAILS, 1: 2}},
        {"details": {**DETAILS, "kind": b"note"}},
        {"details": {**DETAILS, "kind": float("nan")}},
        {"details": None},
        {"previous": bytes(31)},
        {"previous": b"\1" * 32},
        {"previous": None},
        {"mac": bytes(32)},
        {"mac": "x"},
        {"mac": b""},
    ],
    ids=lambda change: "-".join(f"{k}" for k in change),
)
def test_a_changed_entry_is_named(index, change):
    log = list(LOG)
    log[index] = replace(log[index], **change)
    assert verify(KEY, log) == Break(index + 1, "changed", index + 1)


def test_each_flipped_bit_of_an_hmac_is_noticed():
    for bit in range(256):
        mac = bytearray(LOG[3].mac)
        mac[bit // 8] ^= 1 << bit % 8
        assert verify(KEY, [*LOG[:3], replace(LOG[3], mac=bytes(mac)), *LOG[4:]]) == Break(4, "changed", 4)


@pytest.mark.parametrize("index", range(7))
def test_a_missing_entry_is_named(index):
    assert verify(KEY, LOG[:index] + LOG[index + 1 :]) == Break(index + 1, "misplaced", index + 2)


def test_a_gap_closed_by_new_numbers_is_named():
    closed = LOG[:2] + [replace(x, seq=x.seq - 1) for x in LOG[3:]]
    assert verify(KEY, closed) == Break(3, "changed", 3)


def test_entries_exchanged_repeated_or_inserted_are_named():
    exchanged = [*LOG[:2], LOG[4], LOG[3], LOG[2], *LOG[5:]]
    assert verify(KEY, exchanged) == Break(3, "misplaced", 5)
    contents = [*LOG[:2], replace(LOG[3], seq=3), replace(LOG[2], seq=4), *LOG[4:]]
    assert verify(KEY, contents) == Break(3, "changed", 3)
    assert verify(KEY, [*LOG[:3], LOG[2], *LOG[3:]]) == Break(4, "misplaced", 3)
    assert verify(KEY, [*LOG[:3], replace(LOG[2], seq=4), *LOG[3:]]) == Break(4, "changed", 4)
    assert verify(KEY, LOG[::-1]) == Break(1, "misplaced", 8)
    assert verify(KEY, [replace(LOG[0], seq=0), *LOG]) == Break(1, "misplaced", 0)


@given(st.permutations(range(8)))
def test_any_other_order_breaks_at_the_first_entry_out_of_place(order):
    expected = next((n for n, index in enumerate(order) if n != index), None)
    found = verify(KEY, [LOG[index] for index in order])
    assert (found and found.seq) == (None if expected is None else expected + 1)


@given(st.integers(0, 7))
def test_an_end_cut_off_is_noticed_by_the_anchor_alone(kept):
    assert verify(KEY, LOG[:kept]) is None
    assert verify(KEY, LOG[:kept], end=LOG[-1].anchor) == Break(kept + 1, "cut off")


def test_a_log_that_grew_since_its_anchor_is_whole():
    assert verify(KEY, LOG, end=LOG[3].anchor) is None


def test_a_log_written_anew_with_the_key_is_noticed_by_the_anchor():
    forged = write(3) + write(9, last=Anchor(3, LOG[3].mac))[1:]
    assert verify(KEY, forged, end=LOG[-1].anchor) == Break(4, "misplaced", 5)
    anew = [follow(KEY, LOG[1].anchor, at=AT, actor="system", act="logout")]
    anew += write(5, last=anew[-1].anchor)
    assert verify(KEY, LOG[:2] + anew) is None
    assert verify(KEY, LOG[:2] + anew, end=LOG[-1].anchor) == Break(8, "replaced", 8)


def test_a_part_of_a_log_is_verified_from_the_entry_before_it():
    assert verify(KEY, LOG[4:], after=LOG[3].anchor, end=LOG[-1].anchor) is None
    assert verify(KEY, LOG[4:]) == Break(1, "misplaced", 5)
    assert verify(KEY, LOG[4:], after=Anchor(4, bytes(32))) == Break(5, "changed", 5)
    assert verify(KEY, LOG[4:], after=LOG[3].anchor, end=Anchor(4, bytes(32))) == Break(4, "replaced", 4)
    with pytest.raises(ValueError, match="anchor lies before"):
        verify(KEY, LOG[4:], after=LOG[3].anchor, end=LOG[2].anchor)


def test_a_log_goes_on_under_a_new_key_and_never_back():
    third = bytes(range(64, 96))
    turned = write(3, OTHER)
    turned += write(2, third, turned[-1].anchor)
    turned += write(2, KEY, turned[-1].anchor)
    assert verify(KEY, turned, older=[third, OTHER]) is None
    assert verify(KEY, turned, older=[OTHER, third]) == Break(4, "changed", 4)
    assert verify(KEY, turned) == Break(1, "changed", 1)
    back = turned + write(1, OTHER, turned[-1].anchor)
    assert verify(KEY, back, older=[third, OTHER]) == Break(8, "changed", 8)
    with pytest.raises(ValueError, match="32 bytes"):
        verify(KEY, turned, older=[b"short"])


def test_a_break_reads_as_a_sentence_without_content():
    assert str(Break(3, "misplaced", 5)) == "entry 3 of the audit log: misplaced (entry 5 stands there)"
    assert str(Break(3, "cut off")) == "entry 3 of the audit log: cut off"


# The encoding


def mac(at=AT, details=DETAILS, key=KEY, previous=START.mac, seq=1, **more):
    values = {"actor": "user#3", "act": "document.added", "subject": "document#1", **more}
    return chain(key, previous, seq, at, values["actor"], values["act"], values["subject"], details)


@given(st.randoms(use_true_random=False))
def test_the_order_of_details_does_not_count(source: random.Random):
    items = list(DETAILS.items())
    source.shuffle(items)
    assert mac(details=dict(items)) == LOG[0].mac


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.integers(-23 * 60, 23 * 60))
def test_the_same_moment_in_another_zone_is_the_same(naive, minutes):
    moment = naive.replace(tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert mac(elsewhere) == mac(moment)
    entry = follow(KEY, START, at=elsewhere, actor="system", act="logout")
    assert entry.at == moment
    assert entry.at.tzinfo is UTC


def test_every_part_counts():
    macs = {
        mac(),
        mac(AT + timedelta(microseconds=1)),
        mac(details={**DETAILS, "code_points": 811}),
        mac(details={**DETAILS, "duplicate": None}),
        mac(details={k: v for k, v in DETAILS.items() if k != "duplicate"}),
        mac(key=OTHER),
        mac(previous=OTHER),
        mac(seq=2),
        mac(actor="user#31"),
        mac(subject="document#11"),
        mac(subject=""),
        mac(details={}),
        mac(details={}, act="document.read"),
    }
    assert len(macs) == 13


def test_an_emoji_and_two_halves_of_one_are_not_written_alike():
    parts = (KEY, START.mac, 1, AT, "user#3", "document.added")
    assert len(audit._mac(*parts, "🙂", {})) == 32
    with pytest.raises(ValueError, match="surrogates"):
        audit._mac(*parts, "\ud83d\ude42", {})


def test_the_encoding_does_not_change_between_versions():
    """A log written today must verify with every later version."""
    assert LOG[0].mac.hex() == "c568f2b4deb0ebf260095882b803959301ea4b944fff064340f0d9d32dc1d3ec"


def test_an_act_that_is_no_longer_recorded_stays_verifiable(monkeypatch):
    monkeypatch.setattr("serving.store.acts.ACTS", {})
    assert verify(KEY, LOG) is None
    with pytest.raises(NotRecordable):
        mac()


def test_an_entry_keeps_its_details_when_the_caller_changes_theirs():
    mine = dict(DETAILS)
    entry = follow(KEY, START, at=AT, actor="user#3", act="document.added", details=mine)
    mine["code_points"] = 1
    assert verify(KEY, [entry]) is None


# What may be recorded

WRONG = {
    Kind.FLAG: [0, 1, "true", "", 1.0],
    Kind.COUNT: [-1, 2**63, True, "1", 1.0, 0.5],
    Kind.CODE: [
        "",
        "A",
        "Debt",
        "to ord",
        "1a",
        "a.",
        ".a",
        "a..b",
        "a\n",
        "a" * 61,
        "gæld",
        "a\ud800",
        1,
        True,
        ["a"],
    ],
    Kind.NUMBERS: ["", "0", "1-", "-1", "1,", "1 2", "1;2", "a", "٣", "1-2-3", "1\n", "1," * 500 + "1", 1, True],
    Kind.DIGEST: ["", "abc", "0" * 65, "ABCDEF00", "zzzzzzzz", "0" * 8 + "\n", 12345678],
}
RIGHT = {
    Kind.FLAG: [True, False],
    Kind.COUNT: [0, 1, 2**63 - 1],
    Kind.CODE: ["a", "debt_bondage", "tag.review", "a1-b2", "a" * 60],
    Kind.NUMBERS: ["1", "1-2", "3-7,12", "9" * 19],
    Kind.DIGEST: ["0" * 8, "abcdef0123456789" * 4],
}
FIELDS = [(act, name, rule) for act, rules in ACTS.items() for name, rule in rules.items()]


@pytest.mark.parametrize(("act", "name", "rule"), FIELDS, ids=lambda x: str(x)[:20])
def test_a_detail_is_of_its_kind_or_refused_without_being_repeated(act, name, rule):
    right, wrong = (
        (list(rule), ["", "x", rule[0] + " ", True]) if isinstance(rule, tuple) else (RIGHT[rule], WRONG[rule])
    )
    for value in [*right, None]:
        mac(act=act, details={name: value})
    for value in [*wrong, CANARY, CANARY.encode(), {"a": CANARY}, [CANARY]]:
        with pytest.raises(NotRecordable, match=f"{name} of {act} must be") as caught:
            mac(act=act, details={name: value})
        assert "Kvinden" not in repr(caught.value)


@given(st.text())
def test_no_free_text_can_be_a_detail(text):
    text += " og mere"
    for act, name, _ in FIELDS:
        with pytest.raises(NotRecordable):
            mac(act=act, details={name: text})


@pytest.mark.parametrize(
    "wrong",
    [
        {"act": CANARY, "details": {}},
        {"act": "", "details": {}},
        {"details": {CANARY: 1}},
        {"details": {"code_points": 1, CANARY: None}},
        {"details": {1: 1}},
        {"act": "logout"},
        {"actor": CANARY},
        {"actor": ""},
        {"actor": "user#0"},
        {"actor": "user#3\n"},
        {"actor": "user#٣"},
        {"actor": "Anna"},
        {"subject": CANARY},
        {"subject": "case"},
        {"subject": "case#Anna"},
        {"subject": "case#1 x"},
        {"subject": "case#1\n"},
        {"seq": 0},
        {"seq": True},
        {"seq": 1.0},
        {"at": AT.replace(tzinfo=None)},
        {"at": datetime.max.replace(tzinfo=timezone(timedelta(hours=-2)))},
    ],
    ids=repr,
)
def test_what_the_log_does_not_take_is_refused_without_being_repeated(wrong):
    with pytest.raises(NotRecordable) as caught:
        mac(**wrong)
    assert "Kvinden" not in repr(caught.value)
    assert "Anna" not in repr(caught.value)


def test_keys_and_links_have_32_bytes():
    for wrong in ({"key": b""}, {"key": KEY[:-1]}, {"previous": b""}, {"previous": bytes(33)}):
        with pytest.raises(ValueError, match="32 bytes"):
            mac(**wrong)
