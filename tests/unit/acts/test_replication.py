"""Copies in further stores: complete, read back, not made twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.acts.replication import replicate
from ledger.crypto.derive import DatasetKey
from ledger.errors import CidMismatchError
from ledger.model.cid import Cid
from ledger.sealing.seal import Sealed, seal
from ledger.sealing.verify import verify
from ledger.storage.embedded import EmbeddedStore
from tests.support.institution import study


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[list[EmbeddedStore]]:
    with EmbeddedStore(tmp_path / "a") as first, EmbeddedStore(tmp_path / "b") as second:
        yield [first, second]


@pytest.fixture
def sealed(stores: list[EmbeddedStore], tmp_path: Path) -> Sealed:
    return seal(study(tmp_path / "study"), stores[0], DatasetKey.generate(), state=tmp_path / "state")


def test_the_copy_is_whole_and_pinned(stores: list[EmbeddedStore], sealed: Sealed) -> None:
    replicate(sealed.manifest, sealed.manifest_cid, stores)

    assert verify(stores[1], sealed.manifest_cid) == sealed.manifest
    assert stores[1].pins() == stores[0].pins()


def test_twice_copies_once(stores: list[EmbeddedStore], sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    replicate(sealed.manifest, sealed.manifest_cid, stores)
    for cid in stores[1].pins():
        stores[1].unpin(cid)

    def never(*_: object, **__: object) -> Cid:
        raise AssertionError

    monkeypatch.setattr(stores[1], "add", never)
    replicate(sealed.manifest, sealed.manifest_cid, stores)

    assert stores[1].pins() == stores[0].pins()


def test_a_store_that_names_something_else_is_found_out(
    stores: list[EmbeddedStore], sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores[1], "add", lambda *_, **__: Cid.from_digest(bytes(32)))

    with pytest.raises(CidMismatchError, match="copy is not the original"):
        replicate(sealed.manifest, sealed.manifest_cid, stores)


def test_a_store_that_damages_what_it_has_is_found_out(stores: list[EmbeddedStore], sealed: Sealed) -> None:
    replicate(sealed.manifest, sealed.manifest_cid, stores)
    body = next((stores[1].directory / "objects").rglob(str(sealed.manifest.files[0].body)))
    body.chmod(0o600)
    body.write_bytes(b"x" * body.stat().st_size)

    with pytest.raises(CidMismatchError):
        replicate(sealed.manifest, sealed.manifest_cid, stores)


def test_one_store_needs_no_copy(stores: list[EmbeddedStore], sealed: Sealed) -> None:
    replicate(sealed.manifest, sealed.manifest_cid, stores[:1])

    assert stores[1].pins() == frozenset()
