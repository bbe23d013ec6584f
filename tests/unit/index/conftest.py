from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.index import Index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index(f"sqlite:///{tmp_path}/index.db") as opened:
        yield opened
