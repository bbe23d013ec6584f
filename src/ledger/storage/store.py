"""What a store is: content by CID, verified on the way out, kept while pinned.

    with open_store("file:///srv/ledger") as store:  # ledger.storage.opening
        cid = store.add(Path("body"))
        for part in store.open(cid):
            ...

Two implementations: :class:`~ledger.storage.embedded.EmbeddedStore` on a directory, and
:class:`~ledger.storage.kubo.KuboStore` over a Kubo daemon. Both give the CID that
``ipfs add --cid-version=1 --raw-leaves`` gives, and neither is believed: every byte read is checked first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, Self, runtime_checkable

from ledger.errors import DocumentError
from ledger.model.cid import Cid
from ledger.storage.directory import DirectoryEntry
from ledger.storage.unixfs import Dag

__all__ = ["Progress", "Store", "read_back"]

Progress = Callable[[int, int, str], None]
"""Called with bytes done, bytes in all (0 when unknown) and the path being worked on."""


@runtime_checkable
class Store(Protocol):
    """Content-addressed storage. Context manager; one instance may be used by one thread at a time.

    Every method may raise :class:`~ledger.errors.StoreUnavailableError`.
    """

    def add(self, source: Path | BinaryIO, *, pin: bool = True, progress: Progress | None = None) -> Cid:
        """Store a file's or stream's bytes durably and give their CID.

        Raises:
            PathError: The file cannot be read or is not a regular file.
            ChangedWhileReadingError: It changed meanwhile.
            NoSpaceError: The store is full; nothing is left behind.
            CidMismatchError: The store named another CID than the one computed here.
        """
        ...

    def adopt(self, body: Path, nodes: Path | None, dag: Dag, *, pin: bool = True) -> Cid:
        """Take over a finished file whose DAG was computed while it was written. The files are gone afterwards.

        Args:
            body: The content.
            nodes: Its inner nodes as :class:`~ledger.storage.nodes.NodeWriter` wrote them; None for a single leaf.
            dag: What was computed.
            pin: Whether to keep it through garbage collection.

        Raises:
            As :meth:`add`.
        """
        ...

    def add_directory(self, source: Path, *, progress: Progress | None = None) -> Cid:
        """Store and pin a directory tree as UnixFS, hidden files included.

        Raises:
            As :meth:`add`.
        """
        ...

    def put_bytes(self, data: bytes, *, pin: bool = True) -> Cid:
        """Store a small document.

        Raises:
            As :meth:`add`.
        """
        ...

    def open(self, cid: Cid) -> Iterator[bytes]:
        """The content in parts of at most 256 KiB. Each part is verified against the CID before it is given out.

        Raises:
            NotStoredError: Not here.
            CidMismatchError: What is here is something else; nothing wrong was given out.
        """
        ...

    def get_bytes(self, cid: Cid, *, limit: int) -> bytes:
        """A whole small document.

        Raises:
            DocumentError: It is longer than `limit` bytes.
            NotStoredError, CidMismatchError: As :meth:`open`.
        """
        ...

    def entries(self, cid: Cid) -> tuple[DirectoryEntry, ...]:
        """The entries of a directory, by name.

        Raises:
            NotStoredError, CidMismatchError: As :meth:`open`.
            IntegrityError: It is not a directory.
        """
        ...

    def has(self, cid: Cid) -> bool:
        """Whether the content is here, as far as can be told without reading it."""
        ...

    def size(self, cid: Cid) -> int:
        """Bytes of the content of a file.

        Raises:
            NotStoredError: Not here.
        """
        ...

    def pin(self, cid: Cid) -> None:
        """Keep this content, and all below it, through garbage collection. Twice is once.

        Raises:
            NotStoredError: Not here.
        """
        ...

    def unpin(self, cid: Cid) -> None:
        """No longer keep this content. Not pinned is no error."""
        ...

    def pins(self) -> frozenset[Cid]:
        """What is pinned by itself, not through a directory."""
        ...

    def collect_garbage(self) -> int:
        """Delete what no pin keeps.

        Returns:
            How many objects were deleted.
        """
        ...

    def close(self) -> None:
        """Release connections and locks. Twice is once."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def read_back(store: Store, cid: Cid) -> int:
    """Read a whole file from a store, verifying all of it, before it is acknowledged as stored.

    Returns:
        Its length in bytes.

    Raises:
        NotStoredError, CidMismatchError: It is not there, or not whole.
    """
    return sum(len(part) for part in store.open(cid))


def collect_bytes(parts: Iterator[bytes], cid: Cid, limit: int) -> bytes:
    """Join verified parts, refusing to hold more than `limit` bytes.

    Raises:
        DocumentError: There are more.
    """
    out = bytearray()
    with contextlib.closing(parts):  # type: ignore[type-var]
        for part in parts:
            out += part
            if len(out) > limit:
                raise DocumentError(
                    f"The content of {cid} is too long",
                    why=f"at most {limit} bytes are accepted here",
                    fix="check that the CID names the document that you mean",
                )
    return bytes(out)
