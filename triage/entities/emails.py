"""E-mail addresses, plain or disguised: "navn (at) mail punktum dk", "navn snabela mail . dk".

Each place that may be the `@` is looked at by itself, a bounded way to both sides.
"""

from __future__ import annotations

import re

from triage.entities.reading import Reading

_PLAIN = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_WORDED = "snabel-?a|snabel|alfakrøl|krølle-?a|krøl-?a|arroba|klammeraffe|æt"
_AT = {
    "@": re.compile(r" @ ?|@ "),
    "(": re.compile(
        rf" ?(?:[(\[{{<]{{1,2}} ?(?:a|ad|@|ved|hos)|[(\[{{<*_]{{1,2}} ?(?:at|{_WORDED})) ?[)\]}}>*_]{{1,2}} ?"
    ),
    "word": re.compile(rf"(?: |(?<![^\W_]))(?:{_WORDED})(?: |(?![^\W_]))"),
    "at": re.compile(" at "),
}
_SIGNS = {
    "@": ("@",),
    "(": ("(", "[", "{", "<", "*", "_"),
    "word": tuple(_WORDED.replace("-?", "").split("|")[1:]),
    "at": (),
}
"""What is in every text in which the pattern of that name may be."""
_DOTTED = ("dot", "punkt", "prik", "pkt", "point", " AT ")
_DOT_WORD = r"(?:dot|punktum|punkt|prik|pkt|point)"
_LOCAL = re.compile(
    rf"[\w+-]{{1,40}}(?:(?:\.| ?[(\[{{<] ?(?:{_DOT_WORD}|\.) ?[)\]}}>] ?| {_DOT_WORD} )[\w+-]{{1,40}}){{0,3}}\Z"
)
_DOT = rf"(?P<dot> ?[(\[{{<*_] ?(?:{_DOT_WORD}|\.) ?[)\]}}>*_] ?| ?-?{_DOT_WORD}-? ?| ?\. ?)"
_ANY = _DOT.replace("?P<dot>", "?:")
_DOMAIN = re.compile(
    rf"[a-z0-9æøå][a-z0-9æøå-]{{0,40}}(?:{_ANY}[a-z0-9-]{{2,24}}){{0,2}}?{_DOT}(?P<tld>[a-z]{{2,12}})(?![\w@])"
)
_TLDS = frozenset(
    "dk com net org eu se no de info biz io me nu uk pl ro lt lv ee fi nl be fr es it pt hu cz sk bg at ch ru "  # noqa: SIM905
    "ua us example test invalid mail "
    "online site xyz".split()
)
_ANY_DOT = re.compile(_ANY)
_LEFT, _RIGHT = 110, 140


def find(reading: Reading) -> None:
    """Claim all addresses."""
    text = reading.lower
    if "@" in text:
        for match in _PLAIN.finditer(text):
            reading.claim("email", *match.span(), match[0])
    for name, pattern in _AT.items():
        if any(x in text for x in _SIGNS[name]) or (
            name == "at" and any(x in reading.cased or x in text for x in _DOTTED)
        ):
            for at in pattern.finditer(text):
                _claim_around(reading, at)


def _claim_around(reading: Reading, at: re.Match[str]) -> None:
    text = reading.lower
    left = _LOCAL.search(text, max(0, at.start() - _LEFT), at.start())
    right = _DOMAIN.match(text, at.end(), at.end() + _RIGHT)
    if left is None or right is None or right["tld"] not in _TLDS:
        return
    is_word = at[0] == " at "
    if is_word and not any(c.isalpha() for c in right["dot"]) and reading.cased[at.start() : at.end()] != " AT ":
        return  # "jeg sagde at mail.dk ..."
    start, name = left.start(), left[0]
    if start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_"):
        return
    if "." in right["dot"] and " " in right["dot"].strip(".") and "@" not in at[0] and is_word:
        return
    value = f"{_ANY_DOT.sub('.', name)}@{_ANY_DOT.sub('.', right[0])}"
    reading.claim("email", start, right.end(), value)
