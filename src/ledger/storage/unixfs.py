"""CIDs of files, computed while their bytes go by, in memory that does not grow with the file.

The DAG is the one of ``ipfs add --cid-version=1 --raw-leaves`` in Kubo 0.42: chunks of 262,144 bytes as raw leaves, a
balanced tree with at most 174 links in a node; content of one chunk is that single raw leaf.

    builder = CidBuilder()
    for part in parts:
        builder.update(part)
    cid = builder.finish().cid
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from ledger.model.cid import Cid, Codec
from ledger.storage.dagpb import Link, UnixFs, UnixFsType, encode_node

__all__ = [
    "CHUNK_SIZE",
    "LINKS_PER_NODE",
    "CidBuilder",
    "Dag",
    "NodeSink",
    "Readable",
    "TreeBuilder",
    "child_sizes",
    "cid_of_bytes",
    "tree_height",
]

CHUNK_SIZE = 262_144
"""Bytes in a leaf (Kubo's ``size-262144`` chunker)."""

LINKS_PER_NODE = 174
"""Most links in a node of a file (Kubo's default for ``Import.UnixFSFileMaxLinks``)."""

NodeSink = Callable[[Cid, bytes], None]
"""Receives every inner node as soon as it is complete, children before parents."""

Readable = bytes | bytearray | memoryview
"""What holds bytes to be hashed."""


@dataclass(frozen=True, slots=True)
class Dag:
    """A complete DAG of a file or directory.

    Attributes:
        cid: Of its root.
        size: Bytes of the content (for a directory, of all files below).
        dag_size: Bytes of all blocks, as Tsize counts them (a block met twice counts twice).
    """

    cid: Cid
    size: int
    dag_size: int


class TreeBuilder:
    """The balanced tree over leaves that were hashed elsewhere.

    Args:
        sink: Where inner nodes go; without it they are dropped once hashed.
    """

    def __init__(self, sink: NodeSink | None = None) -> None:
        self._sink = sink
        self._levels: list[list[Dag]] = [[]]

    def add_leaf(self, digest: bytes, size: int) -> None:
        """Append the next leaf by its SHA-256 and length: every leaf but the last has CHUNK_SIZE bytes."""
        self._push(0, Dag(Cid(Codec.RAW, digest), size, size))

    def finish(self) -> Dag:
        """Complete the tree. An empty file is one empty leaf."""
        if self._levels == [[]]:
            self.add_leaf(hashlib.sha256().digest(), 0)
        level = 0
        while level < len(self._levels) - 1 or len(self._levels[level]) > 1:
            if self._levels[level]:
                self._close(level)
            level += 1
        return self._levels[level][0]

    def _push(self, level: int, child: Dag) -> None:
        if level == len(self._levels):
            self._levels.append([])
        self._levels[level].append(child)
        if len(self._levels[level]) == LINKS_PER_NODE:
            self._close(level)

    def _close(self, level: int) -> None:
        children, self._levels[level] = self._levels[level], []
        sizes = tuple(child.size for child in children)
        block = encode_node(
            [Link(child.cid, "", child.dag_size) for child in children],
            UnixFs(UnixFsType.FILE, sum(sizes), sizes),
        )
        cid = Cid(Codec.DAG_PB, hashlib.sha256(block).digest())
        if self._sink:
            self._sink(cid, block)
        self._push(level + 1, Dag(cid, sum(sizes), len(block) + sum(child.dag_size for child in children)))


class CidBuilder:
    """Computes the CID of bytes that arrive in parts of any length.

    Args:
        sink: Where inner nodes go, see :class:`TreeBuilder`.
    """

    def __init__(self, sink: NodeSink | None = None) -> None:
        self._tree = TreeBuilder(sink)
        self._leaf = hashlib.sha256()
        self._filled = 0

    def update(self, data: Readable) -> None:
        """Append bytes. Large parts are hashed without copying and with the interpreter lock released."""
        view = memoryview(data).cast("B")
        at = 0
        while at < len(view):
            part = view[at : at + CHUNK_SIZE - self._filled]
            self._leaf.update(part)
            self._filled += len(part)
            at += len(part)
            if self._filled == CHUNK_SIZE:
                self._end_leaf()

    def finish(self) -> Dag:
        """The DAG of everything that was appended. Call it once."""
        if self._filled:
            self._end_leaf()
        return self._tree.finish()

    def _end_leaf(self) -> None:
        self._tree.add_leaf(self._leaf.digest(), self._filled)
        self._leaf, self._filled = hashlib.sha256(), 0


def tree_height(size: int) -> int:
    """Levels of inner nodes above the leaves of a file of `size` bytes: 0 for a single leaf."""
    height, capacity = 0, CHUNK_SIZE
    while capacity < size:
        height, capacity = height + 1, capacity * LINKS_PER_NODE
    return height


def child_sizes(size: int, height: int) -> tuple[int, ...]:
    """Bytes below each link of the node that holds `size` bytes at `height` (1 is just above the leaves)."""
    capacity = int(CHUNK_SIZE * LINKS_PER_NODE ** (height - 1))
    full, rest = divmod(size, capacity)
    return (capacity,) * full + ((rest,) if rest else ())


def cid_of_bytes(data: Readable) -> Cid:
    """The CID of a small content that is in memory."""
    builder = CidBuilder()
    builder.update(data)
    return builder.finish().cid
