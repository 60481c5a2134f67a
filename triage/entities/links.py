"""Links, with or without `https://`: "www.hus.example", "hus.example/a", "hus punktum dk"."""

from __future__ import annotations

import re

from triage.entities.reading import Reading

_URL = re.compile(r"(?:h(?:tt|xx)ps?://|www\.)[^\s<>\"'»«)\]]+[^\s<>\"'»«)\].,;:!?]", re.IGNORECASE)
_SURE = "dk|com|net|org|eu|info|biz|online|xyz|example|test|invalid|ly|gg|cc|website|cloud"
_UNSURE = (
    "de|no|me|nu|tv|io|to|co|at|it|is|be|ch|fr|es|nl|fi|app|se|pl|ro|hu|lt|lv|cz|ru|uk|shop|site|club|live|link|"
    "page|dev|blog|store|top|vip|fun|bio|work|"
    "escort|massage|dating|chat|ws|ca"
)
"""Words of Danish or English too: behind a full stop without a space they are a domain only if more says so."""
_BARE = re.compile(
    rf"(?<![\w@./+-])(?:[a-z0-9æøåäöü](?:[a-z0-9æøåäöü-]{{0,61}}[a-z0-9æøåäöü])?\.){{1,4}}(?P<tld>{_SURE}|"
    rf"{_UNSURE})(?![\w@-]|\.[a-z0-9])(?P<path>[/?#][^\s<>\"'»«)\]]*)?",
    re.IGNORECASE,
)
_DISGUISED = re.compile(
    rf"(?<![\w@.-])(?:www ?(?:[(\[{{] ?)?(?:dot|punktum|prik|"
    rf"\.) ?(?:[)\]}}] ?)?)?(?P<name>[a-z0-9æøå][a-z0-9æøå-]{{1,40}})"
    rf"(?: ?[(\[{{] ?(?:dot|punktum|punkt|prik|\.) ?[)\]}}] ?| (?:dot|punktum|prik) )(?P<tld>{_SURE}|de|no|me|"
    rf"nu|se|ro|pl)(?![\w@])"
)
_ANNOUNCED = re.compile(
    r"(?:\b(?:se|på|via|web|website|site|side|siden|hjemmeside\w{0,3}|besøg|link|visit|url|find|gå ind|læs)|"
    r"[👉🌐🔗])[\s:.,=>-]{0,4}(?:os |mere |mig |on |at |på |ind )?$"
)
_ENDS = ".,;:!?"


def find(reading: Reading) -> None:
    """Claim all links."""
    text = reading.cased
    if "://" in text or "www" in reading.lower:
        for match in _URL.finditer(text):
            reading.claim("url", *match.span(), match[0])
    if "." in text:
        for match in _BARE.finditer(text):
            _claim_bare(reading, match)
    if any(x in reading.lower for x in ("dot", "punktum", "prik", "(.)", "[.]")):
        for match in _DISGUISED.finditer(reading.lower):
            reading.claim("url", *match.span(), f"{match['name']}.{match['tld']}")


def _claim_bare(reading: Reading, match: re.Match[str]) -> None:
    start, end = match.span()
    while end > match.end("tld") and reading.cased[end - 1] in _ENDS:
        end -= 1
    found = reading.cased[start:end]
    host = found[: match.end("tld") - start]
    if re.fullmatch(_UNSURE, match["tld"], re.IGNORECASE) and not match["path"]:
        said = _ANNOUNCED.search(reading.lower, max(0, start - 40), start)
        if not said and (host.count(".") < 2 or host.rindex(".") < 5):
            return
    if not any(c.isalpha() for c in host[: host.rindex(".")]) or (host[-1].isupper() and not host.isupper()):
        return  # "12.dk" is none, nor is "Ring.Se"
    if match["tld"][0].isupper() and not host.isupper():
        return
    reading.claim("url", start, end, host.lower() + found[len(host) :])
