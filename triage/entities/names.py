"""Names that a text gives of itself: "jeg hedder Maria", "Hi, I'm Anna", "Kh Anna", "Birthe, 62 år".

Those of the list of given names are found by `givennames.py`.
"""

from __future__ import annotations

import re

from triage.entities import givennames
from triage.entities.givennames import WORD, YOUNGEST, claim, is_given
from triage.entities.reading import Reading

_NAME = rf"(?P<name>{WORD}(?: (?!Og|And|På|Fra|I ){WORD}){{0,2}})(?![\w@])"
_SELF = re.compile(
    rf"(?<![^\W_])(?:[Jj]eg hedder|[Jj]eg hed|[Mm](?:it|in) navn(?: er)?|MIT NAVN ER|JEG HEDDER|[Mm]y name(?: is|"
    rf"['’]s)?|[Nn]ame is|"
    rf"[Hh]edder|(?:at|sig) hedde|[Kk]ald(?:er|te)? (?:mig|sig|sig selv|hende|ham)|[Cc]all me|under navnet|[Ss]unt|[Ss]ou a|"
    rf"[Ss]pørg (?:efter|for)|[Aa]sk for|[Ii]ch heiße|[Ii]ch bin die|[Mm]e llamo|[Ss]oy|[Mm]ă numesc|[Mm]am na imię|"
    rf"[Rr]ing til|[Ss]kriv til|[Bb]ook hos|[Hh]envend dig til|[Tt]al(?:t|te)? med|[Mm]ødte|[Kk]ontakt|[Cc]ontact|"
    rf"[Tt]elefonen passes af|v/|(?:[Nn]avn|[Nn]ame|NAVN|[Kk]ontakt(?:person)?|KONTAKT|[Uu]nderviser|[Ii]ndehaver|"
    rf"[Aa]nsvarlig) ?[:=-]) ?{_NAME}"
)
_GREETING = re.compile(
    rf"(?<![^\W_])(?:[Hh]ej|[Hh]ej med dig|[Hh]i|[Hh]ello|[Hh]ey|[Hh]allo|[Hh]ej drenge|[Ss]awadee ka|"
    rf"[Hh]i guys|[Hh]ejsa|[Gg]oddag|[Cc]iao|[Hh]ola|[Gg]odaften)[\s,.!:*~❤💋🌸-]{{1,4}}"
    rf"(?:(?:[Jj]eg er|[Jj]eg|[Ii] am|[Ii]['’]?m|[Dd]et er|[Mm]it navn|[Tt]his is|[Dd]et er mig,?) {_NAME}|"
    rf"(?P<name2>{WORD}) (?:her|here)(?![^\W_]))"
)
_AM = re.compile(
    rf"(?<![^\W_])(?:I am|I['’]m|[Jj]eg er|[Dd]et er|[Dd]et er mig,?|[Dd]et er mig igen,?|"
    rf"[Ii]gen,) (?P<name>{WORD})(?=[,.!]| og | and | fra | from |\s+\d\d\b|\s*$|\s*\n)"
)
_SIGNED = re.compile(
    rf"(?<![^\W_])(?:[Kk]h|KH|[Kk]nus|[Kk]ys|[Hh]ilsen|[Mm]vh|MVH|[Mm]ed venlig hilsen|[Vv]enlig hilsen|"
    rf"[Kk]ærlig hilsen|[Kk]ind regards|[Bb]est regards|[Rr]egards|[Ll]ove|[Kk]isses|[Xx]oxo|"
    rf"[Hh]ilsner|[Mm]\.?v\.?h\.?|[Dd]e bedste hilsner|[Bb]h|[Gg]rüße|"
    rf"LG)(?: fra)?[\s,.:!-]{{1,3}}{_NAME}(?=[\s.,!)/&+-]*(?:\n|\Z|\+?\d|tlf|Tlf)| og |, )"
)
_LAST = re.compile(rf"(?:[.!?)] |\n\W{{0,4}}|[ \n]/{{1,2}} ?)(?P<name>{WORD}(?: {WORD})?)[^\w.]{{0,4}}\Z")
_TITLE = re.compile(
    rf"(?:\A|(?<=\n)|(?<=[^\w\s.,:;!?()'/&%+-]))[^\w\n]{{0,8}}(?P<name>{WORD}|[A-ZÆØÅ]{{3,12}})"
    rf"(?:,? | ?\(| - |: | \| |/| ?[^\w\s!-/:-@\[-`{{-~§°«»…]{{1,3}} ?)(?P<age>[1-7]\d(?: ?(?:år|ÅR)(?![^\W_]))?)"
    rf"(?=[,.)\n!*]|\Z| -| [^\W\d_]| ?[^\w\s.,:/%-])"
)
_BEFORE_PHONE = re.compile(
    rf"(?:\A|[.!?\n] ?|, |[Rr]ing til |[Rr]ing |[Ss]ms |[Tt]il |mig, |"
    rf"[Hh]ilsen )(?P<name>{WORD}(?: {WORD})?)(?:,|:| på| -)? (?:på |tlf\.? |[📞☎] ?)?\Z"
)
_AFTER_PHONE = re.compile(rf"[,.!]? ?(?:\n|- |/ ?|\()?(?P<name>{WORD})(?=[.!)]?\s*(?:\Z|\n)|\. [A-ZÆØÅ]|, )")
_NO_NAME_ENDINGS = ("en", "et", "else", "ing", "attest", "vej", "gade", "erne", "hus", "tid", "isk", "sk")
_HERE = re.compile(rf"(?<![^\W_])(?P<name>{WORD}) (?:her|here)(?=[,.!:]| igen)")
_LOWER_SELF = re.compile(r"(?<![^\W_])(?:jeg hedder|mit navn er|my name is|kald mig) (?P<name>[^\W\d_]{2,15})(?![\w@])")
_LOWER_GIVEN = re.compile(
    r"(?<![^\W_])(?:(?:hun|han) hedder|det er|(?:mvh|kh|hilsen|knus|"
    r"kys)(?: fra)?[ ,.:\n]{0,3}(?=[^\W\d_]{3,15}\W*\Z)) ?(?P<name>[^\W\d_]{3,15})(?![\w@])"
)
_NO_LOWER = frozenset(
    "ikke noget det jo nu så bare også altså egentlig det samme som og en et den sådan hvad noget andet i på "  # noqa: SIM905
    "not a the what hemmelig ligegyldigt privat lige stadig hverken kun faktisk ham hende".split()
)
_GATES = (
    (
        _SELF,
        (
            "skriv til", "book hos", "henvend", "tal med", "talt", "mødte", "hedde", "hed ", "navn", "name", "mig", "sig", "me ",
            "kald", "spørg", "ask", "hei", "ich", "soy", "sou", "sunt", "numesc", "imię", "ring til", "kontakt", "contact",
            "passes", "v/", "underviser", "indehaver", "ansvarlig",
        ),
    ),
    (_GREETING, ("hej", "hi", "hello", "hey", "hallo", "goddag", "sawadee", "ciao", "hola", "godaften")),
    (_AM, ("i am", "i'm", "i’m", "jeg er", "det er", "igen,", "mig,")),
    (_SIGNED, ("kh", "knus", "kys", "hils", "mvh", "regards", "love", "kiss", "xo", "m.v", "mv.", "bh", "grüße", "lg")),
    (_HERE, (" her", " here")),
    (_LAST, ("",)),
)  # fmt: skip
"""Each pattern with what is in every text it is in, in lower case."""


def find(reading: Reading) -> None:
    """Claim names; a place is claimed before and stays one."""
    text, lower = reading.cased, reading.lower
    for pattern, signs in _GATES:
        if any(x in lower for x in signs):
            for match in pattern.finditer(text):
                group = "name" if match["name"] else "name2"
                if (
                    pattern is not _LAST
                    or is_given(match[group])
                    or (match[0][0] == "\n" and len(match[group]) > 3)
                    or "/" in match[0]
                ):
                    claim(reading, *match.span(group))
    for pattern in (_LOWER_SELF, _LOWER_GIVEN):
        for match in pattern.finditer(lower):
            name = match["name"]
            is_lower = text[match.start("name")].islower()
            if (
                name not in _NO_LOWER
                and (is_lower or pattern is _LOWER_SELF)
                and (pattern is _LOWER_SELF or (is_given(name) and name not in givennames.WORDS_TOO))
            ):
                claim(reading, *match.span("name"))
    for title in _TITLE.finditer(text):
        name = title["name"]
        is_set_off = text[title.end("name") : title.start("age")].strip(" :") != ""
        if (
            int(title["age"][:2]) >= YOUNGEST
            and (is_given(name) or (is_set_off and not name.endswith(_NO_NAME_ENDINGS)))
            and claim(reading, *title.span("name"))
        ):
            reading.claim("age", *title.span("age"), title["age"][:2])
    _find_by_phones(reading)
    givennames.find(reading)


def _find_by_phones(reading: Reading) -> None:
    """Claim names beside a phone."""
    text = reading.cased
    for kind, start, end in list(reading.claims):
        if kind != "phone":
            continue
        if before := _BEFORE_PHONE.search(text, max(0, start - 40), start):
            name = before["name"]
            if is_given(name) or not name.endswith(_NO_NAME_ENDINGS):
                claim(reading, *before.span("name"))
        if after := _AFTER_PHONE.match(text, end):
            name = after["name"]
            if is_given(name) or not (name.endswith(_NO_NAME_ENDINGS) or text[after.end() :].strip(" .!)")):
                claim(reading, *after.span("name"))
