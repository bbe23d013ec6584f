"""Copies of a dataset in further stores: acknowledged means readable from as many stores as the operator asks for."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from ledger.errors import CidMismatchError
from ledger.model.cid import Cid
from ledger.model.manifest import Manifest
from ledger.storage.store import Store, read_back

__all__ = ["replicate"]


def replicate(manifest: Manifest, manifest_cid: Cid, stores: Sequence[Store]) -> None:
    """Copy all bodies, then the manifest, from the first store to the others, and read every copy back.

    What a store has already is read back and not copied again.

    Raises:
        StorageError: A store failed.
        CidMismatchError: A store named or holds something else.
    """
    origin, *replicas = stores
    for replica in replicas:
        for cid in (*dict.fromkeys(entry.body for entry in manifest.files), manifest_cid):
            _copy(origin, replica, cid)


def _copy(origin: Store, replica: Store, cid: Cid) -> None:
    if replica.has(cid):
        replica.pin(cid)
    elif (stored := replica.add(io.BufferedReader(_Stream(origin.open(cid))))) != cid:
        raise CidMismatchError(
            "A copy is not the original",
            why=f"the store named {stored} for the content of {cid}",
            fix="check that store, then run the same command again",
        )
    read_back(replica, cid)


class _Stream(io.RawIOBase):
    """Verified parts of a content as a readable stream."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        super().__init__()
        self._parts = parts
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # the base class takes any writable buffer
        if not self._rest:
            self._rest = memoryview(next(self._parts, b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
