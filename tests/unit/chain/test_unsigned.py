from __future__ import annotations

import json

import pytest

from ledger.chain.unsigned import UnsignedTransaction
from ledger.model.ids import Address

TO = Address("0x5B38Da6a701c568545dCfcB03FcB875f56beddC4")
DYNAMIC = UnsignedTransaction(
    to=TO, data=b"\x01", gas=100, nonce=0, chain_id=31337, max_fee_per_gas=9, max_priority_fee_per_gas=2
)
LEGACY = UnsignedTransaction(to=TO, data=b"\x01", gas=100, nonce=0, chain_id=31337, gas_price=7)


def test_wallets_get_hexadecimal_quantities() -> None:
    assert json.loads(json.dumps(DYNAMIC.as_wallet_json())) == {
        "to": TO,
        "data": "0x01",
        "value": "0x0",
        "gas": "0x64",
        "nonce": "0x0",
        "chainId": "0x7a69",
        "type": "0x2",
        "maxFeePerGas": "0x9",
        "maxPriorityFeePerGas": "0x2",
    }
    assert LEGACY.as_wallet_json()["type"] == "0x0"
    assert LEGACY.as_wallet_json()["gasPrice"] == "0x7"
    assert "maxFeePerGas" not in LEGACY.as_wallet_json()


def test_a_creation_has_no_receiver() -> None:
    creation = UnsignedTransaction(to=None, data=b"\x01", gas=100, nonce=0, chain_id=1, gas_price=0)
    assert "to" not in creation.as_wallet_json()
    assert creation.as_dict()["to"] == b""


@pytest.mark.parametrize(("transaction", "most"), [(DYNAMIC, 900), (LEGACY, 700)])
def test_the_most_it_can_cost(transaction: UnsignedTransaction, most: int) -> None:
    assert transaction.most == most


def test_it_is_legacy_exactly_if_it_names_one_price() -> None:
    assert LEGACY.is_legacy
    assert not DYNAMIC.is_legacy
    assert "type" not in LEGACY.as_dict()
    assert DYNAMIC.as_dict()["type"] == 2
