"""Blocks in memory, true or not: what a store might answer."""

from __future__ import annotations

import hashlib
from typing import Self

from ledger.errors import NotStoredError
from ledger.model.cid import Cid, Codec
from ledger.storage.dagpb import Link, UnixFs, encode_node
from ledger.storage.unixfs import CHUNK_SIZE, CidBuilder, Dag


class MemoryBlocks:
    """Blocks by CID, for :mod:`ledger.storage.verified`. Counts what it is asked for."""

    def __init__(self) -> None:
        self.blocks: dict[Cid, bytes] = {}
        self.asked = 0

    def raw(self, data: bytes) -> Link:
        """Keep a leaf."""
        return self._keep(Cid(Codec.RAW, hashlib.sha256(data).digest()), data, len(data))

    def put(self, links: list[Link], data: UnixFs) -> Link:
        """Keep a node in the canonical encoding."""
        return self.block(encode_node(links, data), sum(link.size for link in links))

    def block(self, block: bytes, below: int = 0) -> Link:
        """Keep a node as it is."""
        return self._keep(Cid(Codec.DAG_PB, hashlib.sha256(block).digest()), block, len(block) + below)

    def file(self, data: bytes) -> Dag:
        """Keep a whole file."""
        builder = CidBuilder(self.blocks.__setitem__)
        builder.update(data)
        for at in range(0, max(len(data), 1), CHUNK_SIZE):
            self.raw(data[at : at + CHUNK_SIZE])
        return builder.finish()

    def node(self, cid: Cid) -> bytes:
        self.asked += 1
        try:
            return self.blocks[cid]
        except KeyError:
            raise NotStoredError(str(cid), why="not in this test", fix="look at the test") from None

    def leaf(self, cid: Cid, offset: int, size: int) -> bytes:
        del offset, size
        return self.node(cid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def _keep(self, cid: Cid, block: bytes, size: int) -> Link:
        self.blocks[cid] = block
        return Link(cid, "", size)
