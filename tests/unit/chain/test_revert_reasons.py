"""`ledger.chain.errors`: what contracts revert with, in words."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode

from ledger.chain.abi import encode_values
from ledger.chain.artifacts import CONTRACTS, artifact
from ledger.chain.errors import KnownError, decode_revert, known_errors
from ledger.errors import FundsError, LedgerError, RefusedError
from ledger.model.ids import Address

ACCOUNT = Address("0x5B38Da6a701c568545dCfcB03FcB875f56beddC4")
TOKEN = Address("0xAb8483F64d9C6d1EcF9b849Ae677dD3315835cb2")


def reverted(contract: str, name: str, *arguments: Any) -> bytes:
    entry = next(entry for entry in artifact(contract).errors.values() if entry.name == name)
    return entry.selector + encode_values(entry.inputs, arguments, what=name)


def refused(contract: str, name: str, *arguments: Any) -> RefusedError:
    error = decode_revert(reverted(contract, name, *arguments))
    assert isinstance(error, RefusedError)
    return error


def test_an_error_has_the_words_of_its_natspec() -> None:
    error = refused("Datasets", "EmbargoInForce", 3, 1_800_000_000)
    assert error.name == "EmbargoInForce"
    assert error.arguments == {"dataset": 3, "embargo_until": "2027-01-15T08:00:00Z"}
    assert str(error) == (
        "The dataset is under embargo: EmbargoInForce: dataset 3, embargo until 2027-01-15T08:00:00Z. "
        "Apply after the embargo ends, or ask the holder to end it earlier."
    )


def test_states_and_the_set_of_accepted_states_go_by_name() -> None:
    error = refused("Licences", "LicenceStateRefused", 5, 7, 1 << 4 | 1 << 5)
    assert error.arguments == {"licence": 5, "state": "paid", "accepted": ["approved", "agreed"]}
    assert error.why == "LicenceStateRefused: licence 5, state paid, accepted approved or agreed"


@pytest.mark.parametrize(
    ("data", "arguments"),
    [
        (reverted("Members", "MemberNotActive", 2, 2), {"member": 2, "status": "suspended"}),
        (
            reverted("Members", "MemberLacksKind", 2, 3, 8),
            {"member": 2, "kinds": ["institution", "user"], "wanted": ["fund"]},
        ),
        (reverted("Members", "CountryInvalid", b"\x01\x02"), {"country": "0x0102"}),
        (reverted("Offers", "DuoCodesInvalid", 1 << 42), {"codes": ["DUO:0000042"]}),
        (reverted("Datasets", "DatasetNotAvailable", 1, 3), {"dataset": 1, "status": "revoked"}),
        (reverted("Datasets", "DatasetNotAvailable", 1, 9), {"dataset": 1, "status": "unknown (9)"}),
        (reverted("Benefits", "EscrowStatusRefused", 5, 3), {"licence": 5, "status": "settled"}),
        (
            reverted("Licences", "WindowsInvalid", (1, 2, 3)),
            {"windows": {"payment": 1, "delivery": 2, "acceptance": 3}},
        ),
        (
            reverted("Licences", "TermsMismatch", 4, bytes(32), b"\x01" * 32),
            {"offer": 4, "expected": "0x" + "00" * 32, "given": "0x" + "01" * 32},
        ),
    ],
)
def test_arguments_are_shown_as_people_read_them(data: bytes, arguments: dict[str, Any]) -> None:
    error = decode_revert(data)
    assert isinstance(error, RefusedError)
    assert error.arguments == arguments


def test_an_expired_permit_tells_when() -> None:
    found = [name for name in CONTRACTS if any(e.name == "PermitExpired" for e in artifact(name).errors.values())]
    error = refused(found[0], "PermitExpired", 1_700_000_000)
    assert error.arguments == {"deadline": "2023-11-14T22:13:20Z"}
    assert refused(found[0], "PermitExpired", 2**256 - 1).arguments == {"deadline": "never"}


def test_too_few_tokens_is_a_matter_of_funds() -> None:
    error = decode_revert(reverted("SettlementToken", "ERC20InsufficientBalance", ACCOUNT, 3, 10), token=TOKEN)
    assert isinstance(error, FundsError)
    assert error.why == f"{ACCOUNT} has 3 units of {TOKEN}, not 10"


def test_a_missing_role_is_told_in_words() -> None:
    error = refused("Members", "AccessManagedUnauthorized", ACCOUNT)
    assert error.what == "The account does not hold the role that may do this"
    assert error.arguments == {"caller": ACCOUNT}


@pytest.mark.parametrize("known", known_errors().values(), ids=lambda known: known.entry.signature)
def test_every_error_of_every_contract_has_its_words(known: KnownError) -> None:
    for words in (known.what, known.fix):
        assert words[0].isupper()
        assert not words.endswith(".")
        assert "  " not in words
        assert "`" not in known.what
    error = decode_revert(known.entry.selector + b"\xff" * 31)  # whatever follows, it never leaks another exception
    assert isinstance(error, LedgerError)


def test_every_error_that_our_own_interfaces_declare_says_what_to_do() -> None:
    ours = {
        entry.signature: known_errors()[selector]
        for name in CONTRACTS
        for selector, entry in artifact(name).errors.items()
        if entry.signature in artifact(name).userdoc.get("errors", {})
    }
    assert len(ours) > 40
    assert [signature for signature, known in ours.items() if known.fix == "Check what was asked for"] == []


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (b"", "Unknown", "it gave no reason"),
        (bytes.fromhex("08c379a0") + encode(["string"], ["not today"]), "Error", "not today"),
        (bytes.fromhex("4e487b71") + encode(["uint256"], [0x11]), "Panic", "an arithmetic result was out of range"),
        (bytes.fromhex("4e487b71") + encode(["uint256"], [0x99]), "Panic", "panic 0x99"),
        (bytes.fromhex("deadbeef") + bytes(64), "Unknown", "it gave a reason with the unknown selector 0xdeadbeef"),
        (bytes.fromhex("08c379a0") + b"\xff" * 32, "Unknown", "it gave an unreadable reason with selector 0x08c379a0"),
        (bytes.fromhex("4e487b71"), "Unknown", "it gave an unreadable reason with selector 0x4e487b71"),
        (b"\x01", "Unknown", "it gave a reason with the unknown selector 0x01"),
    ],
)
def test_reasons_that_are_no_custom_errors(data: bytes, name: str, why: str) -> None:
    error = decode_revert(data)
    assert isinstance(error, RefusedError)
    assert (error.name, error.why) == (name, why)
