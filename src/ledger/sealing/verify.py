"""Checking a stored dataset without its key: for auditors, and before anything is opened."""

from __future__ import annotations

from ledger.model.cid import Cid
from ledger.model.manifest import MAX_MANIFEST_SIZE, Manifest
from ledger.sealing.bodies import check_body
from ledger.storage.store import Progress, Store
from ledger.storage.tree import Meter

__all__ = ["check_bodies", "read_manifest", "verify"]


def read_manifest(store: Store, manifest_cid: Cid) -> Manifest:
    """The manifest with this CID.

    Raises:
        NotStoredError, CidMismatchError: The store does not have it, or not whole.
        DocumentError: It is malformed.
    """
    return Manifest.parse(store.get_bytes(manifest_cid, limit=MAX_MANIFEST_SIZE))


def verify(store: Store, manifest_cid: Cid, progress: Progress | None = None) -> Manifest:
    """Read every body of a dataset and check its CID, length, number of segments and segment root. Needs no key.

    Args:
        store: Where the dataset is.
        manifest_cid: What was registered.
        progress: Told bytes of ciphertext.

    Returns:
        The manifest, all of whose bodies are there and whole.

    Raises:
        NotStoredError, CidMismatchError: The store lacks a part, or what it has is something else.
        SegmentError: A body is not the one that the manifest anchors.
        DocumentError: The manifest is malformed.
    """
    manifest = read_manifest(store, manifest_cid)
    check_bodies(store, manifest, Meter(progress, manifest.ciphertext_size))
    return manifest


def check_bodies(store: Store, manifest: Manifest, meter: Meter) -> None:
    """Check every body that a manifest names.

    Raises:
        As :func:`verify`.
    """
    for entry in manifest.files:
        meter.path = f"file {entry.index}"
        check_body(store, entry, meter.step)
