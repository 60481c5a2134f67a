"""Encryption at rest: AES-256-GCM with one random key per case, which the master key wraps.

What is sealed is bound to its place in the store: moved to another row, column, table or case it does not open. A case whose
wrapped key is destroyed cannot be read again; copies of the store from before still hold that key.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from serving.store.masterkey import KEY_BYTES, OLD_FILE, OLD_VARIABLE, MasterKey

_SEALED, _WRAPPED = b"\x01", b"\x01"
"""First byte of what is sealed and of a wrapped key: the form of the rest."""
_NONCE_BYTES = 12
"""At random: safe for 2^32 messages under one key (NIST SP 800-38D, 8.3), far more than a case has texts or a store has cases."""
_TAG_BYTES = 16
_ID_BYTES = 4
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ROW = re.compile(r"[A-Za-z0-9_-]+")


class KeyLost(RuntimeError):
    """A data key was wrapped by a master key that is not here; the message says which one to bring back."""


class Tampered(RuntimeError):
    """What is stored is not what was sealed at this place: restore it from a copy, and find out who changed it."""


UNREADABLE = (KeyLost, Tampered)
"""What opening raises."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something sealed stands in the store.

    As text `documents.text#17`; no part can hold a separator, so no two places look alike.
    """

    table: str
    column: str
    row: int | str
    """The primary key: a number from 0, or a word of A-Z a-z 0-9 _ -."""

    def __post_init__(self) -> None:
        if not (_NAME.fullmatch(self.table) and _NAME.fullmatch(self.column)):
            raise ValueError("a table or column is named by a-z, 0-9 and _, a letter first")
        number = isinstance(self.row, int) and not isinstance(self.row, bool) and self.row >= 0
        if not number and not (isinstance(self.row, str) and _ROW.fullmatch(self.row)):
            raise ValueError("a row is named by a number from 0 or by A-Z, a-z, 0-9, _ and -; store the row first")

    def __str__(self) -> str:
        return f"{self.table}.{self.column}#{self.row}"


def _encrypt(key: AESGCM, head: bytes, plain: bytes, place: Place) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return head + nonce + key.encrypt(nonce, plain, head + str(place).encode("ascii"))


def _decrypt(key: AESGCM, head: bytes, sealed: bytes, place: Place) -> bytes:
    nonce, rest = sealed[len(head) :][:_NONCE_BYTES], sealed[len(head) + _NONCE_BYTES :]
    try:
        return key.decrypt(nonce, rest, head + str(place).encode("ascii"))
    except InvalidTag:
        raise Tampered(
            f"{place} was changed, moved there from another place, or belongs to another case: restore it from a copy"
        ) from None


@dataclass(frozen=True, slots=True, eq=False)
class CaseBox:
    """Seals and opens what belongs to one case, as long as it is held."""

    _key: AESGCM = field(repr=False)

    def seal(self, plain: bytes | str, place: Place) -> bytes:
        """Encrypt for one place: a version byte, a nonce of 12 bytes, the ciphertext, a tag of 16 bytes.

        A text is encoded as UTF-8; half of a surrogate pair is kept.
        """
        if isinstance(plain, str):
            plain = plain.encode("utf-8", "surrogatepass")
        return _encrypt(self._key, _SEALED, plain, place)

    def open(self, sealed: bytes, place: Place) -> bytes:
        """What was sealed for this place.

        Raises:
            Tampered: see the class.
        """
        if len(sealed) < len(_SEALED) + _NONCE_BYTES + _TAG_BYTES or not sealed.startswith(_SEALED):
            raise Tampered(f"{place} does not hold what this version of Tegn seals: restore it from a copy")
        return _decrypt(self._key, _SEALED, sealed, place)

    def open_text(self, sealed: bytes, place: Place) -> str:
        """The text that was sealed for this place.

        Raises:
            Tampered: see the class.
        """
        return self.open(sealed, place).decode("utf-8", "surrogatepass")


class Vault:
    """Data keys of cases, and fingerprints of texts, under one master key."""

    def __init__(self, master: MasterKey) -> None:
        self._master = master

    def new_case_key(self, place: Place) -> bytes:
        """A new data key, wrapped, to be stored at `place`.

        A version byte, the id of the master key in 4 bytes, a nonce of 12, the encrypted key of 32, a tag of 16.
        """
        return self._wrap(AESGCM.generate_key(8 * KEY_BYTES), place)

    def open_case(self, wrapped: bytes, place: Place) -> CaseBox:
        """The box of the case whose wrapped key is stored at `place`.

        Raises:
            KeyLost: its master key is not here.
            Tampered: it is no wrapped key, was changed, or is the key of another case.
        """
        return CaseBox(AESGCM(self._unwrap(wrapped, place)))

    def rewrap(self, wrapped: bytes, place: Place) -> bytes:
        """The same data key under the master key in use; unchanged if it is already. What is sealed with it stays as it is.

        Raises:
            KeyLost: its master key is not here.
            Tampered: as for `open_case`.
        """
        key = self._unwrap(wrapped, place)
        return wrapped if self.is_current(wrapped) else self._wrap(key, place)

    def is_current(self, wrapped: bytes) -> bool:
        """Whether a wrapped key is under the master key in use."""
        return wrapped.startswith(self._head)

    @property
    def key_id(self) -> str:
        """What tells the master key in use from others."""
        return self._master.current.id

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Of every master key that is here, the one in use first."""
        return tuple(key.id for key in self._master.keys)

    def fingerprint(self, text: str) -> str:
        """HMAC-SHA256 of a text's canonical form, in 64 hexadecimal digits, to recognise a text that is pasted again.

        With the master key it tells whether a known text is stored, so it is to be erased with its case.
        """
        return self.fingerprints(text)[0]

    def fingerprints(self, text: str) -> tuple[str, ...]:
        """The fingerprint under every master key, the one in use first: to look for texts stored before a rotation."""
        form = canonical_form(text).encode("utf-8", "surrogatepass")
        return tuple(hmac.digest(key.fingerprint, form, "sha256").hex() for key in self._master.keys)

    @property
    def _head(self) -> bytes:
        return _WRAPPED + bytes.fromhex(self._master.current.id)

    def _wrap(self, key: bytes, place: Place) -> bytes:
        return _encrypt(self._master.current.wrapping, self._head, key, place)

    def _unwrap(self, wrapped: bytes, place: Place) -> bytes:
        length = len(self._head) + _NONCE_BYTES + KEY_BYTES + _TAG_BYTES
        if len(wrapped) != length or not wrapped.startswith(_WRAPPED):
            raise Tampered(f"{place} does not hold a wrapped key of this version of Tegn: restore it from a copy")
        head = wrapped[: len(self._head)]
        key_id = head[-_ID_BYTES:].hex()
        for key in self._master.keys:
            if key.id == key_id:
                return _decrypt(key.wrapping, head, wrapped, place)
        here = ", ".join(self.key_ids)
        raise KeyLost(
            f"{place} was wrapped by the master key {key_id}, and those here are {here}: put it into {OLD_VARIABLE} "
            f"or the file {OLD_FILE} in TEGN_HOME"
        )


def canonical_form(text: str) -> str:
    """A text without what pasting changes: NFKC, case folded, runs of white space as one space, none at the ends."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())
