"""Memory while sealing and opening does not grow with the file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MIB = 2**20

SCRIPT = """
import sys
from pathlib import Path
from ledger.crypto.derive import DatasetKey
from ledger.sealing.open import open_dataset
from ledger.sealing.seal import seal
from ledger.storage.embedded import EmbeddedStore

def peak():
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024

root, key = Path(sys.argv[1]), DatasetKey(bytes(range(32)))
before = peak()
with EmbeddedStore(root / "store") as store:
    sealed = seal(root / "source", store, key, state=root / "state")
    open_dataset(store, sealed.manifest_cid, key, root / "out")
print(peak() - before)
"""


def growth(root: Path, size: int) -> int:
    """Bytes that sealing and opening a file of this size take beyond the interpreter and its modules."""
    root.mkdir()
    with (root / "source").open("wb") as file:
        file.truncate(size)
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(root)], capture_output=True, check=True, text=True)
    return int(done.stdout)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
def test_it_is_flat_and_below_64_mib(tmp_path: Path) -> None:
    small, large = growth(tmp_path / "small", 32 * MIB), growth(tmp_path / "large", 384 * MIB)
    assert large < 64 * MIB
    assert large < small + 8 * MIB
