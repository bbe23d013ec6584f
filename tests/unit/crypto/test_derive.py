from __future__ import annotations

import copy
import hashlib
import hmac
import pickle

import pytest
from eth_hash.auto import keccak

from ledger.crypto.derive import DatasetKey, commitment
from ledger.errors import KeyMaterialError

SECRET = bytes(range(32))
KEY = DatasetKey(SECRET)


def hkdf(secret: bytes, info: bytes) -> bytes:
    """RFC 5869 with SHA-256, no salt, one block."""
    extracted = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


@pytest.mark.parametrize("index", [0, 1, 2**32 - 1])
def test_a_session_key_is_hkdf_of_label_and_index(index: int) -> None:
    assert KEY.session_key(index) == hkdf(SECRET, b"ledger/file-key/v1" + index.to_bytes(8, "big"))


def test_no_two_uses_share_a_key() -> None:
    keys = {KEY.session_key(index) for index in range(100)} | {KEY.journal_key(), SECRET, KEY.commitment}
    assert len(keys) == 103


@pytest.mark.parametrize("index", [-1, 2**32])
def test_an_index_out_of_range_is_refused(index: int) -> None:
    with pytest.raises(KeyMaterialError, match="no file key number"):
        KEY.session_key(index)


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33)])
def test_a_key_is_32_bytes(secret: bytes) -> None:
    with pytest.raises(KeyMaterialError, match="32 bytes"):
        DatasetKey(secret)


def test_the_commitment_is_keccak256() -> None:
    assert KEY.commitment == commitment(SECRET) == keccak(SECRET)
    assert KEY.require(KEY.commitment) is KEY
    with pytest.raises(KeyMaterialError, match="does not open the dataset") as refused:
        KEY.require(bytes(32))
    assert SECRET.hex() not in str(refused.value)


def test_generated_keys_differ() -> None:
    assert DatasetKey.generate() != DatasetKey.generate()
    assert DatasetKey(SECRET) == KEY
    assert KEY != SECRET


def test_a_key_shows_and_leaves_nothing() -> None:
    assert SECRET.hex() not in repr(KEY)
    assert hashlib.sha256(SECRET).hexdigest() not in repr(KEY)
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(KEY)
    with pytest.raises(TypeError):
        hash(KEY)
