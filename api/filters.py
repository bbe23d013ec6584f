"""Parameters that several routes share: ids in paths, and filters by name where the ledger has numbers."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from fastapi import Path, Query
from pydantic import AfterValidator

from api.problems import RequestError
from ledger.model.ids import DatasetId, LicenceId, MemberId, OfferId
from ledger.model.terms import parse_duo_term

_MAX_ID = 2**63 - 1  # what every database holds; no ledger comes near it

DatasetPath = Annotated[DatasetId, Path(ge=1, le=_MAX_ID, examples=[1])]
OfferPath = Annotated[OfferId, Path(ge=1, le=_MAX_ID, examples=[1])]
LicencePath = Annotated[LicenceId, Path(ge=1, le=_MAX_ID, examples=[1])]
MemberPath = Annotated[MemberId, Path(ge=1, le=_MAX_ID, examples=[1])]

DatasetQuery = Annotated[DatasetId | None, Query(ge=1, le=_MAX_ID)]
OfferQuery = Annotated[OfferId | None, Query(ge=1, le=_MAX_ID)]
LicenceQuery = Annotated[LicenceId | None, Query(ge=1, le=_MAX_ID)]
MemberQuery = Annotated[MemberId | None, Query(ge=1, le=_MAX_ID)]
TextQuery = Annotated[
    str | None, Query(alias="q", max_length=200, examples=["survival"], description="Words that must all occur")
]


def _duo(text: str) -> str:
    try:
        parse_duo_term(text)
    except ValueError as error:
        raise ValueError("it is not a DUO permission or modifier such as DUO:0000042") from error
    return text


DuoTerm = Annotated[str, AfterValidator(_duo)]
"""A DUO permission or modifier, as ``DUO:0000042``."""
DuoQuery = Annotated[DuoTerm | None, Query(examples=["DUO:0000042"], description="A DUO term that its terms have")]

TierName = Literal["open", "registered", "controlled", "restricted"]
FundingName = Literal["public", "private", "mixed"]
DatasetStatusName = Literal["active", "withdrawn", "revoked"]
MemberStatusName = Literal["active", "suspended", "expelled"]
MemberKindName = Literal["institution", "user", "platform", "fund", "authority", "regulator"]
LicenceStateName = Literal[
    "applied",
    "rejected",
    "cancelled",
    "approved",
    "agreed",
    "lapsed",
    "paid",
    "overdue",
    "delivered",
    "active",
    "expired",
    "refunded",
]

T = TypeVar("T")


def found(value: T | None, noun: str) -> T:
    """The value, if there is one.

    Raises:
        RequestError: There is none.
    """
    if value is None:
        raise RequestError("not-found", f"The index knows no such {noun}; it may not have read the newest blocks yet")
    return value
