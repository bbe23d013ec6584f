"""Files that commands write for people: whole or not at all, and never over another."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from ledger.errors import PathError
from ledger.storage.source import disk_errors

__all__ = ["write_new"]


def write_new(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file that must not exist yet.

    Raises:
        PathError: It exists, or cannot be written.
        NoSpaceError: The disk is full; nothing is left.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with disk_errors(f"writing {path}"), contextlib.ExitStack() as stack:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            stack.callback(draft.unlink)
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            os.link(draft, path)  # unlike a rename, it does not replace what is there
    except OSError as error:
        raise PathError(
            f"{path} cannot be written",
            why=os.strerror(error.errno or 0).lower(),
            fix="name a file that does not exist, in a directory where you may write",
        ) from error
