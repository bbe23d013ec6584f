"""Small documents: named by digest, kept everywhere, read back before they count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.acts.documents import document_digest, keep_document, read_document, read_input
from ledger.errors import CidMismatchError, DocumentError, NotStoredError, PathError
from ledger.model.cid import Cid, Codec
from ledger.model.ids import Digest
from ledger.storage.embedded import EmbeddedStore
from ledger.storage.unixfs import cid_of_bytes


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[list[EmbeddedStore]]:
    with EmbeddedStore(tmp_path / "a") as first, EmbeddedStore(tmp_path / "b") as second:
        yield [first, second]


def test_a_document_is_in_every_store_and_pinned(stores: list[EmbeddedStore]) -> None:
    cid = keep_document(b"a purpose", stores)

    assert cid == cid_of_bytes(b"a purpose")
    assert cid.digest == document_digest(b"a purpose")
    for store in stores:
        assert read_document(store, document_digest(b"a purpose")) == b"a purpose"
        assert store.pins() == {cid}


@pytest.mark.parametrize("size", [1, 262_144])
def test_its_cid_is_raw_so_that_the_digest_says_all(size: int) -> None:
    document = b"x" * size
    assert cid_of_bytes(document) == Cid(Codec.RAW, document_digest(document))


@pytest.mark.parametrize("document", [b"", b"x" * 262_145])
def test_what_is_no_document(document: bytes, stores: list[EmbeddedStore]) -> None:
    with pytest.raises(DocumentError):
        document_digest(document)
    with pytest.raises(DocumentError):
        keep_document(document, stores)
    assert stores[0].pins() == frozenset()


def test_a_store_that_holds_something_else_is_found_out(stores: list[EmbeddedStore]) -> None:
    cid = keep_document(b"a purpose", stores)
    path = next((stores[0].directory / "objects").rglob(str(cid)))
    path.chmod(0o600)
    path.write_bytes(b"b purpose")

    with pytest.raises(CidMismatchError):
        read_document(stores[0], Digest(cid.digest))
    with pytest.raises(NotStoredError):
        read_document(stores[0], Digest(bytes(32)))


def test_input_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "in.txt"
    file.write_bytes(b"abc")
    assert read_input(file) == b"abc"
    assert read_input(file, limit=3) == b"abc"

    with pytest.raises(DocumentError, match="3 bytes, not 1 to 2"):
        read_input(file, limit=2)
    file.write_bytes(b"")
    with pytest.raises(DocumentError, match="0 bytes"):
        read_input(file)
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(PathError):
            read_input(path)
