"""Sealing into a real Kubo daemon: the same bodies open from there, and a crashed daemon costs work, not truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.crypto.derive import DatasetKey
from ledger.errors import StoreUnavailableError
from ledger.model.cid import Cid
from ledger.sealing.open import open_dataset
from ledger.sealing.seal import seal
from ledger.sealing.verify import verify
from ledger.storage.kubo import KuboStore
from ledger.storage.unixfs import Dag
from tests.support.kubo import Kubo
from tests.support.sealing import BOUNDARIES, content, read_tree, write_tree

KEY = DatasetKey(bytes(range(32)))
FILES = {f"sub/f{size}": content(size) for size in (*BOUNDARIES, 5 * 2**20 + 1)}


@pytest.fixture(scope="module")
def kubo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubo]:
    with Kubo(tmp_path_factory.mktemp("kubo")) as kubo:
        yield kubo


def test_a_dataset_is_sealed_into_kubo_and_opened_from_it(kubo: Kubo, tmp_path: Path) -> None:
    write_tree(tmp_path / "source", FILES)
    with KuboStore(kubo.url) as store:
        sealed = seal(tmp_path / "source", store, KEY, state=tmp_path / "state")
        assert {entry.body for entry in sealed.manifest.files} | {sealed.manifest_cid} <= store.pins()
        assert seal(tmp_path / "source", store, KEY, state=tmp_path / "state") == sealed
        assert verify(store, sealed.manifest_cid) == sealed.manifest
        open_dataset(store, sealed.manifest_cid, KEY, tmp_path / "out")
    assert read_tree(tmp_path / "out") == read_tree(tmp_path / "source")


def test_a_daemon_that_crashes_meanwhile_loses_nothing(kubo: Kubo, tmp_path: Path) -> None:
    write_tree(tmp_path / "source", FILES)

    class Crashing(KuboStore):
        """Its daemon is killed before it is given the third body."""

        adopted: int = 0

        def adopt(self, body: Path, nodes: Path | None, dag: Dag, *, pin: bool = True) -> Cid:
            self.adopted += 1
            if self.adopted == 3:
                kubo.kill()
            return super().adopt(body, nodes, dag, pin=pin)

    with Crashing(kubo.url) as store, pytest.raises(StoreUnavailableError):
        seal(tmp_path / "source", store, KEY, state=tmp_path / "state")
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == ["journal", "lock"]
    kubo.start()
    with KuboStore(kubo.url) as again:
        kept = again.pins()
        sealed = seal(tmp_path / "source", again, KEY, state=tmp_path / "state")
        assert len(kept & {entry.body for entry in sealed.manifest.files}) >= 2
        open_dataset(again, sealed.manifest_cid, KEY, tmp_path / "out")
    assert read_tree(tmp_path / "out") == read_tree(tmp_path / "source")
