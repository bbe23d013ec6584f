"""Check what is stored of a dataset against what is registered. Needs no key, so anyone can."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.acts.documents import read_document
from ledger.acts.open import manifest_cid
from ledger.chain import datasets
from ledger.chain.chain import Chain
from ledger.errors import IntegrityError
from ledger.model.cid import Cid
from ledger.model.ids import DatasetId
from ledger.model.metadata import Metadata
from ledger.sealing.verify import verify as verify_sealed
from ledger.storage.store import Progress, Store

__all__ = ["Verified", "verify"]


@dataclass(frozen=True, slots=True)
class Verified:
    """A dataset whose stored content is what was registered, byte for byte.

    Attributes:
        files: Number of files.
        plaintext_size: Bytes of all files before encryption.
        ciphertext_size: Bytes of all bodies.
        name: From the description.
    """

    dataset: DatasetId
    manifest: Cid
    files: int
    plaintext_size: int
    ciphertext_size: int
    name: str


def verify(dataset: DatasetId, *, chain: Chain, store: Store, progress: Progress | None = None) -> Verified:
    """Read everything that is stored of a dataset and compare it with the ledger.

    Raises:
        RefusedError: There is no such dataset.
        IntegrityError: Something is not what was registered.
        StorageError: Something is not there.
        DocumentError: The manifest or the description is malformed.
    """
    found = datasets.dataset(chain, dataset)
    cid = manifest_cid(found)
    manifest = verify_sealed(store, cid, progress)
    described = Metadata.from_document(read_document(store, found.metadata_digest))
    stated = ("0x" + found.key_commitment.hex(), found.size)
    if (manifest.key_commitment, manifest.plaintext_size) != stated:
        raise IntegrityError(
            f"Dataset {dataset} is not what its holder registered",
            why="the key commitment or the size in the manifest is another one than on the ledger",
            fix="do not license it; tell the consortium",
        )
    return Verified(
        dataset=dataset,
        manifest=cid,
        files=len(manifest.contents),
        plaintext_size=manifest.plaintext_size,
        ciphertext_size=manifest.ciphertext_size,
        name=described.name,
    )
