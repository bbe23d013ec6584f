"""Writing a directory tree that appears under its name whole, or not at all.

    with Destination(Path("study"), tag) as destination:
        with destination.create("images/1.dcm") as sink:
            sink(data, 0)
        destination.finish()

Everything is written beside the target, in ``.<name>.<tag>/tree``, for its owner alone (0700 and 0600), and renamed at
the end. After an error nothing is left; after a crash the next attempt with the same tag goes on from what is there.
Every component of a path is opened relative to its parent without following symbolic links, so no name leads out of the
tree.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from ledger.errors import PathError, UsageError
from ledger.storage.source import disk_errors

__all__ = ["Destination", "DifferentError", "Sink", "Tree", "new_file", "require_free", "sync", "written"]

Sink = Callable[[memoryview, int], None]
"""Receives data and their offset."""

_SYNCING = 8  # at once: the disk takes many small files in one go, one after the other took 20 times as long

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Tree:
    """An existing directory tree, in which nothing is followed.

    Args:
        root: The directory.

    Raises:
        OSError: It is no directory, or cannot be opened.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._descriptor = os.open(root, _DIRECTORY)

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def parent(self, path: str, *, create: bool) -> Iterator[tuple[int, str]]:
        """The descriptor of the directory that a path is in, and the path's last name.

        Raises:
            OSError: A component is missing (without `create`) or is no directory.
        """
        *names, last = path.split("/")
        with ExitStack() as stack:
            at = self._descriptor
            for name in names:
                if create:
                    with contextlib.suppress(FileExistsError):  # opened below, if it is a directory
                        os.mkdir(name, 0o700, dir_fd=at)
                at = os.open(name, _DIRECTORY, dir_fd=at)
                stack.callback(os.close, at)
            yield at, last

    @contextlib.contextmanager
    def compared(self, path: str, size: int) -> Iterator[Sink]:
        """A sink that compares what it is given with a file.

        Raises:
            DifferentError: The file is missing, is none, or holds something else.
        """
        try:
            with self.parent(path, create=False) as (directory, name):
                descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=directory)
        except OSError:
            raise DifferentError(path) from None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size != size:
                raise DifferentError(path)

            def compare(data: memoryview, offset: int) -> None:
                if os.pread(descriptor, len(data), offset) != bytes(data):  # comparing a view goes byte by byte
                    raise DifferentError(path)

            yield compare
        finally:
            os.close(descriptor)


class DifferentError(Exception):
    """A file does not hold what it is compared with. Never leaves the package."""


class Destination:
    """A tree that is being written. Context manager.

    Args:
        target: Where it is to appear: nothing, or an empty directory.
        tag: Tells this tree from others that are written to the same place; part of a file name.

    Raises:
        PathError: The target cannot be written, or is something else.
        UsageError: Another process writes it.
    """

    def __init__(self, target: Path, tag: str) -> None:
        self.target = target.absolute()
        self._staging = self.target.parent / f".{self.target.name}.{tag}"
        require_free(self.target)
        with self._written():
            self._staging.mkdir(mode=0o700, exist_ok=True)
            self._lock = os.open(self._staging, _DIRECTORY)
            try:
                self._hold()
                (self._staging / "tree").mkdir(mode=0o700, exist_ok=True)
                self.tree = Tree(self._staging / "tree")
            except BaseException:
                os.close(self._lock)
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.tree.close()
        with self._written():
            shutil.rmtree(self._staging)
        os.close(self._lock)

    def make_directory(self, path: str) -> None:
        """Make an empty directory. Twice is once.

        Raises:
            NoSpaceError, PathError: It cannot be made.
        """
        with self._written(), self.tree.parent(path + "/", create=True):
            pass

    @contextlib.contextmanager
    def create(self, path: str) -> Iterator[Sink]:
        """A sink for a file that gets its name when all was written, replacing what an earlier attempt left.

        Raises:
            NoSpaceError, PathError: It cannot be written.
        """
        with self._written(), self.tree.parent(path, create=True) as (directory, name):
            with new_file(self._staging / "part") as sink:
                yield sink
            os.rename(self._staging / "part", name, dst_dir_fd=directory)

    def finish(self) -> None:
        """Put everything on the disk and give the tree its name.

        Raises:
            NoSpaceError, PathError: It cannot be done.
        """
        with self._written():
            whole = self._staging / "tree"
            paths = [Path(root) / name for root, _, files in os.walk(whole) for name in (*files, ".")]
            with ThreadPoolExecutor(_SYNCING) as pool:
                list(pool.map(sync, paths))
            whole.rename(self.target)
            sync(self.target.parent)

    def _hold(self) -> None:
        status = os.fstat(self._lock)
        if status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise PathError(
                f"{self.target} cannot be written",
                why=f"{self._staging} belongs to somebody else, or is open to others",
                fix="find out who made it, or choose another place",
            )
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"{self.target} is being written already",
                why="another process opens the same dataset there",
                fix="wait until it is done, then run the command again",
            ) from None

    @contextlib.contextmanager
    def _written(self) -> Iterator[None]:
        with written(self.target):
            yield


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Sink]:
    """A sink for a new file for its owner alone (0600); gone again after an error.

    Raises:
        OSError: It cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)

    def write(data: memoryview, offset: int) -> None:
        while data:
            count = os.pwrite(descriptor, data, offset)
            data, offset = data[count:], offset + count

    try:
        yield write
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def written(target: Path) -> Iterator[None]:
    """Turn what the system says about writing into the package's errors.

    Raises:
        NoSpaceError: The disk is full.
        PathError: Anything else.
    """
    try:
        with disk_errors(f"writing {target}"):
            yield
    except OSError as error:
        raise PathError(
            f"{target} cannot be written",
            why=os.strerror(error.errno or 0).lower(),
            fix="check that you may write there, or choose another place",
        ) from error


def require_free(target: Path) -> None:
    """Make sure that something may appear under this name.

    Raises:
        PathError: Something is there already, other than an empty directory.
    """
    with written(target):
        if target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
            raise PathError(
                f"{target} exists already",
                why="nothing is ever overwritten",
                fix="choose another place, or move what is there away",
            )


def sync(path: str | Path) -> None:
    """Wait until a file's content, or the names in a directory, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
