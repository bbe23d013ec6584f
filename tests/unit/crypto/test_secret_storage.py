from __future__ import annotations

import json
from typing import Any

import pytest
from eth_account import Account
from eth_keyfile.keyfile import create_keyfile_json

from ledger.crypto.passphrase import Passphrase
from ledger.crypto.secret_storage import MAX_KEY_FILE_SIZE, Description, KeyKind, lock_secret, parse_key_file
from ledger.errors import DocumentError, KeyMaterialError

SECRET = bytes(range(1, 33))
PASSPHRASE = Passphrase("correct horse")
WALLET = Description(kind=KeyKind.WALLET, label="hospital", public="0x" + "11" * 20)


def lock(kind: KeyKind = KeyKind.WALLET) -> dict[str, Any]:
    description = WALLET.model_copy(update={"kind": kind})
    document: dict[str, Any] = json.loads(lock_secret(SECRET, PASSPHRASE, description, cost=2))
    return document


def parse(document: dict[str, Any]) -> bytes:
    return parse_key_file(json.dumps(document).encode(), "The file").unlock(PASSPHRASE, "The key")


def with_parameters(**changes: Any) -> dict[str, Any]:
    document = lock()
    document["crypto"]["kdfparams"] |= changes
    return document


def test_a_wallet_of_ours_opens_with_an_ethereum_library() -> None:
    document = lock()
    assert bytes(Account.decrypt(document, "correct horse")) == SECRET
    assert "0x" + document["address"].lower() == Account.from_key(SECRET).address.lower()


@pytest.mark.parametrize(("kdf", "work"), [("scrypt", 2), ("pbkdf2", 10)])
def test_a_wallet_of_an_ethereum_library_opens_here(kdf: Any, work: int) -> None:
    document = create_keyfile_json(SECRET, b"correct horse", kdf=kdf, iterations=work)
    assert parse(document) == SECRET
    document["Crypto"] = document.pop("crypto")
    assert parse(document) == SECRET


def test_only_a_wallet_says_an_address() -> None:
    assert "address" in lock()
    assert all("address" not in lock(kind) for kind in KeyKind if kind is not KeyKind.WALLET)


def test_the_secret_is_not_in_the_file() -> None:
    assert SECRET.hex() not in json.dumps(lock()).lower()
    assert "correct horse" not in json.dumps(lock())


def test_a_wrong_passphrase_is_refused() -> None:
    file = parse_key_file(json.dumps(lock()).encode(), "The file")
    assert file.ledger == WALLET
    with pytest.raises(KeyMaterialError, match="The key stays locked"):
        file.unlock(Passphrase("wrong"), "The key")


@pytest.mark.parametrize("secret", [b"", bytes(32), b"\xff" * 32, bytes(31)])
def test_what_cannot_be_kept_is_refused(secret: bytes) -> None:
    with pytest.raises(KeyMaterialError, match="cannot be kept"):
        lock_secret(secret, PASSPHRASE, WALLET, cost=2)


@pytest.mark.parametrize(
    "document",
    [
        with_parameters(n=2**30),
        with_parameters(n=2**20, r=64),
        with_parameters(n=3),
        with_parameters(n="4"),
        with_parameters(p=10**9),
        with_parameters(dklen=64),
        with_parameters(salt="zz"),
        lock() | {"version": 4},
        lock() | {"crypto": None},
        lock() | {"ledger": {"kind": "another", "label": "x", "public": "0x" + "11" * 20}},
        {},
    ],
)
def test_a_malformed_or_greedy_file_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(DocumentError, match="The file is not a usable key file"):
        parse(document)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{", b"\xff", b" " * (MAX_KEY_FILE_SIZE + 1)])
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentError, match="The file is not a usable key file"):
        parse_key_file(data, "The file")


def test_another_spelling_cannot_smuggle_in_greedy_parameters() -> None:
    greedy = with_parameters(n=2**30)["crypto"]
    assert parse(lock() | {"CRYPTO": greedy}) == SECRET
