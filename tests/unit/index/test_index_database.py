from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from ledger.errors import IndexStateError, UsageError
from ledger.index import Index
from ledger.index.schema import SCHEMA_VERSION, facts, members, tokens


def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.mark.parametrize(
    "wrong", ["", "nonsense", "mysql://a@b/c", "sqlite://", "sqlite:///:memory:", "http://127.0.0.1/index"]
)
def test_a_database_of_no_known_kind_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="sqlite:///path") as caught:
        Index(wrong)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("place", ["missing/index.db", "."])
def test_a_place_that_cannot_be_opened_is_named_in_one_line(tmp_path: Path, place: str) -> None:
    with pytest.raises(IndexStateError, match="unable to open database file") as caught:
        Index(url(tmp_path / place))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    path.write_bytes(b"not a database, but long enough to look at" * 100)

    with pytest.raises(IndexStateError, match="not a database"):
        Index(url(path))
    assert path.read_bytes().startswith(b"not a database")


def test_a_server_that_is_not_there_is_reported_without_the_password() -> None:
    with pytest.raises(IndexStateError) as caught:
        Index("postgresql://ledger:secret@127.0.0.1:1/ledger")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_tables_of_another_version_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    Index(url(path)).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE facts SET value = '0' WHERE name = 'schema'")
    connection.close()

    with pytest.raises(IndexStateError, match=r"version 0.*rebuilt from the chain"):
        Index(url(path))


def test_sqlite_is_set_so_that_what_was_committed_survives(index: Index) -> None:
    with index.writing() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_who_reads_cannot_write(index: Index) -> None:
    with pytest.raises(IndexStateError, match="readonly"), index.reading() as connection:
        connection.execute(insert(tokens), {"address": "0x", "allowed": True})
    with index.reading() as connection:
        assert connection.execute(select(tokens)).all() == []


def test_who_reads_sees_one_state_while_another_writes(index: Index) -> None:
    with index.reading() as reading:
        assert reading.execute(select(tokens)).all() == []
        with index.writing() as writing:
            writing.execute(insert(tokens), {"address": "0x", "allowed": True})
        assert reading.execute(select(tokens)).all() == []
    with index.reading() as reading:
        assert len(reading.execute(select(tokens)).all()) == 1


def test_what_fails_is_undone(index: Index) -> None:
    def fail() -> None:
        with index.writing() as connection:
            connection.execute(insert(tokens), {"address": "0x", "allowed": True})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with index.reading() as connection:
        assert connection.execute(select(tokens)).all() == []


def test_rows_refer_to_rows_that_are_there(index: Index) -> None:
    with pytest.raises(IndexStateError, match="FOREIGN KEY"), index.writing() as connection:
        connection.exec_driver_sql("INSERT INTO invitations (member, account, succession) VALUES (1, '0x', 0)")
    with index.reading() as connection:
        assert connection.execute(select(members)).all() == []


def test_writers_wait_for_each_other(index: Index) -> None:
    inside = threading.Event()
    done = threading.Event()

    def hold() -> None:
        with index.writing() as connection:
            connection.execute(insert(tokens), {"address": "first", "allowed": True})
            inside.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert inside.wait(10)
    threading.Timer(0.2, done.set).start()
    with index.writing() as connection:
        assert connection.scalars(select(tokens.c.address)).all() == ["first"]
    holder.join(10)


def test_an_index_is_bound_to_one_ledger(index: Index) -> None:
    index.bind({"chain_id": "1", "anchor": "2"})
    index.bind({"chain_id": "1", "anchor": "2"})

    with pytest.raises(IndexStateError, match=r"chain id is 1, that of the network is 9") as caught:
        index.bind({"chain_id": "9", "anchor": "2"})
    assert "rebuilt from the chain" in caught.value.fix
    assert index.facts() == {"schema": SCHEMA_VERSION, "chain_id": "1", "anchor": "2"}


def test_opening_twice_is_opening_once(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with Index(url(path)) as one, Index(url(path)) as other:
        one.bind({"chain_id": "1"})
        assert other.facts()["chain_id"] == "1"
        assert one.digest() == other.digest()
        with one.reading() as connection:
            assert connection.execute(select(facts)).all()
    one.close()


def test_every_write_makes_a_new_revision_and_nothing_else_does(index: Index) -> None:
    first = index.revision()
    with index.reading() as connection:
        connection.execute(select(facts)).all()
    assert index.revision() == first

    with pytest.raises(LookupError), index.writing():
        raise LookupError
    assert index.revision() == first

    with index.writing() as connection:
        connection.execute(insert(tokens), {"address": "first", "allowed": True})
    assert index.revision() != first


def test_an_empty_index_has_no_last_block(index: Index) -> None:
    assert index.tip() is None
