from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import ChangedWhileReadingError, PathError
from ledger.storage.source import SourceTree
from ledger.storage.tree import cid_of_path, open_entry
from ledger.storage.unixfs import cid_of_bytes
from tests.support.storage_cases import CHUNK, content


def test_a_file_has_the_cid_of_its_bytes(tmp_path: Path) -> None:
    for size in (0, 1, CHUNK + 1):
        (tmp_path / "file").write_bytes(content(size))
        assert cid_of_path(tmp_path / "file") == cid_of_bytes(content(size))


def test_progress_ends_at_the_total(tmp_path: Path) -> None:
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "d" / "a").write_bytes(content(3 * 2**20))
    (tmp_path / "d" / "e" / "b").write_bytes(b"x")
    seen: list[tuple[int, int, str]] = []
    cid_of_path(tmp_path, progress=lambda *step: seen.append(step))
    total = 3 * 2**20 + 1
    assert seen == [(2**20, total, "d/a"), (2**21, total, "d/a"), (3 * 2**20, total, "d/a"), (total, total, "d/e/b")]


def test_the_modification_time_and_mode_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    before = cid_of_path(tmp_path)
    (tmp_path / "file").chmod(0o600)
    (tmp_path / "file").touch()
    assert cid_of_path(tmp_path) == before


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "link").symlink_to("..")
    for path in (tmp_path, tmp_path / "d" / "link"):
        with pytest.raises(PathError, match="symbolic link"):
            cid_of_path(path)


def test_a_file_that_was_replaced_after_the_walk_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with SourceTree(tmp_path) as tree:
        entry = next(iter(tree.entries()))
        (tmp_path / "new").write_bytes(b"y")
        (tmp_path / "new").rename(tmp_path / "file")
        with pytest.raises(ChangedWhileReadingError):
            open_entry(tree, entry)
