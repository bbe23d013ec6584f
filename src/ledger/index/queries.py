"""What the index can be asked. Lists come in pages; one entry by its id is None if there is none.

Whatever depends on time is told for a Unix time `at`: by default that of the last block, or of this machine's clock if
it is later, since the next block will not be older.

Every list takes `cursor`, the `next_cursor` of the page before, and `limit`, from 1 to 100 entries, and raises
:class:`~ledger.errors.UsageError` if it cannot use them.
"""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy import Connection, select

from ledger.index import entries, schema
from ledger.index.catalogue import catalogue, dataset_entries, with_owners
from ledger.index.conditions import (
    contains,
    derives_from,
    equal,
    has_term,
    names_subject,
    offered_under,
    state_of,
    words,
)
from ledger.index.cursor import Page, Question
from ledger.index.database import Index, tip
from ledger.index.entries import Balance, DatasetEntry, EventEntry, LicenceEntry
from ledger.index.lookups import (
    accounts,
    agreement,
    dataset_by_manifest,
    delivery,
    escrow,
    member,
    member_of,
    metadata,
    offer,
    token_allowed,
    windows,
)
from ledger.model.dataset import DatasetStatus, Funding, Offer, Tier
from ledger.model.ids import DatasetId, Digest, LicenceId, MemberId, OfferId
from ledger.model.licence import LicenceState
from ledger.model.parties import Member, MemberKind, MemberStatus

__all__ = [
    "DEFAULT_LIMIT",
    "accounts",
    "agreement",
    "benefits",
    "dataset",
    "dataset_by_manifest",
    "datasets",
    "delivery",
    "escrow",
    "events",
    "licence",
    "licences",
    "member",
    "member_of",
    "members",
    "metadata",
    "offer",
    "offers",
    "token_allowed",
    "windows",
]

DEFAULT_LIMIT: Final = 20
_MAX_TEXT: Final = 200


def members(
    index: Index,
    *,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
    text: str | None = None,
    kind: MemberKind | None = None,
    status: MemberStatus | None = None,
    country: str | None = None,
) -> Page[Member]:
    """Members in the order in which they joined.

    Args:
        index: The index.
        cursor: Where the page begins.
        limit: Entries on a page.
        text: Words that are all in the name.
        kind: What they may do, of all these kinds.
        status: Their standing.
        country: ISO 3166-1 alpha-2 code of their seat.
    """
    table = schema.members
    question = Question("members", {"text": text, "kind": kind, "status": status, "country": country}, (table.c.id,))
    statement = select(table).where(
        *equal(table.c.status, status),
        *equal(table.c.country, country),
        *(() if kind is None else (table.c.kinds.bitwise_and(int(kind)) == int(kind),)),
        *(contains(word, table.c.search) for word in words(text)),
    )
    with index.reading() as connection:
        rows, following = question.answer(connection, statement, cursor, limit)
    return Page(tuple(map(entries.member_value, rows)), following)


def datasets(
    index: Index,
    *,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
    text: str | None = None,
    holder: MemberId | None = None,
    collector: MemberId | None = None,
    parent: DatasetId | None = None,
    tier: Tier | None = None,
    funding: Funding | None = None,
    duo: int | None = None,
    status: DatasetStatus | None = None,
    human_genetic_resources: bool | None = None,
) -> Page[DatasetEntry]:
    """Datasets, the newest first.

    Args:
        index: The index.
        cursor: Where the page begins.
        limit: Entries on a page.
        text: Words that are all in name, description, keywords, creator or attribution, in any case.
        holder: Member that holds them.
        collector: Member that collected them.
        parent: Dataset from which they derive.
        tier: How widely they may be shared.
        funding: Who paid for them.
        duo: Number of a DUO term that one of their open offers has.
        status: Their standing.
        human_genetic_resources: Whether they contain human genetic resources.
    """
    table = schema.datasets
    filters = {
        "text": text,
        "holder": holder,
        "collector": collector,
        "parent": parent,
        "tier": tier,
        "funding": funding,
        "duo": duo,
        "status": status,
        "human_genetic_resources": human_genetic_resources,
    }
    question = Question("datasets", filters, (table.c.id,), descending=True)
    statement = catalogue().where(
        *equal(table.c.holder, holder),
        *equal(table.c.collector, collector),
        *equal(table.c.tier, tier),
        *equal(table.c.funding, funding),
        *equal(table.c.status, status),
        *equal(table.c.human_genetic_resources, human_genetic_resources),
        *(() if parent is None else (derives_from(parent),)),
        *(() if duo is None else (offered_under(duo),)),
        *(contains(word, table.c.search, schema.documents.c.search) for word in words(text)),
    )
    with index.reading() as connection:
        rows, following = question.answer(connection, statement, cursor, limit)
        return Page(tuple(dataset_entries(connection, rows)), following)


def dataset(index: Index, dataset_id: DatasetId) -> DatasetEntry | None:
    """A dataset."""
    with index.reading() as connection:
        rows = connection.execute(catalogue().where(schema.datasets.c.id == dataset_id)).mappings().all()
        return next(iter(dataset_entries(connection, rows)), None)


def offers(
    index: Index,
    *,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
    dataset: DatasetId | None = None,
    holder: MemberId | None = None,
    open: bool | None = None,  # noqa: A002 - the contract's word
    token: str | None = None,
    duo: int | None = None,
) -> Page[Offer]:
    """Offers, the newest first.

    Args:
        index: The index.
        cursor: Where the page begins.
        limit: Entries on a page.
        dataset: Dataset they are for.
        holder: Member that holds that dataset.
        open: Whether they may be taken up.
        token: Address of their settlement token.
        duo: Number of a DUO term that they have.
    """
    table = schema.offers
    filters = {"dataset": dataset, "holder": holder, "open": open, "token": token, "duo": duo}
    question = Question("offers", filters, (table.c.id,), descending=True)
    held = select(schema.datasets.c.id).where(schema.datasets.c.holder == holder)
    statement = select(table).where(
        *equal(table.c.dataset, dataset),
        *equal(table.c.open, open),
        *equal(table.c.token, token),
        *(() if holder is None else (table.c.dataset.in_(held),)),
        *(() if duo is None else (has_term(duo),)),
    )
    with index.reading() as connection:
        rows, following = question.answer(connection, statement, cursor, limit)
    return Page(tuple(map(entries.offer_value, rows)), following)


def licences(
    index: Index,
    *,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
    licensee: MemberId | None = None,
    licensor: MemberId | None = None,
    holder: MemberId | None = None,
    dataset: DatasetId | None = None,
    offer: OfferId | None = None,
    state: LicenceState | None = None,
    at: int | None = None,
) -> Page[LicenceEntry]:
    """Applications and licences, the newest first.

    Args:
        index: The index.
        cursor: Where the page begins.
        limit: Entries on a page.
        licensee: Member that applied.
        licensor: Member that approved.
        holder: Member that holds the dataset now, and so decides on applications.
        dataset: Dataset they are for.
        offer: Offer they are under.
        state: Their state at the time `at`.
        at: Unix time, in seconds.
    """
    table = schema.licences
    filters = {
        "licensee": licensee,
        "licensor": licensor,
        "holder": holder,
        "dataset": dataset,
        "offer": offer,
        "state": state,
    }
    question = Question("licences", filters, (table.c.id,), descending=True)
    held = select(schema.datasets.c.id).where(schema.datasets.c.holder == holder)
    with index.reading() as connection:
        moment = _present(connection) if at is None else at
        statement = with_owners().where(
            *equal(table.c.licensee, licensee),
            *equal(table.c.licensor, licensor),
            *equal(table.c.dataset, dataset),
            *equal(table.c.offer, offer),
            *(() if holder is None else (table.c.dataset.in_(held),)),
            *(() if state is None else (state_of(table, moment) == state.value,)),
        )
        rows, following = question.answer(connection, statement, cursor, limit)
    return Page(tuple(entries.licence_entry(row, row["owner"], moment) for row in rows), following)


def licence(index: Index, licence_id: LicenceId, *, at: int | None = None) -> LicenceEntry | None:
    """A licence, with its state at the time `at`."""
    with index.reading() as connection:
        moment = _present(connection) if at is None else at
        row = connection.execute(with_owners().where(schema.licences.c.id == licence_id)).mappings().first()
    return None if row is None else entries.licence_entry(row, row["owner"], moment)


def benefits(index: Index, member: MemberId, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT) -> Page[Balance]:
    """A member's balances, by token."""
    table = schema.balances
    question = Question("benefits", {"member": member}, (table.c.token,))
    with index.reading() as connection:
        statement = select(table).where(table.c.member == member)
        rows, following = question.answer(connection, statement, cursor, limit)
    return Page(tuple(map(entries.balance_entry, rows)), following)


def events(
    index: Index,
    *,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
    contract: str | None = None,
    name: str | None = None,
    member: MemberId | None = None,
    dataset: DatasetId | None = None,
    offer: OfferId | None = None,
    licence: LicenceId | None = None,
    transaction_hash: Digest | None = None,
    first_block: int | None = None,
    last_block: int | None = None,
    descending: bool = False,
) -> Page[EventEntry]:
    """Events of the ledger's contracts, in the order in which they happened.

    Args:
        index: The index.
        cursor: Where the page begins.
        limit: Entries on a page.
        contract: Contract that emitted them.
        name: Their name.
        member: Member that they name, in whatever part.
        dataset: Dataset that they name.
        offer: Offer that they name.
        licence: Licence that they name.
        transaction_hash: Transaction that caused them.
        first_block: Height of the first block.
        last_block: Height of the last block.
        descending: The last event first.
    """
    table = schema.events
    subjects = {"member": member, "dataset": dataset, "offer": offer, "licence": licence}
    hashed = None if transaction_hash is None else "0x" + transaction_hash.hex()
    filters = subjects | {
        "contract": contract,
        "name": name,
        "transaction_hash": hashed,
        "first_block": first_block,
        "last_block": last_block,
    }
    question = Question("events", filters, (table.c.block_number, table.c.log_index), descending=descending)
    statement = (
        select(table, schema.blocks.c.hash, schema.blocks.c.time)
        .join(schema.blocks, schema.blocks.c.number == table.c.block_number)
        .where(
            *equal(table.c.contract, contract),
            *equal(table.c.name, name),
            *equal(table.c.transaction_hash, hashed),
            *(() if first_block is None else (table.c.block_number >= first_block,)),
            *(() if last_block is None else (table.c.block_number <= last_block,)),
            *(names_subject(kind, subject) for kind, subject in subjects.items() if subject is not None),
        )
    )
    with index.reading() as connection:
        rows, following = question.answer(connection, statement, cursor, limit)
    return Page(tuple(map(entries.event_entry, rows)), following)


def _present(connection: Connection) -> int:
    last = tip(connection)
    return max(int(time.time()), 0 if last is None else last.time)
