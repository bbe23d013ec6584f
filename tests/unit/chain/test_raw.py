from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account

from ledger.chain.raw import MAX_RAW_BYTES, parse_raw, rebuild_raw
from ledger.chain.signers import LocalSigner
from ledger.chain.unsigned import UnsignedTransaction
from ledger.errors import InputError, IntegrityError
from ledger.model.ids import Address

SIGNER = LocalSigner(bytes.fromhex("4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"))
SECRET = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
TO = Address("0x5B38Da6a701c568545dCfcB03FcB875f56beddC4")
COMMON: dict[str, Any] = {"to": TO, "value": 3, "data": b"\x01\x02", "gas": 100_000, "nonce": 7, "chainId": 31337}
ACCESS = [{"address": TO, "storageKeys": ["0x" + "07" * 32]}]


def sign(**fields: Any) -> bytes:
    return bytes(Account.sign_transaction(COMMON | fields, SECRET).raw_transaction)


RAW = {
    "legacy": sign(gasPrice=5),
    "access list": sign(type=1, gasPrice=5, accessList=ACCESS),
    "dynamic fee": sign(type=2, maxFeePerGas=9, maxPriorityFeePerGas=1, accessList=ACCESS),
    "creation": sign(type=2, maxFeePerGas=9, maxPriorityFeePerGas=1, to=b""),
}


@pytest.mark.parametrize(("kind", "number"), [("legacy", 0), ("access list", 1), ("dynamic fee", 2)])
def test_each_type_is_read(kind: str, number: int) -> None:
    signed = parse_raw(RAW[kind])
    assert (signed.type, signed.chain_id, signed.nonce, signed.to) == (number, 31337, 7, TO)
    assert (signed.value, signed.gas, signed.data, signed.sender) == (3, 100_000, b"\x01\x02", SIGNER.address)
    assert signed.raw == RAW[kind]
    assert signed.raw.hex() not in repr(signed)


def test_a_creation_goes_nowhere() -> None:
    assert parse_raw(RAW["creation"]).to is None


def test_the_example_of_eip_155() -> None:
    raw = bytes.fromhex(
        "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe"
        "537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
    )
    signed = parse_raw(raw)
    assert (signed.chain_id, signed.nonce, signed.value, signed.gas) == (1, 9, 10**18, 21_000)
    assert signed.sender == "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"


def test_a_transaction_for_any_chain_is_told() -> None:
    # Nick's method, EIP-1820: v is 27, so no chain id.
    raw = bytes(Account.sign_transaction(COMMON | {"gasPrice": 5, "chainId": None}, SECRET).raw_transaction)
    assert parse_raw(raw).chain_id is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00",
        b"\x02",
        b"\x03\xc0",
        b"\x04" + RAW["dynamic fee"][1:],
        b"\x05hello",
        b"\xc0",
        b"\x02\xc0",
        b"hello",
        b"\xff" * 100,
        RAW["legacy"][:-1],
        RAW["legacy"] + b"\0",
        RAW["dynamic fee"] + b"\0",
        b"\x02" + RAW["legacy"],
        b"\x01" + RAW["dynamic fee"][1:],
        bytes(MAX_RAW_BYTES + 1),
    ],
)
def test_what_is_no_signed_transaction_is_refused(raw: bytes) -> None:
    with pytest.raises(InputError, match="signed transaction cannot be read"):
        parse_raw(raw)


def test_a_changed_signature_is_another_sender_or_none() -> None:
    raw = bytearray(RAW["dynamic fee"])
    raw[-1] ^= 1
    try:
        assert parse_raw(bytes(raw)).sender != SIGNER.address
    except InputError as error:
        assert "signature" in error.why  # noqa: PT017 - both are right, depending on the bytes


def fields(kind: str) -> dict[str, Any]:
    """What eth_getTransactionByHash says, in the spelling of Ganache and geth."""
    signed = parse_raw(RAW[kind])
    transaction: dict[str, Any] = {
        "type": hex(signed.type),
        "nonce": "0x7",
        "gas": hex(100_000),
        "to": TO.lower(),
        "value": "0x3",
        "input": "0x0102",
    }
    if kind == "legacy":
        transaction["gasPrice"] = "0x5"
    if kind == "access list":
        transaction |= {"gasPrice": "0x5", "accessList": ACCESS, "chainId": hex(31337)}
    if kind in ("dynamic fee", "creation"):
        access = ACCESS if kind == "dynamic fee" else []
        transaction |= {
            "maxFeePerGas": "0x9",
            "maxPriorityFeePerGas": "0x1",
            "accessList": access,
            "chainId": hex(31337),
        }
    if kind == "creation":
        transaction["to"] = None
    secret_signed = Account.sign_transaction(_dictionary(kind), SECRET)
    return transaction | {"v": hex(secret_signed.v), "r": hex(secret_signed.r), "s": hex(secret_signed.s)}


def _dictionary(kind: str) -> dict[str, Any]:
    dynamic: dict[str, Any] = {"type": 2, "maxFeePerGas": 9, "maxPriorityFeePerGas": 1}
    kinds: dict[str, dict[str, Any]] = {
        "legacy": {"gasPrice": 5},
        "access list": {"type": 1, "gasPrice": 5, "accessList": ACCESS},
        "dynamic fee": dynamic | {"accessList": ACCESS},
        "creation": dynamic | {"to": b""},
    }
    return COMMON | kinds[kind]


@pytest.mark.parametrize("kind", RAW)
def test_the_signed_bytes_can_be_built_again_from_the_fields(kind: str) -> None:
    assert rebuild_raw(fields(kind), parse_raw(RAW[kind]).hash) == RAW[kind]


@pytest.mark.parametrize(
    "changes", [{"nonce": "0x8"}, {"input": "0x"}, {"r": "0x1"}, {"type": "0x4"}, {"type": "0x7f"}]
)
def test_fields_that_do_not_make_the_hash_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(IntegrityError, match="does not hash to it"):
        rebuild_raw(fields("dynamic fee") | changes, parse_raw(RAW["dynamic fee"]).hash)


def test_what_a_signer_signs_is_read_back() -> None:
    unsigned = UnsignedTransaction(to=TO, data=b"\x05", gas=50_000, nonce=2, chain_id=1, gas_price=0)
    signed = parse_raw(SIGNER.sign_transaction(unsigned))
    assert (signed.type, signed.chain_id, signed.nonce, signed.value) == (0, 1, 2, 0)
