"""The words that a number may be written in, and the digits each stands for: digits, a number word, or letters for digits."""

from __future__ import annotations

import re

from triage.entities.numerals import LOOKS_LIKE_DIGIT, THAI, WORDS, looked_like
from triage.entities.reading import Reading
from triage.entities.spellings import misspelled, spelled

_AMONG_DIGITS = re.compile(r"[\doOlI][ .-][a-z][ .-][\doOlISs]")
_PARTS = re.compile(r"\d+|\D+")
_ONE = "et|en|én|to|tre|fire|fem|seks|syv|otte|ni|[1-9]"
_AFTER_NOUGHT = (
    rf"(?:{_ONE})[ .-](?:(?:med[ .-](?:et[ .-])?|og[.-])nul[ .-]for(?:an|rest)|efter[ .-]nul(?:let)?)(?![^\W_])"
)
_GLUED = r"(?<![^\W_])(?:pluss?|tlf|tel|telefon|mob|mobil|nr|ring|sms|wa|whatsapp|call)(?=\d)"
_WORD = re.compile(rf"{_GLUED}|[^\W_]+")
_SUM = re.compile(rf"\((?P<a>{_ONE}) ?(?P<sign>[+x*×]|plus|gange|times) ?(?P<b>{_ONE})\)")
_WORDS_TOO = re.compile(
    rf"{_SUM.pattern}|{'|'.join(THAI)}|{_GLUED}|(?<![^\W_])(?:{_AFTER_NOUGHT}|(?:дев|п)'ять)|[^\W_]+"
)
"""A word, and what is one number though it is several: "fem med nul foran"."""
_THAI = re.compile("[\u0e00-\u0e7f]")
_SIGNS = re.compile(r"€(?=[^\W\d_])|(?<=[^\W\d_])€|\$(?=[^\W\d_])|(?<=\b[nt])!(?!!)")
_CAPITAL_I = re.compile(r"(?<![^\W_])[^\W\d_I]{1,12}I[^\W\d_]{0,12}(?![^\W_])")
_SIGNED = {"€": "e", "$": "s", "!": "i"}
NOISE = frozenset(
    "bindestreg streg skråstreg punktum prik komma kolon mellemrum pause hjerte hjerter stjerne blomst smiley "  # noqa: SIM905
    "dash dot star heart space slash "
    "flower bindestrek underscore stop gap kys kiss knus kram smil smile taster tast trykker tryk".split()
)
"""Words for what else would stand between digits: nobody writes them but to hide a number."""
UNITS = frozenset(
    "kr kroner dkk eur euro min minut minutter t time timer dag dage uge uger mdr md år år. stk cm mm m m2 kg km g "  # noqa: SIM905
    "kvm pers personer mand x gange procent pct kl nr".split()
)
"""Words that recur between numbers without hiding one."""
_WEAK = re.compile(r"[OIlZSBEGОЗБØΟΙΖ]{1,4}|[oilο]{1,2}|[бзʒ]")
_BETWEEN_LETTERS = re.compile(r"\d{1,2}(?P<sign>[^\W\d]{1,10}?)(?:\d{1,2}(?P=sign))+\d{1,2}")


def words(reading: Reading) -> list[re.Match[str]]:
    """The words of a text in lower case, each of which may be a number."""
    lower = _without_signs(reading)
    is_usual = lower.isascii() or not _THAI.search(lower)
    is_usual = (
        is_usual
        and not _SUM.search(lower)
        and "'ять" not in lower
        and not ("nul" in lower and ("foran" in lower or "forrest" in lower or "efter" in lower))
    )
    return list((_WORD if is_usual else _WORDS_TOO).finditer(lower))


def _without_signs(reading: Reading) -> str:
    """The lower-case text with letters for what stands for them within a number word: "f€m", "n!", "nuI"; as long as it."""
    lower, cased = reading.lower, reading.cased
    if any(x in lower for x in ("€", "$", "n!", "t!")):
        lower = _SIGNS.sub(lambda sign: _SIGNED[sign[0]], lower)
    if "I" not in cased:
        return lower
    letters = list(lower)
    for word in _CAPITAL_I.finditer(cased):
        meant = word[0].replace("I", "l").lower()
        if spelled(word[0].lower()) is None and spelled(meant) is not None and len(meant) == len(word[0]):
            letters[word.start() : word.end()] = meant
    return "".join(letters)


def value_of(reading: Reading, word: str, start: int, end: int) -> tuple[str, str]:  # noqa: PLR0911
    """The digits of a word, none if it is no number, and how they are written, as the `kind` of a `Token` says it."""
    cased = reading.cased[start:end]
    if word.isdigit():
        span = reading.raw_span(start, end)
        return word, "digit" if reading.raw[span.start : span.end] == word else "sign"
    if word.isalpha():
        digits = spelled(word)
        if digits is None and _is_for_digits(reading.cased, word, start, end):
            return looked_like(cased) or "", "look"
        if digits is None and len(word) < 20:
            digits = misspelled(word)
        return digits or "", "word"
    if len(word) > 80:
        return "", ""
    if summed := _SUM.fullmatch(word):
        a, b = (int(x if x.isdigit() else WORDS[x]) for x in (summed["a"], summed["b"]))
        return str(a + b if summed["sign"] in ("+", "plus") else a * b), "word"
    if " " in word or "." in word or "-" in word:
        return f"0{word[0] if word[0].isdigit() else spelled(re.split('[ .-]', word)[0])}", "word"
    word = _without_letters_between(word)
    if word in WORDS:  # with an apostrophe
        return WORDS[word], "word"
    parts = [x if x.isdigit() else spelled(x) or "" for x in _PARTS.findall(word)]
    if not all(parts) and NOISE.issuperset(_PARTS.findall(word)[1::2]):
        return "".join(parts), "look"
    if all(parts) and len(parts) > 1:
        return "".join(parts), "word"
    return (word if word.isdigit() else looked_like(cased) or misspelled(word) or ""), "look"


def _without_letters_between(word: str) -> str:
    """The digits alone of a word like "01k23k45k67" or "01xx23xx45xx67"; any other word as it is."""
    found = _BETWEEN_LETTERS.fullmatch(word)
    if (
        found is None
        or found["sign"] in LOOKS_LIKE_DIGIT
        or found["sign"] in UNITS - {"x"}
        or spelled(found["sign"]) is not None
        or word.count(found["sign"]) < (5 if found["sign"] == "x" else 3)
    ):
        return word
    return word.replace(found["sign"], "")


def _is_for_digits(cased: str, word: str, start: int, end: int) -> bool:
    """Whether a word of letters that look like digits stands for them."""
    if word in ("z", "s", "b") and _AMONG_DIGITS.fullmatch(cased, start - 2, end + 2):
        return True
    is_alike = len(word) < 5 and LOOKS_LIKE_DIGIT.issuperset(word)
    return is_alike and _WEAK.fullmatch(cased, start, end) is not None and _stands_apart(cased, word, start, end)


def _stands_apart(cased: str, word: str, start: int, end: int) -> bool:
    """Whether letters may stand for digits here: not the Danish word "i" among other words."""
    return (
        word != "i" or cased[start] == "I" or not (cased[start - 1 : start].isspace() or cased[end : end + 1].isspace())
    )
