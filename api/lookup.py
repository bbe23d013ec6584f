"""A transaction as JSON: its signed bytes, its call, its receipt and what the contracts said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.problems import Problem, RequestError, of_error, plain
from ledger.chain.calls import DecodedCall
from ledger.chain.chain import Chain
from ledger.chain.node import as_int
from ledger.chain.transactions import TransactionRecord, TransactionUnknownError, transaction
from ledger.errors import InputError, WrongNetworkError
from ledger.model.ids import AddressField

__all__ = ["Transaction", "look_up"]

UNREAD: Final = "The arguments are not an encoding as any wallet makes it; `raw` has their bytes."


class CallMade(BaseModel):
    """The decoded call of a transaction."""

    contract: str = Field(examples=["Licences"])
    function: str = Field(examples=["pay"])
    arguments: dict[str, Any] | None = Field(default=None, examples=[{"licence": 1}])
    note: str | None = Field(default=None, description="Why the arguments are not shown, if they are not")


class EventSaid(BaseModel):
    """A decoded event, with states by name and times in ISO 8601."""

    contract: str = Field(examples=["Licences"])
    name: str = Field(examples=["LicencePaid"])
    arguments: dict[str, Any] = Field(examples=[{"licence": 1, "price": 100_000}])
    log_index: int


class Receipt(BaseModel):
    """Where a transaction was mined."""

    block_number: int
    block_hash: str
    transaction_index: int
    status: Literal[0, 1] = Field(description="1 if it succeeded, 0 if it failed (EIP-658)")
    gas_used: int
    effective_gas_price: str | None = Field(default=None, description="Wei a unit of gas, where the node tells it")


class Transaction(BaseModel):
    """A transaction of the ledger."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    hash: str
    status: Literal["pending", "mined", "failed"]
    sender: AddressField = Field(alias="from")
    nonce: int
    raw: str = Field(description="The signed transaction: proves who asked for what")
    call: CallMade
    receipt: Receipt | None = None
    events: list[EventSaid] = []
    refusal: Problem | None = Field(default=None, description="Why it failed, if it did")


def look_up(chain: Chain, tx_hash: bytes) -> Transaction:
    """A transaction of this ledger by its hash.

    Raises:
        RequestError: The node knows no transaction of the ledger with this hash.
        IntegrityError: What the node says of it does not hash to it.
    """
    try:
        return _view(transaction(chain, tx_hash))
    except (TransactionUnknownError, InputError, WrongNetworkError) as error:
        raise RequestError("not-found", "The node knows no transaction of this ledger with this hash") from error


def _view(record: TransactionRecord) -> Transaction:
    signed, call, receipt = record.signed, record.call, record.receipt
    return Transaction(
        hash="0x" + signed.hash.hex(),
        status=record.status.value,
        sender=signed.sender,
        nonce=signed.nonce,
        raw="0x" + signed.raw.hex(),
        call=_call(call),
        receipt=None if receipt is None else _receipt(receipt),
        events=[
            EventSaid(
                contract=event.contract, name=event.name, arguments=plain(event.shown()), log_index=event.log_index
            )
            for event in record.events
        ],
        refusal=of_error(record.error) if record.error else None,
    )


def _receipt(receipt: Mapping[str, Any]) -> Receipt:
    price = receipt.get("effectiveGasPrice")
    return Receipt(
        block_number=as_int(receipt["blockNumber"]),
        block_hash=receipt["blockHash"],
        transaction_index=as_int(receipt["transactionIndex"]),
        status=1 if as_int(receipt["status"]) else 0,
        gas_used=as_int(receipt["gasUsed"]),
        effective_gas_price=None if price is None else str(as_int(price)),
    )


def _call(call: DecodedCall) -> CallMade:
    return CallMade(
        contract=call.contract,
        function=call.function,
        arguments=None if call.arguments is None else plain(call.arguments),
        note=UNREAD if call.arguments is None else None,
    )
