"""Phone numbers: eight Danish digits or a foreign number with its country code, plain or disguised.

Plain digits are a phone if they are grouped as phones are, or if words before say so; digits in words, emoji or letters are one
if there are eight of them in a row: nobody disguises anything else so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from triage.entities import mobilepay, phonekeys, phoneparts
from triage.entities.dates import is_date
from triage.entities.digitgaps import OTHER
from triage.entities.digitreadings import readings_of
from triage.entities.digitruns import Token, runs
from triage.entities.phoneshapes import is_disguised, is_grouped, is_hours, is_told, rank, stands_apart
from triage.entities.phonevalues import DANISH, danish
from triage.entities.reading import Reading

_CUE = re.compile(
    r"(?<![^\W_])(?:tlf|tel|\w{0,12}telefon\w{0,8}|mobil\w{0,8}|mob|mobnr|ring|ringe|opkald|sms|ms|nummer\w{0,3}|nr|"
    r"numre|call|phone|text|txt|whatsapp|"
    r"whats app|wa|viber|signal|telegram|tast|taster|tryk|trykker|cifre|cifrene|"
    r"skriv|kontakt\w{0,3}|contact|bestil|booking|ruf|anruf|zadzwoń|"
    r"sun[aă])(?![^\W_])|[☎📞📱📲🤙☏✆]"
)
_NO_PHONE = re.compile(
    r"(?<![^\W_])(?:cvr|cpr|se|sag\w{0,12}|sagsnr|j|jnr|jr|journal\w{0,12}|ordre\w{0,8}|faktura\w{0,8}|"
    r"konto(?:nr|nummer)?|reg|ean|iban(?: ?[a-z]{2}\d\d)?|matr|vare\w{0,8}|art|"
    r"serie\w{0,8}|løbenr|løbenummer|kl|case|order|invoice|account|ref|reference\w{0,8}|id|uuid|pas|pasnr|"
    r"pasnummer|passport|stelnr|stelnummer|rute|post|"
    r"postnr|sagen|bilag|kvittering|polic[ey](?:nr|nummer|(?= ?(?:nr|no|num)))|medlems?\w{0,8}|kundenr|kundenummer|"
    r"lejemål\w{0,8}|måler\w{0,8}|elmåler|mrk|mærk\w{0,3}|annonce(?=[ .-]{0,2}n)|imei|lot|batch\w{0,3}|parti)"
    r"(?:[\s.:#-]{0,3}(?:nr|no|nummer|number|id))?[\s.:#=-]{0,4}$"
)
_LISTED = re.compile(r"(?<!\d)\d(?: ?\d){7,11}(?:,|/| og| eller| samt| and| or) \Z")
"""A number and what joins it with the next: "id 48210573 og "."""
_MARKED = re.compile(r"(?<![^\W_])mærk\w{0,3} ?[\"'“”»«][^\"'“”»«\n]{0,25}\Z")
"""The beginning of what something is to be marked with."""
_PLUS = re.compile(r"(?:\+|(?<![^\W_])pluss?) ?\Z")
_NEAR = 40
"""How far before a number a word that announces it may stand."""
_NO_PHONE_FURTHER = re.compile(
    r"(?<![^\W_])(?:cvr|ordre\w{0,8}|faktura\w{0,8}|konto|måler\w{0,8}|invoice|order|\w{0,12}kode|"
    r"(?!tlf|tele|mob|kontakt|whats|wa|viber|sms|privat|arbejd|vagt|direkte|hoved|ring|opkald|nød)\w{3,16}(?:nr|nummer(?:et)?))"
    r"(?![^\W_])[.:#]?(?P<rest>[^\d.!?\n]*)\Z"
)
"""Further before digits that are not in pairs: "ordrenr. på kvitteringen er"."""
_NUMBER_OF = re.compile(
    r"(?<![^\W_])(?!tlf|tel|mob|kontakt|kontor|whats|viber|sms|privat|arbejd|vagt|direkte|hoved|ring|opkald|nød|taxa|hjem|"
    r"min|mit|vor|dit|din|ny|gam|samme|dansk|svensk|norsk|tysk|polsk|anden|andet|før|rigtig|hemmelig|skjul|skriv|har|"
    r"haft|brug|hans|hende|deres|dette|denne|det |kun |eller|under|via |på |til |fra |er |og |om |for |så |et |"
    r"følg|tast|tag|gem|med |call|text|phone|"
    r"my |our |his |her |their |"
    r"new |old |same |other |the )"
    r"\w{2,16}(?<!s) (?:nr|no)\.?[ :]{0,3}\Z"
)
"""Before digits that are not in pairs, the number of a thing: "kasse nr."."""
_CODE = re.compile(r"(?<![^\W_])[A-Z]{2,4}\d{1,4} \Z")
"""The beginning of a model's name."""
_REVERSED = re.compile(
    r"(?<![^\W_])(?:(?:læs|skriv|skrevet|stav|tast|start|nummer|tal)\w{0,4}(?![^\W_])[^.!?\n\d]{0,25} (?:bagfra|omvendt)|"
    r"\(bagfra|baglæns|bagvendt|(?:i )?modsat (?:orden|rækkefølge)|"
    r"(?:fra )?højre (?:mod|til) venstre|right to left|backwards?|reversed?|spejlvendt|omvendt rækkefølge|"
    r"vend (?:om på (?:tal|cifre|nummer)\w{0,4}|(?:det|tal\w{0,4}|cifre\w{0,2}|nummer\w{0,2}) om))(?![^\W_])"
)
_AHEAD = re.compile(r" (?:foran|forrest|først|in front|first)(?![^\W_])")
_IN_PAIRS = re.compile(r"(?<![^\W_])(?:parvis|parrene|par for par|to og to|in pairs)(?![^\W_])")
_SENTENCE = re.compile(r"[.!?\n\d]")
_UNIT = re.compile(r"\s?(?:kr\b|kr\.|,-|dkk|eur|€|\$|%|m2|m²|km\b|kg\b|cm\b|år\b|min\b|minut|timer\b|stk\b)")


def find(reading: Reading) -> None:
    """Claim all phones."""
    for start, end, digits in (*phoneparts.find(reading), *phonekeys.find(reading)):
        reading.claim("phone", start, end, f"+45{digits}")
    for run in runs(reading, DANISH):
        if sum(len(x.digits) for x in run) >= DANISH:
            _search(reading, run)


def _search(reading: Reading, run: list[Token]) -> None:
    """Claim the phones of a run: the whole of it if it is one, else parts that stand apart from the rest."""
    ways = readings_of(run)
    for way in ways:
        value = danish("".join(x.digits for x in way))
        if value and len(way) <= 20 and _is_phone(reading, way, way):
            _claim(reading, way, _as_read(reading, way, value))
            return
    way, i = ways[0], 0
    while i < len(way):
        if way[i].digits[:2] != "45" and (last := _foreign(reading, way, i)):
            i = last
            continue
        digits, j = "", i
        while j < len(way) and len(digits) < 12:
            digits += way[j].digits
            j += 1
            value = danish(digits)
            if value and stands_apart(way, i, j, partial(_has_plus, reading)) and _is_phone(reading, way[i:j], way):
                _claim(reading, way[i:j], _as_read(reading, way[i:j], value))
                i = j - 1
                break
        i += 1


def _as_read(reading: Reading, tokens: Sequence[Token], value: str) -> str:
    """A Danish number, turned round if the sentence says that it is to be read backwards."""
    start, end = tokens[0].start, tokens[-1].end
    before = _SENTENCE.split(reading.lower[max(0, start - 2 * _NEAR) : start].rstrip(" \n.:!?"))[-1]
    after = _SENTENCE.split(reading.lower[end : end + _NEAR])[0]
    if _AHEAD.match(after) and tokens[-1].digits == "0" and tokens[-1].gap == "&":  # "... og et nul foran"
        return f"{value[:-DANISH]}0{value[-DANISH:-1]}"
    if not _REVERSED.search(before) and not (after.lstrip()[:1] in ("(", ",", "-") and _REVERSED.search(after)):
        return value
    digits = value[-DANISH:]
    if _IN_PAIRS.search(before + after):
        return value[:-DANISH] + "".join(digits[i : i + 2] for i in (6, 4, 2, 0))
    return value[:-DANISH] + digits[::-1]


def _plus(reading: Reading, start: int) -> re.Match[str] | None:
    """The plus before a place: "+45", "plus 45"."""
    return _PLUS.search(reading.lower, max(0, start - 6), start)


def _has_plus(reading: Reading, start: int) -> bool:
    return _plus(reading, start) is not None


def _is_phone(reading: Reading, tokens: Sequence[Token], run: Sequence[Token]) -> bool:
    """Whether digits of the right number are a phone."""
    start, end = tokens[0].start, tokens[-1].end
    before = reading.lower[max(0, start - _NEAR) : start]
    digits = "".join(x.digits for x in tokens)
    gaps = [x.gap for x in tokens[1:]]
    has_code = digits.startswith("0045") or _has_plus(reading, start)
    is_cued = has_code or _CUE.search(before) is not None
    is_plain = {"*", OTHER}.isdisjoint(gaps) and all(x.kind == "digit" for x in tokens)
    is_longer = len(digits) > DANISH and not is_cued and digits.startswith("45") and is_plain
    if is_longer or (not has_code and _is_another(before, tokens)):
        return False
    if not is_plain:
        return is_disguised(tokens, gaps, is_cued)
    if len(tokens) == 2 and not is_cued and _CODE.search(reading.cased, max(0, start - _NEAR), start):
        return False
    if _UNIT.match(reading.lower, end) or (len(tokens) > 1 and is_date(reading.lower[start:end])):
        return False
    if "&" in gaps or "&&" in gaps:  # "ring 20 og 30 og 40 og 50"
        return is_told(tokens, gaps, _CUE.search(reading.lower, max(0, start - 2 * _NEAR), start) is not None)
    return has_code or (not is_hours(tokens, gaps) if is_cued else is_grouped(tokens, gaps, digits))


def _is_another(before: str, tokens: Sequence[Token]) -> bool:
    """Whether the words before say that it is the number of something else."""
    listed = _LISTED.search(before)
    if _NO_PHONE.search(before[: listed.start()] if listed else before) or _MARKED.search(before):
        return True
    if len(tokens) > 2 or any(x.kind != "digit" for x in tokens):
        return False
    other = _NO_PHONE_FURTHER.search(before)
    return _NUMBER_OF.search(before) is not None or (other is not None and _CUE.search(other["rest"]) is None)


def _foreign(reading: Reading, run: Sequence[Token], i: int) -> int:
    """Claim the foreign number that begins at a token; returns the place after it, or 0."""
    start, first = run[i].start, "".join(x.digits for x in run[i : i + 4])
    has_plus = _has_plus(reading, start)
    if not has_plus:
        is_whole = len(run[i].digits) > 3 or i == 0
        if not first.startswith("00") or first.startswith("0045") or not is_whole:
            return 0
        if _NO_PHONE.search(reading.lower, max(0, start - _NEAR), start):
            return 0
    is_cued = _CUE.search(reading.lower, max(0, start - _NEAR), start) is not None
    if run[i].kind == "word" and len(first) >= DANISH and len(run[i].digits) == len(first):
        return 0  # "plus fire gange femten" is a sum
    import phonenumbers  # its tables take a while to read; few texts have a foreign number

    digits, ends = "", []
    for j in range(i, len(run)):
        if j > i and (rank(run[j].gap) > 3 or len(run[j].gap) > 3 or _has_plus(reading, run[j].start)):
            break
        digits += run[j].digits
        if len(digits) > 17:
            break
        ends.append((j + 1, digits))
    is_spaced = (
        len(run[i].digits) in (4, 5) and j > i + 1 and all(x.kind == "digit" for x in run[i:j])
    )  # "0048 12 345 67 89"
    checks = (phonenumbers.is_valid_number, phonenumbers.is_possible_number)
    may_be_odd = has_plus or is_spaced or (is_cued and any(x.kind != "digit" for x in run[i:j]))
    for check in checks if may_be_odd else checks[:1]:
        for j, known in reversed(ends):
            try:
                number = phonenumbers.parse("+" + (known if has_plus else known[2:]))
            except phonenumbers.NumberParseException:
                continue
            if check(number) and len(known) > 7:
                _claim(reading, run[i:j], phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
                return j
    return 0


def _claim(reading: Reading, tokens: Sequence[Token], value: str) -> None:
    start, end, cased = tokens[0].start, tokens[-1].end, reading.cased
    if plus := _plus(reading, start):
        start = plus.start()
    inside = cased[start:end]
    for left, right in ("()", "[]"):
        if inside.count(right) > inside.count(left) and cased[start - 1 : start] == left:
            start -= 1
        if inside.count(left) > inside.count(right) and cased[end : end + 1] == right:
            end += 1
    kind = "mobilepay" if mobilepay.is_named(reading, start) else "phone"
    reading.claim(kind, start, end, value)
