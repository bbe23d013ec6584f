"""One entry at a time, by its id. Offered through :mod:`ledger.index.queries`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Table, select

from ledger.index import entries, schema
from ledger.index.database import Index
from ledger.index.documents import PRESENT
from ledger.index.entries import SignedAgreement
from ledger.model.dataset import DatasetStatus, Offer
from ledger.model.ids import Address, DatasetId, Digest, LicenceId, MemberId, OfferId
from ledger.model.licence import Delivery, Escrow, Windows
from ledger.model.metadata import Metadata
from ledger.model.parties import Member

__all__ = [
    "accounts",
    "agreement",
    "dataset_by_manifest",
    "delivery",
    "escrow",
    "member",
    "member_of",
    "metadata",
    "offer",
    "token_allowed",
    "windows",
]


def member(index: Index, member_id: MemberId) -> Member | None:
    """A member."""
    row = _row(index, schema.members, schema.members.c.id == member_id)
    return None if row is None else entries.member_value(row)


def member_of(index: Index, account: Address) -> MemberId | None:
    """The member for which an account acts; None if it acts for none."""
    table = schema.member_accounts
    row = _row(index, table, (table.c.account == account) & table.c.acts)
    return None if row is None else MemberId(row["member"])


def accounts(index: Index, member_id: MemberId) -> tuple[Address, ...]:
    """The accounts that act for a member, its principal among them."""
    table = schema.member_accounts
    statement = select(table.c.account).where(table.c.member == member_id, table.c.acts).order_by(table.c.account)
    with index.reading() as connection:
        return tuple(connection.scalars(statement))


def dataset_by_manifest(index: Index, manifest_digest: Digest) -> DatasetId | None:
    """The dataset registered with this manifest. Of several, all but one are revoked; if all are, the latest."""
    table = schema.datasets
    statement = (
        select(table.c.id)
        .where(table.c.manifest_digest == "0x" + manifest_digest.hex())
        .order_by(table.c.status == DatasetStatus.REVOKED, table.c.id.desc())
        .limit(1)
    )
    with index.reading() as connection:
        found = connection.scalar(statement)
    return None if found is None else DatasetId(found)


def metadata(index: Index, dataset_id: DatasetId) -> Metadata | None:
    """The whole metadata document of a dataset; None if there is no such dataset, or the document was not found."""
    table, documents = schema.datasets, schema.documents
    statement = (
        select(documents.c.document)
        .join(table, table.c.metadata_digest == documents.c.digest)
        .where(table.c.id == dataset_id, documents.c.status == PRESENT)
    )
    with index.reading() as connection:
        document = connection.scalar(statement)
    return None if document is None else Metadata.from_document(document.encode())


def offer(index: Index, offer_id: OfferId) -> Offer | None:
    """An offer with its terms."""
    row = _row(index, schema.offers, schema.offers.c.id == offer_id)
    return None if row is None else entries.offer_value(row)


def agreement(index: Index, licence_id: LicenceId) -> SignedAgreement | None:
    """The agreement that both sides of a licence signed; None before that."""
    with index.reading() as connection:

        def row(table: Table, condition: ColumnElement[bool]) -> Any:
            return connection.execute(select(table).where(condition)).mappings().first()

        signed = row(schema.agreements, schema.agreements.c.licence == licence_id)
        if signed is None:
            return None
        licence = row(schema.licences, schema.licences.c.id == licence_id)
        under = row(schema.offers, schema.offers.c.id == licence["offer"])
    return entries.agreement_entry(signed, licence, under)


def delivery(index: Index, licence_id: LicenceId) -> Delivery | None:
    """The key delivered for a licence, blinded for its licensee."""
    row = _row(index, schema.deliveries, schema.deliveries.c.licence == licence_id)
    return None if row is None else entries.delivery_value(row)


def escrow(index: Index, licence_id: LicenceId) -> Escrow | None:
    """The money of a licence; None before an agreement, and if it is free."""
    row = _row(index, schema.escrows, schema.escrows.c.licence == licence_id)
    return None if row is None else entries.escrow_value(row)


def token_allowed(index: Index, token: Address) -> bool:
    """Whether new offers may name the token."""
    row = _row(index, schema.tokens, schema.tokens.c.address == token)
    return row is not None and row["allowed"]


def windows(index: Index) -> Windows | None:
    """How long each side has in future stages; None before the ledger's first block is indexed."""
    row = _row(index, schema.windows, schema.windows.c.id == 1)
    if row is None:
        return None
    return Windows(payment=row["payment"], delivery=row["delivery"], acceptance=row["acceptance"])


def _row(index: Index, table: Table, condition: ColumnElement[bool]) -> Any:
    with index.reading() as connection:
        return connection.execute(select(table).where(condition)).mappings().first()
