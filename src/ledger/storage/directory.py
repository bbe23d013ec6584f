"""UnixFS directories, as ``ipfs add -r`` builds them.

A directory is one DAG-PB node with a link for each entry, sorted by the bytes of its name. Once its links need
more than 256 KiB (names and CIDs added up), Kubo shards it into a HAMT; see :mod:`ledger.storage.hamt`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ledger.errors import IntegrityError
from ledger.model.cid import Cid, Codec
from ledger.storage.dagpb import Link, Node, UnixFs, UnixFsType, decode_node, encode_node
from ledger.storage.hamt import build_shards, shard_links
from ledger.storage.source import MAX_DEPTH
from ledger.storage.unixfs import Dag, NodeSink
from ledger.storage.verified import Blocks, directory_node, file_size, refused, verified

__all__ = ["SHARD_THRESHOLD", "DirectoryEntry", "DirectoryReader", "build_directory", "directory_links"]

SHARD_THRESHOLD = 262_144
"""Bytes of names and CIDs above which a directory is sharded (``Import.UnixFSHAMTDirectorySizeThreshold``)."""


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """One name in a directory.

    Attributes:
        name: A single path component.
        dag: What it names.
    """

    name: str
    dag: Dag

    @property
    def cid(self) -> Cid:
        """CID of the file or directory."""
        return self.dag.cid


def build_directory(entries: Iterable[DirectoryEntry], sink: NodeSink | None = None) -> Dag:
    """The DAG of a directory with these entries.

    Args:
        entries: In any order; no name twice.
        sink: Receives the node, or the shards with the root last.

    Raises:
        DocumentError: So many names collide that Kubo could not store them either.
    """
    entries = list(entries)
    cid, dag_size = _build([Link(entry.cid, entry.name, entry.dag.dag_size) for entry in entries], sink)
    return Dag(cid, sum(entry.dag.size for entry in entries), dag_size)


def directory_links(cid: Cid, blocks: Blocks) -> tuple[Link, ...] | None:
    """The entries of a directory, sorted by the bytes of their names; None when the CID is that of a file.

    The directory is built again from what was read: it is only accepted if it is the one that ``ipfs add`` makes.

    Raises:
        CidMismatchError: A block is not what its CID says.
        IntegrityError: It is no directory as it is stored here, or holds a name that is no file name.
        NotStoredError: A block is not there.
    """
    root = directory_node(cid, blocks)
    if root is None:
        return None

    def load(child: Cid) -> Node:
        return decode_node(verified(child, blocks.node(child)))

    links = root.links if root.unixfs.kind is UnixFsType.DIRECTORY else tuple(shard_links(cid, root, load))
    links = tuple(sorted(links, key=lambda link: link.name.encode()))
    names = [link.name for link in links]
    if len(set(names)) != len(names) or any(n in ("", ".", "..") or "/" in n or "\0" in n for n in names):
        raise refused(cid, "one of its names occurs twice or is no file name")
    if _build(list(links), None)[0] != cid:
        raise refused(cid, "its node is not written as 'ipfs add' writes it")
    return links


class DirectoryReader:
    """Reads directories with the sizes of what they name.

    Args:
        blocks_of: Gives the blocks of the file or directory with this CID.
    """

    def __init__(self, blocks_of: Callable[[Cid], AbstractContextManager[Blocks]]) -> None:
        self._blocks_of = blocks_of
        self._sizes: dict[Cid, int] = {}

    def entries(self, cid: Cid) -> tuple[DirectoryEntry, ...]:
        """The entries of a directory, by name. Reads the root of everything below it, each once.

        Raises:
            IntegrityError: It is a file, or anything below it is not as it is stored here.
            CidMismatchError, NotStoredError: As :func:`directory_links`.
        """
        with self._blocks_of(cid) as blocks:
            links = directory_links(cid, blocks)
        if links is None:
            raise IntegrityError(f"{cid} is not a directory", why="it is a file", fix="ask for its content instead")
        return tuple(DirectoryEntry(x.name, Dag(x.cid, self._size(x, 1), x.size)) for x in links)

    def _size(self, link: Link, depth: int) -> int:
        if link.cid.codec is Codec.RAW:
            return link.size
        if link.cid not in self._sizes:
            if depth > MAX_DEPTH:
                raise refused(link.cid, f"directories are nested more than {MAX_DEPTH} deep")
            with self._blocks_of(link.cid) as blocks:
                links = directory_links(link.cid, blocks)
                size = file_size(link.cid, blocks) if links is None else 0
            self._sizes[link.cid] = size + sum(self._size(x, depth + 1) for x in links or ())
        return self._sizes[link.cid]


def _build(links: list[Link], sink: NodeSink | None) -> tuple[Cid, int]:
    links.sort(key=lambda link: link.name.encode())
    if sum(len(link.name.encode()) + 36 for link in links) > SHARD_THRESHOLD:
        return build_shards(links, sink)
    block = encode_node(links, UnixFs(UnixFsType.DIRECTORY))
    cid = Cid(Codec.DAG_PB, hashlib.sha256(block).digest())
    if sink:
        sink(cid, block)
    return cid, len(block) + sum(link.size for link in links)
