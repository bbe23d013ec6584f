"""Contract ABIs as typed values: encode what goes in, decode what comes out.

Decoded values have one form everywhere in this package: integers as ``int``, ``bytesN`` and ``bytes`` as ``bytes``,
addresses as checksummed text, structs as dictionaries with snake_case names, arrays as lists.
Source: Contract ABI Specification, Solidity documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from eth_abi.abi import default_codec, encode
from eth_abi.codec import ABICodec
from eth_abi.decoding import StringDecoder
from eth_abi.exceptions import DecodingError, EncodingError
from eth_abi.registry import ABIRegistry, BaseEquals, registry
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from ledger.chain.extent import require_unshared
from ledger.errors import InputError, IntegrityError

__all__ = ["Entry", "Parameter", "decode_values", "encode_values", "named", "snake_case"]

SELECTOR_BYTES = 4


class _TolerantText(StringDecoder):
    def __init__(self) -> None:
        super().__init__("surrogateescape")  # type: ignore[no-untyped-call] # eth-abi types none of its coders


def _tolerant_of_text() -> ABICodec:
    tolerant: ABIRegistry = registry.copy()  # type: ignore[no-untyped-call] # as above
    tolerant.unregister_decoder("string")
    tolerant.register_decoder(BaseEquals("string"), _TolerantText, label="string")  # type: ignore[no-untyped-call] # as above
    return ABICodec(tolerant)


_ANY_TEXT: Final = _tolerant_of_text()
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """A Solidity name in Python's spelling: ``keyCommitment`` → ``key_commitment``."""
    return _HUMP.sub("_", name).lower().strip("_")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input, output or struct member.

    Attributes:
        name: As in Solidity; empty if it has none.
        type: Canonical ABI type, e.g. ``(uint32,address)[]``.
        internal: Solidity's own type, e.g. ``enum LicenceState`` or ``DatasetId``.
        components: Members, for a struct or an array of structs.
        indexed: Whether it is a topic of an event.
    """

    name: str
    type: str
    internal: str
    components: tuple[Parameter, ...] = ()
    indexed: bool = False

    @classmethod
    def parse(cls, item: Mapping[str, Any]) -> Self:
        """From the compiler's JSON."""
        components = tuple(Parameter.parse(c) for c in item.get("components", ()))
        kind = item["type"]
        if kind.startswith("tuple"):
            kind = f"({','.join(c.type for c in components)}){kind.removeprefix('tuple')}"
        return cls(
            name=item["name"],
            type=kind,
            internal=item.get("internalType", kind),
            components=components,
            indexed=item.get("indexed", False),
        )

    @property
    def is_dynamic_topic(self) -> bool:
        """Whether a topic of this type holds a digest instead of the value."""
        return self.type.endswith(("]", ")")) or self.type in ("string", "bytes")


@dataclass(frozen=True, slots=True)
class Entry:
    """A function, event or error.

    Attributes:
        kind: ``function``, ``event`` or ``error``.
        signature: E.g. ``applyFor(uint64,bytes32)``.
        mutability: For a function, ``view``, ``pure``, ``nonpayable`` or ``payable``.
    """

    kind: str
    name: str
    signature: str
    inputs: tuple[Parameter, ...]
    outputs: tuple[Parameter, ...] = ()
    mutability: str = ""

    @classmethod
    def parse(cls, item: Mapping[str, Any]) -> Self:
        """From the compiler's JSON."""
        inputs = tuple(map(Parameter.parse, item.get("inputs", ())))
        return cls(
            kind=item["type"],
            name=item["name"],
            signature=f"{item['name']}({','.join(p.type for p in inputs)})",
            inputs=inputs,
            outputs=tuple(map(Parameter.parse, item.get("outputs", ()))),
            mutability=item.get("stateMutability", ""),
        )

    @property
    def topic(self) -> bytes:
        """keccak256 of the signature: topic 0 of an event."""
        return keccak(text=self.signature)

    @property
    def topic_count(self) -> int:
        """Topics of an event's log: the signature's and one for each indexed argument."""
        return 1 + sum(p.indexed for p in self.inputs)

    @property
    def selector(self) -> bytes:
        """First four bytes of a call or of an error."""
        return self.topic[:SELECTOR_BYTES]

    @property
    def reads_only(self) -> bool:
        """Whether calling it can change nothing."""
        return self.mutability in ("view", "pure")

    def encode(self, arguments: Sequence[Any]) -> bytes:
        """Calldata: selector and arguments.

        Raises:
            InputError: The arguments do not fit.
        """
        return self.selector + encode_values(self.inputs, arguments, what=self.signature)

    def decode_arguments(self, data: bytes, *, any_text: bool = False) -> dict[str, Any]:
        """Arguments by name, from calldata or error data with its selector.

        Args:
            data: Selector and encoding.
            any_text: As for `decode_values`.

        Raises:
            IntegrityError: The data is not an encoding of them.
        """
        return named(self.inputs, decode_values(self.inputs, data[SELECTOR_BYTES:], any_text=any_text))

    def decode_output(self, data: bytes) -> Any:
        """What a call returned: one value bare, several as a tuple.

        Raises:
            IntegrityError: The data is not an encoding of them.
        """
        values = decode_values(self.outputs, data)
        return values[0] if len(self.outputs) == 1 else values


def encode_values(parameters: Sequence[Parameter], values: Sequence[Any], *, what: str) -> bytes:
    """ABI-encode values.

    Raises:
        InputError: They do not fit the parameters.
    """
    try:
        return encode([p.type for p in parameters], values)
    except (EncodingError, TypeError, ValueError) as error:
        raise InputError(
            f"The arguments do not fit {what}", why=str(error), fix="Check each value's kind and range"
        ) from error


def decode_values(parameters: Sequence[Parameter], data: bytes, *, any_text: bool = False) -> tuple[Any, ...]:
    """Decode ABI-encoded values into the forms of this module: never into more than their encoding is long.

    Args:
        parameters: What they are.
        data: Their encoding.
        any_text: Take a ``string`` that is not UTF-8 too, which no contract checks: the bytes that are not stand in
            the text as lone surrogates (PEP 383), so the exact bytes can be had back.

    Raises:
        IntegrityError: The data is not an encoding of such values, or values in it share bytes.
    """
    codec = _ANY_TEXT if any_text else default_codec
    types = [p.type for p in parameters]
    try:
        require_unshared(types, data)
        values = codec.decode(types, data)
    except (DecodingError, OverflowError, ValueError) as error:  # ValueError: text that is not UTF-8
        raise IntegrityError(
            "The chain's answer cannot be read",
            why=f"it does not decode as ({', '.join(types)})",
            fix="check that the node and the deployment file belong to the same ledger",
        ) from error
    return tuple(_shaped(p, v) for p, v in zip(parameters, values, strict=True))


def named(parameters: Sequence[Parameter], values: Sequence[Any]) -> dict[str, Any]:
    """Values by the snake_case names of their parameters."""
    return {snake_case(p.name): v for p, v in zip(parameters, values, strict=True)}


def _shaped(parameter: Parameter, value: Any) -> Any:
    if parameter.type.endswith("]"):
        element = Parameter(parameter.name, parameter.type.rpartition("[")[0], parameter.internal, parameter.components)
        return [_shaped(element, item) for item in value]
    if parameter.components:
        shaped = [_shaped(c, v) for c, v in zip(parameter.components, value, strict=True)]
        return named(parameter.components, shaped)
    if parameter.type == "address":
        return to_checksum_address(value)
    return value
