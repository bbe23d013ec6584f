"""Who signs: a protocol, and the signer whose key is in this process."""

from __future__ import annotations

from typing import Final, NoReturn, Protocol, runtime_checkable

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import Hash32

from ledger.chain.typed_data import TypedMessage, typed_digest
from ledger.chain.unsigned import UnsignedTransaction
from ledger.errors import KeyMaterialError
from ledger.model.ids import Address

__all__ = ["LocalSigner", "Signer"]

SECRET_BYTES: Final = 32
ORDER: Final = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""Order of secp256k1 (SEC 2, 2.4.1)."""


@runtime_checkable
class Signer(Protocol):
    """Somebody who can sign for one account."""

    @property
    def address(self) -> Address:
        """The account."""

    def sign_transaction(self, transaction: UnsignedTransaction) -> bytes:
        """The signed raw transaction."""

    def sign_typed_data(self, message: TypedMessage) -> bytes:
        """The EIP-712 signature: r, s, v; 65 bytes."""


class LocalSigner:
    """A signer whose secret key is in this process. It shows its key to nobody and cannot be pickled or copied.

    Signatures are deterministic (RFC 6979) with s in the lower half of the order (EIP-2).

    Args:
        secret: The secp256k1 secret key, 32 bytes.

    Raises:
        KeyMaterialError: The secret is no key.
    """

    __slots__ = ("__account",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES or not 0 < int.from_bytes(secret, "big") < ORDER:
            raise KeyMaterialError(
                "The key cannot be used",
                why="a secp256k1 secret key is a number of 32 bytes below the order of the curve",
                fix="name a wallet key",
            )
        self.__account: LocalAccount = Account.from_key(secret)

    @property
    def address(self) -> Address:
        """The account."""
        return Address(self.__account.address)

    def sign_transaction(self, transaction: UnsignedTransaction) -> bytes:
        """The signed raw transaction."""
        return bytes(self.__account.sign_transaction(transaction.as_dict()).raw_transaction)

    def sign_typed_data(self, message: TypedMessage) -> bytes:
        """The EIP-712 signature: r, s, v; 65 bytes.

        Raises:
            InputError: The message is not well formed.
        """
        return bytes(self.__account.unsafe_sign_hash(Hash32(typed_digest(message))).signature)

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer cannot be pickled or copied: its key stays where it is")
