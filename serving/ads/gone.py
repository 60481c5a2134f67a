"""Pages that a portal shows in place of an ad that is gone, though it answers as if all were well.

A page is one only if its main text is nothing but such a notice, sentence by sentence: an ad may say that another is gone.
What else a site writes is for its own rule (`gone` of `serving.ads.rules.Site`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from triage.entities import CONTACTS, find_entities

_LONGEST = 400
"""Code points of a notice."""
_THING = (
    r"(?:den |det |denne |dette )?(?:ønskede |valgte )?(?:annoncen?|opslaget?|indlægget?|profilen?|siden?|indholdet?)"
    r"(?:,? (?:som |der )?du (?:leder|ledte|søger|søgte) (?:efter)?,?|,? (?:som )?du (?:prøver|forsøger) at \w+,?)?"
)
_END = (
    r"(?:udløbet|slettet|fjernet|deaktiveret|lukket|nedlagt|taget ned|inaktiv|ikke fundet"
    r"|ikke (?:længere |mere )?(?:aktiv|tilgængelig|online|at finde))"
)
_BY = r"(?: (?:af|fra) (?:annoncøren|brugeren|ejeren|portalen|siden|os))?"
_MORE = r"(?: længere| mere)?"
_NOTICE = re.compile(
    rf"{_THING} (?:er|blev|er blevet|er nu|er desværre|blev desværre) {_END}(?: eller (?:er )?{_END})?{_BY}"
    rf"|{_THING} (?:findes|eksisterer) (?:desværre )?ikke{_MORE}"
    rf"|{_THING} (?:kan|kunne) (?:desværre )?ikke{_MORE} (?:findes|vises|ses)"
    rf"|(?:findes|eksisterer) {_THING} (?:desværre )?ikke{_MORE}"
    rf"|(?:er|blev) {_THING} (?:desværre )?{_END}{_BY}"
    rf"|(?:vi )?(?:kan|kunne) (?:vi )?(?:desværre )?ikke finde {_THING}"
    r"|(?:this|the|that)? ?(?:ad|advert|advertisement|listing|post|profile|page)(?: (?:that )?you (?:are|were) looking for)? "
    r"(?:(?:has|was|is)(?: been)?(?: now)? (?:expired|removed|deleted|closed|deactivated|not found)(?: by (?:its|the) \w+)?"
    r"|(?:is )?no longer (?:available|active|online|exists)|(?:does not|doesn['’]t) exist(?: any ?more)?"
    r"|(?:could )?not (?:be )?found)"
    r"|not found|ikke fundet"
)
_BESIDE = re.compile(
    r"(?:fejl|error|http)? ?(?:404|410)|fejl|error|beklager|desværre|ups|hov(?:sa)?|øv|av|sorry|oops"
    r"|(?:gå |klik her for at gå )?(?:tilbage )?til (?:forsiden|oversigten|alle annoncer)|forsiden?|tilbage|back|home"
    r"|(?:se|find|vis) (?:andre|flere|lignende|alle) (?:annoncer|opslag|profiler)|prøv (?:igen|en ny søgning|at søge igen)"
    r"|(?:go )?(?:back )?to (?:the )?(?:home ?page|front ?page)|(?:see|show) (?:other|more|similar|all) (?:ads|listings)"
)
"""What may stand beside a notice, and is none by itself."""
_SENTENCES = re.compile(r"[.!?:;|»«→\n]+|\s[-–—]+\s")
_BEGINNING = re.compile(r"(?:beklager|desværre|ups|øv|sorry|oops)[ ,]+(?=\w)|404 (?=\w)")


def is_gone(text: str, title: str | None, contacts: Sequence[str]) -> bool:
    """Whether a page says that its ad is gone, and reaches nobody; its title may be that of the ad."""
    own = " ".join((title or "").split())
    lines = [" ".join(x.split()) for x in text.split("\n")]
    said = "\n".join(x for x in lines if x.casefold() != own.casefold()) or own
    return not contacts and is_notice(said) and not any(x.type in CONTACTS for x in find_entities(own))


def is_notice(text: str) -> bool:
    """Whether a text says that an ad or a page is gone, and nothing else."""
    if len(text) > _LONGEST:
        return False
    sentences = [" ".join(x.split()).strip(" ,-–—…()'\"") for x in _SENTENCES.split(text.lower())]
    said = [_BEGINNING.sub("", x, count=1) if _BEGINNING.match(x) else x for x in sentences if x]
    told = [bool(_NOTICE.fullmatch(x)) for x in said]
    return any(told) and all(is_one or _BESIDE.fullmatch(x) for is_one, x in zip(told, said, strict=True))
