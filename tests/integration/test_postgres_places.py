"""The tests' PostgreSQL starts wherever the checkout is, also where only its owner may enter."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest

from tests.support import postgres


def test_it_starts_from_a_folder_that_others_cannot_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binaries = postgres._packaged()
    package = binaries.parent.parent
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, closed / part.name, symlinks=True)
    monkeypatch.setattr(postgres, "_packaged", lambda: closed / binaries.relative_to(package.parent))

    with postgres.Postgres() as server:
        conninfo = server.database()
        with psycopg.connect(conninfo) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
