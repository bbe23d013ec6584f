"""Identifiers, as the contracts number them (``contracts/types/Ids.sol``), and plain value types."""

from __future__ import annotations

import re
from typing import Annotated, Any, NewType

from eth_utils.address import is_checksum_address, is_hex_address, to_checksum_address
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from ledger.errors import InputError

__all__ = [
    "Address",
    "AddressField",
    "DatasetId",
    "Digest",
    "DigestField",
    "LicenceId",
    "MemberId",
    "OfferId",
    "UnixTime",
    "UnixTimeField",
    "at_most_bytes",
    "parse_address",
    "parse_digest",
]

MemberId = NewType("MemberId", int)
"""A member of the consortium, from 1."""
DatasetId = NewType("DatasetId", int)
"""One version of a dataset, from 1; its ERC-721 token id."""
OfferId = NewType("OfferId", int)
"""An offer, from 1."""
LicenceId = NewType("LicenceId", int)
"""An application and the licence it may become, from 1; its ERC-721 token id."""
Address = NewType("Address", str)
"""An account or contract address, in EIP-55 checksum form."""
Digest = NewType("Digest", bytes)
"""Exactly 32 bytes."""
UnixTime = NewType("UnixTime", int)
"""Seconds since 1970-01-01 UTC."""

DIGEST_BYTES = 32
_DIGEST = re.compile(r"0x[0-9a-fA-F]{64}")


def at_most_bytes(most: int) -> AfterValidator:
    """A limit for texts that the contracts count in bytes: a letter outside ASCII takes two to four in UTF-8."""

    def limited(text: str) -> str:
        if (length := len(text.encode("utf-8", "surrogateescape"))) > most:
            raise ValueError(f"it has {length} bytes in UTF-8, at most {most} are allowed")
        return text

    return AfterValidator(limited)


def parse_address(text: object) -> Address:
    """An address from its hexadecimal form, with a valid EIP-55 checksum if it is in mixed case.

    Raises:
        InputError: It is not an address.
    """
    if not isinstance(text, str) or not _is_address(text):
        raise InputError(
            "The address cannot be used",
            why=f"{str(text)[:60]!r} is not 0x and 40 hexadecimal digits with a right checksum",
            fix="Copy the address again from the wallet",
        )
    return Address(to_checksum_address(text))


def parse_digest(value: object) -> Digest:
    """A digest from 32 bytes or from ``0x`` and 64 hexadecimal digits.

    Raises:
        InputError: It is neither.
    """
    if isinstance(value, bytes) and len(value) == DIGEST_BYTES:
        return Digest(value)
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return Digest(bytes.fromhex(value[2:]))
    raise InputError(
        "The digest cannot be used",
        why=f"{str(value)[:80]!r} is not 0x and 64 hexadecimal digits",
        fix="Copy the digest again from where it was printed",
    )


def _is_address(text: str) -> bool:
    digits = text[2:]
    one_case = digits in (digits.lower(), digits.upper())
    return text.startswith("0x") and is_hex_address(text) and (one_case or is_checksum_address(text))


def _input_as_value_error(parse: Any) -> Any:
    def validate(value: object) -> object:
        try:
            return parse(value)
        except InputError as error:
            raise ValueError(error.why) from error

    return validate


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


AddressField = Annotated[
    Address,
    BeforeValidator(_input_as_value_error(parse_address)),
    WithJsonSchema({"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"}),
]
"""`Address` as a field of a pydantic model."""

DigestField = Annotated[
    Digest,
    BeforeValidator(_input_as_value_error(parse_digest)),
    PlainSerializer(_hex, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^0x[0-9a-f]{64}$"}),
]
"""`Digest` as a field of a pydantic model: 0x-hexadecimal in JSON."""

UnixTimeField = Annotated[UnixTime, Field(ge=0, lt=2**40)]
"""`UnixTime` as a field of a pydantic model, within the contracts' uint40."""
