"""Whose signature it is: recovery of the signing account, as the contracts do it."""

from __future__ import annotations

from typing import Final

from coincurve import PublicKey
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from ledger.model.ids import Address

__all__ = ["recover"]

HALF_ORDER: Final = 0x7FFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_5D576E73_57A4501D_DFE92F46_681B20A0
"""Half of the order of secp256k1; a signature with a greater s is another form of one with a lower (EIP-2)."""


def recover(digest: bytes, signature: bytes) -> Address | None:
    """The account whose key signed a digest; None if it is no signature of a plain account.

    Args:
        digest: What was signed, 32 bytes.
        signature: r, s and v (27 or 28), 65 bytes.
    """
    if len(signature) != 65 or signature[64] not in (27, 28) or int.from_bytes(signature[32:64]) > HALF_ORDER:
        return None
    try:
        key = PublicKey.from_signature_and_message(signature[:64] + bytes([signature[64] - 27]), digest, hasher=None)
    except ValueError:
        return None
    return Address(to_checksum_address(keccak(key.format(compressed=False)[1:])[-20:]))
