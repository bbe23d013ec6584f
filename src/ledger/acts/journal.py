"""Memory of a registration under way, so that an interrupted one goes on where it stopped.

One directory for each source and network. It holds the record below, a lock, and what sealing remembers. Nothing in
it is secret: the dataset key is in the keystore, under its commitment.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ledger.errors import DocumentError, UsageError
from ledger.model.canonical import canonical_json
from ledger.model.cid import CidField
from ledger.model.ids import DatasetId, Digest, DigestField
from ledger.storage.source import SourceTree

__all__ = ["Journal", "Progressed", "fingerprint"]

RECORD_NAME: Final = "registration.json"


class Progressed(BaseModel):
    """How far a registration came.

    Attributes:
        commitment: keccak256 of the dataset key, which is in the keystore.
        fingerprint: What the source looked like, see :func:`fingerprint`.
        manifest: CID of the manifest, once everything is sealed.
        dataset: Id on the ledger, once that has been acknowledged.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["ledger/registration"] = "ledger/registration"
    version: Literal[1] = 1
    commitment: DigestField
    fingerprint: DigestField
    manifest: CidField | None = None
    dataset: Annotated[DatasetId, Field(ge=1)] | None = None


def fingerprint(source: Path) -> tuple[Digest, int]:
    """SHA-256 over the names and identities of a tree's files, and their bytes in all, without reading them.

    Raises:
        PathError: Something in it is not a regular file or directory, or cannot be read.
    """
    digest, total = hashlib.sha256(), 0
    with SourceTree(source) as tree:
        for entry in tree.entries():
            seen = () if entry.is_directory else dataclasses.astuple(entry.identity)
            digest.update(json.dumps([entry.path, entry.is_directory, seen]).encode() + b"\n")
            total += 0 if entry.is_directory else entry.identity.size
    return Digest(digest.digest()), total


class Journal:
    """The journal of one source.

    Args:
        root: Directory of all journals.
        network: What tells this network from others, e.g. the hash of its anchor block.
        source: The file or directory to be registered.
    """

    def __init__(self, root: Path, network: bytes, source: Path) -> None:
        name = hashlib.sha256(network + b"\0" + os.fsencode(os.path.normpath(source.absolute()))).hexdigest()
        self.directory = root / name[:32]

    @property
    def sealing(self) -> Path:
        """Directory for what sealing remembers."""
        return self.directory / "sealing"

    @contextlib.contextmanager
    def locked(self) -> Iterator[Self]:
        """Hold the journal for this process alone.

        Raises:
            UsageError: Another process registers the same source.
        """
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor)
            yield self
        finally:
            os.close(descriptor)

    def read(self) -> Progressed | None:
        """The record, if there is one.

        Raises:
            DocumentError: The record was damaged.
        """
        try:
            data = (self.directory / RECORD_NAME).read_bytes()
        except FileNotFoundError:
            return None
        try:
            return Progressed.model_validate_json(data)
        except ValidationError as error:
            raise DocumentError(
                "The journal of this registration is damaged",
                why=f"{self.directory / RECORD_NAME} is not a record of this program",
                fix="remove that directory to begin the registration anew",
            ) from error

    def write(self, record: Progressed) -> Progressed:
        """Put the record down durably."""
        temporary = self.directory / f"{RECORD_NAME}.new"
        with temporary.open("wb") as file:
            file.write(canonical_json(record.model_dump(mode="json")))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.directory / RECORD_NAME)
        _sync_directory(self.directory)
        return record

    def forget_sealing(self) -> None:
        """Drop what sealing remembers, when a new dataset begins or an old one is done."""
        with contextlib.suppress(FileNotFoundError):  # nothing was sealed yet
            shutil.rmtree(self.sealing)


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(
            "The registration cannot start",
            why="the same source is being registered by another process",
            fix="wait until that one has ended",
        ) from error


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
