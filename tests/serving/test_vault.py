"""Master key, data keys, sealing and fingerprints."""

import base64
import multiprocessing
import os
import pickle
import secrets
import traceback
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.store import masterkey
from serving.store.masterkey import MasterKey, UnusableKey
from serving.store.vault import KeyLost, Place, Tampered, Vault, canonical_form

RAW = bytes(range(32))
OTHER = bytes(range(32, 64))
KEY = Place("cases", "key", 5)
TEXT = Place("documents", "text", 17)
VAULT = Vault(MasterKey.derive(RAW))
BOX = VAULT.open_case(VAULT.new_case_key(KEY), KEY)
CANARY = "Kvinden bor i kælderen"


def written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


WRITTEN = written(RAW) + "\n"


def key_file(home, content=WRITTEN, mode=0o600, name="master.key"):
    path = home / name
    path.write_text(content)
    path.chmod(mode)
    return path


def everything_said(caught) -> str:
    return "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value)) + repr(caught.value.__context__)


# Sealing


@given(st.text() | st.text(st.characters(categories=["Cs", "So", "Ll"])))
def test_any_text_comes_back(text):
    assert BOX.open_text(BOX.seal(text, TEXT), TEXT) == text


@given(st.binary())
def test_any_bytes_come_back(plain):
    sealed = BOX.seal(plain, TEXT)
    assert BOX.open(sealed, TEXT) == plain
    assert len(sealed) == 1 + 12 + len(plain) + 16


def test_a_long_text_comes_back_and_is_not_in_what_is_sealed():
    sealed = BOX.seal(CANARY * 100_000, TEXT)
    assert CANARY.encode() not in sealed
    assert BOX.open_text(sealed, TEXT) == CANARY * 100_000


@pytest.mark.parametrize(
    "place",
    [
        Place("documents", "text", 18),
        Place("documents", "text", 1),
        Place("documents", "text", "17a"),
        Place("documents", "title", 17),
        Place("notes", "text", 17),
    ],
    ids=str,
)
def test_what_is_sealed_opens_nowhere_else(place):
    sealed = BOX.seal(CANARY, TEXT)
    with pytest.raises(Tampered, match="restore") as caught:
        BOX.open(sealed, place)
    assert CANARY not in everything_said(caught)


def test_what_is_sealed_does_not_open_in_another_case():
    other = VAULT.open_case(VAULT.new_case_key(KEY), KEY)
    with pytest.raises(Tampered):
        other.open(BOX.seal(CANARY, TEXT), TEXT)


def test_each_flipped_bit_of_what_is_sealed_is_refused():
    sealed = BOX.seal("to ord", TEXT)
    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Tampered):
            BOX.open(bytes(changed), TEXT)


def test_what_is_cut_or_lengthened_is_refused():
    sealed = BOX.seal("to ord", TEXT)
    for changed in (*(sealed[:n] for n in range(len(sealed))), sealed + b"\0", b"\0" * 29, b"\x01" * 29):
        with pytest.raises(Tampered):
            BOX.open(changed, TEXT)


def test_no_nonce_is_used_twice():
    sealed = [BOX.seal("", TEXT) for _ in range(20_000)]
    assert len({x[1:13] for x in sealed}) == len(sealed)
    wrapped = [VAULT.new_case_key(KEY) for _ in range(5_000)]
    assert len({x[5:17] for x in wrapped}) == len(wrapped)


def test_every_case_has_a_key_of_its_own():
    keys = {VAULT._unwrap(VAULT.new_case_key(KEY), KEY) for _ in range(1000)}
    assert len(keys) == 1000
    assert {len(key) for key in keys} == {32}


# Places

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
PLACES = st.builds(Place, NAMES, NAMES, st.integers(0, 2**63) | st.from_regex(r"[A-Za-z_-]{1,5}", fullmatch=True))


@given(PLACES, PLACES)
def test_places_look_alike_only_if_they_are(one, other):
    assert (str(one) == str(other)) == (one == other)


def test_a_place_reads_as_table_column_and_row():
    assert str(TEXT) == "documents.text#17"


@pytest.mark.parametrize(
    "parts",
    [
        ("documents.text", "x", 1),
        ("documents", "text#1", 7),
        ("documents", "", 7),
        ("Documents", "text", 7),
        ("documents\n", "text", 7),
        ("documents", "tækst", 7),
        ("documents", "text", -1),
        ("documents", "text", True),
        ("documents", "text", None),
        ("documents", "text", 1.0),
        ("documents", "text", ""),
        ("documents", "text", "1#2"),
        ("documents", "text", "1\n"),
        ("documents", "text", "١"),
    ],
)
def test_a_place_that_could_be_mistaken_is_refused(parts):
    with pytest.raises(ValueError, match="named by"):
        Place(*parts)


# Data keys and rotation


def test_a_data_key_opens_only_at_its_place():
    with pytest.raises(Tampered):
        VAULT.open_case(VAULT.new_case_key(KEY), Place("cases", "key", 6))


def test_another_master_key_does_not_open_a_case_and_is_told_which_one_would():
    wrapped = VAULT.new_case_key(KEY)
    other = Vault(MasterKey.derive(OTHER))
    for act in (other.open_case, other.rewrap):
        with pytest.raises(KeyLost, match=MasterKey.derive(RAW).current.id) as caught:
            act(wrapped, KEY)
        assert MasterKey.derive(OTHER).current.id in str(caught.value)


def test_a_master_key_that_only_shares_the_id_does_not_open_a_case():
    wrapped = VAULT.new_case_key(KEY)
    other = Vault(MasterKey.derive(OTHER))
    with pytest.raises(Tampered):
        other.open_case(wrapped[:1] + bytes.fromhex(MasterKey.derive(OTHER).current.id) + wrapped[5:], KEY)


def test_each_flipped_bit_of_a_wrapped_key_is_refused():
    wrapped = VAULT.new_case_key(KEY)
    for bit in range(8 * len(wrapped)):
        changed = bytearray(wrapped)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(KeyLost if 1 <= bit // 8 < 5 else Tampered):
            VAULT.open_case(bytes(changed), KEY)


def test_a_wrapped_key_that_is_none_is_refused():
    wrapped = VAULT.new_case_key(KEY)
    for changed in (b"", wrapped[:-1], wrapped + b"\0", bytes(len(wrapped)), BOX.seal("x" * 36, KEY)):
        with pytest.raises((Tampered, KeyLost)):
            VAULT.open_case(changed, KEY)


def test_rotation_keeps_texts_readable_and_frees_the_old_key():
    wrapped = VAULT.new_case_key(KEY)
    sealed = VAULT.open_case(wrapped, KEY).seal(CANARY, TEXT)
    both = Vault(MasterKey.derive(OTHER, RAW))
    assert both.open_case(wrapped, KEY).open_text(sealed, TEXT) == CANARY
    new = both.rewrap(wrapped, KEY)
    assert both.rewrap(new, KEY) == new
    alone = Vault(MasterKey.derive(OTHER))
    assert alone.open_case(new, KEY).open_text(sealed, TEXT) == CANARY
    assert alone.open_case(both.new_case_key(KEY), KEY)


def test_subkeys_are_all_different_and_none_is_the_master_key():
    seen = [x for raw in (RAW, OTHER) for key in [MasterKey.derive(raw).current] for x in (key.fingerprint, key.audit)]
    assert len({*seen, RAW, OTHER}) == 6
    assert {len(x) for x in seen} == {32}


def test_derivation_does_not_change_between_versions():
    """A store written today must open with every later version."""
    current = MasterKey.derive(RAW).current
    assert current.id == "ca3b813d"
    assert current.audit.hex().startswith("71c015e0d762cf41")
    assert VAULT.fingerprint("En tekst").startswith("bd99f906621b07f6")
    wrapped = bytes.fromhex(
        "01ca3b813d74f73acf38e19378da7287876e139c6fc2694ea79a5b8635096052af"
        "12c568bbd9c8f4be5290d1ce5343d1091c74478416d31d863f5e2005f7c3cf13"
    )
    sealed = bytes.fromhex("01301fb36360cd8a18c04bcc7ae3ea1147615a479ac7fb9051ebbbfa979fd563b2f384d61f7e")
    assert VAULT.open_case(wrapped, KEY).open_text(sealed, TEXT) == "Åse 🙂"


# The master key: where it comes from


def test_the_key_file_is_made_once_for_its_owner_alone(tmp_path):
    old = os.umask(0o777)
    try:
        first = MasterKey.load(tmp_path, {})
    finally:
        os.umask(old)
    assert [x.name for x in tmp_path.iterdir()] == ["master.key"]
    assert (tmp_path / "master.key").stat().st_mode & 0o7777 == 0o600
    assert MasterKey.load(tmp_path, {}).current.id == first.current.id
    assert MasterKey.load(tmp_path, {}, create=False).current.id == first.current.id


def test_every_home_gets_a_key_of_its_own(tmp_path):
    ids = set()
    for n in range(5):
        (tmp_path / str(n)).mkdir()
        ids.add(MasterKey.load(tmp_path / str(n), {}).current.id)
    assert len(ids) == 5


def test_the_environment_goes_before_the_file_and_makes_none(tmp_path):
    expected = MasterKey.derive(OTHER).current.id
    for value in (written(OTHER), written(OTHER) + "=", f"  {written(OTHER)}\r\n"):
        assert MasterKey.load(tmp_path, {"TEGN_MASTER_KEY": value}).current.id == expected
    assert not list(tmp_path.iterdir())
    key_file(tmp_path)
    assert MasterKey.load(tmp_path, {"TEGN_MASTER_KEY": written(OTHER)}).current.id == expected


def test_old_keys_come_from_both_places_and_none_is_counted_twice(tmp_path):
    third, fourth = secrets.token_bytes(32), secrets.token_bytes(32)
    key_file(tmp_path)
    key_file(tmp_path, f"{written(third)}\n{written(OTHER)}\n{written(RAW)}\n", name="master.key.old")
    master = MasterKey.load(tmp_path, {"TEGN_MASTER_KEY_OLD": f"{written(fourth)}, {written(third)}"})
    assert [x.id for x in master.keys] == [MasterKey.derive(x).current.id for x in (RAW, fourth, third, OTHER)]
    assert len(MasterKey.load(tmp_path, {"TEGN_MASTER_KEY_OLD": ""}).keys) == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "holds 0 keys"),
        (" \n,", "holds 0 keys"),
        (written(RAW)[:-1], "42 found"),
        (written(RAW) + "A", "44 found"),
        (written(RAW[:-1]), "base64url"),
        (written(RAW + b"x"), "base64url"),
        ("+" + written(RAW)[1:], "base64url"),
        ("æ" + written(RAW)[1:], "base64url"),
        (RAW.hex(), "base64url"),
        ("A" * 43, "placeholder"),
        (f"{written(RAW)}\n{written(OTHER)}", "holds 2 keys"),
    ],
)
def test_a_malformed_key_is_refused_without_being_repeated(tmp_path, content, said):
    path = key_file(tmp_path, content)
    for env, name in (({}, str(path)), ({"TEGN_MASTER_KEY": content}, "TEGN_MASTER_KEY")):
        with pytest.raises(UnusableKey, match=said) as caught:
            MasterKey.load(tmp_path, env)
        assert name in str(caught.value)
        told = everything_said(caught)
        for word in (x for x in content.split() if len(x) > 9):
            assert word[1:-1] not in told
    assert path.read_text() == content


@pytest.mark.parametrize("where", ["TEGN_MASTER_KEY_OLD", "master.key.old"])
def test_a_malformed_old_key_is_refused_with_its_number(tmp_path, where):
    content = f"{written(OTHER)} {written(OTHER)[:-1]}"
    key_file(tmp_path)
    if where == "master.key.old":
        key_file(tmp_path, content, name=where)
    with pytest.raises(UnusableKey, match=rf"{where}: key 2 "):
        MasterKey.load(tmp_path, {where: content})


@pytest.mark.parametrize("name", ["master.key", "master.key.old"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666])
def test_a_key_file_open_to_others_is_refused(tmp_path, mode, name):
    key_file(tmp_path)
    key_file(tmp_path, written(OTHER), mode, name)
    with pytest.raises(UnusableKey, match=f"mode {mode:04o}.*chmod 600"):
        MasterKey.load(tmp_path, {})


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_key_file_for_its_owner_alone_is_read(tmp_path, mode):
    key_file(tmp_path, mode=mode)
    assert MasterKey.load(tmp_path, {}).current.id == MasterKey.derive(RAW).current.id


@pytest.mark.parametrize("name", ["master.key", "master.key.old"])
@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_is_refused_even_to_nothing(tmp_path, name, exists):
    key_file(tmp_path)
    target = key_file(tmp_path, name="elsewhere")
    if not exists:
        target.unlink()
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).symlink_to(target)
    with pytest.raises(UnusableKey, match="symbolic link"):
        MasterKey.load(tmp_path, {})
    assert target.exists() == exists


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_refused_at_once(tmp_path, make):
    make(tmp_path / "master.key", 0o700)
    with pytest.raises(UnusableKey, match="not a regular file"):
        MasterKey.load(tmp_path, {})


def test_a_file_too_long_to_be_a_key_is_refused(tmp_path):
    key_file(tmp_path, "A" * 20_000)
    with pytest.raises(UnusableKey, match="no key file"):
        MasterKey.load(tmp_path, {})


def test_a_key_that_cannot_be_read_says_so(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    key_file(tmp_path)
    monkeypatch.setattr(masterkey.os, "open", refuse)
    with pytest.raises(UnusableKey, match=r"cannot be read \(Permission denied\)"):
        MasterKey.load(tmp_path, {})


@pytest.mark.parametrize("make", ["missing", "file"])
def test_a_home_that_is_no_folder_is_named(tmp_path, make):
    if make == "file":
        (tmp_path / "h").touch()
    with pytest.raises(UnusableKey, match=r"h/master\.key cannot be"):
        MasterKey.load(tmp_path / "h", {})


def test_a_key_that_cannot_be_put_in_place_leaves_nothing(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(masterkey.os, "link", refuse)
    with pytest.raises(UnusableKey, match="TEGN_MASTER_KEY"):
        MasterKey.load(tmp_path, {})
    assert not list(tmp_path.iterdir())


def test_a_lost_key_is_not_replaced_where_it_is_needed(tmp_path):
    with pytest.raises(UnusableKey, match="restore it"):
        MasterKey.load(tmp_path, {}, create=False)
    assert not list(tmp_path.iterdir())


def test_a_key_is_derived_from_32_random_bytes_alone():
    for raw in (b"", RAW[:-1], RAW + b"x", bytes(32)):
        with pytest.raises(UnusableKey):
            MasterKey.derive(raw)
        with pytest.raises(UnusableKey):
            MasterKey.derive(RAW, raw)


def _load_together(home, barrier, ids):
    barrier.wait(30)
    ids.put(MasterKey.load(home, {}).current.id)


def test_processes_that_start_at_once_get_the_same_key(tmp_path):
    context = multiprocessing.get_context("fork")
    for n in range(8):
        home = tmp_path / str(n)
        home.mkdir()
        barrier, ids = context.Barrier(4), context.Queue()
        processes = [context.Process(target=_load_together, args=(home, barrier, ids)) for _ in range(4)]
        for process in processes:
            process.start()
        found = {ids.get(timeout=30) for _ in processes}
        for process in processes:
            process.join(30)
        assert found == {MasterKey.load(home, {}, create=False).current.id}
        assert [x.name for x in home.iterdir()] == ["master.key"]


def test_a_key_that_appears_meanwhile_is_kept(tmp_path, monkeypatch):
    """The loser of the race, made certain: the file appears between looking and making."""
    read, looked = masterkey._read, []

    def read_late(path):
        if path.name == "master.key" and not looked:
            looked.append(path)
            key_file(tmp_path)
            return None
        return read(path)

    monkeypatch.setattr(masterkey, "_read", read_late)
    assert MasterKey.load(tmp_path, {}).current.id == MasterKey.derive(RAW).current.id
    assert [x.name for x in tmp_path.iterdir()] == ["master.key"]


# Nothing secret is shown


def test_nothing_secret_is_in_repr_or_pickles():
    master = MasterKey.derive(RAW, OTHER)
    wrapped = VAULT.new_case_key(KEY)
    secret = [RAW, OTHER, VAULT._unwrap(wrapped, KEY), *(x for k in master.keys for x in (k.fingerprint, k.audit))]
    for thing in (master, master.current, Vault(master), VAULT.open_case(wrapped, KEY)):
        shown = f"{thing!r} {thing}"
        for key in secret:
            assert not any(x in shown for x in (key.hex(), written(key), repr(key)[2:-1]))
        with pytest.raises(TypeError):
            pickle.dumps(thing)
    assert master.current.id in repr(master)


# Fingerprints


def same(one: str, other: str) -> bool:
    return VAULT.fingerprint(one) == VAULT.fingerprint(other)


@given(st.text())
def test_a_text_pasted_again_has_the_same_fingerprint(text):
    assert same(text, unicodedata.normalize("NFD", text))
    assert same(text, f"\r\n {text}\t\u00a0")
    assert same(text, text.replace(" ", "\r\n  "))
    assert same(text, text.replace("\n", "\r\n"))


def test_case_width_and_white_space_do_not_count():
    assert same("Kvinden  bor\nher ﬁre år", "KVINDEN\u00a0BOR her fire ÅR\r\n")
    assert same("Gade Straße 𝐍r.", "GADE STRASSE nr.")
    assert canonical_form("\tÆbler  OG\r\n\r\npærer ") == "æbler og pærer"


@given(st.text(), st.text())
def test_other_texts_have_other_fingerprints(one, other):
    assert same(one, other) == (canonical_form(one) == canonical_form(other))


def test_words_count():
    for other in ("Kvinden bor he", "Kvindenbor her", "Kvinden bor her.", "Kvinden bør her", ""):
        assert not same("Kvinden bor her", other)


def test_a_fingerprint_needs_the_master_key_and_is_found_after_rotation():
    other = Vault(MasterKey.derive(OTHER))
    assert other.fingerprint(CANARY) != VAULT.fingerprint(CANARY)
    both = Vault(MasterKey.derive(OTHER, RAW))
    assert both.fingerprints(CANARY) == (other.fingerprint(CANARY), VAULT.fingerprint(CANARY))
    assert len(both.fingerprint("\ud800")) == 64


# Keys in files that the environment names


def named(path, *older):
    env = {"TEGN_MASTER_KEY_FILE": str(path)}
    return env | ({"TEGN_MASTER_KEY_OLD_FILE": str(older[0])} if older else {})


def test_a_key_comes_from_a_file_that_the_environment_names(tmp_path):
    """As systemd and containers give it: a link, or a file that a group of one may read."""
    path = key_file(tmp_path, mode=0o440, name="secret")
    old = key_file(tmp_path, content=written(OTHER), mode=0o400, name="old")
    (tmp_path / "link").symlink_to(path)
    home = tmp_path / "home"
    home.mkdir()
    for place in (path, tmp_path / "link"):
        found = MasterKey.load(home, named(place, old))
        assert [x.id for x in found.keys] == [x.id for x in MasterKey.derive(RAW, OTHER).keys]
    assert not list(home.iterdir())


@pytest.mark.parametrize("mode", [0o604, 0o660, 0o610, 0o644])
def test_a_named_key_that_others_may_use_is_refused(tmp_path, mode):
    with pytest.raises(UnusableKey, match="others"):
        MasterKey.load(tmp_path, named(key_file(tmp_path, mode=mode, name="secret")))


def test_a_named_key_that_is_not_there_is_not_made(tmp_path):
    for env in (named(tmp_path / "none"), named(key_file(tmp_path, name="secret"), tmp_path / "none")):
        with pytest.raises(UnusableKey, match="is not there"):
            MasterKey.load(tmp_path, env)
    assert [x.name for x in tmp_path.iterdir()] == ["secret"]


def test_a_named_key_is_one_key_by_an_absolute_path_and_the_only_one(tmp_path):
    path = key_file(tmp_path, name="secret")
    for env, said in (
        (named("secret"), "absolute path"),
        (named(path) | {"TEGN_MASTER_KEY": written(RAW)}, "both set"),
        (named(key_file(tmp_path, content=f"{written(RAW)} {written(OTHER)}", name="two")), "holds 2 keys"),
        (named(key_file(tmp_path, content="", name="empty")), "holds 0 keys"),
    ):
        with pytest.raises(UnusableKey, match=said) as caught:
            MasterKey.load(tmp_path, env)
        assert written(RAW) not in everything_said(caught)
