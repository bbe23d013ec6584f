"""The dataset key and what is derived from it.

One random 32-byte key K opens a dataset. Each file's Crypt4GH session key is HKDF-SHA256 (RFC 5869) of K under a label
and the file's index; keccak256(K) is the commitment that stands on-chain. K itself never leaves this object except
through :attr:`DatasetKey.secret`, which is easy to find in a review.
"""

from __future__ import annotations

import hmac
import secrets
from typing import NoReturn

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from eth_hash.auto import keccak

from ledger.errors import KeyMaterialError

__all__ = ["FILE_KEY_LABEL", "JOURNAL_KEY_LABEL", "DatasetKey", "commitment"]

FILE_KEY_LABEL = b"ledger/file-key/v1"
"""Domain of the file session keys: HKDF info is this label and the index as eight big-endian bytes."""

JOURNAL_KEY_LABEL = b"ledger/journal-key/v1"
"""Domain of the key under which a journal of sealing is authenticated."""


def commitment(secret: bytes) -> bytes:
    """keccak256 of a dataset key: 32 bytes that bind to K and, K being random, tell nothing about it."""
    return bytes(keccak(secret))


class DatasetKey:
    """The 32 random bytes that open one dataset.

    Shown as its commitment, compared in constant time, not hashable and not picklable.

    Raises:
        KeyMaterialError: Not exactly 32 bytes.
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32:
            raise KeyMaterialError(
                "This is not a dataset key",
                why="a dataset key is 32 bytes",
                fix="take it from the keystore or a delivery",
            )
        self._secret = bytes(secret)

    @classmethod
    def generate(cls) -> DatasetKey:
        """A new key from the operating system's random source."""
        return cls(secrets.token_bytes(32))

    @property
    def secret(self) -> bytes:
        """The 32 secret bytes."""
        return self._secret

    @property
    def commitment(self) -> bytes:
        """keccak256(K), as registered on-chain."""
        return commitment(self._secret)

    def session_key(self, index: int) -> bytes:
        """The Crypt4GH session key of the file with this index, 0 to 2^32-1.

        Raises:
            KeyMaterialError: The index is out of range.
        """
        if not 0 <= index < 2**32:
            raise KeyMaterialError(
                f"There is no file key number {index}",
                why="file indices run from 0 to 2^32-1",
                fix="check the manifest",
            )
        return self._derived(FILE_KEY_LABEL + index.to_bytes(8, "big"))

    def journal_key(self) -> bytes:
        """The key that authenticates what sealing remembers, 32 bytes."""
        return self._derived(JOURNAL_KEY_LABEL)

    def require(self, expected: bytes) -> DatasetKey:
        """This key, if it hashes to the commitment `expected`.

        Raises:
            KeyMaterialError: It is the key of another dataset.
        """
        if not hmac.compare_digest(self.commitment, expected):
            raise KeyMaterialError(
                "This key does not open the dataset",
                why=f"it hashes to 0x{self.commitment.hex()}, the dataset was registered with 0x{expected.hex()}",
                fix="use the key that was delivered for this dataset, or dispute the delivery",
            )
        return self

    def _derived(self, info: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._secret)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DatasetKey) and hmac.compare_digest(self._secret, other._secret)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"DatasetKey(commitment=0x{self.commitment.hex()})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a dataset key is not serialised; keep it in the keystore")
