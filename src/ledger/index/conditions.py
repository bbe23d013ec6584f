"""What rows are asked for: filters as SQL."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, and_, case, exists, or_

from ledger.errors import UsageError
from ledger.index import schema
from ledger.model.ids import DatasetId
from ledger.model.licence import LicenceState

__all__ = ["contains", "derives_from", "equal", "has_term", "names_subject", "offered_under", "state_of", "words"]

_MAX_TEXT: Final = 200
_DUO_BITS: Final = 63
"""Bits of a set of DUO terms that every database here can compare; DUO itself ends far below."""


def state_of(licences: FromClause, at: int) -> ColumnElement[int]:
    """The state of a licence at a Unix time, as :func:`ledger.model.licence.state_at` derives it."""
    stage, state = licences.c.stage, LicenceState
    late = licences.c.deadline < at
    over = licences.c.expires_at <= at
    delivered = stage.in_((state.DELIVERED.value, state.ACTIVE.value))
    return case(
        (and_(stage == state.AGREED.value, late), state.LAPSED.value),
        (and_(stage == state.PAID.value, late), state.OVERDUE.value),
        (and_(stage == state.DELIVERED.value, ~late), state.DELIVERED.value),
        (and_(delivered, over), state.EXPIRED.value),
        (delivered, state.ACTIVE.value),
        else_=stage,
    )


def derives_from(parent: DatasetId) -> ColumnElement[bool]:
    """Whether a dataset names `parent` among those it derives from."""
    table = schema.dataset_parents
    return exists().where(table.c.dataset == schema.datasets.c.id, table.c.parent == parent)


def offered_under(duo: int) -> ColumnElement[bool]:
    """Whether a dataset has an open offer with this DUO term."""
    return exists().where(schema.offers.c.dataset == schema.datasets.c.id, schema.offers.c.open, has_term(duo))


def has_term(duo: int) -> ColumnElement[bool]:
    """Whether an offer has this DUO term.

    Raises:
        UsageError: The number is beyond those of DUO.
    """
    if not 0 <= duo < _DUO_BITS:
        raise UsageError(
            "The data-use term cannot be used",
            why=f"{duo} is not the number of a term such as 42, general research use",
            fix="give the number of a DUO permission or modifier",
        )
    return schema.offers.c.duo_codes.bitwise_and(1 << duo) != 0


def names_subject(kind: str, subject: int) -> ColumnElement[bool]:
    """Whether an event names this member, dataset, offer or licence."""
    table = schema.event_subjects
    return exists().where(
        table.c.kind == kind,
        table.c.subject == subject,
        table.c.block_number == schema.events.c.block_number,
        table.c.log_index == schema.events.c.log_index,
    )


def equal(column: ColumnElement[Any], value: Any) -> tuple[ColumnElement[bool], ...]:
    """Whether the column has the value; no condition if the value is None."""
    return () if value is None else (column == value,)


def contains(word: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether one of the columns contains the word, whose ``%`` and ``_`` stand for themselves."""
    return or_(*(column.contains(word, autoescape=True) for column in columns))


def words(text: str | None) -> list[str]:
    """The words to search for, folded as the columns are.

    Raises:
        UsageError: There are too many.
    """
    if text is None:
        return []
    if len(text) > _MAX_TEXT:
        raise UsageError(
            "The search text cannot be used",
            why=f"it has more than {_MAX_TEXT} characters",
            fix="search for fewer words",
        )
    return schema.foldable(text).split()
