from __future__ import annotations

import contextlib

import pytest

from ledger.errors import CidMismatchError, NotStoredError, SegmentError
from ledger.model.manifest import FileEntry
from ledger.sealing.bodies import check_body, copy_body, decrypt_body
from tests.support.sealing import BOUNDARIES, Bench, FalseStore, content, rearranged, segments

MIB = 2**20
SIZES = [*BOUNDARIES, 16 * 65_536, 16 * 65_536 + 1, 3 * MIB, 5 * MIB + 1]


def entry_of(bench: Bench, size: int) -> FileEntry:
    return bench.seal({"file": content(size)}).manifest.entry(1)


class Collector:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.data = bytearray()

    def __call__(self, part: memoryview, offset: int) -> None:
        assert offset == len(self.data)
        self.data += part


@pytest.mark.parametrize("size", SIZES)
def test_a_body_is_checked_copied_and_decrypted(bench: Bench, size: int) -> None:
    entry = entry_of(bench, size)
    steps: list[int] = []
    check_body(bench.store, entry, steps.append)
    assert sum(steps) == entry.ciphertext_size
    copied, plain = Collector(), Collector()
    copy_body(bench.store, entry, copied)
    decrypt_body(bench.store, entry, bench.key.session_key(1), plain, steps.append)
    assert copied.data == bench.body(entry)
    assert plain.data == content(size)
    assert sum(steps) == 2 * entry.ciphertext_size


@pytest.mark.parametrize("size", [250_000, 3 * MIB + 5])
@pytest.mark.parametrize("how", rearranged(bytes(4 * 65_564)))
def test_a_spoilt_body_is_refused_even_if_the_store_lets_it_through(bench: Bench, size: int, how: str) -> None:
    entry = entry_of(bench, size)
    store = FalseStore(bench.store, entry.body, rearranged(bench.body(entry))[how])
    with pytest.raises(SegmentError, match="File 1 is not the one that was registered"):
        check_body(store, entry)
    with pytest.raises(SegmentError):
        decrypt_body(store, entry, bench.key.session_key(1), Collector())


def test_a_store_that_gives_a_segment_more_is_cut_off(bench: Bench) -> None:
    entry = entry_of(bench, 1)
    endless = FalseStore(bench.store, entry.body, bytes(50 * MIB))
    with pytest.raises(SegmentError, match="longer than 29 bytes"):
        check_body(endless, entry)


def test_an_empty_body_is_empty(bench: Bench) -> None:
    entry = entry_of(bench, 0)
    with pytest.raises(SegmentError, match="longer than 0 bytes"):
        check_body(FalseStore(bench.store, entry.body, b"x"), entry)


def test_a_segment_from_another_file_is_refused(bench: Bench) -> None:
    sealed = bench.seal({"a": content(200_000), "b": content(200_000, "b")})
    one, other = (segments(bench.body(entry)) for entry in sealed.manifest.contents)
    entry = sealed.manifest.entry(1)
    mixed = FalseStore(bench.store, entry.body, b"".join([one[0], other[1], *one[2:]]))
    with pytest.raises(SegmentError, match="missing, repeated, out of place or altered"):
        check_body(mixed, entry)


@pytest.mark.parametrize("size", [1, 3 * MIB])
def test_damage_on_the_disk_is_refused(bench: Bench, size: int) -> None:
    entry = entry_of(bench, size)
    bench.damage(entry, -1)
    with pytest.raises(CidMismatchError, match="damaged"):
        check_body(bench.store, entry)


def test_a_body_that_is_not_there_is_said_so(bench: Bench) -> None:
    entry = entry_of(bench, 1)
    bench.body_file(entry).unlink()
    with pytest.raises(NotStoredError):
        check_body(bench.store, entry)


@pytest.mark.parametrize("size", [1, 3 * MIB])
def test_another_key_decrypts_nothing(bench: Bench, size: int) -> None:
    entry = entry_of(bench, size)
    collected = Collector()
    with pytest.raises(SegmentError, match="Segment 0 cannot be decrypted"):
        decrypt_body(bench.store, entry, bench.key.session_key(2), collected)
    assert collected.data == b""


@pytest.mark.parametrize("size", [1, 10 * MIB])
def test_a_sink_that_fails_ends_it(bench: Bench, size: int) -> None:
    entry = entry_of(bench, size)
    calls: list[int] = []

    def full(_part: memoryview, offset: int) -> None:
        calls.append(offset)
        raise OSError(28, "full")

    for act in (copy_body, lambda *a: decrypt_body(a[0], a[1], bench.key.session_key(1), a[2])):
        with contextlib.suppress(OSError):
            act(bench.store, entry, full)
            pytest.fail("it went on")
    assert set(calls) == {0} or len(calls) < 8
