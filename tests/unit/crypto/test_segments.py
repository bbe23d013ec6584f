from __future__ import annotations

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from ledger.crypto.segments import EMPTY_ROOT, SegmentTree, segment_digest


def rfc_9162(segments: list[bytes]) -> bytes:
    """MTH of section 2.1.1, word by word, with BLAKE3."""
    if not segments:
        return blake3(b"").digest()
    if len(segments) == 1:
        return blake3(b"\x00" + segments[0]).digest()
    k = 1
    while 2 * k < len(segments):
        k *= 2
    return blake3(b"\x01" + rfc_9162(segments[:k]) + rfc_9162(segments[k:])).digest()


def root(segments: list[bytes]) -> bytes:
    tree = SegmentTree()
    for segment in segments:
        tree.add(segment)
    return tree.root()


@pytest.mark.parametrize("count", [*range(18), 31, 32, 33, 100])
def test_the_root_is_the_one_of_rfc_9162(count: int) -> None:
    segments = [bytes([number]) * (number + 1) for number in range(count)]
    assert root(segments) == rfc_9162(segments)


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert SegmentTree().root() == EMPTY_ROOT == blake3(b"").digest()


def test_asking_for_the_root_changes_nothing() -> None:
    tree = SegmentTree()
    for number in range(7):
        assert tree.root() == root([bytes([n]) for n in range(number)])
        tree.add(bytes([number]))
    assert len(tree) == 7


def test_a_segment_may_be_any_kind_of_bytes() -> None:
    assert segment_digest(b"abc") == segment_digest(bytearray(b"abc")) == segment_digest(memoryview(b"abc"))


@given(st.lists(st.binary(max_size=4), max_size=12), st.lists(st.binary(max_size=4), max_size=12))
def test_other_segments_or_another_order_give_another_root(one: list[bytes], other: list[bytes]) -> None:
    assert (root(one) == root(other)) == (one == other)


def test_a_leaf_is_no_inner_node() -> None:
    left, right = segment_digest(b"a"), segment_digest(b"b")
    assert root([b"a", b"b"]) != root([left + right])
