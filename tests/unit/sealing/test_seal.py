from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.crypto.derive import DatasetKey
from ledger.errors import (
    ChangedWhileReadingError,
    InputError,
    IntegrityError,
    NoSpaceError,
    PathError,
    StoreUnavailableError,
    UsageError,
)
from ledger.model.cid import Cid
from ledger.model.manifest import FileEntry
from ledger.sealing import seal as module
from ledger.sealing.open import open_dataset, read_listing
from ledger.sealing.seal import seal
from ledger.storage.store import Store
from ledger.storage.unixfs import Dag
from tests.support.sealing import BOUNDARIES, Bench, content, read_tree, write_tree

FILES = {f"f{size}": content(size) for size in BOUNDARIES} | {"ä/日本 語": b"x", "a/b/c": b"y", ".hidden": b"z"}


class Spy:
    """A store that counts what it is given, and fails when it is told to."""

    def __init__(self, store: Store, **fail: Any) -> None:
        self._store, self._fail = store, fail
        self.adopted: list[Cid] = []
        self.opened: list[Cid] = []

    def adopt(self, body: Path, nodes: Path | None, dag: Dag, *, pin: bool = True) -> Cid:
        if self._fail.get("adopt_after") == len(self.adopted):
            raise StoreUnavailableError("The store is down", why="nobody answers", fix="start it")
        self.adopted.append(self._store.adopt(body, nodes, dag, pin=pin))
        named: Cid = self._fail.get("adopt_as", self.adopted[-1])
        return named

    def open(self, cid: Cid) -> Iterator[bytes]:
        self.opened.append(cid)
        if self._fail.get("open"):
            raise StoreUnavailableError("The store is down", why="nobody answers", fix="start it")
        return self._store.open(cid)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def names(bench: Bench, sealed: module.Sealed) -> list[str]:
    return [file.path for file in read_listing(bench.store, sealed.manifest, bench.key).files]


def test_a_tree_becomes_bodies_and_a_manifest(bench: Bench) -> None:
    sealed = bench.seal(FILES)
    assert bench.store.get_bytes(sealed.manifest_cid, limit=10**6) == sealed.manifest.canonical_bytes()
    assert sealed.manifest.key_commitment == "0x" + bench.key.commitment.hex()
    assert sealed.manifest.plaintext_size == sum(map(len, FILES.values()))
    assert [entry.index for entry in sealed.manifest.files] == list(range(len(FILES) + 1))
    assert sorted(names(bench, sealed)) == sorted(FILES)


def test_names_are_only_in_the_encrypted_listing(bench: Bench) -> None:
    bench.seal({"patient-name": b"content of the file"})
    kept = [path for root in (bench.state, bench.store.directory) for path in root.rglob("*")]
    data = b"".join(path.read_bytes() for path in kept if path.is_file())
    for secret in (b"patient-name", b"content of the file", bench.key.secret, bench.key.session_key(1)):
        assert secret not in data
        assert secret.hex().encode() not in data
    assert not any("patient" in path.name for path in kept)


def test_everything_is_pinned_and_nothing_left_over(bench: Bench) -> None:
    sealed = bench.seal(FILES)
    bodies = {entry.body for entry in sealed.manifest.files}
    assert bench.store.pins() == bodies | {sealed.manifest_cid}
    assert sorted(path.name for path in bench.state.iterdir()) == ["journal", "lock"]


def test_the_source_is_not_touched(bench: Bench) -> None:
    bench.seal(FILES)
    assert {path: data for path, data in read_tree(bench.source).items() if data is not None} == FILES


def test_a_single_file_is_a_dataset_of_one(bench: Bench) -> None:
    bench.source.write_bytes(b"data")
    sealed = bench.seal()
    assert names(bench, sealed) == ["source"]
    open_dataset(bench.store, sealed.manifest_cid, bench.key, bench.out)
    assert read_tree(bench.out) == {"source": b"data"}


def test_an_empty_tree_is_a_dataset_of_none(bench: Bench) -> None:
    sealed = bench.seal({})
    assert sealed.manifest.contents == ()
    open_dataset(bench.store, sealed.manifest_cid, bench.key, bench.out)
    assert read_tree(bench.out) == {}


def test_twice_is_once(bench: Bench) -> None:
    first = bench.seal(FILES)
    store = Spy(bench.store)
    assert seal(bench.source, store, bench.key, state=bench.state) == first
    assert (store.adopted, store.opened) == ([], [])


def test_another_key_shares_nothing(bench: Bench) -> None:
    first = bench.seal({"a": b"same"})
    other = seal(bench.source, bench.store, DatasetKey.generate(), state=bench.state)
    assert not {entry.body for entry in first.manifest.files} & {entry.body for entry in other.manifest.files}


def test_only_what_changed_is_encrypted_again(bench: Bench) -> None:
    first = bench.seal({"a": b"1", "b": b"2", "c": b"3"})
    (bench.source / "b").write_bytes(b"changed")
    store = Spy(bench.store)
    second = seal(bench.source, store, bench.key, state=bench.state)
    assert store.adopted == [second.manifest.entry(2).body]
    for index in (0, 1, 3):
        assert second.manifest.entry(index) == first.manifest.entry(index)
    open_dataset(bench.store, second.manifest_cid, bench.key, bench.out)
    assert read_tree(bench.out)["b"] == b"changed"


def test_a_file_encrypted_again_has_new_nonces(bench: Bench) -> None:
    first = bench.seal({"a": content(200_000)})
    stat = (bench.source / "a").stat()
    os.utime(bench.source / "a", ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    second = bench.seal()
    bodies = [bench.body(sealed.manifest.entry(1)) for sealed in (first, second)]
    nonces = {body[at : at + 12] for body in bodies for at in range(0, len(body), 65_564)}
    assert len(nonces) == 8


@pytest.mark.parametrize("done", [0, 1, 2, 3])
def test_it_goes_on_where_a_store_failed(bench: Bench, done: int) -> None:
    files = {"a": b"1", "b": b"2", "c": b"3"}
    (bench.source).mkdir()
    for name, data in files.items():
        (bench.source / name).write_bytes(data)
    failing = Spy(bench.store, adopt_after=done)
    with pytest.raises(StoreUnavailableError):
        seal(bench.source, failing, bench.key, state=bench.state)
    assert sorted(path.name for path in bench.state.iterdir()) == ["journal", "lock"]
    again = Spy(bench.store)
    sealed = seal(bench.source, again, bench.key, state=bench.state)
    assert len(again.adopted) == 4 - done
    assert set(failing.adopted) | set(again.adopted) == {entry.body for entry in sealed.manifest.files}


def test_a_body_that_was_never_read_back_is_before_it_counts(bench: Bench) -> None:
    bench.source.mkdir()
    (bench.source / "a").write_bytes(b"1")
    failing = Spy(bench.store, open=True)
    with pytest.raises(StoreUnavailableError):
        seal(bench.source, failing, bench.key, state=bench.state)
    again = Spy(bench.store)
    sealed = seal(bench.source, again, bench.key, state=bench.state)
    assert again.adopted == [sealed.manifest.listing.body]
    assert set(again.opened) >= {entry.body for entry in sealed.manifest.files}


def test_a_body_that_lost_its_pin_gets_it_back(bench: Bench) -> None:
    first = bench.seal({"a": b"1"})
    bench.store.unpin(first.manifest.entry(1).body)
    assert bench.seal() == first
    assert first.manifest.entry(1).body in bench.store.pins()


def test_a_body_that_a_crash_left_damaged_is_made_again(bench: Bench) -> None:
    bench.source.mkdir()
    (bench.source / "a").write_bytes(b"1")
    failing = Spy(bench.store, open=True)
    with pytest.raises(StoreUnavailableError):
        seal(bench.source, failing, bench.key, state=bench.state)
    (left,) = failing.adopted
    (path,) = bench.store.directory.glob(f"objects/*/{left}")
    path.chmod(0o600)
    path.write_bytes(b"")
    sealed = bench.seal()
    assert left not in {entry.body for entry in sealed.manifest.files} | bench.store.pins()
    open_dataset(bench.store, sealed.manifest_cid, bench.key, bench.out)
    assert read_tree(bench.out) == {"a": b"1"}


def test_what_the_store_lost_is_encrypted_again(bench: Bench) -> None:
    first = bench.seal({"a": b"1", "b": b"2"})
    bench.store.unpin(first.manifest.entry(1).body)
    assert bench.store.collect_garbage() == 1
    second = bench.seal()
    assert second.manifest.entry(1) != first.manifest.entry(1)
    assert second.manifest.entry(2) == first.manifest.entry(2)


def test_a_store_that_names_another_cid_is_not_believed(bench: Bench) -> None:
    other = bench.store.put_bytes(b"other")
    bench.source.mkdir()
    (bench.source / "a").write_bytes(b"1")
    with pytest.raises(IntegrityError, match="did not keep what it was given"):
        seal(bench.source, Spy(bench.store, adopt_as=other), bench.key, state=bench.state)


def test_a_store_that_gives_back_something_else_is_not_believed(bench: Bench) -> None:
    class Forgetful(Spy):
        def open(self, cid: Cid) -> Iterator[bytes]:
            return (part[:-1] + bytes([part[-1] ^ 1]) for part in super().open(cid))

    bench.source.mkdir()
    (bench.source / "a").write_bytes(content(100_000))
    with pytest.raises(IntegrityError, match="did not keep what it was given"):
        seal(bench.source, Forgetful(bench.store), bench.key, state=bench.state)
    assert bench.seal().manifest.entry(1).plaintext_size == 100_000


def test_progress_tells_encryption_and_reading_back(bench: Bench) -> None:
    told: list[tuple[int, int, str]] = []
    bench.seal({"a": content(70_000), "b": b""})
    for state in ("other", "state"):  # all new, all remembered
        told.clear()
        seal(
            bench.source,
            bench.store,
            bench.key,
            state=bench.root / state,
            progress=lambda done, total, path: told.append((done, total, path)),
        )
        assert told[-1][:2] == (140_056, 140_056)
        assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
        assert {path for _, _, path in told} <= {"a", "b"}


def test_what_is_no_regular_file_is_refused(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"secret of somebody else")
    targets: list[Path | None] = [tmp_path / "outside", Path("/nowhere"), tmp_path, None]
    for index, target in enumerate(targets):
        root = tmp_path / f"tree-{index}"
        (root / "sub").mkdir(parents=True)
        (root / "sub" / "odd").symlink_to(target) if target else os.mkfifo(root / "sub" / "odd")
        with pytest.raises(PathError, match=r"sub/odd cannot be used"):
            seal(root, bench.store, bench.key, state=bench.state)
    (tmp_path / "link").symlink_to(tmp_path / "tree-0")
    with pytest.raises(PathError, match="a symbolic link"):
        seal(tmp_path / "link", bench.store, bench.key, state=bench.state)
    assert bench.store.pins() == frozenset()


def test_a_file_that_may_not_be_read_is_refused() -> None:
    with tempfile.TemporaryDirectory() as name, Bench.at(Path(name)) as bench:
        write_tree(bench.source, {"a": b"1", "locked": b"2"})
        (bench.source / "locked").chmod(0)
        for path in (bench.root, bench.source, *bench.store.directory.rglob("*"), bench.store.directory):
            path.chmod(0o777)
        was = os.geteuid()
        os.seteuid(65_534)  # the superuser may read everything
        try:
            with pytest.raises(PathError, match="locked cannot be read: permission denied"):
                bench.seal()
        finally:
            os.seteuid(was)
        assert sorted(path.name for path in bench.state.iterdir()) == ["journal", "lock"]


def test_a_source_that_holds_the_state_is_refused(bench: Bench) -> None:
    write_tree(bench.source, {"a": b"1"})
    for state in (bench.source, bench.source / "state", bench.source / "x" / ".." / "state"):
        with pytest.raises(UsageError, match="cannot be sealed"):
            seal(bench.source, bench.store, bench.key, state=state)
    assert read_tree(bench.source) == {"a": b"1"}


def test_a_missing_source_is_refused(bench: Bench) -> None:
    with pytest.raises(PathError, match="cannot be read"):
        bench.seal()
    assert not bench.state.exists()


def test_a_name_that_is_not_utf_8_is_refused(bench: Bench) -> None:
    bench.source.mkdir()
    os.close(os.open(os.fsencode(bench.source) + b"/\xff", os.O_CREAT))
    with pytest.raises(PathError, match="not UTF-8"):
        bench.seal()


class Disturbed(Spy):
    """Does something to the source when the first body is given to the store."""

    def __init__(self, store: Store, act: Any) -> None:
        super().__init__(store)
        self._act = act

    def adopt(self, body: Path, nodes: Path | None, dag: Dag, *, pin: bool = True) -> Cid:
        if not self.adopted:
            self._act()
        return super().adopt(body, nodes, dag, pin=pin)


@pytest.mark.parametrize("disturb", ["change done", "change next", "remove next", "add", "replace next by link"])
def test_a_tree_that_changes_meanwhile_is_refused(bench: Bench, disturb: str) -> None:
    bench.source.mkdir()
    for name in "ab":
        (bench.source / name).write_bytes(b"1")

    def act() -> None:
        match disturb:
            case "change done":
                (bench.source / "a").write_bytes(b"more")
            case "change next":
                (bench.source / "b").write_bytes(b"more")
            case "remove next":
                (bench.source / "b").unlink()
            case "add":
                (bench.source / "c").write_bytes(b"1")
            case _:
                (bench.source / "b").unlink()
                (bench.source / "b").symlink_to("/etc/hostname")

    with pytest.raises((ChangedWhileReadingError, PathError), match=r"^[abc] (changed|cannot be)"):
        seal(bench.source, Disturbed(bench.store, act), bench.key, state=bench.state)
    assert not [path for path in bench.state.iterdir() if path.name not in ("journal", "lock")]


def test_an_unreadable_file_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.source.mkdir()
    (bench.source / "a").write_bytes(b"1")
    read = os.preadv

    def fail(descriptor: int, buffers: Any, offset: int) -> int:
        if Path(f"/proc/self/fd/{descriptor}").readlink() == bench.source / "a":
            raise OSError(5, os.strerror(5))
        return read(descriptor, buffers, offset)

    monkeypatch.setattr("os.preadv", fail)
    with pytest.raises(PathError, match="a cannot be read: input/output error"):
        bench.seal()


def test_two_cannot_seal_with_one_state(bench: Bench) -> None:
    bench.source.mkdir()
    (bench.source / "a").write_bytes(b"1")
    refused: list[str] = []

    def act() -> None:
        with pytest.raises(UsageError, match="being sealed already") as error:
            bench.seal()
        refused.append(str(error.value))

    seal(bench.source, Disturbed(bench.store, act), bench.key, state=bench.state)
    assert len(refused) == 1


def test_a_full_disk_leaves_no_half_body(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr("os.pwrite", full)
        with pytest.raises(NoSpaceError):
            bench.seal(FILES)
    assert not (bench.state / "body").exists()
    assert bench.seal().manifest.plaintext_size == sum(map(len, FILES.values()))


def test_too_many_files_are_refused_before_anything_is_done(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILES", 3)
    with pytest.raises(InputError, match="at most 2"):
        bench.seal({"a": b"", "b": b"", "c": b""})
    assert bench.store.pins() == frozenset()


def test_a_forged_journal_does_not_get_a_foreign_body_into_the_manifest(bench: Bench) -> None:
    first = bench.seal({"a": b"1"})
    journal = bench.state / "journal"
    forged: FileEntry = replace_body(first.manifest.entry(1), bench.store.put_bytes(b"foreign"))
    text = journal.read_text().replace(str(first.manifest.entry(1).body), str(forged.body))
    journal.write_text(text)
    assert forged.body not in {entry.body for entry in bench.seal().manifest.files}


def replace_body(entry: FileEntry, body: Cid) -> FileEntry:
    return entry.model_copy(update={"body": body})
