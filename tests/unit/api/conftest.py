from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ledger.chain.chain import Chain
from ledger.index import Index
from tests.support import api


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index with a history of 400 transactions. Nothing here writes to it."""
    with Index(f"sqlite:///{tmp_path_factory.mktemp('index')}/index.db") as opened:
        api.fill(opened)
        yield opened


@pytest.fixture(scope="session")
def silent_chain() -> Iterator[Chain]:
    """A chain whose node does not answer."""
    with Chain("http://127.0.0.1:1", api.deployment(), timeout=2) as chain:
        yield chain


@pytest.fixture
def client(silent_chain: Chain, index: Index, tmp_path: Path) -> Iterator[TestClient]:
    with api.client(silent_chain, index, tmp_path / "store") as opened:
        yield opened
