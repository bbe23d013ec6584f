"""A file of inner nodes: what a body needs beside its bytes so that any part of it can be verified.

    with NodeWriter(path) as nodes:
        builder = TreeBuilder(nodes)
        ...
        dag = builder.finish()
    store.adopt(body, path, dag)

Records follow each other, children before parents, the root last: the block's length (4 bytes, big-endian), its
SHA-256 (32 bytes), the block. About 0.02 % of the body; empty for a body that is a single leaf. The digests only help
to find a node: what is found is still hashed before it is believed.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Self

from ledger.errors import CidMismatchError, NotStoredError
from ledger.model.cid import Cid
from ledger.storage.dagpb import MAX_NODE_SIZE
from ledger.storage.source import disk_errors

__all__ = ["NodeFile", "NodeWriter", "not_stored"]

_HEADER = struct.Struct(">I32s")


class NodeWriter:
    """Appends nodes to a new file. It is a :data:`~ledger.storage.unixfs.NodeSink`. Context manager.

    Args:
        path: Replaced if it exists: an interrupted writer's file is of no use.

    Raises:
        NoSpaceError: The disk is full.
        OSError: The file cannot be written for another reason.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with disk_errors("writing a node"):
            path.unlink(missing_ok=True)
            self._file = path.open("xb")

    def __call__(self, cid: Cid, block: bytes) -> None:
        """Append one node.

        Raises:
            NoSpaceError: The disk is full.
        """
        with disk_errors("writing a node"):
            self._file.write(_HEADER.pack(len(block), cid.digest))
            self._file.write(block)

    def close(self) -> None:
        """Hand everything to the operating system. Twice is once.

        Raises:
            NoSpaceError: The disk is full.
        """
        with disk_errors("writing a node"):
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class NodeFile:
    """Finds nodes in such a file, without trusting it. Context manager.

    Args:
        path: The file.
        root: Whose nodes it should hold; named in errors.

    Raises:
        NotStoredError: There is no such file.
        CidMismatchError: It is no sequence of records.
    """

    def __init__(self, path: Path, root: Cid) -> None:
        self._root = root
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise not_stored(root) from None
        try:
            self._index = self._scan()
        except BaseException:
            os.close(self._descriptor)
            raise

    def node(self, cid: Cid) -> bytes:
        """The bytes recorded for a node, unverified.

        Raises:
            CidMismatchError: There are none.
        """
        try:
            offset, length = self._index[cid.digest]
        except KeyError:
            raise _damaged(self._root, f"its node {cid} is missing") from None
        return os.pread(self._descriptor, length, offset)

    def close(self) -> None:
        """Close the file. Twice is once."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _scan(self) -> dict[bytes, tuple[int, int]]:
        index: dict[bytes, tuple[int, int]] = {}
        at, end = 0, os.fstat(self._descriptor).st_size
        while at < end:
            header = os.pread(self._descriptor, _HEADER.size, at)
            if len(header) != _HEADER.size:
                raise _damaged(self._root, "its nodes are cut short")
            length, digest = _HEADER.unpack(header)
            at += _HEADER.size
            if not 0 < length <= MAX_NODE_SIZE or at + length > end:
                raise _damaged(self._root, "its nodes are cut short or overwritten")
            index[digest] = at, length
            at += length
        return index


def not_stored(cid: Cid) -> NotStoredError:
    """The error for content that a store does not hold."""
    return NotStoredError(
        f"{cid} is not in this store",
        why="it was never stored here, or was deleted because nothing pinned it",
        fix="fetch it from a store that holds it, or add it again",
    )


def _damaged(root: Cid, why: str) -> CidMismatchError:
    return CidMismatchError(
        f"The stored copy of {root} is damaged", why=why, fix="add the content again, or restore the store from a copy"
    )
