from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import CidMismatchError, IntegrityError
from ledger.model.cid import Cid
from ledger.storage.dagpb import Link, UnixFs, UnixFsType
from ledger.storage.directory import DirectoryEntry, DirectoryReader, build_directory, directory_links
from ledger.storage.tree import cid_of_path
from ledger.storage.unixfs import Dag, cid_of_bytes
from tests.support.blocks import MemoryBlocks
from tests.support.storage_cases import TREES, content, make_tree

DIRECTORY = UnixFs(UnixFsType.DIRECTORY)


def _entry(name: str, data: bytes = b"x") -> DirectoryEntry:
    return DirectoryEntry(name, Dag(cid_of_bytes(data), len(data), len(data)))


@pytest.mark.parametrize("kind", ["empty", "nested", "at the threshold", "above the threshold"])
def test_the_cid_is_the_one_kubo_gives(kind: str, tmp_path: Path) -> None:
    assert str(cid_of_path(make_tree(kind, tmp_path / "tree"))) == TREES[kind]


def test_names_are_sorted_by_their_bytes() -> None:
    blocks = MemoryBlocks()
    names = ["ü", "z", "Z", "a.x", "a", ".h", "\U0001f600", "\uffff"]
    dag = build_directory([_entry(name) for name in names], blocks.blocks.__setitem__)
    links = directory_links(dag.cid, blocks)
    assert links is not None
    assert [link.name for link in links] == sorted(names, key=str.encode)
    assert build_directory([_entry(name) for name in reversed(names)]) == dag


def test_a_file_is_no_directory() -> None:
    blocks = MemoryBlocks()
    for data in (b"x", content(300_000)):
        cid = blocks.file(data).cid
        assert directory_links(cid, blocks) is None
        with pytest.raises(IntegrityError, match="is not a directory"):
            DirectoryReader(lambda _: blocks).entries(cid)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", "a\0b"])
def test_a_name_that_is_no_file_name_is_refused(name: str) -> None:
    blocks = MemoryBlocks()
    cid = blocks.put([Link(blocks.raw(b"x").cid, name, 1)], DIRECTORY).cid
    with pytest.raises(IntegrityError, match="no file name"):
        directory_links(cid, blocks)


def test_a_name_that_occurs_twice_is_refused() -> None:
    blocks = MemoryBlocks()
    links = [Link(blocks.raw(data).cid, "a", 1) for data in (b"x", b"y")]
    with pytest.raises(IntegrityError, match="twice"):
        directory_links(blocks.put(links, DIRECTORY).cid, blocks)


def test_unsorted_names_are_refused() -> None:
    blocks = MemoryBlocks()
    links = [Link(blocks.raw(b"x").cid, name, 1) for name in ("b", "a")]
    with pytest.raises(IntegrityError, match="not written as"):
        directory_links(blocks.put(links, DIRECTORY).cid, blocks)


def test_sizes_are_those_of_the_contents_below() -> None:
    blocks = MemoryBlocks()
    big = DirectoryEntry("big", blocks.file(content(300_000)))
    small = DirectoryEntry("small", blocks.file(b"abc"))
    inner = DirectoryEntry("inner", build_directory([big, small], blocks.blocks.__setitem__))
    root = build_directory([inner, small], blocks.blocks.__setitem__)
    assert root.size == 300_006
    assert DirectoryReader(lambda _: blocks).entries(root.cid) == (inner, small)
    assert DirectoryReader(lambda _: blocks).entries(inner.cid) == (big, small)


def _nest(blocks: MemoryBlocks, link: Link, names: tuple[str, ...], depth: int) -> Link:
    for _ in range(depth):
        link = blocks.put([Link(link.cid, name, link.size) for name in names], DIRECTORY)
    return link


def test_a_bomb_of_shared_directories_is_read_once_each() -> None:
    blocks = MemoryBlocks()
    root = _nest(blocks, blocks.raw(b"x"), ("a", "b"), 40)
    blocks.asked = 0
    entries = DirectoryReader(lambda _: blocks).entries(root.cid)
    assert [entry.dag.size for entry in entries] == [2**39] * 2
    assert blocks.asked < 100


def test_directories_nested_without_end_are_refused() -> None:
    blocks = MemoryBlocks()
    root = _nest(blocks, blocks.raw(b"x"), ("a",), 2000)
    with pytest.raises(IntegrityError, match="deep"):
        DirectoryReader(lambda _: blocks).entries(root.cid)


def test_a_damaged_node_is_refused() -> None:
    blocks = MemoryBlocks()
    cid: Cid = build_directory([_entry("a")], blocks.blocks.__setitem__).cid
    blocks.blocks[cid] = blocks.blocks[cid][:-1] + b"\x02"
    with pytest.raises(CidMismatchError):
        directory_links(cid, blocks)
