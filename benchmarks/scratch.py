"""Where measured files lie: in main memory if the system has room there, so that no disk is measured."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["medium", "random_file", "scratch", "sparse_file"]

MEMORY = Path("/dev/shm")  # noqa: S108 - its fixed name; what is made there is a fresh directory of mode 0700
CHUNK = 2**20


@contextmanager
def scratch(needed: int) -> Iterator[Path]:
    """An empty directory with room for `needed` bytes, gone afterwards.

    Raises:
        OSError: Neither memory nor the directory for temporary files has twice the room.
    """
    for place in (MEMORY, Path(tempfile.gettempdir())):
        if place.is_dir() and _room(place) >= 2 * needed:
            with tempfile.TemporaryDirectory(prefix="ledger-bench-", dir=place) as directory:
                yield Path(directory)
            return
    raise OSError(f"no place for {needed:,} bytes: free some in {MEMORY} or set TMPDIR to a larger disk")


def medium(directory: Path) -> str:
    """What a directory lies on, for the report."""
    return "tmpfs" if directory.is_relative_to(MEMORY) else "a disk, read from the page cache"


def random_file(path: Path, size: int) -> Path:
    """Write `size` random bytes."""
    with path.open("wb") as file:
        for start in range(0, size, CHUNK):
            file.write(os.urandom(min(CHUNK, size - start)))
    return path


def sparse_file(path: Path, size: int) -> Path:
    """A file of `size` zero bytes that takes no room."""
    with path.open("wb") as file:
        file.truncate(size)
    return path


def _room(place: Path) -> int:
    free = shutil.disk_usage(place).free
    return min(free, _available_memory()) if place == MEMORY else free


def _available_memory() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return 0
