"""Signed raw transactions: read one, or build one again from the fields that a node gives.

Legacy with EIP-155, EIP-2930 (type 1) and EIP-1559 (type 2). Others are refused: nothing here makes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import rlp  # type: ignore[import-untyped]  # pyrlp ships no types
from eth_account import Account
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from ledger.errors import InputError, IntegrityError
from ledger.model.ids import Address

__all__ = ["SignedTransaction", "parse_raw", "rebuild_raw"]

LEGACY, ACCESS_LIST, DYNAMIC_FEE = 0, 1, 2
MAX_RAW_BYTES: Final = 131_072
"""What nodes take in one transaction (geth: ``txMaxSize``)."""

FIELDS: Final[Mapping[int, tuple[str, ...]]] = {
    LEGACY: ("nonce", "gasPrice", "gas", "to", "value", "input", "v", "r", "s"),
    ACCESS_LIST: (
        "chainId", "nonce", "gasPrice", "gas", "to", "value", "input", "accessList", "yParity", "r", "s",
    ),
    DYNAMIC_FEE: (
        "chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas", "to", "value", "input", "accessList",
        "yParity", "r", "s",
    ),
}  # fmt: skip
"""Fields in RLP order, by the names that JSON-RPC has for them (Yellow Paper 4.2, EIP-2930, EIP-1559)."""

BYTES: Final = frozenset({"to", "input"})


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A signed transaction, read.

    Attributes:
        raw: Its bytes, as broadcast.
        hash: Its hash.
        sender: The account that signed it.
        type: 0, 1 or 2.
        chain_id: EIP-155 chain id; None for a legacy transaction that any chain accepts.
        nonce: Transactions the sender had sent before.
        to: The contract; None if it creates one.
        value: Native coin moved, in wei.
        gas: Gas limit.
        data: Calldata.
    """

    raw: bytes = field(repr=False)
    hash: bytes
    sender: Address
    type: int
    chain_id: int | None
    nonce: int
    to: Address | None
    value: int
    gas: int
    data: bytes = field(repr=False)


def parse_raw(raw: bytes) -> SignedTransaction:
    """Read a signed raw transaction.

    Raises:
        InputError: It is not one, or of a type that is not used here.
    """
    if not raw or len(raw) > MAX_RAW_BYTES:
        raise _unreadable(f"it has {len(raw)} bytes, a transaction has 1 to {MAX_RAW_BYTES}")
    kind = raw[0] if raw[0] < 0x80 else LEGACY
    if kind not in FIELDS:
        raise _unreadable(f"its type {kind} is not 1 or 2")
    items = _decode(raw if kind == LEGACY else raw[1:], FIELDS[kind])
    return SignedTransaction(
        raw=raw,
        hash=keccak(raw),
        sender=_sender(raw),
        type=kind,
        chain_id=_legacy_chain_id(_integer(items["v"])) if kind == LEGACY else _integer(items["chainId"]),
        nonce=_integer(items["nonce"]),
        to=Address(to_checksum_address(items["to"])) if items["to"] else None,
        value=_integer(items["value"]),
        gas=_integer(items["gas"]),
        data=bytes(items["input"]),
    )


def rebuild_raw(transaction: Mapping[str, Any], expected: bytes) -> bytes:
    """The signed raw transaction, from what ``eth_getTransactionByHash`` says of it.

    Raises:
        IntegrityError: The fields do not make the transaction with this hash.
    """
    kind = int(transaction.get("type") or "0x0", 16)
    fields = FIELDS.get(kind)
    if fields is not None:
        raw: bytes = (b"" if kind == LEGACY else bytes([kind])) + rlp.encode(
            [_field(transaction, name) for name in fields]
        )
        if keccak(raw) == expected:
            return raw
    raise IntegrityError(
        "The signed transaction cannot be given",
        why=f"what the node says of 0x{expected.hex()} does not hash to it",
        fix="ask another node",
    )


def _decode(data: bytes, names: Sequence[str]) -> dict[str, Any]:
    try:
        items = rlp.decode(data)
    except rlp.exceptions.RLPException as error:
        raise _unreadable("it is not RLP") from error
    if not isinstance(items, list) or len(items) != len(names):
        raise _unreadable(f"it has not the {len(names)} fields of its type")
    found = dict(zip(names, items, strict=True))
    if any(isinstance(item, list) != (name == "accessList") for name, item in found.items()):
        raise _unreadable("a field is of the wrong kind")
    if len(found["to"]) not in (0, 20):
        raise _unreadable("its receiver is not an address")
    return found


def _sender(raw: bytes) -> Address:
    try:
        return Address(Account.recover_transaction(raw))
    except Exception as error:
        raise _unreadable("it carries no valid signature") from error


def _integer(item: bytes) -> int:
    if item[:1] == b"\0" or len(item) > 32:
        raise _unreadable("a number in it is not in its shortest form")
    return int.from_bytes(item, "big")


def _legacy_chain_id(v: int) -> int | None:
    return (v - 35) // 2 if v >= 35 else None  # EIP-155


def _field(transaction: Mapping[str, Any], name: str) -> Any:
    value = transaction.get(name)
    if name == "yParity" and value is None:
        value = transaction.get("v")
    if name == "accessList":
        return [
            [bytes.fromhex(entry["address"][2:]), [bytes.fromhex(key[2:]) for key in entry["storageKeys"]]]
            for entry in value or ()
        ]
    if name in BYTES:
        return bytes.fromhex((value or "0x")[2:])
    number = int(value or "0x0", 16)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _unreadable(why: str) -> InputError:
    return InputError("The signed transaction cannot be read", why=why, fix="sign the prepared transaction again")
