from __future__ import annotations

import pytest

from ledger.errors import CidMismatchError, IntegrityError, NotStoredError
from ledger.model.cid import Cid, Codec
from ledger.storage.dagpb import Link, UnixFs, UnixFsType, decode_node
from ledger.storage.unixfs import CHUNK_SIZE, LINKS_PER_NODE, tree_height
from ledger.storage.verified import file_parts, file_size
from tests.support.blocks import MemoryBlocks
from tests.support.storage_cases import content

FULL = bytes(CHUNK_SIZE)


@pytest.mark.parametrize("size", [0, 1, CHUNK_SIZE, CHUNK_SIZE + 1, LINKS_PER_NODE * CHUNK_SIZE + 1])
def test_a_true_file_is_given_out_in_leaves(size: int) -> None:
    blocks = MemoryBlocks()
    cid = blocks.file(content(size)).cid
    parts = list(file_parts(cid, blocks))
    assert b"".join(parts) == content(size)
    assert all(len(part) == CHUNK_SIZE for part in parts[:-1])
    assert file_size(cid, blocks) == size


@pytest.mark.parametrize("leaf", [0, 1, 2])
def test_nothing_is_given_out_from_a_damaged_leaf_on(leaf: int) -> None:
    blocks = MemoryBlocks()
    data = content(3 * CHUNK_SIZE)
    cid = blocks.file(data).cid
    good = blocks.raw(data[leaf * CHUNK_SIZE : (leaf + 1) * CHUNK_SIZE]).cid
    blocks.blocks[good] = FULL
    parts = file_parts(cid, blocks)
    given = [next(parts) for _ in range(leaf)]
    with pytest.raises(CidMismatchError):
        next(parts)
    assert b"".join(given) == data[: leaf * CHUNK_SIZE]


def test_a_missing_block_is_not_stored() -> None:
    blocks = MemoryBlocks()
    cid = blocks.file(content(CHUNK_SIZE + 1)).cid
    del blocks.blocks[blocks.raw(content(CHUNK_SIZE + 1)[CHUNK_SIZE:]).cid]
    with pytest.raises(NotStoredError):
        list(file_parts(cid, blocks))


def _file(blocks: MemoryBlocks, links: list[Link], sizes: list[int]) -> Cid:
    return blocks.put(links, UnixFs(UnixFsType.FILE, sum(sizes), tuple(sizes))).cid


def _refuse(cid: Cid, blocks: MemoryBlocks, most: int = 10) -> None:
    blocks.asked = 0
    with pytest.raises(IntegrityError) as caught:
        list(file_parts(cid, blocks))
    assert not isinstance(caught.value, CidMismatchError)
    assert blocks.asked <= most


def test_leaves_of_another_size_are_refused() -> None:
    blocks = MemoryBlocks()
    half = blocks.raw(FULL[: CHUNK_SIZE // 2])
    _refuse(_file(blocks, [half] * 3, [CHUNK_SIZE // 2] * 3), blocks)
    large = blocks.raw(FULL * 2)
    _refuse(_file(blocks, [large] * 2, [CHUNK_SIZE * 2] * 2), blocks)


def test_a_leaf_of_another_length_than_said_is_refused() -> None:
    blocks = MemoryBlocks()
    short = blocks.raw(b"short")
    lying = Link(short.cid, "", CHUNK_SIZE)
    _refuse(_file(blocks, [lying, blocks.raw(b"x")], [CHUNK_SIZE, 1]), blocks)


def test_an_endless_file_of_empty_leaves_is_refused() -> None:
    blocks = MemoryBlocks()
    node = blocks.raw(b"")
    for _ in range(8):
        node = blocks.put([node] * LINKS_PER_NODE, UnixFs(UnixFsType.FILE, 0, (0,) * LINKS_PER_NODE))
    _refuse(node.cid, blocks)


def test_a_chain_of_single_links_is_refused() -> None:
    blocks = MemoryBlocks()
    size = CHUNK_SIZE + 1
    node = blocks.put([blocks.raw(FULL), blocks.raw(b"x")], UnixFs(UnixFsType.FILE, size, (CHUNK_SIZE, 1)))
    for _ in range(5000):
        node = blocks.put([node], UnixFs(UnixFsType.FILE, size, (size,)))
    _refuse(node.cid, blocks)


def test_more_links_than_fit_are_refused() -> None:
    blocks = MemoryBlocks()
    count = LINKS_PER_NODE + 1
    _refuse(_file(blocks, [blocks.raw(FULL)] * count, [CHUNK_SIZE] * count), blocks)


def test_links_and_sizes_that_do_not_pair_are_refused() -> None:
    blocks = MemoryBlocks()
    full, rest = blocks.raw(FULL), blocks.raw(b"x")
    _refuse(_file(blocks, [full, rest, rest], [CHUNK_SIZE, 1]), blocks)
    _refuse(_file(blocks, [full], [CHUNK_SIZE, 1]), blocks)


def test_a_file_size_that_is_no_sum_is_refused() -> None:
    blocks = MemoryBlocks()
    links = [blocks.raw(FULL), blocks.raw(b"x")]
    _refuse(blocks.put(links, UnixFs(UnixFsType.FILE, 2**62, (CHUNK_SIZE, 1))).cid, blocks)


def test_named_links_and_inline_data_are_refused() -> None:
    blocks = MemoryBlocks()
    full, rest = blocks.raw(FULL), blocks.raw(b"x")
    _refuse(_file(blocks, [Link(full.cid, "a", full.size), rest], [CHUNK_SIZE, 1]), blocks)
    inline = UnixFs(UnixFsType.FILE, CHUNK_SIZE + 1, (CHUNK_SIZE, 1), b"inline")
    _refuse(blocks.put([full, rest], inline).cid, blocks)


def test_a_small_file_in_a_node_is_refused() -> None:
    blocks = MemoryBlocks()
    _refuse(_file(blocks, [blocks.raw(b"small")], [5]), blocks)
    _refuse(_file(blocks, [], []), blocks)


def test_a_link_that_misstates_its_size_is_refused() -> None:
    blocks = MemoryBlocks()
    cid = blocks.file(content(LINKS_PER_NODE * CHUNK_SIZE + 1)).cid
    root = decode_node(blocks.node(cid))
    links = [Link(link.cid, "", link.size + 1) for link in root.links]
    _refuse(blocks.put(links, root.unixfs).cid, blocks)


def test_nodes_in_the_place_of_leaves_are_refused() -> None:
    blocks = MemoryBlocks()
    node = blocks.put([], UnixFs(UnixFsType.FILE))
    _refuse(_file(blocks, [Link(node.cid, "", CHUNK_SIZE), blocks.raw(b"x")], [CHUNK_SIZE, 1]), blocks)


def test_a_directory_is_not_read_as_a_file() -> None:
    blocks = MemoryBlocks()
    cid = blocks.put([], UnixFs(UnixFsType.DIRECTORY)).cid
    with pytest.raises(IntegrityError, match="is a directory"):
        list(file_parts(cid, blocks))
    with pytest.raises(IntegrityError, match="is a directory"):
        file_size(cid, blocks)


def test_a_claim_of_the_largest_size_costs_one_node() -> None:
    blocks = MemoryBlocks()
    size = 2**63 - 1
    assert tree_height(size) == 7
    fake = Link(Cid(Codec.DAG_PB, bytes(32)), "", 1)
    _refuse(blocks.put([fake], UnixFs(UnixFsType.FILE, size, (size,))).cid, blocks, most=1)
