"""Prices: "900 kr.", "kr. 1.200,-", "50 euro", and those of lists that name no currency: "30 min 500", "900/30 min", "kun 300".

The value is the amount and the currency, "900 DKK"; kroner where none is named.
"""

from __future__ import annotations

import re

from triage.entities.reading import Reading

_AMOUNT = r"\d{1,3}(?:[. ]\d{3}){1,3}(?:,\d\d)?(?!\d)|\d{1,7}(?:[.,]\d\d?)?(?!\d)"
_BEGIN = r"(?<![\w+])(?<!\d[.,:/ -])"
_TIMES = r"(?: ?(?:k|tus\.?|tusinde?|t\.kr|mio\.?|millioner|million))?"
_CURRENCY = (
    r"kr(?:oner|\.)?(?![^\W_])|,-(?: ?kr\.?(?![^\W_]))?|,- ?|dkk(?![^\W_])|euros?(?![^\W_])|eur(?![^\W_])|€|"
    r"dollars?(?![^\W_])|usd(?![^\W_])|\$|£|gbp(?![^\W_])|"
    r"sek(?![^\W_])|nok(?![^\W_])|zł|zloty|lei(?![^\W_])|ron(?![^\W_])|pund(?![^\W_])|d\.?kr\.?(?![^\W_])|"
    r"kn(?![^\W_])|:-"
)
_AFTER = re.compile(
    rf"{_BEGIN}(?P<a>{_AMOUNT})(?P<t>{_TIMES})(?: ?(?:-|–|til|/|"
    rf"to) ?(?P<b>{_AMOUNT})(?P<u>{_TIMES}))? ?(?P<c>{_CURRENCY})"
)
_BEFORE = re.compile(
    rf"(?<![^\W_])(?<!\d )(?<!,- )(?P<c>kr\.?|dkk|euro|eur|€|usd|\$|£|gbp|sek|"
    rf"nok)[ :]{{0,2}}(?P<a>{_AMOUNT})(?P<t>{_TIMES})(?: ?- ?(?P<b>{_AMOUNT})(?P<u>{_TIMES}))?(?P<tail> ?,-|"
    rf",00)?(?![^\W_])"
)
_OF = {
    "euro": "EUR", "euros": "EUR", "eur": "EUR", "€": "EUR", "dollar": "USD", "dollars": "USD", "usd": "USD", "$": "USD",
    "£": "GBP", "gbp": "GBP", "pund": "GBP", "sek": "SEK", "nok": "NOK", "zł": "PLN", "zloty": "PLN", "lei": "RON", "ron": "RON",
}  # fmt: skip
_BARE = r"[1-9]\d{2,3}|[1-9]\d?[.]\d{3}"
_LENGTH = (
    r"(?:(?:\d{1,3}|½|1/2|¼|1½|1,5|1\.5|en|et|to|tre|halv|hel|hele|half|one|two|½-?|halvanden|"
    r"halvandet)[ -]?(?:min(?:utter|utes|s)?\.?|m|timers?|time|hours?|hrs?|h|t|døgn|nat|night|dag|day)|"
    r"½time|halvtime|kvarter|time|timen|timepris|hour|hele natten|overnight|natten|quickie|nat|outcall|incall|"
    r"massage)(?![^\W_])"
)
_NUMBER = re.compile(
    rf"{_BEGIN.replace(' -', '')}(?:{_BARE}|\d{{2,3}}[. ]\d{{3}})(?![\w%]|[.,:-]\d|/\d(?![\d ]|h|t)| ?(?:m2|m²|"
    rf"meter|km|kg|g\b|cm|stk|ord|gange|dage|kcal))"
)
_LISTED = re.compile(rf"(?<![^\W_])(?<!\d[./-]){_LENGTH}[ :=.→>–*|-]{{1,4}}(?:kun |only |pris |for |koster )?\Z")
_PER = re.compile(rf" ?/ ?(?:{_LENGTH})")
_FOR = re.compile(
    rf" ?(?:for|pr\.?|per|om|i|=) ?(?:en |et |a |an )?(?:{_LENGTH}|timen|mdr|måneden)(?!\w)| ?(?:pr\.?|per|om|i|"
    rf"a|/|hver) ?(?:dag|dagen|nat|natten|uge|ugen|måned|måneden|md|mdr|time|timen|t|person|pers|mand|stk|køje|"
    rf"kunde|gang|week|month|night|day|hour)(?!\w)"
)
_SUM = re.compile(
    r"(?=[.,;:!?)\n]|\Z| (?:kr|i|om|pr|for|til|af|per|kontant|cash|plus|efter|hver|og|når|så|netto|brutto|måned|"
    r"som|den|hun|han|jeg|fra|oveni|tilbage|ekstra|inkl\.?|incl\.?|ex|pris|sort|a|per)(?!\w))"
)
_CUED = re.compile(
    r"(?<![^\W_])(?:\w{0,12}pris(?:en|er)?(?: [^\n\d]{0,12}\d{1,2}-\d{1,2})?|prices?|koster|kostede|kost|"
    r"betaler?|betalte|betale|costs?|husleje|leje|løn|depositum|depositum på|gæld|skylder|skylde|takst|tilbud|"
    r"honorar|gebyr|forbrug|deposit|aconto|indskud|kaution|varme|salary|wage|rent|månedsløn|timeløn|lommepenge|rate|"
    r"afdrag|billet(?:ten)?)"
    r"(?: (?:er|på|fra|kun|nu|is|from|only|ca\.|jer|dig|ham|hende|dem|mig|altid|bare|højst|mindst|hver|os|til|"
    r"i alt|rundt regnet|omkring)){0,2}(?:[ :=]{1,3}| - )\Z|[💵💰💸💶] ?\Z"
)
_COUNTED = re.compile(
    r" (?:aconto|kvarter|halv time|½ ?time|hel time|halvtime|kort tid|short time|ekstra for|i depositum)(?![^\W_])"
)
_ASKED = re.compile(
    r"(?<![^\W_])(?:beder om|forlanger|forlangte|kræver|tager|tog|skal have|vil have|fik|får|få|tjener|giver|gav|earn|"
    r"pay|pays|take|takes|"
    r"beholde|afleverer|sparer|steget til|sat op til|sat ned til|indsat|lånt|skylder)(?: (?:kun|dem|ham|hende|mig|dig|"
    r"os|cirka|ca\.|op til|ialt))? \Z"
)
_HAND = re.compile(
    r" (?:i hånden|kontant|cash|sort|om måneden|pr\.? måned|pr\.? md|om mdr|netto|brutto|plus ferie|per month|"
    r"a month)(?!\w)"
)
_ONLY = re.compile(r"(?<![^\W_])(?:kun|only|ekstra|extra|normalt|for kun|just)[ :]{1,2}\Z")
_NO_SUM = re.compile(
    r"(?:\w{0,9}tæller|kørt|nr|nummer|km|kilometer|cirka|sag|matr|side|§|stk|omkring|antal|oplag)[. :]{0,2}\Z"
)
_RATE = re.compile(rf"{_BEGIN}(?P<a>[1-9]\d) (?:i timen|pr\.? time|an hour|per hour|om timen)(?!\w)")
_MENU_LINE = re.compile(r"^[^\d\n:]{3,40}?(?:\([^)\n]{1,20}\) ?)?[ .]{1,30}(?P<n>[1-9]\d{1,3})(?: ?,-)?$", re.MULTILINE)
_NO_MENU = re.compile(r"nr|sal|vej|gade|højde|vægt|alder|str|uge|linje|bus|post|side|rum|lokale|værelse|km|år ")
_ALONE = re.compile(r"(?:\A|\n| - |[^\w\s.,:;!?()'\"/&%+-])[^\w\n.,:;(]{0,3}\Z")
_ALONE_AFTER = re.compile(r" ?(?:\Z|\n|- |[^\w\s.,:;!?()'\"/&%+-])")
_NEAR = 40


def find_named(reading: Reading) -> None:
    """Claim amounts with a currency."""
    text = reading.lower
    for pattern in (_BEFORE, _AFTER):
        for match in pattern.finditer(text):
            end = match.end()
            while text[end - 1] == " ":
                end -= 1
            reading.claim("price", match.start(), end, _value(match))


def find_listed(reading: Reading) -> None:
    """Claim amounts that only what stands around them tells from other numbers."""
    text = reading.lower
    menu = {x.start("n") for x in _menu(text)}
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        near = max(0, start - _NEAR)
        value = f"{_number(match[0])} DKK"
        if (
            _PER.match(text, end)
            or _is_listed(text, near, start, end)
            or (_SUM.match(text, end) and _is_sum(text, near, start, match[0]))
            or start in menu
        ):
            reading.claim("price", start, end, value)
    for match in _RATE.finditer(text):
        reading.claim("price", *match.span("a"), f"{match['a']} DKK")


def _menu(text: str) -> list[re.Match[str]]:
    """Lines of a list of wares, words and a number each; one such line alone is none."""
    lines = [x for x in _MENU_LINE.finditer(text) if not _NO_MENU.search(x[0])]
    near = [
        x
        for i, x in enumerate(lines)
        if (i and x.start() - lines[i - 1].end() < 3) or (i + 1 < len(lines) and lines[i + 1].start() - x.end() < 3)
    ]
    return near if len(near) > 1 else []


def _is_alone(text: str, start: int, end: int) -> bool:
    """Whether a round number stands by itself between signs or line ends: "Lisa - 24 - 700"."""
    return (
        text[end - 2 : end] in ("00", "50")
        and end - start < 5
        and _ALONE.search(text, max(0, start - 6), start) is not None
        and _ALONE_AFTER.match(text, end) is not None
    )


def _is_listed(text: str, near: int, start: int, end: int) -> bool:
    """Whether a number stands beside a length of time or a word for a price."""
    return bool(
        _LISTED.search(text, near, start)
        or _FOR.match(text, end)
        or _HAND.match(text, end)
        or _CUED.search(text, near, start)
        or _COUNTED.match(text, end)
        or (_ASKED.search(text, near, start) and _SUM.match(text, end))
        or _is_alone(text, start, end)
    )


def _is_sum(text: str, near: int, start: int, amount: str) -> bool:
    """Whether a number is written as sums are, with a dot and round, or is said to be low."""
    if "." in amount:
        return amount.endswith("00") and not _NO_SUM.search(text, near, start)
    return _ONLY.search(text, near, start) is not None


def _value(match: re.Match[str]) -> str:
    """One amount or two with the currency."""
    currency = _OF.get(match["c"].rstrip("."), "DKK")
    amounts = [
        _scaled(match["a"], match["t"] or (match["u"] or "")),
        *([_scaled(match["b"], match["u"])] if match["b"] else []),
    ]
    return f"{'-'.join(amounts)} {currency}"


def _scaled(amount: str, times: str | None) -> str:
    word = (times or "").strip(" .")
    factor = 1_000_000 if word.startswith(("mi",)) else 1_000 if word else 1
    if factor == 1:
        return _number(amount)
    return f"{float(_number(amount)) * factor:.2f}".removesuffix(".00")


def _number(amount: str) -> str:
    """An amount in digits: "1.200,50" is 1200.50."""
    whole = re.sub(r"[. ](?=\d{3}(?!\d))", "", amount)
    return whole.replace(",", ".").removesuffix(".00")
