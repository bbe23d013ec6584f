"""Key files of the Crypt4GH tools, so that whoever has such keys can use them here and the other way round.

A public key is base64 of its 32 bytes between PEM-like lines. A secret key is base64 of

    c4gh-v1 ‖ kdf ‖ kdf options ‖ cipher ‖ key ‖ comment

where each part is its length (2 bytes, big-endian) and its bytes; the options are the rounds (4 bytes) and the salt.
OpenSSH keys, which the reference tool also takes, are not read.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ledger.crypto.passphrase import Passphrase
from ledger.errors import DocumentError, KeyMaterialError

__all__ = ["MAX_KEY_FILE_SIZE", "format_public_key", "format_secret_key", "parse_public_key", "parse_secret_key"]

MAX_KEY_FILE_SIZE = 16_384
"""Most bytes of a key file."""

_MAGIC = b"c4gh-v1"
_SCRYPT_SALT = 16
_MAX_ROUNDS = 10_000_000


def format_public_key(public: bytes) -> bytes:
    """The file of a public key (32 bytes)."""
    return _armoured("PUBLIC", public)


def format_secret_key(secret: bytes, passphrase: Passphrase) -> bytes:
    """The file of a secret key (32 bytes), protected by scrypt and ChaCha20-Poly1305."""
    salt, nonce = os.urandom(_SCRYPT_SALT), os.urandom(12)
    encrypted = ChaCha20Poly1305(_scrypt(passphrase.secret, salt)).encrypt(nonce, secret, None)
    parts = [b"scrypt", bytes(4) + salt, b"chacha20_poly1305", nonce + encrypted]
    return _armoured("PRIVATE", _MAGIC + b"".join(len(part).to_bytes(2, "big") + part for part in parts))


def parse_public_key(data: bytes) -> bytes:
    """The 32 bytes of a public key.

    Raises:
        DocumentError: It is no such file.
    """
    public = _content(data, "PUBLIC")
    if len(public) != 32:
        raise _malformed("a public key has 32 bytes")
    return public


def parse_secret_key(data: bytes, passphrase: Passphrase | None) -> bytes:
    """The 32 bytes of a secret key.

    Args:
        data: The file.
        passphrase: Not asked for when the file is not protected.

    Raises:
        DocumentError: It is no such file, or is protected in a way that is not supported here.
        KeyMaterialError: The passphrase is missing or wrong.
    """
    content = _content(data, "PRIVATE")
    if not content.startswith(_MAGIC):
        raise _malformed("its content does not begin with 'c4gh-v1'")
    kdf, rest = _part(content[len(_MAGIC) :])
    options, rest = _part(rest) if kdf != b"none" else (b"", rest)
    cipher, rest = _part(rest)
    key, _comment = _part(rest)
    if (kdf == b"none") != (cipher == b"none"):
        raise _malformed("it is encrypted without a passphrase, or has one without being encrypted")
    secret = key if cipher == b"none" else _decrypted(kdf, options, cipher, key, passphrase)
    if len(secret) != 32:
        raise _malformed("a secret key has 32 bytes")
    return secret


def _decrypted(kdf: bytes, options: bytes, cipher: bytes, key: bytes, passphrase: Passphrase | None) -> bytes:
    if cipher != b"chacha20_poly1305":
        raise _malformed(f"its cipher {cipher[:40]!r} is not known")
    if passphrase is None:
        raise KeyMaterialError(
            "The Crypt4GH key is locked",
            why="it is protected by a passphrase",
            fix="give the passphrase of the key file",
        )
    rounds, salt = int.from_bytes(options[:4], "big"), options[4:]
    if kdf == b"scrypt":
        derived = _scrypt(passphrase.secret, salt)
    elif kdf == b"pbkdf2_hmac_sha256" and 0 < rounds <= _MAX_ROUNDS:
        derived = hashlib.pbkdf2_hmac("sha256", passphrase.secret, salt, rounds, 32)
    else:
        raise DocumentError(
            "The Crypt4GH key file cannot be used",
            why=f"its passphrase is processed by {kdf[:40].decode(errors='replace')}, which is not supported here",
            fix="protect it anew with 'crypt4gh-keygen --relock', which uses scrypt",
        )
    try:
        return ChaCha20Poly1305(derived).decrypt(key[:12], key[12:], None)
    except (InvalidTag, ValueError):
        raise KeyMaterialError(
            "The Crypt4GH key stays locked", why="the passphrase is not the one of this key file", fix="try again"
        ) from None


def _scrypt(passphrase: bytes, salt: bytes) -> bytes:
    return hashlib.scrypt(passphrase, salt=salt, n=2**14, r=8, p=1, dklen=32)


def _armoured(kind: str, content: bytes) -> bytes:
    name = f"CRYPT4GH {kind} KEY"
    return f"-----BEGIN {name}-----\n{base64.b64encode(content).decode()}\n-----END {name}-----\n".encode()


def _content(data: bytes, kind: str) -> bytes:
    lines = [line.strip() for line in data.split(b"\n") if line.strip()] if len(data) <= MAX_KEY_FILE_SIZE else []
    name = f"CRYPT4GH {kind} KEY-----".encode()
    if len(lines) < 3 or lines[0] != b"-----BEGIN " + name or lines[-1] != b"-----END " + name:
        raise _malformed(f"it is not a Crypt4GH {'public' if kind == 'PUBLIC' else 'secret'} key between its two lines")
    try:
        return base64.b64decode(b"".join(lines[1:-1]), validate=True)
    except binascii.Error:
        raise _malformed("what stands between its lines is not base64") from None


def _part(data: bytes) -> tuple[bytes, bytes]:
    end = 2 + int.from_bytes(data[:2], "big")
    if len(data) < end or end == 2:
        raise _malformed("it is cut short")
    return data[2:end], data[end:]


def _malformed(why: str) -> DocumentError:
    return DocumentError(
        "The Crypt4GH key file is malformed", why=why, fix="give a key file made by 'ledger keys' or crypt4gh-keygen"
    )
