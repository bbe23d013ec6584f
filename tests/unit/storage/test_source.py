from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.errors import ChangedWhileReadingError, NoSpaceError, PathError
from ledger.storage.source import MAX_DEPTH, SourceTree, disk_errors, open_file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "b" / "c").mkdir(parents=True)
    (root / "b" / "c" / "file").write_bytes(b"0123456789")
    (root / "a").write_bytes(b"a")
    (root / "b.x").write_bytes(b"")
    return root


def test_the_walk_is_parents_first_and_sorted_by_bytes(root: Path) -> None:
    with SourceTree(root) as tree:
        assert [entry.path for entry in tree.entries()] == ["a", "b", "b/c", "b/c/file", "b.x"]
        assert not tree.is_file


def test_one_file_is_a_tree_of_one(root: Path) -> None:
    with SourceTree(root / "a") as tree:
        assert tree.is_file
        assert [entry.path for entry in tree.entries()] == ["a"]
        with tree.open("a") as file:
            assert b"".join(map(bytes, file.blocks(10))) == b"a"


def test_a_file_is_read_in_blocks(root: Path) -> None:
    with SourceTree(root) as tree, tree.open("b/c/file") as file:
        assert [bytes(block) for block in file.blocks(4)] == [b"0123", b"4567", b"89"]


def _grow(path: Path) -> None:
    path.write_bytes(b"0123456789more")


def _cut(path: Path) -> None:
    path.write_bytes(b"0123")


def _rewrite(path: Path) -> None:
    path.write_bytes(b"9876543210")
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("change", [_grow, _cut, _rewrite])
def test_a_file_that_changes_is_refused(root: Path, change: Callable[[Path], None]) -> None:
    path = root / "b" / "c" / "file"
    with open_file(path) as file:
        blocks = file.blocks(6)
        next(blocks)
        change(path)
        with pytest.raises(ChangedWhileReadingError, match="changed while"):
            list(blocks)


def test_a_symbolic_link_is_never_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    with pytest.raises(PathError, match="symbolic link"):
        SourceTree(tmp_path / "link")
    (root / "b" / "out").symlink_to("/etc/passwd")
    with SourceTree(root) as tree:
        with pytest.raises(PathError, match="b/out cannot be used: it is a symbolic link"):
            list(tree.entries())
        with pytest.raises(PathError, match="symbolic link"):
            tree.open("b/out")


def test_a_directory_swapped_for_a_link_is_noticed(root: Path) -> None:
    with SourceTree(root) as tree:
        entries = list(tree.entries())
        (root / "b").rename(root / "was")
        (root / "b").symlink_to("was")
        with pytest.raises(PathError):
            tree.open(entries[3].path)


def test_special_files_are_refused(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with SourceTree(root) as tree, pytest.raises(PathError, match="it is a pipe"):
        list(tree.entries())
    with pytest.raises(PathError, match="it is a pipe"):
        open_file(root / "pipe")
    with pytest.raises(PathError, match="it is a device"):
        SourceTree(Path("/dev/null"))
    with pytest.raises(PathError, match="it is a directory"):
        open_file(root)


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        with pytest.raises(PathError, match="it is a socket"):
            SourceTree(Path("socket"))


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    for open_ in (SourceTree, open_file):
        with pytest.raises(PathError, match="no such file"):
            open_(tmp_path / "absent")


def test_a_name_that_is_not_utf8_is_refused(root: Path) -> None:
    (root / os.fsdecode(b"\xff")).touch()
    with SourceTree(root) as tree, pytest.raises(PathError, match="not UTF-8"):
        list(tree.entries())


def test_a_tree_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    (tmp_path / "/".join(["d"] * (MAX_DEPTH + 2))).mkdir(parents=True)
    with SourceTree(tmp_path) as tree, pytest.raises(PathError, match="too deeply"):
        list(tree.entries())


@pytest.mark.parametrize("number", [27, 28, 122])
def test_a_full_disk_is_said(number: int) -> None:
    with pytest.raises(NoSpaceError, match="no space left while testing"), disk_errors("testing"):
        raise OSError(number, "full")


def test_other_errors_of_the_disk_pass() -> None:
    with pytest.raises(PermissionError), disk_errors("testing"):
        raise PermissionError(13, "no")


def _open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_no_descriptor_is_left_open(root: Path) -> None:
    before = _open_descriptors()
    (root / "b" / "z").symlink_to("/")
    with SourceTree(root) as tree:
        with pytest.raises(PathError):
            list(tree.entries())
        for path in ("b/z", "b", "b/absent"):
            with pytest.raises(PathError):
                tree.open(path)
        with tree.open("b/c/file"):
            pass
    assert _open_descriptors() == before


def test_content_that_came_with_its_old_time_is_noticed(tmp_path: Path) -> None:
    # As `cp -p`, `rsync -t` and `tar x` do: same size, same modification time, other content.
    path = tmp_path / "data"
    path.write_bytes(b"old content")
    before = path.stat()
    with open_file(path) as file:
        path.write_bytes(b"NEW content")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_mtime_ns == before.st_mtime_ns
        with pytest.raises(ChangedWhileReadingError):
            file.check_unchanged()
