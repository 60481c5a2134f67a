"""What holds of any text: quotes are the text's own, nothing overlaps, nothing raises, time grows with the length alone."""

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.entities import KINDS, find_entities

_PIECES = st.sampled_from(
    re.split(
        "~",
        "0~1~22~01~+45~nul~en~to~tolv~og~kr.~-~/~.~,~:~(~)~@~#~️~1️⃣~🔟~④~é~å~Å~İ~ﬀ~½~O~l~I~kl~10-22~maj~d.~Anna~Aarhus~Skive~"
        "Nr.~år~hedder~mobilepay~cvr~cpr~010190-1234~www.~.dk~t.me/~telegram:~snabela~punktum~(at)~x~gange~dobbelt~\u200b~"
        "\u0301~\u030a~\n~\r\n~\t",
    )
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(_PIECES, max_size=40).map(" ".join), st.lists(_PIECES).map("".join))


@given(TEXTS)
@settings(max_examples=400, deadline=None)
def test_quotes_are_the_texts_own_and_do_not_overlap(text):
    entities = find_entities(text)
    assert all(text[x.span.start : x.span.end] == x.quote != "" for x in entities)
    assert all(a.span.end <= b.span.start for a, b in pairwise(entities))
    assert {x.type for x in entities} <= set(KINDS)
    assert all(x.value for x in entities)


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_a_cpr_numbers_value_never_has_its_last_digits(text):
    assert all(x.value.endswith("-xxxx") and len(x.value) == 11 for x in find_entities(text) if x.type == "cpr")


_RUNS = re.split(
    "~",
    "a~0~1 ~nul ~n u l ~en og ~@~a@~@a ~(at) ~a.~a.b.~www.~t.me/~telegram: a ~@abc telegram ~kl ~10-22 ~1. ~3.-~1. maj ~kr ~"
    "1.000 ~1 time ~Anna, ~Hej ~Aarhus ~i Skive, ~22 år ~mobilepay ~+~+4~+45 ~00~-~–~\n~ ~.~️~1️⃣~🔟~\u0301~İ~lO~ett~toog~enenen~"
    "2 x ~dobbelt ~hjerte ~snabela ~a punktum ~1/2 ~12/12-~cvr ~010190~0101901234 ~kh ~Jeg hedder ~Aa~://~_~a_~*~[(~"
    "mellem 1 og ~1:1~pris ~jeg er ~tlf ~1a~½ ~cpr nul ~cpr 0 1 ~01.01.90-~01.01.90 ~"
    "01 (a) ~01 kat ~<3 01 ~(01 ~første 01 ~start: 1, ~1x~🅾🐍1️⃣~læs bagfra 01234567 ~0048 10 ~to ",
)


@pytest.mark.parametrize("piece", _RUNS)
def test_a_long_run_of_anything_is_read_in_time(piece):
    """The slowest takes a few tenths of a second; what grows with the square of the length takes minutes."""
    text = (piece * (50_000 // len(piece) + 1))[:50_000]
    began = time.process_time()
    find_entities(text)
    assert time.process_time() - began < 5
