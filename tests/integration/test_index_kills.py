"""An indexer that is killed at any point loses nothing and leaves nothing half done."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event, func, select

from ledger.index import Index, Indexer, queries
from ledger.index.schema import blocks, datasets, events
from tests.support.postgres import Postgres
from tests.support.simulated_chain import SimulatedChain

BOUND = 12
FORK = multiprocessing.get_context("fork")


def history() -> SimulatedChain:
    chain = SimulatedChain(seed=21)
    chain.grow(40)
    return chain


def indexer(index: Index, chain: SimulatedChain) -> Indexer:
    return Indexer(index, chain, reorg_bound=BOUND, largest_range=6)


def rescan(chain: SimulatedChain, tmp_path: Path) -> str:
    path = tmp_path / "fresh.db"
    path.unlink(missing_ok=True)
    with Index(f"sqlite:///{path}") as fresh:
        indexer(fresh, chain).sync()
        return fresh.digest()


def sync_and_die(url: str, chain: SimulatedChain, statement: int) -> None:
    """In a process of its own: sync, and kill it before its n-th statement; ends well if there are fewer."""
    index = Index(url)
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(index._writer, "before_cursor_execute", count)
    event.listen(index._writer, "commit", count)
    indexer(index, chain).sync()


def run(target: Callable[..., None], *arguments: object) -> int:
    process = FORK.Process(target=target, args=arguments)
    process.start()
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


def kill_everywhere(tmp_path: Path, chain: SimulatedChain, base: Path) -> int:
    """Kill a sync of a copy of `base` before each of its statements, and let it be finished; tells how often."""
    expected = rescan(chain, tmp_path)
    path = tmp_path / "index.db"
    url, statement = f"sqlite:///{path}", 0
    while True:
        for old in tmp_path.glob("index.db*"):
            old.unlink()
        path.write_bytes(base.read_bytes())
        statement += 1
        if run(sync_and_die, url, chain, statement) == 0:
            return statement - 1
        _require_whole(path)
        with Index(url) as index:
            _require_consistent(index)
            indexer(index, chain).sync()
            assert index.digest() == expected, statement


def test_killed_before_every_statement(tmp_path: Path) -> None:
    chain = SimulatedChain(seed=21)
    chain.grow(24)
    base = tmp_path / "base.db"
    Index(f"sqlite:///{base}").close()

    assert kill_everywhere(tmp_path, chain, base) > 40


def test_killed_before_every_statement_of_a_reorganisation(tmp_path: Path) -> None:
    chain = history()
    base = tmp_path / "base.db"
    with Index(f"sqlite:///{base}") as index:
        indexer(index, chain).sync()
    chain.reorganise(9, 11)

    assert kill_everywhere(tmp_path, chain, base) > 15


def test_killed_at_any_moment_while_the_chain_is_replaced(tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311 - repeatable, not secret
    chain = history()
    url = f"sqlite:///{tmp_path}/index.db"
    for _ in range(15):
        process = FORK.Process(target=_follow, args=(url, chain))
        process.start()
        time.sleep(chance.uniform(0.02, 0.15))
        process.kill()
        process.join(30)
        assert process.exitcode == -signal.SIGKILL
        _require_whole(tmp_path / "index.db")
        with Index(url) as index:
            _require_consistent(index)
    with Index(url) as index:
        indexer(index, chain).sync()
        assert index.digest() == rescan(chain, tmp_path)


def _follow(url: str, chain: SimulatedChain) -> None:
    """Follow a copy of the chain that always comes back to the chain itself."""
    with Index(url) as index:
        while True:
            kept = list(chain._chain)
            indexer(index, chain).sync()
            chain.reorganise(3, 4)
            indexer(index, chain).sync()
            chain._chain[:] = kept


def _require_whole(path: Path) -> None:
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()


def _require_consistent(index: Index) -> None:
    with index.reading() as connection:
        last = connection.scalar(select(func.max(blocks.c.number)))
        told = connection.scalar(select(func.max(events.c.block_number)))
        registered = connection.scalar(
            select(func.count()).select_from(events).where(events.c.name == "DatasetRegistered")
        )
        kept = connection.scalar(select(func.count()).select_from(datasets))
    assert (told or 0) <= (last or 0)
    assert registered == kept


def test_readers_see_whole_states_while_the_index_is_written(tmp_path: Path) -> None:
    chain = history()
    stop = threading.Event()
    problems: list[BaseException] = []
    reads = 0

    def read(index: Index) -> None:
        nonlocal reads
        try:
            while not stop.is_set():
                _require_consistent(index)
                page = queries.datasets(index, limit=100)
                ids = [entry.dataset.id for entry in page.items]
                assert ids == sorted(ids, reverse=True)
                queries.events(index, limit=100, descending=True)
                reads += 1
        except BaseException as problem:  # noqa: BLE001 - carried over to the test's thread
            problems.append(problem)

    with Index(f"sqlite:///{tmp_path}/index.db") as index:
        readers = [threading.Thread(target=read, args=(index,)) for _ in range(3)]
        for reader in readers:
            reader.start()
        try:
            syncing = indexer(index, chain)
            for _ in range(30):
                syncing.sync()
                chain.reorganise(5, 7)
        finally:
            stop.set()
            for reader in readers:
                reader.join(30)
        syncing.sync()
        assert problems == []
        assert reads > 10
        assert index.digest() == rescan(chain, tmp_path)


def test_two_processes_on_one_database(tmp_path: Path) -> None:
    chain = history()
    with Postgres() as postgres:
        for url in (f"sqlite:///{tmp_path}/index.db", postgres.database()):
            workers = [FORK.Process(target=_sync_once, args=(url, chain)) for _ in range(3)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join(60)
            assert [worker.exitcode for worker in workers] == [0, 0, 0]
            with Index(url) as index:
                assert index.digest() == rescan(chain, tmp_path)


def _sync_once(url: str, chain: SimulatedChain) -> None:
    with Index(url) as index:
        indexer(index, chain).sync()


@pytest.mark.parametrize("step", [1, 7, 23])
def test_postgresql_is_killed_too(tmp_path: Path, step: int) -> None:
    chain = history()
    with Postgres() as postgres:
        url = postgres.database()
        assert run(sync_and_die, url, chain, step) == -signal.SIGKILL
        with Index(url) as index:
            _require_consistent(index)
            indexer(index, chain).sync()
            assert index.digest() == rescan(chain, tmp_path)
