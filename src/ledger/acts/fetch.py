"""Bring content from a store to the disk: whole and checked, or not at all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ledger.acts.workshop import beside
from ledger.errors import CidMismatchError, IntegrityError
from ledger.model.cid import Cid, Codec
from ledger.storage.directory import DirectoryEntry
from ledger.storage.store import Progress, Store

__all__ = ["fetch"]


def fetch(store: Store, cid: Cid, destination: Path, progress: Progress | None = None) -> int:
    """Write a file or directory to a path that does not exist yet.

    Returns:
        Bytes written.

    Raises:
        PathError: The destination exists or cannot be written.
        NotStoredError, CidMismatchError: A part is missing or something else; nothing is left at the destination.
        IntegrityError: A name in a directory is not a name.
        NoSpaceError: The disk is full.
    """
    with beside(destination) as workshop:
        work = _Fetching(store, progress)
        work.take(cid, workshop / "content", destination.name)
        (workshop / "content").rename(destination)
    return work.done


@dataclass
class _Fetching:
    store: Store
    progress: Progress | None
    done: int = 0

    def take(self, cid: Cid, target: Path, shown: str) -> None:
        entries = self._entries(cid)
        if entries is None:
            self._write(cid, target, shown)
            return
        target.mkdir()
        for entry in entries:
            if entry.name in ("", ".", "..") or "/" in entry.name or "\0" in entry.name:
                raise IntegrityError(
                    f"The directory {cid} cannot be written",
                    why=f"it names an entry {entry.name!r}, which would lead out of it",
                    fix="do not use this content",
                )
            self.take(entry.cid, target / entry.name, f"{shown}/{entry.name}")

    def _entries(self, cid: Cid) -> tuple[DirectoryEntry, ...] | None:
        """The entries of a directory; None for a file."""
        if cid.codec is Codec.RAW:
            return None
        try:
            return self.store.entries(cid)
        except CidMismatchError:
            raise
        except IntegrityError:
            return None  # a file, or neither: then reading it says so

    def _write(self, cid: Cid, target: Path, shown: str) -> None:
        with target.open("xb") as file:
            for part in self.store.open(cid):
                file.write(part)
                self.done += len(part)
                if self.progress:
                    self.progress(self.done, 0, shown)
            file.flush()
            os.fsync(file.fileno())
