"""Intents: what a transaction would do, before anyone signs anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger.chain.abi import Entry, encode_values
from ledger.chain.artifacts import artifact
from ledger.errors import InputError, IntegrityError
from ledger.model.ids import Address

__all__ = ["Call", "DecodedCall", "decode_call", "function_called", "read_call"]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a contract's function: an intent, nothing signed.

    Attributes:
        contract: Name of the contract, whose ABI is used.
        function: Its function, as in Solidity; by full signature if overloads take equally many arguments.
        arguments: In order; structs as tuples.
        summary: What signing it does, in one sentence for the person who signs.
        address: Where the contract stands, if not at the deployment's address: another settlement token.
    """

    contract: str
    function: str
    arguments: tuple[Any, ...]
    summary: str
    address: Address | None = None

    @property
    def entry(self) -> Entry:
        """The function's ABI."""
        return artifact(self.contract).function(self.function, len(self.arguments))

    def data(self) -> bytes:
        """Calldata; needs no chain.

        Raises:
            InputError: An argument is out of range or of the wrong kind.
        """
        return self.entry.selector + encode_values(
            self.entry.inputs, self.arguments, what=f"{self.contract}.{self.function}"
        )


@dataclass(frozen=True, slots=True)
class DecodedCall:
    """What foreign calldata asks for.

    Attributes:
        contract: Name of the contract.
        function: Its function, as in Solidity.
        arguments: By snake_case name, in the forms of `ledger.chain.abi`; None if they are not to be read.
        reads_only: Whether the function can change nothing.
        payable: Whether it takes native coin.
    """

    contract: str
    function: str
    arguments: dict[str, Any] | None
    reads_only: bool
    payable: bool


def function_called(data: bytes, contract: str) -> Entry:
    """The function that calldata for a contract calls, known by its first four bytes; arguments are not looked at.

    Raises:
        InputError: The contract has no such function.
    """
    entry = artifact(contract).functions.get(data[:4])
    if entry is None:
        raise InputError(
            "The transaction calls no function that is known",
            why=f"{contract} has none with selector 0x{data[:4].hex()}",
            fix="prepare the transaction with this software, of the version that the ledger was deployed with",
        )
    return entry


def decode_call(data: bytes, contract: str, *, any_text: bool = False) -> DecodedCall:
    """What calldata for a contract asks for.

    Args:
        data: Selector and arguments.
        contract: Name of the contract.
        any_text: Take text that is not UTF-8 too, as in what is on the chain already.

    Raises:
        InputError: The contract has no such function.
        IntegrityError: The arguments do not decode.
    """
    entry = function_called(data, contract)
    return _decoded(contract, entry, entry.decode_arguments(data, any_text=any_text))


def read_call(data: bytes, contract: str) -> DecodedCall:
    """What calldata on the chain asks for. Anybody can bring any bytes there, so arguments may be unreadable.

    Raises:
        InputError: The contract has no such function.
    """
    entry = function_called(data, contract)
    try:
        return _decoded(contract, entry, entry.decode_arguments(data, any_text=True))
    except IntegrityError:
        return _decoded(contract, entry, None)


def _decoded(contract: str, entry: Entry, arguments: dict[str, Any] | None) -> DecodedCall:
    return DecodedCall(
        contract=contract,
        function=entry.name,
        arguments=arguments,
        reads_only=entry.reads_only,
        payable=entry.mutability == "payable",
    )
