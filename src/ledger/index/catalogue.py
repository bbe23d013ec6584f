"""Datasets and licences joined with what belongs to them in other tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from ledger.index import entries, schema
from ledger.index.entries import DatasetEntry, Price
from ledger.model.ids import DatasetId

__all__ = ["catalogue", "dataset_entries", "with_owners"]


def catalogue() -> Select[Any]:
    """Datasets with the account that has their token and what their metadata says."""
    table, documents, owners = schema.datasets, schema.documents, schema.token_owners
    described = (documents.c[name] for name in ("name", "description", "creator", "keywords"))
    return (
        select(table, documents.c.status.label("document"), owners.c.owner, *described)
        .outerjoin(documents, documents.c.digest == table.c.metadata_digest)
        .outerjoin(owners, and_(owners.c.contract == "Datasets", owners.c.token_id == table.c.id))
    )


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
    table = schema.dataset_parents
    found: dict[int, list[DatasetId]] = {}
    statement = select(table).where(table.c.dataset.in_(ids)).order_by(table.c.dataset, table.c.position)
    for row in connection.execute(statement):
        found.setdefault(row.dataset, []).append(row.parent)
    return found


def _open_offers(connection: Connection, ids: list[int]) -> tuple[dict[int, list[Price]], dict[int, int]]:
    table = schema.offers
    prices: dict[int, list[Price]] = {}
    counts: dict[int, int] = {}
    statement = (
        select(table.c.dataset, table.c.token, func.min(table.c.price).label("lowest"), func.count().label("number"))
        .where(table.c.dataset.in_(ids), table.c.open)
        .group_by(table.c.dataset, table.c.token)
        .order_by(table.c.dataset, table.c.token)
    )
    for row in connection.execute(statement):
        prices.setdefault(row.dataset, []).append(Price(row.token, schema.narrow(row.lowest)))
        counts[row.dataset] = counts.get(row.dataset, 0) + row.number
    return prices, counts
