"""What holds for every content: bodies, their segment trees and headers."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.crypto.body import CIPHER_SEGMENT_SIZE, BodyCipher, ciphertext_size, plaintext_size
from ledger.crypto.header import public_key, read_header, write_header
from ledger.crypto.segments import SegmentTree, segment_digest
from ledger.errors import KeyMaterialError, SegmentError

KEYS = st.binary(min_size=32, max_size=32)
SIZES = st.one_of(st.integers(0, 300), st.integers(65_530, 65_545), st.integers(131_070, 200_000))


def encrypted(key: bytes, plain: bytes) -> bytes:
    body = bytearray(ciphertext_size(len(plain)))
    BodyCipher(key).encrypt_into(memoryview(plain), memoryview(body))
    return bytes(body)


@given(KEYS, SIZES, st.data())
@settings(deadline=None)
def test_no_bit_of_a_body_can_be_changed(key: bytes, size: int, data: st.DataObject) -> None:
    plain = data.draw(st.binary(min_size=1, max_size=8)) * (size // 4)
    body = encrypted(key, plain)
    room = memoryview(bytearray(plaintext_size(len(body))))
    assert BodyCipher(key).decrypt_into(memoryview(body), room) == len(plain)
    assert room == plain
    if not body:
        return
    bit = data.draw(st.integers(0, 8 * len(body) - 1))
    spoilt = bytearray(body)
    spoilt[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SegmentError, match=f"Segment {bit // 8 // CIPHER_SEGMENT_SIZE} "):
        BodyCipher(key).decrypt_into(memoryview(spoilt), room)


@given(KEYS, KEYS, st.binary(min_size=1, max_size=100))
def test_another_key_opens_nothing(key: bytes, other: bytes, plain: bytes) -> None:
    body = encrypted(key, plain)
    room = memoryview(bytearray(len(plain)))
    if key == other:
        assert BodyCipher(other).decrypt_into(memoryview(body), room) == len(plain)
        return
    with pytest.raises(SegmentError):
        BodyCipher(other).decrypt_into(memoryview(body), room)


@given(st.lists(st.binary(max_size=3), min_size=2, max_size=40), st.data())
def test_a_tree_notices_every_edit(segments: list[bytes], data: st.DataObject) -> None:
    def root(of: list[bytes]) -> tuple[int, bytes]:
        tree = SegmentTree()
        for segment in of:
            tree.add_digest(segment_digest(segment))
        return len(tree), tree.root()

    first, second = (data.draw(st.integers(0, len(segments) - 1)) for _ in range(2))
    swapped = list(segments)
    swapped[first], swapped[second] = swapped[second], swapped[first]
    dropped = segments[:first] + segments[first + 1 :]
    repeated = segments[: first + 1] + segments[first:]
    for edited in (swapped, dropped, repeated, segments[:-1], [*segments, segments[-1]]):
        assert (root(edited) == root(segments)) == (edited == segments)


@given(KEYS, st.lists(KEYS, min_size=1, max_size=4, unique=True), KEYS)
@settings(deadline=None)
def test_a_header_opens_for_its_recipients_and_nobody_else(session: bytes, readers: list[bytes], other: bytes) -> None:
    publics = [public_key(reader) for reader in readers]
    header = write_header(session, publics)
    for reader in readers:
        assert session in read_header(io.BytesIO(header), reader).session_keys
    if public_key(other) not in publics:
        with pytest.raises(KeyMaterialError):
            read_header(io.BytesIO(header), other)
