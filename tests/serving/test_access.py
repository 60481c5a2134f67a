"""People, links, passwords, sessions and keys; each act with its entry in the audit log, in both kinds of database."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from argon2 import Parameters, extract_parameters
from argon2.low_level import Type
from argon2.profiles import CHEAPEST, RFC_9106_LOW_MEMORY

from serving.store import passwords
from serving.store.access import LOCK, TRIES, Access, NotAllowed, WeakPassword, WrongPassword
from serving.store.passwords import Passwords, check_password
from serving.store.people import People
from serving.store.tables import Base, User

GOOD = "tre grå katte på taget"
BETTER = "fire blå katte i haven"


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(ledger, clock) -> Access:
    return Access(ledger, clock=clock)


@pytest.fixture
def anna(access) -> str:
    """A session of Anna, who has a password."""
    session = access.use_link(access.add_user("Anna", "analyst"))
    access.set_password(session, "", GOOD)
    return session


def acts(ledger) -> list[tuple]:
    """What the log says, oldest first."""
    assert ledger.verify()[1] is None
    return [(x.actor, x.act, x.subject, dict(x.details)) for x in reversed(ledger.entries())]


def test_secrets_are_not_in_the_store(access, store, tmp_path):
    token, key = access.add_user("Anna", "analyst"), access.add_key("k", ["tag"])
    session = access.use_link(token)
    access.set_password(session, "", GOOD)
    with store.connect() as connection:
        kept = [str(row) for table in Base.metadata.sorted_tables for row in connection.execute(table.select())]
    assert len(kept) >= 4
    store.dispose()
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("store.db*"))
    for secret in (token, key, session, GOOD):
        assert not any(secret in row for row in kept)
        assert secret.encode() not in raw


def test_a_link_is_good_once_and_for_a_day_and_the_log_says_why_not(access, ledger, clock):
    token = access.add_user("Anna", "analyst")
    assert access.use_link(token)
    assert access.use_link(token) is None
    assert access.use_link("nonsense") is None
    late = access.new_link("Anna")
    clock.pass_by(hours=25)
    assert access.use_link(late) is None
    assert acts(ledger) == [
        ("system", "user.added", "user#1", {"role": "analyst"}),
        ("system", "user.linked", "user#1", {}),
        ("user#1", "login.succeeded", "user#1", {"way": "link"}),
        ("anonymous", "login.refused", "user#1", {"reason": "used"}),
        ("anonymous", "login.refused", "", {"reason": "unknown"}),
        ("system", "user.linked", "user#1", {}),
        ("anonymous", "login.refused", "user#1", {"reason": "expired"}),
    ]


def test_a_link_is_spent_by_one_of_many_requests_at_once(access):
    token = access.add_user("Anna", "analyst")
    with ThreadPoolExecutor(8) as pool:
        assert sum(x is not None for x in pool.map(access.use_link, [token] * 8)) == 1


def test_a_new_link_replaces_the_old(access):
    old = access.add_user("Anna", "analyst")
    new = access.new_link("Anna")
    assert access.use_link(old) is None
    assert access.use_link(new)


def test_a_session_ends_after_30_idle_minutes_and_after_12_hours(access, clock):
    session = access.use_link(access.add_user("Anna", "analyst"))
    for _ in range(20, 12 * 60, 20):
        clock.pass_by(minutes=20)
        assert access.person(session).name == "Anna"
    clock.pass_by(minutes=21)
    assert access.person(session) is None
    idle = access.use_link(access.new_link("Anna"))
    clock.pass_by(minutes=31)
    assert access.person(idle) is None


def test_each_log_in_has_a_session_of_its_own(access, anna):
    assert len({anna, access.log_in("Anna", GOOD), access.log_in("Anna", GOOD)}) == 3


def test_a_password_logs_in_however_its_letters_were_typed(access, anna, ledger):
    session = access.log_in(" Anna ", GOOD.replace("å", "a\u030a"))
    assert access.person(session).way == "password"
    assert acts(ledger)[-1] == ("user#1", "login.succeeded", "user#1", {"way": "password"})


@pytest.mark.parametrize("name", ["nobody", "", "x" * 101, "a\x00b", "Anna\n2"])
def test_an_unknown_name_is_refused_and_recorded_without_the_name(access, anna, ledger, name):
    assert access.log_in(name, GOOD) is None
    assert acts(ledger)[-1] == ("anonymous", "login.refused", "", {"reason": "unknown"})


def test_six_wrong_passwords_in_a_row_lock_for_a_quarter_of_an_hour(access, anna, ledger, clock):
    for _ in range(TRIES - 1):
        assert access.log_in("Anna", BETTER) is None
    assert access.log_in("Anna", GOOD)  # not yet locked, and the count begins anew
    for _ in range(TRIES):
        assert access.log_in("Anna", BETTER) is None
    assert acts(ledger)[-2:] == [
        ("anonymous", "login.refused", "user#1", {"reason": "password"}),
        ("anonymous", "user.changed", "user#1", {"locked": True}),
    ]
    assert access.log_in("Anna", GOOD) is None
    assert acts(ledger)[-1] == ("anonymous", "login.refused", "user#1", {"reason": "locked"})
    assert [x.locked for x in access.users()] == [True]
    assert access.use_link(access.new_link("Anna"))
    clock.now += LOCK - timedelta(seconds=1)
    assert access.log_in("Anna", GOOD) is None
    clock.pass_by(seconds=2)
    assert access.log_in("Anna", GOOD)


def test_guesses_at_once_are_all_counted(access, anna):
    with ThreadPoolExecutor(6) as pool:
        assert not any(pool.map(lambda _: access.log_in("Anna", BETTER), range(TRIES)))
    assert access.log_in("Anna", GOOD) is None


def test_guesses_of_the_old_password_lock_too(access, anna):
    session = access.log_in("Anna", GOOD)
    for _ in range(TRIES):
        with pytest.raises(WrongPassword):
            access.set_password(session, BETTER, BETTER)
    with pytest.raises(WrongPassword):
        access.set_password(session, GOOD, BETTER)
    access.unlock("Anna")
    access.set_password(session, GOOD, BETTER)
    assert access.log_in("Anna", GOOD) is None
    assert access.log_in("Anna", BETTER)


def test_a_new_password_ends_all_other_sessions_and_unused_links(access, anna, ledger):
    here, there, link = access.log_in("Anna", GOOD), access.log_in("Anna", GOOD), access.new_link("Anna")
    access.set_password(here, GOOD, BETTER)
    assert access.person(here)
    assert access.person(there) is None
    assert access.person(anna) is None
    assert access.use_link(link) is None
    assert ("user#1", "user.changed", "user#1", {"password": True}) in acts(ledger)


def test_a_fresh_link_needs_no_old_password_but_once_and_for_a_short_while(access, anna, clock):
    by_link = access.use_link(access.new_link("Anna"))
    access.set_password(by_link, "", BETTER)
    with pytest.raises(WrongPassword):
        access.set_password(by_link, "", GOOD)
    later = access.use_link(access.new_link("Anna"))
    clock.pass_by(minutes=16)
    with pytest.raises(WrongPassword):
        access.set_password(later, "", GOOD)
    assert access.log_in("Anna", BETTER)


def test_a_forgotten_and_locked_password_is_reset_by_a_link(access, anna):
    for _ in range(TRIES):
        access.log_in("Anna", BETTER)
    access.set_password(access.use_link(access.new_link("Anna")), "", BETTER)
    assert access.log_in("Anna", BETTER)


def test_whoever_comes_by_the_provider_alone_has_no_password_here(access):
    session = access.enter("https://a", "1", "Anna", "analyst")
    with pytest.raises(WrongPassword):
        access.set_password(session, "", GOOD)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("elleve tegn", "too_short"),
        ("a\u030a" * 11, "too_short"),
        ("ab c" * 51, "too_long"),
        ("anna berg 2026", "name"),
        ("AnnaBerg1234!", "name"),
        ("aaaaaaaaaaaa", "common"),
        ("121212121212", "common"),
        ("123456789012", "common"),
        ("Kodeord12345", "common"),
        ("qwertyuiopåasd", "common"),
        ("9876543210987", "common"),
        ("           1!", "common"),
        ("a" * 5 + "bcdefgh", None),
        (GOOD, None),
        ("👩‍👧" * 4 + "abc", None),
        ("x1 yz" * 40, None),
    ],
)
def test_a_password_has_a_length_and_is_not_what_everybody_tries(password, code):
    if code is None:
        return check_password(password, "Anna Berg")
    with pytest.raises(WeakPassword) as caught:
        check_password(password, "Anna Berg")
    assert caught.value.code == code
    return None


def test_passwords_are_hashed_as_rfc_9106_says():
    assert passwords.PARAMETERS is CHEAPEST  # in tests alone
    parameters = extract_parameters(Passwords(RFC_9106_LOW_MEMORY).hash(GOOD))
    assert (parameters.type, parameters.memory_cost, parameters.time_cost) == (Type.ID, 65536, 3)


def test_a_password_hashed_with_other_parameters_is_hashed_anew(access, anna, ledger, store):
    def kept() -> Parameters:
        with store.connect() as db:
            return extract_parameters(db.scalar(sa.select(User.password_hash)))

    dearer = Parameters(Type.ID, 19, 16, 32, time_cost=2, memory_cost=16, parallelism=1)
    other = Access(ledger, passwords=Passwords(dearer))
    assert other.log_in("Anna", BETTER) is None
    assert kept() == CHEAPEST
    assert other.log_in("Anna", GOOD)
    assert kept() == dearer
    assert other.log_in("Anna", GOOD)


def test_an_unknown_name_takes_as_long_as_a_wrong_password():
    """The work is done: a check against nobody costs what one against somebody does, within a factor."""
    some = Passwords(Parameters(Type.ID, 19, 16, 32, time_cost=4, memory_cost=8192, parallelism=1))
    kept = some.hash(GOOD)

    def cost(against: str | None) -> float:
        times = []
        for _ in range(5):
            began = time.process_time()
            assert not some.fits(against, BETTER)
            times.append(time.process_time() - began)
        return min(times)

    assert 0.5 < cost(None) / cost(kept) < 2


def test_a_broken_hash_fits_nothing():
    assert not Passwords().fits("nonsense", GOOD)


def test_roles_are_changed_and_end_sessions(access, anna, ledger):
    access.change_role("Anna", "lead", by="user#9")
    assert access.person(anna) is None
    assert access.person(access.log_in("Anna", GOOD)).role == "lead"
    assert ("user#9", "user.changed", "user#1", {"role": "lead"}) in acts(ledger)


def test_who_is_removed_is_out_for_good(access, anna, ledger):
    link = access.new_link("Anna")
    access.remove_user("Anna", by="user#9")
    assert acts(ledger)[-1] == ("user#9", "user.removed", "user#1", {})
    assert access.person(anna) is None
    assert access.use_link(link) is None
    assert access.log_in("Anna", GOOD) is None
    for act in (
        lambda: access.add_user("Anna", "lead"),
        lambda: access.new_link("Anna"),
        lambda: access.remove_user("Anna"),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert [(x.name, x.removed) for x in access.users()] == [("Anna", True)]


def test_the_last_admin_stays(access):
    access.add_user("Ada", "admin")
    for act in (lambda: access.remove_user("Ada"), lambda: access.change_role("Ada", "lead")):
        with pytest.raises(NotAllowed, match="last admin"):
            act()
    access.add_user("Bo", "admin")
    with pytest.raises(NotAllowed, match="themselves"):
        access.remove_user("Ada", by="user#1")
    access.remove_user("Ada", by="user#2")
    with pytest.raises(NotAllowed, match="last admin"):
        access.remove_user("Bo")


def test_of_two_admins_who_remove_each_other_at_once_one_stays(access, monkeypatch):
    access.add_user("Ada", "admin")
    access.add_user("Bo", "admin")
    both, named = threading.Barrier(2), People._named

    def meet(db, name: str) -> User:
        """Both would be here at once, were one not kept waiting before."""
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return named(db, name)

    monkeypatch.setattr(People, "_named", staticmethod(meet))

    def remove(pair: tuple[str, str]) -> None:
        with contextlib.suppress(NotAllowed):
            access.remove_user(pair[0], by=pair[1])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(remove, [("Ada", "user#2"), ("Bo", "user#1")]))
    assert sum(not x.removed for x in access.users()) == 1


def test_own_sessions_are_seen_and_ended_elsewhere(access, anna, clock, ledger):
    clock.pass_by(minutes=5)
    here = access.log_in("Anna", GOOD)
    visits = access.visits(here)
    assert [(x.way, x.current) for x in visits] == [("password", True), ("password", False)]
    assert visits[0].started - visits[1].started == timedelta(minutes=5)
    access.log_out_elsewhere(here)
    assert access.person(anna) is None
    assert len(access.visits(here)) == 1
    assert acts(ledger)[-1] == ("user#1", "logout", "user#1", {"sessions": 1})
    access.log_out(here)
    access.log_out(here)
    assert access.person(here) is None
    assert acts(ledger)[-1] == ("user#1", "logout", "user#1", {"sessions": 1})


def test_a_provider_brings_people_by_subject_and_never_by_name(access, ledger):
    access.add_user("Anna", "admin")
    session = access.enter("https://a", "1", "Anna", "analyst")
    person = access.person(session)
    assert (person.name, person.role, person.id) == ("Anna (2)", "analyst", 2)
    assert access.person(access.enter("https://a", "1", "Anders", "lead")).role == "lead"
    assert access.person(session) is None  # another role ends sessions
    assert access.person(access.enter("https://b", "1", "Anna", "analyst")).id == 3
    assert access.enter("https://a", "2", "Bo", None) is None
    access.remove_user("Anna (2)")
    assert access.enter("https://a", "1", "Anna", "analyst") is None
    assert [x[3] for x in acts(ledger) if x[1] == "login.refused"] == [{"reason": "unknown"}, {"reason": "removed"}]


def test_somebody_known_is_bound_to_a_subject_by_hand(access):
    access.add_user("Anna", "lead")
    access.bind("Anna", "https://a", "1")
    assert access.person(access.enter("https://a", "1", "x", None)).name == "Anna"
    access.add_user("Bo", "lead")
    with pytest.raises(NotAllowed):
        access.bind("Bo", "https://a", "1")


def test_a_provider_does_not_take_the_last_admin_away(access):
    access.add_user("Ada", "admin")
    access.bind("Ada", "https://a", "1")
    assert access.person(access.enter("https://a", "1", "Ada", "analyst")).role == "admin"


def test_keys_have_scopes_and_end(access, ledger):
    key = access.add_key("k", ["tag"])
    system = access.system(key)
    assert (system.name, system.scopes, system.actor) == ("k", {"tag"}, "key#1")
    assert access.system("tegn_wrong") is None
    assert [x.name for x in access.systems()] == ["k"]
    access.remove_key("k")
    assert access.system(key) is None
    assert not access.has_keys()
    assert acts(ledger) == [
        ("system", "key.added", "key#1", {"scopes": "tag"}),
        ("system", "key.removed", "key#1", {}),
    ]


@pytest.mark.parametrize(
    "act",
    [
        lambda a: a.add_user("", "analyst"),
        lambda a: a.add_user("Bo\nx", "analyst"),
        lambda a: a.add_user("Bo", "king"),
        lambda a: a.add_user("Bo", "client"),
        lambda a: (a.add_user("Bo", "analyst"), a.add_user("Bo", "lead")),
        lambda a: a.new_link("nobody"),
        lambda a: a.change_role("nobody", "lead"),
        lambda a: a.unlock("nobody"),
        lambda a: a.add_key("k", []),
        lambda a: a.add_key("k", ["everything"]),
        lambda a: a.remove_key("k"),
        lambda a: (a.add_key("k", ["tag"]), a.add_key("k", ["tag"])),
    ],
)
def test_what_cannot_be_is_refused(access, act):
    with pytest.raises(NotAllowed):
        act(access)
