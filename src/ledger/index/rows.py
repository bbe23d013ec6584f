"""Rows of the state tables as plain values, and how they come from and go to the database in bulk."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import Connection, Table, and_, bindparam, delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from ledger.index.schema import STATE_TABLES, journal

__all__ = ["Key", "Plain", "Row", "Rows", "journalled", "load", "save", "undo", "upsert"]

Plain: TypeAlias = int | str | bool | None
"""What a column holds: the values that JSON keeps as they are."""
Row: TypeAlias = Mapping[str, Plain]
"""A row by column name. Never changed: a new one takes its place."""
Rows: TypeAlias = tuple[Row | None, ...]
"""Rows beside the keys they were asked for by; None where there is none."""

_T = TypeVar("_T")
_CHUNK: Final = 400  # below SQLite's 999 variables for two key columns, as of before 3.32


class Key(NamedTuple):
    """A state table's name and a primary key in it."""

    table: str
    values: tuple[int | str, ...]


def load(connection: Connection, keys: Iterable[Key]) -> dict[Key, Row | None]:
    """The present rows behind `keys`; None for those that are not there."""
    found: dict[Key, Row | None] = dict.fromkeys(keys)
    for name, wanted in _by_table(found).items():
        table = STATE_TABLES[name]
        columns = list(table.primary_key.columns)
        target = columns[0] if len(columns) == 1 else tuple_(*columns)
        for chunk in _chunks(wanted):
            values: list[Any] = [key.values[0] if len(columns) == 1 else key.values for key in chunk]
            for row in connection.execute(select(table).where(target.in_(values))).mappings():
                found[Key(name, tuple(row[column.name] for column in columns))] = dict(row)
    return found


def save(connection: Connection, rows: Mapping[Key, Row | None]) -> None:
    """Put the rows in the place of those with their keys; None deletes."""
    for name, keys in _by_table(rows).items():
        table = STATE_TABLES[name]
        present = [dict(row) for key in keys if (row := rows[key]) is not None]
        gone = [key for key in keys if rows[key] is None]
        if present:
            upsert(connection, table, present)
        if gone:
            columns = [column.name for column in table.primary_key.columns]
            matches = and_(*(table.c[column] == bindparam(f"key_{column}") for column in columns))
            parameters = [
                {f"key_{column}": value for column, value in zip(columns, key.values, strict=True)} for key in gone
            ]
            connection.execute(delete(table).where(matches), parameters)


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows, or put them in the place of those with the same primary key."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table)
    keys = [column.name for column in table.primary_key.columns]
    changed = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    upserting = (
        statement.on_conflict_do_update(index_elements=keys, set_=changed)
        if changed
        else statement.on_conflict_do_nothing(index_elements=keys)
    )
    connection.execute(upserting, rows)


def journalled(block_number: int, before: Mapping[Key, Row | None]) -> list[dict[str, Any]]:
    """Entries of the journal: the rows that a block changed, as they were before it."""
    return [
        {
            "block_number": block_number,
            "table_name": key.table,
            "row_key": json.dumps(key.values),
            "before": None if row is None else json.dumps(dict(row)),
        }
        for key, row in before.items()
    ]


def undo(connection: Connection, ancestor: int) -> None:
    """Give every row that a block after `ancestor` changed the value it had in `ancestor`."""
    entries = connection.execute(
        select(journal).where(journal.c.block_number > ancestor).order_by(journal.c.block_number.desc())
    )
    former: dict[Key, Row | None] = {}
    for entry in entries:  # the earliest block's entry comes last and stays
        key = Key(entry.table_name, tuple(json.loads(entry.row_key)))
        former[key] = None if entry.before is None else json.loads(entry.before)
    save(connection, former)
    connection.execute(delete(journal).where(journal.c.block_number > ancestor))


def _by_table(keys: Iterable[Key]) -> dict[str, list[Key]]:
    grouped: dict[str, list[Key]] = defaultdict(list)
    for key in keys:
        grouped[key.table].append(key)
    return {name: grouped[name] for name in STATE_TABLES if name in grouped}


def _chunks(items: Sequence[_T]) -> Iterator[list[_T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk
