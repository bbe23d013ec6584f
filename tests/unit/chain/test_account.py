"""Waiting for receipts from nodes that show things late, or never."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.chain import account
from ledger.chain.account import await_receipt
from ledger.chain.node import Node
from ledger.errors import TransactionError

HASH = b"\x07" * 32
SENDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
RECEIPT = {"transactionHash": "0x" + HASH.hex(), "blockNumber": "0x5", "status": "0x1"}


class SlowNode(Node):
    """Counts a transaction before it shows its receipt, which is there at the n-th question, or never."""

    def __init__(self, *, counted: int, shown_at: int | None) -> None:
        super().__init__("http://127.0.0.1:1")
        self.counted = counted
        self.shown_at = shown_at
        self.asked = 0

    def request(self, method: str, *_params: Any) -> Any:
        if method == "eth_getTransactionCount":
            return hex(self.counted)
        assert method == "eth_getTransactionReceipt"
        self.asked += 1
        return RECEIPT if self.shown_at is not None and self.asked >= self.shown_at else None


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "RECEIPT_LAG", 0.2)
    monkeypatch.setattr(account, "POLL_FIRST", 0.001)
    monkeypatch.setattr(account, "POLL_LAST", 0.001)


def test_a_receipt_that_comes_after_the_count_is_the_transactions_own() -> None:
    # Taken for replaced, it would be sent a second time.
    with SlowNode(counted=4, shown_at=5) as node:
        assert await_receipt(node, HASH, SENDER, 3, timeout=1) == RECEIPT


def test_a_number_that_another_transaction_took_has_no_receipt() -> None:
    with SlowNode(counted=4, shown_at=None) as node:
        assert await_receipt(node, HASH, SENDER, 3, timeout=1) is None
    assert node.asked > 2


def test_what_is_not_mined_in_time_says_so() -> None:
    with SlowNode(counted=3, shown_at=None) as node, pytest.raises(TransactionError, match="still pending"):
        await_receipt(node, HASH, SENDER, 3, timeout=0.05)


def test_what_is_mined_meanwhile_is_found() -> None:
    with SlowNode(counted=3, shown_at=4) as node:
        assert await_receipt(node, HASH, SENDER, 3, timeout=1) == RECEIPT
