"""Cuts a text into units: sentences in notes, windows of a few lines in ads.

A unit is the place where evidence is looked for and the part of a score that can be pointed at. Units are disjoint, in
order, trimmed of white space, and together cover every character that is not white space.
"""

from __future__ import annotations

import re

from triage.text import Document, Span

MAX_WORDS = 64
"""No unit is longer than this many words."""
MAX_LENGTH = 1000
"""Nor than this many code points, whatever its words look like."""
AD_WORDS = 32
"""Lines and sentences of an ad are joined until they reach this many words, as a contact or a tour often spans lines."""

# Abbreviations of Danish journals and letters that end in a full stop inside a sentence.
ABBREVIATIONS = frozenset(
    """
    adr afd afs aft alm ang anm ank ansv apr att aug bem bemærk besk bgt bil bl bla bl.a bpt ca cirka cpr d dato d.d d.å
    dec dep dir div dok dr ds dvs eftf egl ekskl eks el enh etc evt f feb ff fg fhv fig fl flg fm foreg forh forts fr
    f.eks f.kr f.m f.t fx g gl gr hhv hr i.h.t iflg ifm ift iht incl indl inkl insp jan jf jfr jnr jr jul jun kap kl
    kld km kom kons kr kt kv kvt l lb lign lok ltr m maks mar max mdl mdr md m.fl m.h.p m.h.t mhp mht mia min mio
    m.m m.v modt mrk mv nat ndr n.n nov nr nuv o o.a obs off okt o.lign o.l omg omk omr opl oprdl osv ovenst overs
    p p.a pba pers pga pgl pkt pl plk p.t pr prof pæd pt r ref red resp rest rk s s.d sdr sekr sek sen sept sep sml soc
    spec spm st stk str sv såk t tab tel temp th tidl tilh tilsv tlf to tv u ugtl ult undt v vedl vedr vejl vdr vha vs
    ø å årg årh
    """.split()  # noqa: SIM905 - a list of 190 quoted words would be unreadable
)

_LOOK_BACK = 200
"""Code points before a full stop that decide whether it ends a sentence."""
_LINE = re.compile(r"[^\r\n\v\f\x85\u2028\u2029]+")
_BULLET = re.compile(r"\s*(?:[-–—*•·▪●○>+]|\d{1,3}[.)]\s|[a-zæøå][.)]\s|\[[ xX]?\])")
# Possessive, and begun only where a run of marks begins: a long run costs time in its length, not in the square of it.
_SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'»«”’)\]]*+(?=\s)")
_WORD_BEFORE = re.compile(r"[^\s(\[\"»'“]+$")
_WORD = re.compile(r"\S+")
_HEADER = re.compile(r"\s*(?:Fra|Til|Emne|Dato|Sendt|Cc|Vedr|From|To|Subject|Sent|Date)\s*:", re.IGNORECASE)


def _ends_sentence(before: str, after: str) -> bool:
    """Whether the full stop between `before` (up to and with it) and `after` (what follows the white space) ends one."""
    mark = before[-1] if before[-1] in ".!?…" else before.rstrip("\"'»«”’)]")[-1:]
    if before[-1] not in ".!?…" and after[:1].islower():
        return False  # a quotation inside its sentence: "Nej." sagde hun.
    if mark != "." or before.endswith(".."):
        # "!?", "…" and "..": a sentence ends unless the text goes on in lower case after dots.
        return mark in "!?" or not after[:1].islower()
    word = _WORD_BEFORE.search(before[:-1])
    last = word[0].lower() if word else ""
    if last.rstrip(".") in ABBREVIATIONS or last in ABBREVIATIONS:
        # An abbreviation ends a sentence only where a longer capitalised word begins the next ("... 200 kr. Hun").
        return last in _MAY_END and after[:1].isupper() and after[1:2].islower()
    if len(last) == 1 and last.isalpha():
        return False  # an initial: "K. havde", "m. fl."
    # An ordinal: "d. 3. maj", "2. sal". A year or a sum before a capital does end a sentence.
    return not (last.isdigit() and len(last) <= 2 and not after[:1].isupper())


_MAY_END = frozenset(
    "kr osv mv etc mdr md min mio mia m.v m.m o.l o.lign m.fl pers stk sek km d.d p.t".split()  # noqa: SIM905
)
"""Abbreviations that a sentence may end with."""


def _continues(previous: str, line: str) -> bool:
    """Whether `line` goes on with the sentence that a hard line break cut in `previous`."""
    return (
        len(previous) >= 55 and previous[-1:] not in ".!?:…" and line.lstrip()[:1].islower() and not _BULLET.match(line)
    )


def _paragraphs(text: str) -> list[Span]:
    """Runs of lines that belong together: one line each, save where a hard break cut a sentence."""
    found: list[Span] = []
    previous_end = 0
    for match in _LINE.finditer(text):
        if not match[0].strip():
            continue
        gap = text[previous_end : match.start()]
        one_break = gap in ("\n", "\r\n", "\r")
        line = match[0]
        if found and one_break and not _HEADER.match(line):
            last = found[-1]
            if _continues(text[last.start : last.end].rsplit("\n", 1)[-1].rstrip(), line):
                found[-1] = Span(last.start, match.end())
                previous_end = match.end()
                continue
        found.append(Span(match.start(), match.end()))
        previous_end = match.end()
    return found


def _sentences(text: str, paragraph: Span) -> list[Span]:
    found = []
    start = paragraph.start
    bullet = _BULLET.match(text, start, paragraph.end)
    search = bullet.end() if bullet else start
    for match in _SENTENCE_END.finditer(text, search, paragraph.end):
        after = text[match.end() : match.end() + 40].lstrip().lstrip("\"'»«“”([")
        if _ends_sentence(text[max(start, match.end() - _LOOK_BACK) : match.end()], after):
            found.append(Span(start, match.end()))
            start = match.end()
    found.append(Span(start, paragraph.end))
    return found


def _trim(text: str, span: Span) -> Span | None:
    piece = text[span.start : span.end]
    body = piece.strip()
    if not body:
        return None
    start = span.start + len(piece) - len(piece.lstrip())
    return Span(start, start + len(body))


def _cut(text: str, span: Span, limit: int) -> list[Span]:
    """Pieces of at most `limit` words, cut after a comma or semicolon where one is near the middle of the room."""
    words = [
        Span(start, min(start + MAX_LENGTH, m.end()))
        for m in _WORD.finditer(text, span.start, span.end)
        for start in range(m.start(), m.end(), MAX_LENGTH)
    ]
    pieces = []
    while len(words) > limit or (words and words[-1].end - words[0].start > MAX_LENGTH):
        room = words[0].start + MAX_LENGTH
        cut = next((i for i, word in enumerate(words[: limit + 1]) if word.end > room), limit)
        for index in range(cut, cut // 2, -1):
            if text[words[index - 1].end - 1] in ",;:":
                cut = index
                break
        pieces.append(Span(words[0].start, words[cut - 1].end))
        words = words[cut:]
    if words:
        pieces.append(Span(words[0].start, words[-1].end))
    return pieces


def split_units(document: Document, *, whole: bool = False) -> list[Span]:
    """The units of a document.

    Args:
        document: its kind decides between sentences (note) and windows (ad).
        whole: one unit for the whole text, for models that do not look at units.

    Returns:
        Disjoint spans in order, each without white space at its ends; empty only for a blank text.
    """
    text = document.text
    if whole:
        one = _trim(text, Span(0, len(text)))
        return [one] if one else []
    sentences = [
        trimmed
        for paragraph in _paragraphs(text)
        for sentence in _sentences(text, paragraph)
        if (trimmed := _trim(text, sentence))
    ]
    pieces = [piece for sentence in sentences for piece in _cut(text, sentence, MAX_WORDS)]
    if document.kind != "ad":
        return pieces
    windows: list[Span] = []
    size = 0
    for piece in pieces:
        words = len(text[piece.start : piece.end].split())
        if windows and size < AD_WORDS and size + words <= MAX_WORDS:
            windows[-1] = Span(windows[-1].start, piece.end)
            size += words
        else:
            windows.append(piece)
            size = words
    return windows
