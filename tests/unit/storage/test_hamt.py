from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ledger.errors import DocumentError, IntegrityError
from ledger.model.cid import Cid, Codec
from ledger.storage import hamt
from ledger.storage.dagpb import Link, Node, UnixFs, UnixFsType, decode_node
from ledger.storage.directory import DirectoryEntry, build_directory, directory_links
from ledger.storage.hamt import build_shards, shard_links
from ledger.storage.unixfs import Dag, cid_of_bytes
from tests.support.blocks import MemoryBlocks
from tests.support.storage_cases import TREES

EMPTY_FILE = cid_of_bytes(b"")


def _links(count: int) -> list[Link]:
    return [Link(EMPTY_FILE, f"{number}", 0) for number in range(count)]


def _shard(slots: dict[int, Link], blocks: MemoryBlocks, **changes: Any) -> Link:
    field = sum(1 << slot for slot in slots)
    data = field.to_bytes((field.bit_length() + 7) // 8, "big")
    shape: dict[str, Any] = {"kind": UnixFsType.HAMT_SHARD, "data": data, "hash_type": 0x22, "fanout": 256} | changes
    links = [Link(link.cid, f"{slot:02X}{link.name}", link.size) for slot, link in sorted(slots.items())]
    return blocks.put(links, UnixFs(**shape))


def _read(root: Link, blocks: MemoryBlocks) -> list[Link]:
    return list(shard_links(root.cid, decode_node(blocks.node(root.cid)), lambda cid: decode_node(blocks.node(cid))))


def test_three_levels_of_shards_have_the_cid_kubo_gives() -> None:
    dag = build_directory([DirectoryEntry(f"{number}", Dag(EMPTY_FILE, 0, 0)) for number in range(10_000)])
    assert str(dag.cid) == TREES["deep shards"]


@pytest.mark.parametrize("count", [1, 2, 300, 3000])
def test_what_is_sharded_is_found_again(count: int) -> None:
    blocks = MemoryBlocks()
    cid, size = build_shards(_links(count), blocks.blocks.__setitem__)
    assert sorted(_read(Link(cid, "", size), blocks), key=lambda link: int(link.name)) == _links(count)
    assert size == sum(map(len, blocks.blocks.values()))


def test_an_entry_in_a_slot_of_another_hash_is_refused() -> None:
    blocks = MemoryBlocks()
    slot = hamt._hash("name")[0]
    with pytest.raises(IntegrityError, match="wrong shard"):
        _read(_shard({slot ^ 1: Link(EMPTY_FILE, "name", 0)}, blocks), blocks)


def test_a_bomb_of_shared_shards_costs_no_more_than_its_blocks() -> None:
    blocks = MemoryBlocks()
    shard = _shard({0: Link(EMPTY_FILE, "x", 0)}, blocks)
    for _ in range(6):
        shard = _shard(dict.fromkeys(range(256), Link(shard.cid, "", 1)), blocks)
    blocks.asked = 0
    with pytest.raises(IntegrityError):
        _read(shard, blocks)
    assert blocks.asked < 20


def test_shards_below_the_last_byte_of_the_hash_are_refused() -> None:
    blocks = MemoryBlocks()
    name = "x"
    path = hamt._hash(name)
    shard = _shard({path[0]: Link(EMPTY_FILE, name, 0)}, blocks)
    for depth in range(8):
        shard = _shard({path[7 - depth]: Link(shard.cid, "", 1)}, blocks)
    with pytest.raises(IntegrityError, match="too deeply"):
        _read(shard, blocks)


def _lower_case(blocks: MemoryBlocks) -> Link:
    return blocks.put([Link(EMPTY_FILE, "aax", 0)], UnixFs(UnixFsType.HAMT_SHARD, 0, (), b"\1", 0x22, 256))


def _short_name(blocks: MemoryBlocks) -> Link:
    return blocks.put([Link(EMPTY_FILE, "A", 0)], UnixFs(UnixFsType.HAMT_SHARD, 0, (), b"\1", 0x22, 256))


def _no_number(blocks: MemoryBlocks) -> Link:
    return blocks.put([Link(EMPTY_FILE, "G0x", 0)], UnixFs(UnixFsType.HAMT_SHARD, 0, (), b"\1", 0x22, 256))


def _file_as_shard(blocks: MemoryBlocks) -> Link:
    return _shard({3: Link(EMPTY_FILE, "", 0)}, blocks)


def _directory_as_shard(blocks: MemoryBlocks) -> Link:
    return _shard({3: blocks.put([], UnixFs(UnixFsType.DIRECTORY))}, blocks)


def _empty_root(blocks: MemoryBlocks) -> Link:
    return _shard({}, blocks)


def _empty_child(blocks: MemoryBlocks) -> Link:
    return _shard({3: _shard({}, blocks)}, blocks)


@pytest.mark.parametrize(
    "build", [_lower_case, _short_name, _no_number, _file_as_shard, _directory_as_shard, _empty_root, _empty_child]
)
def test_what_is_no_trie_is_refused(build: Callable[[MemoryBlocks], Link]) -> None:
    blocks = MemoryBlocks()
    with pytest.raises(IntegrityError):
        _read(build(blocks), blocks)


@pytest.mark.parametrize("changes", [{"fanout": 128}, {"hash_type": 0x12}, {"data": b"\xff"}, {"file_size": 1}])
def test_a_shard_with_other_parameters_is_refused(changes: dict[str, Any]) -> None:
    blocks = MemoryBlocks()
    slots = {hamt._hash(f"{number}")[0]: Link(EMPTY_FILE, f"{number}", 0) for number in range(2)}
    with pytest.raises(IntegrityError):
        directory_links(_shard(slots, blocks, **changes).cid, blocks)


def test_a_small_directory_that_is_sharded_is_refused() -> None:
    blocks = MemoryBlocks()
    cid, _ = build_shards(_links(3), blocks.blocks.__setitem__)
    with pytest.raises(IntegrityError, match="not written as"):
        directory_links(cid, blocks)


def test_names_with_the_same_hash_are_refused_as_kubo_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hamt, "_hash", lambda _: bytes(8))
    with pytest.raises(DocumentError, match="same hash"):
        build_shards(_links(2))


def test_the_root_must_be_a_shard() -> None:
    node = Node((), UnixFs(UnixFsType.FILE))
    with pytest.raises(IntegrityError):
        list(shard_links(Cid(Codec.DAG_PB, bytes(32)), node, lambda _: node))
