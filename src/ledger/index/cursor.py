"""Pages, and the cursors that lead from one to the next.

A cursor names the last entry of a page by its key, never by its place, so entries that come or go meanwhile make no
page repeat or skip another. It also carries a digest of the question it belongs to: with other filters it is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Column, Connection, RowMapping, Select, tuple_

from ledger.errors import UsageError

__all__ = ["MAX_LIMIT", "Page", "Question"]

MAX_LIMIT: Final = 100
_MAX_CURSOR: Final = 512

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of an answer.

    Attributes:
        items: Entries in order.
        next_cursor: Where the next page begins; None on the last.
    """

    items: tuple[T, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked for: a list, its filters and its order.

    Args:
        name: The list, e.g. ``datasets``.
        filters: Its filters as plain values.
        key: Columns that order it and together name one entry.
        descending: Whether the entry with the highest key comes first.
    """

    name: str
    filters: Mapping[str, Any]
    key: tuple[Column[Any], ...]
    descending: bool = False

    def answer(
        self, connection: Connection, statement: Select[Any], cursor: str | None, limit: int
    ) -> tuple[Sequence[RowMapping], str | None]:
        """At most `limit` rows of the statement behind the cursor, and the cursor behind them if there are more.

        Raises:
            UsageError: The limit is not between 1 and `MAX_LIMIT`, or the cursor is malformed or another question's.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise UsageError(
                "The page size cannot be used",
                why=f"{limit} is not between 1 and {MAX_LIMIT}",
                fix="ask for fewer entries, and follow the cursor to the next",
            )
        if cursor is not None:
            statement = statement.where(self._behind(self._after(cursor)))
        order = [column.desc() if self.descending else column for column in self.key]
        rows = connection.execute(statement.order_by(*order).limit(limit + 1)).mappings().all()
        if len(rows) <= limit:
            return rows, None
        return rows[:limit], self._cursor([rows[limit - 1][column.name] for column in self.key])

    def _behind(self, key: tuple[Any, ...]) -> Any:
        columns: Any = self.key[0] if len(self.key) == 1 else tuple_(*self.key)
        value: Any = key[0] if len(self.key) == 1 else key
        return columns < value if self.descending else columns > value

    def _cursor(self, key: Sequence[int | str]) -> str:
        text = json.dumps([self._digest(), *key], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode("ascii")

    def _after(self, cursor: str) -> tuple[Any, ...]:
        parts = _decoded(cursor)
        if not parts or parts[0] != self._digest():
            raise _refused("it belongs to another list or to other filters")
        key = tuple(parts[1:])
        expected = tuple(column.type.python_type for column in self.key)
        if tuple(map(type, key)) != expected or any(isinstance(part, int) and abs(part) >= 2**63 for part in key):
            raise _refused("it names no entry")
        return key

    def _digest(self) -> str:
        asked = json.dumps([self.name, self.descending, dict(self.filters)], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(asked.encode()).hexdigest()[:16]


def _decoded(cursor: str) -> list[Any]:
    if len(cursor) > _MAX_CURSOR:
        raise _refused("it is too long")
    try:
        parts = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _refused("it is not one that a list gave out") from error
    if not isinstance(parts, list):
        raise _refused("it is not one that a list gave out")
    return parts


def _refused(why: str) -> UsageError:
    return UsageError(
        "The cursor cannot be used", why=why, fix="begin at the first page, and use each cursor with the same filters"
    )
