"""Open a licensed dataset: fetch the delivery, unblind the key, check it, decrypt into a directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ledger.acts.deliver import delivery_context
from ledger.acts.keyring import Keyring
from ledger.acts.states import require_state
from ledger.chain import datasets, delivery, licences, offers
from ledger.chain.chain import Chain
from ledger.crypto.derive import DatasetKey
from ledger.crypto.exchange import unwrap_key
from ledger.errors import IntegrityError
from ledger.model.cid import Cid, Codec
from ledger.model.dataset import Dataset
from ledger.model.ids import DatasetId, LicenceId
from ledger.model.licence import LicenceState
from ledger.sealing.open import open_dataset
from ledger.storage.store import Progress, Store

__all__ = ["Opened", "licensed_key", "manifest_cid", "open_licensed", "open_own"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A dataset that was decrypted.

    Attributes:
        dataset: Which one.
        manifest: CID of its manifest.
        destination: Where its files are now.
    """

    dataset: DatasetId
    manifest: Cid
    destination: Path


def open_licensed(
    licence: LicenceId,
    destination: Path,
    *,
    chain: Chain,
    store: Store,
    keyring: Keyring,
    progress: Progress | None = None,
) -> Opened:
    """Decrypt the dataset of a licence into a directory that does not exist yet.

    Raises:
        RefusedError: Nothing was delivered for the licence, or it is no longer in force.
        KeyMaterialError: The delivery key is not here, or what was delivered does not open the dataset.
        IntegrityError: What is stored is not what was registered; no plaintext was written.
        StorageError: The store failed or lacks a part.
        PathError: The destination cannot be written.
    """
    dataset, key = licensed_key(licence, chain=chain, keyring=keyring)
    return _open(dataset, key, destination, store, progress)


def open_own(
    dataset: DatasetId,
    destination: Path,
    *,
    chain: Chain,
    store: Store,
    keyring: Keyring,
    progress: Progress | None = None,
) -> Opened:
    """Decrypt a dataset whose key is in the keystore: what its holder does to check it.

    Raises:
        As :func:`open_licensed`, delivery apart.
    """
    found = datasets.dataset(chain, dataset)
    return _open(found, keyring.dataset_key(found.key_commitment), destination, store, progress)


def licensed_key(licence: LicenceId, *, chain: Chain, keyring: Keyring) -> tuple[Dataset, DatasetKey]:
    """The dataset of a licence, and the key that was delivered for it, checked against its commitment.

    Raises:
        RefusedError: Nothing was delivered for the licence, or it is no longer in force.
        KeyMaterialError: The delivery key is not here, or what was delivered does not open the dataset.
    """
    known = licences.licence(chain, licence)
    require_state(
        known,
        LicenceState.DELIVERED,
        LicenceState.ACTIVE,
        doing="used",
        fix="wait for the delivery, or refund the price once that is overdue; renew a licence that has expired",
    )
    delivered = delivery.delivery(chain, licence)
    if delivered is None:
        raise IntegrityError(
            f"The delivery of licence {licence} cannot be read",
            why="the node says that the licence is delivered, and shows no delivery",
            fix="ask another node",
        )
    dataset = datasets.dataset(chain, offers.dataset_of(chain, known.offer))
    key = unwrap_key(
        delivered.wrapped_key,
        delivered.ephemeral_key,
        keyring.delivery_secret(known.delivery_key_digest),
        context=delivery_context(chain, licence),
        commitment=dataset.key_commitment,
    )
    return dataset, key


def manifest_cid(dataset: Dataset) -> Cid:
    """The CID of a dataset's manifest."""
    return Cid(Codec(dataset.manifest_codec), dataset.manifest_digest)


def _open(dataset: Dataset, key: DatasetKey, destination: Path, store: Store, progress: Progress | None) -> Opened:
    manifest = manifest_cid(dataset)
    open_dataset(store, manifest, key, destination, progress=progress)
    return Opened(dataset.id, manifest, destination)
