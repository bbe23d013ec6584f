"""Large directories: a trie of small nodes, as Kubo shards them (specs.ipfs.tech/unixfs, HAMTDirectory).

The name's hash is the first half of MurmurHash3 x64-128, big-endian; each of its 8 bytes chooses one of 256 slots at
one depth. A slot holds an entry, or a shard when several names meet in it. A link's name is the slot in two upper-case
hexadecimal digits, followed by the entry's name (nothing for a shard). A node's data is the bit field of used slots.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import mmh3

from ledger.errors import DocumentError
from ledger.model.cid import Cid, Codec
from ledger.storage.dagpb import Link, Node, UnixFs, UnixFsType, encode_node
from ledger.storage.unixfs import NodeSink
from ledger.storage.verified import refused

__all__ = ["FANOUT", "build_shards", "shard_links"]

FANOUT = 256
"""Slots in a shard: one byte of the hash a level."""

MAX_DEPTH = 8
"""Levels that a hash of 64 bits can tell apart."""

_MURMUR3_X64_64 = 0x22  # multicodec table


def build_shards(links: list[Link], sink: NodeSink | None = None) -> tuple[Cid, int]:
    """Shard a directory.

    Args:
        links: Its entries under their own names, in any order.
        sink: Receives the shards, the root last.

    Returns:
        The CID of the root shard and the bytes of all blocks below it and its own.

    Raises:
        DocumentError: Two names have the same 64-bit hash, so that Kubo could not store them either.
    """
    root = _build([(_hash(link.name), link) for link in links], 0, sink)
    return root.cid, root.size


def shard_links(cid: Cid, root: Node, load: Callable[[Cid], Node]) -> Iterator[Link]:
    """The entries of a sharded directory under their own names.

    An entry is only accepted in the slots that its hash leads to. A shard that occurs twice would have to hold an entry
    that belongs in two places, so a hostile trie costs no more than its blocks are worth.

    Args:
        cid: Of the root, named in errors.
        root: The root shard.
        load: Gives a verified shard.

    Raises:
        IntegrityError: It is not a trie as Kubo builds it.
    """
    if root.unixfs.kind is not UnixFsType.HAMT_SHARD or not root.links:
        raise refused(cid, "one of its shards is empty or is something else")
    for link in root.links:
        yield from _walk(cid, link, b"", load)


def _walk(cid: Cid, link: Link, above: bytes, load: Callable[[Cid], Node]) -> Iterator[Link]:
    path = above + _slot(cid, link.name)
    if len(link.name) > 2:
        name = link.name[2:]
        if not _hash(name).startswith(path):
            raise refused(cid, f"the entry {name!r} is in the wrong shard")
        yield Link(link.cid, name, link.size)
        return
    if link.cid.codec is not Codec.DAG_PB or len(path) == MAX_DEPTH:
        raise refused(cid, "its shards are nested too deeply")
    shard = load(link.cid)
    if shard.unixfs.kind is not UnixFsType.HAMT_SHARD or not shard.links:
        raise refused(cid, "one of its shards is empty or is something else")
    for child in shard.links:
        yield from _walk(cid, child, path, load)


def _slot(cid: Cid, name: str) -> bytes:
    try:
        slot = bytes.fromhex(name[:2])
    except ValueError:
        slot = b""
    if len(slot) != 1 or name[:2] != name[:2].upper():
        raise refused(cid, "a shard's link does not begin with its slot")
    return slot


def _build(entries: list[tuple[bytes, Link]], depth: int, sink: NodeSink | None) -> Link:
    slots: dict[int, list[tuple[bytes, Link]]] = {}
    for entry in entries:
        slots.setdefault(entry[0][depth], []).append(entry)
    links = [_fill(slot, slots[slot], depth, sink) for slot in sorted(slots)]
    field = sum(1 << slot for slot in slots)
    data = field.to_bytes((field.bit_length() + 7) // 8, "big")
    block = encode_node(links, UnixFs(UnixFsType.HAMT_SHARD, data=data, hash_type=_MURMUR3_X64_64, fanout=FANOUT))
    cid = Cid(Codec.DAG_PB, hashlib.sha256(block).digest())
    if sink:
        sink(cid, block)
    return Link(cid, "", len(block) + sum(link.size for link in links))


def _fill(slot: int, entries: list[tuple[bytes, Link]], depth: int, sink: NodeSink | None) -> Link:
    if len(entries) == 1:
        only = entries[0][1]
        return Link(only.cid, f"{slot:02X}{only.name}", only.size)
    if depth + 1 == MAX_DEPTH:
        names = " and ".join(repr(link.name) for _, link in entries[:2])
        raise DocumentError(
            "A directory cannot be stored", why=f"the names {names} have the same hash", fix="rename one of them"
        )
    shard = _build(entries, depth + 1, sink)
    return Link(shard.cid, f"{slot:02X}", shard.size)


def _hash(name: str) -> bytes:
    return int(mmh3.hash64(name.encode(), signed=False)[0]).to_bytes(8, "big")
