"""Datasets to seal, and stores that lie."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.crypto.body import CIPHER_SEGMENT_SIZE
from ledger.crypto.derive import DatasetKey
from ledger.model.cid import Cid
from ledger.model.manifest import FileEntry, Manifest
from ledger.sealing.seal import Sealed, seal
from ledger.storage.embedded import EmbeddedStore
from ledger.storage.store import Store

BOUNDARIES = (0, 1, 65_535, 65_536, 65_537)
"""Sizes around which Crypt4GH's segments begin and end."""


def content(size: int, seed: str = "") -> bytes:
    """Bytes that look random and are the same every time."""
    return hashlib.shake_256(f"{seed}/{size}".encode()).digest(size)


def write_tree(root: Path, files: Mapping[str, bytes], directories: tuple[str, ...] = ()) -> Path:
    """A directory with these files and empty directories."""
    root.mkdir(parents=True, exist_ok=True)
    for path in directories:
        (root / path).mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def read_tree(root: Path) -> dict[str, bytes | None]:
    """All files below a directory; None for a directory."""
    return {
        str(path.relative_to(root)): None if path.is_dir() else path.read_bytes() for path in sorted(root.rglob("*"))
    }


@dataclass(frozen=True)
class Bench:
    """A place to seal and open in. Use :meth:`at`."""

    root: Path
    store: EmbeddedStore
    key: DatasetKey

    @classmethod
    @contextlib.contextmanager
    def at(cls, root: Path) -> Iterator[Bench]:
        """With a store and a key of its own."""
        with EmbeddedStore(root / "store") as store:
            yield cls(root, store, DatasetKey.generate())

    @property
    def source(self) -> Path:
        return self.root / "source"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def out(self) -> Path:
        return self.root / "out"

    def seal(self, files: Mapping[str, bytes] | None = None, directories: tuple[str, ...] = ()) -> Sealed:
        if files is not None:
            write_tree(self.source, files, directories)
        return seal(self.source, self.store, self.key, state=self.state)

    def body(self, entry: FileEntry) -> bytes:
        """A body as the store gives it."""
        return b"".join(self.store.open(entry.body))

    def body_file(self, entry: FileEntry) -> Path:
        """Where the embedded store keeps a body: for damaging it."""
        (found,) = self.store.directory.glob(f"objects/*/{entry.body}")
        return found

    def damage(self, entry: FileEntry, byte: int, bit: int = 0) -> None:
        """Flip a bit of a stored body on the disk."""
        path = self.body_file(entry)
        data = bytearray(path.read_bytes())
        data[byte % len(data)] ^= 1 << bit
        path.chmod(0o600)
        path.write_bytes(data)

    def replace_body(self, sealed: Sealed, index: int, body: bytes) -> Cid:
        """A manifest that names another body by its true CID, all else as before: what a false holder could publish."""
        cid = self.store.put_bytes(body)
        plain = sealed.manifest.model_dump()
        for entry in plain["files"]:
            if entry["index"] == index:
                entry["body"] = cid
        return self.store.put_bytes(Manifest.model_validate(plain).canonical_bytes())


class FalseStore:
    """A store that gives out something else for one CID, as if verifying had been forgotten."""

    def __init__(self, store: Store, cid: Cid, instead: bytes) -> None:
        self._store, self._cid, self._instead = store, cid, instead

    def open(self, cid: Cid) -> Iterator[bytes]:
        if cid != self._cid:
            return self._store.open(cid)
        return (self._instead[at : at + 262_144] for at in range(0, len(self._instead), 262_144))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def segments(body: bytes) -> list[bytes]:
    """The encrypted segments of a body."""
    return [body[at : at + CIPHER_SEGMENT_SIZE] for at in range(0, len(body), CIPHER_SEGMENT_SIZE)]


def rearranged(body: bytes) -> dict[str, bytes]:
    """A body of at least four segments, spoilt segment by segment."""
    a, b, *rest, last = segments(body)
    return {
        "dropped": b"".join([a, *rest, last]),
        "swapped": b"".join([b, a, *rest, last]),
        "repeated": b"".join([a, b, b, *rest, last]),
        "replaced by another": b"".join([a, a, *rest, last]),
        "truncated": b"".join([a, b, *rest]),
        "extended": b"".join([a, b, *rest, last, last]),
        "emptied": b"",
    }
