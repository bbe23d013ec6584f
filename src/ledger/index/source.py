"""Where blocks and events come from: one small seam between the index and a node.

A node is believed about a block it names by hash, and about nothing else: what is read by height may change between
two answers, so every reading is tied to block hashes and to the chain of parents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ledger.chain.events import Event

__all__ = ["Block", "MovedError", "Source"]


class MovedError(Exception):
    """The node's chain changed while it was being read: look again from the start. Never leaves this package."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block's header, as far as the index needs it.

    Attributes:
        number: Height.
        hash: Its hash, 32 bytes.
        parent_hash: Hash of the block before it.
        time: Unix time, in seconds.
        silent: Whether its bloom filter rules out any event of the ledger's contracts.
    """

    number: int
    hash: bytes
    parent_hash: bytes
    time: int
    silent: bool = False


@runtime_checkable
class Source(Protocol):
    """A node, as the index sees it. Each method may raise :class:`~ledger.errors.ChainError`."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What tells the ledger from every other: chain id, anchor, addresses."""
        ...

    @property
    def anchor(self) -> tuple[int, bytes]:
        """Height and hash of the first block that can hold an event of the ledger."""
        ...

    def head(self) -> Block:
        """The last block of the node's chain."""
        ...

    def block(self, number: int) -> Block | None:
        """The block at this height; None if the chain is shorter."""
        ...

    def blocks(self, numbers: Sequence[int]) -> Sequence[Block | None]:
        """The blocks at these heights, in order. They need not be of one chain: another may come in between."""
        ...

    def events(self, first: int, last: int) -> Sequence[Event]:
        """Events of the ledger's contracts in these blocks, both included, in any order."""
        ...

    def events_of(self, block: Block) -> Sequence[Event]:
        """Events of the ledger's contracts in exactly this block.

        Raises:
            MovedError: The node does not have this block.
        """
        ...
