"""The master key: one secret of 32 bytes, from which the keys that protect the store are derived.

It comes from the environment, from a file that the environment names (a secret of systemd or of a container), or from a file in
TEGN_HOME that is made on first use. Whoever has it and the store can read everything; whoever loses it has lost every case.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from serving.ondisk import sync_folder

KEY_BYTES = 32
VARIABLE, OLD_VARIABLE = "TEGN_MASTER_KEY", "TEGN_MASTER_KEY_OLD"
FILE_VARIABLE, OLD_FILE_VARIABLE = f"{VARIABLE}_FILE", f"{OLD_VARIABLE}_FILE"
VARIABLES = (VARIABLE, OLD_VARIABLE, FILE_VARIABLE, OLD_FILE_VARIABLE)
FILE, OLD_FILE = "master.key", "master.key.old"
HOW_TO_MAKE = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'

_KEY = re.compile(r"[A-Za-z0-9_-]{43}=?")
"""32 bytes in base64url, with or without padding."""
_LONGEST_FILE = 10_000
"""Bytes; some two hundred keys."""
_LEAST_DISTINCT = 10
"""32 random bytes have fewer distinct values than this with a probability below 10^-29; a placeholder such as AAAA... has."""


class UnusableKey(RuntimeError):
    """A master key is missing, malformed or open to others; the message says what to do and never holds the key."""


@dataclass(frozen=True, slots=True, eq=False)
class Subkeys:
    """What is derived from one master key by HKDF-SHA256 (RFC 5869), one key for each purpose."""

    id: str
    """8 hexadecimal digits that tell master keys apart: of the hash of a derived value, they say nothing of the key."""
    wrapping: AESGCM = field(repr=False)
    """Encrypts data keys."""
    fingerprint: bytes = field(repr=False)
    """HMAC key of fingerprints, 32 bytes."""
    audit: bytes = field(repr=False)
    """HMAC key of the audit chain, 32 bytes."""
    backup: bytes = field(repr=False)
    """HMAC key of backups, 32 bytes."""


def _derive(raw: bytes) -> Subkeys:
    def subkey(purpose: str) -> bytes:
        # The master key is uniformly random already, so HKDF needs no salt (RFC 5869, 3.1).
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"tegn store 1 {purpose}".encode()).derive(raw)

    return Subkeys(
        id=hashlib.sha256(subkey("id")).hexdigest()[:8],
        wrapping=AESGCM(subkey("wrapping")),
        fingerprint=subkey("fingerprint"),
        audit=subkey("audit"),
        backup=subkey("backup"),
    )


@dataclass(frozen=True, slots=True, eq=False)
class MasterKey:
    """The master key in use and those it replaced. It cannot be pickled, and `repr` shows ids alone."""

    current: Subkeys
    """Wraps new data keys."""
    old: tuple[Subkeys, ...] = ()
    """Still unwrap what they wrapped; newest first."""

    @classmethod
    def derive(cls, raw: bytes, *old: bytes) -> MasterKey:
        """From keys of 32 bytes, the one in use first.

        Raises:
            UnusableKey: a key has another length, or is a placeholder.
        """
        for key in (raw, *old):
            _check(key, "a master key")
        # A key that is current and old at once is current.
        return cls(_derive(raw), tuple(_derive(key) for key in dict.fromkeys(old) if key != raw))

    @classmethod
    def load(cls, home: Path, env: Mapping[str, str], *, create: bool = True) -> MasterKey:
        """The master key of `TEGN_MASTER_KEY`, of the file that `TEGN_MASTER_KEY_FILE` names, or else of the file `master.key` in
        `home`, and the old keys of all three places.

        Args:
            create: make the file if there is no key yet. False where the store holds data keys already: then a
                key that is not there was lost, and a new one would hide that.

        Raises:
            UnusableKey: see the class.
        """
        if VARIABLE in env and FILE_VARIABLE in env:
            raise UnusableKey(f"{VARIABLE} and {FILE_VARIABLE} are both set: unset one of them")
        if FILE_VARIABLE in env:
            given = _one(_from_named(env[FILE_VARIABLE], FILE_VARIABLE), env[FILE_VARIABLE])
        elif VARIABLE in env:
            given = _parse(env[VARIABLE], VARIABLE)
            if len(given) != 1:
                raise UnusableKey(
                    f"{VARIABLE} holds {len(given)} keys and takes one: set it to 32 random bytes in base64url ({HOW_TO_MAKE}), "
                    f"older ones to {OLD_VARIABLE}; unset it to use the file {FILE} in TEGN_HOME"
                )
        else:
            given = _from_file(home / FILE, create)
        old = _parse(env.get(OLD_VARIABLE, ""), OLD_VARIABLE)
        if OLD_FILE_VARIABLE in env:
            old += _from_named(env[OLD_FILE_VARIABLE], OLD_FILE_VARIABLE)
        text = _read(home / OLD_FILE)
        return cls.derive(given[0], *old, *_parse(text or "", str(home / OLD_FILE)))

    @staticmethod
    def place(home: Path, env: Mapping[str, str]) -> str:
        """Where `load` takes the one in use from, for people."""
        if FILE_VARIABLE in env:
            return f"the file that {FILE_VARIABLE} names, {env[FILE_VARIABLE]},"
        return VARIABLE if VARIABLE in env else str(home / FILE)

    @property
    def keys(self) -> tuple[Subkeys, ...]:
        """All of them, the one in use first."""
        return (self.current, *self.old)


def _check(raw: bytes, where: str) -> None:
    if len(raw) != KEY_BYTES:
        raise UnusableKey(f"{where} has {len(raw)} bytes and must have {KEY_BYTES}; make one with {HOW_TO_MAKE}")
    if len(set(raw)) < _LEAST_DISTINCT:
        raise UnusableKey(f"{where} is a placeholder, not a random key; make one with {HOW_TO_MAKE}")


def _parse(text: str, where: str) -> list[bytes]:
    """Keys in base64url, separated by white space or commas."""
    keys = []
    for number, word in enumerate(filter(None, re.split(r"[\s,]+", text)), start=1):
        # Checked before it is decoded: the decoder's own errors carry what they could not decode.
        if not _KEY.fullmatch(word):
            raise UnusableKey(
                f"{where}: key {number} is not 32 bytes in base64url (43 characters of A-Z a-z 0-9 - _, {len(word)} found); "
                f"restore it from your copy, or make a new one with {HOW_TO_MAKE} if nothing was stored yet"
            )
        keys.append(base64.urlsafe_b64decode(word.rstrip("=") + "="))
        _check(keys[-1], f"{where}: key {number}")
    return keys


def _from_file(path: Path, create: bool) -> list[bytes]:
    text = _read(path)
    if text is None and create:
        _make(path)
        text = _read(path)
    if text is None:
        raise UnusableKey(
            f"{path} is not there, but the store was encrypted with it: restore it from your copy, or set {VARIABLE} to the key"
        )
    return _one(_parse(text, str(path)), str(path))


def _one(keys: list[bytes], where: str) -> list[bytes]:
    if len(keys) != 1:
        raise UnusableKey(
            f"{where} holds {len(keys)} keys and takes one: restore it from your copy, and put older keys into {OLD_FILE}; "
            "if nothing was stored yet, delete it and it is made anew"
        )
    return keys


def _from_named(name: str, variable: str) -> list[bytes]:
    """The keys of a file that the environment names; it is never made, as nobody would have a copy."""
    if not Path(name).is_absolute():
        raise UnusableKey(f"{variable} must be an absolute path")
    text = _read(Path(name), given=True)
    if text is None:
        raise UnusableKey(f"{name} ({variable}) is not there: put the key there ({HOW_TO_MAKE}), or unset {variable}")
    return _parse(text, name)


def _read(path: Path, *, given: bool = False) -> str | None:
    """The text of a key file that is its owner's alone; None if there is no such file.

    Args:
        given: somebody else provides it, as systemd and containers do: by a link, and open to a group of one.
    """
    try:
        # O_NONBLOCK: a named pipe in its place must not stop the start for ever.
        follow = 0 if given else os.O_NOFOLLOW
        handle = os.open(path, os.O_RDONLY | follow | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise UnusableKey(f"{path} is a symbolic link: put the key file itself there, or set {VARIABLE}") from None
        raise UnusableKey(
            f"{path} cannot be read ({error.strerror}): let the user that runs Tegn own it, mode 0600, or set {VARIABLE}"
        ) from None
    try:
        # Of the open file, not of the path: it cannot be exchanged between the check and the reading.
        _check_file(os.fstat(handle).st_mode, path, forbidden=0o037 if given else 0o077)
        with open(handle, "rb", closefd=False) as file:
            content = file.read(_LONGEST_FILE + 1)
    except OSError as error:
        raise UnusableKey(f"{path} cannot be read ({error.strerror}): check the disk, or set {VARIABLE}") from None
    finally:
        os.close(handle)
    if len(content) > _LONGEST_FILE:
        raise UnusableKey(f"{path} is no key file: it is longer than {_LONGEST_FILE} bytes; restore it from your copy")
    return content.decode("ascii", "replace")


def _check_file(mode: int, path: Path, *, forbidden: int) -> None:
    if not stat.S_ISREG(mode):
        raise UnusableKey(f"{path} is not a regular file: put the key file there, or set {VARIABLE}")
    if mode & forbidden:
        raise UnusableKey(
            f"{path} has mode {stat.S_IMODE(mode):04o}, so others than its owner may use it: chmod 600 it, "
            "and replace the key if anybody else may have read it"
        )


def _make(path: Path) -> None:
    """Write a new key on disk, unless another process was first."""
    # The file gets its name by a link, which refuses a name that is taken, once its content is on disk: of two
    # processes that start at once one wins, neither reads half a key, and no crash leaves an empty one.
    new = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, 0o600)  # whatever the umask
                file.write(base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).rstrip(b"=") + b"\n")
                file.flush()
                os.fsync(handle)
            try:
                os.link(new, path)
            except FileExistsError:
                return
        finally:
            new.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise UnusableKey(
            f"{path} cannot be made ({error.strerror}): make TEGN_HOME a folder that Tegn can write, "
            f"or set {VARIABLE} ({HOW_TO_MAKE})"
        ) from None
