from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from ledger.crypto.keyfile import (
    MAX_KEY_FILE_SIZE,
    format_public_key,
    format_secret_key,
    parse_public_key,
    parse_secret_key,
)
from ledger.crypto.passphrase import Passphrase
from ledger.errors import DocumentError, KeyMaterialError

SECRET = bytes(range(32))
PASSPHRASE = Passphrase("correct horse")


def secret_file(*parts: bytes, magic: bytes = b"c4gh-v1") -> bytes:
    content = magic + b"".join(len(part).to_bytes(2, "big") + part for part in parts)
    text = base64.b64encode(content)
    return b"-----BEGIN CRYPT4GH PRIVATE KEY-----\n" + text + b"\n-----END CRYPT4GH PRIVATE KEY-----\n"


def test_a_secret_key_reads_back_under_its_passphrase() -> None:
    written = format_secret_key(SECRET, PASSPHRASE)
    assert parse_secret_key(written, PASSPHRASE) == SECRET
    assert base64.b64encode(SECRET) not in written
    with pytest.raises(KeyMaterialError, match="stays locked"):
        parse_secret_key(written, Passphrase("another"))
    with pytest.raises(KeyMaterialError, match="is locked"):
        parse_secret_key(written, None)


def test_an_unprotected_key_needs_no_passphrase() -> None:
    assert parse_secret_key(secret_file(b"none", b"none", SECRET), None) == SECRET
    assert parse_secret_key(secret_file(b"none", b"none", SECRET, b"a comment"), PASSPHRASE) == SECRET


def test_a_key_under_pbkdf2_is_read() -> None:
    derived = hashlib.pbkdf2_hmac("sha256", PASSPHRASE.secret, b"s" * 16, 1000, 32)
    locked = bytes(12) + ChaCha20Poly1305(derived).encrypt(bytes(12), SECRET, None)
    options = (1000).to_bytes(4, "big") + b"s" * 16
    file = secret_file(b"pbkdf2_hmac_sha256", options, b"chacha20_poly1305", locked)
    assert parse_secret_key(file, PASSPHRASE) == SECRET


def test_bcrypt_is_said_to_be_unsupported_and_what_to_do() -> None:
    file = secret_file(b"bcrypt", bytes(20), b"chacha20_poly1305", bytes(60))
    with pytest.raises(DocumentError, match="--relock"):
        parse_secret_key(file, PASSPHRASE)


def test_a_public_key_reads_back() -> None:
    assert parse_public_key(format_public_key(SECRET)) == SECRET
    assert parse_public_key(b"\r\n" + format_public_key(SECRET).replace(b"\n", b"\r\n")) == SECRET


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ssh-ed25519 AAAA someone",
        format_secret_key(SECRET, PASSPHRASE),
        format_public_key(bytes(31)),
        b"-----BEGIN CRYPT4GH PUBLIC KEY-----\n!!!!\n-----END CRYPT4GH PUBLIC KEY-----\n",
        b"-----BEGIN CRYPT4GH PUBLIC KEY-----\n-----END CRYPT4GH PUBLIC KEY-----\n",
        format_public_key(SECRET) + b" " * MAX_KEY_FILE_SIZE,
    ],
)
def test_what_is_no_public_key_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentError, match="key file is malformed"):
        parse_public_key(data)


@pytest.mark.parametrize(
    "data",
    [
        format_public_key(SECRET),
        secret_file(b"none", b"none", SECRET, magic=b"c4gh-v2"),
        secret_file(b"none", b"none", SECRET[1:]),
        secret_file(b"none", b"chacha20_poly1305", SECRET),
        secret_file(b"scrypt", bytes(20), b"none", SECRET),
        secret_file(b"scrypt", bytes(20), b"aes", SECRET),
        secret_file(b"none"),
        secret_file(b""),
        secret_file(),
    ],
)
def test_what_is_no_secret_key_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentError, match="key file is malformed"):
        parse_secret_key(data, PASSPHRASE)


@given(st.binary(max_size=120))
def test_no_content_raises_anything_else(content: bytes) -> None:
    text = base64.b64encode(b"c4gh-v1" + content)
    data = b"-----BEGIN CRYPT4GH PRIVATE KEY-----\n" + text + b"\n-----END CRYPT4GH PRIVATE KEY-----\n"
    with pytest.raises((DocumentError, KeyMaterialError)):
        parse_secret_key(data, None)
