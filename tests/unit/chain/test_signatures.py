"""Whose signature it is."""

from __future__ import annotations

import hashlib

import pytest
from eth_utils.crypto import keccak

from ledger.chain.signatures import recover
from ledger.chain.signers import ORDER, LocalSigner
from ledger.chain.typed_data import typed_digest
from tests.unit.chain.test_typed_data import MAIL

DIGEST = typed_digest(MAIL)
COW = LocalSigner(keccak(b"cow"))
SIGNATURE = COW.sign_typed_data(MAIL)


def test_the_example_of_the_standard_is_cows() -> None:
    # EIP-712, "Example.js": the private key is keccak256("cow").
    assert recover(DIGEST, SIGNATURE) == COW.address == "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"


def test_another_digest_is_somebody_elses() -> None:
    assert recover(hashlib.sha256(DIGEST).digest(), SIGNATURE) != COW.address


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        SIGNATURE[:64],
        SIGNATURE + b"\0",
        bytes(65),
        SIGNATURE[:64] + bytes([SIGNATURE[64] - 27]),
        SIGNATURE[:32] + (ORDER - int.from_bytes(SIGNATURE[32:64])).to_bytes(32) + bytes([55 - SIGNATURE[64]]),
        b"\xff" * 32 + SIGNATURE[32:],
        bytes(32) + SIGNATURE[32:],
    ],
    ids=["none", "no v", "too long", "zero", "v of 0 or 1", "upper half", "r above the order", "no r"],
)
def test_what_the_contracts_take_from_no_plain_account_is_nobodys(signature: bytes) -> None:
    assert recover(DIGEST, signature) is None
