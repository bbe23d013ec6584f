"""Consistent readings of a run of blocks with all their events, or none at all.

Far below the head a range of blocks is asked for at once, and blocks without events are passed over. Near the head,
where blocks are still replaced, every block is read and linked to its parent, and if its bloom filter says that there
may be events but none came, they are asked for by its hash: a node behind others may not have known the block yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.chain.events import Event
from ledger.errors import IndexStateError
from ledger.index.source import Block, MovedError, Source

__all__ = ["Batch", "read_deep", "read_near"]


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of blocks.

    Attributes:
        blocks: Each block that matters with its events in order; the last block is always there.
        settled: Whether the blocks are so far below the head that they are never rolled back.
    """

    blocks: tuple[tuple[Block, tuple[Event, ...]], ...]
    settled: bool

    @property
    def last(self) -> Block:
        """The block at which the run ends."""
        return self.blocks[-1][0]


def read_deep(source: Source, parent: bytes | None, first: int, last: int) -> Batch:
    """Blocks far below the head: those with events, and the last.

    Args:
        source: The node.
        parent: Hash of the block before `first`; None if that is not known.
        first: Height of the first block.
        last: Height of the last block.

    Raises:
        MovedError: The chain changed meanwhile.
    """
    end = _block(source, last)
    _require_child(_block(source, first) if first != last else end, parent)
    found = _by_block(source.events(first, last), range(first, last + 1))
    blocks = [*_blocks(source, sorted(found.keys() - {last})), end]
    if _block(source, last) != end:
        raise MovedError
    return Batch(tuple((block, _own(block, found.get(block.number, ()))) for block in blocks), settled=True)


def read_near(source: Source, parent: bytes | None, first: int, last: int) -> Batch:
    """Blocks near the head: every one, linked to its parent, and no event that is not of exactly these blocks.

    Raises:
        MovedError: The chain changed meanwhile.
    """
    blocks = _blocks(source, range(first, last + 1))
    for block in blocks:
        _require_child(block, parent)
        parent = block.hash
    speaking = any(not block.silent for block in blocks)
    found = _by_block(source.events(first, last), range(first, last + 1)) if speaking else {}
    read = ((block, found.get(block.number) or _looked_up(source, block)) for block in blocks)
    return Batch(tuple((block, _own(block, events)) for block, events in read), settled=False)


def _looked_up(source: Source, block: Block) -> tuple[Event, ...]:
    """Events of a block for which none were given, though its bloom filter says that it may have some."""
    if block.silent:
        return ()
    found = _by_block(source.events_of(block), range(block.number, block.number + 1))
    if not found and source.block(block.number) != block:
        # A node that has dropped the block may say that it is empty.
        raise MovedError
    return found.get(block.number, ())


def _blocks(source: Source, numbers: Sequence[int]) -> list[Block]:
    found = [block for block in source.blocks(numbers) if block is not None]
    if [block.number for block in found] != list(numbers):
        raise MovedError
    return found


def _block(source: Source, number: int) -> Block:
    block = source.block(number)
    if block is None or block.number != number:
        raise MovedError
    return block


def _require_child(block: Block, parent: bytes | None) -> None:
    if parent is not None and block.parent_hash != parent:
        raise MovedError


def _own(block: Block, found: Sequence[Event]) -> tuple[Event, ...]:
    if any(event.block_hash != block.hash for event in found):
        raise MovedError
    return tuple(found)


def _by_block(found: Sequence[Event], heights: range) -> dict[int, tuple[Event, ...]]:
    """Events by height and in order, each once."""
    grouped: dict[int, dict[int, Event]] = defaultdict(dict)
    for event in found:
        present = grouped[event.block_number].setdefault(event.log_index, event)
        if event.block_number not in heights or present != event:
            raise IndexStateError(
                "The node's events cannot be used",
                why=f"it gave two different events, or one that was not asked for, at block {event.block_number}",
                fix="ask another node, or restart this one",
            )
    return {height: tuple(events[place] for place in sorted(events)) for height, events in grouped.items()}
