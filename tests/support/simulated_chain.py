"""A chain in memory for the index: lawful histories, reorganisations, and answers that do not fit together."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ledger.chain.events import Event
from ledger.errors import ChainError
from ledger.index.source import Block, MovedError
from tests.support.simulated_ledger import Ledger, Said, digest


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
        """One more block with so many transactions of the ledger's people."""
        state = copy.deepcopy(self._chain[-1].after) if self._chain else Ledger()
        time = self._next_time()
        self._append([state.act(self._chance, time) for _ in range(acts)], time, state)

    def say(self, *said: Said) -> None:
        """One more block with these events, each in a transaction of its own."""
        self._append([[event] for event in said], self._next_time(), copy.deepcopy(self._chain[-1].after))

    def wait(self, seconds: int) -> None:
        """One more empty block, so much later."""
        self._append([], self._chain[-1].block.time + seconds, copy.deepcopy(self._chain[-1].after))

    def _next_time(self) -> int:
        return (self._chain[-1].block.time if self._chain else 1_760_000_000) + self._chance.randint(1, 100)

    def _append(self, transactions: Sequence[Sequence[Said]], time: int, after: Ledger) -> None:
        self._salt += 1
        number = len(self._chain)
        block_hash = digest((self._seed, self._salt, number))
        events: list[Event] = []
        for place, transaction in enumerate(transactions):
            for contract, name, arguments in transaction:
                events.append(
                    Event(
                        name=name,
                        contract=contract,
                        arguments=copy.deepcopy(arguments),
                        block_number=number,
                        block_hash=block_hash,
                        transaction_hash=digest((block_hash, place)),
                        log_index=3 * len(events) + 1,
                    )
                )
        parent_hash = self._chain[-1].block.hash if self._chain else bytes(32)
        silent = not events and self._chance.random() < 0.5
        mined = Mined(Block(number, block_hash, parent_hash, time, silent), tuple(events), after)
        self._mined[block_hash] = mined
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

    def blocks(self, numbers: Sequence[int]) -> list[Block | None]:
        return [self.block(number) for number in numbers]

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
