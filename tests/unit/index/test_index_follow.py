from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pytest

from ledger.errors import ChainError, IndexStateError, NodeUnavailableError
from ledger.index import Index, Indexer
from ledger.index import follow as module
from ledger.index.follow import IndexerStatus, follow
from tests.support.simulated_chain import SimulatedChain


class Stop(threading.Event):
    """Counts the pauses instead of making them, and stops after so many."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self.after = after

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.pauses.append(timeout)
        if len(self.pauses) >= self.after:
            self.set()
        return self.is_set()


def unavailable() -> NodeUnavailableError:
    return NodeUnavailableError("The node does not answer", why="test", fix="test")


def failing(*errors: Exception | None) -> Callable[[], None]:
    remaining = list(errors)

    def sync() -> None:
        error = remaining.pop(0)
        if error is not None:
            raise error

    return sync


def test_it_waits_the_interval_while_all_is_well() -> None:
    stop = Stop(3)
    follow(failing(None, None, None), lambda _: None, stop, 0.5)

    assert stop.pauses == [0.5, 0.5, 0.5]


def test_it_waits_longer_and_longer_while_something_is_wrong_and_recovers() -> None:
    stop = Stop(9)
    follow(failing(*[unavailable()] * 7, None, unavailable()), lambda _: None, stop, 1.0)

    assert stop.pauses == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 1.0, 2.0]


def test_each_kind_of_trouble_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    other = IndexStateError("The chain is not the one that was indexed", why="test", fix="test")
    errors = [unavailable(), unavailable(), other, other, unavailable(), None, unavailable(), ValueError("odd")]
    with caplog.at_level(logging.INFO, module.__name__):
        follow(failing(*errors), lambda _: None, Stop(len(errors)), 1.0)

    told = [(record.levelname, record.getMessage().partition(": ")[2][:24]) for record in caplog.records]
    assert told == [
        ("ERROR", "The node does not answer"),
        ("ERROR", "The chain is not the one"),
        ("ERROR", "The node does not answer"),
        ("INFO", ""),
        ("ERROR", "The node does not answer"),
        ("ERROR", "ValueError: odd"),
    ]
    # A stack is for what nobody foresaw.
    assert [record.exc_info is not None for record in caplog.records] == [False] * 5 + [True]


def test_the_outcome_of_each_sync_is_noted() -> None:
    outcomes: list[Exception | None] = []
    error = unavailable()
    follow(failing(error, None), outcomes.append, Stop(2), 1.0)

    assert outcomes == [error, None]


def test_it_does_not_begin_once_it_was_told_to_stop() -> None:
    stop = threading.Event()
    stop.set()
    follow(failing(), lambda _: None, stop, 1.0)


def test_status_knows_its_lag() -> None:
    assert IndexerStatus().lag is None
    assert IndexerStatus(head=10).lag is None
    assert IndexerStatus(head=10, indexed=7).lag == 3
    assert IndexerStatus(head=10, indexed=12).lag == 0


def test_following_a_chain_in_a_thread(index: Index) -> None:
    chain = SimulatedChain(seed=5)
    indexer = Indexer(index, chain)
    stop = threading.Event()
    thread = threading.Thread(target=indexer.follow, args=(stop, 0.01))
    thread.start()
    try:
        for step in range(3):
            chain.grow(10)
            _until(lambda: indexer.status.indexed == chain.height)
            if step == 1:
                chain.before_answer = _refuse
                chain.grow(1)
                _until(lambda: indexer.status.last_error is not None)
                assert indexer.status.last_error == str(ChainError("It fails", why="test", fix="test"))
                assert thread.is_alive()
                chain.before_answer = lambda _: None
        _until(lambda: indexer.status.last_error is None)
        assert indexer.status.lag == 0
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


def _refuse(_: str) -> None:
    raise ChainError("It fails", why="test", fix="test")


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
