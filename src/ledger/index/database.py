"""The index's database: connections, transactions, whose chain it is of, and the digest of its state."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Self

from sqlalchemy import URL, Connection, Engine, bindparam, create_engine, event, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from ledger.chain.node import BlockRef
from ledger.errors import IndexStateError, UsageError
from ledger.index.rows import upsert
from ledger.index.schema import METADATA, SCHEMA_VERSION, STATE_TABLES, blocks, events, facts
from ledger.model.ids import UnixTime

__all__ = ["Index", "tip"]

_BUSY_MILLISECONDS: Final = 30_000
_POOL: Final[dict[str, int]] = {"pool_size": 16, "max_overflow": 16}
_DRIVERS: Final = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_REVISION: Final = "revision"
_READ_REVISION: Final = select(facts.c.value).where(facts.c.name == _REVISION)
_CHANGE_REVISION: Final = facts.update().where(facts.c.name == _REVISION).values(value=bindparam("new"))
_REBUILD: Final = "name another database, or delete this one: it is rebuilt from the chain"


class Index:
    """An index in a database. Safe to use from many threads; each use takes its own connection.

        with Index("sqlite:////srv/ledger/index.db") as index:
            page = queries.datasets(index, text="survival")

    Args:
        database_url: ``sqlite:///relative/path``, ``sqlite:////absolute/path`` or
            ``postgresql://user@host/database``. SQLite runs in WAL mode with full synchronisation, so that one
            process writes while others read and what was committed survives a loss of power.

    Raises:
        UsageError: The URL is of no known kind.
        IndexStateError: The database cannot be opened, or its tables are of another version of this program.
    """

    def __init__(self, database_url: str) -> None:
        url = _parsed(database_url)
        self._writer = _engine(url, writing=True)
        self._reader = _engine(url, writing=False)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the database throughout and cannot change it.

        Raises:
            IndexStateError: The database does not answer.
        """
        with _spoken_for(), self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that alone may write: committed at the end of the block, undone if it fails.

        Raises:
            IndexStateError: The database does not answer, or another process holds it too long.
        """
        with _spoken_for(), self._writer.begin() as connection:
            if connection.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE has done the same
                connection.execute(select(facts).where(facts.c.name == "schema").with_for_update())
            yield connection
            connection.execute(_CHANGE_REVISION, {"new": secrets.token_hex(8)})

    def facts(self) -> Mapping[str, str]:
        """What the index knows of itself: its schema, and the chain it is of once it has been bound to one."""
        with self.reading() as connection:
            return {row.name: row.value for row in connection.execute(select(facts)) if row.name != _REVISION}

    def revision(self) -> str:
        """A name for what the index holds now: another one after every write, whichever process wrote.

        What was read after asking for it is at least as new as the name says.
        """
        with self.reading() as connection:
            return str(connection.scalar(_READ_REVISION))

    def tip(self) -> BlockRef | None:
        """The last block whose events are all in the index; None before the first."""
        with self.reading() as connection:
            return tip(connection)

    def bind(self, identity: Mapping[str, str]) -> None:
        """Make an empty index one of this chain and these contracts, or check that it is.

        Args:
            identity: What tells the ledger from every other: chain id, anchor, addresses.

        Raises:
            IndexStateError: It is of another chain or other contracts.
        """
        with self.writing() as connection:
            present = {row.name: row.value for row in connection.execute(select(facts))}
            for name, value in identity.items():
                known = present.get(name)
                if known is not None and known != value:
                    raise IndexStateError(
                        "The index is of another ledger",
                        why=f"its {name.replace('_', ' ')} is {known}, that of the network is {value}",
                        fix=_REBUILD,
                    )
            upsert(connection, facts, [{"name": name, "value": value} for name, value in identity.items()])

    def digest(self) -> str:
        """SHA-256 over all events and all state, the same for the same chain whatever the path and the database.

        Returns:
            ``0x`` and hexadecimal digits.
        """
        total = hashlib.sha256()
        with self.reading() as connection:
            recorded = select(blocks.c.hash, blocks.c.time, *events.c).join_from(
                events, blocks, events.c.block_number == blocks.c.number
            )
            total.update(_lines(connection, "events", recorded.order_by(*events.primary_key.columns)))
            for name, table in sorted(STATE_TABLES.items()):
                total.update(_lines(connection, name, select(table).order_by(*table.primary_key.columns)))
        return "0x" + total.hexdigest()

    def close(self) -> None:
        """Give the connections back. Twice is once."""
        self._writer.dispose()
        self._reader.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self) -> None:
        with _spoken_for(), self._writer.begin() as connection:
            if connection.dialect.name == "postgresql":
                # Two processes that start together must not both create the tables.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4823760197)")
            METADATA.create_all(connection)
            upsert(connection, facts, [{"name": _REVISION, "value": secrets.token_hex(8)}])
            found = connection.scalar(select(facts.c.value).where(facts.c.name == "schema"))
            if found is None:
                connection.execute(facts.insert(), {"name": "schema", "value": SCHEMA_VERSION})
            elif found != SCHEMA_VERSION:
                raise IndexStateError(
                    "The index was made by another version of this program",
                    why=f"its tables are of version {found}, version {SCHEMA_VERSION} is needed",
                    fix=_REBUILD,
                )


def tip(connection: Connection) -> BlockRef | None:
    """As :meth:`Index.tip`, inside a transaction."""
    row = connection.execute(select(blocks).order_by(blocks.c.number.desc()).limit(1)).first()
    return None if row is None else BlockRef(row.number, bytes.fromhex(row.hash[2:]), UnixTime(row.time))


def _parsed(database_url: str) -> URL:
    try:
        url = make_url(database_url)
    except ArgumentError as error:
        raise _unusable("it is not a database URL") from error
    driver = _DRIVERS.get(url.drivername.split("+", maxsplit=1)[0])
    if driver is None:
        raise _unusable(f"{url.drivername!r} is neither sqlite nor postgresql")
    if driver.startswith("sqlite") and url.database in (None, "", ":memory:"):
        raise _unusable("an index in memory would be lost, and each connection would see another")
    return url.set(drivername=driver)


def _unusable(why: str) -> UsageError:
    return UsageError(
        "The index's database cannot be used",
        why=why,
        fix="give sqlite:///path/to/index.db or postgresql://user@host/database",
    )


def _engine(url: URL, *, writing: bool) -> Engine:
    if url.drivername.startswith("postgresql"):
        options: dict[str, Any] = {} if writing else {"isolation_level": "REPEATABLE READ"}
        engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10}, **_POOL, **options)
        return engine if writing else engine.execution_options(postgresql_readonly=True)
    engine = create_engine(url, connect_args={"timeout": _BUSY_MILLISECONDS / 1000}, **_POOL)
    event.listen(engine, "connect", _open_for_writing if writing else _open_for_reading)
    event.listen(engine, "begin", _begin_writing if writing else _begin_reading)
    return engine


def _open_for_writing(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin when said here, not when the driver thinks best
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_MILLISECONDS}"):
        connection.execute(f"PRAGMA {pragma}").close()


def _open_for_reading(connection: Any, record: object) -> None:
    _open_for_writing(connection, record)
    connection.execute("PRAGMA query_only=ON").close()


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


@contextmanager
def _spoken_for() -> Iterator[None]:
    """Say in one sentence what the database's driver said in many."""
    try:
        yield
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())[:300]
        raise IndexStateError(
            "The index's database cannot be used",
            why=reason or type(error.orig).__name__,
            fix="check that the database runs, that its disk has space and that this account may write to it",
        ) from error
    except SQLAlchemyError as error:
        raise IndexStateError(
            "The index's database cannot be used",
            why=type(error).__name__,
            fix="check that the database runs and is not overloaded",
        ) from error


def _lines(connection: Connection, name: str, statement: Any) -> bytes:
    section = hashlib.sha256(name.encode())
    for row in connection.execute(statement, execution_options={"yield_per": 1_000}):
        section.update(json.dumps(list(row), separators=(",", ":")).encode() + b"\n")
    return section.digest()
