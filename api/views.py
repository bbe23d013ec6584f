"""What the API says: the index's values as JSON for people and programs alike.

States and kinds go by name, documents by CID, bytes as ``0x`` and hexadecimal digits, amounts as text in token units
(many JSON readers lose digits of large numbers), times as Unix times in seconds. Each type here is both the shape in
OpenAPI and what the type checker holds the functions below to; nothing is validated a second time on its way out.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final

from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from api.problems import plain
from ledger.index.entries import Balance, DatasetEntry, EventEntry, LicenceEntry, SignedAgreement
from ledger.model.cid import Cid, Codec
from ledger.model.dataset import Offer
from ledger.model.licence import Delivery, Escrow
from ledger.model.parties import DeliveryKey, Member, MemberKind
from ledger.model.terms import ZERO_DIGEST, Terms

MAX_LINE: Final = 500
"""Characters of one text that a list shows; all of it is where one thing is read."""
MAX_KEYWORDS: Final = 50


class MemberView(TypedDict):
    """A member of the consortium."""

    id: int
    name: str | None
    status: str
    kinds: list[str]
    country: str
    principal: str
    joined_at: int
    metadata: str | None
    delivery_key: str | None


class DescriptionView(TypedDict):
    """What a dataset's metadata document says, as far as lists show it."""

    name: str
    description: str
    creator: str
    keywords: list[str]


class PriceView(TypedDict):
    """A price in units of a token."""

    token: str
    amount: str


class DatasetView(TypedDict):
    """A version of a dataset.

    `document` tells whether its metadata document was found: present, missing, malformed or unknown.
    """

    id: int
    collector: int
    holder: int
    owner: str | None
    size: str
    registered_at: int
    embargo_until: int
    funding: str
    tier: str
    status: str
    human_genetic_resources: bool
    manifest: str
    metadata: str
    key_commitment: str
    attribution: str | None
    supersedes: int | None
    superseded_by: int | None
    parents: list[int]
    document: str
    description: DescriptionView | None
    open_offers: int
    lowest_prices: list[PriceView]


class SharesView(TypedDict):
    """Split of the price, in basis points."""

    collector_share: int
    holder_share: int
    fund_share: int
    platform_share: int
    fund: int | None
    platform: int | None


class TermsView(TypedDict):
    """The terms of an offer."""

    token: str
    price: str
    duration: int
    duo: list[str]
    country: str | None
    moratorium_until: int | None
    diseases_digest: str | None
    shares: SharesView
    prose: str
    considerations: str | None


class OfferView(TypedDict):
    """An offer, with its terms as published."""

    id: int
    dataset: int
    open: bool
    terms_digest: str
    terms: TermsView


class EscrowView(TypedDict):
    """The money of a licence."""

    token: str
    payer: int
    status: str
    amount: str


class LicenceView(TypedDict):
    """An application, and the licence that it became. `state` takes time into account, `stage` does not."""

    id: int
    offer: int
    dataset: int | None
    licensee: int
    licensor: int | None
    state: str
    stage: str
    deadline: int
    expires_at: int
    applied_at: int
    requested_purpose: str | None
    purpose: str | None
    reasons: str | None
    agreement_digest: str | None
    payer: str | None
    owner: str | None
    settled: bool


class SignedView(TypedDict):
    """One side's signature."""

    signer: str
    signature: str


class AgreementView(TypedDict):
    """The civil contract that both sides signed."""

    licence: int
    dataset: int
    offer: int
    licensor: int
    licensee: int
    purpose: str | None
    delivery_key: str
    deadline: int
    terms: TermsView
    digest: str
    agreed_at: int
    licensor_signature: SignedView
    licensee_signature: SignedView


class DeliveryView(TypedDict):
    """A dataset key, blinded for the licensee alone."""

    wrapped_key: str
    ephemeral_key: str
    delivered_at: int


class BalanceView(TypedDict):
    """A member's money in one token."""

    token: str
    available: str
    credited: str
    withdrawn: str


class EventView(TypedDict):
    """What a contract said."""

    block_number: int
    block_hash: str
    time: int
    log_index: int
    transaction_hash: str
    contract: str
    name: str
    arguments: dict[str, Any]


def member_view(member: Member) -> MemberView:
    """A member as JSON."""
    return {
        "id": member.id,
        "name": member.name,
        "status": _name(member.status),
        "kinds": [str(kind.name).lower() for kind in MemberKind if kind in member.kinds],
        "country": member.country,
        "principal": member.principal,
        "joined_at": member.joined_at,
        "metadata": _document(member.metadata_digest),
        "delivery_key": _key(member.delivery_key) if member.delivery_key else None,
    }


def member_line(member: Member) -> MemberView:
    """A member as lists show it: nobody's text fills a page."""
    view = member_view(member)
    return {**view, "name": _brief(view["name"])}


def dataset_view(entry: DatasetEntry) -> DatasetView:
    """A dataset as JSON."""
    dataset, said = entry.dataset, entry.description
    return {
        "id": dataset.id,
        "collector": dataset.collector,
        "holder": dataset.holder,
        "owner": entry.owner,
        "size": str(dataset.size),
        "registered_at": dataset.registered_at,
        "embargo_until": dataset.embargo_until,
        "funding": _name(dataset.funding),
        "tier": _name(dataset.tier),
        "status": _name(dataset.status),
        "human_genetic_resources": dataset.human_genetic_resources,
        "manifest": str(Cid.from_digest(dataset.manifest_digest, Codec(dataset.manifest_codec))),
        "metadata": str(Cid.from_digest(dataset.metadata_digest)),
        "key_commitment": _hex(dataset.key_commitment),
        "attribution": dataset.attribution,
        "supersedes": dataset.supersedes or None,
        "superseded_by": dataset.superseded_by or None,
        "parents": list(dataset.parents),
        "document": entry.document,
        "description": None
        if said is None
        else {
            "name": said.name,
            "description": said.description,
            "creator": said.creator,
            "keywords": list(said.keywords),
        },
        "open_offers": entry.open_offers,
        "lowest_prices": [{"token": price.token, "amount": str(price.amount)} for price in entry.lowest_prices],
    }


def dataset_line(entry: DatasetEntry) -> DatasetView:
    """A dataset as lists show it: nobody's text fills a page."""
    view = dataset_view(entry)
    said = view["description"]
    brief: DescriptionView | None = said and {
        "name": _cut(said["name"]),
        "description": _cut(said["description"]),
        "creator": _cut(said["creator"]),
        "keywords": [_cut(word) for word in said["keywords"][:MAX_KEYWORDS]],
    }
    return {**view, "attribution": _brief(view["attribution"]), "description": brief}


def terms_view(terms: Terms) -> TermsView:
    """Terms as JSON."""
    shares = terms.shares
    return {
        "token": terms.token,
        "price": str(terms.price),
        "duration": terms.duration,
        "duo": list(terms.duo.terms),
        "country": terms.country,
        "moratorium_until": terms.moratorium_until,
        "diseases_digest": None if terms.diseases_digest == ZERO_DIGEST else _hex(terms.diseases_digest),
        "shares": {
            "collector_share": shares.collector_share,
            "holder_share": shares.holder_share,
            "fund_share": shares.fund_share,
            "platform_share": shares.platform_share,
            "fund": shares.fund or None,
            "platform": shares.platform or None,
        },
        "prose": str(Cid.from_digest(terms.prose_digest)),
        "considerations": _document(terms.considerations_digest),
    }


def offer_view(offer: Offer) -> OfferView:
    """An offer as JSON."""
    return {
        "id": offer.id,
        "dataset": offer.dataset,
        "open": offer.open,
        "terms_digest": _hex(offer.terms_digest),
        "terms": terms_view(offer.terms),
    }


def licence_view(entry: LicenceEntry) -> LicenceView:
    """A licence as JSON."""
    licence = entry.licence
    agreed = licence.agreement_digest != ZERO_DIGEST
    return {
        "id": licence.id,
        "offer": licence.offer,
        "dataset": licence.dataset,
        "licensee": licence.licensee,
        "licensor": licence.licensor or None,
        "state": _name(licence.state),
        "stage": _name(licence.stage),
        "deadline": licence.deadline,
        "expires_at": licence.expires_at,
        "applied_at": entry.applied_at,
        "requested_purpose": _document(entry.requested_purpose_digest),
        "purpose": _document(licence.purpose_digest),
        "reasons": _document(entry.reasons_digest) if entry.reasons_digest else None,
        "agreement_digest": _hex(licence.agreement_digest) if agreed else None,
        "payer": entry.payer,
        "owner": entry.owner,
        "settled": entry.settled,
    }


def agreement_view(signed: SignedAgreement) -> AgreementView:
    """A concluded agreement as JSON."""
    agreement = signed.agreement
    return {
        "licence": agreement.licence,
        "dataset": agreement.dataset,
        "offer": agreement.offer,
        "licensor": agreement.licensor,
        "licensee": agreement.licensee,
        "purpose": _document(agreement.purpose_digest),
        "delivery_key": _key(agreement.delivery_key),
        "deadline": agreement.deadline,
        "terms": terms_view(agreement.terms),
        "digest": _hex(signed.digest),
        "agreed_at": signed.agreed_at,
        "licensor_signature": {"signer": signed.licensor_signer, "signature": _hex(signed.licensor_signature)},
        "licensee_signature": {"signer": signed.licensee_signer, "signature": _hex(signed.licensee_signature)},
    }


def delivery_view(delivery: Delivery) -> DeliveryView:
    """A delivery as JSON."""
    return {
        "wrapped_key": _hex(delivery.wrapped_key),
        "ephemeral_key": _hex(delivery.ephemeral_key),
        "delivered_at": delivery.delivered_at,
    }


def escrow_view(escrow: Escrow) -> EscrowView:
    """An escrow as JSON."""
    return {
        "token": escrow.token,
        "payer": escrow.payer,
        "status": _name(escrow.status),
        "amount": str(escrow.amount),
    }


def balance_view(balance: Balance) -> BalanceView:
    """A balance as JSON."""
    return {
        "token": balance.token,
        "available": str(balance.available),
        "credited": str(balance.credited),
        "withdrawn": str(balance.withdrawn),
    }


def event_view(entry: EventEntry) -> EventView:
    """An event as JSON."""
    arguments: Mapping[str, Any] = plain(entry.arguments)
    return {
        "block_number": entry.block_number,
        "block_hash": _hex(entry.block_hash),
        "time": entry.time,
        "log_index": entry.log_index,
        "transaction_hash": _hex(entry.transaction_hash),
        "contract": entry.contract,
        "name": entry.name,
        "arguments": dict(arguments),
    }


def _name(value: IntEnum) -> str:
    return value.name.lower()


def _brief(text: str | None) -> str | None:
    return text and _cut(text)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LINE else text[: MAX_LINE - 1] + "…"


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _document(digest: bytes) -> str | None:
    return None if digest == ZERO_DIGEST else str(Cid.from_digest(digest))


def _key(key: DeliveryKey) -> str:
    return f"0x04{key.x:064x}{key.y:064x}"
