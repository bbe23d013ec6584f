"""Members of the consortium (R1): the values of ``contracts/interfaces/IMembers.sol``."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from ledger.model.ids import AddressField, DigestField, MemberId, UnixTimeField, at_most_bytes

__all__ = ["Admission", "Country", "DeliveryKey", "Member", "MemberKind", "MemberName", "MemberStatus"]

Country = Annotated[str, Field(pattern="^[A-Z]{2}$", examples=["DE"])]
"""ISO 3166-1 alpha-2 code."""
MAX_NAME: Final = 200
MemberName = Annotated[str, Field(min_length=1, max_length=MAX_NAME), at_most_bytes(MAX_NAME)]
"""Name of a member to show, of at most 200 bytes in UTF-8."""


class MemberStatus(IntEnum):
    """Standing of a member."""

    NONE = 0
    ACTIVE = 1
    SUSPENDED = 2
    EXPELLED = 3


class MemberKind(IntFlag):
    """What a member may do, as a bit set (``contracts/types/Kinds.sol``)."""

    INSTITUTION = 1
    USER = 2
    PLATFORM = 4
    FUND = 8
    AUTHORITY = 16
    REGULATOR = 32


class DeliveryKey(BaseModel):
    """A secp256k1 public key to which dataset keys are delivered, as an affine point."""

    model_config = ConfigDict(frozen=True)

    x: Annotated[int, Field(ge=0, lt=2**256)]
    y: Annotated[int, Field(ge=0, lt=2**256)]


class Admission(BaseModel):
    """What an institution states when it joins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    principal: AddressField
    kinds: MemberKind
    country: Country
    metadata_digest: DigestField
    name: MemberName


class Member(BaseModel):
    """A member's entry."""

    model_config = ConfigDict(frozen=True)

    id: MemberId
    principal: AddressField
    status: MemberStatus
    kinds: MemberKind
    country: Country
    joined_at: UnixTimeField
    metadata_digest: DigestField
    name: str | None = None
    delivery_key: DeliveryKey | None = None
