"""The keys of an institution, found by what the ledger says of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from eth_utils.crypto import keccak

from ledger.acts.keyring import Keyring, delivery_point
from ledger.crypto.exchange import delivery_public_key, generate_delivery_secret
from ledger.crypto.keystore import KeyKind, Keystore
from ledger.crypto.passphrase import Passphrase
from ledger.errors import KeyMaterialError
from tests.support.institution import LOW_COST, OnePassphrase

T = TypeVar("T")


class Counting(OnePassphrase):
    """Counts how often it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def unlock(self, name: str, attempt: Callable[[Passphrase], T]) -> T:
        self.asked.append(name)
        return super().unlock(name, attempt)


@pytest.fixture
def passphrases() -> Counting:
    return Counting()


@pytest.fixture
def keystore(tmp_path: Path) -> Keystore:
    return Keystore(tmp_path / "keys", cost=LOW_COST)


@pytest.fixture
def keyring(keystore: Keystore, passphrases: Counting) -> Keyring:
    return Keyring(keystore, passphrases)


def test_a_new_dataset_key_is_on_the_disk_and_found_by_its_commitment(keystore: Keystore, keyring: Keyring) -> None:
    commitment = keyring.new_dataset_key()

    (info,) = keystore.list(KeyKind.DATASET)
    assert info.public == commitment
    assert keyring.has_dataset_key(commitment)
    assert keyring.dataset_key(commitment).commitment == commitment
    again = Keyring(keystore, OnePassphrase())
    assert again.dataset_key(commitment) == keyring.dataset_key(commitment)


def test_a_key_that_is_not_here(keyring: Keyring) -> None:
    assert not keyring.has_dataset_key(bytes(32))
    with pytest.raises(KeyMaterialError, match="no dataset key"):
        keyring.dataset_key(bytes(32))
    with pytest.raises(KeyMaterialError, match="delivery key of this licence"):
        keyring.delivery_secret(bytes(32))


def test_a_delivery_key_is_found_by_the_digest_in_the_agreement(keystore: Keystore, keyring: Keyring) -> None:
    secrets = [generate_delivery_secret() for _ in range(3)]
    for number, secret in enumerate(secrets):
        keystore.import_(f"delivery-{number}", KeyKind.DELIVERY, secret, OnePassphrase().passphrase)

    for number, secret in enumerate(secrets):
        point = delivery_point(keystore.info(f"delivery-{number}"))
        assert len(point) == 64
        assert delivery_public_key(secret)[1:] == point[:32]
        assert keyring.delivery_secret(keccak(point)) == secret


def test_nobody_is_asked_for_a_passphrase_in_vain(keystore: Keystore, keyring: Keyring, passphrases: Counting) -> None:
    keystore.create("receiver", KeyKind.DELIVERY, passphrases.passphrase)
    for name in ("nobody", "receiver"):
        with pytest.raises(KeyMaterialError):
            keyring.wallet(name)

    assert passphrases.asked == []


def test_each_key_is_unlocked_once(keystore: Keystore, keyring: Keyring, passphrases: Counting) -> None:
    keystore.create("wallet", KeyKind.WALLET, passphrases.passphrase)

    assert keyring.wallet("wallet").address == keyring.wallet("wallet").address
    assert passphrases.asked == ["wallet"]


def test_nothing_secret_is_shown(keystore: Keystore, keyring: Keyring) -> None:
    key = keyring.dataset_key(keyring.new_dataset_key())

    assert key.secret.hex() not in repr(keyring)
    assert repr(keyring) == f"Keyring('{keystore.directory}')"


def test_a_wallet_key_has_no_delivery_point(keystore: Keystore) -> None:
    info = keystore.create("wallet", KeyKind.WALLET, OnePassphrase().passphrase)

    with pytest.raises(KeyMaterialError, match="a delivery key is needed"):
        delivery_point(info)
