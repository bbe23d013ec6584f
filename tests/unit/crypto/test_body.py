from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from ledger.crypto.body import CIPHER_SEGMENT_SIZE, BodyCipher, ciphertext_size, plaintext_size
from ledger.errors import SegmentError

KEY = bytes(range(32))
CIPHER = BodyCipher(KEY)
SIZES = [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]


def content(size: int) -> bytes:
    return bytes(range(251)) * (size // 251) + bytes(size % 251)


def encrypt(plain: bytes) -> bytes:
    out = bytearray(ciphertext_size(len(plain)))
    assert CIPHER.encrypt_into(memoryview(plain), memoryview(out)) == len(out)
    return bytes(out)


def decrypt(encrypted: bytes, cipher: BodyCipher = CIPHER) -> bytes:
    out = bytearray(plaintext_size(len(encrypted)))
    assert cipher.decrypt_into(memoryview(encrypted), memoryview(out)) == len(out)
    return bytes(out)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_encrypted_decrypts(size: int) -> None:
    assert decrypt(encrypt(content(size))) == content(size)


@pytest.mark.parametrize("size", SIZES)
def test_a_body_is_segments_of_nonce_ciphertext_and_tag(size: int) -> None:
    body, plain = encrypt(content(size)), b""
    for start in range(0, len(body), 65_564):
        segment = body[start : start + 65_564]
        plain += ChaCha20Poly1305(KEY).decrypt(segment[:12], segment[12:], None)
    assert plain == content(size)


def test_no_nonce_comes_twice_not_even_for_the_same_content() -> None:
    bodies = [encrypt(content(200_000)) for _ in range(3)]
    nonces = {body[start : start + 12] for body in bodies for start in range(0, len(body), CIPHER_SEGMENT_SIZE)}
    assert len(nonces) == 12


@given(st.integers(0, 2**48))
def test_the_sizes_are_each_others_inverse(size: int) -> None:
    assert plaintext_size(ciphertext_size(size)) == size


@pytest.mark.parametrize("size", [1, 27, 28, CIPHER_SEGMENT_SIZE + 1, 3 * CIPHER_SEGMENT_SIZE + 28])
def test_no_body_has_an_empty_or_torn_last_segment(size: int) -> None:
    with pytest.raises(SegmentError, match="cut short"):
        plaintext_size(size)
    with pytest.raises(SegmentError, match="cut short"):
        CIPHER.decrypt_into(memoryview(bytes(size)), memoryview(bytearray(size)))


@pytest.mark.parametrize("byte", [0, 11, 12, 65_547, 65_548, 65_563])
def test_an_altered_segment_is_named(byte: int) -> None:
    body = bytearray(encrypt(content(150_000)))
    body[CIPHER_SEGMENT_SIZE + byte] ^= 1
    with pytest.raises(SegmentError, match="Segment 1 cannot be decrypted"):
        decrypt(bytes(body))
    with pytest.raises(SegmentError, match="Segment 41 cannot be decrypted"):
        CIPHER.decrypt_into(memoryview(body), memoryview(bytearray(150_000)), first=40)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(SegmentError, match="another key"):
        decrypt(encrypt(b"secret"), BodyCipher(bytes(32)))
