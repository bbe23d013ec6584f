from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from ledger.errors import InputError
from ledger.model.ids import AddressField, DigestField, parse_address, parse_digest

ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # an example of EIP-55


def test_an_address_gets_its_checksum() -> None:
    assert parse_address(ADDRESS.lower()) == ADDRESS
    assert parse_address(ADDRESS) == ADDRESS


@pytest.mark.parametrize("text", [ADDRESS[:-1], ADDRESS[:-1] + "D", ADDRESS + "00", "", None, 7, "vitalik.eth"])
def test_a_wrong_address_is_refused(text: object) -> None:
    with pytest.raises(InputError):
        parse_address(text)


def test_a_digest_is_32_bytes_or_their_hexadecimal() -> None:
    assert parse_digest(bytes(32)) == bytes(32)
    assert parse_digest("0x" + "AB" * 32) == b"\xab" * 32


@pytest.mark.parametrize(
    "value", [bytes(31), "0x" + "0" * 63, "0" * 66, "0x" + "zz" * 32, "0x" + "0" * 62 + "  ", None, 5]
)
def test_a_wrong_digest_is_refused(value: object) -> None:
    with pytest.raises(InputError):
        parse_digest(value)


class _Fields(BaseModel):
    account: AddressField
    digest: DigestField


def test_as_fields_they_are_text_in_json() -> None:
    fields = _Fields.model_validate({"account": ADDRESS.lower(), "digest": b"\x01" * 32})
    assert fields.model_dump(mode="json") == {"account": ADDRESS, "digest": "0x" + "01" * 32}


def test_as_fields_wrong_ones_are_named() -> None:
    with pytest.raises(ValidationError) as caught:
        _Fields.model_validate({"account": "0x", "digest": "0x"})
    assert {error["loc"] for error in caught.value.errors()} == {("account",), ("digest",)}
