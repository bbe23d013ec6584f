"""UnixFS directories, as ``ipfs add -r`` builds them.

A directory is one DAG-PB node with a link for each entry, sorted by the bytes of its name. Once its links need
more than 256 KiB (names and CIDs added up), Kubo shards it into a HAMT; see :mod:`ledger.storage.hamt`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ledger.model.cid import Cid, Codec
from ledger.storage.dagpb import Link, UnixFs, UnixFsType, encode_node
from ledger.storage.hamt import build_shards
from ledger.storage.unixfs import Dag, NodeSink

__all__ = ["SHARD_THRESHOLD", "DirectoryEntry", "build_directory"]

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


def build_directory(entries: list[DirectoryEntry], sink: NodeSink | None = None) -> Dag:
    """The DAG of a directory with these entries.

    Args:
        sink: Receives the node, or the shards with the root last.
    """
    links = [Link(entry.cid, entry.name, entry.dag.dag_size) for entry in entries]
    links.sort(key=lambda link: link.name.encode())
    size = sum(entry.dag.size for entry in entries)
    if sum(len(link.name.encode()) + 36 for link in links) > SHARD_THRESHOLD:
        root, dag_size = build_shards(links, sink)
        return Dag(root, size, dag_size)
    block = encode_node(links, UnixFs(UnixFsType.DIRECTORY))
    cid = Cid(Codec.DAG_PB, hashlib.sha256(block).digest())
    if sink:
        sink(cid, block)
    return Dag(cid, size, len(block) + sum(link.size for link in links))
