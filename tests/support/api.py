"""The API for tests: over a real index and a real store, with a chain that answers or one that does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from starlette.testclient import TestClient

from api.app import create_app
from api.deps import Services
from api.limits import Limits
from ledger.chain.artifacts import CONTRACTS
from ledger.chain.chain import Chain
from ledger.chain.deployment import Anchor, DeployedContract, Deployment
from ledger.index import Index, Indexer
from ledger.model.ids import Digest
from ledger.storage.embedded import EmbeddedStore
from tests.support.simulated_chain import SimulatedChain
from tests.support.simulated_ledger import account

CHAIN_ID: Final = 31337
PROBLEM_JSON: Final = "application/problem+json"


def deployment() -> Deployment:
    """Contracts that stand nowhere."""
    contracts = {
        name: DeployedContract(address=account(1_000 + place), block=1, code_hash=Digest(bytes(32)))
        for place, name in enumerate(CONTRACTS)
    }
    return Deployment(chain_id=CHAIN_ID, anchor=Anchor(number=1, hash=Digest(bytes(32))), contracts=contracts)


def fill(index: Index, *, seed: int = 7, acts: int = 400) -> None:
    """Give the index a lawful history, through the indexer itself."""
    simulated = SimulatedChain(seed)
    for _ in range(acts // 4):
        simulated.mine(4)
    Indexer(index, simulated).sync()


@contextmanager
def client(
    chain: Chain, index: Index, store: Path, limits: Limits | None = None, **options: Any
) -> Iterator[TestClient]:
    """A client of the API over these parts. What goes wrong inside is a response here, as it is for everyone else."""
    services = Services(chain=chain, index=index, open_store=lambda: EmbeddedStore(store), limits=limits or Limits())
    with TestClient(create_app(services, **options), raise_server_exceptions=False) as opened:
        yield opened


def problem(response: Any, status: int, code: str | None = None) -> dict[str, Any]:
    """The problem document of a response, after checking that it is one."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == PROBLEM_JSON
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["type"] == f"/problems/{document['code']}"
    assert document["title"]
    assert document["detail"]
    assert document["fix"]
    if code is not None:
        assert document["code"] == code
    return document
