"""`ledger.chain.events`: logs, decoded."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.chain.abi import Parameter, encode_values
from ledger.chain.artifacts import artifact
from ledger.chain.deployment import Deployment
from ledger.chain.events import LEDGER_CONTRACTS, decode_log, decode_logs
from ledger.errors import IntegrityError, WrongNetworkError
from tests.unit.chain.test_deployment import ADDRESSES, deployment

ACCOUNT = "0x5B38Da6a701c568545dCfcB03FcB875f56beddC4"


def log(contract: str, name: str, *arguments: Any) -> dict[str, Any]:
    entry = artifact(contract).event(name)
    pairs = list(zip(entry.inputs, arguments, strict=True))
    plain = [(p, v) for p, v in pairs if not p.indexed]
    topics = [entry.topic, *(encode_values([p], [v], what=name) for p, v in pairs if p.indexed)]
    return {
        "address": ADDRESSES[contract].lower(),
        "topics": ["0x" + topic.hex() for topic in topics],
        "data": "0x" + encode_values([p for p, _ in plain], [v for _, v in plain], what=name).hex(),
        "blockNumber": "0x10",
        "blockHash": "0x" + "22" * 32,
        "transactionHash": "0x" + "33" * 32,
        "logIndex": "0x2",
    }


def test_an_event_has_its_arguments_in_order_by_name() -> None:
    event = decode_log(log("Licences", "LicencePaid", 5, ACCOUNT, 1_000_003, 1_800_000_000), deployment())
    assert event is not None
    assert (event.name, event.contract) == ("LicencePaid", "Licences")
    assert event.arguments == {"licence": 5, "payer": ACCOUNT, "price": 1_000_003, "delivery_due": 1_800_000_000}
    assert list(event.arguments) == ["licence", "payer", "price", "delivery_due"]
    assert (event.block_number, event.block_hash, event.transaction_hash, event.log_index) == (
        16,
        b"\x22" * 32,
        b"\x33" * 32,
        2,
    )


def test_structs_in_events_are_dictionaries() -> None:
    registration = (2, 2**30, 0, 1, 2, True, 0x70, bytes(32), b"\x01" * 32, b"\x02" * 32, 0, [7, 8], "Credit")
    event = decode_log(log("Datasets", "DatasetRegistered", 9, 1, registration), deployment())
    assert event is not None
    assert event.arguments["registration"] == {
        "collector": 2,
        "size": 2**30,
        "embargo_until": 0,
        "funding": 1,
        "tier": 2,
        "human_genetic_resources": True,
        "manifest_codec": 0x70,
        "manifest_digest": bytes(32),
        "metadata_digest": b"\x01" * 32,
        "key_commitment": b"\x02" * 32,
        "supersedes": 0,
        "parents": [7, 8],
        "attribution": "Credit",
    }


def test_text_that_is_none_can_be_read_and_shown_and_its_bytes_had_back() -> None:
    said = log("Members", "MemberDescribed", 1, bytes(32), "AB")
    said["data"] = said["data"].replace(b"AB".hex(), b"\xff\x00".hex())
    event = decode_log(said, deployment())
    assert event is not None
    assert event.arguments["name"].encode("utf-8", "surrogateescape") == b"\xff\x00"
    assert event.shown()["name"] == "\ufffd\x00"


def test_an_event_can_be_shown_to_people() -> None:
    event = decode_log(log("Datasets", "DatasetStatusChanged", 9, 3), deployment())
    assert event is not None
    assert event.shown() == {"dataset": 9, "status": "revoked"}
    paid = decode_log(log("Licences", "LicencePaid", 5, ACCOUNT, 1, 1_800_000_000), deployment())
    assert paid is not None
    json.dumps(paid.shown())
    assert paid.shown()["delivery_due"] == "2027-01-15T08:00:00Z"


def test_logs_of_other_contracts_are_passed_over() -> None:
    foreign = log("Licences", "LicencePaid", 5, ACCOUNT, 1, 1) | {"address": "0x" + "99" * 20}
    ours = log("Licences", "LicenceAccepted", 5)
    assert [event.name for event in decode_logs([foreign, ours], deployment())] == ["LicenceAccepted"]


def test_an_unknown_event_of_the_ledger_is_refused() -> None:
    unknown = log("Licences", "LicenceAccepted", 5) | {"topics": ["0x" + "99" * 32]}
    with pytest.raises(WrongNetworkError, match="An event of the ledger is not known"):
        decode_log(unknown, deployment())
    with pytest.raises(WrongNetworkError):
        decode_log(unknown | {"topics": []}, deployment())


def test_a_settlement_token_may_say_more_than_the_standard() -> None:
    transfer = log("SettlementToken", "Transfer", ACCOUNT, ACCOUNT, 3)
    event = decode_log(transfer, deployment())
    assert event is not None
    assert event.arguments == {"from": ACCOUNT, "to": ACCOUNT, "value": 3}
    assert decode_log(transfer | {"topics": ["0x" + "99" * 32]}, deployment()) is None


@pytest.mark.parametrize("changes", [{"data": "0x"}, {"data": "0x" + "ff" * 64}])
def test_a_log_that_does_not_decode_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        decode_log(log("Licences", "LicencePaid", 5, ACCOUNT, 1, 1) | changes, deployment())


def test_topics_that_do_not_fit_are_refused() -> None:
    found = log("Licences", "LicencePaid", 5, ACCOUNT, 1, 1)
    with pytest.raises(IntegrityError):
        decode_log(found | {"topics": found["topics"][:-1]}, deployment())


def test_every_event_of_the_ledger_decodes() -> None:
    def value(parameter: Parameter) -> Any:
        if parameter.type.endswith("]"):
            return []
        if parameter.components:
            return tuple(map(value, parameter.components))
        if parameter.type.startswith("bytes"):
            return bytes(int(parameter.type[5:] or 0))
        return {"address": ACCOUNT, "string": "text", "bool": True}.get(parameter.type, 1)

    found: Deployment = deployment()
    for contract in LEDGER_CONTRACTS:
        for entry in artifact(contract).events.values():
            event = decode_log(log(contract, entry.name, *map(value, entry.inputs)), found)
            assert event is not None
            assert len(event.arguments) == len(entry.inputs)
            json.dumps(event.shown())
