from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import DocumentError
from ledger.model.canonical import canonical_json
from ledger.model.cid import Cid, Codec
from ledger.model.manifest import SEGMENT_OVERHEAD, FileEntry, Manifest, segment_count

COMMITMENT = "0x" + "11" * 32


def entry(index: int, size: int) -> FileEntry:
    segments = segment_count(size)
    return FileEntry(
        index=index,
        body=Cid(Codec.RAW, index.to_bytes(32, "big")),
        plaintext_size=size,
        ciphertext_size=size + SEGMENT_OVERHEAD * segments,
        segments=segments,
        segment_root="0x" + "22" * 32,
    )


def manifest(*sizes: int) -> Manifest:
    return Manifest(key_commitment=COMMITMENT, files=tuple(entry(i, size) for i, size in enumerate(sizes)))


def plain(*sizes: int) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(manifest(*sizes).canonical_bytes())
    return document


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=5))
def test_it_reads_back(sizes: list[int]) -> None:
    written = manifest(*sizes)
    assert Manifest.parse(written.canonical_bytes()) == written
    assert written.plaintext_size == sum(sizes[1:])


def test_it_names_no_file() -> None:
    assert "name" not in manifest(10, 20).canonical_bytes().decode()


def test_files_are_found_by_index() -> None:
    assert manifest(1, 2, 3).entry(2).plaintext_size == 3
    with pytest.raises(DocumentError, match="malformed"):
        manifest(1).entry(4)


def change(document: dict[str, Any], file: int | None, **values: Any) -> dict[str, Any]:
    target = document if file is None else document["files"][file]
    target.update(values)
    return document


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (change(plain(1, 2), 1, segments=2), "/files/1"),
        (change(plain(1, 2), 1, ciphertextSize=2), "/files/1"),
        (change(plain(1, 2), 1, plaintextSize=-1), "/files/1/plaintextSize"),
        (change(plain(1, 2), 1, index=0), ""),
        (change(plain(1, 2), 0, index=3), ""),
        (change(plain(1, 2), 1, body="QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"), "/files/1/body"),
        (change(plain(1, 2), 1, name="Smith^John.dcm"), "/files/1/name"),
        (change(plain(1), None, version=2), "/version"),
        (change(plain(1), None, segmentHash="md5"), "/segmentHash"),
        (change(plain(1), None, files=[]), "/files"),
        (change(plain(1), None, files={}), "/files"),
        (change(plain(1), None, keyCommitment="0x11"), "/keyCommitment"),
    ],
)
def test_a_malformed_manifest_is_refused_with_the_place(document: dict[str, Any], place: str) -> None:
    with pytest.raises(DocumentError) as caught:
        Manifest.parse(canonical_json(document))
    assert caught.value.what == "The manifest is malformed" + (f" at {place}" if place else "")


def test_another_spelling_of_the_same_manifest_is_refused() -> None:
    spaced = json.dumps(plain(1)).encode()
    with pytest.raises(DocumentError, match="canonical"):
        Manifest.parse(spaced)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"7", b'{"files":[[]]}'])
def test_what_is_no_manifest_is_a_document_error(data: bytes) -> None:
    with pytest.raises(DocumentError):
        Manifest.parse(data)
