"""Number words, from nought to ninety-nine, and letters that stand for digits.

Danish and English in full, with the neighbours' (Norwegian, Swedish, German); of further languages that ads are written in, the
digits alone. A word is only ever a number beside other numbers: "to", "en" and "sex" are words of their own.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby, product

_DIGITS = {
    "da": "nul et to tre fire fem seks syv otte ni",
    "en": "zero one two three four five six seven eight nine",
    "no": "null ett to tre fire fem seks sju åtte ni",
    "sv": "noll ett två tre fyra fem sex sju åtta nio",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "nl": "nul een twee drie vier vijf zes zeven acht negen",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "pt": "zero um dois três quatro cinco seis sete oito nove",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "ro": "zero unu doi trei patru cinci șase șapte opt nouă",
    "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
    "cs": "nula jedna dva tři čtyři pět šest sedm osm devět",
    "hu": "nulla egy kettő három négy öt hat hét nyolc kilenc",
    "tr": "sıfır bir iki üç dört beş altı yedi sekiz dokuz",
    "lt": "nulis vienas du trys keturi penki šeši septyni aštuoni devyni",
    "ru": "ноль один два три четыре пять шесть семь восемь девять",
    "uk": "нуль один два три чотири пʼять шість сім вісім девʼять",
    "bg": "нула едно две три четири пет шест седем осем девет",
    "lv": "nulle viens divi trīs četri pieci seši septiņi astoņi deviņi",
    "vi": "không một hai ba bốn năm sáu bảy tám chín",
    "zh": "零 一 二 三 四 五 六 七 八 九",
}
_ALSO = {
    "en ein één én ét één": "1", "nil oh ought aught nought": "0", "zwo tu twee": "2", "tree": "3", "fir fower": "4",
    "fife faiv": "5", "sixx seksx": "6", "niner nain": "9", "syvs": "7", "tyv": "20", "sifr": "0",
    "halvtres": "50", "sapte": "7", "sase": "6", "noua": "9", "doua două": "2", "uma": "1", "duas": "2", "meia": "6",
    "fyre fir": "4", "ot": "8", "eit ate": "8", "wan wun": "1", "siv": "7", "niten": "19",
    "zip zilch nada нул": "0", "naine": "9",
}  # fmt: skip
_TEENS = {
    "da": "ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
    "en": "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "no": "ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
    "sv": "tio elva tolv tretton fjorton femton sexton sjutton arton nitton",
    "de": "zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
}
_TENS = {
    "da": "tyve tredive fyrre halvtreds tres halvfjerds firs halvfems",
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "no": "tjue tretti førti femti seksti sytti åtti nitti",
    "sv": "tjugo trettio fyrtio femtio sextio sjuttio åttio nittio",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
}
_TENS_ALSO = {
    "tredve": 30, "fyrretyve": 40, "halvtredsindstyve": 50, "tresindstyve": 60, "treds": 60, "halvfjers": 70,
    "halvfjerdsindstyve": 70, "firsindstyve": 80, "halvfemsindstyve": 90, "halvfemst": 90, "fourty": 40, "toti": 20, "treti": 30,
    "firti": 40, "fireti": 40, "syvti": 70, "otteti": 80, "otti": 80, "niti": 90, "sjutti": 70, "dreissig": 30,
}  # fmt: skip
_ONES_DA = {
    "en": 1, "én": 1, "et": 1, "to": 2, "tre": 3, "fire": 4, "fem": 5, "seks": 6, "syv": 7, "otte": 8, "ni": 9,
}  # fmt: skip


def _compounds() -> dict[str, str]:
    """All of two digits that are written in one word."""
    found: dict[str, int] = {}
    tens = {language: [(10 * (i + 2), x) for i, x in enumerate(words.split())] for language, words in _TENS.items()}
    tens["da"] += [(number, word) for word, number in _TENS_ALSO.items() if number % 10 == 0]
    for number, word in tens["da"]:
        found |= {f"{one}{joint}{word}": number + n for one, n in _ONES_DA.items() for joint in ("og", "o", "å")}
    counted = [(number, word) for word, number in _TENS_ALSO.items() if word.endswith("ti")]
    for number, word in [*counted, (50, "femti"), (60, "seksti")]:
        found |= {f"{word}{one}": number + n for one, n in _ONES_DA.items()}
    for number, word in tens["de"]:
        ones = ["ein", *_DIGITS["de"].split()[2:]]
        found |= {f"{one}und{word}": number + n for n, one in enumerate(ones, 1)}
    for language in ("en", "no", "sv"):
        ones = _DIGITS[language].split()[1:]
        found |= {f"{word}{one}": number + n for number, word in tens[language] for n, one in enumerate(ones, 1)}
    found |= {word: number for words in tens.values() for number, word in words}
    found |= {word: 10 + i for words in _TEENS.values() for i, word in enumerate(words.split())}
    return {word: str(number) for word, number in found.items()}


TALLIES = {word: str(i) for i, word in enumerate("ener toer treer firer femmer sekser syver otter nier".split(), 1)}  # noqa: SIM905
"""Cards and dice have them, and telephones: "en sekser og et ettal"."""
PLURALS = {f"{word}e": digit for word, digit in TALLIES.items()} | {"nuller": "0"}
PLURALS |= {f"{word}{'es' if word in ('six', 'zero') else 's'}": str(i) for i, word in enumerate(_DIGITS["en"].split())}
"""Some of one digit: "to nuller", "tre femmere", "two twos"."""
_TAL = {word: str(i) for i, word in enumerate(_DIGITS["da"].split()) if word not in ("et", "to")} | {
    "et": "1",
    "fir": "4",
}
TALLIES |= {f"{word}tal": digit for word, digit in _TAL.items()}
PLURALS |= {f"{word}taller": digit for word, digit in _TAL.items()}
WORDS: dict[str, str] = _compounds() | TALLIES | PLURALS
WORDS |= {word: digit for words, digit in _ALSO.items() for word in words.split()}
WORDS |= {word: str(i) for words in _DIGITS.values() for i, word in enumerate(words.split())} | {"tres": "60"}
_ONES = {digit: word for word, digit in reversed(WORDS.items()) if word in _ONES_DA}
WORDS |= {f"{one}og": str(n) for one, n in _ONES_DA.items()}  # "seksog tredive"
WORDS |= {word.replace("ı", "i"): digits for word, digits in WORDS.items() if "ı" in word}
TENS_DA = frozenset(word for word in [*_TENS["da"].split(), *_TENS_ALSO])
TENS_BEFORE_ONES = frozenset(f"{_TENS['en']} {_TENS['no']} toti treti firti syvti otti niti".split())
"""Tens that the ones follow: "twenty two", "femti fem"."""
PLAIN = frozenset(
    "en et to ti ni on an sex six fire du un um uma ate tu ot ba hai hat bir ein tree tres dos due oh sei doi".split()  # noqa: SIM905
)
"""Words that are as likely something else."""
_LONGEST = max(map(len, WORDS))
_SOUND = {"w": "v", "z": "s", "c": "k", "x": "ks"}
_SOUND |= {chr(x): _SOUND.get(base := unicodedata.normalize("NFD", chr(x))[0], base) for x in range(0xC0, 0x250)}
_SOUND |= {"æ": "e", "ä": "e", "å": "o"}
_SOUNDED = str.maketrans(_SOUND)


def _sound(word: str) -> str:
    """A lower-case word by its sound, without accents: "åtte" and "ottte" are "ote", "sexten" and "sékstèn" are "seksten"."""
    short = "".join(c for c, _ in groupby(word.translate(_SOUNDED)))
    return short.replace("ds", "s").replace("ts", "s").replace("vf", "f")


_SOUNDS = {_sound(word): digits for word, digits in sorted(WORDS.items()) if word not in _DIGITS["vi"].split()}
for _word in f"{_TEENS['da']} {_TENS['da']}".split():
    # A letter left out: "fjoten". Without its last one "femten" would be "femte"; what is shorter is often another word.
    _slips = (_sound(_word[:i] + _word[i + 1 :]) for i in range(1, len(_word) - 1))
    _SOUNDS |= {x: WORDS[_word] for x in _slips if len(x) > 4 and x not in _SOUNDS}
_SUM = re.compile(r"(?P<one>[1-9])(?:og|å)(?P<ten>[2-9])0")
_ALIKE = {"v": "vw", "s": "sz", "k": "kc"}
_BEGINNINGS = {
    "".join(letters)
    for word in {*WORDS, *_SOUNDS}
    if len(word) > 1
    for beginning in (word[:3], 2 * word[0] + word[1], word[0] + 2 * word[1], 3 * word[0])
    if len(beginning) > 2
    for letters in product(*(_ALIKE.get(c, c) for c in beginning))
}
_SHORT_BEGINNINGS = frozenset("en et to ti ni én ét".split())  # noqa: SIM905
_LEET = [str.maketrans("01345", x) for x in ("oleas", "oieas")]
_BEGUN = {
    f"{digit}{word[1:]}": digit for name in ("da", "en") for word in _DIGITS[name].split() if (digit := WORDS[word])
}
"""The digit in place of the first letter: "4our", "8tte"."""
_LETTERS = {"O": "0", "o": "0", "I": "1", "l": "1", "i": "1", "Z": "2", "z": "2", "E": "3", "S": "5", "s": "5", "G": "6",
            "b": "6", "B": "8", "A": "4", "T": "7", "О": "0", "о": "0", "З": "3", "Б": "6",
            "з": "3", "б": "6", "Ø": "0", "ø": "0", "Ο": "0",
            "ο": "0", "Ι": "1", "ι": "1", "Ζ": "2", "Ʒ": "3", "ʒ": "3"}  # fmt: skip
"""Letters that look like a digit, as they are used for it."""
LOOKS_LIKE_DIGIT = (frozenset(_LETTERS) | frozenset(x.lower() for x in _LETTERS)) - frozenset("AaTt")
"""Those that do so without a digit beside them."""


def may_be_number(word: str) -> bool:
    """Whether a lower-case word begins as number words do: seen quickly, and true of some other words."""
    return (
        word[:3] in _BEGINNINGS
        or word[:2] in _SHORT_BEGINNINGS
        or (not word.isascii() and word.translate(_SOUNDED)[:3] in _BEGINNINGS)
    )


def spelled(word: str) -> str | None:
    """The digits of a lower-case word that is a number or several run together: "femogtyve", "nultre"; None if it is none."""
    if (digits := WORDS.get(word)) is not None:
        return digits
    if len(word) < 4 or not may_be_number(word):
        return None
    return _cut(word)


def _cut(word: str) -> str | None:
    """Numbers that a word is made of without a rest, the longest first; no place is tried twice."""
    if len(word) > 80:
        return None
    dead: set[int] = set()
    path: list[tuple[int, int]] = []  # (where a number begins, how long it is)
    start, length = 0, _LONGEST
    while start < len(word):
        length = min(length, len(word) - start)
        while length and (start + length in dead or word[start : start + length] not in WORDS):
            length -= 1
        if length:
            path.append((start, length))
            start, length = start + length, _LONGEST
        else:
            dead.add(start)
            if not path:
                return None
            start, length = path.pop()
            length -= 1
    return "".join(WORDS[word[a : a + n]] for a, n in path)


def misspelled(word: str) -> str | None:
    """The digits of a lower-case number word with digits for letters ("s3ks", "6ogtyve") or as it sounds ("nuuul", "syw")."""
    if any(c.isdigit() for c in word):
        for table in _LEET:
            letters = word.translate(table)
            if (digits := WORDS.get(letters) or _SOUNDS.get(_sound(letters))) is not None:
                return digits
        if joined := _SUM.fullmatch(word):
            return joined["ten"] + joined["one"]
        if len(word) > 2 and (digits := _BEGUN.get(word)):
            return digits
        return WORDS.get(_ONES[word[0]] + word[1:]) if word[0] in _ONES else None
    short = _sound(word)
    return _SOUNDS.get(short) if len(short) > 2 or len(word) > 3 else None


def looked_like(word: str) -> str | None:
    """The digits of a word of digits and letters that look like digits, in its own case: "l0", "4O", "8B"; None if it is none."""
    if all(c in _LETTERS or c.isdigit() for c in word):
        return "".join(_LETTERS.get(c, c) for c in word)
    return None
