"""For every tree: what was sealed opens byte for byte, and nothing that was touched opens at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ledger.errors import CidMismatchError, IntegrityError, SegmentError
from ledger.sealing.open import open_dataset
from ledger.sealing.verify import verify
from tests.support.sealing import Bench, FalseStore, content, read_tree, segments

SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

names = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda name: name not in (".", "..") and len(name.encode()) <= 255
)
sizes = st.one_of(st.integers(0, 200), st.sampled_from([65_535, 65_536, 65_537, 262_144, 1_048_577]))
trees = st.recursive(
    st.dictionaries(names, sizes, max_size=4),
    lambda below: st.dictionaries(names, st.one_of(sizes, below), max_size=4),
    max_leaves=4,
)


@contextmanager
def new_bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as root, Bench.at(Path(root)) as bench:
        yield bench


def grow(root: Path, tree: object) -> None:
    """Write a drawn tree: a dictionary is a directory, a number a file of that size."""
    if isinstance(tree, dict):
        root.mkdir()
        for name, below in tree.items():
            grow(root / name, below)
    elif isinstance(tree, int):
        root.write_bytes(content(tree, root.name))


@SETTINGS
@given(trees)
def test_what_was_sealed_opens_byte_for_byte(tree: object) -> None:
    with new_bench() as bench:
        grow(bench.source, tree)
        sealed = bench.seal()
        assert verify(bench.store, sealed.manifest_cid) == sealed.manifest
        open_dataset(bench.store, sealed.manifest_cid, bench.key, bench.out)
        assert read_tree(bench.out) == read_tree(bench.source)
        assert bench.seal() == sealed


@SETTINGS
@given(trees, st.data())
def test_a_flipped_bit_anywhere_is_refused_and_nothing_appears(tree: object, data: st.DataObject) -> None:
    with new_bench() as bench:
        grow(bench.source, tree)
        sealed = bench.seal()
        entry = data.draw(st.sampled_from([entry for entry in sealed.manifest.files if entry.ciphertext_size]))
        byte, bit = data.draw(st.integers(0, entry.ciphertext_size - 1)), data.draw(st.integers(0, 7))

        spoilt = bytearray(bench.body(entry))
        spoilt[byte] ^= 1 << bit
        lying = FalseStore(bench.store, entry.body, bytes(spoilt))
        with pytest.raises(SegmentError):
            open_dataset(lying, sealed.manifest_cid, bench.key, bench.out)

        bench.damage(entry, byte, bit)
        with pytest.raises(CidMismatchError):
            open_dataset(bench.store, sealed.manifest_cid, bench.key, bench.out)
        assert sorted(path.name for path in bench.root.iterdir()) == ["source", "state", "store"]


@SETTINGS
@given(st.integers(2, 6), st.integers(1, 65_536), st.data())
def test_segments_in_any_other_order_or_number_are_refused(count: int, last: int, data: st.DataObject) -> None:
    with new_bench() as bench:
        sealed = bench.seal({"first": b"first", "second": content((count - 1) * 65_536 + last)})
        whole = segments(bench.body(sealed.manifest.entry(2)))
        order = data.draw(
            st.one_of(st.permutations(range(count)), st.lists(st.integers(0, count - 1), max_size=count + 2))
        )
        assume(list(order) != list(range(count)))
        moved = b"".join(whole[number] for number in order)

        with pytest.raises(SegmentError):
            open_dataset(bench.store, bench.replace_body(sealed, 2, moved), bench.key, bench.out)
        lying = FalseStore(bench.store, sealed.manifest.entry(2).body, moved)
        with pytest.raises(IntegrityError):
            open_dataset(lying, sealed.manifest_cid, bench.key, bench.out)
        assert sorted(path.name for path in bench.root.iterdir()) == ["source", "state", "store"]
