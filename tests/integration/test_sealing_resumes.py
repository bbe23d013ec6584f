"""Killed in the middle and started again: nothing that was finished is done twice, and the result is whole."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.crypto.derive import DatasetKey
from ledger.sealing.open import open_dataset
from ledger.sealing.seal import Sealed, seal
from ledger.sealing.verify import verify
from ledger.storage.embedded import EmbeddedStore
from ledger.storage.store import Progress
from tests.support.sealing import content, read_tree, write_tree

MIB = 2**20
KEY = DatasetKey(bytes(range(32)))
FILES = {f"{number:02}": content(3 * MIB, str(number)) for number in range(8)} | {"big": content(40 * MIB)}

SEAL = """
import sys
from pathlib import Path
from ledger.crypto.derive import DatasetKey
from ledger.sealing.seal import seal
from ledger.storage.embedded import EmbeddedStore

root = Path(sys.argv[1])
def tell(done, total, path):
    print(done, path, flush=True)
    sys.stdin.readline()
with EmbeddedStore(root / "store") as store:
    seal(root / "source", store, DatasetKey(bytes(range(32))), state=root / "state", progress=tell)
"""

OPEN = """
import sys
from pathlib import Path
from ledger.crypto.derive import DatasetKey
from ledger.model.cid import Cid
from ledger.sealing.open import open_dataset
from ledger.storage.embedded import EmbeddedStore

root = Path(sys.argv[1])
def tell(done, total, path):
    print(done, path, flush=True)
    sys.stdin.readline()
with EmbeddedStore(root / "store") as store:
    open_dataset(store, Cid.parse(sys.argv[2]), DatasetKey(bytes(range(32))), root / "out", progress=tell)
"""


def killed_after(steps: int, script: str, *arguments: str) -> list[str]:
    """Run a script that waits after each step of progress, and kill it after some of them."""
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        lines = []
        for _ in range(steps):
            lines.append(process.stdout.readline())
            process.stdin.write("\n")
            process.stdin.flush()
        time.sleep(0.01)  # so that it dies at work, not while it waits
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    return lines


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_tree(tmp_path / "source", FILES)
    return tmp_path


def sealed_again(root: Path, progress: Progress | None = None) -> Sealed:
    with EmbeddedStore(root / "store") as store:
        return seal(root / "source", store, KEY, state=root / "state", progress=progress)


@pytest.mark.parametrize("steps", [1, 2, 5, 9, 20, 40])
def test_a_killed_sealing_goes_on_where_it_stopped(root: Path, steps: int) -> None:
    killed_after(steps, SEAL, str(root))
    with EmbeddedStore(root / "store") as store:
        kept = store.pins()
    sealed = sealed_again(root)
    bodies = {entry.body for entry in sealed.manifest.files}
    assert kept <= bodies  # nothing that the store had was encrypted again, and nothing is left over
    assert len(kept) >= (steps - 1) // 6
    assert sealed_again(root) == sealed
    with EmbeddedStore(root / "store") as store:
        assert store.pins() == bodies | {sealed.manifest_cid}
        verify(store, sealed.manifest_cid)
        open_dataset(store, sealed.manifest_cid, KEY, root / "out")
    assert read_tree(root / "out") == FILES


def test_it_may_be_killed_again_and_again(root: Path) -> None:
    seen: set[str] = set()
    for steps in (3, 7, 11, 15):
        killed_after(steps, SEAL, str(root))
        with EmbeddedStore(root / "store") as store:
            now = {str(cid) for cid in store.pins()}
        assert seen <= now
        seen = now
    sealed = sealed_again(root)
    assert seen <= {str(entry.body) for entry in sealed.manifest.files}


def test_a_killed_sealing_leaves_no_secret_behind(root: Path) -> None:
    killed_after(12, SEAL, str(root))
    kept = [path for part in ("state", "store") for path in (root / part).rglob("*") if path.is_file()]
    data = b"".join(path.read_bytes() for path in kept)
    for index in range(len(FILES) + 1):
        assert KEY.session_key(index) not in data
    assert KEY.secret not in data
    assert all(plain[:64] not in data for plain in FILES.values())
    assert b'"big"' not in data


def test_a_changed_source_is_done_again_after_a_kill(root: Path) -> None:
    killed_after(20, SEAL, str(root))
    write_tree(root / "source", {"00": b"changed"})
    sealed = sealed_again(root)
    with EmbeddedStore(root / "store") as store:
        open_dataset(store, sealed.manifest_cid, KEY, root / "out")
    assert read_tree(root / "out") == FILES | {"00": b"changed"}


@pytest.mark.parametrize("steps", [10, 60, 90, 110])
def test_a_killed_opening_goes_on_and_was_nowhere_to_be_seen(root: Path, steps: int) -> None:
    sealed = sealed_again(root)
    killed_after(steps, OPEN, str(root), str(sealed.manifest_cid))
    assert not (root / "out").exists()
    staging = [path for path in root.iterdir() if path.name.startswith(".out.")]
    assert len(staging) == (steps > 64)  # first all is checked, and nothing written
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in staging)
    with EmbeddedStore(root / "store") as store:
        open_dataset(store, sealed.manifest_cid, KEY, root / "out")
    assert read_tree(root / "out") == FILES
    assert sorted(path.name for path in root.iterdir()) == ["out", "source", "state", "store"]
