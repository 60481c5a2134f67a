"""A text as the rules read it: disguises of single characters taken off, with the way back to the raw offsets.

Fullwidth, circled, superscript, mathematical and foreign digits become 0 to 9, styled and small capital letters plain ones, all
white space but line ends a space, all dashes a hyphen; what is invisible (joiners, variation selectors, the frame of a keycap)
is left out.
"""

from __future__ import annotations

import re
import unicodedata

from triage.assessment import Entity
from triage.canonical import without_lookalikes
from triage.text import Span

_INVISIBLE = re.compile(
    "[\u00ad\u0300-\u036f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef]"
)
_TENS = {"🔟": "10"} | {chr(0x2469 + i): str(10 + i) for i in range(11)}
"""Single characters that are two digits."""
_LONGER = re.compile(f"{_INVISIBLE.pattern}|[{''.join(_TENS)}]")
_PICTURES = str.maketrans(
    "⭕🅾🎱☝✌✋🖐🕐🕑🕒🕓🕔🕕🕖🕗🕘🕜🕝🕞🕟🕠🕡🕢🕣🕤⚀⚁⚂⚃⚄⚅", "0081255" + 2 * "123456789" + "123456"
)
_PICTURE = f"(?:[{''.join(map(chr, _PICTURES))}][\ufe0f🏻-🏿]?|[0-9]\ufe0f?\u20e3)"
_PICTURED = re.compile(rf"{_PICTURE}(?:[ /+➖🐀-🐿💀-💿-]{{0,3}}{_PICTURE})+")
"""Pictures that are digits: clocks, dice, fingers, balls, and digits in a frame."""
_NOUGHT = re.compile(r"🅾\ufe0f?(?=[0-9])|(?<=[0-9])🅾\ufe0f?|⭕\ufe0f?(?=[0-9](?:[ .-]?[0-9]{2}){3}(?![0-9]))")
"""A ring that is a nought beside digits."""
_DASHES = "‐‑‒–—―−➖﹣－"
_KEPT = "½¼¾ªº™"
_OWN = {ord(c): "-" for c in _DASHES} | {ord(c): c for c in _KEPT} | {ord("⓿"): "0", ord("ı"): "i", ord("〇"): "0"}
_OWN |= dict(zip(map(ord, "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ"), "abcdefghijklmnoprstuvwyz", strict=True))
_OWN |= {ord(c): c for c in "\r\n"} | {ord(c): "\n" for c in "\v\f\x85\u2028\u2029"}


class _Plain(dict[int, str]):
    """Code point to the one plain character it stands for; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        plain = char
        if (digit := unicodedata.digit(char, None)) is not None:
            plain = str(digit)
        elif char.isspace():
            plain = " "
        elif code > 0xFF and len(same := unicodedata.normalize("NFKC", char)) == 1:
            plain = same
        self[code] = plain
        return plain


_PLAIN = _Plain(_OWN)
_UNUSUAL = re.compile("[^\n\r -~À-ÿ€“”’…•]")
"""Whatever `_PLAIN` might change."""


class Reading:
    """A raw text, the same as it is read, and what was found in it so far.

    All offsets of rules are those of `cased` and `lower`, which are of one length.
    """

    def __init__(self, text: str) -> None:
        self.raw = text
        self._places: list[int] | None = None
        plain = text if text.isascii() else _NOUGHT.sub(_nought, _PICTURED.sub(_unpictured, text))
        if not text.isascii() and _LONGER.search(plain):
            plain, self._places = _fold(plain)
        self.cased = without_lookalikes(plain.translate(_PLAIN)) if _UNUSUAL.search(plain) else plain
        low = self.cased.lower()
        # A few capitals have a longer lower case: these stay as they are.
        self.lower = (
            low if len(low) == len(self.cased) else "".join(x if len(x := c.lower()) == 1 else c for c in self.cased)
        )
        self.taken = bytearray(len(self.cased))
        self._found: list[Entity] = []
        self.claims: list[tuple[str, int, int]] = []
        """Kind, start and end of what was found, as it is read."""

    def raw_span(self, start: int, end: int) -> Span:
        """Offsets of the raw text; what is invisible after the last character belongs to it."""
        if self._places is None:
            return Span(start, end)
        return Span(self._places[start], self._places[end])

    def is_free(self, start: int, end: int) -> bool:
        """Whether nothing was found in a part yet."""
        return self.taken.find(1, start, end) < 0

    def claim(self, type_: str, start: int, end: int, value: str) -> bool:
        """Keep an entity, unless something was found there before."""
        span = self.raw_span(start, end)
        if span.start >= span.end or not self.is_free(start, end):
            return False
        self.taken[start:end] = b"\1" * (end - start)
        self.claims.append((type_, start, end))
        self._found.append(Entity(type_, span, self.raw[span.start : span.end], value))
        return True

    def entities(self) -> tuple[Entity, ...]:
        """What was found, in order of place."""
        return tuple(sorted(self._found, key=lambda entity: entity.span))


def _nought(found: re.Match[str]) -> str:
    """A nought, as long as the ring that stands for it."""
    return "0" + found[0][1:]


def _unpictured(found: re.Match[str]) -> str:
    """A row of pictures with digits for them, where digits in a frame are among them or it is too long for an ornament."""
    text = found[0]
    if text.count("\u20e3") > 1 or sum(ord(c) in _PICTURES for c in text) > 7:
        return text.translate(_PICTURES)
    return text


def _fold(text: str) -> tuple[str, list[int]]:
    """The text without what is invisible, letters composed, and for each character (and the end) where it was."""
    chars: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if char in _TENS:
            chars += _TENS[char]
            places += [place, place]
        elif not _INVISIBLE.match(char):
            chars.append(char)
            places.append(place)
        elif unicodedata.combining(char) and chars and len(one := unicodedata.normalize("NFC", chars[-1] + char)) == 1:
            chars[-1] = one
    return "".join(chars), [*places, len(text)]
