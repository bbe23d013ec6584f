from __future__ import annotations

from typing import Any

import pytest
from coincurve import PrivateKey, PublicKey
from eth_abi.packed import encode_packed
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from ledger.crypto.derive import DatasetKey
from ledger.crypto.exchange import (
    DeliveryContext,
    delivery_mask,
    delivery_public_key,
    generate_delivery_secret,
    shared_point,
    unwrap_key,
    wrap_key,
)
from ledger.errors import KeyMaterialError

EXCHANGE = "0x" + "ab" * 20
CONTEXT = DeliveryContext(31337, EXCHANGE, 7)
RECIPIENT = bytes(range(1, 33))
PUBLIC = delivery_public_key(RECIPIENT)
KEY = DatasetKey(bytes(reversed(range(32))))
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def test_a_delivery_opens_for_its_recipient() -> None:
    sent = wrap_key(KEY, PUBLIC, context=CONTEXT)
    opened = unwrap_key(sent.wrapped, sent.ephemeral, RECIPIENT, context=CONTEXT, commitment=KEY.commitment)
    assert opened == KEY
    assert (len(sent.wrapped), len(sent.ephemeral)) == (32, 33)


def test_two_deliveries_of_one_key_have_nothing_in_common() -> None:
    one, other = (wrap_key(KEY, PUBLIC, context=CONTEXT) for _ in range(2))
    assert one.wrapped != other.wrapped
    assert one.ephemeral != other.ephemeral


def test_the_mask_is_what_the_contract_computes() -> None:
    sent = wrap_key(KEY, PUBLIC, context=CONTEXT)
    point = PublicKey(sent.ephemeral).multiply(RECIPIENT).format(compressed=False)[1:]
    packed = encode_packed(
        ["string", "uint256", "address", "uint64", "uint256", "uint256"],
        ["ledger/key-delivery/v1", 31337, EXCHANGE, 7, int.from_bytes(point[:32]), int.from_bytes(point[32:])],
    )
    mask = keccak(packed)
    assert bytes(a ^ b for a, b in zip(sent.wrapped, mask, strict=True)) == KEY.secret
    assert delivery_mask(shared_point(RECIPIENT, sent.ephemeral), CONTEXT) == mask


@pytest.mark.parametrize(
    "context",
    [DeliveryContext(1, EXCHANGE, 7), DeliveryContext(31337, bytes(20), 7), DeliveryContext(31337, EXCHANGE, 8)],
)
def test_a_delivery_means_nothing_elsewhere(context: DeliveryContext) -> None:
    sent = wrap_key(KEY, PUBLIC, context=CONTEXT)
    with pytest.raises(KeyMaterialError, match="does not open the dataset"):
        unwrap_key(sent.wrapped, sent.ephemeral, RECIPIENT, context=context, commitment=KEY.commitment)


def test_another_recipient_learns_nothing() -> None:
    sent = wrap_key(KEY, PUBLIC, context=CONTEXT)
    with pytest.raises(KeyMaterialError, match="does not open the dataset"):
        unwrap_key(sent.wrapped, sent.ephemeral, bytes([9]) * 32, context=CONTEXT, commitment=KEY.commitment)


@given(st.integers(0, 255))
def test_a_flipped_bit_is_noticed(bit: int) -> None:
    sent = wrap_key(KEY, PUBLIC, context=CONTEXT)
    wrapped = (int.from_bytes(sent.wrapped) ^ 1 << bit).to_bytes(32)
    with pytest.raises(KeyMaterialError):
        unwrap_key(wrapped, sent.ephemeral, RECIPIENT, context=CONTEXT, commitment=KEY.commitment)


@pytest.mark.parametrize("form", ["compressed", "uncompressed", "bare"])
def test_every_form_of_a_public_key_is_taken(form: str) -> None:
    long = PublicKey(PUBLIC).format(compressed=False)
    public = {"compressed": PUBLIC, "uncompressed": long, "bare": long[1:]}[form]
    sent = wrap_key(KEY, public, context=CONTEXT)
    assert unwrap_key(sent.wrapped, sent.ephemeral, RECIPIENT, context=CONTEXT, commitment=KEY.commitment) == KEY


@pytest.mark.parametrize(
    "public",
    [b"", bytes(33), bytes(64), b"\x05" + PUBLIC[1:], b"\x02" + b"\xff" * 32, PUBLIC + b"\0", b"\x06" + bytes(64)],
)
def test_what_is_no_point_is_refused(public: bytes) -> None:
    with pytest.raises(KeyMaterialError, match="cannot be exchanged"):
        wrap_key(KEY, public, context=CONTEXT)


@pytest.mark.parametrize("secret", [b"", bytes(32), bytes(31), ORDER.to_bytes(32), b"\xff" * 32])
def test_what_is_no_secret_is_refused(secret: bytes) -> None:
    with pytest.raises(KeyMaterialError, match="cannot be exchanged"):
        delivery_public_key(secret)
    with pytest.raises(KeyMaterialError, match="cannot be exchanged"):
        shared_point(secret, PUBLIC)


def test_a_wrapped_key_has_32_bytes() -> None:
    with pytest.raises(KeyMaterialError, match="32 bytes"):
        unwrap_key(bytes(31), PUBLIC, RECIPIENT, context=CONTEXT, commitment=KEY.commitment)


@pytest.mark.parametrize(
    "arguments",
    [(0, EXCHANGE, 1), (2**256, EXCHANGE, 1), (1, EXCHANGE, -1), (1, EXCHANGE, 2**64), (1, "0x12", 1), (1, "0xzz", 1)],
)
def test_a_context_out_of_range_is_refused(arguments: Any) -> None:
    with pytest.raises(KeyMaterialError, match="cannot be exchanged"):
        DeliveryContext(*arguments)


def test_generated_secrets_are_of_the_curve() -> None:
    secret = generate_delivery_secret()
    assert delivery_public_key(secret) == PrivateKey(secret).public_key.format(compressed=True)
    assert secret != generate_delivery_secret()
