"""What an address of the web is compared by: whom it reaches, else whose page it is.

On a host where strangers have pages the host says nothing, and only the account or the page counts. On any other the host counts
too: an own site is one hand's. What no list here knows is left to `hubs.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote

from triage.entities.handles import is_page

_ADDRESS = re.compile(
    r"(?:\w+:)?(?://)?(?:[^/?#@]*@)?(?P<host>[\w-]+(?:\.[\w-]+)+)\.?(?::\d*)?(?P<path>/[^?#]*)?"
    r"(?:\?(?P<query>[^#]*))?(?:#(?P<rest>.*))?"
)
_NUMBER = r"(?P<name>(?:\+|%2b| )?\d[\d -]{6,18})(?!\w)"
_NAME = r"(?P<name>[\w.-]{2,60})"
_ACCOUNTS = tuple(
    (service, re.compile(pattern))
    for service, pattern in (
        (
            "whatsapp",
            rf"wa\.me/{_NUMBER}|(?:whatsapp\.com|wa\.me)/send/?\?(?:.*&)?phone={_NUMBER.replace('name', 'sent')}",
        ),
        ("viber", rf"viber\.[^/]*/{_NUMBER}|viber\.[^/]*/.*[?&]number={_NUMBER.replace('name', 'sent')}"),
        ("telegram", rf"(?:t|telegram)\.(?:me|dog)/(?:s/)?[@+]?{_NAME}"),
        ("signal", rf"signal\.me/#p/{_NUMBER}"),
        ("messenger", r"(?:facebook|fb)\.com/(?:profile\.php\?(?:.*&)?id=|people/[^/]+/)(?P<name>\d+)"),
        ("messenger", rf"(?:(?:facebook|fb|messenger)\.com|m\.me|fb\.me)/(?:t/)?{_NAME}"),
        ("instagram", rf"instagram\.com/@?{_NAME}"),
        ("tiktok", rf"tiktok\.com/@{_NAME}"),
        ("snapchat", rf"snapchat\.com/(?:add/|@){_NAME}"),
        ("line", rf"line\.me/(?:r/)?ti/p/[~@]?{_NAME}"),
        ("kik", rf"kik\.me/{_NAME}"),
        ("onlyfans", rf"onlyfans\.com/@?{_NAME}"),
        ("x", rf"(?:x|twitter)\.com/@?{_NAME}"),
    )
)
"""Of a service, the address of an account there: its name is that of a handle."""

_SHARED = frozenset(
    "whatsapp.com wa.me viber.com viber.me viber.click t.me telegram.me telegram.dog telegram.org signal.me signal.org "  # noqa: SIM905
    "signal.group facebook.com fb.com fb.me fb.watch m.me messenger.com instagram.com instagr.am tiktok.com snapchat.com "
    "line.me kik.me onlyfans.com x.com twitter.com t.co threads.net threads.com bsky.app threema.id skype.com wechat.com "
    "discord.com discord.gg youtube.com youtu.be vimeo.com twitch.tv spotify.com soundcloud.com pinterest.com pin.it reddit.com "
    "redd.it vk.com ok.ru linkedin.com flickr.com imgur.com ibb.co medium.com fansly.com fancentro.com patreon.com manyvids.com "
    "linktr.ee allmylinks.com beacons.ai lnk.bio bio.link campsite.bio solo.to taplink.cc msha.ke hoo.be bio.site about.me "
    "tinyurl.com bit.ly goo.gl is.gd ow.ly cutt.ly rebrand.ly rb.gy shorturl.at tiny.cc s.id t.ly kortlink.dk "
    "google.com google.dk google.de g.page g.co forms.gle apple.com icloud.com live.com office.com sharepoint.com 1drv.ms "
    "dropbox.com wetransfer.com we.tl jotform.com typeform.com doodle.com zoom.us telegra.ph pastebin.com "
    "paypal.com paypal.me revolut.me wise.com cash.app mobilepay.dk calendly.com booksy.com fresha.com treatwell.dk "
    "booking.com airbnb.com airbnb.dk tripadvisor.com tripadvisor.dk trustpilot.com trustpilot.dk yelp.com wikipedia.org "
    "krak.dk degulesider.dk 118.dk proff.dk cvr.dk virk.dk dba.dk guloggratis.dk bing.com yahoo.com yahoo.dk "
    "gmail.com googlemail.com hotmail.com hotmail.dk outlook.com outlook.dk live.dk mail.dk mail.com proton.me protonmail.com "
    "gmx.com gmx.net gmx.de aol.com jubii.dk ofir.dk msn.com me.com".split()
)
"""Hosts where strangers have pages, or whose name stands for a mail address; with all below them."""
_HOMES = frozenset(
    "wordpress.com blogspot.com tumblr.com wixsite.com weebly.com webnode.dk webnode.com jimdo.com jimdofree.com jimdosite.com "  # noqa: SIM905
    "carrd.co github.io mystrikingly.com squarespace.com godaddysites.com business.site one.com simplesite.com "
    "myshopify.com substack.com hjemmesider.dk mono.net setmore.com simplybook.me simplybook.it planway.com geckobooking.dk "
    "bestil-tid.dk onlinebooq.dk netlify.app web.app herokuapp.com".split()
)
"""Hosts below which each name is somebody's."""
_NOWHERE = (
    "maps",
    "search",
    "hashtag",
    "tag",
    "tags",
    "discover",
    "explore",
    "help",
    "legal",
    "policies",
    "privacy",
    "intent",
)
"""What pages of a service that are about no one in particular begin with."""
_POINTERS = ("id", "v", "list", "fbid", "story_fbid", "u")
"""Parameters that tell on a shared host what a page is of."""
_COUNTERS = re.compile(r"(?:utm_|mc_|ga_|pk_|_g).*|[a-z]*clid|igsh(?:id)?|ref|fref|hl|lang|si")


def compare(address: str) -> Iterator[tuple[str, str]]:
    """What an address in lower case is compared by: a handle as ``service:name``, or a site and a page of it."""
    found = _ADDRESS.fullmatch(address)
    if not found:
        return
    host = found["host"].removeprefix("www.")
    path = "/".join(x for x in unquote(found["path"] or "").split("/") if x)
    query = parse_qsl(found["query"] or "")
    shared = _shared(host)
    if shared is None:
        kept = sorted(x for x in query if not _COUNTERS.fullmatch(x[0]))
        yield "site", host
        if path or kept:
            yield "url", _page(host, path, kept)
        return
    if account := _account(f"{shared}/{path}{_tail(found['query'], '?')}{_tail(found['rest'], '#')}"):
        yield "handle", account
        return
    steps = path.split("/")
    if "maps" in host.split(".") or steps[0] in _NOWHERE:
        return
    if not all(is_page(x) for x in steps if x):
        yield "url", _page(shared, path, [])
    elif kept := sorted(x for x in query if x[0] in _POINTERS):
        yield "url", _page(shared, path, kept)


def _shared(host: str) -> str | None:
    """The host where strangers have pages, if this is one or lies below one."""
    if host.removeprefix("m.") in _HOMES:
        return host
    domain = ".".join(host.rsplit(".", 2)[-2:])
    return domain if domain in _SHARED else None


def _account(address: str) -> str | None:
    for service, pattern in _ACCOUNTS:
        if found := pattern.match(address):
            name = found["name"] or found["sent"]
            return None if is_page(name) else f"{service}:{unquote(name).strip()}"
    return None


def _tail(part: str | None, sign: str) -> str:
    return f"{sign}{part}" if part else ""


def _page(host: str, path: str, query: list[tuple[str, str]]) -> str:
    return f"{host}/{path}{_tail('&'.join(f'{name}={value}' for name, value in query), '?')}"
