"""A chain in memory for the index: lawful histories, reorganisations, and answers that do not fit together."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ledger.chain.events import Event
from ledger.errors import ChainError
from ledger.index.source import Block, MovedError
from tests.support.simulated_ledger import Ledger, digest


@dataclass(frozen=True)
class Mined:
    block: Block
    events: tuple[Event, ...]
    after: Ledger


class SimulatedChain:
    """A node in memory. As a :class:`~ledger.index.source.Source` it answers from the chain it has at that moment.

    Args:
        seed: Decides everything that happens.
        anchor: Height of the ledger's first block.
    """

    def __init__(self, seed: int, *, anchor: int = 3) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - repeatable tests, not secrets
        self._seed, self._salt = seed, 0
        self._mined: dict[bytes, Mined] = {}
        self._chain: list[Mined] = []
        self._anchor = anchor
        self.largest_range: int | None = None
        self.before_answer: Callable[[str], None] = lambda _: None
        for _ in range(anchor + 1):
            self.mine(0)

    # What happens.

    def mine(self, acts: int) -> None:
        """One more block with so many transactions."""
        self._salt += 1
        parent = self._chain[-1] if self._chain else None
        number = len(self._chain)
        block = Block(
            number=number,
            hash=digest((self._seed, self._salt, number)),
            parent_hash=parent.block.hash if parent else bytes(32),
            time=(parent.block.time if parent else 1_760_000_000) + self._chance.randint(1, 100),
            silent=False,
        )
        state = copy.deepcopy(parent.after) if parent else Ledger()
        events: list[Event] = []
        for act in range(acts):
            for contract, name, arguments in state.act(self._chance, block.time):
                events.append(
                    Event(
                        name=name,
                        contract=contract,
                        arguments=copy.deepcopy(arguments),
                        block_number=number,
                        block_hash=block.hash,
                        transaction_hash=digest((block.hash, act)),
                        log_index=3 * len(events) + 1,
                    )
                )
        silent = not events and self._chance.random() < 0.5
        mined = Mined(Block(number, block.hash, block.parent_hash, block.time, silent), tuple(events), state)
        self._mined[block.hash] = mined
        self._chain.append(mined)

    def grow(self, blocks: int) -> None:
        """So many more blocks, some of them empty."""
        for _ in range(blocks):
            self.mine(self._chance.choice([0, 0, 1, 2, 5]))

    def reorganise(self, depth: int, blocks: int) -> None:
        """Replace the last `depth` blocks by `blocks` others."""
        kept = max(self._anchor + 1, len(self._chain) - depth)
        del self._chain[kept:]
        self.grow(blocks)

    @property
    def height(self) -> int:
        return len(self._chain) - 1

    # What it answers.

    @property
    def identity(self) -> Mapping[str, str]:
        return {"chain_id": "31337", "anchor": self._chain[self._anchor].block.hash.hex(), "contracts": "simulated"}

    @property
    def anchor(self) -> tuple[int, bytes]:
        return self._anchor, self._chain[self._anchor].block.hash

    def head(self) -> Block:
        self.before_answer("head")
        return self._chain[-1].block

    def block(self, number: int) -> Block | None:
        self.before_answer("block")
        return self._chain[number].block if number < len(self._chain) else None

    def events(self, first: int, last: int) -> Sequence[Event]:
        self.before_answer("events")
        if self.largest_range is not None and last - first + 1 > self.largest_range:
            raise ChainError(
                "The node refused the request", why="query returned more than 10000 results", fix="halve it"
            )
        return [event for mined in self._chain[first : last + 1] for event in mined.events]

    def events_of(self, block: Block) -> Sequence[Event]:
        self.before_answer("events_of")
        if self._chain[block.number : block.number + 1] == [self._mined[block.hash]]:
            return self._mined[block.hash].events
        # Nodes differ: some refuse a block that they have dropped, some say that nothing is in it.
        if self._chance.random() < 0.5:
            raise MovedError
        return ()
