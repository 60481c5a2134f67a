"""Number words, from nought to ninety-nine, and letters that stand for digits.

Danish and English in full, with the neighbours' (Norwegian, Swedish, German); of further languages that ads are written in, the
digits alone. A word is only ever a number beside other numbers: "to", "en" and "sex" are words of their own.
"""

from __future__ import annotations

from itertools import groupby

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
    "vi": "không một hai ba bốn năm sáu bảy tám chín",
    "zh": "零 一 二 三 四 五 六 七 八 九",
}
_ALSO = {
    "en ein één én ét één": "1", "nil oh ought aught nought": "0", "zwo tu twee": "2", "tree": "3", "fir fower": "4",
    "fife faiv": "5", "sixx seksx": "6", "niner nain": "9", "syvs": "7", "tyv": "20", "sifr": "0",
    "halvtres": "50", "sapte": "7", "sase": "6", "noua": "9", "doua două": "2", "uma": "1", "duas": "2", "meia": "6",
    "fyre": "4", "ot": "8", "eit ate": "8", "wan wun": "1",
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
    "firti": 40, "fireti": 40, "syvti": 70, "otteti": 80, "otti": 80, "niti": 90, "dreissig": 30,
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
    for number, word in tens["de"]:
        ones = ["ein", *_DIGITS["de"].split()[2:]]
        found |= {f"{one}und{word}": number + n for n, one in enumerate(ones, 1)}
    for language in ("en", "no", "sv"):
        ones = _DIGITS[language].split()[1:]
        found |= {f"{word}{one}": number + n for number, word in tens[language] for n, one in enumerate(ones, 1)}
    found |= {word: number for words in tens.values() for number, word in words}
    found |= {word: 10 + i for words in _TEENS.values() for i, word in enumerate(words.split())}
    return {word: str(number) for word, number in found.items()}


_TALLIES = "ener toer treer firer femmer sekser syver otter nier"
"""Cards and dice have them, and telephones: "to nuller og en sekser"."""
WORDS: dict[str, str] = _compounds()
WORDS |= {word: str(i) for i, word in enumerate(_TALLIES.split(), 1)}
WORDS |= {f"{word}tal": str(i) for i, word in enumerate(_DIGITS["da"].split()) if word not in ("en", "to")} | {
    "ettal": "1"
}
WORDS |= {word: digit for words, digit in _ALSO.items() for word in words.split()}
WORDS |= {word: str(i) for words in _DIGITS.values() for i, word in enumerate(words.split())} | {"tres": "60"}
WORDS |= {word.replace("ı", "i"): digits for word, digits in WORDS.items() if "ı" in word}
TENS_DA = frozenset(word for word in [*_TENS["da"].split(), *_TENS_ALSO])
TENS_BEFORE_ONES = frozenset(f"{_TENS['en']} {_TENS['no']} toti treti firti syvti otti niti".split())
"""Tens that the ones follow: "twenty two", "femti fem"."""
PLAIN = frozenset(
    "en et to ti ni on an sex six fire du un um uma ate tu ot ba hai hat bir ein tree tres dos due oh sei doi".split()  # noqa: SIM905
)
"""Words that are as likely something else."""
_LONGEST = max(map(len, WORDS))
_BEGINNINGS = {
    beginning
    for word in WORDS
    if len(word) > 1
    for beginning in (word[:3], 2 * word[0] + word[1], word[0] + 2 * word[1], 3 * word[0])
    if len(beginning) > 2
}
_SHORT_BEGINNINGS = frozenset("en et to ti ni én ét".split())  # noqa: SIM905
_SHORTENED = {"".join(c for c, _ in groupby(word)): digits for word, digits in sorted(WORDS.items())}
_LEET = [str.maketrans("01345", x) for x in ("oleas", "oieas")]
_LETTERS = {"O": "0", "o": "0", "I": "1", "l": "1", "i": "1", "Z": "2", "z": "2", "E": "3", "S": "5", "s": "5", "G": "6",
            "b": "6", "B": "8", "О": "0", "о": "0", "З": "3", "Б": "6"}  # fmt: skip
"""Letters that look like a digit, as they are used for it."""
LOOKS_LIKE_DIGIT = frozenset(_LETTERS) | frozenset(x.lower() for x in _LETTERS)


def may_be_number(word: str) -> bool:
    """Whether a lower-case word begins as number words do: seen quickly, and true of some other words."""
    return word[:3] in _BEGINNINGS or word[:2] in _SHORT_BEGINNINGS


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
    """The digits of a lower-case number word with digits for letters ("s3ks", "n0ll") or letters repeated ("nuuul")."""
    if any(c.isdigit() for c in word):
        for table in _LEET:
            if (digits := WORDS.get(word.translate(table))) is not None:
                return digits
        return None
    short = "".join(c for c, _ in groupby(word))
    return _SHORTENED.get(short) if len(short) > 2 or len(word) > 3 else None


def looked_like(word: str) -> str | None:
    """The digits of a word of digits and letters that look like digits, in its own case: "l0", "4O", "8B"; None if it is none."""
    if all(c in _LETTERS or c.isdigit() for c in word):
        return "".join(_LETTERS.get(c, c) for c in word)
    return None
