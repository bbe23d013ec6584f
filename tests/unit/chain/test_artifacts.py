from __future__ import annotations

import pytest

from ledger.chain.artifacts import CONTRACTS, artifact
from ledger.errors import UsageError


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_contract_is_there_and_fits_the_limit_of_code(name: str) -> None:
    found = artifact(name)
    assert found.name == name
    assert 0 < len(found.runtime) <= 24_576  # EIP-170
    assert len(found.bytecode) <= 2 * 24_576  # EIP-3860
    assert found.functions


def test_an_artifact_is_read_once() -> None:
    assert artifact("Licences") is artifact("Licences")


@pytest.mark.parametrize("name", ["Nobody", "", "../deployment", "sources.sha256"])
def test_an_unknown_contract_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="There is no compiled contract"):
        artifact(name)


def test_known_selectors_are_found() -> None:
    token = artifact("SettlementToken")
    assert token.functions[bytes.fromhex("a9059cbb")].name == "transfer"
    assert token.functions[bytes.fromhex("d505accf")].name == "permit"
    transfer = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
    assert token.events[transfer].signature == "Transfer(address,address,uint256)"
    assert token.errors[bytes.fromhex("e450d38c")].name == "ERC20InsufficientBalance"


def test_overloads_are_told_apart_by_their_arguments() -> None:
    members = artifact("Members")
    assert members.function("activeMemberOf", 1).signature == "activeMemberOf(address)"
    assert members.function("activeMemberOf", 2).signature == "activeMemberOf(address,uint16)"
    datasets = artifact("Datasets")
    assert len(datasets.function("safeTransferFrom(address,address,uint256,bytes)", 4).inputs) == 4


@pytest.mark.parametrize(("name", "arguments"), [("accept", 2), ("steal", 1), ("", 0)])
def test_a_function_that_is_not_there_is_refused(name: str, arguments: int) -> None:
    with pytest.raises(UsageError, match="cannot be called so"):
        artifact("Licences").function(name, arguments)


def test_an_event_that_is_not_there_is_refused() -> None:
    assert artifact("Licences").event("LicencePaid").name == "LicencePaid"
    with pytest.raises(UsageError, match="has no event"):
        artifact("Licences").event("LicenceStolen")


def test_code_is_recognised_whatever_its_immutables_are() -> None:
    contract = artifact("Licences")
    assert contract.immutables
    code = bytearray(contract.runtime)
    for start, length in contract.immutables:
        code[start : start + length] = b"\x11" * length
    assert contract.matches(bytes(code))
    outside = next(n for n in range(len(code)) if all(not s <= n < s + size for s, size in contract.immutables))
    code[outside] ^= 1
    assert not contract.matches(bytes(code))
    assert not contract.matches(b"")
