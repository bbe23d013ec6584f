from __future__ import annotations

import copy
import pickle

import pytest
from eth_account import Account
from eth_keys.datatypes import Signature

from ledger.chain.raw import parse_raw
from ledger.chain.signers import ORDER, LocalSigner, Signer
from ledger.chain.typed_data import typed_digest
from ledger.chain.unsigned import UnsignedTransaction
from ledger.errors import KeyMaterialError
from ledger.model.ids import Address
from tests.unit.chain.test_typed_data import MAIL

SECRET = bytes.fromhex("4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318")
ADDRESS = Address("0x2c7536E3605D9C16a7a3D7b1898e529396a65c23")


def unsigned(nonce: int = 0) -> UnsignedTransaction:
    return UnsignedTransaction(
        to=ADDRESS,
        data=b"\x01\x02",
        gas=21_000,
        nonce=nonce,
        chain_id=31337,
        max_fee_per_gas=2,
        max_priority_fee_per_gas=1,
    )


def test_a_signer_is_known_by_its_account() -> None:
    signer = LocalSigner(SECRET)
    assert signer.address == ADDRESS
    assert isinstance(signer, Signer)


def test_a_transaction_is_signed_by_the_account() -> None:
    signed = parse_raw(LocalSigner(SECRET).sign_transaction(unsigned()))
    assert signed.sender == ADDRESS
    assert (signed.chain_id, signed.nonce, signed.gas, signed.data) == (31337, 0, 21_000, b"\x01\x02")


def test_typed_data_is_signed_by_the_account() -> None:
    signature = LocalSigner(SECRET).sign_typed_data(MAIL)
    assert len(signature) == 65
    assert signature[64] in (27, 28)
    vrs = (signature[64], int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big"))
    assert Account._recover_hash(typed_digest(MAIL), vrs=vrs) == ADDRESS


def test_the_signature_of_the_standards_example() -> None:
    # EIP-712, Example.js: signed with keccak256("cow").
    secret = bytes.fromhex("c85ef7d79691fe79573b1a7064c19c1a9819ebdbd1faaab1a8ec92344438aaf4")
    signature = LocalSigner(secret).sign_typed_data(MAIL)
    assert signature.hex() == (
        "4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d"
        "07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562"
        "1c"
    )


def test_s_is_in_the_lower_half() -> None:
    signer = LocalSigner(SECRET)
    for number in range(40):
        message = {**MAIL, "message": {**MAIL["message"], "contents": str(number)}}
        signature = signer.sign_typed_data(message)  # type: ignore[arg-type]  # built from one that is right
        assert 0 < int.from_bytes(signature[32:64], "big") <= ORDER // 2
        assert isinstance(Signature(signature[:64] + bytes([signature[64] - 27])), Signature)


def test_a_signer_shows_its_key_to_nobody() -> None:
    signer = LocalSigner(SECRET)
    for shown in (repr(signer), str(signer), f"{signer}", repr([signer])):
        assert ADDRESS in shown
        assert SECRET.hex() not in shown.lower()
    assert not hasattr(signer, "__dict__")


def test_a_signer_cannot_be_taken_away() -> None:
    signer = LocalSigner(SECRET)
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="its key stays where it is"):
            attempt(signer)


@pytest.mark.parametrize(
    "secret", [b"", bytes(32), b"\x01" * 31, b"\x01" * 33, ORDER.to_bytes(32, "big"), b"\xff" * 32]
)
def test_what_is_no_key_is_refused_without_being_shown(secret: bytes) -> None:
    with pytest.raises(KeyMaterialError) as refused:
        LocalSigner(secret)
    assert not secret or secret.hex() not in str(refused.value)


def test_the_largest_key_is_a_key() -> None:
    assert LocalSigner((ORDER - 1).to_bytes(32, "big")).address
