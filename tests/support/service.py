"""The API over a world, with the wallets of its people and an index that is kept up to date."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from ledger.crypto.derive import DatasetKey
from ledger.index import Index, Indexer
from ledger.model.cid import Cid
from ledger.model.metadata import Metadata, Organization
from ledger.storage.embedded import EmbeddedStore
from tests.support import api
from tests.support.wallet import Wallet
from tests.support.world import PRICE, YEAR, World

METADATA = Metadata.model_validate(
    {
        "name": "Survival after surgery of the colon",
        "description": "Survival of 1,208 patients, followed for five years.",
        "date_published": "2026-01-01",
        "license": "https://example.org/licence",
        "creator": Organization(id="https://ror.org/0245cg223", name="City Hospital"),
        "keywords": ["survival"],
    }
)
MANIFEST = json.dumps({"format": "ledger/manifest"}).encode()


class Service:
    """The API over a world, and what keeps its index up to date."""

    def __init__(self, world: World, client: TestClient, indexer: Indexer) -> None:
        self.world = world
        self.client = client
        self._indexer = indexer
        self.hospital, self.institute, self.fund, self.stranger = (
            Wallet.of(client, person) for person in (world.hospital, world.institute, world.fund, world.stranger)
        )

    def sync(self) -> None:
        self._indexer.sync()

    def read(self, path: str, **query: Any) -> Any:
        self.sync()
        response = self.client.get(path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def document(self, text: str) -> str:
        response = self.client.post("/documents", content=text, headers={"Content-Type": "text/plain"})
        assert response.status_code == 201, response.text
        cid: str = response.json()["cid"]
        return cid

    def registration(self, key: DatasetKey, **changes: Any) -> dict[str, Any]:
        return {
            "collector": self.world.hospital.id,
            "size": 20_480,
            "funding": "public",
            "tier": "controlled",
            "human_genetic_resources": False,
            "manifest": str(Cid.from_digest(hashlib.sha256(MANIFEST).digest())),
            "metadata": str(Cid.from_digest(hashlib.sha256(METADATA.document()).digest())),
            "key_commitment": "0x" + key.commitment.hex(),
            "attribution": "City Hospital, Cohort of 1986",
        } | changes

    def offer(self, dataset: int, **changes: Any) -> dict[str, Any]:
        terms = {
            "token": self.world.token,
            "price": str(PRICE),
            "duration": YEAR,
            "duo": ["DUO:0000042", "DUO:0000046"],
            "shares": {
                "collector_share": 2_500,
                "holder_share": 5_500,
                "fund_share": 1_500,
                "platform_share": 500,
                "fund": self.world.fund.id,
                "platform": self.world.platform.id,
            },
            "prose": self.document("The licensee may use the data for research."),
        }
        return {"dataset": dataset, "terms": terms | changes}


@contextmanager
def serving(world: World, directory: Path) -> Iterator[Service]:
    """The API over a world, its index and store in a directory."""
    with (
        Index(f"sqlite:///{directory}/index.db") as index,
        EmbeddedStore(directory / "store") as store,
        api.client(world.chain, index, directory / "store") as client,
    ):
        store.put_bytes(METADATA.document())
        store.put_bytes(MANIFEST)
        yield Service(world, client, Indexer(index, world.chain, store))
