"""What holds for all contents and trees, tried on random ones."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ledger.errors import IntegrityError, LedgerError, NotStoredError
from ledger.model.cid import Cid
from ledger.storage.dagpb import decode_node, encode_node
from ledger.storage.directory import DirectoryEntry, build_directory, directory_links
from ledger.storage.embedded import EmbeddedStore
from ledger.storage.nodes import NodeWriter
from ledger.storage.tree import cid_of_path
from ledger.storage.unixfs import CHUNK_SIZE, CidBuilder, Dag, child_sizes, cid_of_bytes, tree_height
from ledger.storage.verified import file_parts, file_size
from tests.support.blocks import MemoryBlocks
from tests.support.storage_cases import content

SIZES = st.one_of(
    st.integers(0, 5000), st.integers(-2, 2).map(lambda off: CHUNK_SIZE + off), st.integers(0, 4 * CHUNK_SIZE)
)
NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..") and len(name.encode()) < 200
)
TREES = st.recursive(
    st.integers(0, 3000), lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
).filter(lambda tree: isinstance(tree, dict))

Tree = dict[str, "Tree | int"]


@contextlib.contextmanager
def _store() -> Iterator[tuple[EmbeddedStore, Path]]:
    with tempfile.TemporaryDirectory() as path, EmbeddedStore(Path(path) / "store") as store:
        yield store, Path(path)


@given(size=SIZES, cuts=st.lists(st.integers(0, 4 * CHUNK_SIZE), max_size=8))
def test_the_parts_do_not_matter_to_the_cid(size: int, cuts: list[int]) -> None:
    data = memoryview(content(size))
    builder = CidBuilder()
    edges = [0, *sorted(min(cut, size) for cut in cuts), size]
    for start, end in pairwise(edges):
        builder.update(data[start:end])
    assert builder.finish().cid == cid_of_bytes(data)


@given(size=st.integers(CHUNK_SIZE + 1, 2**63 - 1))
def test_one_size_has_one_shape(size: int) -> None:
    height = tree_height(size)
    sizes = child_sizes(size, height)
    assert sum(sizes) == size
    assert len(set(sizes[:-1])) <= 1
    assert sizes[-1] <= sizes[0]
    assert tree_height(sizes[0]) == height - 1


@given(size=SIZES, flip=st.integers(0, 2**30))
@settings(max_examples=60)
def test_any_flipped_bit_of_any_block_is_noticed(size: int, flip: int) -> None:
    blocks = MemoryBlocks()
    cid = blocks.file(content(size)).cid
    bits = sum(map(len, blocks.blocks.values())) * 8
    if bits == 0:
        return
    flip %= bits
    for key, block in blocks.blocks.items():
        if flip < len(block) * 8:
            number = int.from_bytes(block, "big") ^ (1 << flip)
            blocks.blocks[key] = number.to_bytes(len(block), "big")
            break
        flip -= len(block) * 8
    with pytest.raises(IntegrityError):
        b"".join(file_parts(cid, blocks))


@given(block=st.binary(max_size=200))
@settings(max_examples=500)
def test_random_bytes_are_refused_or_are_the_one_encoding(block: bytes) -> None:
    try:
        node = decode_node(block)
    except IntegrityError:
        return
    assert encode_node(list(node.links), node.unixfs) == block


@given(data=st.data())
@settings(max_examples=300)
def test_a_damaged_node_is_refused_or_is_another_one_in_its_one_encoding(data: st.DataObject) -> None:
    blocks = MemoryBlocks()
    entries = data.draw(st.dictionaries(NAMES, st.binary(max_size=5), min_size=1, max_size=4))
    dag = build_directory(
        [DirectoryEntry(name, blocks.file(value)) for name, value in entries.items()], blocks.blocks.__setitem__
    )
    block = bytearray(blocks.blocks[dag.cid])
    at = data.draw(st.integers(0, len(block) - 1))
    block[at] ^= data.draw(st.integers(1, 255))
    link = blocks.block(bytes(block))
    try:
        links = directory_links(link.cid, blocks)
    except LedgerError:
        return
    assert links is None or encode_node(list(links), decode_node(bytes(block)).unixfs) == bytes(block)


@given(size=SIZES, pin=st.booleans())
@settings(max_examples=25, deadline=None)
def test_what_is_adopted_is_read_back_and_survives_reopening(*, size: int, pin: bool) -> None:
    with _store() as (store, path):
        with (path / "body").open("wb") as body, NodeWriter(path / "nodes") as nodes:
            builder = CidBuilder(nodes)
            builder.update(content(size))
            body.write(content(size))
            dag = builder.finish()
        assert store.adopt(path / "body", path / "nodes", dag, pin=pin) == cid_of_bytes(content(size))
        with EmbeddedStore(path / "store") as again:
            assert b"".join(again.open(dag.cid)) == content(size)
            assert again.size(dag.cid) == size
            assert again.collect_garbage() == (0 if pin else 1)


def _write(tree: Tree, root: Path) -> None:
    root.mkdir()
    for name, child in tree.items():
        if isinstance(child, dict):
            _write(child, root / name)
        else:
            (root / name).write_bytes(content(child))


def _read(store: EmbeddedStore, dag: Dag) -> Tree | int:
    try:
        entries = store.entries(dag.cid)
    except IntegrityError:
        assert b"".join(store.open(dag.cid)) == content(dag.size)
        return dag.size
    assert sum(entry.dag.size for entry in entries) == dag.size
    return {entry.name: _read(store, entry.dag) for entry in entries}


@given(tree=TREES)
@settings(max_examples=40, deadline=None)
def test_a_random_tree_comes_back(tree: Tree) -> None:
    with _store() as (store, path):
        _write(tree, path / "tree")
        cid = store.add_directory(path / "tree")
        assert cid == cid_of_path(path / "tree")
        assert store.collect_garbage() == 0
        size = sum(entry.dag.size for entry in store.entries(cid))
        assert _read(store, Dag(cid, size, 0)) == tree


class StoreModel(RuleBasedStateMachine):
    """The store against two sets: what is held, and what is pinned."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self.store = EmbeddedStore(Path(self._directory.name) / "store")
        self.held: dict[Cid, bytes] = {}
        self.pinned: set[Cid] = set()

    @rule(size=st.sampled_from([0, 1, 100, CHUNK_SIZE, CHUNK_SIZE + 1]), pin=st.booleans())
    def add(self, *, size: int, pin: bool) -> None:
        cid = self.store.put_bytes(content(size), pin=pin)
        self.held[cid] = content(size)
        if pin:
            self.pinned.add(cid)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def pin(self, data: st.DataObject) -> None:
        cid = data.draw(st.sampled_from(sorted(self.held)))
        self.store.pin(cid)
        self.pinned.add(cid)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def unpin(self, data: st.DataObject) -> None:
        cid = data.draw(st.sampled_from(sorted(self.held)))
        self.store.unpin(cid)
        self.pinned.discard(cid)

    @rule()
    def collect(self) -> None:
        gone = set(self.held) - self.pinned
        assert self.store.collect_garbage() == len(gone)
        for cid in gone:
            del self.held[cid]
            with pytest.raises(NotStoredError):
                list(self.store.open(cid))

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = EmbeddedStore(self.store.directory)

    @invariant()
    def it_holds_what_it_should(self) -> None:
        assert self.store.pins() == self.pinned
        for cid, data in self.held.items():
            assert b"".join(self.store.open(cid)) == data

    def teardown(self) -> None:
        self.store.close()
        self._directory.cleanup()


TestStoreModel = StoreModel.TestCase
TestStoreModel.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)


@given(size=SIZES)
@settings(max_examples=20)
def test_the_size_is_known_from_the_root_alone(size: int) -> None:
    blocks = MemoryBlocks()
    cid = blocks.file(content(size)).cid
    blocks.asked = 0
    assert file_size(cid, blocks) == size
    assert blocks.asked == 1
