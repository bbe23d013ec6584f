"""The index: the chain's events as tables that can be searched, always rebuilt from the chain alone.

with Index("sqlite:///index.db") as index, Chain.connect(rpc, deployment) as chain:
    Indexer(index, chain, store).sync()
    for entry in queries.datasets(index, text="survival").items:
        print(entry.dataset.id, entry.description)
"""

from __future__ import annotations

from ledger.index import queries
from ledger.index.cursor import Page
from ledger.index.database import Index
from ledger.index.follow import IndexerStatus
from ledger.index.sync import Indexer, SyncResult

__all__ = ["Index", "Indexer", "IndexerStatus", "Page", "SyncResult", "queries"]
