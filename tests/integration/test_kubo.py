"""The Kubo store against a real daemon, built from tools/kubo."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import (
    ChangedWhileReadingError,
    CidMismatchError,
    IntegrityError,
    NotStoredError,
    PathError,
    StorageError,
    StoreUnavailableError,
)
from ledger.model.cid import Cid
from ledger.storage.embedded import EmbeddedStore
from ledger.storage.kubo import KuboStore
from ledger.storage.nodes import NodeWriter
from ledger.storage.opening import open_store
from ledger.storage.store import Store, read_back
from ledger.storage.tree import cid_of_path
from ledger.storage.unixfs import CidBuilder, Dag, cid_of_bytes
from tests.support.kubo import Kubo
from tests.support.storage_cases import CHUNK, FILES, TREES, content, make_tree

TWO = content(CHUNK + 1)


@pytest.fixture(scope="module")
def kubo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubo]:
    with Kubo(tmp_path_factory.mktemp("kubo")) as kubo:
        yield kubo


@pytest.fixture
def store(kubo: Kubo) -> Iterator[KuboStore]:
    with KuboStore(kubo.url) as store:
        yield store
        for cid in store.pins():
            store.unpin(cid)
        store.collect_garbage()


def _sealed(path: Path, data: bytes) -> tuple[Path, Path, Dag]:
    body, nodes = path / "body", path / "body.nodes"
    with body.open("wb") as out, NodeWriter(nodes) as sink:
        builder = CidBuilder(sink)
        builder.update(data)
        out.write(data)
        return body, nodes, builder.finish()


def test_it_is_a_store(store: KuboStore, kubo: Kubo) -> None:
    assert isinstance(store, Store)
    with open_store(kubo.url) as opened:
        assert isinstance(opened, KuboStore)
    _, _, host_port = kubo.url.partition("//")
    host, _, port = host_port.partition(":")
    with open_store(f"/ip4/{host}/tcp/{port}") as opened:
        assert opened.pins() == frozenset()


@pytest.mark.parametrize(("size", "cid"), FILES.items())
def test_a_file_has_the_same_cid_everywhere_and_comes_back(store: KuboStore, kubo: Kubo, size: int, cid: str) -> None:
    data = content(size)
    assert kubo.ipfs("add", "-Q", "--only-hash", "--cid-version=1", "--raw-leaves", stdin=data) == cid
    stored = store.put_bytes(data)
    assert str(stored) == cid
    assert b"".join(store.open(stored)) == data
    assert store.size(stored) == size == read_back(store, stored)
    assert store.has(stored)
    assert store.pins() == {stored}


@pytest.mark.parametrize("kind", TREES)
def test_a_directory_has_the_same_cid_everywhere(kubo: Kubo, tmp_path: Path, kind: str) -> None:
    root = make_tree(kind, tmp_path / "tree")
    options = ("--recursive", "--hidden", "--cid-version=1", "--raw-leaves")
    assert kubo.ipfs("add", "-Q", "--only-hash", *options, root) == TREES[kind]
    assert str(cid_of_path(root)) == TREES[kind]


@pytest.mark.parametrize("kind", ["empty", "nested", "at the threshold", "above the threshold"])
def test_a_directory_is_stored_and_read(store: KuboStore, tmp_path: Path, kind: str) -> None:
    root = make_tree(kind, tmp_path / "tree")
    cid = store.add_directory(root)
    assert str(cid) == TREES[kind]
    assert store.pins() == {cid}
    entries = store.entries(cid)
    assert [entry.name for entry in entries] == sorted((path.name for path in root.iterdir()), key=str.encode)
    with EmbeddedStore(tmp_path / "embedded") as embedded:
        assert embedded.entries(embedded.add_directory(root)) == entries


def test_progress_counts_every_byte(store: KuboStore, tmp_path: Path) -> None:
    root = make_tree("nested", tmp_path / "tree")
    total = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    seen: list[tuple[int, int, str]] = []
    store.add_directory(root, progress=lambda *step: seen.append(step))
    assert seen[-1] == (total, total, "z/two chunks")
    store.add(root / "z/two chunks", progress=lambda *step: seen.append(step))
    assert seen[-1] == (CHUNK + 1, CHUNK + 1, str(root / "z/two chunks"))


def test_a_single_file_may_be_given_as_a_directory(store: KuboStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(TWO)
    assert store.add_directory(tmp_path / "file") == cid_of_bytes(TWO)


@pytest.mark.parametrize("size", [5, 175 * CHUNK])
def test_an_adopted_body_ends_up_pinned_block_by_block(store: KuboStore, kubo: Kubo, tmp_path: Path, size: int) -> None:
    body, nodes, dag = _sealed(tmp_path, content(size))
    recorded = nodes.read_bytes()
    assert store.adopt(body, nodes, dag) == dag.cid
    assert not body.exists()
    assert not nodes.exists()
    assert store.pins() == {dag.cid}
    assert read_back(store, dag.cid) == size
    blocks = kubo.ipfs("refs", "--recursive", "--unique", str(dag.cid)).split()
    assert len(blocks) == (177 if size > CHUNK else 0)
    store.collect_garbage()
    kept = {Cid.parse(cid).digest for cid in kubo.ipfs("refs", "local").split()}
    assert {Cid.parse(cid).digest for cid in [*blocks, str(dag.cid)]} <= kept
    inner = [cid for cid in [*blocks, str(dag.cid)] if cid.startswith("bafybei")]
    assert sum(36 + len(store._rpc.block(Cid.parse(cid))) for cid in inner) == len(recorded)


def test_an_adopted_body_that_is_something_else_is_neither_stored_nor_removed(store: KuboStore, tmp_path: Path) -> None:
    body, nodes, dag = _sealed(tmp_path, TWO)
    body.write_bytes(TWO[:-1] + b"?")
    with pytest.raises(CidMismatchError, match="is not the content of"):
        store.adopt(body, nodes, dag)
    assert body.exists()
    assert store.pins() == frozenset()


def test_pins_and_garbage_collection_survive_a_restart_and_a_crash(tmp_path: Path) -> None:
    with Kubo(tmp_path / "repository") as kubo:
        with KuboStore(kubo.url) as store:
            kept = store.put_bytes(TWO)
            loose = store.put_bytes(content(CHUNK + 2), pin=False)
            unpinned = store.put_bytes(b"once pinned")
            store.unpin(unpinned)
        kubo.stop()
        kubo.start()
        with KuboStore(kubo.url) as store:
            assert store.pins() == {kept}
            assert store.has(loose)
            assert store.collect_garbage() >= 4
            assert not store.has(loose)
            assert not store.has(unpinned)
            late = store.put_bytes(b"acknowledged just before the crash")
        kubo.kill()
        kubo.start()
        with KuboStore(kubo.url) as store:
            assert store.pins() == {kept, late}
            assert read_back(store, kept) == len(TWO)
            store.collect_garbage()
            assert read_back(store, kept) == len(TWO)
            assert store.get_bytes(late, limit=100) == b"acknowledged just before the crash"


def test_what_is_not_there_is_not_stored_and_never_fetched_from_others(store: KuboStore) -> None:
    for data in (b"absent", content(CHUNK + 3)):
        cid = cid_of_bytes(data)
        assert not store.has(cid)
        for ask in (lambda c=cid: list(store.open(c)), lambda c=cid: store.size(c), lambda c=cid: store.pin(c)):
            with pytest.raises(NotStoredError):
                ask()
        store.unpin(cid)


def test_pinning_twice_is_once(store: KuboStore) -> None:
    cid = store.put_bytes(TWO, pin=False)
    store.pin(cid)
    store.pin(cid)
    assert store.pins() == {cid}
    store.unpin(cid)
    store.unpin(cid)
    assert store.pins() == frozenset()


def test_a_foreign_pin_is_left_out_and_left_alone(store: KuboStore, kubo: Kubo) -> None:
    old = kubo.ipfs("add", "-Q", "--cid-version=0", stdin=b"somebody else's")
    assert old.startswith("Qm")
    assert store.pins() == frozenset()
    assert old in kubo.ipfs("pin", "ls", "--type=recursive")
    kubo.ipfs("pin", "rm", old)


def test_a_missing_leaf_is_not_stored_and_a_directory_no_file(store: KuboStore, kubo: Kubo, tmp_path: Path) -> None:
    cid = store.put_bytes(content(3 * CHUNK))
    kubo.block_file(cid_of_bytes(content(2 * CHUNK)[CHUNK:]).digest).unlink()
    parts = store.open(cid)
    assert next(parts) == content(CHUNK)
    with pytest.raises(NotStoredError):
        next(parts)
    tree = store.add_directory(make_tree("empty", tmp_path / "tree"))
    with pytest.raises(IntegrityError, match="is a directory"):
        list(store.open(tree))
    with pytest.raises(IntegrityError, match="is not a directory"):
        store.entries(store.put_bytes(TWO))


@pytest.mark.parametrize("how", ["a flipped bit", "empty", "zeroed"])
@pytest.mark.parametrize("leaf", [0, 1, 2])
def test_a_damaged_block_is_found_and_nothing_of_it_given_out(
    store: KuboStore, kubo: Kubo, leaf: int, how: str
) -> None:
    # The daemon remembers what it has: a block lost behind its back is not written again. So each case has its own.
    data = hashlib.shake_128(f"{how} {leaf}".encode()).digest(3 * CHUNK)
    cid = store.put_bytes(data)
    block = data[leaf * CHUNK : (leaf + 1) * CHUNK]
    damaged = {"a flipped bit": bytes([block[0] ^ 1]) + block[1:], "empty": b"", "zeroed": bytes(len(block))}[how]
    file = kubo.block_file(cid_of_bytes(block).digest)
    file.write_bytes(damaged)
    try:
        given = b""
        with pytest.raises(CidMismatchError):  # noqa: PT012 - what came before it is looked at below
            for part in store.open(cid):
                given += part
        assert given == data[: leaf * CHUNK]
    finally:
        file.unlink()


def test_a_damaged_root_is_found(store: KuboStore, kubo: Kubo) -> None:
    cid = store.put_bytes(TWO)
    file = kubo.block_file(cid.digest)
    file.write_bytes(file.read_bytes()[:-1] + b"\x7f")
    try:
        with pytest.raises(CidMismatchError):
            list(store.open(cid))
        with pytest.raises(CidMismatchError):
            store.size(cid)
    finally:
        file.unlink()


def test_a_source_that_changes_is_not_stored(store: KuboStore, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(content(3 * 2**20))

    def grow(done: int, total: int, path: str) -> None:
        del done, total
        with Path(path).open("ab") as out:
            out.write(b"more")

    with pytest.raises(ChangedWhileReadingError):
        store.add(file, progress=grow)
    assert store.pins() == frozenset()
    assert store.add(file) == cid_of_path(file)


def test_a_symbolic_link_is_refused_and_nothing_pinned(store: KuboStore, tmp_path: Path) -> None:
    root = make_tree("nested", tmp_path / "tree")
    (root / "zz").symlink_to("/etc/passwd")
    with pytest.raises(PathError, match="symbolic link"):
        store.add_directory(root)
    with pytest.raises(PathError, match="symbolic link"):
        store.add(root / "zz")
    assert store.pins() == frozenset()


def test_two_stores_hold_the_same_and_are_read_back(store: KuboStore, tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path / "embedded") as embedded:
        cid = embedded.put_bytes(TWO)
        with pytest.raises(NotStoredError):
            read_back(store, cid)
        assert store.put_bytes(b"".join(embedded.open(cid))) == cid
        assert [read_back(each, cid) for each in (embedded, store)] == [len(TWO)] * 2


def test_a_stream_is_stored(store: KuboStore) -> None:
    assert store.add(io.BytesIO(TWO)) == cid_of_bytes(TWO)


def test_the_daemon_goes_down_in_the_middle(tmp_path: Path) -> None:
    with Kubo(tmp_path / "repository") as kubo, KuboStore(kubo.url) as store:
        cid = store.put_bytes(content(40 * CHUNK))
        parts = store.open(cid)
        given = next(parts)
        kubo.kill()
        with pytest.raises(StoreUnavailableError, match="ipfs daemon"):
            given += b"".join(parts)
        for ask in (lambda: store.put_bytes(b"x"), lambda: store.has(cid), store.pins, store.collect_garbage):
            with pytest.raises(StoreUnavailableError):
                ask()
        with pytest.raises(StoreUnavailableError):
            KuboStore(kubo.url)
        kubo.start()
        with KuboStore(kubo.url) as again:
            assert again.pins() == {cid}
            assert read_back(again, cid) == 40 * CHUNK


def test_an_rpc_behind_its_own_authorization(tmp_path: Path) -> None:
    kubo = Kubo(tmp_path / "repository")
    kubo.authorize({"ledger": {"AuthSecret": "bearer:hunter2", "AllowedPaths": ["/api/v0/version", "/api/v0/add"]}})
    secret = tmp_path / "secret"
    secret.write_text("Bearer hunter2\n")
    secret.chmod(0o600)
    with kubo:
        with pytest.raises(StoreUnavailableError, match="403") as caught:
            KuboStore(kubo.url)
        assert "hunter2" not in str(caught.value)
        with KuboStore(kubo.url, authorization=secret) as store:
            cid = store.put_bytes(b"x")
            with pytest.raises(StorageError):
                store.pin(cid)
