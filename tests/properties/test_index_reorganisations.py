"""Whatever the chain does and however the index got there, it is what a fresh look at the chain gives."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import IndexStateError, NodeUnavailableError
from ledger.index import Index, Indexer, sync
from tests.support.postgres import Postgres
from tests.support.simulated_chain import SimulatedChain

BOUND = 8

grow = st.tuples(st.just("grow"), st.integers(1, 12))
replace = st.tuples(st.just("replace"), st.integers(1, BOUND), st.integers(0, BOUND + 3))
look = st.tuples(st.just("sync"), st.integers(1, 9))
look_while_replaced = st.tuples(st.just("sync meanwhile"), st.integers(1, 3), st.integers(1, 40))
look_and_fail = st.tuples(st.just("sync and fail"), st.integers(1, 40))
course = st.lists(st.one_of(grow, replace, look, look, look_while_replaced, look_and_fail), min_size=1, max_size=25)


@pytest.fixture(autouse=True, scope="module")
def impatient() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sync, "_PAUSE", 0.0)
        yield


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as running:
        yield running


@contextmanager
def sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as directory:
        yield f"sqlite:///{Path(directory)}/index.db"


def indexer(index: Index, chain: SimulatedChain, largest_range: int = 5) -> Indexer:
    return Indexer(index, chain, reorg_bound=BOUND, largest_range=largest_range)


class Course:
    """A chain and an index that follows it. The chain never falls back behind what the index may undo."""

    def __init__(self, seed: int, url: str) -> None:
        self.chain = SimulatedChain(seed)
        self.index = Index(url)
        self.highest = self.chain.height

    def take(self, step: tuple[object, ...]) -> None:
        kind, *numbers = step
        first, second = (int(str(number)) for number in (*numbers, 0)[:2])
        if kind == "grow":
            self.chain.grow(first)
        elif kind == "replace":
            self._replace(first, second)
        elif kind == "sync":
            self._sync(first)
        elif kind == "sync meanwhile":
            self._sync(3, at=second, then=lambda: self._replace(first, first + 1))
        else:
            self._sync(3, at=first, then=self._fail)

    def _replace(self, depth: int, blocks: int) -> None:
        self.highest = max(self.highest, self.chain.height)
        allowed = self.chain.height - (self.highest - BOUND)
        self.chain.reorganise(max(0, min(depth, allowed)), blocks)

    def _sync(self, largest_range: int, at: int | None = None, then: object = None) -> None:
        answers = 0

        def answer(_: str) -> None:
            nonlocal answers
            answers += 1
            if answers == at and callable(then):
                then()

        self.chain.before_answer = answer
        try:
            indexer(self.index, self.chain, largest_range).sync()
        except NodeUnavailableError:
            assert then == self._fail
        finally:
            self.chain.before_answer = lambda _: None

    def _fail(self) -> None:
        raise NodeUnavailableError("The node does not answer", why="test", fix="test")

    def check(self) -> None:
        indexer(self.index, self.chain).sync()
        with sqlite() as url, Index(url) as fresh:
            indexer(fresh, self.chain, 1_000).sync()
            assert self.index.digest() == fresh.digest()


def follow(seed: int, steps: list[tuple[object, ...]], url: str) -> str:
    taken = Course(seed, url)
    with taken.index:
        for step in steps:
            taken.take(step)
        taken.check()
        return taken.index.digest()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), steps=course)
def test_the_index_is_what_a_fresh_look_gives(seed: int, steps: list[tuple[object, ...]]) -> None:
    with sqlite() as url:
        follow(seed, steps, url)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), steps=course)
def test_both_databases_hold_the_same(postgres: Postgres, seed: int, steps: list[tuple[object, ...]]) -> None:
    with sqlite() as url:
        assert follow(seed, steps, postgres.database()) == follow(seed, steps, url)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32), blocks=st.integers(BOUND + 2, 60), deeper=st.integers(1, 20), grown=st.integers(0, 90)
)
def test_a_replacement_beyond_the_bound_changes_nothing(seed: int, blocks: int, deeper: int, grown: int) -> None:
    chain = SimulatedChain(seed)
    chain.grow(blocks)
    with sqlite() as url, Index(url) as index:
        indexer(index, chain).sync()
        before, tip = index.digest(), index.tip()
        chain.reorganise(BOUND + deeper, grown)
        with pytest.raises(IndexStateError):
            indexer(index, chain).sync()
        assert (index.digest(), index.tip()) == (before, tip)
