from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import PathError, UsageError
from ledger.sealing.destination import Destination, DifferentError, Tree, new_file
from tests.support.sealing import read_tree, write_tree


def test_nothing_is_there_before_the_end(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with Destination(target, "tag") as destination:
        with destination.create("a/b") as sink:
            sink(memoryview(b"second"), 6)
            sink(memoryview(b"first "), 0)
        destination.make_directory("c/d")
        destination.make_directory("c/d")
        assert not target.exists()
        destination.finish()
    assert read_tree(target) == {"a": None, "a/b": b"first second", "c": None, "c/d": None}
    assert list(tmp_path.iterdir()) == [target]


def test_without_the_end_nothing_is_left(tmp_path: Path) -> None:
    with Destination(tmp_path / "out", "tag") as destination, destination.create("a") as sink:
        sink(memoryview(b"x"), 0)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_failed_gets_no_name(tmp_path: Path) -> None:
    with Destination(tmp_path / "out", "tag") as destination:
        with destination.create("good") as sink:
            sink(memoryview(b"x"), 0)
        with pytest.raises(ZeroDivisionError), destination.create("bad") as sink:
            sink(memoryview(b"x"), 1 // 0)
        destination.finish()
    assert read_tree(tmp_path / "out") == {"good": b"x"}


def test_two_cannot_write_the_same_tree(tmp_path: Path) -> None:
    with Destination(tmp_path / "out", "tag") as first:
        with pytest.raises(UsageError, match="is being written already"):
            Destination(tmp_path / "out", "tag")
        with first.create("a") as sink:
            sink(memoryview(b"x"), 0)
        first.finish()
    assert read_tree(tmp_path / "out") == {"a": b"x"}


def test_what_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    with Destination(tmp_path / "out", "tag") as destination:
        write_tree(tmp_path / "out", {"mine": b"x"})
        with pytest.raises(PathError, match="cannot be written: directory not empty"):
            destination.finish()
    assert read_tree(tmp_path) == {"out": None, "out/mine": b"x"}


@pytest.mark.parametrize("path", ["link/file", "file/below"])
def test_links_and_files_are_no_directories_to_write_in(tmp_path: Path, path: str) -> None:
    write_tree(tmp_path / "elsewhere", {})
    with Destination(tmp_path / "out", "tag") as destination:
        (destination.tree.root / "link").symlink_to(tmp_path / "elsewhere")
        (destination.tree.root / "file").write_bytes(b"x")
        with pytest.raises(PathError, match="cannot be written"), destination.create(path):
            pytest.fail("it was created")
    assert read_tree(tmp_path) == {"elsewhere": None}


@pytest.mark.parametrize(("path", "size"), [("b", 1), ("a", 2), ("a", 4), ("link", 3), ("d", 0), ("d/x", 1)])
def test_comparing_notices_what_is_not_the_same_file(tmp_path: Path, path: str, size: int) -> None:
    write_tree(tmp_path, {"a": b"abc"}, ("d",))
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with Tree(tmp_path) as tree:
        with tree.compared("a", 3) as sink:
            sink(memoryview(b"ab"), 0)
            sink(memoryview(b"c"), 2)
            with pytest.raises(DifferentError):
                sink(memoryview(b"d"), 2)
        with pytest.raises(DifferentError), tree.compared(path, size):
            pytest.fail("it was taken for the same")


def test_a_new_file_does_not_follow_a_link(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"mine")
    (tmp_path / "link").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic links"), new_file(tmp_path / "link"):
        pytest.fail("it was followed")
    assert (tmp_path / "other").read_bytes() == b"mine"
