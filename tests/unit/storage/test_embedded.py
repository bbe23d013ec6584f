from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import (
    ChangedWhileReadingError,
    CidMismatchError,
    DocumentError,
    IntegrityError,
    NoSpaceError,
    NotStoredError,
    PathError,
    StoreUnavailableError,
)
from ledger.model.cid import Cid, Codec
from ledger.storage import embedded
from ledger.storage.embedded import EmbeddedStore
from ledger.storage.nodes import NodeWriter
from ledger.storage.store import Store, read_back
from ledger.storage.tree import cid_of_path
from ledger.storage.unixfs import CidBuilder, Dag, cid_of_bytes
from tests.support.storage_cases import CHUNK, FILES, TREES, content, make_tree

TWO = content(CHUNK + 1)
ABSENT = Cid(Codec.DAG_PB, bytes(32))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(directory: Path) -> Iterator[EmbeddedStore]:
    with EmbeddedStore(directory) as store:
        yield store


def _sealed(path: Path, data: bytes) -> tuple[Path, Path, Dag]:
    body, nodes = path / "body", path / "body.nodes"
    with body.open("wb") as out, NodeWriter(nodes) as sink:
        builder = CidBuilder(sink)
        builder.update(data)
        out.write(data)
        return body, nodes, builder.finish()


def _files(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def test_it_is_a_store(store: EmbeddedStore) -> None:
    assert isinstance(store, Store)


@pytest.mark.parametrize(("size", "cid"), [item for item in FILES.items() if item[0] <= CHUNK + 1])
def test_bytes_come_back_under_the_cid_kubo_gives(store: EmbeddedStore, size: int, cid: str) -> None:
    stored = store.put_bytes(content(size))
    assert str(stored) == cid
    assert b"".join(store.open(stored)) == content(size)
    assert store.size(stored) == size == read_back(store, stored)
    assert store.has(stored)
    assert store.pins() == {stored}


def test_a_file_and_a_stream_are_the_same(store: EmbeddedStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(TWO)
    seen: list[tuple[int, int, str]] = []
    cid = store.add(tmp_path / "file", progress=lambda *step: seen.append(step))
    assert seen == [(len(TWO), len(TWO), str(tmp_path / "file"))]
    assert store.add(io.BytesIO(TWO), progress=lambda *step: seen.append(step)) == cid
    assert seen[-1] == (len(TWO), 0, "")


def test_a_restart_loses_nothing(directory: Path) -> None:
    with EmbeddedStore(directory) as store:
        kept, loose = store.put_bytes(TWO), store.put_bytes(b"loose", pin=False)
    with EmbeddedStore(directory) as store:
        assert store.pins() == {kept}
        assert store.get_bytes(kept, limit=len(TWO)) == TWO
        assert store.get_bytes(loose, limit=5) == b"loose"


def test_twice_is_once(store: EmbeddedStore, directory: Path) -> None:
    cid = store.put_bytes(TWO)
    before = _files(directory)
    assert store.put_bytes(TWO) == cid
    assert _files(directory) == before


def test_no_draft_is_left(store: EmbeddedStore, directory: Path) -> None:
    store.put_bytes(TWO)
    assert list((directory / "tmp").iterdir()) == []


def test_what_is_stored_never_shares_its_file_with_a_draft(store: EmbeddedStore, directory: Path) -> None:
    store.put_bytes(TWO)
    assert {path.stat().st_nlink for path in (directory / "objects").glob("*/*")} == {1}


def test_limits_are_kept(store: EmbeddedStore) -> None:
    cid = store.put_bytes(b"12345")
    assert store.get_bytes(cid, limit=5) == b"12345"
    with pytest.raises(DocumentError, match="at most 4 bytes"):
        store.get_bytes(cid, limit=4)


def test_what_is_not_there_is_not_stored(store: EmbeddedStore) -> None:
    for cid in (ABSENT, cid_of_bytes(b"absent")):
        assert not store.has(cid)
        for ask in (lambda c=cid: list(store.open(c)), lambda c=cid: store.size(c), lambda c=cid: store.pin(c)):
            with pytest.raises(NotStoredError):
                ask()
        store.unpin(cid)


class TestAdopt:
    def test_a_body_is_moved_and_read_back(self, store: EmbeddedStore, tmp_path: Path) -> None:
        body, nodes, dag = _sealed(tmp_path, TWO)
        inode = body.stat().st_ino
        assert store.adopt(body, nodes, dag) == dag.cid == cid_of_bytes(TWO)
        assert not body.exists()
        assert not nodes.exists()
        assert store._objects.body(dag.cid).stat().st_ino == inode
        assert read_back(store, dag.cid) == len(TWO)
        assert store.pins() == {dag.cid}

    def test_a_single_leaf_needs_no_nodes(self, store: EmbeddedStore, tmp_path: Path) -> None:
        body, nodes, dag = _sealed(tmp_path, b"leaf")
        assert store.adopt(body, nodes, dag, pin=False) == dag.cid
        assert not nodes.exists()
        (tmp_path / "again").write_bytes(b"leaf")
        assert store.adopt(tmp_path / "again", None, dag) == dag.cid
        assert store.get_bytes(dag.cid, limit=4) == b"leaf"
        assert not (tmp_path / "again").exists()

    @pytest.mark.parametrize("crash", ["after the body", "after the nodes", "before the pin"])
    def test_interrupted_it_can_be_repeated(
        self, store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crash: str
    ) -> None:
        body, nodes, dag = _sealed(tmp_path, TWO)
        place = store._objects.place
        steps = iter(["after the body", "after the nodes"])

        def crash_after(*args: Path) -> None:
            place(*args)
            if next(steps) == crash:
                raise KeyboardInterrupt

        def crash_at_pin(_: Cid) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(store._objects, "place", crash_after)
            patch.setattr(store._objects, "pin", crash_at_pin)
            with pytest.raises(KeyboardInterrupt):
                store.adopt(body, nodes, dag)
        assert store.pins() == frozenset()
        assert store.adopt(body, nodes, dag) == dag.cid
        assert read_back(store, dag.cid) == len(TWO)
        assert store.pins() == {dag.cid}

    def test_another_file_system_is_copied_from(
        self, store: EmbeddedStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body, nodes, dag = _sealed(tmp_path, TWO)
        replace = Path.replace

        def across(source: Path, target: Path) -> Path:
            if source.parent == tmp_path:
                raise OSError(18, "Invalid cross-device link")
            return replace(source, target)

        monkeypatch.setattr(Path, "replace", across)
        store.adopt(body, nodes, dag)
        assert read_back(store, dag.cid) == len(TWO)
        assert not body.exists()
        assert not nodes.exists()

    def test_a_body_of_another_length_is_refused_and_left(self, store: EmbeddedStore, tmp_path: Path) -> None:
        body, nodes, dag = _sealed(tmp_path, TWO)
        body.write_bytes(TWO[:-1])
        with pytest.raises(CidMismatchError, match=f"that has {len(TWO)} bytes"):
            store.adopt(body, nodes, dag)
        assert body.exists()
        assert not store.has(dag.cid)

    def test_another_leaf_is_refused(self, store: EmbeddedStore, tmp_path: Path) -> None:
        body, nodes, dag = _sealed(tmp_path, b"leaf")
        body.write_bytes(b"fael")
        with pytest.raises(CidMismatchError):
            store.adopt(body, nodes, dag)
        assert not store.has(dag.cid)

    def test_nodes_that_do_not_belong_are_refused(self, store: EmbeddedStore, tmp_path: Path) -> None:
        body, nodes, dag = _sealed(tmp_path, TWO)
        with pytest.raises(CidMismatchError):
            store.adopt(body, None, dag)
        (tmp_path / "other").mkdir()
        _, other, _ = _sealed(tmp_path / "other", content(CHUNK + 2))
        with pytest.raises(CidMismatchError):
            store.adopt(body, other, dag)
        assert store.adopt(body, nodes, dag) == dag.cid

    def test_a_body_that_differs_inside_is_found_by_reading_back(self, store: EmbeddedStore, tmp_path: Path) -> None:
        body, nodes, dag = _sealed(tmp_path, TWO)
        body.write_bytes(TWO[:-1] + bytes([TWO[-1] ^ 1]))
        store.adopt(body, nodes, dag)
        with pytest.raises(CidMismatchError):
            read_back(store, dag.cid)

    def test_a_symbolic_link_is_refused(self, store: EmbeddedStore, tmp_path: Path) -> None:
        body, nodes, dag = _sealed(tmp_path, TWO)
        (tmp_path / "link").symlink_to(body)
        with pytest.raises(PathError, match="symbolic link"):
            store.adopt(tmp_path / "link", nodes, dag)


def _damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    path.chmod(0o644)
    changed = {
        "a flipped bit": data[:1] + bytes([data[1] ^ 1]) + data[2:],
        "cut in half": data[: len(data) // 2],
        "empty": b"",
        "zeroed": bytes(len(data)),
        "one byte more": data + b"x",
        "of something else": content(len(data) + 5)[5:],
    }
    path.write_bytes(changed[how])


DAMAGES = ["a flipped bit", "cut in half", "empty", "zeroed", "of something else"]


class TestDamage:
    @pytest.mark.parametrize("how", DAMAGES)
    @pytest.mark.parametrize("data", [content(1000), TWO], ids=["leaf", "two leaves"])
    def test_a_damaged_body_is_never_given_out(self, store: EmbeddedStore, data: bytes, how: str) -> None:
        cid = store.put_bytes(data)
        _damage(store._objects.body(cid), how)
        with pytest.raises(CidMismatchError):
            read_back(store, cid)

    def test_bytes_behind_the_end_are_never_given_out(self, store: EmbeddedStore) -> None:
        short, long = store.put_bytes(b"leaf"), store.put_bytes(TWO)
        for cid in (short, long):
            _damage(store._objects.body(cid), "one byte more")
        with pytest.raises(CidMismatchError):
            read_back(store, short)
        assert b"".join(store.open(long)) == TWO

    @pytest.mark.parametrize("how", [*DAMAGES, "one byte more"])
    def test_damaged_nodes_are_never_used(self, store: EmbeddedStore, how: str) -> None:
        cid = store.put_bytes(TWO)
        _damage(store._objects.nodes(cid), how)
        with pytest.raises(CidMismatchError):
            read_back(store, cid)
        with pytest.raises(CidMismatchError):
            store.size(cid)

    @pytest.mark.parametrize("part", ["body", "nodes"])
    def test_adding_the_content_again_mends_it(self, store: EmbeddedStore, part: str) -> None:
        cid = store.put_bytes(TWO)
        _damage(getattr(store._objects, part)(cid), "zeroed")
        assert store.put_bytes(TWO) == cid
        assert b"".join(store.open(cid)) == TWO

    def test_a_lost_body_is_not_stored(self, store: EmbeddedStore) -> None:
        cid = store.put_bytes(TWO)
        store._objects.body(cid).unlink()
        with pytest.raises(NotStoredError):
            read_back(store, cid)

    def test_a_leaf_longer_than_a_leaf_may_be_is_refused(self, store: EmbeddedStore) -> None:
        cid = store.put_bytes(b"leaf")
        store._objects.body(cid).write_bytes(bytes(10 * CHUNK))
        with pytest.raises(CidMismatchError):
            store.get_bytes(cid, limit=100)


class TestDirectories:
    @pytest.mark.parametrize("kind", ["empty", "nested"])
    def test_the_cid_is_the_one_kubo_gives(self, store: EmbeddedStore, tmp_path: Path, kind: str) -> None:
        cid = store.add_directory(make_tree(kind, tmp_path / "tree"))
        assert str(cid) == TREES[kind]
        assert store.pins() == {cid}

    def test_entries_lead_to_the_contents(self, store: EmbeddedStore, tmp_path: Path) -> None:
        root = make_tree("nested", tmp_path / "tree")
        seen: list[int] = []
        cid = store.add_directory(root, progress=lambda done, total, path: seen.extend((done, total, len(path))))
        entries = {entry.name: entry for entry in store.entries(cid)}
        assert set(entries) == {path.name for path in root.iterdir()}
        assert entries["z"].cid == cid_of_path(root / "z")
        assert store.entries(entries["z"].cid)[0].name == "two chunks"
        assert b"".join(store.open(entries["a.x"].cid)) == content(3)
        total = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
        assert sum(entry.dag.size for entry in entries.values()) == total == seen[-3] == seen[-2]

    def test_a_sharded_directory_is_read_again(self, store: EmbeddedStore, tmp_path: Path) -> None:
        root = tmp_path / "tree"
        root.mkdir()
        names = [f"{'n' * 240}{number:04d}" for number in range(1000)]
        for name in names:
            (root / name).touch()
        assert [entry.name for entry in store.entries(store.add_directory(root))] == names

    def test_a_directory_is_no_file_and_a_file_no_directory(self, store: EmbeddedStore, tmp_path: Path) -> None:
        tree = store.add_directory(make_tree("empty", tmp_path / "tree"))
        for ask in (lambda: list(store.open(tree)), lambda: store.size(tree)):
            with pytest.raises(IntegrityError, match="is a directory"):
                ask()
        with pytest.raises(IntegrityError, match="is not a directory"):
            store.entries(store.put_bytes(TWO))

    def test_a_single_file_may_be_given(self, store: EmbeddedStore, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(TWO)
        assert store.add_directory(tmp_path / "file") == cid_of_bytes(TWO)

    def test_a_symbolic_link_inside_is_refused_and_nothing_pinned(self, store: EmbeddedStore, tmp_path: Path) -> None:
        root = make_tree("nested", tmp_path / "tree")
        (root / "zz").symlink_to("/etc/passwd")
        with pytest.raises(PathError, match="symbolic link"):
            store.add_directory(root)
        assert store.pins() == frozenset()
        store.collect_garbage()
        assert not any((store.directory / "objects").glob("*/*"))


class TestGarbage:
    def test_what_no_pin_keeps_goes(self, store: EmbeddedStore, tmp_path: Path) -> None:
        kept = store.put_bytes(TWO)
        gone = [store.put_bytes(data, pin=False) for data in (b"a", content(CHUNK + 2))]
        tree = store.add_directory(make_tree("nested", tmp_path / "tree"))
        assert store.collect_garbage() == 2
        assert not any(store.has(cid) for cid in gone)
        assert read_back(store, kept) == len(TWO)
        assert [entry.name for entry in store.entries(tree)]
        store.unpin(tree)
        assert store.collect_garbage() > 5
        assert not store.has(tree)
        assert store.pins() == {kept}
        assert store.collect_garbage() == 0

    def test_what_a_directory_names_is_kept_though_it_was_unpinned(self, store: EmbeddedStore, tmp_path: Path) -> None:
        root = make_tree("nested", tmp_path / "tree")
        file = store.add(root / "z/two chunks")
        store.add_directory(root)
        store.unpin(file)
        store.collect_garbage()
        assert read_back(store, file) == CHUNK + 1

    def test_pinning_twice_is_once(self, store: EmbeddedStore) -> None:
        cid = store.put_bytes(b"x", pin=False)
        store.pin(cid)
        store.pin(cid)
        assert store.pins() == {cid}
        store.unpin(cid)
        store.unpin(cid)
        assert store.pins() == frozenset()

    def test_nothing_is_deleted_when_something_pinned_is_damaged(self, store: EmbeddedStore, tmp_path: Path) -> None:
        tree = store.add_directory(make_tree("nested", tmp_path / "tree"))
        loose = store.put_bytes(b"loose", pin=False)
        _damage(store._objects.nodes(tree), "zeroed")
        with pytest.raises(CidMismatchError):
            store.collect_garbage()
        store._objects.nodes(tree).unlink()
        with pytest.raises(NotStoredError):
            store.collect_garbage()
        assert store.has(loose)

    def test_a_directory_with_a_missing_part_cannot_be_pinned(self, store: EmbeddedStore, tmp_path: Path) -> None:
        root = make_tree("nested", tmp_path / "tree")
        tree = store.add_directory(root)
        store.unpin(tree)
        store._objects.body(cid_of_path(root / "a.x")).unlink()
        with pytest.raises(NotStoredError):
            store.pin(tree)
        assert store.pins() == frozenset()

    def test_a_body_without_its_nodes_goes(self, store: EmbeddedStore) -> None:
        cid = store.put_bytes(TWO, pin=False)
        store._objects.nodes(cid).unlink()
        assert not store.has(cid)
        assert store.collect_garbage() == 1
        assert not store._objects.body(cid).exists()

    def test_a_pin_that_names_nothing_stops_it(self, store: EmbeddedStore, directory: Path) -> None:
        (directory / "pins" / "what").touch()
        with pytest.raises(StoreUnavailableError, match="'what' is not a CID"):
            store.collect_garbage()

    def test_reading_goes_on_while_the_content_is_deleted(self, store: EmbeddedStore) -> None:
        cid = store.put_bytes(TWO, pin=False)
        parts = store.open(cid)
        first = next(parts)
        assert store.collect_garbage() == 1
        assert first + b"".join(parts) == TWO


class TestTrouble:
    def test_an_unreadable_source(self, store: EmbeddedStore, tmp_path: Path) -> None:
        with pytest.raises(PathError, match="no such file"):
            store.add(tmp_path / "absent")
        with pytest.raises(PathError, match="a directory"):
            store.add(tmp_path)
        (tmp_path / "link").symlink_to(tmp_path / "absent")
        with pytest.raises(PathError, match="symbolic link"):
            store.add(tmp_path / "link")

    def test_a_source_that_changes(self, store: EmbeddedStore, directory: Path, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_bytes(content(3 * 2**20))

        def grow(done: int, total: int, path: str) -> None:
            del done, total
            with Path(path).open("ab") as out:
                out.write(b"more")

        before = _files(directory)
        with pytest.raises(ChangedWhileReadingError):
            store.add(file, progress=grow)
        assert _files(directory) == before

    def test_a_full_disk(self, store: EmbeddedStore, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        before = _files(directory)

        def full(_: Path) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("ledger.storage.objects.sync_file", full)
        with pytest.raises(NoSpaceError, match="no space left"):
            store.put_bytes(TWO)
        assert _files(directory) == before
        assert store.pins() == frozenset()

    def test_a_directory_of_something_else_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.txt").write_text("mine")
        with pytest.raises(StoreUnavailableError, match="holds other files"):
            EmbeddedStore(tmp_path)
        assert _files(tmp_path) == {"thesis.txt"}

    def test_a_format_of_the_future_is_refused(self, store: EmbeddedStore, directory: Path) -> None:
        store.close()
        (directory / "format").write_text("ledger/store 2\n")
        with pytest.raises(StoreUnavailableError, match="not known to this version"):
            EmbeddedStore(directory)

    def test_a_file_in_its_place(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        for path in (tmp_path / "file", tmp_path / "file" / "below"):
            with pytest.raises(StoreUnavailableError):
                EmbeddedStore(path)

    def test_a_creation_that_was_interrupted_is_finished(self, directory: Path) -> None:
        directory.mkdir()
        (directory / "objects").mkdir()
        (directory / "lock").touch()
        with EmbeddedStore(directory) as store:
            assert read_back(store, store.put_bytes(TWO)) == len(TWO)

    def test_closed_twice_and_used_after(self, directory: Path) -> None:
        store = EmbeddedStore(directory)
        store.close()
        store.close()
        with pytest.raises(ValueError, match="descriptor"):
            store.put_bytes(b"x")

    def test_drafts_of_the_dead_are_swept_and_of_the_living_not(self, directory: Path) -> None:
        with EmbeddedStore(directory) as store:
            dead = directory / "tmp" / "dead"
            dead.mkdir()
            (dead / "body").write_bytes(TWO)
            (directory / "tmp" / "stray").touch()
            with store._objects.drafts() as alive:
                (alive / "body").write_bytes(TWO)
                EmbeddedStore(directory).close()
                assert not dead.exists()
                assert (alive / "body").exists()
                store.collect_garbage()
                assert (alive / "body").exists()
            assert list((directory / "tmp").iterdir()) == []


def test_contents_are_on_the_disk_before_their_names_and_names_before_the_pin(
    store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    fsync, replace, touch = os.fsync, Path.replace, Path.touch

    def synced(descriptor: int) -> None:
        events.append(f"fsync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        fsync(descriptor)

    def renamed(source: Path, target: Path) -> Path:
        events.append(f"rename {source.name}")
        return replace(source, target)

    def touched(path: Path) -> None:
        events.append("pin")
        touch(path)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    monkeypatch.setattr(Path, "touch", touched)
    cid = store.put_bytes(TWO)
    assert events == [
        "fsync body",
        "rename body",
        "fsync nodes",
        "rename nodes",
        "fsync objects",
        f"fsync {cid.digest[:1].hex()}",
        "pin",
        "fsync pins",
    ]


def test_the_module_shows_one_name() -> None:
    assert embedded.__all__ == ["EmbeddedStore"]
