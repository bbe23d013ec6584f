"""Small public documents that the ledger names by digest: purposes, reasons, licence texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ledger.errors import DocumentError
from ledger.model.cid import Cid
from ledger.model.ids import Digest
from ledger.storage.source import open_file
from ledger.storage.store import Store, read_back
from ledger.storage.unixfs import CHUNK_SIZE, cid_of_bytes

__all__ = ["MAX_DOCUMENT_BYTES", "document_digest", "keep_document", "read_document", "read_input"]

MAX_DOCUMENT_BYTES: Final = CHUNK_SIZE
"""One leaf, so that the CID is raw and its digest alone names it."""


def read_input(path: Path, *, limit: int = MAX_DOCUMENT_BYTES) -> bytes:
    """The bytes of a file that a person hands in.

    Raises:
        PathError: It cannot be read, or is no regular file.
        ChangedWhileReadingError: It changed meanwhile.
        DocumentError: It is empty or too long.
    """
    with open_file(path) as file:
        if not 0 < file.size <= limit:
            raise DocumentError(
                f"{path} cannot be used", why=f"it has {file.size} bytes, not 1 to {limit}", fix="give another document"
            )
        return b"".join(bytes(block) for block in file.blocks(limit))


def document_digest(document: bytes) -> Digest:
    """The sha2-256 digest of a document's CID, by which the ledger names it.

    Raises:
        DocumentError: It is longer than one leaf.
    """
    if not 0 < len(document) <= MAX_DOCUMENT_BYTES:
        raise DocumentError(
            "The document cannot be named on the ledger",
            why=f"it has {len(document)} bytes, not 1 to {MAX_DOCUMENT_BYTES}",
            fix="shorten it, or refer from it to another one by CID",
        )
    return Digest(cid_of_bytes(document).digest)


def keep_document(document: bytes, stores: Sequence[Store]) -> Cid:
    """Store and pin a document everywhere, and read it back before it counts as stored.

    Raises:
        DocumentError: It is longer than one leaf.
        StorageError: A store failed.
    """
    cid = Cid.from_digest(document_digest(document))
    for store in stores:
        store.put_bytes(document)
        read_back(store, cid)
    return cid


def read_document(store: Store, digest: Digest) -> bytes:
    """The document that the ledger names by this digest.

    Raises:
        NotStoredError: The store does not have it.
        CidMismatchError: What the store gave is something else.
    """
    return store.get_bytes(Cid.from_digest(digest), limit=MAX_DOCUMENT_BYTES)
