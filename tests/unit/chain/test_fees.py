from __future__ import annotations

from typing import Any

import pytest

from ledger.chain.fees import prices
from ledger.chain.node import Node, RpcError

GWEI = 10**9


class Answers(Node):
    """A node that answers these questions, and refuses the others."""

    def __init__(self, **answers: int) -> None:
        self.answers = answers

    def request(self, method: str, *_: Any) -> Any:
        if method not in self.answers:
            raise RpcError("the method does not exist", None)
        return hex(self.answers[method])


@pytest.mark.parametrize(
    ("base", "node", "expected"),
    [
        pytest.param(
            7 * GWEI,
            Answers(eth_gasPrice=8 * GWEI, eth_maxPriorityFeePerGas=GWEI),
            {"max_fee_per_gas": 15 * GWEI, "max_priority_fee_per_gas": GWEI},
            id="base fee and tip",
        ),
        pytest.param(
            7 * GWEI,
            Answers(eth_gasPrice=9 * GWEI),
            {"max_fee_per_gas": 16 * GWEI, "max_priority_fee_per_gas": 2 * GWEI},
            id="a node that knows no tips",
        ),
        pytest.param(
            0,
            Answers(eth_gasPrice=0, eth_maxPriorityFeePerGas=GWEI),
            {"max_fee_per_gas": 0, "max_priority_fee_per_gas": 0},
            id="no price, with a base fee of zero",
        ),
        pytest.param(
            7 * GWEI,
            Answers(eth_gasPrice=GWEI, eth_maxPriorityFeePerGas=GWEI),
            {"max_fee_per_gas": 14 * GWEI, "max_priority_fee_per_gas": 0},
            id="a price below the base fee",
        ),
        pytest.param(None, Answers(eth_gasPrice=3), {"gas_price": 3}, id="no base fee"),
        pytest.param(None, Answers(eth_gasPrice=0), {"gas_price": 0}, id="no base fee, no price"),
    ],
)
def test_prices_follow_the_nodes_blocks(base: int | None, node: Node, expected: dict[str, int]) -> None:
    block = {} if base is None else {"baseFeePerGas": hex(base)}
    assert prices(node, block, legacy=None) == expected


def test_one_price_can_be_asked_for() -> None:
    node = Answers(eth_gasPrice=3, eth_maxPriorityFeePerGas=1)
    assert prices(node, {"baseFeePerGas": "0x2"}, legacy=True) == {"gas_price": 3}
    assert prices(node, {}, legacy=False) == {"max_fee_per_gas": 1, "max_priority_fee_per_gas": 1}
