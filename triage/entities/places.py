"""Places: Danish towns, districts and regions of `places.tsv`, as they are written: "Kbh NV", "Århus", "Aarhus'", "nr. nebel".

Names that are words too ("Give", "Skive", "Them") count only with a capital and where something says that a place is meant.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from itertools import pairwise

from triage.entities.reading import Reading

_WORD = re.compile(r"[^\W\d_]+")
_TOWN_PART = re.compile(r" (?:K|V|N|Ø|S|C|M|J|NV|SV|NØ|SØ|Sj|City|Centrum|city|centrum|midtby|Midtby|C\.)(?![\w-])")
_HAS_PARTS = frozenset(
    "København Aarhus Odense Aalborg Randers Esbjerg Viby Frederiksberg Vejle Kolding Herning Højbjerg Horsens "  # noqa: SIM905
    "Roskilde".split()
)
_PREPOSITION = re.compile(
    r"(?:(?<![^\W_])(?:i|på|til|fra|ved|nær|omkring|mod|over|via|in|from|near|to|at|around|udenfor|uden for|"
    r"nord for|syd for|øst for|vest for|bor|af|og|eller|"
    r"and|or|samt|nu i|by|station|kommune|kro|vej til)|\d{4}|\d\. ?sal,?|📍)[ :,]{1,2}$"
)
_WITHIN = re.compile(r"(?<![^\W_])(?:\d{1,2}|år|uge|nu|igen|tilbage|atter|dejlige|skønne|hyggelige),? \Z")
"""What stands before a place within a sentence: an age, a week, "nu", "igen"."""
_BESIDE = re.compile(r" ?(?:,|/|&|-|→|>|\+|•|\|| og | eller | and |\n) ?")
_ENDINGS = ("s", "området", "sområdet", "egnen", "kanten", "omegn")


@cache
def _names() -> tuple[dict[str, tuple[str, bool]], frozenset[str]]:
    """Lower-case spellings with the list's name and whether it is a word too; and the first words of those of several words."""
    found: dict[str, tuple[str, bool]] = {}
    for line in files("triage.entities").joinpath("places.tsv").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, _, others, mark = [*line.split("\t"), "", "", ""][:4]
        for spelling in (name, *filter(None, others.split("|"))):
            for variant in _spellings(" ".join(re.findall(_WORD, spelling.lower()))):
                found.setdefault(variant, (name, mark == "x"))
    return found, frozenset(x.split(" ")[0] for x in found if " " in x)


def _spellings(name: str) -> set[str]:
    """A name with aa for å and the other way round, oe for ø, ae for æ."""
    found = {name}
    for usual, other in (("aa", "å"), ("å", "aa"), ("ø", "oe"), ("æ", "ae"), ("ö", "ø")):
        found |= {x.replace(usual, other) for x in found}
    return found


def find(reading: Reading) -> None:
    """Claim all places: first those that can be nothing else, then those that stand as places do."""
    names, first_words = _names()
    unsure: list[tuple[int, int, str]] = []
    words = list(_WORD.finditer(reading.lower))
    skip = 0
    for i, match in enumerate(words):
        if i < skip:
            continue
        word = match[0]
        end, known = match.end(), None
        if word in first_words:
            for count in (3, 2):
                known = _several(reading, words[i : i + count], names) if i + count <= len(words) else None
                if known:
                    end, skip = words[i + count - 1].end(), i + count
                    break
        known = known or names.get(word) or _inflected(word, names)
        if known is None:
            continue
        name, is_word = known
        if is_word:
            unsure.append((match.start(), end, name))
            continue
        if end - match.start() < 3 or (
            end - match.start() < 4 and reading.cased[match.start()].islower() and word not in ("kbh", "fyn", "cph")
        ):
            continue
        if name in _HAS_PARTS and (
            part := _TOWN_PART.match(reading.cased, end + (reading.cased[end : end + 2] == ". "))
        ):
            end = part.end()
        reading.claim("place", match.start(), end, name)
    for start, end, name in unsure:
        if reading.cased[start].isupper() and _is_meant(reading, start, end):
            reading.claim("place", start, end, name)


def _several(
    reading: Reading, words: list[re.Match[str]], names: dict[str, tuple[str, bool]]
) -> tuple[str, bool] | None:
    """The place that some words are together."""
    gaps = [reading.cased[a.end() : b.start()] for a, b in pairwise(words)]
    if len(words) < 2 or any(x not in (" ", "-", ". ", ".") for x in gaps):
        return None
    return names.get(" ".join(x[0] for x in words))


def _inflected(word: str, names: dict[str, tuple[str, bool]]) -> tuple[str, bool] | None:
    """The place of "københavns" or "aalborgområdet"; none that is a word too."""
    for ending in _ENDINGS:
        if (
            len(word) > len(ending) + 3
            and word.endswith(ending)
            and (known := names.get(word[: -len(ending)]))
            and not known[1]
        ):
            return known
    return None


def _is_meant(reading: Reading, start: int, end: int) -> bool:
    """Whether something beside a word says that it is a place: a preposition, a post code, a place or a date beside it."""
    text = reading.lower
    before = text[max(0, start - 16) : start]
    if _PREPOSITION.search(before) and not reading.cased[max(0, start - 4) : start].isupper():
        return True
    if re.match(r":? ?(?:d\. ?|den )?\d{1,2}(?:\.|/|-)", text[end : end + 12]):
        return True
    if _WITHIN.search(text, max(0, start - 8), start) and not reading.cased[start:end].isupper():
        return True
    following = _BESIDE.match(text, end)
    if (
        following
        and not reading.is_free(following.end(), following.end() + 1)
        and text[following.end() : following.end() + 1].isalpha()
    ):
        return True
    for width in (1, 2, 3, 4, 7):
        if width <= start and _BESIDE.fullmatch(text, start - width, start):
            return not reading.is_free(start - width - 1, start - width) and text[start - width - 1].isalpha()
    return False
