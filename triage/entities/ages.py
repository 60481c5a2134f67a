"""Ages: "22 år", "22-årig", "22 y.o.", "Hun er 24,", "kun 21". A stretch of time is none: "i 22 år", "2 års garanti"."""

from __future__ import annotations

import re

from triage.entities.numerals import WORDS
from triage.entities.reading import Reading

_N = r"\d{1,2}(?: ?(?:-|til) ?\d{1,2})?"
_UNIT = (
    r"(?: ?-? ?(?:år|aar)(?: gammel| gamle| gammelt|\b)| ?-?(?:års)?-?(?:årig|aarig|års? alderen)\w{0,2}|"
    r" ?(?:y\.? ?/?o\.?(?![^\W_])|yrs?\b(?: old)?|years?[ -]old|years\b)|"
    r" ?-?(?:jahre|jährige?|ans|años|anos|lat|ani|years? of age)\b)"
)
_AGE = re.compile(rf"(?<![\w/+])(?<!\d[.,:-])(?P<n>{_N}){_UNIT}")
_WORDED = re.compile(r" år(?: gammel| gamle)?(?!\w)| ?-?årige?(?!\w)| years? old(?!\w)")
_LAST_WORD = re.compile(r"(?<![^\W_])[^\W\d_]{3,30}\Z")
_SURE = re.compile(r"gam|old|rig|o\.?$|alder|jähr|of age")
_TWO = re.compile(r"(?<![\w/+])(?<!\d[.,:-])[1-9]\d(?![\w%]|[.,:/-]\d)")
_ALTER = re.compile(r"(?<![^\W_])(?:alder|age|aged|alter|alderen)(?: er| is)?[ :=]{1,3}\Z")
_IS = re.compile(
    r"(?<![^\W_])(?:jeg er|hun er|han er|jeg bliver|hun bliver|hun var|han var|i am|i'm|i’m|im|she is|she's|"
    r"he is|pt\.? er|pige på|kvinde på|mand på|dame på|kvinde|mand|dame|enke|enkemand|herre|pige|lady|girl|"
    r"single|dreng på|datter på|søn på),? "
    r"(?:kun |lige |blot |nu |about |ca\. |only |just |allerede |fyldt )?\Z"
)
_AFTER_IS = re.compile(r"\s*$|[,;!?)\n]|\.(?!\d)| og | med | and | fra | i | søger | privat | - |/")
_ONLY = re.compile(r"(?<![^\W_])(?:kun|only|blot|bare|just|ung|young|frisk|fyldt)(?: på)? \Z")
_AFTER_ONLY = re.compile(
    r"\s*(?:\Z|[^\w\s,.%:/-]|[!.,]+(?!\d)(?:\s|\Z))|\n| og lige| og meget| og ny| og sød|"
    r" and new"
)
_STRETCH_BEFORE = re.compile(
    r"(?:\bi|\bom|\bfor|\befter|\bgennem|\bigennem|\bover de sidste|\bsidste|\bseneste|\bnæste|\bfirste|\bover|"
    r"\bmed|\bcirka|\bca\.|\bknap|\bgodt|\bmere end|\bbinding|\bfem|\bin|\bfor over|"
    r"\bførst om|\bharde|\bhver|\bhvert|\bde|\bsamlet|\bmindst|\bafter|\bfirmaet er|\btilladelse|\bhalvandet|"
    r"\bnæsten|\bpå)(?: de| mere end| over| næsten| snart| cirka| ca\.)?[ ]$"
)
_STRETCH_AFTER = re.compile(
    r"s\b|[ ]?(?:siden|uden|i |som|erfaring|med erfaring|garanti|fængsel|experience|in |ago|endnu|tilbage|"
    r"senere|frem|ad gangen|på (?!vej)|hos|her)"
)
_YOUNGEST_BARE = 16
_NEAR = 30


def find(reading: Reading) -> None:
    """Claim all ages."""
    text = reading.lower
    for match in _AGE.finditer(text):
        if _is_age(text, match):
            reading.claim("age", *match.span(), re.sub(r" ?(?:-|til) ?", "-", match["n"]))
    if "år" in text or "old" in text:
        for match in _WORDED.finditer(text):
            word = _LAST_WORD.search(text, max(0, match.start() - 30), match.start())
            number = WORDS.get(word[0]) if word and len(word[0]) > 4 else None
            if word and number and int(number) >= _YOUNGEST_BARE and not _is_stretch(text, word.start(), match.end()):
                reading.claim("age", word.start(), match.end(), number)
    for match in _TWO.finditer(text):
        start, end = match.span()
        near = max(0, start - _NEAR)
        is_young = 18 <= int(match[0]) < 30
        if (
            _ALTER.search(text, near, start)
            or (_AFTER_IS.match(text, end) and _IS.search(text, near, start))
            or (is_young and _AFTER_ONLY.match(text, end) and _ONLY.search(text, near, start))
        ):
            reading.claim("age", start, end, match[0])


def _is_stretch(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 30) : start]
    return _STRETCH_AFTER.match(text, end) is not None or (
        _STRETCH_BEFORE.search(before) is not None
        and not re.search(
            r"(?:kvinde|mand|pige|dreng|dame|barn|datter|søn|person|borger|en|woman|girl|man) på $", before
        )
    )


def _is_age(text: str, match: re.Match[str]) -> bool:
    if _SURE.search(match[0]):
        return True
    first = int(re.match(r"\d+", match["n"])[0])  # type: ignore[index]
    if _is_stretch(text, match.start(), match.end()):
        return False
    if first >= _YOUNGEST_BARE:
        return True
    before = text[max(0, match.start() - 12) : match.start()]
    return re.search(r"(?:\ber|\bpå|\bfyldt|\bbliver|,|\() ?$", before) is not None and first > 0
