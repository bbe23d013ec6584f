from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import DocumentError
from ledger.model.canonical import canonical_json
from ledger.model.cid import Cid, Codec
from ledger.model.manifest import FileEntry, Manifest
from ledger.sealing.listing import ListedFile, Listing


def listing(*paths: str, empty: tuple[str, ...] = ()) -> Listing:
    files = tuple(ListedFile(index=index, path=path) for index, path in enumerate(paths, 1))
    return Listing(files=files, empty_directories=empty)


def document(*paths: Any, empty: Any = ()) -> bytes:
    files = [{"index": index, "path": path} for index, path in enumerate(paths, 1)]
    plain = {"format": "ledger/listing", "version": 1, "files": files, "emptyDirectories": list(empty)}
    return canonical_json(plain)


def manifest(*indices: int) -> Manifest:
    entries = [
        FileEntry(
            index=index,
            body=Cid(Codec.RAW, index.to_bytes(32, "big")),
            plaintext_size=0,
            ciphertext_size=0,
            segments=0,
            segment_root="0x" + "22" * 32,
        )
        for index in (0, *indices)
    ]
    return Manifest(key_commitment="0x" + "11" * 32, files=tuple(entries))


@pytest.mark.parametrize(
    "made",
    [
        listing(),
        listing("a"),
        listing("a", "b/c/d", "ä/日本語", "b\nc", "…", ".hidden", "a.b", "a\\b", empty=("e", "é/f")),
        listing("/".join("d" * 65), "x" * 255),
    ],
)
def test_it_reads_back(made: Listing) -> None:
    assert Listing.parse(made.canonical_bytes()) == made


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "..",
        "../escape",
        "a/../../escape",
        "a//b",
        "a/",
        "./a",
        "a/.",
        "a\0b",
        "x" * 256,
        "ä" * 128,
        "/".join("d" * 66),
        5,
        None,
    ],
)
def test_a_path_that_does_not_stay_inside_is_refused(path: Any) -> None:
    with pytest.raises(DocumentError, match="The listing is malformed"):
        Listing.parse(document("ok", path))
    with pytest.raises(DocumentError, match="The listing is malformed"):
        Listing.parse(document("ok", empty=[path]))


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(DocumentError, match="surrogate"):
        Listing.parse(document("PATH").replace(b"PATH", b"\\ud800"))


@pytest.mark.parametrize(
    ("paths", "empty", "why"),
    [
        (("a", "a"), (), "stands twice"),
        (("a",), ("a",), "stands twice"),
        ((), ("a", "a"), "stands twice"),
        ((), ("b", "a"), "not sorted"),
        (("a", "a/b"), (), "lies below"),
        (("a/b/c",), ("a",), "lies below"),
        ((), ("a", "a/b"), "lies below"),
    ],
)
def test_what_is_no_tree_is_refused(paths: tuple[str, ...], empty: tuple[str, ...], why: str) -> None:
    with pytest.raises(DocumentError, match=why):
        Listing.parse(document(*paths, empty=empty))


@pytest.mark.parametrize("indices", [(2, 1), (1, 1), (0,), (2**32,), (-1,)])
def test_indices_rise_from_1(indices: tuple[int, ...]) -> None:
    plain = json.loads(document(*(f"f{number}" for number in range(len(indices)))))
    for file, index in zip(plain["files"], indices, strict=True):
        file["index"] = index
    with pytest.raises(DocumentError, match="The listing is malformed"):
        Listing.parse(canonical_json(plain))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        document("a") + b" ",
        document("a").replace(b'"version":1', b'"version":2'),
        document("a").replace(b"listing", b"manifest"),
        document("a").replace(b'"index":1', b'"index":1,"mode":493'),
        document("a").replace(b'"files":[{"index":1,"path":"a"}]', b'"files":5'),
    ],
)
def test_what_is_no_listing_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentError):
        Listing.parse(data)


def test_it_names_the_files_of_its_manifest_each_once() -> None:
    assert listing("a", "b").require(manifest(1, 2)).files[1].path == "b"
    for indices in ((), (1,), (1, 3), (1, 2, 3)):
        with pytest.raises(DocumentError, match="does not name the files of the manifest"):
            listing("a", "b").require(manifest(*indices))


@given(st.lists(st.text(max_size=12), max_size=5), st.lists(st.text(max_size=12), max_size=3))
def test_no_names_raise_anything_else(paths: list[str], empty: list[str]) -> None:
    try:
        data = document(*paths, empty=empty)
        found = Listing.parse(data)
    except DocumentError:
        return
    assert [file.path for file in found.files] == paths
