"""The key of the links: a file of its own, so that it can be kept, moved and destroyed with the links alone."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from pathlib import Path

from serving.linking.records import LEAST_KEY, LinkKey
from serving.ondisk import put

FILE = "link.key"
_BYTES = 32
_LONGEST = 1_000
_HOW = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'


class UnusableLinkKey(RuntimeError):
    """The key is missing, malformed or open to others; the message says what to do and never holds the key."""


def open_key(folder: Path, given: Path | None, *, begun: bool) -> LinkKey:
    """The key in the file that is given, or else in `folder`, where it is made on first use.

    Args:
        begun: there are signatures already, so a key that is not there was lost.

    Raises:
        UnusableLinkKey: see the class.
    """
    path = given or folder / FILE
    try:
        if given is None and not begun and not path.exists():
            fresh = base64.urlsafe_b64encode(secrets.token_bytes(_BYTES)).rstrip(b"=") + b"\n"
            put(path, lambda out: out.write(fresh))
        # Not through a link, which others might turn; a file that is given may be one, as systemd and containers give it.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if given else os.O_NOFOLLOW))
        with os.fdopen(handle, "rb") as file:
            mode = os.fstat(handle).st_mode
            if not stat.S_ISREG(mode):
                raise UnusableLinkKey(f"{path} is not a regular file; put the key of the links there")
            if mode & 0o077:
                raise UnusableLinkKey(
                    f"{path} has mode {stat.S_IMODE(mode):04o}, so others than its owner may use it: chmod 600 it"
                )
            text = file.read(_LONGEST)
    except FileNotFoundError:
        if given is not None:
            raise UnusableLinkKey(f"{path} is not there; put 32 random bytes in base64url there ({_HOW})") from None
        raise UnusableLinkKey(
            f"{path} is not there, but signatures were made with it: restore it, or delete {folder} to make them anew"
        ) from None
    except OSError as error:
        raise UnusableLinkKey(
            f"{path}: {error.strerror}; the key of the links is a file that you alone can read"
        ) from None
    return LinkKey(_parse(text, path))


def _parse(text: bytes, path: Path) -> bytes:
    word = text.strip().rstrip(b"=")
    try:
        raw = base64.b64decode(word + b"=" * (-len(word) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _BYTES or len(set(raw)) < LEAST_KEY // 2:
        raise UnusableLinkKey(
            f"{path} does not hold 32 random bytes in base64url; restore it, or make another with {_HOW}"
        )
    return raw
