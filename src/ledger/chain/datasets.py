"""Datasets (``contracts/interfaces/IDatasets.sol``): calls to sign, and reads."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.chain.calls import Call
from ledger.chain.chain import Chain
from ledger.chain.display import iso_time
from ledger.chain.records import registration_tuple
from ledger.errors import UsageError
from ledger.model.dataset import MAX_BATCH, Dataset, DatasetStatus, Funding, Registration, Tier
from ledger.model.ids import Address, DatasetId, Digest, MemberId, UnixTime

__all__ = [
    "approve",
    "by_manifest",
    "count",
    "dataset",
    "holder",
    "is_available",
    "is_deliverable_by",
    "register",
    "reinstate",
    "restore",
    "revoke",
    "shorten_embargo",
    "transfer",
    "withdraw",
]

CONTRACT = "Datasets"


def register(registrations: Sequence[Registration]) -> Call:
    """Register one or many versions, all or none. Signer: an account of an institution, which becomes the holder.

    Raises:
        UsageError: There are none, or more than 100.
    """
    if not 1 <= len(registrations) <= MAX_BATCH:
        raise UsageError(
            "The datasets cannot be registered at once",
            why=f"there are {len(registrations)}, a batch has 1 to {MAX_BATCH}",
            fix=f"register them in batches of up to {MAX_BATCH}",
        )
    return Call(CONTRACT, "register", (tuple(map(registration_tuple, registrations)),), _summary(registrations))


def shorten_embargo(dataset: DatasetId, embargo_until: UnixTime) -> Call:
    """End a dataset's embargo earlier. Signer: its holder."""
    return Call(
        CONTRACT,
        "shortenEmbargo",
        (dataset, embargo_until),
        f"End the embargo of dataset {dataset} at {iso_time(embargo_until)}; it can never be lengthened again.",
    )


def withdraw(dataset: DatasetId) -> Call:
    """Stop new licences and renewals of a dataset. Signer: its holder."""
    return Call(
        CONTRACT, "withdraw", (dataset,), f"Withdraw dataset {dataset}: no new licences; those in force stay in force."
    )


def restore(dataset: DatasetId) -> Call:
    """Make a withdrawn dataset licensable again. Signer: its holder."""
    return Call(CONTRACT, "restore", (dataset,), f"Let dataset {dataset} be licensed again.")


def revoke(dataset: DatasetId) -> Call:
    """Stop new licences of a dataset whatever its holder wants. Signer: the stewardship role."""
    return Call(CONTRACT, "revoke", (dataset,), f"Revoke dataset {dataset} on behalf of the consortium.")


def reinstate(dataset: DatasetId) -> Call:
    """Lift a revocation. Signer: the stewardship role."""
    return Call(CONTRACT, "reinstate", (dataset,), f"Lift the revocation of dataset {dataset}.")


def transfer(owner: Address, receiver: Address, dataset: DatasetId) -> Call:
    """Hand a dataset over to another holder, with its token (ERC-721). Signer: the owner or whom it approved."""
    return Call(
        CONTRACT,
        "transferFrom",
        (owner, receiver, dataset),
        f"Make the institution of {receiver} the holder of dataset {dataset}, in place of yours.",
    )


def approve(receiver: Address, dataset: DatasetId) -> Call:
    """Let an account hand a dataset over (ERC-721). Signer: the owner of its token."""
    return Call(CONTRACT, "approve", (receiver, dataset), f"Let {receiver} transfer dataset {dataset} once.")


def dataset(chain: Chain, dataset_id: DatasetId) -> Dataset:
    """A version of a dataset with its neighbours in the line of versions and its parents.

    Raises:
        RefusedError: There is no such dataset.
    """
    found = chain.call(CONTRACT, "datasetById", dataset_id)
    supersedes, superseded_by = chain.call(CONTRACT, "versionsOf", dataset_id)
    return Dataset(
        id=dataset_id,
        **found
        | {
            "funding": Funding(found["funding"]),
            "tier": Tier(found["tier"]),
            "status": DatasetStatus(found["status"]),
            "supersedes": supersedes or None,
            "superseded_by": superseded_by or None,
            "parents": tuple(chain.call(CONTRACT, "parentsOf", dataset_id)),
        },
    )


def by_manifest(chain: Chain, manifest_digest: Digest) -> DatasetId | None:
    """The dataset with this manifest; None if there is none. Of several, all others are revoked."""
    return DatasetId(chain.call(CONTRACT, "datasetByManifest", manifest_digest)) or None


def holder(chain: Chain, dataset_id: DatasetId) -> MemberId:
    """The member that holds a dataset.

    Raises:
        RefusedError: There is no such dataset.
    """
    return MemberId(chain.call(CONTRACT, "holderOf", dataset_id))


def is_available(chain: Chain, dataset_id: DatasetId) -> bool:
    """Whether a dataset exists and is neither withdrawn nor revoked, whatever its embargo."""
    return bool(chain.call(CONTRACT, "isAvailable", dataset_id))


def is_deliverable_by(chain: Chain, dataset_id: DatasetId, licensor: MemberId) -> bool:
    """Whether a licensor may still deliver keys that it sold: not after a revocation or its own withdrawal."""
    return bool(chain.call(CONTRACT, "isDeliverableBy", dataset_id, licensor))


def count(chain: Chain) -> int:
    """Number of versions ever registered; ids run from 1 to this."""
    return int(chain.call(CONTRACT, "datasetCount"))


def _summary(registrations: Sequence[Registration]) -> str:
    first = registrations[0]
    if len(registrations) > 1:
        return f"Register {len(registrations)} datasets with your institution as their holder, all or none."
    embargo = f" It is under embargo until {iso_time(first.embargo_until)}." if first.embargo_until else ""
    version = f" It supersedes dataset {first.supersedes}." if first.supersedes else ""
    return (
        f"Register a dataset of {first.size} bytes, collected by member {first.collector} and to be credited as "
        f"“{first.attribution}”, with your institution as its holder.{version}{embargo}"
    )
