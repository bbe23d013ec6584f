from __future__ import annotations

import pytest

from ledger.model.cid import Cid
from ledger.storage.dagpb import decode_node
from ledger.storage.unixfs import (
    CHUNK_SIZE,
    LINKS_PER_NODE,
    CidBuilder,
    child_sizes,
    cid_of_bytes,
    tree_height,
)
from tests.support.storage_cases import FILES, content


@pytest.mark.parametrize(("size", "cid"), FILES.items())
def test_the_cid_is_the_one_kubo_gives(size: int, cid: str) -> None:
    assert str(cid_of_bytes(content(size))) == cid


@pytest.mark.parametrize("part", [1, 4095, CHUNK_SIZE, CHUNK_SIZE + 1])
def test_how_the_bytes_arrive_does_not_matter(part: int) -> None:
    data = memoryview(content(CHUNK_SIZE + 1 if part == 1 else 3 * CHUNK_SIZE + 7))
    builder = CidBuilder()
    for at in range(0, len(data), part):
        builder.update(data[at : at + part])
    assert builder.finish().cid == cid_of_bytes(data)


def test_nodes_come_children_first_and_the_sizes_add_up() -> None:
    nodes: list[tuple[Cid, bytes]] = []
    data = content((LINKS_PER_NODE + 1) * CHUNK_SIZE)
    builder = CidBuilder(lambda cid, block: nodes.append((cid, block)))
    builder.update(data)
    dag = builder.finish()
    assert len(nodes) == 3
    assert nodes[-1][0] == dag.cid
    root = decode_node(nodes[-1][1])
    assert [link.cid for link in root.links] == [cid for cid, _ in nodes[:2]]
    assert root.unixfs.block_sizes == (LINKS_PER_NODE * CHUNK_SIZE, CHUNK_SIZE)
    assert dag.size == len(data)
    assert dag.dag_size == len(data) + sum(len(block) for _, block in nodes)


def test_a_single_leaf_has_no_nodes() -> None:
    builder = CidBuilder(lambda cid, block: pytest.fail(f"{cid} of {len(block)} bytes"))
    builder.update(content(CHUNK_SIZE))
    assert builder.finish().dag_size == CHUNK_SIZE


@pytest.mark.parametrize(
    ("size", "height"),
    [
        (0, 0),
        (CHUNK_SIZE, 0),
        (CHUNK_SIZE + 1, 1),
        (LINKS_PER_NODE * CHUNK_SIZE, 1),
        (LINKS_PER_NODE * CHUNK_SIZE + 1, 2),
        (2**63 - 1, 7),
    ],
)
def test_the_shape_follows_from_the_size(size: int, height: int) -> None:
    assert tree_height(size) == height
    if height:
        sizes = child_sizes(size, height)
        assert sum(sizes) == size
        assert 1 < len(sizes) <= LINKS_PER_NODE
