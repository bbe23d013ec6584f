"""Where something is made before it appears under its name: whole, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import PathError
from ledger.storage.source import disk_errors

__all__ = ["beside"]


@contextmanager
def beside(destination: Path) -> Iterator[Path]:
    """A directory beside the destination, to be gone afterwards whatever happens.

    Raises:
        PathError: The destination exists, or nothing can be written beside it.
        NoSpaceError: The disk became full.
    """
    if os.path.lexists(destination):
        raise PathError(f"{destination} exists", why="nothing is written over", fix="name another destination")
    try:
        workshop = Path(tempfile.mkdtemp(prefix=".ledger-", dir=destination.absolute().parent))
    except OSError as error:
        raise _unwritable(destination, error) from error
    try:
        with disk_errors(f"writing {destination}"):
            yield workshop
    except OSError as error:
        raise _unwritable(destination, error) from error
    finally:
        shutil.rmtree(workshop)


def _unwritable(destination: Path, error: OSError) -> PathError:
    return PathError(
        f"{destination} cannot be written",
        why=os.strerror(error.errno or 0).lower(),
        fix="check that its directory exists and that you may write there",
    )
