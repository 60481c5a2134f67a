"""No bytes raise anything but a fault, whatever they are taken for."""

import contextlib
import gzip
import io
import json
import re
from dataclasses import asdict

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.ads.ads import id_of, page_address, site_of, web_address
from serving.ads.child import answer
from serving.ads.encoding import decode
from serving.ads.faults import FAULTS, PageFault
from serving.ads.messages import Request
from serving.ads.reader import _checked
from serving.ads.rules import Rules
from serving.ads.sources.files import read_sources
from serving.ads.sources.kinds import kind_of
from serving.ads.sources.tape import Tape
from serving.ads.sources.unpacking import Unpacked
from tests.conftest import ROOT
from tests.serving.ads import made

SEEDS = [
    made.page().encode(), made.rss(made.item(1)).encode(), json.dumps({"text": "x", "url": "https://a.example"}).encode(),
    b"text;url\nen;to\n", made.record("https://a.example/1", made.page().encode()),
    made.record("https://a.example/1", made.page().encode(), packed=True) * 2, gzip.compress(b"x" * 100), made.zeros(2),
    b"\xff\xfe<\x00p\x00", b"<p>", b"WARC/1.0\r\n", b"\r\n\r\n", b"Content-Length: 5\r\n", b"HTTP/1.1 200 OK\r\n", b'"',
]  # fmt: skip


@st.composite
def inputs(draw):
    """Seeds, cut, repeated and with bytes changed, and bytes of no kind."""
    parts = draw(st.lists(st.one_of(st.sampled_from(SEEDS), st.binary(max_size=60)), min_size=1, max_size=4))
    data = bytearray(b"".join(parts))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        data[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


_HOW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_HOW
@given(inputs(), st.sampled_from(["x", "x.html", "x.csv", "x.warc.gz"]))
def test_any_file_gives_pieces_or_faults(tmp_path, data, name):
    (tmp_path / "in").mkdir(exist_ok=True)
    for path in (tmp_path / "in").iterdir():
        path.unlink()
    (tmp_path / "in" / name).write_bytes(data)
    for source in (tmp_path / "in", tmp_path / "in" / name):
        for piece in read_sources([source], Rules(), None):
            assert set(piece.faults) <= FAULTS.keys()
            assert len(piece.data) <= Rules().limit
            assert len(piece.digest) == 32


@_HOW
@given(
    inputs(),
    st.sampled_from(["page", "feed", "words", "collected"]),
    st.sampled_from([None, "utf-8", "utf-16", "hex", "koi8-r", "\x00"]),
)
def test_the_child_has_an_answer_to_everything(data, kind, charset):
    request = Request(kind, url="https://a.example/b", charset=charset, retrieved="2026-05-03T10:00:00Z")
    said = answer(request, data, Rules(), None)
    checked = _checked(json.loads(json.dumps(asdict(said))))
    assert checked is not None
    assert (len(checked.entries), checked.links) == (len(said.entries), said.links)
    assert all(web_address(x) == x for x in said.links)


@given(st.one_of(st.text(), st.from_regex(r"https?://[a-z\[\]:@%#?&=./0-9]{0,30}")))
def test_no_address_raises(url):
    page_address(url)
    site_of(url)
    known = web_address(url)
    if known is not None:
        assert web_address(known) == known
        assert id_of(known, None, title=None, text="x", place=None, contacts=()) == id_of(
            known + "#a", None, title=None, text="x", place=None, contacts=()
        )


@given(st.binary(), st.one_of(st.none(), st.text(max_size=10)))
def test_any_bytes_are_text_or_said_to_be_none(data, header):
    with contextlib.suppress(PageFault):
        assert "\x00" not in decode(data, header)
    kind_of(data)


@given(st.binary(max_size=2_000), st.lists(st.tuples(st.sampled_from("plrkbf"), st.integers(0, 300)), max_size=20))
def test_a_tape_gives_what_a_file_gives(data, steps):
    """Against bytes in memory: nothing is lost or read twice, whatever the order of steps."""
    source = io.BytesIO(data)
    tape, place = Tape(lambda: source.read(7)), 0
    for step, size in steps:
        if step == "p":
            assert tape.peek(size) == data[place : place + size]
        elif step == "r":
            got = tape.read(size)
            assert got == data[place : place + size]
            place += len(got)
        elif step == "k":
            assert tape.skip(size) == (place + size <= len(data))
            place = min(len(data), place + size)
        elif step == "l":
            got = tape.line(size)
            end = data.find(b"\n", place)
            whole = data[place : end + 1] if end >= 0 else data[place:]
            assert got == whole[:size]
            place += len(got)
        elif step == "b" and place:
            before = max(0, place - size)
            tape.back(data[before:place])
            place = before
        else:
            found = re.compile(b"\x00").search(data, place)
            assert tape.find(re.compile(b"\x00"), 1) == (found is not None)
            place = found.start() if found else len(data)
        assert tape.place == place


@given(st.lists(st.binary(max_size=500), min_size=1, max_size=3), st.integers(1, 64))
def test_what_is_unpacked_is_what_was_packed(parts, size):
    packed = b"".join(gzip.compress(x) for x in parts)
    unpacked = Unpacked(io.BytesIO(packed))
    found = b"".join(iter(lambda: unpacked.read(size), b""))
    assert found == b"".join(parts)


def test_an_import_opens_no_connection():
    """No module of the import names what would fetch a page."""
    collector = ROOT / "serving" / "ads" / "collecting"  # which is there to ask; see its own tests
    for path in {*(ROOT / "serving" / "ads").rglob("*.py")} - {*collector.glob("*.py")}:
        assert not re.search(
            r"urllib\.request|fetch_url|http\.client|requests|httpx|socket", path.read_text("utf-8")
        ), path
