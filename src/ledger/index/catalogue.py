"""Datasets and licences joined with what belongs to them in other tables.

Statements are built once: building them takes longer than running them.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, func, select

from ledger.index import entries, schema
from ledger.index.entries import DatasetEntry, Price
from ledger.model.ids import DatasetId

__all__ = ["catalogue", "dataset_entries", "with_owners"]


_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_PARENTS: Final = (
    select(schema.dataset_parents.c.dataset, schema.dataset_parents.c.parent)
    .where(schema.dataset_parents.c.dataset.in_(_IDS))
    .order_by(schema.dataset_parents.c.dataset, schema.dataset_parents.c.position)
)
_OPEN_OFFERS: Final = (
    select(schema.offers.c.dataset, schema.offers.c.token, func.min(schema.offers.c.price), func.count())
    .where(schema.offers.c.dataset.in_(_IDS), schema.offers.c.open)
    .group_by(schema.offers.c.dataset, schema.offers.c.token)
    .order_by(schema.offers.c.dataset, schema.offers.c.token)
)


@cache
def catalogue() -> Select[Any]:
    """Datasets with the account that has their token and what their metadata says."""
    table, documents, owners = schema.datasets, schema.documents, schema.token_owners
    described = (documents.c[name] for name in ("name", "description", "creator", "keywords"))
    return (
        select(table, documents.c.status.label("document"), owners.c.owner, *described)
        .outerjoin(documents, documents.c.digest == table.c.metadata_digest)
        .outerjoin(owners, and_(owners.c.contract == "Datasets", owners.c.token_id == table.c.id))
    )


@cache
def with_owners() -> Select[Any]:
    """Licences with the account that has their token."""
    table, owners = schema.licences, schema.token_owners
    token = and_(owners.c.contract == "Licences", owners.c.token_id == table.c.id)
    return select(table, owners.c.owner).outerjoin(owners, token)


def dataset_entries(connection: Connection, rows: Any) -> list[DatasetEntry]:
    """Rows of :func:`catalogue` with their parents and open offers."""
    ids = [row["id"] for row in rows]
    parents = _parents(connection, ids)
    prices, counts = _open_offers(connection, ids)
    return [
        DatasetEntry(
            dataset=entries.dataset_value(row, tuple(parents.get(row["id"], ()))),
            owner=row["owner"],
            description=entries.description_value(row),
            document=row["document"] or "unknown",
            open_offers=counts.get(row["id"], 0),
            lowest_prices=tuple(prices.get(row["id"], ())),
        )
        for row in rows
    ]


def _parents(connection: Connection, ids: list[int]) -> dict[int, list[DatasetId]]:
    found: dict[int, list[DatasetId]] = {}
    for dataset, parent in connection.execute(_PARENTS, {"ids": ids}):
        found.setdefault(dataset, []).append(parent)
    return found


def _open_offers(connection: Connection, ids: list[int]) -> tuple[dict[int, list[Price]], dict[int, int]]:
    prices: dict[int, list[Price]] = {}
    counts: dict[int, int] = {}
    for dataset, token, lowest, number in connection.execute(_OPEN_OFFERS, {"ids": ids}):
        prices.setdefault(dataset, []).append(Price(token, schema.narrow(lowest)))
        counts[dataset] = counts.get(dataset, 0) + number
    return prices, counts
