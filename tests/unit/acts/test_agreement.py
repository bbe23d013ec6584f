"""Signature files: what was written is read, anything else is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.acts.agreement import AgreementSignature
from ledger.errors import DocumentError
from ledger.model.ids import Address, Digest, LicenceId, UnixTime

SIGNATURE = AgreementSignature(
    chain_id=31337,
    contract=Address("0x5FbDB2315678afecb367f032d93F642f64180aa3"),
    licence=LicenceId(7),
    deadline=UnixTime(1_900_000_000),
    party="licensor",
    signer=Address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
    digest=Digest(b"\1" * 32),
    signature="0x" + "ab" * 65,
)


def test_what_was_written_is_read() -> None:
    assert AgreementSignature.parse(SIGNATURE.document()) == SIGNATURE
    assert SIGNATURE.signature_bytes == b"\xab" * 65
    assert SIGNATURE.document().count(b"\n") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", "ledger/other"),
        ("version", 2),
        ("chain_id", 0),
        ("contract", "0x00"),
        ("contract", "0x5fbDB2315678afecb367f032d93F642f64180aa3"),
        ("licence", 0),
        ("deadline", -1),
        ("deadline", 2**40),
        ("party", "witness"),
        ("signer", None),
        ("digest", "0x01"),
        ("signature", "0x"),
        ("signature", "0xabc"),
        ("signature", "ab" * 65),
        ("signature", "0x" + "AB" * 65),
    ],
)
def test_each_part_is_checked(name: str, value: object) -> None:
    document = json.loads(SIGNATURE.document()) | {name: value}

    with pytest.raises(DocumentError, match=f"malformed at /{name}"):
        AgreementSignature.parse(json.dumps(document).encode())


@pytest.mark.parametrize("name", ["chain_id", "licence", "signature", "party"])
def test_no_part_may_be_missing_and_none_added(name: str) -> None:
    document = json.loads(SIGNATURE.document())
    with pytest.raises(DocumentError, match="malformed at /colour"):
        AgreementSignature.parse(json.dumps(document | {"colour": 1}).encode())

    del document[name]
    with pytest.raises(DocumentError, match=f"malformed at /{name}"):
        AgreementSignature.parse(json.dumps(document).encode())


@given(st.binary(max_size=200))
def test_whatever_the_bytes_the_error_is_ours(data: bytes) -> None:
    with pytest.raises(DocumentError):
        AgreementSignature.parse(data)
