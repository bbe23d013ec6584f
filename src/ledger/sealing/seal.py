"""Sealing: a file or directory tree becomes encrypted bodies in a store and one manifest that names them.

    sealed = seal(Path("study"), store, key, state=home / "sealing")
    sealed.manifest_cid                     # what is registered

Files are numbered from 1 in the order of their paths; the listing of their names is number 0. Each is encrypted, given
to the store and read back from it before the next; only then is the manifest written. The store keeps (pins) what it
was given. Run again after an interruption, with the same key and state, it goes on where it stopped; run again when
all was done, it gives the same manifest. A file that changed since is encrypted again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.crypto.body import ciphertext_size
from ledger.crypto.derive import DatasetKey
from ledger.errors import InputError, IntegrityError, NotStoredError, SegmentError, UsageError
from ledger.model.cid import Cid
from ledger.model.manifest import LISTING_INDEX, MAX_FILES, MAX_MANIFEST_SIZE, FileEntry, Manifest
from ledger.sealing.bodies import Step, check_body
from ledger.sealing.encrypt import BytesSource, Plaintext, encrypt_file
from ledger.sealing.journal import Journal, Record
from ledger.sealing.listing import ListedFile, Listing
from ledger.storage.source import SourceTree, TreeEntry, changed
from ledger.storage.store import Progress, Store
from ledger.storage.tree import Meter
from ledger.storage.unixfs import cid_of_bytes

__all__ = ["Sealed", "seal"]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed dataset, wholly in the store.

    Attributes:
        manifest: What it consists of.
        manifest_cid: What is registered.
    """

    manifest: Manifest
    manifest_cid: Cid


def seal(source: Path, store: Store, key: DatasetKey, *, state: Path, progress: Progress | None = None) -> Sealed:
    """Encrypt a file or directory tree into a store.

    Args:
        source: What to seal. Symbolic links in it are refused, not followed.
        store: Where the bodies and the manifest go.
        key: The dataset's key. One key, one dataset: never seal another dataset under it.
        state: Directory for the journal and for the body being written, best on the store's file system.
        progress: Told bytes encrypted and read back.

    Raises:
        PathError: Something in the source cannot be read or is no regular file.
        ChangedWhileReadingError: A file changed meanwhile, or came or went.
        InputError: There are too many files.
        NoSpaceError: The disk or the store is full.
        IntegrityError: The store gave back something else than it was given.
        StorageError, UsageError: The store does not work, or the state is in use or inside the source.
    """
    _require_apart(source, state)
    with SourceTree(source) as tree, Journal.opened(state, key) as journal:
        entries = tuple(tree.entries())
        files = [entry for entry in entries if not entry.is_directory]
        if len(files) >= MAX_FILES:
            raise InputError(
                "The dataset has too many files",
                why=f"it has {len(files)}, and a manifest names at most {MAX_FILES - 1}",
                fix="pack small files together, or make several datasets of them",
            )
        listing = _listing(files, entries).canonical_bytes()
        sizes = [file.identity.size for file in files]
        sealer = _Sealer(store, key, journal, Meter(progress, sum(sizes) + sum(map(ciphertext_size, sizes))))
        bodies = [sealer.seal_file(tree, index, file) for index, file in enumerate(files, 1)]
        bodies.insert(0, sealer.seal_listing(listing))
        _require_same(entries, tree)
        manifest = Manifest(key_commitment="0x" + key.commitment.hex(), files=tuple(bodies))
        return Sealed(manifest, _store_manifest(manifest, store))


class _Sealer:
    def __init__(self, store: Store, key: DatasetKey, journal: Journal, meter: Meter) -> None:
        self._store, self._key, self._journal, self._meter = store, key, journal, meter
        self._pins = store.pins()

    def seal_file(self, tree: SourceTree, index: int, file: TreeEntry) -> FileEntry:
        self._meter.path = file.path
        source = self._journal.file_source(index, file.path, file.identity)
        if entry := self._finished(source):
            self._meter.step(entry.plaintext_size + entry.ciphertext_size)
            return entry
        with tree.open(file.path) as plaintext:
            if plaintext.identity != file.identity:
                raise changed(file.path)
            record = self._encrypt(source, index, plaintext, self._meter.step)
        return self._read_back(record, self._meter.step)

    def seal_listing(self, data: bytes) -> FileEntry:
        source = self._journal.bytes_source(LISTING_INDEX, data)
        if entry := self._finished(source):
            return entry
        return self._read_back(self._encrypt(source, LISTING_INDEX, BytesSource(data), None), None)

    def _finished(self, source: bytes) -> FileEntry | None:
        """What an earlier run made of this source, if the store has it whole."""
        record = self._journal.find(source)
        if record is None or not self._store.has(record.entry.body):
            return None
        try:
            if record.entry.body not in self._pins:  # interrupted between taking it and pinning it
                self._store.pin(record.entry.body)
            return record.entry if record.checked else self._read_back(record, None)
        except (IntegrityError, NotStoredError):  # interrupted while taking it
            self._store.unpin(record.entry.body)
            return None

    def _encrypt(self, source: bytes, index: int, plaintext: Plaintext, step: Step | None) -> Record:
        journal = self._journal
        try:
            made = encrypt_file(plaintext, self._key.session_key(index), journal.body, journal.nodes, step)
            # First the record: if the store takes the body over and nobody lives to say so, it is still known.
            record = Record(source, made.entry(index), checked=False)
            journal.add(record)
            cid = self._store.adopt(journal.body, journal.nodes if made.has_nodes else None, made.dag)
        finally:
            journal.discard_body()
        if cid != made.dag.cid:
            raise _not_kept(f"it named {cid} what is {made.dag.cid}")
        return record

    def _read_back(self, record: Record, step: Step | None) -> FileEntry:
        try:
            check_body(self._store, record.entry, step)
        except SegmentError as error:
            raise _not_kept(error.why) from error
        self._journal.add(Record(record.source, record.entry, checked=True))
        return record.entry


def _require_apart(source: Path, state: Path) -> None:
    if state.resolve().is_relative_to(source.resolve()):
        raise UsageError(
            f"{source} cannot be sealed",
            why=f"it holds the directory in which sealing works, {state}",
            fix="name the directory of the data alone, or move the ledger's own files elsewhere",
        )


def _listing(files: Sequence[TreeEntry], entries: Sequence[TreeEntry]) -> Listing:
    used = {parent for file in files for parent in _parents(file.path)}
    directories = {entry.path for entry in entries if entry.is_directory} - used
    above = {parent for path in directories for parent in _parents(path)}
    return Listing(
        files=tuple(ListedFile(index=index, path=file.path) for index, file in enumerate(files, 1)),
        empty_directories=tuple(sorted(directories - above, key=os.fsencode)),
    )


def _parents(path: str) -> list[str]:
    names = path.split("/")
    return ["/".join(names[:count]) for count in range(1, len(names))]


def _require_same(entries: Sequence[TreeEntry], tree: SourceTree) -> None:
    """Each file was one state of itself; this makes the tree one, as far as names, sizes and times tell."""
    before = {entry.path: entry for entry in entries}
    after = {entry.path: entry for entry in tree.entries()}
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old is None or new is None or old.is_directory != new.is_directory:
            raise changed(path)
        if not old.is_directory and old.identity != new.identity:
            raise changed(path)


def _store_manifest(manifest: Manifest, store: Store) -> Cid:
    data = manifest.canonical_bytes()
    cid = store.put_bytes(data)
    if cid != cid_of_bytes(data) or store.get_bytes(cid, limit=MAX_MANIFEST_SIZE) != data:
        raise _not_kept("its copy of the manifest is not what was stored")
    return cid


def _not_kept(why: str) -> IntegrityError:
    return IntegrityError(
        "The store did not keep what it was given", why=why, fix="check the store's disk, then run the command again"
    )
