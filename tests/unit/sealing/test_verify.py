from __future__ import annotations

import pytest

from ledger.errors import CidMismatchError, DocumentError, NotStoredError, SegmentError
from ledger.model.cid import Cid, Codec
from ledger.sealing.verify import verify
from tests.support.sealing import BOUNDARIES, Bench, content, rearranged

FILES = {f"f{size}": content(size) for size in BOUNDARIES} | {"long": content(300_000)}


def test_a_whole_dataset_is_verified_without_its_key(bench: Bench) -> None:
    sealed = bench.seal(FILES)
    told: list[tuple[int, int, str]] = []
    checked = verify(bench.store, sealed.manifest_cid, lambda *step: told.append(step))
    assert checked == sealed.manifest
    assert told[-1][:2] == (sealed.manifest.ciphertext_size,) * 2
    assert {path for _, _, path in told} == {f"file {entry.index}" for entry in checked.files if entry.plaintext_size}


@pytest.mark.parametrize("index", range(7))
def test_damage_in_any_body_is_found(bench: Bench, index: int) -> None:
    sealed = bench.seal(FILES)
    entry = sealed.manifest.entry(index)
    if entry.ciphertext_size:
        bench.damage(entry, entry.ciphertext_size // 2)
        with pytest.raises(CidMismatchError):
            verify(bench.store, sealed.manifest_cid)
    else:
        bench.body_file(entry).unlink()
        with pytest.raises(NotStoredError):
            verify(bench.store, sealed.manifest_cid)


@pytest.mark.parametrize("how", rearranged(bytes(4 * 65_564)))
def test_a_manifest_with_a_spoilt_body_is_refused(bench: Bench, how: str) -> None:
    sealed = bench.seal({"long": content(300_000)})
    spoilt = rearranged(bench.body(sealed.manifest.entry(1)))[how]
    with pytest.raises(SegmentError):
        verify(bench.store, bench.replace_body(sealed, 1, spoilt))


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"format":"ledger/manifest"}'])
def test_a_malformed_manifest_is_refused(bench: Bench, data: bytes) -> None:
    with pytest.raises(DocumentError):
        verify(bench.store, bench.store.put_bytes(data))


def test_a_manifest_that_is_not_there_is_said_so(bench: Bench) -> None:
    with pytest.raises(NotStoredError):
        verify(bench.store, Cid(Codec.RAW, bytes(32)))
