"""Licences: the values of ``contracts/interfaces/ILicences.sol``, ``IBenefits.sol`` and ``IKeyExchange.sol``."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ledger.model.ids import AddressField, DatasetId, DigestField, LicenceId, MemberId, OfferId, UnixTimeField
from ledger.model.parties import DeliveryKey
from ledger.model.terms import Terms

__all__ = [
    "Agreement",
    "Delivery",
    "Escrow",
    "EscrowStatus",
    "Licence",
    "LicenceState",
    "Windows",
    "state_at",
]


class LicenceState(IntEnum):
    """Life of an application and of the licence it becomes (R3.2)."""

    NONE = 0
    APPLIED = 1
    REJECTED = 2
    CANCELLED = 3
    APPROVED = 4
    AGREED = 5
    LAPSED = 6
    PAID = 7
    OVERDUE = 8
    DELIVERED = 9
    ACTIVE = 10
    EXPIRED = 11
    REFUNDED = 12


class EscrowStatus(IntEnum):
    """Standing of the money for one licence."""

    NONE = 0
    INVOICED = 1
    FUNDED = 2
    SETTLED = 3
    REFUNDED = 4
    CANCELLED = 5


def state_at(stage: LicenceState, deadline: int, expires_at: int, now: int) -> LicenceState:
    """The state that follows from what was recorded and from time, as ``Licences.stateOf`` derives it.

    Args:
        stage: State last reached by a transaction.
        deadline: Unix time by which the next step is due.
        expires_at: Unix time of expiry.
        now: Unix time of the block asked about.
    """
    late = now > deadline
    if stage is LicenceState.AGREED:
        return LicenceState.LAPSED if late else stage
    if stage is LicenceState.PAID:
        return LicenceState.OVERDUE if late else stage
    if stage is LicenceState.DELIVERED and not late:
        return stage
    if stage in (LicenceState.DELIVERED, LicenceState.ACTIVE):
        return LicenceState.EXPIRED if now >= expires_at else LicenceState.ACTIVE
    return stage


class Windows(BaseModel):
    """How long each side has for its next step, in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    payment: Annotated[int, Field(ge=60, le=90 * 86_400)]
    delivery: Annotated[int, Field(ge=60, le=90 * 86_400)]
    acceptance: Annotated[int, Field(ge=60, le=90 * 86_400)]


class Licence(BaseModel):
    """A licence as the ledger records it; `state_at` tells its state at a time."""

    model_config = ConfigDict(frozen=True)

    id: LicenceId
    offer: OfferId
    licensee: MemberId
    licensor: MemberId
    stage: LicenceState
    state: LicenceState
    deadline: UnixTimeField
    expires_at: UnixTimeField
    purpose_digest: DigestField
    agreement_digest: DigestField
    delivery_key_digest: DigestField
    dataset: DatasetId | None = None


class Agreement(BaseModel):
    """The civil contract that both sides sign as an EIP-712 struct (R3.1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    licence: LicenceId
    dataset: DatasetId
    offer: OfferId
    licensor: MemberId
    licensee: MemberId
    purpose_digest: DigestField
    delivery_key: DeliveryKey
    deadline: UnixTimeField
    terms: Terms


class Escrow(BaseModel):
    """The money of one licence."""

    model_config = ConfigDict(frozen=True)

    token: AddressField
    payer: MemberId
    status: EscrowStatus
    amount: int


class Delivery(BaseModel):
    """A delivered dataset key, blinded for the licensee."""

    model_config = ConfigDict(frozen=True)

    wrapped_key: DigestField
    ephemeral_key: bytes
    delivered_at: UnixTimeField
