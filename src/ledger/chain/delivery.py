"""Delivery of dataset keys (``contracts/interfaces/IKeyExchange.sol``): the call to sign, and reads."""

from __future__ import annotations

from ledger.chain.calls import Call
from ledger.chain.chain import Chain
from ledger.errors import InputError
from ledger.model.ids import Digest, LicenceId, UnixTime
from ledger.model.licence import Delivery

__all__ = ["deliver", "delivery"]

CONTRACT = "KeyExchange"
WRAPPED_BYTES, EPHEMERAL_BYTES = 32, 33


def deliver(licence: LicenceId, wrapped: bytes, ephemeral: bytes) -> Call:
    """Deliver the key of a paid licence. Signer: an account of the licensor.

    Args:
        licence: The licence.
        wrapped: The blinded dataset key, 32 bytes.
        ephemeral: The ephemeral public key, compressed, 33 bytes (SEC 1, 2.3.3).

    Raises:
        InputError: A part has the wrong size.
    """
    if len(wrapped) != WRAPPED_BYTES or len(ephemeral) != EPHEMERAL_BYTES:
        raise InputError(
            "The wrapped key cannot be delivered",
            why=f"it has {len(wrapped)} and {len(ephemeral)} bytes, not {WRAPPED_BYTES} and {EPHEMERAL_BYTES}",
            fix="wrap the dataset key for this licence again",
        )
    return Call(
        CONTRACT,
        "deliver",
        (licence, wrapped, ephemeral[0], int.from_bytes(ephemeral[1:], "big")),
        f"Deliver the dataset key of licence {licence}, wrapped for the licensee alone. It cannot be taken back.",
    )


def delivery(chain: Chain, licence_id: LicenceId) -> Delivery | None:
    """What was delivered for a licence; None if nothing was."""
    found = chain.call(CONTRACT, "deliveryOf", licence_id)
    if not found["delivered_at"]:
        return None
    return Delivery(
        wrapped_key=Digest(found["wrapped_key"]),
        ephemeral_key=bytes([found["ephemeral_prefix"]]) + found["ephemeral_x"].to_bytes(32, "big"),
        delivered_at=UnixTime(found["delivered_at"]),
    )
