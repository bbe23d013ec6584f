"""Content from a store to the disk: whole and checked, or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.acts.fetch import fetch
from ledger.errors import CidMismatchError, IntegrityError, NoSpaceError, PathError
from ledger.model.cid import Cid
from ledger.storage.directory import DirectoryEntry
from ledger.storage.embedded import EmbeddedStore
from ledger.storage.unixfs import Dag, cid_of_bytes
from tests.support.institution import contents, study


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with EmbeddedStore(tmp_path / "store") as opened:
        yield opened


def test_a_tree_comes_out_as_it_went_in(store: EmbeddedStore, tmp_path: Path) -> None:
    source = study(tmp_path / "study")
    (source / "large.bin").write_bytes(os.urandom(700_000))
    cid = store.add_directory(source)
    told: list[int] = []

    written = fetch(store, cid, tmp_path / "copy", lambda done, _total, _path: told.append(done))

    assert contents(tmp_path / "copy") == contents(source)
    assert written == told[-1] == sum(len(data) for data in contents(source).values() if data)


@pytest.mark.parametrize("size", [0, 1, 262_144, 262_145, 600_000])
def test_a_file_comes_out_as_it_went_in(store: EmbeddedStore, tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    cid = store.put_bytes(data)

    assert fetch(store, cid, tmp_path / "copy") == size
    assert (tmp_path / "copy").read_bytes() == data


def test_nothing_is_written_over_and_no_link_followed(store: EmbeddedStore, tmp_path: Path) -> None:
    cid = store.put_bytes(b"new")
    (tmp_path / "taken").write_bytes(b"old")
    (tmp_path / "dangling").symlink_to(tmp_path / "elsewhere")

    for name in ("taken", "dangling"):
        with pytest.raises(PathError, match="exists"):
            fetch(store, cid, tmp_path / name)
    with pytest.raises(PathError, match="no such file"):
        fetch(store, cid, tmp_path / "no" / "where")

    assert (tmp_path / "taken").read_bytes() == b"old"
    assert not (tmp_path / "elsewhere").exists()


def test_damaged_content_leaves_nothing_behind(store: EmbeddedStore, tmp_path: Path) -> None:
    source = study(tmp_path / "study")
    cid = store.add_directory(source)
    damaged = next((store.directory / "objects").rglob(str(cid_of_bytes((source / "table.csv").read_bytes()))))
    damaged.chmod(0o600)
    damaged.write_bytes(b"x" * damaged.stat().st_size)
    before = sorted(tmp_path.iterdir())

    with pytest.raises(CidMismatchError):
        fetch(store, cid, tmp_path / "copy")

    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "../../etc/passwd", "/etc/passwd", "a\0b"])
def test_a_name_that_leads_out_is_refused(
    store: EmbeddedStore, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store whose directories were made by somebody hostile."""
    leaf = cid_of_bytes(b"x")
    store.put_bytes(b"x")
    cid = store.add_directory(study(tmp_path / "study"))

    def hostile(_store: EmbeddedStore, _cid: Cid) -> tuple[DirectoryEntry, ...]:
        return (DirectoryEntry(name, Dag(leaf, 1, 1)),)

    monkeypatch.setattr(EmbeddedStore, "entries", hostile)
    with pytest.raises(IntegrityError, match="lead out of it"):
        fetch(store, cid, tmp_path / "copy")

    assert not (tmp_path / "copy").exists()


def test_a_full_disk_leaves_nothing_behind(
    store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cid = store.put_bytes(b"x" * 1_000)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NoSpaceError):
        fetch(store, cid, tmp_path / "copy")

    assert sorted(tmp_path.iterdir()) == [tmp_path / "store"]
