"""What queries answer with: values of :mod:`ledger.model`, and what the index adds to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import RowMapping

from ledger.index.schema import narrow
from ledger.model.dataset import Dataset, DatasetStatus, Funding, Offer, Tier
from ledger.model.ids import Address, DatasetId, Digest, LicenceId, MemberId, OfferId, UnixTime
from ledger.model.licence import Agreement, Delivery, Escrow, EscrowStatus, Licence, LicenceState, state_at
from ledger.model.parties import DeliveryKey, Member, MemberKind, MemberStatus
from ledger.model.terms import DuoCodes, Shares, Terms

__all__ = [
    "Balance",
    "DatasetEntry",
    "Description",
    "EventEntry",
    "LicenceEntry",
    "Price",
    "SignedAgreement",
    "agreement_entry",
    "balance_entry",
    "dataset_value",
    "delivery_value",
    "description_value",
    "escrow_value",
    "event_entry",
    "licence_entry",
    "member_value",
    "offer_value",
]

Columns: TypeAlias = RowMapping


@dataclass(frozen=True, slots=True)
class Price:
    """A price in a token's units; the zero address if there is nothing to pay."""

    token: Address
    amount: int


@dataclass(frozen=True, slots=True)
class Description:
    """What a dataset's metadata document says, as far as lists show it."""

    name: str
    description: str
    creator: str
    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """A dataset in the catalogue.

    Attributes:
        dataset: As the ledger has it.
        owner: Account that has its token.
        description: From its metadata document; None unless `document` is ``present``.
        document: ``present``, ``missing`` (looked for again later), ``malformed``, or ``unknown`` (not looked for yet).
        open_offers: How many offers may be taken up.
        lowest_prices: The lowest price among them in each token.
    """

    dataset: Dataset
    owner: Address | None
    description: Description | None
    document: str
    open_offers: int
    lowest_prices: tuple[Price, ...]


@dataclass(frozen=True, slots=True)
class LicenceEntry:
    """A licence with what only events tell.

    Attributes:
        licence: As the ledger has it, with its state at the time asked about.
        applied_at: Unix time of the application, in seconds.
        requested_purpose_digest: Purpose that was applied for; the licence names the one approved.
        reasons_digest: Reasons of a rejection.
        payer: Account that paid the first term; None before that, and if it was free.
        settled: Whether the first term's price has been split.
        owner: Account that has its token; None before delivery and after a refund.
    """

    licence: Licence
    applied_at: UnixTime
    requested_purpose_digest: Digest
    reasons_digest: Digest | None
    payer: Address | None
    settled: bool
    owner: Address | None


@dataclass(frozen=True, slots=True)
class SignedAgreement:
    """An agreement as it was concluded.

    Attributes:
        agreement: What was signed, with the terms in full.
        digest: Its EIP-712 digest.
        agreed_at: Unix time, in seconds.
        licensor_signer: Account that signed, or accepted by ERC-1271, for the licensor.
        licensor_signature: Its signature.
        licensee_signer: The same for the licensee.
        licensee_signature: Its signature.
    """

    agreement: Agreement
    digest: Digest
    agreed_at: UnixTime
    licensor_signer: Address
    licensor_signature: bytes
    licensee_signer: Address
    licensee_signature: bytes


@dataclass(frozen=True, slots=True)
class Balance:
    """A member's money in one token, in token units.

    Attributes:
        token: The token.
        available: What can be withdrawn.
        credited: All that ever came in.
        withdrawn: All that ever went out.
    """

    token: Address
    available: int
    credited: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class EventEntry:
    """An event of the ledger's contracts.

    Attributes:
        block_number: Height of its block.
        block_hash: Hash of its block.
        time: Unix time of its block, in seconds.
        log_index: Its place in the block.
        transaction_hash: The transaction that caused it.
        contract: Contract that emitted it.
        name: Its name.
        arguments: By name in snake case: integers, text, and bytes as ``0x`` and hexadecimal digits.
    """

    block_number: int
    block_hash: Digest
    time: UnixTime
    log_index: int
    transaction_hash: Digest
    contract: str
    name: str
    arguments: Mapping[str, Any]


def member_value(row: Columns) -> Member:
    """From a row of ``members``."""
    x, y = row["delivery_key_x"], row["delivery_key_y"]
    return Member(
        id=MemberId(row["id"]),
        principal=row["principal"],
        status=MemberStatus(row["status"]),
        kinds=MemberKind(row["kinds"]),
        country=row["country"],
        joined_at=row["joined_at"],
        metadata_digest=_digest(row["metadata_digest"]),
        name=row["name"],
        delivery_key=None if x is None else DeliveryKey(x=narrow(x), y=narrow(y)),
    )


def dataset_value(row: Columns, parents: tuple[DatasetId, ...]) -> Dataset:
    """From a row of ``datasets`` and its parents."""
    return Dataset(
        id=DatasetId(row["id"]),
        collector=MemberId(row["collector"]),
        holder=MemberId(row["holder"]),
        size=narrow(row["size"]),
        registered_at=row["registered_at"],
        embargo_until=row["embargo_until"],
        funding=Funding(row["funding"]),
        tier=Tier(row["tier"]),
        status=DatasetStatus(row["status"]),
        human_genetic_resources=row["human_genetic_resources"],
        manifest_codec=row["manifest_codec"],
        manifest_digest=_digest(row["manifest_digest"]),
        metadata_digest=_digest(row["metadata_digest"]),
        key_commitment=_digest(row["key_commitment"]),
        attribution_digest=_digest(row["attribution_digest"]),
        attribution=row["attribution"],
        supersedes=row["supersedes"],
        superseded_by=row["superseded_by"],
        parents=parents,
    )


def description_value(row: Columns) -> Description | None:
    """From the columns of ``documents``; None if the document is not there."""
    if row["name"] is None:
        return None
    return Description(row["name"], row["description"], row["creator"], tuple(json.loads(row["keywords"])))


def offer_value(row: Columns) -> Offer:
    """From a row of ``offers``."""
    return Offer(
        id=OfferId(row["id"]),
        dataset=DatasetId(row["dataset"]),
        open=row["open"],
        terms_digest=_digest(row["terms_digest"]),
        terms=_terms(row),
    )


def licence_entry(row: Columns, owner: Address | None, at: int) -> LicenceEntry:
    """From a row of ``licences``, with the state at a Unix time."""
    stage = LicenceState(row["stage"])
    licence = Licence(
        id=LicenceId(row["id"]),
        offer=OfferId(row["offer"]),
        licensee=MemberId(row["licensee"]),
        licensor=MemberId(row["licensor"]),
        stage=stage,
        state=state_at(stage, row["deadline"], row["expires_at"], at),
        deadline=row["deadline"],
        expires_at=row["expires_at"],
        purpose_digest=_digest(row["purpose_digest"]),
        agreement_digest=_digest(row["agreement_digest"]),
        delivery_key_digest=_digest(row["delivery_key_digest"]),
        dataset=DatasetId(row["dataset"]),
    )
    return LicenceEntry(
        licence=licence,
        applied_at=row["applied_at"],
        requested_purpose_digest=_digest(row["requested_purpose_digest"]),
        reasons_digest=None if row["reasons_digest"] is None else _digest(row["reasons_digest"]),
        payer=row["payer"],
        settled=row["settled"],
        owner=owner,
    )


def agreement_entry(agreement: Columns, licence: Columns, offer: Columns) -> SignedAgreement:
    """From a row of ``agreements`` and the rows of its licence and offer, whose terms never change."""
    key = DeliveryKey(x=narrow(agreement["delivery_key_x"]), y=narrow(agreement["delivery_key_y"]))
    return SignedAgreement(
        agreement=Agreement(
            licence=LicenceId(licence["id"]),
            dataset=DatasetId(licence["dataset"]),
            offer=OfferId(licence["offer"]),
            licensor=MemberId(agreement["licensor"]),
            licensee=MemberId(licence["licensee"]),
            purpose_digest=_digest(agreement["purpose_digest"]),
            delivery_key=key,
            deadline=agreement["deadline"],
            terms=_terms(offer),
        ),
        digest=_digest(agreement["digest"]),
        agreed_at=agreement["agreed_at"],
        licensor_signer=agreement["licensor_signer"],
        licensor_signature=bytes.fromhex(agreement["licensor_signature"][2:]),
        licensee_signer=agreement["licensee_signer"],
        licensee_signature=bytes.fromhex(agreement["licensee_signature"][2:]),
    )


def delivery_value(row: Columns) -> Delivery:
    """From a row of ``deliveries``; the ephemeral key in its 33 compressed bytes (SEC 1, 2.3.3)."""
    return Delivery(
        wrapped_key=_digest(row["wrapped_key"]),
        ephemeral_key=bytes([row["ephemeral_prefix"]]) + bytes.fromhex(row["ephemeral_x"]),
        delivered_at=row["delivered_at"],
    )


def escrow_value(row: Columns) -> Escrow:
    """From a row of ``escrows``."""
    return Escrow(
        token=row["token"],
        payer=MemberId(row["payer"]),
        status=EscrowStatus(row["status"]),
        amount=narrow(row["amount"]),
    )


def balance_entry(row: Columns) -> Balance:
    """From a row of ``balances``."""
    return Balance(row["token"], narrow(row["available"]), narrow(row["credited"]), narrow(row["withdrawn"]))


def event_entry(row: Columns) -> EventEntry:
    """From a row of ``events`` with ``hash`` and ``time`` of its block."""
    return EventEntry(
        block_number=row["block_number"],
        block_hash=_digest(row["hash"]),
        time=row["time"],
        log_index=row["log_index"],
        transaction_hash=_digest(row["transaction_hash"]),
        contract=row["contract"],
        name=row["name"],
        arguments=json.loads(row["arguments"]),
    )


def _terms(row: Columns) -> Terms:
    return Terms(
        token=row["token"],
        price=narrow(row["price"]),
        duration=row["duration"],
        duo=DuoCodes.from_bits(row["duo_codes"]),
        country=row["country"],
        moratorium_until=row["moratorium_until"],
        diseases_digest=_digest(row["diseases_digest"]),
        shares=Shares(
            collector_share=row["collector_share"],
            holder_share=row["holder_share"],
            fund_share=row["fund_share"],
            platform_share=row["platform_share"],
            fund=MemberId(row["fund"]),
            platform=MemberId(row["platform"]),
        ),
        prose_digest=_digest(row["prose_digest"]),
        considerations_digest=_digest(row["considerations_digest"]),
    )


def _digest(text: str) -> Digest:
    return Digest(bytes.fromhex(text[2:]))
