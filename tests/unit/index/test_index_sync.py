"""Syncing with a chain that grows, is replaced, and answers badly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from ledger.chain.events import Event
from ledger.errors import ChainError, IndexStateError, NodeUnavailableError, WrongNetworkError
from ledger.index import Index, Indexer, record, rows, sync
from ledger.index.schema import STATE_TABLES, blocks, events, facts, journal
from ledger.index.source import Block
from tests.support.simulated_chain import SimulatedChain

BOUND = 16


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "_PAUSE", 0.0)


@pytest.fixture
def chain() -> SimulatedChain:
    simulated = SimulatedChain(seed=11)
    simulated.grow(80)
    return simulated


def indexer(index: Index, chain: SimulatedChain, **options: Any) -> Indexer:
    return Indexer(index, chain, **{"reorg_bound": BOUND} | options)


@contextmanager
def fresh(tmp_path: Path) -> Iterator[Index]:
    path = tmp_path / "fresh.db"
    path.unlink(missing_ok=True)
    with Index(f"sqlite:///{path}") as opened:
        yield opened


def rescan(chain: SimulatedChain, tmp_path: Path) -> str:
    """What an index has that sees the chain for the first time."""
    with fresh(tmp_path) as opened:
        indexer(opened, chain).sync()
        return opened.digest()


def count(index: Index, table: Any) -> int:
    with index.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_a_first_sync_takes_everything_in(index: Index, chain: SimulatedChain) -> None:
    chain.grow(200)  # until there is something in every table
    result = indexer(index, chain).sync()

    told = [event for height in range(chain.height + 1) for event in chain.events(height, height)]
    assert (result.head, result.events, result.rolled_back) == (chain.height, len(told), 0)
    assert count(index, events) == len(told) > 100
    assert index.tip() is not None
    tables = {name: count(index, table) for name, table in STATE_TABLES.items()}
    assert all(tables.values()), tables


def test_a_second_sync_finds_nothing_to_do(index: Index, chain: SimulatedChain) -> None:
    syncing = indexer(index, chain)
    syncing.sync()
    before = index.digest()

    again = syncing.sync()

    assert (again.blocks, again.events, again.rolled_back) == (0, 0, 0)
    assert index.digest() == before


def test_the_path_does_not_show(index: Index, chain: SimulatedChain, tmp_path: Path) -> None:
    for _ in range(10):
        indexer(index, chain, largest_range=3).sync()
        chain.grow(7)
    indexer(index, chain).sync()

    assert index.digest() == rescan(chain, tmp_path)


def test_the_digest_tells_chains_apart(index: Index, chain: SimulatedChain, tmp_path: Path) -> None:
    indexer(index, chain).sync()
    before = index.digest()
    chain.mine(1)

    assert rescan(chain, tmp_path) != before


@pytest.mark.parametrize("depth", [1, 2, 7, BOUND])
def test_replaced_blocks_are_replaced(index: Index, chain: SimulatedChain, tmp_path: Path, depth: int) -> None:
    syncing = indexer(index, chain)
    syncing.sync()
    chain.reorganise(depth, depth + 1)

    result = syncing.sync()

    assert result.rolled_back == depth
    assert index.digest() == rescan(chain, tmp_path)


def test_a_shorter_chain_is_followed_too(index: Index, chain: SimulatedChain, tmp_path: Path) -> None:
    syncing = indexer(index, chain)
    syncing.sync()
    chain.reorganise(9, 0)

    assert syncing.sync().rolled_back == 9
    assert index.digest() == rescan(chain, tmp_path)


def test_replaced_again_and_again(index: Index, chain: SimulatedChain, tmp_path: Path) -> None:
    for depth in (3, 1, 12, 5, 5, 16, 2):
        indexer(index, chain).sync()
        chain.reorganise(depth, depth + depth % 3)
    indexer(index, chain).sync()

    assert index.digest() == rescan(chain, tmp_path)


@pytest.mark.parametrize("grown", [0, 1, 40])
def test_a_replacement_deeper_than_the_bound_stops_it_loudly(index: Index, chain: SimulatedChain, grown: int) -> None:
    syncing = indexer(index, chain)
    syncing.sync()
    before = index.digest()
    chain.reorganise(BOUND + 1, BOUND + 1 + grown)

    for _ in range(2):
        with pytest.raises(IndexStateError, match=r"not the one that was indexed.*rebuilt from the chain"):
            syncing.sync()
    assert index.digest() == before


def test_it_goes_on_when_the_node_comes_back_to_the_chain(index: Index, chain: SimulatedChain, tmp_path: Path) -> None:
    other = SimulatedChain(seed=12)
    other.grow(90)
    anchored_alike = _Pretender(other, chain)
    syncing = indexer(index, chain)
    syncing.sync()
    with pytest.raises(IndexStateError, match="not the one that was indexed"):
        indexer(index, anchored_alike).sync()
    chain.grow(3)

    syncing.sync()

    assert index.digest() == rescan(chain, tmp_path)


class _Pretender(SimulatedChain):
    """Another chain that claims to be of the same ledger."""

    def __init__(self, other: SimulatedChain, claimed: SimulatedChain) -> None:
        self.__dict__.update(other.__dict__)
        self._claimed = claimed

    @property
    def identity(self) -> Any:
        return self._claimed.identity


def test_an_index_of_another_ledger_is_refused(index: Index, chain: SimulatedChain) -> None:
    indexer(index, chain).sync()
    before = index.digest()
    other = SimulatedChain(seed=12)

    with pytest.raises(IndexStateError, match=r"of another ledger.*anchor.*another database") as caught:
        indexer(index, other).sync()
    assert caught.value.exit_code == 9
    assert index.digest() == before


def test_a_node_without_the_ledger_is_refused_before_anything_is_written(index: Index) -> None:
    class Elsewhere(SimulatedChain):
        @property
        def anchor(self) -> tuple[int, bytes]:
            return self._anchor, b"\1" * 32

    with pytest.raises(WrongNetworkError, match="block 3 of the node"):
        indexer(index, Elsewhere(seed=1)).sync()
    assert index.tip() is None


def test_a_node_that_has_not_reached_the_ledger_is_refused(index: Index) -> None:
    class Young(SimulatedChain):
        @property
        def anchor(self) -> tuple[int, bytes]:
            return 99, b"\1" * 32

    with pytest.raises(WrongNetworkError):
        indexer(index, Young(seed=1)).sync()


# Bad answers.


def test_ranges_are_halved_until_the_node_accepts_them(index: Index, chain: SimulatedChain, tmp_path: Path) -> None:
    chain.largest_range = 3
    asked: list[int] = []
    chain.before_answer = lambda what: asked.append(1) if what == "events" else None

    indexer(index, chain, largest_range=64).sync()

    assert len(asked) < 60  # of 68 blocks; it does not begin anew with the largest range each time
    assert index.digest() == rescan(chain, tmp_path)


def test_a_node_that_refuses_even_one_block_is_reported(index: Index, chain: SimulatedChain) -> None:
    chain.largest_range = 0

    with pytest.raises(ChainError, match="more than 10000 results"):
        indexer(index, chain).sync()


@pytest.mark.parametrize("what", ["head", "block", "events", "events_of"])
def test_what_was_read_before_the_node_went_away_stays(
    index: Index, chain: SimulatedChain, tmp_path: Path, what: str
) -> None:
    answers = 0

    def fail(asked: str) -> None:
        nonlocal answers
        answers += asked == what
        if answers and answers % 5 == 0 and asked == what:
            raise NodeUnavailableError("The node does not answer", why="test", fix="test")

    chain.before_answer = fail
    for _ in range(200):
        try:
            indexer(index, chain, largest_range=4).sync()
        except NodeUnavailableError:
            continue
        break
    chain.before_answer = lambda _: None

    indexer(index, chain).sync()
    assert index.digest() == rescan(chain, tmp_path)


@pytest.mark.parametrize("what", ["head", "block", "events", "events_of"])
@pytest.mark.parametrize("depth", [1, 6])
def test_a_chain_that_is_replaced_while_it_is_read(
    index: Index, chain: SimulatedChain, tmp_path: Path, what: str, depth: int
) -> None:
    answers = 0

    def replace(asked: str) -> None:
        nonlocal answers
        answers += asked == what
        if answers in (2, 5, 9) and asked == what:
            chain.reorganise(depth, depth + 1)

    chain.before_answer = replace
    syncing = indexer(index, chain, largest_range=10)
    syncing.sync()
    chain.grow(2)
    syncing.sync()
    chain.before_answer = lambda _: None
    syncing.sync()

    assert index.digest() == rescan(chain, tmp_path)


def test_a_node_that_forgets_blocks_is_given_up_on(index: Index) -> None:
    class Forgetful(SimulatedChain):
        def block(self, number: int) -> Block | None:
            return super().block(number) if number < 70 else None

    forgetful = Forgetful(seed=11)
    forgetful.grow(80)

    with pytest.raises(NodeUnavailableError, match="do not fit together"):
        indexer(index, forgetful).sync()


def test_a_node_that_misses_a_block_for_a_moment_rolls_nothing_back(
    index: Index, chain: SimulatedChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncing = indexer(index, chain)
    syncing.sync()
    chain.grow(1)
    missed: list[int] = []
    block_at = chain.block

    def missing_once(number: int) -> Block | None:
        if not missed:
            missed.append(number)
            return None
        return block_at(number)

    monkeypatch.setattr(chain, "block", missing_once)
    assert syncing.sync().rolled_back == 0
    assert missed == [chain.height - 1]


def test_a_node_that_gives_an_event_twice_counts_once(index: Index, chain: SimulatedChain, tmp_path: Path) -> None:
    class Stammering(SimulatedChain):
        def events(self, first: int, last: int) -> list[Event]:
            return [event for event in super().events(first, last) for _ in range(2)][::-1]

    stammering = Stammering(seed=11)
    stammering.grow(80)

    indexer(index, stammering).sync()
    assert index.digest() == rescan(chain, tmp_path)


def test_a_node_that_answers_for_other_blocks_is_refused(index: Index) -> None:
    class Confused(SimulatedChain):
        def events(self, first: int, last: int) -> list[Event]:
            return list(super().events(first, last + 3))

    confused = Confused(seed=11)
    confused.grow(80)

    with pytest.raises(IndexStateError, match="not asked for"):
        indexer(index, confused, largest_range=8).sync()


def test_a_node_that_hides_an_event_is_found_out_when_its_absence_shows(index: Index) -> None:
    class Hiding(SimulatedChain):
        def events(self, first: int, last: int) -> list[Event]:
            return [event for event in super().events(first, last) if event.name != "OfferPublished"]

    hiding = Hiding(seed=11)
    hiding.grow(80)

    with pytest.raises(IndexStateError):
        indexer(index, hiding).sync()


# Interruptions and company.


def test_an_interrupted_batch_leaves_nothing(
    index: Index, chain: SimulatedChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncing = indexer(index, chain, largest_range=20)
    save, calls = rows.save, 0

    def stop(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        save(*arguments)
        if calls == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(record, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        syncing.sync()
    at = index.tip()
    assert at is not None
    assert at.number == 3 + 2 * 20 - 1
    with index.reading() as connection:
        assert connection.scalar(select(func.max(events.c.block_number))) <= at.number
    monkeypatch.undo()

    syncing.sync()
    assert index.digest() == rescan(chain, tmp_path)


def test_two_indexers_on_one_database_do_not_disturb_each_other(
    index: Index, chain: SimulatedChain, tmp_path: Path
) -> None:
    one, other = indexer(index, chain, largest_range=5), indexer(index, chain, largest_range=7)
    inside = False

    def interleave(what: str) -> None:
        nonlocal inside
        if inside or what != "events":
            return
        inside = True
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sync, "_MAX_MOVES", 1_000)
            other._step(chain.head(), sync._Tally())
        inside = False

    chain.before_answer = interleave
    one.sync()
    chain.before_answer = lambda _: None

    other.sync()
    assert index.digest() == rescan(chain, tmp_path)


def test_only_what_can_still_be_undone_is_kept_for_it(index: Index, chain: SimulatedChain) -> None:
    indexer(index, chain).sync()

    with index.reading() as connection:
        floor = chain.height - BOUND
        assert connection.scalar(select(facts.c.value).where(facts.c.name == "floor")) == str(floor)
        assert connection.scalar(select(func.min(journal.c.block_number))) > floor
        kept = set(connection.scalars(select(blocks.c.number)))
        eventful = set(connection.scalars(select(events.c.block_number)))
    assert kept == eventful | set(range(floor, chain.height + 1))


def test_what_can_be_undone_moves_on_with_the_chain(index: Index, chain: SimulatedChain) -> None:
    syncing = indexer(index, chain)
    syncing.sync()
    chain.grow(10)
    syncing.sync()

    test_only_what_can_still_be_undone_is_kept_for_it(index, chain)


def test_ranges_with_very_many_events_are_followed_by_smaller_ones(
    index: Index, chain: SimulatedChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "_MOST_EVENTS", 5)
    asked: list[int] = []
    events_of = chain.events

    def events(first: int, last: int) -> Any:
        asked.append(last - first + 1)
        return events_of(first, last)

    monkeypatch.setattr(chain, "events", events)
    indexer(index, chain, largest_range=32).sync()

    assert asked[0] == 32
    assert max(asked[1:]) < 20


def test_a_node_that_is_away_is_reported_at_once(index: Index, chain: SimulatedChain) -> None:
    asked: list[str] = []

    def away(what: str) -> None:
        asked.append(what)
        if what == "events":
            raise NodeUnavailableError("The node does not answer", why="test", fix="test")

    chain.before_answer = away
    with pytest.raises(NodeUnavailableError):
        indexer(index, chain, largest_range=64).sync()
    assert asked.count("events") == 1


def test_status_tells_how_far_it_is(index: Index, chain: SimulatedChain) -> None:
    syncing = indexer(index, chain)
    assert (syncing.status.head, syncing.status.indexed, syncing.status.lag) == (None, None, None)
    syncing.sync()
    assert (syncing.status.indexed, syncing.status.lag) == (chain.height, 0)
