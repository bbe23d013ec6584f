"""Readings that fit together, from a node that changes its mind at a chosen moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ledger.chain.events import Event
from ledger.errors import IndexStateError
from ledger.index.batch import read_deep, read_near
from ledger.index.source import Block, MovedError
from tests.support.simulated_chain import SimulatedChain
from tests.support.simulated_ledger import digest


class Scripted:
    """Two chains that share their first blocks; before the n-th answer the node goes over to the other.

    Args:
        at: Number of the answer before which it changes; None for never.
    """

    def __init__(self, at: int | None = None, *, quiet: bool = False) -> None:
        self.answers = 0
        self.at = at
        self.quiet = quiet
        self.forks = [[self._block(fork, number) for number in range(10)] for fork in "ab"]

    def _block(self, fork: str, number: int) -> Block:
        def named(height: int) -> bytes:
            return digest((fork if height > 3 else "", height))

        return Block(number, named(number), named(number - 1), 1_000 + number)

    @property
    def fork(self) -> int:
        return int(self.at is not None and self.answers >= self.at)

    def _answer(self) -> list[Block]:
        self.answers += 1
        return self.forks[self.fork]

    def block(self, number: int) -> Block | None:
        chain = self._answer()
        return chain[number] if number < len(chain) else None

    def blocks(self, numbers: Sequence[int]) -> list[Block | None]:
        return [self.block(number) for number in numbers]

    def events(self, first: int, last: int) -> list[Event]:
        chain = self._answer()
        return [self.event(block) for block in chain[first : last + 1] if self._speaks(block)]

    def events_of(self, block: Block) -> list[Event]:
        chain = self._answer()
        if chain[block.number] != block:
            return []  # a node that has dropped the block, and does not say so
        return [self.event(block)] if self._speaks(block) else []

    def _speaks(self, block: Block) -> bool:
        return block.number in (5, 7) and not (self.quiet and block in self.forks[0])

    def event(self, block: Block, log_index: int = 0, **arguments: Any) -> Event:
        return Event("LicenceAccepted", "Licences", arguments, block.number, block.hash, bytes(32), log_index)

    # The rest of a source, which a reading does not ask for.
    identity = SimulatedChain.identity
    anchor = SimulatedChain.anchor
    head = SimulatedChain.head


def answers_of(read: Callable[[Scripted], object]) -> int:
    source = Scripted()
    read(source)
    return source.answers


def deep(source: Scripted) -> object:
    return read_deep(source, digest(("", 1)), 2, 8)


def near(source: Scripted) -> object:
    return read_near(source, digest(("", 1)), 2, 8)


def near_up_to_an_event(source: Scripted) -> object:
    return read_near(source, digest(("", 1)), 2, 7)


@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("read", [deep, near, near_up_to_an_event])
def test_whenever_the_chain_changes_the_reading_is_of_one_chain_or_none(
    read: Callable[[Scripted], object], *, quiet: bool
) -> None:
    whole = [read(Scripted(at, quiet=quiet)) for at in (None, 0)]
    assert whole[0] != whole[1]

    moved = 0
    for at in range(1, answers_of(read) + 2):
        try:
            assert read(Scripted(at, quiet=quiet)) in whole
        except MovedError:
            moved += 1
    assert moved > 0


def test_blocks_without_events_are_passed_over_far_below_the_head() -> None:
    batch = read_deep(Scripted(), digest(("", 1)), 2, 8)

    assert [(block.number, len(events)) for block, events in batch.blocks] == [(5, 1), (7, 1), (8, 0)]
    assert batch.settled


def test_every_block_is_read_near_the_head() -> None:
    batch = read_near(Scripted(), digest(("", 1)), 2, 8)

    assert [(block.number, len(events)) for block, events in batch.blocks] == [
        (number, int(number in (5, 7))) for number in range(2, 9)
    ]
    assert not batch.settled


@pytest.mark.parametrize("read", [read_deep, read_near])
def test_blocks_of_another_parent_are_not_taken(read: Callable[..., object]) -> None:
    with pytest.raises(MovedError):
        read(Scripted(), digest("another"), 2, 8)


@pytest.mark.parametrize("read", [read_deep, read_near])
def test_blocks_that_are_not_there_are_not_taken(read: Callable[..., object]) -> None:
    with pytest.raises(MovedError):
        read(Scripted(), digest(("", 1)), 2, 12)


def test_events_that_contradict_each_other_are_refused() -> None:
    class Contradictory(Scripted):
        def events(self, first: int, last: int) -> list[Event]:
            return [*super().events(first, last), self.event(self.forks[0][5], licence=1)]

    with pytest.raises(IndexStateError, match="two different events"):
        read_deep(Contradictory(), None, 2, 8)


def test_events_of_a_block_that_is_not_the_chains_are_not_taken() -> None:
    class Stale(Scripted):
        def events(self, first: int, last: int) -> list[Event]:
            chain = self.forks[1]
            return [self.event(block) for block in chain[first : last + 1] if block.number == 5]

        def events_of(self, block: Block) -> list[Event]:
            return [self.event(self.forks[1][block.number])] if block.number == 5 else []

    for read in (read_deep, read_near):
        with pytest.raises(MovedError):
            read(Stale(), None, 2, 8)


def test_events_come_in_order() -> None:
    class Shuffled(Scripted):
        def events(self, first: int, last: int) -> list[Event]:
            spoken = super().events(first, last)[:1]
            return [self.event(self.forks[0][event.block_number], place) for event in spoken for place in (9, 2, 4)]

    batch = read_deep(Shuffled(), None, 2, 8)
    assert [event.log_index for _, events in batch.blocks for event in events] == [2, 4, 9]
