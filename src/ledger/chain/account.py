"""An account on a node: its transactions in order and without gaps, whoever else sends from it.

This is below contracts and deployments: it knows calldata only.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ledger.chain.fees import prices
from ledger.chain.incoming import OutdatedTransactionError, refusal
from ledger.chain.node import Node, RpcError, as_int, explained
from ledger.chain.raw import SignedTransaction, parse_raw
from ledger.chain.signers import Signer
from ledger.chain.unsigned import UnsignedTransaction
from ledger.errors import FundsError, LedgerError, TransactionError
from ledger.model.ids import Address

__all__ = ["Account", "await_receipt", "draft", "failure", "find_receipt", "submit"]

GAS_MARGIN_PERCENT: Final = 20
POLL_FIRST, POLL_LAST = 0.02, 0.5
"""Seconds between questions for a receipt: short at first, for nodes that mine at once."""

RECEIPT_LAG: Final = 3.0
"""Seconds a node may take to show the receipts of a block whose transactions it counts already: anvil does both one
after the other, and a large block is far apart."""

GAS_SPREAD: Final = 4096
"""Gas limits vary by less than this, so that two programs that send the same call from one account at the same time do
not sign the same bytes: the node would take them for one transaction, and both would believe that it was theirs."""

ATTEMPTS: Final = 20
"""How often a transaction is numbered anew when other processes take its number."""


class Account:
    """Sends transactions from one account. Safe to share among threads; other processes may send from it too.

    Args:
        node: Where they are sent.
        chain_id: EIP-155 chain id they are signed for.
        signer: Who signs.
        legacy: Whether to name one gas price; default: only if the node's blocks have no base fee.
    """

    def __init__(self, node: Node, chain_id: int, signer: Signer, *, legacy: bool | None = None) -> None:
        self._node = node
        self._chain_id = chain_id
        self._signer = signer
        self._legacy = legacy
        self._lock = threading.Lock()
        self._last: SignedTransaction | None = None

    def transact(
        self,
        to: Address | None,
        data: bytes,
        *,
        rehearsal: bytes | None = None,
        token: Address | None = None,
        timeout: float = 120.0,
    ) -> Mapping[str, Any]:
        """Send a transaction and wait until it is mined.

        Numbers are given out under a lock and only to transactions that the node has taken, so none is left out. Where
        another process was faster, the transaction is numbered and signed anew; the former one can never be mined.

        Args:
            to: The contract; None to create one.
            data: Calldata, or creation code.
            rehearsal: Calldata that the node is asked about in its place, as long as nothing is sent; default: `data`.
                For calldata that nobody may see before it is certain to be taken. It must take as much gas.
            token: Settlement token that it moves, to be named where tokens are lacking.
            timeout: Seconds to wait at most.

        Returns:
            The receipt, as JSON-RPC gives it, of a success or of a failure.

        Raises:
            RefusedError: A contract would refuse it, in words.
            FundsError: The account has too little native coin, or too few tokens.
            TransactionError: It was not mined in time, or others kept taking its number.
        """
        end = time.monotonic() + timeout
        for attempt in range(ATTEMPTS):
            unsigned = draft(
                self._node,
                to,
                data if rehearsal is None else rehearsal,
                self._signer.address,
                self._chain_id,
                nonce=0,
                legacy=self._legacy,
                token=token,
                extra_gas=secrets.randbelow(GAS_SPREAD),
            )
            try:
                signed = self._dispatch(replace(unsigned, data=data))
            except OutdatedTransactionError:
                time.sleep(random.uniform(0, 0.01 * 2 ** min(attempt, 6)))  # noqa: S311 - no secret
                continue
            receipt = await_receipt(self._node, signed.hash, signed.sender, signed.nonce, end - time.monotonic())
            if receipt is not None:
                return receipt
        raise TransactionError(
            "The transaction could not be sent",
            why=f"others kept sending from {self._signer.address} at the same time, {ATTEMPTS} times over",
            fix="let one program send from this account, or try again",
        )

    def _dispatch(self, unsigned: UnsignedTransaction) -> SignedTransaction:
        with self._lock:
            numbered = replace(unsigned, nonce=self._next_nonce())
            signed = parse_raw(self._signer.sign_transaction(numbered))
            if _is_known(self._node, signed.hash):
                raise OutdatedTransactionError(
                    "The transaction is out of date",
                    why="another program has sent the very same",
                    fix="prepare it again and sign anew",
                )
            submit(self._node, signed)
            self._last = signed
            return signed

    def _next_nonce(self) -> int:
        """After what the node counts as pending, or after our last transaction if it has not counted that yet."""
        pending = self._node.transaction_count(self._signer.address, "pending")
        last = self._last
        if last is None or last.nonce < pending or not _is_known(self._node, last.hash):
            return pending
        return last.nonce + 1


def draft(
    node: Node,
    to: Address | None,
    data: bytes,
    sender: Address,
    chain_id: int,
    *,
    nonce: int | None = None,
    legacy: bool | None = None,
    token: Address | None = None,
    extra_gas: int = 0,
) -> UnsignedTransaction:
    """A transaction ready to be signed: gas estimated with a margin of 20 %, priced as the node's blocks are.

    Args:
        node: Where it will be sent.
        to: The contract; None to create one.
        data: Calldata, or creation code with its arguments.
        sender: The account that will sign.
        chain_id: EIP-155 chain id.
        nonce: Its number among the sender's transactions; default: after those known to the node.
        legacy: Whether to name one gas price; default: only if the node's blocks have no base fee (EIP-1559).
        token: Settlement token that it moves, to be named where tokens are lacking.
        extra_gas: Added to the gas limit; what is not used costs nothing.

    Raises:
        RefusedError: A contract would refuse it, in words.
        FundsError: The sender has too little native coin, or too few tokens.
    """
    fields = {"from": sender, "data": "0x" + data.hex()} | ({"to": to} if to else {})
    block = node.header("latest")
    gas = _estimate(node, fields, token)
    unsigned = UnsignedTransaction(
        to=to,
        data=data,
        gas=max(gas, min(gas * (100 + GAS_MARGIN_PERCENT) // 100 + extra_gas, as_int(block["gasLimit"]))),
        nonce=node.transaction_count(sender, "pending") if nonce is None else nonce,
        chain_id=chain_id,
        **prices(node, block, legacy=legacy),
    )
    has = node.balance(sender)
    if has < unsigned.most and block.get("baseFeePerGas") == "0x0" and not unsigned.is_legacy:
        unsigned = replace(unsigned, max_fee_per_gas=0, max_priority_fee_per_gas=0)  # the tip is a gift
    _require_funds(sender, has, unsigned)
    return unsigned


def submit(node: Node, signed: SignedTransaction) -> bytes:
    """Give a transaction to the node without looking at what it does; twice is the same as once.

    Raises:
        RefusedError: A contract refused it, on nodes that say so at once.
        FundsError: The sender has too little native coin.
        OutdatedTransactionError: Its number is taken, or its price too low.
        TransactionError: The node refused it for another reason.
    """
    if _is_known(node, signed.hash):
        return signed.hash
    try:
        node.request("eth_sendRawTransaction", _hex(signed.raw))
    except RpcError as error:
        if error.says("already known", "known transaction", "already imported", "already in"):
            return signed.hash
        refused = refusal(error, signed)
        if isinstance(refused, OutdatedTransactionError) and _is_known(node, signed.hash):
            return signed.hash  # the same bytes were sent by another request meanwhile
        raise refused from error
    return signed.hash


def await_receipt(node: Node, tx_hash: bytes, sender: str, nonce: int, timeout: float) -> Mapping[str, Any] | None:
    """Wait for the receipt of a transaction.

    Args:
        node: Where it was sent.
        tx_hash: Its hash.
        sender: The account that signed it.
        nonce: Its number among the sender's transactions.
        timeout: Seconds to wait at most.

    Returns:
        The receipt, as JSON-RPC gives it; None if another transaction has taken its number.

    Raises:
        TransactionError: It was not mined in time.
    """
    end = time.monotonic() + timeout
    pause = POLL_FIRST
    while (receipt := find_receipt(node, tx_hash)) is None:
        if node.transaction_count(sender) > nonce:
            return _late_receipt(node, tx_hash)
        if time.monotonic() > end:
            raise TransactionError(
                "The transaction was not mined in time",
                why=f"{_hex(tx_hash)} was still pending after {timeout:.0f} s",
                fix="look it up again later; sending it again is harmless",
            )
        time.sleep(pause)
        pause = min(pause * 1.5, POLL_LAST)
    return receipt


def _late_receipt(node: Node, tx_hash: bytes) -> Mapping[str, Any] | None:
    """The receipt of a transaction whose number is taken, by itself or by another.

    To take the first for the second would be to send it twice.
    """
    end = time.monotonic() + RECEIPT_LAG
    while (receipt := find_receipt(node, tx_hash)) is None and time.monotonic() < end:
        time.sleep(POLL_FIRST)
    return receipt


def find_receipt(node: Node, tx_hash: bytes) -> Mapping[str, Any] | None:
    """The receipt of a mined transaction, as JSON-RPC gives it; None if it is not mined."""
    found: Mapping[str, Any] | None = node.request("eth_getTransactionReceipt", _hex(tx_hash))
    return found if found is not None and found.get("blockNumber") is not None else None


def failure(node: Node, receipt: Mapping[str, Any], rehearsal: bytes | None = None) -> LedgerError:
    """Why a mined transaction failed: what its call says when it is made again on the state around its block.

    Args:
        node: Where it was mined.
        receipt: Its receipt, as JSON-RPC gives it.
        rehearsal: Calldata to make the call with; default: the transaction's own.
    """
    transaction = node.request("eth_getTransactionByHash", receipt["transactionHash"])
    number = as_int(receipt["blockNumber"])
    fields = {name: transaction[name] for name in ("from", "to", "gas") if transaction.get(name)}
    fields["data"] = transaction["input"] if rehearsal is None else _hex(rehearsal)
    for block in (number, number - 1):
        try:
            node.eth_call(fields, block)
        except RpcError:
            continue  # the node no longer has that state
        except LedgerError as error:
            return error
    spent = as_int(receipt["gasUsed"]) >= as_int(transaction["gas"])
    return TransactionError(
        "The transaction failed",
        why=f"{receipt['transactionHash']} " + ("ran out of gas" if spent else "was refused, and would not be now"),
        fix="prepare it again and sign anew",
    )


def _estimate(node: Node, fields: dict[str, str], token: Address | None) -> int:
    try:
        return as_int(node.request("eth_estimateGas", fields, "latest"))
    except RpcError as error:
        raise explained(error, token) from error


def _require_funds(sender: Address, has: int, unsigned: UnsignedTransaction) -> None:
    if has < unsigned.most:
        raise FundsError(
            "The account cannot pay for gas",
            why=f"{sender} has {has} wei, up to {unsigned.most} wei are needed",
            fix="send it some native coin, or sign with a funded account",
        )


def _is_known(node: Node, tx_hash: bytes) -> bool:
    return node.request("eth_getTransactionByHash", _hex(tx_hash)) is not None


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
