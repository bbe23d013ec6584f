"""The state file of a local chain, kept whole whatever happens to the process that writes it.

anvil writes its state in place, every second: killed in between, it leaves half a file, and would begin an empty chain
from it. So a copy is kept beside the file, always whole and replaced at once, and taken up where the file is damaged.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import threading
import zlib
from pathlib import Path
from typing import IO, Final

from ledger.errors import ChainError, IntegrityError, PathError

__all__ = ["SavedState"]

INTERVAL: Final = 1.0
"""Seconds between looks at the file: as often as anvil writes it."""

_log = logging.getLogger(__name__)


class SavedState:
    """A state file in use by one process at a time.

    Args:
        path: The file. Beside it stand ``<name>.copy`` and ``<name>.lock``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.copy = path.with_name(f"{path.name}.copy")
        self._lock: IO[bytes] | None = None
        self._seen = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Take the file for this process, and make sure that it is whole or absent.

        Raises:
            ChainError: Another process uses it.
            IntegrityError: It is damaged, and so is its copy.
            PathError: It cannot be read or written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._take()
            self._mend()
        except OSError as error:
            self.close()
            raise PathError(
                "The local chain's state cannot be used", why=f"{self.path}: {error.strerror}", fix="check its rights"
            ) from error
        except BaseException:
            self.close()
            raise

    def keep_copying(self) -> None:
        """Copy the file in the background whenever it has changed, until `close`."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._copy_until_stopped, name=f"copy {self.path.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Copy the file a last time, and let others use it."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None
            self._copy_if_changed()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _take(self) -> None:
        self._lock = self.path.with_name(f"{self.path.name}.lock").open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ChainError(
                "The local chain is running already",
                why=f"another process uses {self.path}",
                fix="use the running one, or stop it first",
            ) from error

    def _mend(self) -> None:
        if not self.path.exists() or _whole(self.path) is not None:
            return
        if not self.copy.exists() or (data := _whole(self.copy)) is None:
            raise IntegrityError(
                "The local chain's state is damaged",
                why=f"{self.path} is not whole JSON, and there is no whole copy of it",
                fix="put back a backup of it, or move it away to begin a new chain",
            )
        _log.warning("the local chain's state was cut off while it was written; its last seconds may be missing")
        _replace(self.path, data)

    def _copy_until_stopped(self) -> None:
        while not self._stop.wait(INTERVAL):
            self._copy_if_changed()

    def _copy_if_changed(self) -> None:
        try:
            data = self.path.read_bytes() if self.path.exists() else b""
            check = zlib.crc32(data)
            if check != self._seen and _is_json(data):
                _replace(self.copy, data)
                self._seen = check
        except OSError as error:
            _log.warning("no copy of the local chain's state could be made: %s", error.strerror)


def _whole(path: Path) -> bytes | None:
    data = path.read_bytes()
    return data if _is_json(data) else None


def _is_json(data: bytes) -> bool:
    if not data.endswith(b"}"):
        return False
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f"{path.name}.new")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
