"""Sealing as a program of its own, so that its time can be held against another program's and its memory be read.

    python -m benchmarks.sealing_program encrypt SOURCE DIRECTORY      # one pass: body, CID and segment root
    python -m benchmarks.sealing_program seal SOURCE DIRECTORY         # into a store, and read back from it

Prints the most memory it ever had, in bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ledger.crypto.derive import DatasetKey
from ledger.sealing.encrypt import EncryptedBody, encrypt_file
from ledger.sealing.seal import Sealed, seal
from ledger.storage.opening import open_store
from ledger.storage.source import open_file

__all__ = ["encrypt", "seal_into"]


def encrypt(source: Path, directory: Path) -> EncryptedBody:
    """Encrypt a file in one pass, into two files of the directory."""
    with open_file(source) as plaintext:
        key = DatasetKey.generate().session_key(1)
        return encrypt_file(plaintext, key, directory / "body", directory / "nodes")


def seal_into(source: Path, directory: Path) -> Sealed:
    """Seal a file into a store in the directory."""
    with open_store(f"file://{directory / 'store'}") as store:
        return seal(source, store, DatasetKey.generate(), state=directory / "state")


def main() -> None:
    """Do what the command line says and report the memory."""
    what, source, directory = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if what == "seal":
        seal_into(source, directory)
    else:
        encrypt(source, directory)
    print(_peak_memory())


def _peak_memory() -> int:
    """Bytes of main memory that this program had at most (``VmHWM``).

    Not ``ru_maxrss``: that begins with what the parent had when it started this program.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("the system does not tell the peak memory of a process")


if __name__ == "__main__":
    main()
