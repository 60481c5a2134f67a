"""What follows from each answer, without a network: which requests, which lines, which pages kept."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.ads.collecting.asking import Answer, Asked
from serving.ads.collecting.content import Read
from serving.ads.collecting.course import FAILURES, TRIES, Course
from serving.ads.collecting.gate import Gate
from serving.ads.collecting.report import ERRORS, JOURNAL
from serving.ads.collecting.scope import scopes_of
from serving.ads.collecting.state import State
from serving.ads.rules import Rules

HTML = (("Content-Type", "text/html"),)
ROBOTS = b"User-agent: *\nDisallow: /privat\n"


class World:
    """Pages by path; each is what `Read` says, a status, an answer, or a fault."""

    def __init__(self, tmp_path, pages, /, **manners):
        self.pages = {"/robots.txt": Answer(200, "OK", (), ROBOTS, None), **pages}
        self.manners = manners
        self.state = State(tmp_path / "state.sqlite")
        self.time = datetime(2026, 5, 3, tzinfo=UTC)
        self.clock = 0.0
        self.asked: list[Asked] = []
        self.slowed: list[float] = []
        self.runs = 0

    def begin(self):
        rules = Rules.model_validate(
            {
                "collector": {"contact": "ads@tavle.example"},
                "sites": {
                    "tavle.example": {
                        "ads": ["/annonce/"],
                        "collect": {
                            "permission": "Invented for a test, 2026",
                            "start": ["https://tavle.example/"],
                            "follow": ["/alle"],
                            **self.manners,
                        },
                    }
                },
            }
        )
        collector, (scope,) = scopes_of(rules)
        obeyed = scope.manners.ignore_robots is None
        gate = Gate(collector.name, obeyed=obeyed, slow=self.slowed.append, clock=lambda: self.clock)
        self.runs += 1
        course = Course(
            scope,
            self.state,
            f"run-{self.runs}",
            gate,
            self.read,
            limit=10_000,
            tell=lambda _: None,
            step=lambda: None,
            now=lambda: self.time,
        )
        course.begin()
        return course

    async def read(self, url, content_type, time, body):
        return Read(**json.loads(body.removeprefix(b"<html>")))

    def run(self, *, patient=True):
        """A run to its end; gives the paths asked for, in order."""
        course, self.asked = self.begin(), []
        while course.has_more():
            asked = course.next()
            if asked is None:
                if not patient or not course.has_more():
                    break
                self.time += timedelta(seconds=10)
                continue
            self.asked.append(asked)
            self.answer(course, asked)
        course.end()
        return [x.url.removeprefix("https://tavle.example") for x in self.asked]

    def answer(self, course, asked):
        page = self.pages.get(asked.url.removeprefix("https://tavle.example"), 404)
        if isinstance(page, list):
            page = page.pop(0) if len(page) > 1 else page[0]
        if isinstance(page, str):
            course.failed(asked, page)
            return
        if isinstance(page, int):
            page = Answer(page, "", (), b"", None)
        elif isinstance(page, dict):
            page = Answer(200, "OK", HTML, b"<html>" + json.dumps({"version": "v", **page}).encode(), None)
        asyncio.run(course.answered(asked, page))

    def lines(self, file):
        found = [json.loads(x) for x in self.state.spool.said(file)]
        return [(x["address"].removeprefix("https://tavle.example"), x.get("fault") or x["change"]) for x in found]

    def errors(self):
        return self.lines(ERRORS)

    def journal(self):
        return [x for x in self.lines(JOURNAL) if not x[1].startswith("robots")]


def to(*links):
    return {"links": [x if "://" in x else f"https://tavle.example{x}" for x in links]}


def redirect(where, status=301):
    return Answer(status, "", (("Location", where),), b"", None)


def test_links_are_followed_by_the_rules_alone(tmp_path):
    world = World(
        tmp_path,
        {
            "/": to(
                "/alle", "/om", "/annonce/1", "https://andre.example/annonce/9", "https://tavle.example:8443/annonce/9"
            ),
            "/alle": to("/annonce/2", "/privat/annonce/3"),
            "/annonce/1": {"version": "a"},
            "/annonce/2": {"version": "b"},
        },
    )
    assert world.run() == ["/robots.txt", "/", "/alle", "/annonce/1", "/annonce/2"]
    assert world.journal() == [("/annonce/1", "new"), ("/annonce/2", "new")]
    assert world.errors() == []


def test_a_limit_of_pages_ends_the_run_and_the_next_goes_on(tmp_path):
    ads = [f"/annonce/{x}" for x in range(9)]
    world = World(tmp_path, {"/": to(*ads), **{x: {} for x in ads}}, pages=5)
    assert world.run() == ["/robots.txt", "/", *ads[:3]]
    assert world.run() == ["/robots.txt", *ads[3:7]]
    assert world.run() == ["/robots.txt", *ads[7:]]
    assert world.run()[:2] == ["/robots.txt", "/"]


def test_new_ads_come_before_those_known_and_a_new_beginning_before_the_end_of_a_round(tmp_path):
    world = World(tmp_path, {"/": to("/annonce/1", "/annonce/2"), "/annonce/1": {}, "/annonce/2": {}})
    world.run()
    world.pages |= {"/": to("/annonce/3"), "/annonce/3": {}, "/nyt": to("/annonce/4"), "/annonce/4": {}}
    world.manners["pages"] = 4
    assert world.run() == ["/robots.txt", "/", "/annonce/3", "/annonce/1"]
    world.manners["start"] = ["https://tavle.example/", "https://tavle.example/nyt"]
    assert world.run() == ["/robots.txt", "/nyt", "/annonce/4", "/annonce/2"]


def test_what_is_to_be_skipped_is(tmp_path):
    world = World(tmp_path, {"/": to("/annonce/1?print=1", "/annonce/2")}, skip=["print="])
    assert world.run() == ["/robots.txt", "/", "/annonce/2"]


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_robots_txt_that_may_not_be_read_forbids_everything(tmp_path, status):
    world = World(tmp_path, {"/robots.txt": status, "/": to("/annonce/1")})
    assert world.run() == ["/robots.txt"] * TRIES
    assert world.errors() == [("/robots.txt", "robots_unknown")]


@pytest.mark.parametrize("status", [404, 410, 400])
def test_a_site_without_one_forbids_nothing(tmp_path, status):
    world = World(tmp_path, {"/robots.txt": status, "/": to()})
    assert world.run() == ["/robots.txt", "/"]


def test_robots_txt_may_be_elsewhere_on_the_site_and_nowhere_else(tmp_path):
    world = World(tmp_path, {"/robots.txt": redirect("/r.txt"), "/r.txt": Answer(200, "", (), b"", None), "/": to()})
    assert world.run() == ["/robots.txt", "/r.txt", "/"]
    world.pages["/robots.txt"] = redirect("https://andre.example/robots.txt")
    assert set(world.run()) == {"/robots.txt"}


def test_a_packed_robots_txt_is_unpacked_first(tmp_path):
    packed = Answer(200, "", (("Content-Encoding", "gzip"),), gzip.compress(ROBOTS), None)
    world = World(tmp_path, {"/robots.txt": packed, "/": to("/privat/annonce/1")})
    assert world.run() == ["/robots.txt", "/"]
    world.pages["/robots.txt"] = Answer(200, "", (("Content-Encoding", "br"),), ROBOTS, None)
    assert world.run() == ["/robots.txt"]
    assert world.errors() == [("/robots.txt", "content_encoding")]


def test_robots_txt_is_asked_for_again_after_a_day(tmp_path):
    world = World(tmp_path, {"/": to("/annonce/1"), "/annonce/1": {}})
    course = world.begin()
    for _ in range(2):
        world.answer(course, course.next())
    world.clock += 25 * 3600
    assert course.next().url.endswith("/robots.txt")


def test_robots_txt_says_how_slowly(tmp_path):
    robots = b"User-agent: Tegn\nCrawl-delay: 30\nRequest-rate: 1/45\n"
    world = World(tmp_path, {"/robots.txt": Answer(200, "", (), robots, None), "/": to()})
    world.run()
    assert world.slowed == [45.0]


def test_it_is_passed_over_only_with_permission(tmp_path):
    world = World(tmp_path, {"/": to("/privat/annonce/1")}, ignore_robots="The publisher, in writing, 2026")
    assert world.run() == ["/", "/privat/annonce/1"]


def test_unchanged_edited_removed_back_and_reposted_are_told_apart(tmp_path):
    world = World(tmp_path, {"/": to("/annonce/1", "/annonce/2", "/annonce/3")})
    for number in (1, 2, 3):
        world.pages[f"/annonce/{number}"] = {"version": f"v{number}"}
    world.run()
    world.state.spool.forget()
    world.pages["/annonce/1"] = {"version": "v1", "links": ["https://tavle.example/annonce/4"]}  # other bytes, same ad
    world.pages["/annonce/2"] = {"version": "v2b"}
    world.pages["/annonce/3"] = 404
    world.pages["/annonce/4"] = {"version": "v3"}
    world.run()
    assert sorted(world.journal()) == [("/annonce/2", "edited"), ("/annonce/3", "removed"), ("/annonce/4", "reposted")]
    world.state.spool.forget()
    world.pages["/annonce/3"] = {"version": "v3"}
    world.run()
    assert world.journal() == [("/annonce/3", "back")]


def test_a_removed_page_is_asked_for_only_where_a_link_leads_to_it(tmp_path):
    world = World(tmp_path, {"/": to("/annonce/1"), "/annonce/1": {}})
    world.run()
    world.pages |= {"/": to(), "/annonce/1": 410}
    assert world.run()[-1] == "/annonce/1"
    assert world.run() == ["/robots.txt", "/"]
    assert world.errors() == []


def test_a_page_that_says_with_200_that_its_ad_is_gone_is_as_one_that_is_not_there(tmp_path):
    world = World(tmp_path, {"/": to("/annonce/1", "/annonce/2"), "/annonce/1": {"version": "v1"}})
    world.pages["/annonce/2"] = {"fault": "gone"}
    world.run()
    assert world.errors() == [("/annonce/2", "gone")]
    assert world.journal() == [("/annonce/1", "new")]
    world.state.spool.forget()
    world.pages["/annonce/1"] = {"fault": "gone"}
    world.run()
    assert world.journal() == [("/annonce/1", "removed")]
    assert world.errors() == [("/annonce/2", "gone")]
    world.state.spool.forget()
    world.pages["/annonce/1"] = {"version": "v1"}
    world.run()
    assert world.journal() == [("/annonce/1", "back")]


def test_who_has_a_tag_is_asked_whether_it_changed(tmp_path):
    tagged = Answer(
        200, "", (*HTML, ("ETag", '"x"'), ("Last-Modified", "Sun, 03 May 2026 10:00:00 GMT")), b"<html>{}", None
    )
    world = World(tmp_path, {"/": to("/annonce/1"), "/annonce/1": [tagged, 304]})
    world.run()
    assert world.asked[-1].headers == {}
    world.run()
    assert world.asked[-1].headers == {"If-None-Match": '"x"', "If-Modified-Since": "Sun, 03 May 2026 10:00:00 GMT"}
    assert world.state.counts()["unchanged"] == 1


def test_what_the_rules_no_longer_allow_is_not_asked_for_again(tmp_path):
    world = World(tmp_path, {"/": to("/annonce/1", "/annonce/2"), "/annonce/1": {}, "/annonce/2": {}})
    world.run()
    world.manners["skip"] = ["/annonce/1"]
    assert world.run() == ["/robots.txt", "/", "/annonce/2"]


def test_the_same_page_under_https_is_the_same_page(tmp_path):
    world = World(tmp_path, {"/": to("http://tavle.example/annonce/1"), "/annonce/1": {}})
    world.pages["http://tavle.example/robots.txt"] = 404
    world.pages["http://tavle.example/annonce/1"] = redirect("https://tavle.example/annonce/1")
    assert world.run()[-2:] == ["http://tavle.example/annonce/1", "/annonce/1"]
    assert (world.journal(), world.errors()) == ([("/annonce/1", "new")], [])


@pytest.mark.parametrize("where", ["http://[", "javascript:alert(1)", "", "ftp://tavle.example/annonce/1"])
def test_a_redirect_to_nowhere_is_a_fault(tmp_path, where):
    world = World(tmp_path, {"/": to("/annonce/1"), "/annonce/1": redirect(where)})
    world.run()
    assert world.errors() == [("/annonce/1", "off_site")]


def test_a_page_to_begin_at_may_lead_to_another_place_of_the_site(tmp_path):
    world = World(tmp_path, {"/": redirect("/da/forside"), "/da/forside": to("/annonce/1"), "/annonce/1": {}})
    assert world.run()[-1] == "/annonce/1"


def test_a_failure_that_passes_is_no_fault_and_others_are_one(tmp_path):
    fails = {"/annonce/1": ["timeout", 500, {}], "/annonce/2": "tls", "/annonce/3": "timeout"}
    world = World(tmp_path, {"/": to(*fails), **fails})
    paths = world.run()
    assert [paths.count(x) for x in ("/annonce/1", "/annonce/2", "/annonce/3")] == [3, 1, TRIES]
    assert world.journal() == [("/annonce/1", "new")]
    assert sorted(world.errors()) == [("/annonce/2", "tls"), ("/annonce/3", "timeout")]


def test_a_server_that_asks_for_a_pause_gets_it(tmp_path):
    wait = Answer(503, "", (("Retry-After", "120"),), b"", None)
    world = World(tmp_path, {"/": to("/annonce/1", "/annonce/2"), "/annonce/1": [wait, {}], "/annonce/2": {}}, again=0)
    begun = world.time
    course = world.begin()
    for _ in range(3):
        world.answer(course, course.next())
    assert course.next() is None
    assert course.has_more()
    world.time = begun + timedelta(seconds=119)
    assert course.next() is None
    world.time = begun + timedelta(seconds=121)
    assert course.next() is not None


def test_one_that_asks_for_longer_than_a_run_waits_is_left_alone(tmp_path):
    wait = Answer(429, "", (("Retry-After", "Sun, 03 May 2026 01:00:00 GMT"),), b"", None)
    world = World(tmp_path, {"/": to("/annonce/1"), "/annonce/1": [wait, {}]})
    world.run()
    assert world.errors() == [("/", "wait_longer")]
    assert world.run() == ["/robots.txt", "/annonce/1"]


def test_a_site_that_is_down_is_left_alone_and_the_rest_waits(tmp_path):
    ads = [f"/annonce/{x}" for x in range(30)]
    world = World(tmp_path, {"/": to(*ads), **dict.fromkeys(ads, "no_connection")})
    assert len(world.run()) == 2 + FAILURES
    assert world.errors()[-1][1] == "site_down"
    world.pages.update({x: {} for x in ads})
    assert sorted(world.run()[1:]) == sorted(ads)


def test_links_end_where_the_rules_say_and_it_is_told(tmp_path):
    chain = {f"/alle{x}": to(f"/alle{x + 1}") for x in range(9)}
    world = World(tmp_path, {"/": to("/alle0"), **chain}, depth=3)
    assert world.run()[-1] == "/alle2"
    assert world.errors() == [("/alle2", "too_far")]
    (tmp_path / "b").mkdir()
    world = World(tmp_path / "b", {"/": to("/alle0", "/alle5"), **chain}, lists=3)
    assert world.run()[1:] == ["/", "/alle0", "/alle5", "/alle1"]
    assert [x[1] for x in world.errors()] == ["too_many_lists"]


def test_a_page_that_cannot_be_read_by_the_rules_is_kept_and_told(tmp_path):
    world = World(tmp_path, {"/": to("/annonce/1"), "/annonce/1": {"version": None, "fault": "no_rule_text"}})
    world.run()
    assert world.errors() == [("/annonce/1", "no_rule_text")]
    assert world.journal() == [("/annonce/1", "new")]


def test_a_page_that_asks_for_a_password_instead_is_not_kept(tmp_path):
    login = {"version": None, "fault": "no_text", "login": True, "links": ["https://tavle.example/annonce/2"]}
    world = World(tmp_path, {"/": to("/annonce/1"), "/annonce/1": login})
    assert world.run()[-1] == "/annonce/1"
    assert (world.errors(), world.journal()) == ([("/annonce/1", "login")], [])


@pytest.mark.parametrize(
    ("headers", "body", "fault"),
    [
        ((("Content-Encoding", "br"),), b"x", "content_encoding"),
        ((("Content-Encoding", "gzip"),), b"no gzip", "content_encoding"),
        ((), b" ", "empty"),
        ((), b"x" * 10_001, "too_large"),
    ],
)
def test_a_body_that_is_no_page_is_a_fault(tmp_path, headers, body, fault):
    world = World(tmp_path, {"/": to("/annonce/1"), "/annonce/1": Answer(200, "", (*HTML, *headers), body, None)})
    world.run()
    assert world.errors() == [("/annonce/1", fault)]


@pytest.mark.parametrize(
    "body", [b"\x1f\x8b\x08packed", b"PK\x03\x04", b"<rss version='2.0'>", b'{"a": 1}\n{"a": 2}\n']
)
def test_a_body_that_is_something_else_is_refused_and_counted(tmp_path, body):
    world = World(tmp_path, {"/": to("/annonce/1"), "/annonce/1": Answer(200, "", HTML, body, None)})
    world.run()
    assert (world.errors(), world.journal(), world.state.counts()["refused"]) == ([], [], 1)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.text(max_size=40), st.integers(200, 599))
def test_no_answer_ends_the_course(tmp_path, body, header, status):
    path = tmp_path / str(time.monotonic_ns())
    path.mkdir()
    headers = tuple((x, header) for x in ("Content-Type", "Content-Encoding", "Location", "Retry-After", "ETag"))
    answer = Answer(status, "", headers, body, None)
    world = World(path, {"/robots.txt": answer, "/": to("/annonce/1")}, again=0)
    world.run(patient=False)
    world.pages = {"/robots.txt": 404, "/": to("/annonce/1"), "/annonce/1": answer}
    world.read = nothing
    world.run(patient=False)
    world.state.close()


async def nothing(url, content_type, time, body):
    return Read()
