"""Delivery of a dataset key over the chain: 32 + 33 bytes that only the recipient can open.

The holder draws an ephemeral secp256k1 key e, and with the recipient's registered delivery key R computes S = e·R.
What goes on-chain is ``K xor mask`` and the compressed point e·G, where

    mask = keccak256(abi.encodePacked(LABEL, uint256 chainId, address keyExchange, uint64 licenceId,
                                      uint256 S.x, uint256 S.y))

The mask is used once, and the recipient checks the result against the commitment keccak256(K), so nothing
else is authenticated. The contract can replay this computation in a dispute, given S and a proof that S is right.
"""

from __future__ import annotations

from dataclasses import dataclass

from coincurve import PrivateKey, PublicKey
from eth_hash.auto import keccak

from ledger.crypto.derive import DatasetKey
from ledger.errors import KeyMaterialError

__all__ = [
    "DELIVERY_LABEL",
    "DeliveryContext",
    "WrappedKey",
    "delivery_mask",
    "delivery_public_key",
    "generate_delivery_secret",
    "shared_point",
    "unwrap_key",
    "wrap_key",
]

DELIVERY_LABEL = b"ledger/key-delivery/v1"
"""Domain of the delivery mask."""


@dataclass(frozen=True, slots=True)
class DeliveryContext:
    """What a delivery is bound to, so that it means nothing elsewhere.

    Args:
        chain_id: EIP-155 chain id.
        key_exchange: The KeyExchange contract: 20 bytes, or ``0x`` and 40 hexadecimal digits.
        licence_id: The licence it fulfils, uint64.

    Raises:
        KeyMaterialError: A part is out of range.
    """

    chain_id: int
    key_exchange: bytes
    licence_id: int

    def __init__(self, chain_id: int, key_exchange: bytes | str, licence_id: int) -> None:
        object.__setattr__(self, "chain_id", chain_id)
        object.__setattr__(self, "key_exchange", _address(key_exchange))
        object.__setattr__(self, "licence_id", licence_id)
        if not 0 < chain_id < 2**256 or not 0 <= licence_id < 2**64:
            raise _refused("the chain id must be a positive uint256 and the licence id a uint64")

    def packed(self) -> bytes:
        """The packed encoding of label, chain id, contract and licence."""
        return (
            DELIVERY_LABEL + self.chain_id.to_bytes(32, "big") + self.key_exchange + self.licence_id.to_bytes(8, "big")
        )


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A delivery as it goes on-chain; both parts are public.

    Attributes:
        wrapped: K xor mask, 32 bytes.
        ephemeral: The ephemeral public key, 33 bytes, compressed (SEC 1).
    """

    wrapped: bytes
    ephemeral: bytes


def generate_delivery_secret() -> bytes:
    """A new secp256k1 delivery secret, 32 bytes."""
    return bytes(PrivateKey().secret)


def delivery_public_key(secret: bytes) -> bytes:
    """The compressed public key (33 bytes) of a delivery secret.

    Raises:
        KeyMaterialError: The secret is not one of secp256k1.
    """
    return bytes(_private(secret).public_key.format(compressed=True))


def wrap_key(key: DatasetKey, recipient_public: bytes, *, context: DeliveryContext) -> WrappedKey:
    """Encrypt the dataset key to a recipient's delivery key.

    Args:
        key: What is delivered.
        recipient_public: A point of secp256k1: 33 or 65 bytes (SEC 1), or the 64 bytes x ‖ y.
        context: What the delivery is for.

    Raises:
        KeyMaterialError: The recipient's key is no point of the curve.
    """
    ephemeral = PrivateKey()
    mask = delivery_mask(_multiply(_point(recipient_public), bytes(ephemeral.secret)), context)
    return WrappedKey(_xor(key.secret, mask), bytes(ephemeral.public_key.format(compressed=True)))


def unwrap_key(
    wrapped: bytes, ephemeral: bytes, recipient_secret: bytes, *, context: DeliveryContext, commitment: bytes
) -> DatasetKey:
    """Open a delivery and check what is in it.

    Args:
        wrapped: K xor mask, 32 bytes.
        ephemeral: The ephemeral public key, 33, 64 or 65 bytes.
        recipient_secret: The delivery secret whose public key the delivery was made to.
        context: What the delivery is for.
        commitment: keccak256(K), as registered.

    Raises:
        KeyMaterialError: The delivery does not open to the registered key: wrong recipient, context or content.
    """
    if len(wrapped) != 32:
        raise _refused("a wrapped key is 32 bytes")
    mask = delivery_mask(shared_point(recipient_secret, ephemeral), context)
    return DatasetKey(_xor(wrapped, mask)).require(commitment)


def shared_point(secret: bytes, public: bytes) -> bytes:
    """The ECDH point as x ‖ y, 64 bytes: what a dispute reveals.

    Raises:
        KeyMaterialError: Either input is not of the curve.
    """
    _private(secret)
    return _multiply(_point(public), secret)


def delivery_mask(point: bytes, context: DeliveryContext) -> bytes:
    """The 32-byte mask for a shared point x ‖ y in a context."""
    return bytes(keccak(context.packed() + point))


def _multiply(point: PublicKey, scalar: bytes) -> bytes:
    return bytes(point.multiply(scalar).format(compressed=False)[1:])


def _point(encoded: bytes) -> PublicKey:
    sec1 = b"\x04" + encoded if len(encoded) == 64 else bytes(encoded)
    if len(sec1) not in (33, 65) or sec1[0] not in ((2, 3) if len(sec1) == 33 else (4,)):
        raise _refused("a public key is 33 or 65 bytes of SEC 1, or the 64 bytes x and y")
    try:
        return PublicKey(sec1)
    except ValueError as error:
        raise _refused("the public key is not a point of secp256k1") from error


def _private(secret: bytes) -> PrivateKey:
    if len(secret) != 32:
        raise _refused("a delivery secret is 32 bytes")
    try:
        return PrivateKey(secret)
    except ValueError:
        raise _refused("the delivery secret is not in the range of secp256k1") from None


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def _address(value: bytes | str) -> bytes:
    try:
        raw = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else bytes(value)
    except ValueError:
        raw = b""
    if len(raw) != 20:
        raise _refused("the KeyExchange contract's address is 20 bytes")
    return raw


def _refused(why: str) -> KeyMaterialError:
    return KeyMaterialError("The key cannot be exchanged", why=why, fix="check the keys and addresses that were given")
