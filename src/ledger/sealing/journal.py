"""What sealing remembers, so that after an interruption no finished file is encrypted again.

    lock        held while somebody seals with this state
    journal     a line of JSON for each body: where it comes from, what the manifest says of it, an authentication code
    body        the body being written, and
    nodes       its inner nodes; both go to the store when they are whole

Nothing in it is secret: bodies are encrypted, and where they come from (name and place on the disk) is hidden in a
keyed hash. Every line is authenticated under a key derived from the dataset key, so lines of another key, torn lines
and forged ones are as good as not there. A line that was lost costs work, never truth.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ledger.crypto.derive import DatasetKey
from ledger.errors import DocumentError, PathError, UsageError
from ledger.model.canonical import canonical_json, parse_json
from ledger.model.manifest import FileEntry
from ledger.storage.source import Identity, disk_errors

__all__ = ["Journal", "Record"]

_MAX_LINE = 4096


@dataclass(frozen=True, slots=True)
class Record:
    """A body that was encrypted.

    Attributes:
        source: What it was made from, see :meth:`Journal.file_source`.
        entry: What the manifest will say of it.
        checked: Whether it was read back from the store.
    """

    source: bytes
    entry: FileEntry
    checked: bool


class Journal:
    """The journal in a directory, under one dataset key. Use :meth:`opened`."""

    def __init__(self, directory: Path, key: DatasetKey) -> None:
        self.body = directory / "body"
        self.nodes = directory / "nodes"
        self._path = directory / "journal"
        self._key = key.journal_key()
        self._records: dict[bytes, Record] = {}

    @classmethod
    @contextlib.contextmanager
    def opened(cls, directory: Path, key: DatasetKey) -> Iterator[Journal]:
        """Hold the directory, which is made when it is missing, and read what is remembered under this key.

        Raises:
            UsageError: Somebody else seals with it.
            PathError: It cannot be used.
        """
        try:
            with disk_errors("preparing to seal"):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise PathError(
                f"{directory} cannot be used to seal in",
                why=os.strerror(error.errno or 0).lower(),
                fix="check that you may write there, or choose another directory",
            ) from error
        try:
            _hold(lock, directory)
            journal = cls(directory, key)
            journal._load()
            yield journal
        finally:
            os.close(lock)

    def file_source(self, index: int, path: str, identity: Identity) -> bytes:
        """What stands for a file in the journal: 32 bytes that change when its place, name, size or time does."""
        parts = [index, *dataclasses.astuple(identity)]
        return self._code(b"file", canonical_json([path, *(str(part) for part in parts)]))

    def bytes_source(self, index: int, data: bytes) -> bytes:
        """What stands for bytes in memory."""
        return self._code(b"bytes", index.to_bytes(4, "big") + hashlib.sha256(data).digest())

    def find(self, source: bytes) -> Record | None:
        """The body that was made from this source."""
        return self._records.get(source)

    def add(self, record: Record) -> None:
        """Remember a body.

        Raises:
            NoSpaceError: The disk is full.
        """
        self._records[record.source] = record
        value = {
            "checked": record.checked,
            "entry": record.entry.model_dump(mode="json"),
            "source": record.source.hex(),
        }
        code = self._code(b"record", canonical_json(value))
        with disk_errors("writing the journal"), _appended(self._path) as descriptor:
            os.write(descriptor, b"\n" + canonical_json(value | {"code": code.hex()}) + b"\n")

    def discard_body(self) -> None:
        """Remove what is left of a body that was not finished or not taken over."""
        self.body.unlink(missing_ok=True)
        self.nodes.unlink(missing_ok=True)

    def _load(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for line in file:
                if (record := self._parse(line)) is not None:
                    self._records[record.source] = record

    def _parse(self, line: bytes) -> Record | None:
        try:
            value: dict[str, Any] = parse_json(line, limit=_MAX_LINE)
            code = bytes.fromhex(value.pop("code"))
            if not hmac.compare_digest(code, self._code(b"record", canonical_json(value))):
                return None
            entry = FileEntry.model_validate(value["entry"], by_name=False, by_alias=True)
            return Record(bytes.fromhex(value["source"]), entry, value["checked"])
        except (DocumentError, ValidationError, AttributeError, KeyError, TypeError, ValueError):
            return None  # torn by a crash, or not ours: the body is made again

    def _code(self, domain: bytes, data: bytes) -> bytes:
        return hmac.digest(self._key, domain + b"\0" + data, "sha256")


@contextlib.contextmanager
def _appended(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _hold(lock: int, directory: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(
            "This dataset is being sealed already",
            why=f"another process works in {directory}",
            fix="wait until it is done, then run the command again",
        ) from None
