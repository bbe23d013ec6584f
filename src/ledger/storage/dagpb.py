"""The two small protobuf messages behind IPFS files and directories, encoded exactly as Kubo does.

DAG-PB (ipld.io/specs/codecs/dag-pb) is a node with links and data; UnixFS (specs.ipfs.tech/unixfs) is that data.
DAG-PB has one canonical encoding: links before data, no unknown field, minimal varints. Decoding is as strict: one
content has one CID, and a hostile node must cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from ledger.errors import DocumentError, IntegrityError
from ledger.model.cid import Cid

__all__ = ["Link", "Node", "UnixFs", "UnixFsType", "decode_node", "decode_unixfs", "encode_node", "encode_unixfs"]

MAX_NODE_SIZE = 2 * 2**20
"""Most bytes of a node: the block limit of Bitswap and of Kubo's ``block put``."""


class UnixFsType(IntEnum):
    """The kinds of UnixFS node that occur here."""

    DIRECTORY = 1
    FILE = 2
    HAMT_SHARD = 5


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a node.

    Attributes:
        cid: What it points to.
        name: File name in a directory, empty in a file.
        size: Tsize: bytes of the block and of all that it links to.
    """

    cid: Cid
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class UnixFs:
    """The data of a UnixFS node.

    Attributes:
        kind: File, directory or shard.
        file_size: Bytes of the file below, for files.
        block_sizes: Bytes below each link, for files.
        data: The bit field of a shard; empty otherwise.
        hash_type: Multicodec of the shard's hash, 0 elsewhere.
        fanout: Width of the shard, 0 elsewhere.
    """

    kind: UnixFsType
    file_size: int = 0
    block_sizes: tuple[int, ...] = ()
    data: bytes = b""
    hash_type: int = 0
    fanout: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """A decoded DAG-PB node that holds UnixFS data."""

    links: tuple[Link, ...]
    unixfs: UnixFs


def encode_node(links: list[Link], data: UnixFs) -> bytes:
    """The DAG-PB block with these links, in this order."""
    out = bytearray()
    for link in links:
        name = link.name.encode()
        body = b"\x0a\x24" + bytes(link.cid) + b"\x12" + _varint(len(name)) + name + b"\x18" + _varint(link.size)
        out += b"\x12" + _varint(len(body)) + body
    inner = encode_unixfs(data)
    return bytes(out) + b"\x0a" + _varint(len(inner)) + inner


def encode_unixfs(value: UnixFs) -> bytes:
    """The UnixFS message as go-unixfs writes it: fields by number, block sizes unpacked."""
    out = bytearray(b"\x08" + _varint(value.kind))
    if value.data:
        out += b"\x12" + _varint(len(value.data)) + value.data
    if value.kind is UnixFsType.FILE:
        out += b"\x18" + _varint(value.file_size)
    for size in value.block_sizes:
        out += b"\x20" + _varint(size)
    if value.kind is UnixFsType.HAMT_SHARD:
        out += b"\x28" + _varint(value.hash_type) + b"\x30" + _varint(value.fanout)
    return bytes(out)


def decode_node(block: bytes) -> Node:
    """Read a block that is known to hash to its CID.

    Raises:
        IntegrityError: It is not a DAG-PB node with UnixFS data of a kind that occurs here.
    """
    if len(block) > MAX_NODE_SIZE:
        raise _refused(f"it has {len(block)} bytes")
    links: list[Link] = []
    data: bytes | None = None
    for number, value in _fields(block):
        if data is not None or not isinstance(value, bytes):
            raise _refused("its fields are not in canonical order")
        if number == 2:
            links.append(_link(value))
        elif number == 1:
            data = value
        else:
            raise _refused(f"it has an unknown field {number}")
    if data is None:
        raise _refused("it holds no UnixFS data")
    node = Node(tuple(links), decode_unixfs(data))
    if encode_node(links, node.unixfs) != block:
        raise _refused("it is not in the one canonical encoding")
    return node


def decode_unixfs(data: bytes) -> UnixFs:
    """Read a UnixFS message.

    Raises:
        IntegrityError: It is malformed or of a kind that does not occur here (raw, metadata, symbolic link).
    """
    numbers: dict[int, int] = {}
    sizes: list[int] = []
    bits = b""
    for number, value in _fields(data):
        if number == 2 and isinstance(value, bytes):
            bits = value
        elif number == 4 and isinstance(value, int):
            sizes.append(value)
        elif number in (1, 3, 5, 6) and isinstance(value, int) and number not in numbers:
            numbers[number] = value
        else:
            raise _refused(f"it has an unexpected UnixFS field {number}")
    if numbers.get(1) not in set(UnixFsType):
        raise _refused(f"UnixFS type {numbers.get(1)} is not stored here")
    kind = UnixFsType(numbers[1])
    return UnixFs(kind, numbers.get(3, 0), tuple(sizes), bits, numbers.get(5, 0), numbers.get(6, 0))


def _link(body: bytes) -> Link:
    found: dict[int, bytes | int] = {}
    for number, value in _fields(body):
        if number in found:
            raise _refused("a link repeats a field")
        found[number] = value
    cid, name, size = found.get(1), found.get(2, b""), found.get(3, 0)
    if not isinstance(cid, bytes) or not isinstance(name, bytes) or not isinstance(size, int) or set(found) - {1, 2, 3}:
        raise _refused("a link is malformed")
    try:
        return Link(Cid.from_bytes(cid), name.decode(), size)
    except (DocumentError, UnicodeDecodeError) as error:
        raise _refused("a link has a CID of another kind or a name that is not UTF-8") from error


def _fields(buffer: bytes) -> Iterator[tuple[int, bytes | int]]:
    at = 0
    while at < len(buffer):
        key, at = _read_varint(buffer, at)
        number, wire = key >> 3, key & 7
        value, at = _read_varint(buffer, at)
        if wire == 0:
            yield number, value
        elif wire == 2 and at + value <= len(buffer):
            yield number, buffer[at : at + value]
            at += value
        else:
            raise _refused("it is cut short or has a field of an unknown type")


def _read_varint(buffer: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 63, 7):
        if at >= len(buffer):
            raise _refused("it is cut short")
        byte = buffer[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if byte == 0 and shift:
                raise _refused("a number is not written in its shortest form")
            return value, at
    raise _refused("a number is longer than 63 bits")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _refused(why: str) -> IntegrityError:
    return IntegrityError("A block is not a UnixFS node", why=why, fix="ask for a CID of a file or directory")
