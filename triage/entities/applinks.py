"""Links that open an app: "viber://chat?number=%2B45...", "tg://resolve?domain=anna_kbh", "tel:%2B45...".

The value is that of the same contact in words: a phone number, or the service and the name or number there.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from triage.entities.handles import is_page
from triage.entities.phonevalues import DANISH, international
from triage.entities.reading import Reading

_LONGEST = 15
"""Digits of a number with its country code (ITU-T E.164)."""
_QUERY = r"/?\?(?:[^\s#\"'<>]{0,300}&)?"
_NUMBER = r"(?P<number>(?:%(?:2b|20|2d|28|29)|[\d+().-]){8,60})"
_NAME = r"[@~]?(?P<name>[\w.-]{2,60})"
_APPS = (
    ("whatsapp", rf"whatsapp://send{_QUERY}phone={_NUMBER}"),
    ("viber", rf"viber://(?:chat|add|contact){_QUERY}number={_NUMBER}"),
    ("telegram", rf"tg://resolve{_QUERY}phone={_NUMBER}"),
    ("telegram", rf"tg://resolve{_QUERY}domain={_NAME}"),
    ("signal", rf"sgnl://signal\.me/#p/{_NUMBER}"),
    ("instagram", rf"instagram://user{_QUERY}username={_NAME}"),
    ("snapchat", rf"snapchat://add/{_NAME}"),
    ("line", rf"line://ti/p/{_NAME}"),
    ("kik", rf"kik://users?/{_NAME}"),
    ("messenger", rf"fb(?:-messenger)?://(?:profile|user|user-thread)/{_NAME}"),
    # Without percent signs it is a number like any other, and `phones.py` finds it.
    ("", rf"(?:tel|sms|smsto|mms|callto):(?://)?(?=[\d+().-]{{0,40}}%){_NUMBER}"),
)
_LINKS = tuple((service, re.compile(rf"(?<![\w@.+-]){pattern}")) for service, pattern in _APPS)
_SCHEMES = re.compile(
    r"(?:whatsapp|viber|tg|sgnl|instagram|snapchat|line|kik|fb|fb-messenger)://|(?:tel|sms|smsto|mms|callto):"
)


def find(reading: Reading) -> None:
    """Claim all links that open an app with somebody in it."""
    if not _SCHEMES.search(reading.lower):
        return
    for service, link in _LINKS:
        for match in link.finditer(reading.lower):
            said = match.groupdict()
            who = said.get("name") or _number(unquote(said["number"]))
            if who and not is_page(who):
                value = f"{service}:{who.rstrip('.-')}" if service else who
                reading.claim("handle" if service else "phone", *match.span(), value)


def _number(said: str) -> str | None:
    """The normal form of a number; None if it has too few or too many digits."""
    digits = re.sub(r"\D", "", said)
    if not DANISH <= len(digits) <= _LONGEST:
        return None
    return international(digits, has_plus=said.strip().startswith("+"))
