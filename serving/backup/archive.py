"""The file of a backup: a tar of a manifest and the parts it names, each with its SHA-256, under an HMAC of the master key.

Texts, ads, titles, references, notes and names of files are sealed in the store, and so they are in here. In clear are names and
roles of people, hashes of passwords and keys, decisions, figures of groups, times, and the audit log.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.store import anchors
from serving.store.audit import Anchor
from serving.store.masterkey import MasterKey

MANIFEST, ENDINGS, ANCHOR = "manifest.json", "endings.json", anchors.FILE
STORES: Mapping[str, str] = {"sqlite": "store.sqlite", "postgresql": "store.pgdump"}
"""The part that holds the store, by what the store is in."""
_PARTS = frozenset({*STORES.values(), ENDINGS, ANCHOR})
_LONGEST_MANIFEST = 1_000_000
_NO_TAR = (tarfile.TarError, EOFError, ValueError, OverflowError, MemoryError, RecursionError)
"""What reading a tar raises that somebody made up."""
_CHUNK = 1 << 20

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
KeyId = Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
Word = Annotated[str, Field(pattern=r"^[0-9A-Za-z.+_-]{0,60}$")]
"""Something that is printed, also before anybody knows who wrote it."""


class BrokenBackup(ValueError):
    """A file is no backup, was cut off or changed, or is of a newer version; take another backup."""


class Part(BaseModel):
    """A file inside a backup."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    size: Annotated[int, Field(ge=0)]
    """Bytes."""
    sha256: Digest


class Manifest(BaseModel):
    """What a backup says of itself."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    format: Literal[1] = 1
    tegn: Word
    """Version that made it."""
    engine: Literal["sqlite", "postgresql"]
    revision: Word
    """Form of the tables."""
    made: datetime
    store: str
    """HMAC of the first entry of the audit log: tells stores apart. Empty where nothing was recorded yet."""
    newest: str
    """Newest entry of the audit log as SEQ:HEX; empty where nothing was recorded yet."""
    key: KeyId
    """Id of the master key in use, which also seals this manifest."""
    keys: list[KeyId]
    """Ids of all master keys that cases are under, and of the one in use: without one of them something cannot be opened."""
    cases: Annotated[int, Field(ge=0)]
    """Cases that are not erased."""
    parts: dict[str, Part]
    seal: Annotated[str, Field(pattern=r"^[0-9a-f]*$")] = ""
    """HMAC-SHA256 of all of the above: whoever has no master key can make no backup and change none."""

    def sealed(self, master: MasterKey) -> Manifest:
        """The same, under the master key in use."""
        return self.model_copy(update={"seal": self._mac(master.current.backup)})

    def check_seal(self, master: MasterKey) -> None:
        """Refuse a manifest that was not made with the master key it names.

        Raises:
            BrokenBackup: see the class.
        """
        for key in master.keys:
            if key.id == self.key and hmac.compare_digest(self.seal, self._mac(key.backup)):
                return
        raise BrokenBackup(
            f"the backup was not made with the master key {self.key}: somebody made or changed it who has no key. "
            "Take another backup, and find out who can write where this one lay"
        )

    def lacking(self, master: MasterKey) -> list[str]:
        """Ids of the master keys it needs that are not here."""
        return sorted({self.key, *self.keys} - {x.id for x in master.keys})

    @property
    def anchor(self) -> Anchor | None:
        """The newest entry of the audit log."""
        return anchors.parse(self.newest) if self.newest else None

    def _mac(self, key: bytes) -> str:
        plain = json.dumps(self.model_dump(mode="json", exclude={"seal"}), sort_keys=True, separators=(",", ":"))
        return hmac.digest(key, plain.encode("utf-8"), "sha256").hex()


def measure(path: Path) -> Part:
    """Size and checksum of a file."""
    with path.open("rb") as file:
        return Part(size=path.stat().st_size, sha256=hashlib.file_digest(file, "sha256").hexdigest())


def write(path: Path, manifest: Manifest, folder: Path) -> None:
    """Write a new file, for its owner alone, on disk when this returns.

    Args:
        folder: holds the parts, under their names.
    """
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", "utf-8")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name in (MANIFEST, *manifest.parts):
                with (folder / name).open("rb") as part:
                    member = tarfile.TarInfo(name)
                    member.size, member.mode = (folder / name).stat().st_size, 0o600
                    member.mtime = int(manifest.made.timestamp())
                    tar.addfile(member, part)
        file.flush()
        os.fsync(file.fileno())


class Archive:
    """A backup that is open for reading. Nothing in it is believed before it was checked against the manifest."""

    def __init__(self, path: Path, tar: tarfile.TarFile) -> None:
        self._path, self._tar = path, tar
        self._members = self._read_members()
        self.manifest = self._read_manifest()

    def check(self) -> None:
        """Read every part.

        Raises:
            BrokenBackup: see the class.
        """
        for name in self.manifest.parts:
            self._copy(name, None)

    def extract(self, name: str, to: Path) -> None:
        """Write a part to a new file, for its owner alone.

        Raises:
            BrokenBackup: it is not what the manifest says; what was written of it is to be thrown away.
        """
        with open(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            self._copy(name, file)

    def read(self, name: str) -> bytes:
        """A small part.

        Raises:
            BrokenBackup: as for `extract`.
        """
        self._copy(name, None)
        with self._opened(name) as part:
            return part.read()

    def _copy(self, name: str, file: IO[bytes] | None) -> None:
        said, digest, size = self.manifest.parts[name], hashlib.sha256(), 0
        try:
            with self._opened(name) as part:
                while chunk := part.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    if file is not None:
                        file.write(chunk)
        except _NO_TAR:
            raise self._broken(f"{name} is cut off") from None
        if size != said.size or digest.hexdigest() != said.sha256:
            raise self._broken(f"{name} is not what was backed up")

    def _opened(self, name: str) -> IO[bytes]:
        found = self._tar.extractfile(self._members[name])
        assert found is not None
        return found

    def _read_members(self) -> dict[str, tarfile.TarInfo]:
        members: dict[str, tarfile.TarInfo] = {}
        while (member := self._next()) is not None:
            # Only plain files of names we give: no path, no link, nothing twice, so nothing can land elsewhere.
            expected = member.name in _PARTS | {MANIFEST} and member.name not in members
            if not expected or member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
                raise self._broken("it holds what no backup of Tegn holds")
            members[member.name] = member
        return members

    def _next(self) -> tarfile.TarInfo | None:
        try:
            return self._tar.next()
        except _NO_TAR:
            raise self._broken("it is cut off or no tar file") from None

    def _read_manifest(self) -> Manifest:
        member = self._members.get(MANIFEST)
        if member is None or member.size > _LONGEST_MANIFEST:
            raise self._broken("it has no manifest")
        try:
            with self._opened(MANIFEST) as file:
                said = json.loads(file.read())
            if isinstance(said, dict) and isinstance(said.get("format"), int) and said["format"] > 1:
                raise self._broken("a newer version of Tegn made it: restore it with that version")
            manifest = Manifest.model_validate(said)
            if manifest.newest:
                anchors.parse(manifest.newest)
        except _NO_TAR as error:  # pydantic's own are ValueErrors
            if isinstance(error, BrokenBackup):
                raise
            raise self._broken("its manifest is none") from None
        named = set(manifest.parts)
        if named != set(self._members) - {MANIFEST} or not {STORES[manifest.engine], ENDINGS} <= named:
            raise self._broken("it does not hold what its manifest says")
        return manifest

    def _broken(self, why: str) -> BrokenBackup:
        return BrokenBackup(f"{self._path} cannot be used: {why}")


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """A backup, for reading.

    Raises:
        BrokenBackup: see the class.
        OSError: it cannot be read.
    """
    with path.open("rb") as file, ExitStack() as stack:
        try:
            tar = stack.enter_context(tarfile.open(fileobj=file, mode="r:"))
        except _NO_TAR:
            raise BrokenBackup(f"{path} cannot be used: it is cut off or no tar file") from None
        yield Archive(path, tar)
