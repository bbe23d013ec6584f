"""Opening a sealed dataset: everything is checked first, then decrypted, then given its name.

    opened = open_dataset(store, manifest_cid, key, Path("study"))

1. The manifest is the one with this CID.
2. The key hashes to the commitment in it.
3. Every body has the CID, length, number of segments and segment root that the manifest anchors. Before this no
   plaintext exists anywhere.
4. The listing names exactly the manifest's files, by paths that stay inside.
5. Each file is decrypted beside the destination, and its segment root computed once more.
6. The whole tree appears under its name.

Files are for their owner alone: permissions are not part of a dataset (decision 0011). When the destination already
holds the dataset, unchanged, nothing is done: opening twice is opening once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ledger.crypto.derive import DatasetKey
from ledger.errors import PathError
from ledger.model.canonical import malformed
from ledger.model.cid import Cid
from ledger.model.manifest import FileEntry, Manifest
from ledger.sealing.bodies import decrypt_body
from ledger.sealing.crypt4gh import export_crypt4gh
from ledger.sealing.destination import Destination, DifferentError, Tree, require_free
from ledger.sealing.listing import MAX_LISTING_SIZE, Listing
from ledger.sealing.verify import check_bodies, read_manifest
from ledger.storage.store import Progress, Store
from ledger.storage.tree import Meter

__all__ = ["Opened", "export_crypt4gh", "open_dataset", "read_listing"]


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened dataset.

    Attributes:
        manifest: What it consists of.
        listing: The names of its files.
    """

    manifest: Manifest
    listing: Listing


def open_dataset(
    store: Store, manifest_cid: Cid, key: DatasetKey, destination: Path, *, progress: Progress | None = None
) -> Opened:
    """Check and decrypt a whole dataset into a new directory.

    Args:
        store: Where the dataset is.
        manifest_cid: What was registered.
        key: The dataset's key.
        destination: A directory that does not exist, is empty, or holds this dataset already. Its parent exists.
        progress: Told bytes of ciphertext, checked and then decrypted.

    Raises:
        KeyMaterialError: The key is another dataset's.
        SegmentError: A body is not the one that was anchored, or was encrypted under another key.
        NotStoredError, CidMismatchError: The store lacks a part, or what it has is something else.
        DocumentError: The manifest or the listing is malformed.
        PathError: The destination cannot be written, or holds something else.
        NoSpaceError: Its disk is full.
        UsageError: Another process opens the dataset there.
    """
    held = destination.is_dir() and not destination.is_symlink() and any(destination.iterdir())
    if not held:
        require_free(destination)
    manifest = read_manifest(store, manifest_cid)
    key.require(bytes.fromhex(manifest.key_commitment[2:]))
    meter = Meter(progress, 2 * manifest.ciphertext_size)
    check_bodies(store, manifest, meter)
    listing = read_listing(store, manifest, key)
    meter.step(manifest.listing.ciphertext_size)
    opener = _Opener(store, manifest, key, listing, meter)
    if held:
        opener.compare(destination)
    else:
        opener.write(destination, str(manifest_cid)[-16:])
    return Opened(manifest, listing)


def read_listing(store: Store, manifest: Manifest, key: DatasetKey) -> Listing:
    """The names of a dataset's files.

    Raises:
        DocumentError: The listing is malformed, too long, or not one of this manifest.
        SegmentError, NotStoredError, CidMismatchError, KeyMaterialError: As :func:`open_dataset`.
    """
    key.require(bytes.fromhex(manifest.key_commitment[2:]))
    entry = manifest.listing
    if entry.plaintext_size > MAX_LISTING_SIZE:
        raise malformed((), f"it has more than {MAX_LISTING_SIZE} bytes", document="The listing")
    data = bytearray(entry.plaintext_size)

    def keep(part: memoryview, offset: int) -> None:
        data[offset : offset + len(part)] = part

    decrypt_body(store, entry, key.session_key(entry.index), keep)
    return Listing.parse(bytes(data)).require(manifest)


class _Opener:
    def __init__(self, store: Store, manifest: Manifest, key: DatasetKey, listing: Listing, meter: Meter) -> None:
        self._store, self._key, self._meter = store, key, meter
        self._empty_directories = listing.empty_directories
        self._files = [(file.path, entry) for file, entry in zip(listing.files, manifest.contents, strict=True)]

    def write(self, target: Path, tag: str) -> None:
        with Destination(target, tag) as destination:
            for path, entry in self._files:
                self._meter.path = path
                if self._same(destination.tree, path, entry):
                    self._meter.step(entry.ciphertext_size)
                    continue
                with destination.create(path) as sink:
                    decrypt_body(self._store, entry, self._key.session_key(entry.index), sink, self._meter.step)
            for path in self._empty_directories:
                destination.make_directory(path)
            destination.finish()

    def compare(self, target: Path) -> None:
        with Tree(target) as tree:
            for path, entry in self._files:
                self._meter.path = path
                if not self._same(tree, path, entry):
                    raise PathError(
                        f"{target} holds something else",
                        why=f"{path} is missing there or differs, and nothing is ever overwritten",
                        fix="choose another destination, or move what is there away",
                    )
                self._meter.step(entry.ciphertext_size)

    def _same(self, tree: Tree, path: str, entry: FileEntry) -> bool:
        try:
            with tree.compared(path, entry.plaintext_size) as sink:
                decrypt_body(self._store, entry, self._key.session_key(entry.index), sink)
        except DifferentError:
            return False
        return True
