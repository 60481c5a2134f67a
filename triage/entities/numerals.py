"""Tables of number words, from nought to ninety-nine, and letters that stand for digits.

Danish and English in full, with the neighbours' (Norwegian, Swedish, German); of further languages that ads are written in, the
digits alone. A word is only ever a number beside other numbers: "to", "en" and "sex" are words of their own.
"""

from __future__ import annotations

DIGITS = {
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
    "hr": "nula jedan dva tri četiri pet šest sedam osam devet",
    "th": "soon nueng song sam si ha hok jet paet kao",
    "vi": "không một hai ba bốn năm sáu bảy tám chín",
    "zh": "零 一 二 三 四 五 六 七 八 九",
    "ar": "sifr wahid ithnan thalatha arbaa khamsa sitta sabaa thamaniya tisaa",
    "tl": "sero isa dalawa tatlo apat lima anim pito walo siyam",
    "sk": "nula jeden dva tri štyri päť šesť sedem osem deväť",
    "et": "null üks kaks kolm neli viis kuus seitse kaheksa üheksa",
    "fi": "nolla yksi kaksi kolme neljä viisi kuusi seitsemän kahdeksan yhdeksän",
    "th-th": "ศูนย์ หนึ่ง สอง สาม สี่ ห้า หก เจ็ด แปด เก้า",
}
_EXACT = frozenset("ar tl sk et fi th-th th vi".split())  # noqa: SIM905
"""Languages whose words are read as they are written, not by their sound, which is that of Danish words."""
_ALSO = {
    "en ein één én ét één": "1", "nil oh ought aught nought": "0", "zwo tu twee": "2", "tree": "3", "fir fower": "4",
    "fife faiv": "5", "sixx seksx": "6", "niner nain": "9", "syvs": "7", "tyv": "20", "sifr": "0",
    "halvtres": "50", "sapte": "7", "sase": "6", "noua": "9", "doua două": "2", "uma": "1", "duas": "2", "meia": "6",
    "fyre fir": "4", "ot": "8", "eit ate": "8", "wan wun": "1", "siv": "7", "niten": "19",
    "zip zilch nada нул": "0", "naine nyne": "9", "åt ote": "8",
    "sun": "0", "neung": "1", "saam": "3", "chet": "7", "pet": "5",
    "wahed wahad": "1", "ithnain ithnein itnein tnein tnen": "2", "talata": "3", "arba": "4",
    "saba": "7", "tamaniya tamanya": "8", "tisa": "9", "fuenf": "5",
    "дев'ять": "9", "п'ять": "5",
}  # fmt: skip
TEENS = {
    "da": "ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
    "en": "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "no": "ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
    "sv": "tio elva tolv tretton fjorton femton sexton sjutton arton nitton",
    "de": "zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
    "nl": "tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien",
    "es": "diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve",
    "pt": "dez onze doze treze catorze quinze dezasseis dezassete dezoito dezanove",
    "it": "dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove",
    "fr": "dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf",
    "ro": "zece unsprezece doisprezece treisprezece paisprezece cincisprezece șaisprezece șaptesprezece optsprezece nouăsprezece",
    "pl": "dziesięć jedenaście dwanaście trzynaście czternaście piętnaście szesnaście siedemnaście osiemnaście dziewiętnaście",
}
TENS = {
    "da": "tyve tredive fyrre halvtreds tres halvfjerds firs halvfems",
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "no": "tjue tretti førti femti seksti sytti åtti nitti",
    "sv": "tjugo trettio fyrtio femtio sextio sjuttio åttio nittio",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "fr": "vingt trente quarante cinquante soixante",
    "ro": "douăzeci treizeci patruzeci cincizeci șaizeci șaptezeci optzeci nouăzeci",
    "pl": "dwadzieścia trzydzieści czterdzieści pięćdziesiąt sześćdziesiąt siedemdziesiąt osiemdziesiąt dziewięćdziesiąt",
}
_ROMANCE = frozenset("es pt it fr ro pl".split())  # noqa: SIM905
"""Languages in which the ones follow the tens, mostly in a word of their own: "treinta y siete"."""
_TENS_ALSO = {
    "tredve": 30, "fyrretyve": 40, "halvtredsindstyve": 50, "tresindstyve": 60, "treds": 60, "halvfjers": 70,
    "halvfjerdsindstyve": 70, "firsindstyve": 80, "halvfemsindstyve": 90, "halvfemst": 90, "fourty": 40, "toti": 20, "treti": 30,
    "ninty": 90, "firti": 40, "fireti": 40, "syvti": 70, "otteti": 80, "otti": 80, "niti": 90, "sjutti": 70, "dreissig": 30,
}  # fmt: skip
ONES_DA = {
    "en": 1, "én": 1, "et": 1, "to": 2, "tre": 3, "fire": 4, "fem": 5, "seks": 6, "syv": 7, "otte": 8, "ni": 9,
}  # fmt: skip


def _compounds() -> dict[str, str]:
    """All of two digits that are written in one word."""
    found: dict[str, int] = {}
    tens = {language: [(10 * (i + 2), x) for i, x in enumerate(words.split())] for language, words in TENS.items()}
    tens["da"] += [(number, word) for word, number in _TENS_ALSO.items() if number % 10 == 0]
    for number, word in tens["da"]:
        found |= {f"{one}{joint}{word}": number + n for one, n in ONES_DA.items() for joint in ("og", "o", "å")}
    counted = [(number, word) for word, number in _TENS_ALSO.items() if word.endswith("ti")]
    for number, word in [*counted, (50, "femti"), (60, "seksti")]:
        found |= {f"{word}{one}": number + n for one, n in ONES_DA.items()}
    tens["de"] += [(30, "dreissig"), (50, "fuenfzig")]
    found |= {"zwoelf": 12, "fuenfzehn": 15}
    for number, word in tens["de"]:
        ones = ["ein", *DIGITS["de"].split()[2:]]
        found |= {f"{one}und{word}": number + n for n, one in enumerate(ones, 1)}
    tens["en"] += [(_TENS_ALSO[word], word) for word in ("fourty", "ninty")]
    for language in ("en", "no", "sv"):
        ones = DIGITS[language].split()[1:]
        found |= {f"{word}{one}": number + n for number, word in tens[language] for n, one in enumerate(ones, 1)}
    for stem, number in (("veinti", 20), ("venti", 20), ("trenta", 30), ("quaranta", 40), ("cinquanta", 50), ("sessanta", 60),
                         ("settanta", 70), ("ottanta", 80), ("novanta", 90)):  # fmt: skip
        ones = DIGITS["es" if stem == "veinti" else "it"].split()[1:]
        found |= {f"{stem}{one}": number + n for n, one in enumerate(ones, 1)}
    found |= {"veintidós": 22, "veintitrés": 23, "veintiséis": 26}
    found |= {word: number for words in tens.values() for number, word in words}
    found |= {word: 10 + i for words in TEENS.values() for i, word in enumerate(words.split())}
    return {word: str(number) for word, number in found.items()}


TALLIES = {word: str(i) for i, word in enumerate("ener toer treer firer femmer sekser syver otter nier".split(), 1)}  # noqa: SIM905
"""Cards and dice have them, and telephones: "en sekser og et ettal"."""
PLURALS = {f"{word}e": digit for word, digit in TALLIES.items()} | {"nuller": "0"}
PLURALS |= {f"{word}{'es' if word in ('six', 'zero') else 's'}": str(i) for i, word in enumerate(DIGITS["en"].split())}
"""Some of one digit: "to nuller", "tre femmere", "two twos"."""
_TAL = {word: str(i) for i, word in enumerate(DIGITS["da"].split()) if word not in ("et", "to")} | {
    "et": "1",
    "fir": "4",
}
TALLIES |= {f"{word}tal": digit for word, digit in _TAL.items()} | {"etter": "1", "nulle": "0"}
TALLIES |= {f"{word}{'let' if word.endswith('l') else 'en'}": digit for word, digit in TALLIES.items()} | {
    "nullet": "0"
}
PLURALS |= {f"{word}taller": digit for word, digit in _TAL.items()}
WORDS: dict[str, str] = _compounds() | TALLIES | PLURALS
WORDS |= {word: digit for words, digit in _ALSO.items() for word in words.split()}
WORDS |= {word: str(i) for words in DIGITS.values() for i, word in enumerate(words.split())} | {"tres": "60"}
WORDS |= {f"{one}og": str(n) for one, n in ONES_DA.items()}  # "seksog tredive"
WORDS |= {word.replace("ı", "i"): digits for word, digits in WORDS.items() if "ı" in word}
TENS_DA = frozenset([*TENS["da"].split(), *_TENS_ALSO])
TENS_JOINED = frozenset(word for language in _ROMANCE for word in TENS[language].split())
"""Tens that the ones follow, also after "y", "e", "et" or "și"."""
TENS_BEFORE_ONES = frozenset(f"{TENS['en']} {TENS['no']} toti treti firti syvti otti niti".split()) | TENS_JOINED
"""Tens that the ones follow: "twenty two", "femti fem"."""
THAI = DIGITS["th-th"].split()
NOT_BY_SOUND = frozenset(
    word
    for table in (DIGITS, TEENS, TENS)
    for language, words in table.items()
    for word in words.split()
    if language in _EXACT or (table is not DIGITS and language in _ROMANCE | {"nl"})
)
"""Words that are read only as they are written: by their sound they are others, as "dez" is "des"."""
PLAIN = frozenset(
    "en et to ti ni on an sex six fire du un um uma ate tu ot ba hai hat bir ein tree tres dos due oh sei doi "  # noqa: SIM905
    "once elf dix seize tien isa lima saba arba too soon song sam si ha jet sun pet".split()
)
"""Words that are as likely something else."""
_LETTERS = {"O": "0", "o": "0", "I": "1", "l": "1", "i": "1", "Z": "2", "z": "2", "E": "3", "S": "5", "s": "5", "G": "6",
            "b": "6", "B": "8", "A": "4", "T": "7", "О": "0", "о": "0", "З": "3", "Б": "6",
            "з": "3", "б": "6", "Ø": "0", "ø": "0", "Ο": "0",
            "g": "9", "q": "9", "ο": "0", "Ι": "1", "ι": "1", "Ζ": "2", "Ʒ": "3", "ʒ": "3"}  # fmt: skip
"""Letters that look like a digit, as they are used for it."""
LOOKS_LIKE_DIGIT = (frozenset(_LETTERS) | frozenset(x.lower() for x in _LETTERS)) - frozenset("AaTtQq")
"""Those that do so without a digit beside them."""


def looked_like(word: str) -> str | None:
    """The digits of a word of digits and letters that look like digits, in its own case: "l0", "4O", "8B"; None if it is none."""
    if all(c in _LETTERS or c.isdigit() for c in word):
        return "".join(_LETTERS.get(c, c) for c in word)
    return None
