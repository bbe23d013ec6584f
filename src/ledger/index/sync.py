"""From the chain to the index: batch by batch, each in one transaction, always on the node's present chain.

1. *Reconcile.* If the node's block at the height of the index's last block is another one, roll back to the common
   ancestor. Deeper than `reorg_bound` nothing is rolled back: it stops instead, since so deep a change means that
   something is wrong with the network.
2. *Advance.* Read the next blocks and their events, fold them into the rows they touch, and commit blocks, events,
   rows and journal together. A process killed at any point finds either the whole batch or nothing of it.
3. Repeat until the index is at the node's head; then look for missing metadata documents.

Two processes that sync one database exclude each other: each writes only if the last block is the one it read from.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from ledger.chain.chain import Chain
from ledger.chain.node import BlockRef
from ledger.errors import ChainError, IndexStateError, NodeUnavailableError, WrongNetworkError
from ledger.index.apply.fold import hexadecimal
from ledger.index.batch import Batch, read_deep, read_near
from ledger.index.chain_source import ChainSource
from ledger.index.database import Index
from ledger.index.documents import Documents
from ledger.index.follow import IndexerStatus, follow
from ledger.index.record import floor, record, roll_back
from ledger.index.schema import blocks
from ledger.index.source import Block, MovedError, Source
from ledger.storage.store import Store

__all__ = ["REORG_BOUND", "Indexer", "SyncResult"]

REORG_BOUND: Final = 128
"""Blocks below the last one that a chain may replace: above the 64 that Clique and QBFT networks need, by far."""

_RANGE: Final = 2_000
_NEAR: Final = 64
_MOST_EVENTS: Final = 10_000
"""Events above which the next range is smaller, since a batch is held in memory."""
_MAX_MOVES: Final = 20
_PAUSE: Final = 0.05


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync did.

    Attributes:
        head: Height of the node's chain.
        blocks: Blocks passed.
        events: Events applied.
        rolled_back: Blocks undone because the chain had replaced them.
        documents: Metadata documents that were found.
    """

    head: int
    blocks: int = 0
    events: int = 0
    rolled_back: int = 0
    documents: int = 0


@dataclass(slots=True)
class _Tally:
    blocks: int = 0
    events: int = 0
    rolled_back: int = 0
    moves: int = 0


class Indexer:
    """Keeps an index at the head of a chain. One thread at a time uses it; `status` may be read by any.

    Args:
        index: The index.
        chain: The ledger; a connection of the indexer's own, or any other source of blocks and events.
        store: Where metadata documents are looked up; None leaves the catalogue without them.
        reorg_bound: Blocks below the last one that the chain may replace.
        largest_range: Blocks whose events are asked for at once far below the head; halved when the node refuses.
    """

    def __init__(
        self,
        index: Index,
        chain: Chain | Source,
        store: Store | None = None,
        *,
        reorg_bound: int = REORG_BOUND,
        largest_range: int = _RANGE,
    ) -> None:
        self._index = index
        self._source: Source = ChainSource(chain) if isinstance(chain, Chain) else chain
        self._documents = None if store is None else Documents(index, store)
        self._reorg_bound = reorg_bound
        self._largest_range = self._range = largest_range
        self._status = IndexerStatus()
        self._bound = False

    @property
    def status(self) -> IndexerStatus:
        """How far the index is, and what last went wrong."""
        return self._status

    def sync(self) -> SyncResult:
        """Bring the index to the node's head. Safe to repeat, to interrupt and to run beside itself.

        Raises:
            IndexStateError: The index is of another ledger, or the chain was replaced deeper than the bound. Nothing
                has been changed.
            ChainError: The node does not answer, or not with usable answers. What was read before stays.
        """
        if not self._bound:
            self._index.bind(self._source.identity)
            self._bound = True
        tally = _Tally()
        while True:
            head = self._source.head()
            try:
                if self._step(head, tally):
                    break
            except MovedError:
                tally.moves += 1
                if tally.moves > _MAX_MOVES:
                    raise _restless(tally.moves) from None
                time.sleep(_PAUSE)
        found = 0 if self._documents is None else self._documents.look(int(time.time()))
        return SyncResult(head.number, tally.blocks, tally.events, tally.rolled_back, found)

    def follow(self, stop: threading.Event, interval: float = 1.0) -> None:
        """Sync again and again until `stop` is set; whatever goes wrong is logged, kept in `status` and tried again.

        Args:
            stop: Ends it, at the latest after the step under way.
            interval: Seconds between two syncs while all is well.
        """
        follow(self.sync, self._note, stop, interval)

    def _note(self, error: Exception | None) -> None:
        self._status = self._status.after(error)

    def _step(self, head: Block, tally: _Tally) -> bool:
        """Reconcile, then advance by one batch; tells whether the index is at `head`."""
        at = self._index.tip()
        if at is None:
            first = self._anchored(head)
        else:
            kept = self._reconcile(at, head)
            tally.rolled_back += at.number - kept.number
            at, first = kept, kept.number + 1
        self._status = self._status.at(head.number, None if at is None else at.number)
        if first > head.number:
            return True
        batch = self._read(None if at is None else at.hash, first, head.number)
        with self._index.writing() as connection:
            record(connection, batch, at, self._reorg_bound)
        tally.blocks += batch.last.number - first + 1
        tally.events += sum(len(events) for _, events in batch.blocks)
        self._status = self._status.at(head.number, batch.last.number)
        return batch.last.number == head.number

    def _read(self, parent: bytes | None, first: int, head: int) -> Batch:
        deep = head - self._reorg_bound
        read, end, most = (read_deep, deep, self._largest_range) if first <= deep else (read_near, head, _NEAR)
        while True:
            last = min(first + min(self._range, most) - 1, end)
            try:
                batch = read(self._source, parent, first, last)
            except ChainError as error:
                # The range may be too large, whether the node says so or is just too slow: if it is away altogether,
                # that is for the caller to know at once.
                self._range = max(1, (last - first + 1) // 2)
                if last == first or isinstance(error, NodeUnavailableError):
                    raise
            else:
                self._range = self._next_range(last - first + 1, batch)
                return batch

    def _next_range(self, size: int, batch: Batch) -> int:
        events = sum(len(found) for _, found in batch.blocks)
        if events > _MOST_EVENTS:
            return max(1, size * _MOST_EVENTS // events)
        return min(self._range + self._range // 4 + 1, self._largest_range)

    def _anchored(self, head: Block) -> int:
        number, expected = self._source.anchor
        found = None if head.number < number else self._source.block(number)
        if found is None or found.hash != expected:
            raise WrongNetworkError(
                "This is not the ledger's network",
                why=f"block {number} of the node is not the one in which the ledger was deployed",
                fix="name the node and the deployment file that belong together",
            )
        return number

    def _reconcile(self, at: BlockRef, head: Block) -> BlockRef:
        """The last block of the index that is on the node's chain, once all above it is undone."""
        if at.number <= head.number and self._is_on_chain(at):
            return at
        with self._index.reading() as connection:
            candidates = _candidates(connection, head.number)
        ancestor = next((block for block in candidates if self._is_on_chain(block)), None)
        if ancestor is None:
            raise self._too_deep(at, head)
        with self._index.writing() as connection:
            roll_back(connection, at, ancestor.number)
        return ancestor

    def _is_on_chain(self, block: BlockRef) -> bool:
        found = self._source.block(block.number)
        if found is None:
            raise MovedError
        return found.hash == block.hash

    def _too_deep(self, at: BlockRef, head: Block) -> IndexStateError:
        return IndexStateError(
            "The chain is not the one that was indexed",
            why=f"the index ends at block {at.number} ({hexadecimal(at.hash)[:12]}…), the node at block {head.number}, "
            f"and they agree on none of the last {self._reorg_bound} blocks of the index",
            fix="check that the node is healthy and of the right network; if the network really was reset, "
            "delete the index's database: it is rebuilt from the chain",
        )


def _candidates(connection: Connection, highest: int) -> list[BlockRef]:
    """Blocks to which the index can be rolled back, the highest first."""
    statement = (
        select(blocks)
        .where(blocks.c.number <= highest, blocks.c.number >= floor(connection))
        .order_by(blocks.c.number.desc())
    )
    return [BlockRef(row.number, bytes.fromhex(row.hash[2:]), row.time) for row in connection.execute(statement)]


def _restless(moves: int) -> NodeUnavailableError:
    return NodeUnavailableError(
        "The node's answers do not fit together",
        why=f"its chain changed {moves} times while it was being read",
        fix="try again, or ask a single node rather than several behind one address",
    )
