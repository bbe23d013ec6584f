"""The files behind the embedded store, and the promises about them.

    format            what this directory is
    lock              shared by those who add and pin, exclusive for the one who deletes
    objects/ab/CID        the content of a file
    objects/ab/CID.nodes  the inner nodes of a file, or the nodes of a directory
    pins/CID          empty: keep this
    tmp/…/            a writer's drafts, each directory locked while its writer lives

``ab`` is the first byte of the digest. A file gets its name only when it is whole and on the disk, and is never written
to again; the nodes get theirs after the content, so that an object is there when its last file is.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from ledger.errors import DocumentError, StoreUnavailableError
from ledger.model.cid import Cid, Codec
from ledger.storage.nodes import NodeFile, not_stored
from ledger.storage.source import disk_errors

__all__ = ["ObjectDirectory", "StoredObject", "store_errors", "sync_directory", "sync_file"]

_FORMAT = "ledger/store 1\n"
_PARTS = frozenset({"format", "lock", "objects", "pins", "tmp"})


class ObjectDirectory:
    """One store's directory, made when it is missing. Several processes may use it at once.

    Raises:
        StoreUnavailableError: It cannot be used, or holds something else.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self._held = 0
        self._unsettled: set[Path] = set()
        with store_errors(self.root):
            self._check_format()
            self._lock = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            if not (self.root / "format").exists():
                with self.exclusive():
                    self._create()

    def close(self) -> None:
        """Give up the lock. Twice is once."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def body(self, cid: Cid) -> Path:
        """Where the content of a file is."""
        return self.root / "objects" / cid.digest[:1].hex() / str(cid)

    def nodes(self, cid: Cid) -> Path:
        """Where the nodes of a file or directory are."""
        return self.root / "objects" / cid.digest[:1].hex() / f"{cid}.nodes"

    def has(self, cid: Cid) -> bool:
        """Whether the last file of the object is there."""
        return (self.body(cid) if cid.codec is Codec.RAW else self.nodes(cid)).is_file()

    def open(self, cid: Cid) -> StoredObject:
        """Open an object for reading.

        Raises:
            NotStoredError, CidMismatchError: It is not there, or its nodes are no longer readable.
        """
        return StoredObject(cid, self.body(cid), self.nodes(cid))

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Nothing is deleted meanwhile. May be nested."""
        if not self._held:
            fcntl.flock(self._lock, fcntl.LOCK_SH)
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            if not self._held:
                fcntl.flock(self._lock, fcntl.LOCK_UN)

    @contextlib.contextmanager
    def exclusive(self, *, wait: bool = True) -> Iterator[bool]:
        """Nobody else adds, pins or deletes meanwhile. Gives whether that is so: without `wait` it may not be."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    @contextlib.contextmanager
    def drafts(self) -> Iterator[Path]:
        """A directory of one's own to write in, gone at the end; a crashed writer's is swept away later."""
        with self.shared():
            path = Path(tempfile.mkdtemp(dir=self.root / "tmp"))
            held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)  # what is left here is swept away with the crashed writers' drafts
            os.close(held)

    def sweep(self) -> None:
        """Remove the drafts of crashed writers. Call it while :meth:`exclusive`."""
        for path in (self.root / "tmp").iterdir():
            with contextlib.suppress(FileNotFoundError):  # its writer has just removed it
                self._sweep(path)

    def place(self, source: Path, target: Path, drafts: Path) -> None:
        """Move a finished file to its name in the store, replacing what may be there; :meth:`settle` makes that last.

        It is moved, not linked: a second name would let whoever writes to it later alter the store. Only from another
        file system is it copied.
        """
        sync_file(source)
        target.parent.mkdir(exist_ok=True)
        try:
            source.replace(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            copy = drafts / "copy"
            shutil.copyfile(source, copy, follow_symlinks=False)
            sync_file(copy)
            copy.replace(target)
            source.unlink()
        target.chmod(0o444)

    def touch(self, cid: Cid) -> None:
        """Have :meth:`settle` see to this object, whoever placed it: its writer may not have come to that yet."""
        self._unsettled.add(self.body(cid).parent)

    def settle(self) -> None:
        """Wait until the names of all that was touched are on the disk."""
        if self._unsettled:
            sync_directory(self.root / "objects")
        while self._unsettled:
            sync_directory(self._unsettled.pop())

    def delete(self, cid: Cid) -> None:
        """Remove an object, its nodes first. Call it while :meth:`exclusive`."""
        self.nodes(cid).unlink(missing_ok=True)
        self.body(cid).unlink(missing_ok=True)

    def cids(self) -> frozenset[Cid]:
        """Every object of which there is at least one file."""
        names = (entry.name for entry in (self.root / "objects").glob("??/*"))
        return frozenset(cid for name in names if (cid := _parse(name.removesuffix(".nodes"))))

    def pins(self) -> frozenset[Cid]:
        """What is pinned.

        Raises:
            StoreUnavailableError: There is a pin that names nothing, so that nobody knows what it was to keep.
        """
        with store_errors(self.root):
            names = [entry.name for entry in (self.root / "pins").iterdir()]
        cids = {name: _parse(name) for name in names}
        if unknown := sorted(name for name, cid in cids.items() if cid is None):
            raise _unusable(self.root, f"its pin {unknown[0]!r} is not a CID", "rename or remove that file")
        return frozenset(cid for cid in cids.values() if cid)

    def pin(self, cid: Cid) -> None:
        """Note on disk that this is to be kept."""
        (self.root / "pins" / str(cid)).touch()
        sync_directory(self.root / "pins")

    def unpin(self, cid: Cid) -> None:
        """Note on disk that this need not be kept."""
        (self.root / "pins" / str(cid)).unlink(missing_ok=True)
        sync_directory(self.root / "pins")

    def _sweep(self, path: Path) -> None:
        held = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # its writer lives
        else:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        finally:
            os.close(held)

    def _check_format(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        found = {entry.name for entry in self.root.iterdir()}
        if "format" not in found:
            if found - _PARTS:
                raise _unusable(self.root, "it holds other files and is no store", "give an empty or new directory")
        elif (self.root / "format").read_bytes() != _FORMAT.encode():
            raise _unusable(self.root, "its format is not known to this version", "use the version that made it")

    def _create(self) -> None:
        if (self.root / "format").exists():
            return  # another process was quicker
        for name in ("objects", "pins", "tmp"):
            (self.root / name).mkdir(exist_ok=True)
        draft = self.root / "tmp" / "format"
        draft.write_bytes(_FORMAT.encode())
        sync_file(draft)
        draft.replace(self.root / "format")
        sync_directory(self.root)
        sync_directory(self.root.parent)


class StoredObject:
    """The bytes of one object, unverified; readable to the end though it be deleted meanwhile. Context manager.

    Args:
        root: Which object.
        body: Its content, opened when the first leaf is asked for: a directory has none.
        nodes: Its nodes, not looked at when the root is a raw leaf.

    Raises:
        NotStoredError, CidMismatchError: It is not there, or its nodes are no longer readable.
    """

    def __init__(self, root: Cid, body: Path, nodes: Path) -> None:
        self._root, self._path, self._descriptor = root, body, -1
        self._nodes = NodeFile(nodes, root) if root.codec is Codec.DAG_PB else None

    def node(self, cid: Cid) -> bytes:
        """See :class:`~ledger.storage.verified.Blocks`."""
        if self._nodes is None:
            raise not_stored(cid)
        return self._nodes.node(cid)

    def leaf(self, cid: Cid, offset: int, size: int) -> bytes:  # noqa: ARG002 - other sources find a leaf by its CID
        """See :class:`~ledger.storage.verified.Blocks`."""
        if self._descriptor < 0:
            try:
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            except FileNotFoundError:
                raise not_stored(self._root) from None
        return os.pread(self._descriptor, size, offset)

    def close(self) -> None:
        """Close the files. Twice is once."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if self._nodes is not None:
            self._nodes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def store_errors(root: Path) -> Iterator[None]:
    """Turn what the system says about the store's directory into the package's errors.

    Raises:
        NoSpaceError: The disk is full.
        StoreUnavailableError: Anything else.
    """
    try:
        with disk_errors(f"writing to the store {root}"):
            yield
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else str(error)
        raise _unusable(
            root, why, "check that the directory exists, that you may write to it and the disk's health"
        ) from error


def sync_file(path: Path) -> None:
    """Wait until a file's content is on the disk."""
    _sync(path, os.O_RDONLY)


def sync_directory(path: Path) -> None:
    """Wait until the names in a directory are on the disk."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parse(name: str) -> Cid | None:
    try:
        return Cid.parse(name)
    except DocumentError:
        return None


def _unusable(root: Path, why: str, fix: str) -> StoreUnavailableError:
    return StoreUnavailableError(f"The store {root} cannot be used", why=why, fix=fix)
