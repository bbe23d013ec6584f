"""The keys of one institution, found by what the ledger says of them and unlocked when an act needs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from coincurve import PublicKey
from eth_utils.crypto import keccak

from ledger.chain.signers import LocalSigner
from ledger.crypto.derive import DatasetKey
from ledger.crypto.keystore import KeyInfo, KeyKind, Keystore
from ledger.crypto.passphrase import Passphrase
from ledger.errors import KeyMaterialError
from ledger.model.ids import Address, Digest

__all__ = ["Keyring", "PassphraseSource", "delivery_point"]

T = TypeVar("T")


class PassphraseSource(Protocol):
    """Who knows the passphrases."""

    def unlock(self, name: str, attempt: Callable[[Passphrase], T]) -> T:
        """What `attempt` makes of the passphrase of the key `name`; another one may be tried after a wrong one.

        Raises:
            KeyMaterialError: The passphrase is wrong.
        """
        ...

    def new(self, name: str) -> Passphrase:
        """The passphrase for a new key."""
        ...


class Keyring:
    """A keystore with somebody who knows its passphrases. What was unlocked stays unlocked as long as this object.

    Args:
        keystore: Where the keys are.
        passphrases: Who knows their passphrases.
    """

    def __init__(self, keystore: Keystore, passphrases: PassphraseSource) -> None:
        self._keystore = keystore
        self._passphrases = passphrases
        self._unlocked: dict[str, bytes] = {}

    def wallet(self, label: str) -> LocalSigner:
        """The signer of a wallet key.

        Raises:
            KeyMaterialError: There is no such wallet key, or the passphrase is wrong.
        """
        return LocalSigner(self._unlock(label, KeyKind.WALLET))

    def accounts(self) -> frozenset[Address]:
        """The accounts whose wallet keys are here."""
        return frozenset(info.address for info in self._keystore.list(KeyKind.WALLET))

    def new_dataset_key(self) -> Digest:
        """Draw a dataset key, keep it, and give its commitment. It is on the disk when this returns.

        Raises:
            KeyMaterialError, StorageError: It cannot be kept.
        """
        key = DatasetKey.generate()
        label = f"dataset-{key.commitment.hex()[:16]}"
        self._keystore.import_(label, KeyKind.DATASET, key.secret, self._passphrases.new(label))
        self._unlocked[label] = key.secret
        return Digest(key.commitment)

    def has_dataset_key(self, commitment: bytes) -> bool:
        """Whether the dataset key with this commitment, keccak256(K), is here."""
        return any(info.public == commitment for info in self._keystore.list(KeyKind.DATASET))

    def dataset_key(self, commitment: bytes) -> DatasetKey:
        """The dataset key with this commitment, keccak256(K).

        Raises:
            KeyMaterialError: It is not here, or the passphrase is wrong.
        """
        info = self._keystore.find(KeyKind.DATASET, commitment)
        return DatasetKey(self._unlock(info.label, KeyKind.DATASET)).require(commitment)

    def delivery_secret(self, digest: bytes) -> bytes:
        """The secret of the delivery key whose point x ‖ y has this keccak256, as an agreement fixes it.

        Raises:
            KeyMaterialError: It is not here, or the passphrase is wrong.
        """
        for info in self._keystore.list(KeyKind.DELIVERY):
            if keccak(delivery_point(info)) == digest:
                return self._unlock(info.label, KeyKind.DELIVERY)
        raise KeyMaterialError(
            "The delivery key of this licence is not in the keystore",
            why=f"the agreement fixed the one with digest 0x{digest.hex()}",
            fix="run this where that key is, or restore it; a key registered later does not open this licence",
        )

    def _unlock(self, label: str, kind: KeyKind) -> bytes:
        if label not in self._unlocked:
            _require_kind(self._keystore.info(label), kind)  # before anybody is asked for a passphrase
            self._unlocked[label] = self._passphrases.unlock(
                label, lambda passphrase: self._keystore.unlock(label, passphrase, kind=kind)
            )
        return self._unlocked[label]

    def __repr__(self) -> str:
        return f"Keyring({str(self._keystore.directory)!r})"


def delivery_point(info: KeyInfo) -> bytes:
    """The point x ‖ y of a delivery key, 64 bytes, as the ledger keeps it.

    Raises:
        KeyMaterialError: The key is of another kind.
    """
    _require_kind(info, KeyKind.DELIVERY)
    return bytes(PublicKey(info.public).format(compressed=False)[1:])


def _require_kind(info: KeyInfo, kind: KeyKind) -> None:
    if info.kind is not kind:
        raise KeyMaterialError(
            f"The key {info.label} cannot be used for this",
            why=f"it is a {info.kind} key, and a {kind} key is needed",
            fix="name another key; 'ledger keys list' shows them",
        )
