from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.chain.artifacts import CONTRACTS
from ledger.chain.deployment import Anchor, DeployedContract, Deployment
from ledger.errors import DocumentError, PathError, UsageError
from ledger.model.ids import Address, Digest

ADDRESSES = {name: Address("0x" + f"{place:040d}") for place, name in enumerate(CONTRACTS, start=1)}


def deployment() -> Deployment:
    return Deployment(
        chain_id=31337,
        anchor=Anchor(number=1, hash=Digest(bytes(32))),
        contracts={
            name: DeployedContract(address=address, block=place, code_hash=Digest(b"\x01" * 32))
            for place, (name, address) in enumerate(ADDRESSES.items(), start=1)
        },
    )


def document() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(deployment().to_bytes())
    return value


def test_a_deployment_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deployment.json"
    deployment().write(path)
    assert Deployment.read(path) == deployment()
    assert [entry.name for entry in path.parent.iterdir()] == ["deployment.json"]


def test_its_json_is_plain() -> None:
    value = document()
    assert value["format"] == "ledger/deployment"
    assert value["version"] == 1
    assert value["anchor"] == {"number": 1, "hash": "0x" + "00" * 32}
    assert value["contracts"]["AccessManager"] == {
        "address": ADDRESSES["AccessManager"],
        "block": 1,
        "code_hash": "0x" + "01" * 32,
    }


def _without(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(value: dict[str, Any]) -> None:
        for step in path[:-1]:
            value = value[step]
        del value[path[-1]]

    return change


def _with(*path: str, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(value: dict[str, Any]) -> None:
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_without("anchor"), "/anchor"),
        (_without("contracts", "Licences"), "contracts are missing: Licences"),
        (_with("contracts", "Mystery", to=document()["contracts"]["Offers"]), "contracts are unknown: Mystery"),
        (_with("contracts", "Offers", to=document()["contracts"]["Members"]), "two contracts have one address"),
        (_with("contracts", "Offers", "address", to="0x12"), "/contracts/Offers/address"),
        (_with("contracts", "Offers", "code_hash", to="0x12"), "/contracts/Offers/code_hash"),
        (_with("contracts", "Offers", "block", to=-1), "/contracts/Offers/block"),
        (_with("contracts", to=[]), "/contracts"),
        (_with("chain_id", to=0), "/chain_id"),
        (_with("chain_id", to="everywhere"), "/chain_id"),
        (_with("anchor", "hash", to=7), "/anchor/hash"),
        (_with("version", to=2), "/version"),
        (_with("format", to="ledger/manifest"), "/format"),
        (_with("more", to=1), "/more"),
    ],
)
def test_a_malformed_file_is_refused_with_the_place(change: Callable[[dict[str, Any]], None], says: str) -> None:
    value = document()
    change(value)
    with pytest.raises(DocumentError) as refused:
        Deployment.parse(json.dumps(value).encode())
    assert says in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"a":1,"a":2}', b" " * 70_000])
def test_bytes_that_are_no_deployment_are_refused(data: bytes) -> None:
    with pytest.raises(DocumentError):
        Deployment.parse(data)


def test_the_settlement_token_may_be_absent() -> None:
    value = document()
    del value["contracts"]["SettlementToken"]
    found = Deployment.parse(json.dumps(value).encode())
    with pytest.raises(UsageError, match="has no contract SettlementToken"):
        found.address("SettlementToken")


def test_contracts_are_found_by_name_and_by_address() -> None:
    found = deployment()
    assert found.address("Offers") == ADDRESSES["Offers"]
    assert found.contract_at(ADDRESSES["Offers"]) == "Offers"
    assert found.contract_at("0x" + "9" * 40) is None


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_an_unreadable_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PathError, match="cannot be read"):
        Deployment.read(tmp_path / name)


def test_a_place_that_cannot_be_written_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "inside").touch()
    with pytest.raises(PathError, match="cannot be written"):
        deployment().write(tmp_path / "taken")
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


def test_writing_again_replaces_the_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "deployment.json"
    path.write_text("something else")
    deployment().write(path)
    deployment().write(path)
    assert Deployment.read(path) == deployment()
