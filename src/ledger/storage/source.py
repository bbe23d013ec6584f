"""Reading other people's files safely: nothing is followed, nothing changes unseen.

Every component of a path below the root is opened relative to its parent's descriptor with ``O_NOFOLLOW``, so neither a
symbolic link nor a renamed directory leads out of the tree. A file is what it was when it was first seen
(device, inode, size, modification time in nanoseconds), or reading fails.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ledger.errors import ChangedWhileReadingError, NoSpaceError, PathError

__all__ = ["MAX_DEPTH", "Identity", "SourceFile", "SourceTree", "TreeEntry", "changed", "disk_errors", "open_file"]

MAX_DEPTH = 64
"""Deepest nesting of directories that is read."""

_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_DIRECTORY_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_DIRECTORY


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes a file the same file with the same content, as far as the file system tells.

    Anyone can set a modification time back, as copying programs do; when the inode last changed, the kernel alone says.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Identity:
        """From ``fstat``."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class SourceFile:
    """An open regular file that must not change while it is read. Closes itself as a context manager."""

    def __init__(self, descriptor: int, path: str) -> None:
        self._descriptor = descriptor
        self.path = path
        self.identity = Identity.of(os.fstat(descriptor))

    @property
    def size(self) -> int:
        """Bytes when it was opened."""
        return self.identity.size

    def read_into(self, buffer: memoryview, offset: int) -> None:
        """Fill the whole buffer from `offset`. Safe to call from several threads.

        Raises:
            ChangedWhileReadingError: The file is shorter than when it was opened.
            PathError: The disk or the system refuses.
        """
        filled = 0
        while filled < len(buffer):
            try:
                count = os.preadv(self._descriptor, [buffer[filled:]], offset + filled)
            except OSError as error:
                raise _unreadable(self.path, error) from error
            if count == 0:
                raise changed(self.path)
            filled += count

    def check_unchanged(self) -> None:
        """Call when all was read.

        Raises:
            ChangedWhileReadingError: Size, modification time or identity differ from when it was opened.
        """
        if Identity.of(os.fstat(self._descriptor)) != self.identity:
            raise changed(self.path)

    def blocks(self, size: int) -> Iterator[memoryview]:
        """The whole content in blocks of `size` bytes, in one reused buffer, checked for change at the end."""
        buffer = memoryview(bytearray(min(size, max(self.size, 1))))
        for offset in range(0, self.size, size):
            block = buffer[: min(size, self.size - offset)]
            self.read_into(block, offset)
            yield block
        self.check_unchanged()

    def close(self) -> None:
        """Give the descriptor back. Twice is once."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file or directory of a tree.

    Attributes:
        path: Relative, with ``/`` between components.
        is_directory: Else a regular file.
        identity: As seen in the walk.
    """

    path: str
    is_directory: bool
    identity: Identity


class SourceTree:
    """A directory, or one file seen as a tree of one. Context manager.

    Args:
        root: Itself no symbolic link either.

    Raises:
        PathError: It does not exist, cannot be read, or is neither a directory nor a regular file.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        try:
            status = os.lstat(self.root)
        except OSError as error:
            raise _unreadable(str(root), error) from error
        self._single = None if stat.S_ISDIR(status.st_mode) else self.root.name
        if self._single is not None and not stat.S_ISREG(status.st_mode):
            raise _special(str(root), status.st_mode)
        top = self.root if self._single is None else self.root.parent
        flags = _DIRECTORY_FLAGS if self._single is None else _DIRECTORY_FLAGS & ~os.O_NOFOLLOW
        try:
            self._descriptor = os.open(top, flags)
        except OSError as error:
            raise _unreadable(str(root), error) from error

    @property
    def is_file(self) -> bool:
        """Whether the root is one regular file."""
        return self._single is not None

    def entries(self) -> Iterator[TreeEntry]:
        """Every file and directory below the root, parents first, names sorted by their UTF-8 bytes.

        Raises:
            PathError: A symbolic link, a device, socket or pipe, an unreadable directory, a name that is not UTF-8.
        """
        if self._single is not None:
            yield self._entry(self._descriptor, self._single, "")
        else:
            yield from self._walk(os.dup(self._descriptor), "", 0)

    def open(self, path: str) -> SourceFile:
        """Open the regular file at this relative path.

        Raises:
            PathError: It is no longer there, is not a regular file, or leads through a symbolic link.
        """
        *parents, name = path.split("/")
        with contextlib.ExitStack() as stack:
            at = self._descriptor
            for parent in parents:
                at = self._descend(at, parent, path)
                stack.callback(os.close, at)
            return _open_regular(name, path, at)

    def close(self) -> None:
        """Give the root's descriptor back."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _walk(self, descriptor: int, prefix: str, depth: int) -> Iterator[TreeEntry]:
        try:
            if depth > MAX_DEPTH:
                raise PathError(
                    f"{prefix!r} is nested too deeply",
                    why=f"directories are read to a depth of {MAX_DEPTH}",
                    fix="flatten the tree, or check that it is what you meant",
                )
            for name in sorted(os.listdir(descriptor), key=os.fsencode):
                entry = self._entry(descriptor, name, prefix)
                yield entry
                if entry.is_directory:
                    yield from self._walk(self._descend(descriptor, name, entry.path), entry.path + "/", depth + 1)
        except OSError as error:
            raise _unreadable(prefix or str(self.root), error) from error
        finally:
            os.close(descriptor)

    def _entry(self, descriptor: int, name: str, prefix: str) -> TreeEntry:
        path = prefix + name
        try:
            name.encode()
        except UnicodeEncodeError:
            raise PathError(
                f"{os.fsencode(path)!r} cannot be used", why="its name is not UTF-8", fix="rename it, or leave it out"
            ) from None
        try:
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        except OSError as error:
            raise _unreadable(path, error) from error
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            raise _special(path, status.st_mode)
        return TreeEntry(path, stat.S_ISDIR(status.st_mode), Identity.of(status))

    def _descend(self, descriptor: int, name: str, path: str) -> int:
        try:
            return os.open(name, _DIRECTORY_FLAGS, dir_fd=descriptor)
        except OSError as error:
            raise _unreadable(path, error) from error


def open_file(path: Path) -> SourceFile:
    """Open one regular file for reading, without following a symbolic link at its end.

    Raises:
        PathError: It cannot be read or is something else.
    """
    return _open_regular(str(path), str(path), None)


@contextlib.contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """Turn a full disk into :class:`NoSpaceError`. `doing` says what failed, e.g. ``"encrypting"``.

    Raises:
        NoSpaceError: The device is full, or the quota is used up.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise NoSpaceError(
                f"There is no space left while {doing}",
                why=os.strerror(error.errno).lower(),
                fix="free some space or choose another disk, then run the same command again",
            ) from error
        raise


def changed(path: str) -> ChangedWhileReadingError:
    """The error for a file that changed under the reader."""
    return ChangedWhileReadingError(
        f"{path} changed while it was being read",
        why="its size, times or identity are no longer what they were",
        fix="wait until nobody writes to it, then run the same command again",
    )


def _open_regular(name: str, path: str, directory: int | None) -> SourceFile:
    try:
        descriptor = os.open(name, _FILE_FLAGS, dir_fd=directory)
    except OSError as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(mode := os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _special(path, mode)
    return SourceFile(descriptor, path)


def _special(path: str, mode: int) -> PathError:
    kinds = {stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    kind = kinds.get(stat.S_IFMT(mode), "a directory" if stat.S_ISDIR(mode) else "a device")
    return PathError(
        f"{path} cannot be used",
        why=f"it is {kind}, and only regular files are read",
        fix="put the file itself in its place, or leave it out",
    )


def _unreadable(path: str, error: OSError) -> PathError:
    if error.errno in (errno.ELOOP, errno.EMLINK):
        return _special(path, stat.S_IFLNK)
    return PathError(
        f"{path} cannot be read",
        why=os.strerror(error.errno or 0).lower(),
        fix="check that the path exists and that you may read it",
    )
