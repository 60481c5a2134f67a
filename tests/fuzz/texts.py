"""Texts of any characters, and what must hold of whatever a tagger says of them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tests.conftest import save_tiny
from tests.encoders import make_encoder
from tests.fuzz.targets import Finding
from tests.planted import planted
from triage.assessment import CLEAR, Assessment
from triage.canonical import canonical
from triage.encoder import Familiarity
from triage.evidence import make_head
from triage.loading import load
from triage.network import make_network, torch_scorer
from triage.pieces import Window, cut
from triage.tagger import Tagger
from triage.text import KINDS, MAX_TEXT, Document
from triage.units import MAX_LENGTH, MAX_WORDS, split_units
from triage.wire import InvalidDocument, parse_json, read_document

NOTE = "Manden skylder 30.000 kr. for rejsen til den der kørte bilen. Formanden har taget passet og gemt det. Ring 12 34 56 78."
PIECES = (
    NOTE, "\r\n", "\n\r", "\r", "\n\n", "\u2028", "\u2029", "\x85", "\v\f", " ", "\t", "\u00a0", "\u200b", "\ufeff", "\u00ad",
    "\u202e\u2066abc\u2069", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇰", "👍🏽", "e\u0301", "a" + "\u0300" * 3000, "\u0300" * 40, "ﬁ", "ß", "İ", "ǅ",
    "\U0010ffff", "\ud7ff", "\ufffe", "\x01\x1b[31m", "العربية", "עברית", "ไทย", "中文字", "한국어", "ДЕНЬГИ", "Μάθημα", "pаss",
    "a" * 1500, "A" * 1500, "." * 1500, "-" * 300, "1 " * 700, "x@" * 500, "http://" * 200, "@a.b" * 200, "(" * 300, "\"'»«" * 90,
    "kr. ", "d. 3. maj ", "f.eks. ", "!?… ", "• a\n• b\n", "1. a\n2) b\n", "Fra: x\nEmne: y\n", "a@b.dk", "www.x.dk/?a=b",
    "+45 12-34-56-78", "12345678" * 40, "½²³", "٣٤٥", "１２３", "𝐛𝐨𝐥𝐝", "\ue000", "\u034f", "\u115f", "\u17b5", "𒐫" * 20,
)  # fmt: skip
HARD = (
    "\u0301" * MAX_TEXT, "a" * MAX_TEXT, "😀" * MAX_TEXT, "." * MAX_TEXT, " " * (MAX_TEXT - 9) + "Hun bor h",
    "\r\n" * (MAX_TEXT // 2), "a b " * (MAX_TEXT // 4), "A. " * (MAX_TEXT // 3), "1" * MAX_TEXT, "a@" * (MAX_TEXT // 2),
    "\"" * MAX_TEXT, "e\u0301." * (MAX_TEXT // 3), "\u202e" * MAX_TEXT, "İ" * MAX_TEXT, "ы" * MAX_TEXT,
)  # fmt: skip
"""The longest texts of the worst characters."""


class Outspoken(Tagger):
    """A tagger that abstains from no text, so that every text goes all the way."""

    def abstentions(self, document: Document, novelty: float | None = None) -> tuple[str, ...]:
        return ()


def outspoken(tagger: Tagger) -> Tagger:
    """The tagger, abstaining from nothing and showing much."""
    values = {x.name: getattr(tagger, x.name) for x in fields(tagger)}
    thresholds = tuple(replace(x, look=0.001, flag=0.5) for x in tagger.calibration.thresholds)
    return Outspoken(**values | {"calibration": replace(tagger.calibration, thresholds=thresholds)})


def taggers(scratch: Path) -> dict[str, Tagger]:
    """One tagger of each family: the shipped kind, a linear one, and one that is sure of certain words."""
    save_tiny(scratch / "linear")
    linear = load(scratch / "linear")
    tokenizer, encoder = make_encoder(scratch / "encoder")
    torch.manual_seed(3)
    head = make_head("unit_evidence", encoder.config.hidden_size, len(linear.scheme))
    width = encoder.config.hidden_size
    familiarity = Familiarity(np.zeros(width, np.float32), np.ones(width, np.float32))
    windows = {"joined": Window("unit_evidence", 48, 1), "late": Window("unit_evidence", 48, 1, context_layer=1)}
    scorers = {
        f"encoder outspoken, {name} context": torch_scorer(
            make_network(encoder, head, window), tokenizer, window, familiarity
        )
        for name, window in windows.items()
    }
    sure = planted(linear, lambda word: 1.0 if word in ("skylder", "a", "😀", "passet") else 0.0)
    return {
        "linear": linear,
        "linear outspoken": outspoken(linear),
        **{name: outspoken(replace(linear, scorer=scorer)) for name, scorer in scorers.items()},
        "planted": outspoken(sure),
    }


def texts() -> st.SearchStrategy[str]:
    """Texts that can be sent: 1 to 50,000 code points, neither NUL nor half of a surrogate pair."""
    anything = st.characters(exclude_characters="\x00", exclude_categories=("Cs",))
    piece = st.one_of(st.sampled_from(PIECES), st.sampled_from(PIECES), st.text(anything, min_size=1, max_size=30))
    again = st.builds(str.__mul__, st.text(anything, min_size=1, max_size=3), st.integers(1, 400))
    return st.lists(st.one_of(piece, piece, again), min_size=1, max_size=8).map(lambda x: "".join(x)[:MAX_TEXT])


def documents() -> st.SearchStrategy[Document]:
    """Documents of both kinds."""
    return st.builds(Document, st.just("a"), st.sampled_from(KINDS), texts())


def _quotes(text: str, places: list[tuple[int, int, str]]) -> None:
    for start, end, quote in places:
        if not 0 <= start < end <= len(text) or text[start:end] != quote:
            raise Finding(f"a quote is not the words at {start}:{end}")


def check_answer(document: Document, said: Assessment) -> None:
    """What holds of an answer to any text.

    Raises:
        Finding: it does not.
    """
    text = document.text
    for x in said.findings:
        if not 0 <= x.probability <= 1:
            raise Finding(f"a probability of {x.probability}")
        _quotes(text, [(y.span.start, y.span.end, y.quote) for y in x.evidence])
        weights = [y.weight for y in x.evidence]
        if any(not 0 <= w <= 1 for w in weights) or sum(weights) > 1 + 1e-6:
            raise Finding(f"weights of {weights}")
        if (x.decision != CLEAR) != bool(x.evidence):
            raise Finding(f"{x.decision} with {len(weights)} quotes")
    _quotes(text, [(y.span.start, y.span.end, y.quote) for y in (*said.mentions, *said.entities)])
    if any(not 0 <= x <= 1 for x in said.priority.elements.values()):
        raise Finding("an element's share is none")
    sent = said.to_json(all_indicators=True)
    if json.loads(json.dumps(sent).encode("utf-8")) != sent:
        raise Finding("the answer is not read as it was written")


def _same(one: Assessment, other: Assessment) -> bool:
    close = all(
        math.isclose(a.probability, b.probability, abs_tol=1e-4)
        for a, b in zip(
            sorted(one.findings, key=lambda x: x.code), sorted(other.findings, key=lambda x: x.code), strict=True
        )
    )
    return close and (one.status, one.reasons, one.entities) == (other.status, other.reasons, other.entities)


def check(taggers: Mapping[str, Tagger], document: Document) -> None:
    """What holds of a text and of what every tagger says of it.

    Raises:
        Finding: it does not.
    """
    check_units(document)
    neighbour = Document("b", "note", NOTE)
    for name, tagger in taggers.items():
        (alone,) = tagger([document])
        check_answer(document, alone)
        among = tagger([neighbour, document, neighbour])[1]
        if not _same(alone, among) or (tagger.scorer.family != "encoder" and alone != among):
            raise Finding(f"{name}: another answer among other texts")
    for name, tagger in taggers.items():
        if name.startswith("encoder"):
            check_pieces(tagger.scorer, document)


def check_units(document: Document) -> None:
    """Units are disjoint, in order, bounded, cover the text, and a text twice as long has about twice as many.

    Raises:
        Finding: it is not so.
    """
    text, units, end = document.text, split_units(document), 0
    for unit in units:
        body = text[unit.start : unit.end]
        if unit.start < end or not body or body != body.strip() or text[end : unit.start].strip():
            raise Finding("units overlap, leave something out or begin with white space")
        if document.kind == "note" and (len(body) > MAX_LENGTH or len(body.split()) > MAX_WORDS):
            raise Finding(f"a unit of {len(body)} code points and {len(body.split())} words")
        end = unit.end
    if text[end:].strip():
        raise Finding("the end of the text is in no unit")
    if len(canonical(text)) != len(text):
        raise Finding("the canonical form has another length")
    twice = split_units(replace(document, text=f"{text}\n\n{text}"))
    if len(twice) > 2 * len(units) + 4:
        raise Finding(f"{len(units)} units, and {len(twice)} of the text twice")


def check_pieces(scorer: Any, document: Document) -> None:
    """What the encoder reads grows with the text, and no faster.

    Raises:
        Finding: it does.
    """
    pieces = cut(document, scorer.tokenizer, scorer.window)
    twice = cut(replace(document, text=f"{document.text}\n\n{document.text}"), scorer.tokenizer, scorer.window)
    if any(len(x.ids) > scorer.window.max_tokens for x in (*pieces, *twice)):
        raise Finding("more tokens than fit")
    if len(twice) > 2 * len(pieces) + 8 or sum(len(x.ids) for x in twice) > 2 * sum(len(x.ids) for x in pieces) + 400:
        raise Finding(f"{len(pieces)} sequences, and {len(twice)} of the text twice")


def check_wire(text: str) -> None:
    """Whatever a JSON string can carry, halves of surrogate pairs too, is a document as it was sent, or is refused.

    Raises:
        Finding: it is neither.
    """
    sent = json.dumps({"id": "a", "kind": "note", "text": text})
    try:
        read = read_document(parse_json(sent.encode()))
    except InvalidDocument as error:
        sendable = 0 < len(text) <= MAX_TEXT and "\x00" not in text and not any("\ud800" <= x <= "\udfff" for x in text)
        if sendable or error.problems[0][0] != "text":
            raise Finding("a text that may be sent is refused") from None
        return
    if read.text != text or read.text.encode("utf-8").decode("utf-8") != text:
        raise Finding("the text is not the one that was sent")


def rounds(ready: Mapping[str, Tagger]) -> Any:
    """Rounds of texts for taggers."""
    carried = st.text(st.characters(), max_size=200).map(lambda x: json.loads(json.dumps(x)))

    def run(chosen: settings, number: int) -> None:
        @seed(number)
        @chosen
        @given(documents())
        def every_text_is_answered(document: Document) -> None:
            check(ready, document)

        @seed(number)
        @chosen
        @given(carried)
        def every_string_is_read_or_refused(text: str) -> None:
            check_wire(text)

        every_text_is_answered()
        every_string_is_read_or_refused()
        document = Document("a", KINDS[number % 2], HARD[number % len(HARD)])
        try:
            check(ready, document)
        except Exception as error:
            error.add_note(f"HARD[{number % len(HARD)}] as {document.kind}")
            raise

    return run
