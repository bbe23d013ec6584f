from __future__ import annotations

import hashlib

import pytest
from pydantic import BaseModel, ValidationError

from ledger.errors import DocumentError
from ledger.model.cid import Cid, CidField, Codec

EMPTY = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
"""What Kubo prints for `ipfs add --cid-version=1 --raw-leaves` of an empty file."""


def test_an_empty_file_has_the_cid_that_kubo_gives() -> None:
    assert str(Cid(Codec.RAW, hashlib.sha256().digest())) == EMPTY


def test_text_and_bytes_read_back() -> None:
    cid = Cid(Codec.DAG_PB, bytes(range(32)))
    assert Cid.parse(str(cid)) == cid
    assert Cid.from_bytes(bytes(cid)) == cid
    assert str(cid).startswith("bafybei")


@pytest.mark.parametrize(
    "text",
    [
        "",
        EMPTY.upper(),
        EMPTY[:-1],
        EMPTY + "a",
        EMPTY[:-1] + "v",  # the last character carries bits that no digest has
        "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n",  # version 0
        "f01551220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",  # base 16
        EMPTY + "\n",
    ],
)
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        Cid.parse(text)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        bytes(Cid(Codec.RAW, bytes(32)))[:-1],
        b"\x00" + bytes(Cid(Codec.RAW, bytes(32)))[1:],
        b"\x01\x71" + bytes(Cid(Codec.RAW, bytes(32)))[2:],  # dag-cbor
        b"\x01\x55\x1b\x20" + bytes(32),  # keccak-256
    ],
)
def test_other_versions_codecs_and_hashes_are_refused(raw: bytes) -> None:
    with pytest.raises(DocumentError):
        Cid.from_bytes(raw)


def test_a_digest_has_32_bytes() -> None:
    with pytest.raises(DocumentError, match="32 bytes"):
        Cid(Codec.RAW, bytes(31))


class _Document(BaseModel):
    body: CidField


def test_in_a_document_a_cid_is_text_outside_and_a_value_inside() -> None:
    document = _Document.model_validate_json(f'{{"body":"{EMPTY}"}}')
    assert document.body == Cid.parse(EMPTY)
    assert document.model_dump_json() == f'{{"body":"{EMPTY}"}}'


@pytest.mark.parametrize("value", [7, None, "bafy"])
def test_in_a_document_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        _Document(body=value)
