"""Hand a licensed dataset to other Crypt4GH tools: each file with a header for one recipient, nothing decrypted."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ledger.acts.keyring import Keyring
from ledger.acts.open import licensed_key, manifest_cid
from ledger.acts.workshop import beside
from ledger.chain.chain import Chain
from ledger.model.ids import LicenceId
from ledger.sealing.open import export_crypt4gh, read_listing
from ledger.sealing.verify import read_manifest
from ledger.storage.store import Progress, Store

__all__ = ["SUFFIX", "export_licensed"]

SUFFIX: Final = ".c4gh"
"""Added to each file's name, as Crypt4GH tools do."""


def export_licensed(
    licence: LicenceId,
    recipient: bytes,
    destination: Path,
    *,
    chain: Chain,
    store: Store,
    keyring: Keyring,
    progress: Progress | None = None,
) -> tuple[str, ...]:
    """Write the dataset of a licence as Crypt4GH files into a directory that does not exist yet.

    Args:
        licence: The licence.
        recipient: X25519 public key of who will read them, 32 bytes.
        destination: Appears when every body is known to be the anchored one.
        chain: The ledger.
        store: Where the dataset is.
        keyring: Has the delivery key.
        progress: Told bytes of ciphertext.

    Returns:
        The names of the files, relative to the destination.

    Raises:
        RefusedError: Nothing was delivered for the licence, or it is no longer in force.
        KeyMaterialError: The delivery key is not here, does not open the dataset, or the recipient's key is unusable.
        IntegrityError: What is stored is not what was registered; nothing was written.
        StorageError: The store failed or lacks a part.
        PathError: The destination exists or cannot be written.
    """
    dataset, key = licensed_key(licence, chain=chain, keyring=keyring)
    manifest = read_manifest(store, manifest_cid(dataset))
    listing = read_listing(store, manifest, key)
    done = 0
    with beside(destination) as workshop:
        for file, entry in zip(listing.files, manifest.contents, strict=True):
            out = workshop / "content" / (file.path + SUFFIX)
            out.parent.mkdir(parents=True, exist_ok=True)
            export_crypt4gh(store, entry, key, recipient, out)
            done += entry.ciphertext_size
            if progress:
                progress(done, manifest.ciphertext_size, file.path)
        (workshop / "content").rename(destination)
    return tuple(file.path + SUFFIX for file in listing.files)
