"""Passwords of people: Argon2id, and what a password may not be.

Parameters are those of RFC 9106 for machines without gigabytes to spare (section 4, second choice), above what OWASP's
Password Storage Cheat Sheet asks for. Rules are those of NIST SP 800-63B: length and a list of what everybody tries, no
rules about kinds of characters, no expiry.
"""

from __future__ import annotations

import base64
import secrets
import unicodedata

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

PARAMETERS = RFC_9106_LOW_MEMORY
"""Three passes over 64 MiB in four lanes."""
SHORTEST = 12
LONGEST = 200

# Words that people build their passwords of, with what is put before and behind them taken off.
_COMMON = frozenset(
    [
        "password",
        "passwordpassword",
        "passw0rd",
        "p@ssword",
        "p@ssw0rd",
        "kodeord",
        "adgangskode",
        "kode",
        "hemmelig",
        "hemmelighed",
        "sommer",
        "vinter",
        "forår",
        "efterår",
        "velkommen",
        "welcome",
        "danmark",
        "københavn",
        "kobenhavn",
        "aarhus",
        "odense",
        "aalborg",
        "politi",
        "politiet",
        "tegn",
        "admin",
        "administrator",
        "letmein",
        "changeme",
        "iloveyou",
        "jegelskerdig",
        "qwerty",
        "qwertyuiop",
        "qwertyuiopå",
        "asdfghjkl",
        "zxcvbnm",
        "qwertyqwerty",
        "qazwsxedc",
        "1q2w3e4r5t",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "abc",
        "abcabc",
        "abcdef",
        "abcdefgh",
        "abcdefghijkl",
        "abcdefghijklm",
        "football",
        "fodbold",
        "liverpool",
        "superman",
        "batman",
        "computer",
        "internet",
        "sunshine",
        "princess",
        "prinsesse",
        "monkey",
        "dragon",
        "master",
        "trustno",
        "baseball",
        "charlie",
        "michael",
        "jordan",
        "correcthorsebatterystaple",
    ]
)
_SIGNS = "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ §½"
_ROWS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyzæøå", "qwertyuiopåasdfghjklæøzxcvbnm")


class WeakPassword(ValueError):
    """The password cannot be taken; `code` says why: too_short, too_long, name or common."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def _normalise(password: str) -> str:
    """One form of what can be typed in several ways, as a keyboard may send å as one character or two."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, name: str) -> None:
    """Refuse a password that others would try early.

    Args:
        name: of the person.

    Raises:
        WeakPassword: see the class.
    """
    password = _normalise(password)
    if len(password) < SHORTEST:
        raise WeakPassword("too_short")
    if len(password) > LONGEST:
        raise WeakPassword("too_long")
    plain = password.casefold()
    own = _normalise(name).casefold()
    for part in {own, own.replace(" ", ""), *own.split()}:
        if part and part in plain and len(plain.replace(part, "")) < 8:
            raise WeakPassword("name")
    core = plain.strip(_SIGNS).replace(" ", "")
    row = any(plain in line or plain in line[::-1] for line in _ROWS)
    if len(set(plain)) < 4 or core in _COMMON or row or not core:
        raise WeakPassword("common")


class Passwords:
    """Hashes passwords and checks them. Both take a good part of a second and 64 MiB: never in the event loop."""

    def __init__(self, parameters: Parameters | None = None) -> None:
        self._hasher = PasswordHasher.from_parameters(parameters or PARAMETERS)
        # Of no password: checking against it takes as long as against a real one.
        salt, digest = (
            base64.b64encode(secrets.token_bytes(n)).rstrip(b"=").decode()
            for n in (self._hasher.salt_len, self._hasher.hash_len)
        )
        costs = f"m={self._hasher.memory_cost},t={self._hasher.time_cost},p={self._hasher.parallelism}"
        self._nobody = f"$argon2id$v=19${costs}${salt}${digest}"

    def hash(self, password: str) -> str:
        """What to keep of a password."""
        return self._hasher.hash(_normalise(password))

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether this is the password; without one to compare with it takes as long and says no."""
        if len(password) > LONGEST:
            return False
        try:
            return self._hasher.verify(kept or self._nobody, _normalise(password)) and kept is not None
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, kept: str) -> bool:
        """Whether it was hashed with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)
