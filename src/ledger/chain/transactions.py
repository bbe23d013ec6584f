"""From an intent to a mined transaction: prepare, broadcast, wait, and look up again.

unsigned = prepare(chain, call, sender)     estimated, priced, numbered; refused here if a rule says no
tx_hash = broadcast(chain, signed)          checked, then given to the node; twice is the same as once
outcome = wait(chain, tx_hash, timeout)     events, or the rule that said no
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from eth_utils.crypto import keccak

from ledger.chain.account import await_receipt, draft, failure, find_receipt, submit
from ledger.chain.calls import Call, DecodedCall, read_call
from ledger.chain.chain import Chain
from ledger.chain.events import Event, decode_logs
from ledger.chain.incoming import accept, contract_of
from ledger.chain.node import RpcError, as_bytes, as_int
from ledger.chain.raw import SignedTransaction, parse_raw, rebuild_raw
from ledger.chain.unsigned import UnsignedTransaction
from ledger.errors import LedgerError, TransactionError
from ledger.model.ids import Address
from ledger.model.terms import ZERO_ADDRESS

__all__ = [
    "Outcome",
    "TransactionRecord",
    "TransactionStatus",
    "TransactionUnknownError",
    "UnsignedTransaction",
    "broadcast",
    "broadcast_signed",
    "outcome_of",
    "prepare",
    "token_of",
    "transaction",
    "wait",
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A mined transaction that did what it was to do.

    Attributes:
        tx_hash: Its hash.
        block_number: Its block.
        gas_used: Gas it used.
        events: What the deployment's contracts said.
    """

    tx_hash: bytes
    block_number: int
    gas_used: int
    events: tuple[Event, ...]

    def event(self, name: str) -> Event:
        """The first event of this name.

        Raises:
            TransactionError: There is none.
        """
        found = next((event for event in self.events if event.name == name), None)
        if found is None:
            raise TransactionError(
                "The transaction did something else",
                why=f"it was mined, but gave no event {name}",
                fix="check that node and deployment file belong to the same ledger",
            )
        return found


class TransactionStatus(StrEnum):
    """Where a transaction stands."""

    PENDING = "pending"
    MINED = "mined"
    FAILED = "failed"


class TransactionUnknownError(TransactionError):
    """The node knows no such transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionRecord:
    """A transaction with its evidence.

    Attributes:
        signed: The signed transaction; `signed.raw` hashes to `signed.hash`.
        call: What it asks for.
        status: Where it stands.
        receipt: Its receipt as JSON-RPC gives it; None while it is pending.
        events: What the deployment's contracts said.
        error: Why it failed; None unless it did.
    """

    signed: SignedTransaction
    call: DecodedCall
    status: TransactionStatus
    receipt: Mapping[str, Any] | None = field(default=None, repr=False)
    events: tuple[Event, ...] = ()
    error: LedgerError | None = None


def prepare(
    chain: Chain, call: Call, sender: Address, *, nonce: int | None = None, legacy: bool | None = None
) -> UnsignedTransaction:
    """The transaction that makes a call: gas estimated with a margin of 20 %, priced as the node's blocks are.

    Args:
        chain: Where it will be sent.
        call: The intent.
        sender: The account that will sign.
        nonce: Its number among the sender's transactions; default: after those known to the node.
        legacy: Whether to name one gas price; default: only if the node's blocks have no base fee (EIP-1559).

    Raises:
        RefusedError: A contract would refuse it, in words.
        FundsError: The sender has too little native coin, or too few tokens.
        WrongNetworkError: There is no contract at the address.
    """
    return draft(
        chain,
        chain.address(call),
        call.data(),
        sender,
        chain.chain_id,
        nonce=nonce,
        legacy=legacy,
        token=token_of(chain, call),
    )


def broadcast(chain: Chain, raw: bytes) -> bytes:
    """Give a signed transaction to the node, after checking that it is for this chain and these contracts.

    Idempotent: one that the node knows or has mined is a success.

    Returns:
        Its hash, 32 bytes.

    Raises:
        InputError: It cannot be read, or calls nothing that is known.
        WrongNetworkError: It is signed for another chain, or for a contract that is not the ledger's.
        FundsError: The sender has too little native coin.
        RefusedError: A contract refused it, on nodes that say so at once.
        TransactionError: The node refused it: its number is taken, its price too low.
    """
    return broadcast_signed(chain, parse_raw(raw))


def broadcast_signed(chain: Chain, signed: SignedTransaction) -> bytes:
    """As `broadcast`, for a transaction that was read already.

    Raises:
        InputError: It calls nothing that is known.
        WrongNetworkError: It is signed for another chain, or for a contract that is not the ledger's.
        FundsError: The sender has too little native coin.
        RefusedError: A contract refused it, on nodes that say so at once.
        TransactionError: The node refused it: its number is taken, its price too low.
    """
    accept(chain, signed)
    return submit(chain, signed)


def wait(chain: Chain, tx_hash: bytes, timeout: float = 120.0) -> Outcome:
    """Wait until a transaction is mined.

    Args:
        chain: Where it was sent.
        tx_hash: Its hash.
        timeout: Seconds to wait at most.

    Raises:
        RefusedError: It was mined, and a contract refused it.
        FundsError: It was mined, and the account had too few tokens.
        TransactionError: It was not mined in time, or failed without a reason.
    """
    receipt = find_receipt(chain, tx_hash) or _await_mined(chain, tx_hash, timeout)
    return outcome_of(chain, receipt)


def transaction(chain: Chain, tx_hash: bytes) -> TransactionRecord:
    """A transaction of this ledger, with its evidence.

    Raises:
        TransactionUnknownError: The node knows no such transaction.
        WrongNetworkError: It is not for this ledger.
        IntegrityError: What the node says of it does not hash to it.
    """
    found = _find(chain, tx_hash)
    signed = parse_raw(_raw(chain, found, tx_hash))
    call = read_call(signed.data, contract_of(chain, signed))
    receipt = find_receipt(chain, tx_hash)
    if receipt is None:
        return TransactionRecord(signed=signed, call=call, status=TransactionStatus.PENDING)
    if as_int(receipt["status"]) == 0:
        error = failure(chain, receipt)
        return TransactionRecord(
            signed=signed, call=call, status=TransactionStatus.FAILED, receipt=receipt, error=error
        )
    events = decode_logs(receipt["logs"], chain.deployment)
    return TransactionRecord(signed=signed, call=call, status=TransactionStatus.MINED, receipt=receipt, events=events)


def outcome_of(chain: Chain, receipt: Mapping[str, Any], rehearsal: bytes | None = None) -> Outcome:
    """The outcome that a receipt tells.

    Args:
        chain: The ledger.
        receipt: As JSON-RPC gives it.
        rehearsal: Calldata to ask with why it failed; default: the transaction's own.

    Raises:
        RefusedError: A contract refused the transaction.
        FundsError: The account had too few tokens.
        TransactionError: It failed without a reason.
    """
    if as_int(receipt["status"]) == 0:
        raise failure(chain, receipt, rehearsal)
    return Outcome(
        tx_hash=as_bytes(receipt["transactionHash"]),
        block_number=as_int(receipt["blockNumber"]),
        gas_used=as_int(receipt["gasUsed"]),
        events=decode_logs(receipt["logs"], chain.deployment),
    )


def token_of(chain: Chain, call: Call) -> Address | None:
    """The settlement token that a call moves, if it moves one."""
    if call.contract == "SettlementToken":
        return call.address or chain.deployment.address(call.contract)
    if call.contract == "Licences" and call.function in ("pay", "payWithPermit", "renew"):
        token = Address(chain.call("Benefits", "escrowOf", call.arguments[0])["token"])
        return token if token != ZERO_ADDRESS else None
    return None


def _await_mined(chain: Chain, tx_hash: bytes, timeout: float) -> Mapping[str, Any]:
    pending = _find(chain, tx_hash)
    sender, nonce = pending["from"], as_int(pending["nonce"])
    receipt = await_receipt(chain, tx_hash, sender, nonce, timeout)
    if receipt is None:
        raise TransactionError(
            "The transaction was replaced",
            why=f"{sender} has sent another transaction with nonce {nonce}, and that one was mined",
            fix="prepare it again and sign anew",
        )
    return receipt


def _find(chain: Chain, tx_hash: bytes) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = chain.request("eth_getTransactionByHash", _hex(tx_hash))
    if found is None:
        raise TransactionUnknownError(
            "The transaction is not known",
            why=f"the node at {chain.url} has none with hash {_hex(tx_hash)}",
            fix="check the hash, and whether the transaction was ever sent",
        )
    return found


def _raw(chain: Chain, found: Mapping[str, Any], tx_hash: bytes) -> bytes:
    """The raw bytes, which must hash to the transaction; not every node keeps them (Ganache does not)."""
    try:
        raw = as_bytes(chain.request("eth_getRawTransactionByHash", _hex(tx_hash)) or "0x")
    except RpcError:
        raw = b""
    return raw if keccak(raw) == tx_hash else rebuild_raw(found, tx_hash)


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
