"""A disk that really is full: a small tmpfs, mounted here and unmounted again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.crypto.derive import DatasetKey
from ledger.crypto.header import public_key
from ledger.crypto.keystore import KeyKind, Keystore
from ledger.crypto.passphrase import Passphrase
from ledger.errors import NoSpaceError
from ledger.sealing.crypt4gh import export_crypt4gh
from ledger.sealing.open import open_dataset
from ledger.sealing.seal import seal
from ledger.storage.embedded import EmbeddedStore
from tests.support.sealing import Bench, content, read_tree, write_tree

MIB = 2**20
READER = public_key(bytes([7]) * 32)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    point = tmp_path / "small"
    point.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(point)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mounting a tmpfs is not permitted here: {mounted.stderr.decode().strip()}")
    try:
        yield point
    finally:
        subprocess.run(["umount", "-l", str(point)], check=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench.at(tmp_path / "bench") as made:
        yield made


def free(point: Path) -> int:
    status = os.statvfs(point)
    return status.f_bavail * status.f_frsize


@pytest.mark.parametrize("size", [9 * MIB, 40 * MIB])
def test_a_full_disk_during_encryption_leaves_no_half_body(bench: Bench, small: Path, size: int) -> None:
    write_tree(bench.source, {"a": content(3 * MIB), "b": content(size)})
    state = small / "state"
    with pytest.raises(NoSpaceError, match="no space left while encrypting"):
        seal(bench.source, bench.store, bench.key, state=state)
    assert sorted(path.name for path in state.iterdir()) == ["journal", "lock"]
    assert free(small) > 7 * MIB

    # With room, the same command goes on: the first file is not encrypted again.
    finished = bench.store.pins()
    (bench.source / "b").write_bytes(b"small now")
    sealed = seal(bench.source, bench.store, bench.key, state=state)
    assert {sealed.manifest.entry(1).body} == finished
    open_dataset(bench.store, sealed.manifest_cid, bench.key, bench.out)
    assert read_tree(bench.out) == read_tree(bench.source)


def test_a_full_store_is_said_so_and_sealing_goes_on_elsewhere(bench: Bench, small: Path) -> None:
    write_tree(bench.source, {"a": content(5 * MIB), "b": content(5 * MIB, "b")})
    with EmbeddedStore(small / "store") as store, pytest.raises(NoSpaceError, match="no space left"):
        seal(bench.source, store, bench.key, state=bench.state)
    assert sorted(path.name for path in bench.state.iterdir()) == ["journal", "lock"]
    sealed = seal(bench.source, bench.store, bench.key, state=bench.state)
    open_dataset(bench.store, sealed.manifest_cid, bench.key, bench.out)
    assert read_tree(bench.out) == read_tree(bench.source)


def test_a_full_disk_during_opening_leaves_no_plaintext(bench: Bench, small: Path) -> None:
    sealed = bench.seal({"a": content(MIB), "b": content(9 * MIB)})
    with pytest.raises(NoSpaceError, match="no space left"):
        open_dataset(bench.store, sealed.manifest_cid, bench.key, small / "out")
    assert list(small.iterdir()) == []
    with pytest.raises(NoSpaceError, match="no space left"):
        export_crypt4gh(bench.store, sealed.manifest.entry(2), bench.key, READER, small / "b.c4gh")
    assert list(small.iterdir()) == []


def test_a_full_disk_leaves_no_half_key(small: Path) -> None:
    keystore = Keystore(small / "keys", cost=2)
    keystore.create("before", KeyKind.WALLET, Passphrase("x"))
    (small / "filler").write_bytes(bytes(free(small)))
    with pytest.raises(NoSpaceError, match="no space left while storing the key after"):
        keystore.import_("after", KeyKind.DATASET, DatasetKey.generate().secret, Passphrase("x"))
    assert [path.name for path in keystore.directory.iterdir()] == ["before.json"]
