"""Datasets and offers as the ledger records them: the values of ``IDatasets.sol`` and ``IOffers.sol``."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ledger.model.ids import DatasetId, DigestField, MemberId, OfferId, UnixTimeField, at_most_bytes
from ledger.model.terms import Terms

__all__ = [
    "MAX_ATTRIBUTION",
    "MAX_BATCH",
    "MAX_PARENTS",
    "Attribution",
    "Dataset",
    "DatasetStatus",
    "Funding",
    "Offer",
    "Publication",
    "Registration",
    "Tier",
]

MAX_BATCH = 100
MAX_PARENTS = 8
MAX_ATTRIBUTION = 500

Attribution = Annotated[str, Field(min_length=1, max_length=MAX_ATTRIBUTION), at_most_bytes(MAX_ATTRIBUTION)]
"""Line to print wherever a dataset is used, of at most 500 bytes in UTF-8."""


class DatasetStatus(IntEnum):
    """Standing of a dataset version."""

    NONE = 0
    ACTIVE = 1
    WITHDRAWN = 2
    REVOKED = 3


class Funding(IntEnum):
    """Who paid for the collection (R2.2)."""

    PUBLIC = 0
    PRIVATE = 1
    MIXED = 2


class Tier(IntEnum):
    """How widely a dataset may be shared (R2.5)."""

    OPEN = 0
    REGISTERED = 1
    CONTROLLED = 2
    RESTRICTED = 3


class Registration(BaseModel):
    """What a holder states when it registers a version of a dataset.

    Attributes:
        collector: Member that collected the data.
        size: Plaintext size, in bytes.
        embargo_until: Unix time before which nobody can apply, in seconds; zero for none.
        manifest_codec: Multicodec of the manifest's CID, 0x55 or 0x70.
        manifest_digest: sha2-256 digest of the manifest's CID.
        metadata_digest: sha2-256 digest of the metadata document's CID (raw).
        key_commitment: keccak256 of the dataset key.
        supersedes: Version that this one replaces; zero for none.
        parents: Datasets from which this one derives.
        attribution: Line to print wherever the data is used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    collector: Annotated[MemberId, Field(ge=1)]
    size: Annotated[int, Field(ge=1, lt=2**64)]
    embargo_until: UnixTimeField
    funding: Funding
    tier: Tier
    human_genetic_resources: bool
    manifest_codec: Annotated[int, Field(description="0x55 or 0x70")]
    manifest_digest: DigestField
    metadata_digest: DigestField
    key_commitment: DigestField
    supersedes: DatasetId = DatasetId(0)
    parents: Annotated[tuple[DatasetId, ...], Field(max_length=MAX_PARENTS)] = ()
    attribution: Attribution


class Dataset(BaseModel):
    """A version of a dataset, as the ledger has it."""

    model_config = ConfigDict(frozen=True)

    id: DatasetId
    collector: MemberId
    holder: MemberId
    size: int
    registered_at: UnixTimeField
    embargo_until: UnixTimeField
    funding: Funding
    tier: Tier
    status: DatasetStatus
    human_genetic_resources: bool
    manifest_codec: int
    manifest_digest: DigestField
    metadata_digest: DigestField
    key_commitment: DigestField
    attribution_digest: DigestField
    attribution: str | None = None
    supersedes: DatasetId | None = None
    superseded_by: DatasetId | None = None
    parents: tuple[DatasetId, ...] = ()


class Publication(BaseModel):
    """An offer to be published."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: Annotated[DatasetId, Field(ge=1)]
    terms: Terms


class Offer(BaseModel):
    """An offer as the ledger has it, with its whole terms as published."""

    model_config = ConfigDict(frozen=True)

    id: OfferId
    dataset: DatasetId
    open: bool
    terms_digest: DigestField
    terms: Terms
