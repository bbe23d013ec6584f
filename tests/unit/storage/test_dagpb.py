from __future__ import annotations

import pytest

from ledger.errors import IntegrityError
from ledger.model.cid import Cid, Codec
from ledger.storage.dagpb import (
    MAX_NODE_SIZE,
    Link,
    UnixFs,
    UnixFsType,
    decode_node,
    decode_unixfs,
    encode_node,
    encode_unixfs,
)

LEAF = Link(Cid(Codec.RAW, bytes(32)), "", 5)
NAMED = Link(Cid(Codec.DAG_PB, bytes(range(32))), "name ü", 2**40)
FILE = UnixFs(UnixFsType.FILE, 10, (5, 5))
SHARD = UnixFs(UnixFsType.HAMT_SHARD, data=b"\x80\0", hash_type=0x22, fanout=256)
EMPTY = encode_node([], UnixFs(UnixFsType.DIRECTORY))


@pytest.mark.parametrize(
    ("links", "data"),
    [
        ([], UnixFs(UnixFsType.DIRECTORY)),
        ([NAMED], UnixFs(UnixFsType.DIRECTORY)),
        ([LEAF, LEAF], FILE),
        ([NAMED], SHARD),
    ],
)
def test_what_is_written_is_read_again(links: list[Link], data: UnixFs) -> None:
    node = decode_node(encode_node(links, data))
    assert (node.links, node.unixfs) == (tuple(links), data)


def test_the_empty_directory_is_the_block_everybody_knows() -> None:
    assert EMPTY.hex() == "0a020801"


def _with_link_body(body: bytes) -> bytes:
    return b"\x12" + bytes([len(body)]) + body + EMPTY


LINK_BODY = b"\x0a\x24" + bytes(LEAF.cid) + b"\x12\x00\x18\x05"

HOSTILE = {
    "no data": b"",
    "data before links": EMPTY + encode_node([LEAF], FILE)[:46],
    "data twice": EMPTY + EMPTY,
    "unknown field": EMPTY + b"\x1a\x00",
    "wire type of a fixed number": b"\x0d\x00\x00\x00\x00" + EMPTY,
    "number where bytes belong": b"\x08\x01",
    "cut in the data": EMPTY[:-1],
    "cut in a length": b"\x12",
    "longer than it says": b"\x0a\xff\x01\x08\x01",
    "number not in its shortest form": b"\x0a\x82\x00\x08\x01",
    "number of 70 bits": b"\x0a\x0b\x08\x02\x18" + b"\xff" * 9 + b"\x01",
    "link without a CID": _with_link_body(b"\x12\x00\x18\x05"),
    "link with a field twice": _with_link_body(LINK_BODY + b"\x18\x05"),
    "link without its name": _with_link_body(LINK_BODY[:38] + b"\x18\x05"),
    "link with fields out of order": _with_link_body(LINK_BODY[38:] + LINK_BODY[:38]),
    "link with an unknown field": _with_link_body(LINK_BODY + b"\x20\x01"),
    "link with a CIDv0": _with_link_body(b"\x0a\x22\x12\x20" + bytes(32) + b"\x12\x00\x18\x05"),
    "link with an identity CID": _with_link_body(b"\x0a\x24\x01\x55\x00\x20" + bytes(32) + b"\x12\x00\x18\x05"),
    "name that is not UTF-8": _with_link_body(b"\x0a\x24" + bytes(LEAF.cid) + b"\x12\x01\xff\x18\x05"),
    "raw type": b"\x0a\x02\x08\x00",
    "symbolic link": b"\x0a\x02\x08\x04",
    "no type": b"\x0a\x00",
    "type twice": b"\x0a\x04\x08\x01\x08\x01",
    "UnixFS fields out of order": b"\x0a\x04\x18\x01\x08\x02",
    "packed block sizes": b"\x0a\x06\x08\x02\x22\x02\x05\x05",
    "a mode": b"\x0a\x05\x08\x01\x38\xed\x03",
    "a modification time": b"\x0a\x06\x08\x01\x42\x02\x08\x01",
    "a size on a directory": b"\x0a\x04\x08\x01\x18\x00",
    "empty inline data": b"\x0a\x06\x08\x02\x12\x00\x18\x00",
}


@pytest.mark.parametrize("block", HOSTILE.values(), ids=HOSTILE.keys())
def test_anything_but_the_canonical_encoding_is_refused(block: bytes) -> None:
    with pytest.raises(IntegrityError):
        decode_node(block)


def test_a_node_over_the_limit_is_refused_unread() -> None:
    largest = encode_unixfs(UnixFs(UnixFsType.DIRECTORY, data=bytes(MAX_NODE_SIZE - 9)))
    block = b"\x0a" + (len(largest)).to_bytes(3, "big") + largest
    with pytest.raises(IntegrityError, match=f"{len(block) + 9} bytes"):
        decode_node(block + bytes(9))


def test_every_cut_and_every_flipped_byte_is_another_node_or_refused() -> None:
    block = encode_node([LEAF, LEAF], FILE)
    whole = decode_node(block)
    for at in range(len(block)):
        for damaged in (block[:at], block[:at] + bytes([block[at] ^ 1]) + block[at + 1 :]):
            try:
                assert decode_node(damaged) != whole
            except IntegrityError:
                continue


def test_block_sizes_keep_their_order() -> None:
    data = UnixFs(UnixFsType.FILE, 7, (4, 1, 2))
    assert decode_unixfs(encode_unixfs(data)) == data
