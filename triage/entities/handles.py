"""Names on chat and social services: "Telegram: anna_kbh", "@anna_kbh", "t.me/anna_kbh".

The value is the service and the name in lower case, "telegram:anna_kbh"; "any" where the text names no service.
"""

from __future__ import annotations

import re

from triage.entities.numerals import looked_like
from triage.entities.phonevalues import danish
from triage.entities.reading import Reading
from triage.entities.spellings import spelled

_SERVICES = {
    "telegram": "telegram tlgrm tele tg telegrm",
    "whatsapp": "whatsapp whatsap watsapp wa",
    "signal": "signal",
    "snapchat": "snapchat snap sc snapp",
    "instagram": "instagram insta ig instagr",
    "wechat": "wechat weixin vx",
    "viber": "viber",
    "line": "line",
    "messenger": "messenger fb facebook",
    "tiktok": "tiktok",
    "kik": "kik",
    "skype": "skype",
    "discord": "discord",
    "threema": "threema",
    "x": "twitter",
    "onlyfans": "onlyfans",
    "wire": "wire",
}
SERVICES = (*_SERVICES, "any")
"""What stands before the colon of a value."""
_OF = {name: service for service, names in _SERVICES.items() for name in names.split()}
_SERVICE = rf"(?<![\w@])(?:{'|'.join(sorted(_OF, key=len, reverse=True))}|whats app|we chat|snap chat)(?![^\W_]|\.\w)"
_SERVICE_OF_LINK = {
    "t.me": "telegram", "telegram.me": "telegram", "wa.me": "whatsapp", "instagram.com": "instagram",
    "snapchat.com/add": "snapchat",
    "line.me/ti/p": "line", "signal.me": "signal", "m.me": "messenger", "facebook.com": "messenger", "fb.com": "messenger",
    "tiktok.com": "tiktok", "kik.me": "kik",
}  # fmt: skip
_LINK = re.compile(
    rf"(?<![\w@./-])(?:https?://)?(?:www\.)?(?P<host>{'|'.join(map(re.escape, _SERVICE_OF_LINK))})"
    r"/[@~+]?(?P<name>[\w.-]{2,40}(?<![.]))/?(?![\w/]|[.-]\w)"
)
_PAGES = frozenset(
    "about accounts ad add ads business c channel chat contact d dialog direct discover e events explore file forms "  # noqa: SIM905
    "gaming groups hashtag help home i in intent invite joinchat l legal live login m maps marketplace media message "
    "messages notes open p page pages people permalink photo photos places play plugins policies posts privacy profile "
    "public qr r reel reels review rooms s search send settings share sharer shorts signin signup stories story t tag "
    "tags terms u upload url user users v video videos view watch".split()
)
_NAME = r"[^\W\d]\w{1,31}(?:[.-]\w{1,31}){0,3}|\d\w{0,31}[^\W\d]\w{0,31}"
_AFTER = re.compile(
    rf"(?P<service>{_SERVICE})(?P<id>(?:[ -](?:id|navn|navnet|brugernavn|bruger|user(?:name)?|handle|konto|profil|"
    rf"account|nick|kontakt|kanal|channel|add|tilføj|hedder|er|is|under|til|som|med|mit|på|at|@)(?![^\W_])){{0,3}})"
    rf"(?P<mark> ?[:=→>)👉➡] ?@?| ?@| - | ?\((?:(?:brugernavn|bruger|id|user(?:name)?|navn):? )?@?| |: ?\n)(?P<name>{_NAME})"
)
_AT = re.compile(rf"(?<![\w@./+-])@(?P<name>{_NAME})(?![\w@])")
_BEFORE = re.compile(
    rf"(?<![\w@.])@?(?P<name>{_NAME})[ ,]{{1,2}}[(]?(?:på|paa|on|via|in|i) (?P<service>{_SERVICE})|"
    rf"(?<![\w@.])(?P<name2>{_NAME}) ?[(](?P<service2>{_SERVICE})[)]"
)
_WORDS = frozenset(
    "https http www skriv send kun ja nej se ring spørg only for med til og eller or and men så not no ikke "  # noqa: SIM905
    "foto billede besked beskeder sms message please venligst "
    "gerne hvis når fra via på i et en der det den jeg vi du han hun de som også her same samme nummer nr "
    "number number tlf mobil telefon me mig os us "
    "send skal kan vil tak first først hej hi hello svar svarer reply anytime hele døgnet min mit gruppe kanal "
    "group channel chat text call opkald "
    "kontakt link id navn brugernavn user username hedder er oplyses udleveres efter before bio profil opdateres".split()
)
_EVERYBODY = frozenset(("alle", "all", "everyone", "here", "channel", "kanal", "admin", "mods"))
_NEAR = 30


def find(reading: Reading) -> None:
    """Claim all handles."""
    text = reading.lower
    if "/" in text:
        for match in _LINK.finditer(text):
            _claim_link(reading, match)
    if re.search(_SERVICE, text):
        for match in _AFTER.finditer(text):
            if _is_name(reading, match):
                reading.claim(
                    "handle", *_from_at(text, match.span("name")), f"{_service(match['service'])}:{match['name']}"
                )
        for match in _BEFORE.finditer(text):
            group = "name" if match["name"] else "name2"
            name = match[group]
            if _looks_made_up(name) or text[match.start(group) - 1 : match.start(group)] == "@":
                service = _service(match["service"] or match["service2"])
                reading.claim("handle", *_from_at(text, match.span(group)), f"{service}:{name}")
    if "@" in text:
        for match in _AT.finditer(text):
            if len(match["name"]) > 2 and match["name"] not in _EVERYBODY:
                reading.claim("handle", *match.span(), f"{_service_beside(text, match)}:{match['name']}")


def is_page(name: str) -> bool:
    """Whether a part of an address at a service is a page that everybody has there ("profile.php"), and nobody's name."""
    return name in _PAGES or name.endswith(".php")


def _service_beside(text: str, handle: re.Match[str]) -> str:
    """The service named nearest to a handle, before or after it; "any" if there is none."""
    start, end = handle.span()
    before = list(re.finditer(_SERVICE, text[max(0, start - _NEAR) : start]))
    after = re.search(_SERVICE, text[end : end + _NEAR])
    if before and not (after and after.start() < min(_NEAR, start) - before[-1].end()):
        return _service(before[-1][0])
    return _service(after[0]) if after and after.start() < _NEAR // 2 else "any"


def _service(name: str) -> str:
    return _OF[name.replace(" ", "")]


def _from_at(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """The span with the `@` before it."""
    start, end = span
    return (start - 1 if text[start - 1 : start] == "@" else start), end


def _claim_link(reading: Reading, match: re.Match[str]) -> None:
    service, name = _SERVICE_OF_LINK[match["host"]], match["name"]
    if is_page(name):
        return
    if service == "whatsapp":
        name = danish(name) or name
    reading.claim("handle", *match.span(), f"{service}:{name}")


def _looks_made_up(name: str) -> bool:
    """Whether no ordinary word is written so."""
    return any(c.isdigit() or c in "_." for c in name) and any(c.isalpha() for c in name)


def _is_name(reading: Reading, match: re.Match[str]) -> bool:
    """Whether the word after a service is a name there: marked as one, or written as no ordinary word is."""
    name, mark = match["name"], match["mark"]
    if name in _WORDS or name in _OF or reading.lower[match.end() : match.end() + 1] == "@":
        return False
    if "@" in mark:
        return True
    digits = re.sub(r"^pluss?(?=\d)", "", reading.cased[match.start("name") : match.end("name")], flags=re.IGNORECASE)
    if looked_like(digits) or spelled(re.sub(r"[\W\d_]+", "", name)):
        return False
    if _looks_made_up(name):
        is_amount = re.fullmatch(r"\d+(?:kr|min|t|timer|år)?\.?", name) is not None
        return not is_amount and ("." not in name or mark != " " or "_" in name)
    return (match["service"] != "line" or bool(match["id"])) and _is_marked(reading, match)


def _is_marked(reading: Reading, match: re.Match[str]) -> bool:
    """Whether an ordinary word is said to be the name on a service, and is no part of a sentence."""
    mark = match["mark"]
    rest = reading.lower[match.end() : match.end() + 2]
    if "(" in mark:
        return rest[:1] == ")"
    is_marked = mark.strip() in (":", "=", "→", ">", "👉", "➡") or (match["id"] or "").strip(" -") in (
        "id", "brugernavn", "username", "user", "hedder", "navn er", "under navnet", "brugernavn er", "id er", "navn",
    )  # fmt: skip
    if reading.cased[match.start("name")].isupper() and rest.strip(" .!") and rest[0] != "\n":
        return False  # "Telegram: Danmark, 2.800 euro"
    return is_marked and (not rest.strip() or (not (rest[:1] == " " and rest[1:].isalpha()) and not rest[:1].isalnum()))
