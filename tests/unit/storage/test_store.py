from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import DocumentError, StoreUnavailableError, UsageError
from ledger.storage.embedded import EmbeddedStore
from ledger.storage.opening import open_store
from ledger.storage.store import collect_bytes
from ledger.storage.unixfs import cid_of_bytes


def test_a_directory_is_an_embedded_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    urls = {f"{tmp_path}/a": "a", f"file://{tmp_path}/with%20space": "with space", "./b": "b", "~/c": "c"}
    for url, name in urls.items():
        with open_store(url) as store:
            assert isinstance(store, EmbeddedStore)
            assert store.directory == tmp_path / name


@pytest.mark.parametrize("url", ["", "ftp://host/x", "http://", "file://other/x", "s3://bucket", "a\0b", "file:"])
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is not a store"):
        open_store(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "/ip4/127.0.0.1/tcp/1", "https://[::1]:1/prefix"])
def test_an_address_is_a_daemon_that_must_answer(url: str) -> None:
    with pytest.raises(StoreUnavailableError, match="ipfs daemon"):
        open_store(url)


def test_a_document_over_the_limit_is_not_read_to_its_end() -> None:
    closed = []

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield b"x"
        finally:
            closed.append(True)

    with pytest.raises(DocumentError, match="too long"):
        collect_bytes(endless(), cid_of_bytes(b"x"), 10)
    assert closed == [True]
