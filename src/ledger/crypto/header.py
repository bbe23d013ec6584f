"""Crypt4GH headers (GA4GH Crypt4GH 1.0, section 2): who may read a body, sealed to their X25519 keys.

    crypt4gh ‖ version 1 ‖ packets, then for each packet
    length ‖ method 0 ‖ writer's public key ‖ nonce ‖ ChaCha20-Poly1305(packet) ‖ tag

All integers are little-endian, 32 bits. The packet's key is the first half of BLAKE2b-512(X25519 secret ‖ reader ‖
writer). The writer's key is made for one header and forgotten: a header here proves nothing about who wrote it, the
ledger does.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ledger.errors import DocumentError, KeyMaterialError

__all__ = ["MAX_HEADER_SIZE", "Header", "public_key", "read_header", "write_header"]

MAX_HEADER_SIZE = 2**20
"""Most bytes of a header that are read: over 9,000 recipients."""

_MAGIC = b"crypt4gh\x01\x00\x00\x00"
_METHOD = bytes(4)  # X25519_chacha20_ietf_poly1305
_DATA_KEY = bytes(8)  # packet type 0, data_encryption_parameters, with cipher 0, chacha20_ietf_poly1305
_EDIT_LIST = b"\x01\x00\x00\x00"
_KEY, _NONCE, _TAG = 32, 12, 16


@dataclass(frozen=True, slots=True)
class Header:
    """What a reader finds in a header.

    Attributes:
        session_keys: The keys under which segments may be encrypted; at least one, 32 bytes each.
        edit_list: Lengths in turn to leave out and to keep, when the file is to be read in parts only; else None.
        size: Bytes of the header; the body follows.
    """

    session_keys: tuple[bytes, ...] = field(repr=False)
    edit_list: tuple[int, ...] | None
    size: int


def public_key(secret: bytes) -> bytes:
    """The X25519 public key (32 bytes) of a secret key.

    Raises:
        KeyMaterialError: The secret is not 32 bytes.
    """
    return _secret_key(secret).public_key().public_bytes_raw()


def write_header(session_key: bytes, recipients: Sequence[bytes]) -> bytes:
    """A header that lets each of the recipients read what is encrypted under a session key.

    Args:
        session_key: 32 bytes.
        recipients: Their X25519 public keys, 32 bytes each.

    Raises:
        KeyMaterialError: There is no recipient, or one of them has an unusable key.
    """
    if not recipients or len(session_key) != _KEY:
        raise _unusable("a header needs a session key of 32 bytes and at least one recipient")
    packets = [_sealed(_DATA_KEY + session_key, recipient) for recipient in recipients]
    return _MAGIC + _number(len(packets)) + b"".join(_number(len(p) + 4) + p for p in packets)


def read_header(stream: BinaryIO, secret: bytes) -> Header:
    """Read a header and open the packets that are for this reader. Leaves the stream where the body begins.

    Args:
        stream: At the start of the file.
        secret: The reader's X25519 secret key, 32 bytes.

    Raises:
        DocumentError: It is no header of Crypt4GH 1.0, or says things that are not understood.
        KeyMaterialError: It holds no session key for this reader.
    """
    _secret_key(secret)
    reader = _Reader(stream)
    if reader.take(len(_MAGIC)) != _MAGIC:
        raise _malformed("it does not begin with 'crypt4gh' and version 1")
    opened = [_opened(reader.take(reader.number() - 4), secret) for _ in range(reader.number())]
    packets = [packet for packet in opened if packet is not None]
    session_keys = [packet[8:] for packet in packets if packet[:4] != _EDIT_LIST]
    edit_lists = [_edit_list(packet) for packet in packets if packet[:4] == _EDIT_LIST]
    if any(packet[:8] != _DATA_KEY or len(packet) != 8 + _KEY for packet in packets if packet[:4] != _EDIT_LIST):
        raise _malformed("one of its packets is of an unknown kind, or names an unknown cipher")
    if len(edit_lists) > 1:
        raise _malformed("it holds more than one edit list")
    if not session_keys:
        raise KeyMaterialError(
            "This key does not open the Crypt4GH file",
            why="none of the packets in its header was written for it",
            fix="use the secret key whose public key the file was encrypted for",
        )
    return Header(tuple(session_keys), edit_lists[0] if edit_lists else None, reader.taken)


class _Reader:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.taken = 0

    def take(self, length: int) -> bytes:
        if length < 0 or self.taken + length > MAX_HEADER_SIZE:
            raise _malformed(f"a part of it would have {length} bytes")
        data = self._stream.read(length)
        if len(data) != length:
            raise _malformed("it is cut short")
        self.taken += length
        return data

    def number(self) -> int:
        return int.from_bytes(self.take(4), "little")


def _sealed(packet: bytes, recipient: bytes) -> bytes:
    writer = X25519PrivateKey.generate()
    own = writer.public_key().public_bytes_raw()
    nonce = os.urandom(_NONCE)
    key = _packet_key(writer, recipient, reader=recipient, writer=own)
    return _METHOD + own + nonce + ChaCha20Poly1305(key).encrypt(nonce, packet, None)


def _opened(packet: bytes, secret: bytes) -> bytes | None:
    """The packet's content; None when it is for another reader or by another method."""
    if len(packet) < 4 + _KEY + _NONCE + _TAG or packet[:4] != _METHOD:
        return None
    writer, nonce, encrypted = packet[4:36], packet[36:48], packet[48:]
    reader = _secret_key(secret)
    try:
        key = _packet_key(reader, writer, reader=reader.public_key().public_bytes_raw(), writer=writer)
        return ChaCha20Poly1305(key).decrypt(nonce, encrypted, None)
    except (InvalidTag, KeyMaterialError):
        return None


def _packet_key(own: X25519PrivateKey, other: bytes, *, reader: bytes, writer: bytes) -> bytes:
    if len(other) != _KEY:
        raise _unusable("an X25519 public key has 32 bytes")
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(other))
    except ValueError:
        raise _unusable("the public key is a point of small order") from None
    return hashlib.blake2b(shared + reader + writer).digest()[:_KEY]


def _edit_list(packet: bytes) -> tuple[int, ...]:
    count = int.from_bytes(packet[4:8], "little")
    if len(packet) != 8 + 8 * count:
        raise _malformed("its edit list is cut short")
    return tuple(int.from_bytes(packet[at : at + 8], "little") for at in range(8, len(packet), 8))


def _secret_key(secret: bytes) -> X25519PrivateKey:
    if len(secret) != _KEY:
        raise _unusable("an X25519 secret key has 32 bytes")
    return X25519PrivateKey.from_private_bytes(secret)


def _number(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _malformed(why: str) -> DocumentError:
    return DocumentError("The Crypt4GH header is malformed", why=why, fix="get the file again from whoever wrote it")


def _unusable(why: str) -> KeyMaterialError:
    return KeyMaterialError(
        "The Crypt4GH key cannot be used", why=why, fix="give a key made by 'ledger keys' or crypt4gh-keygen"
    )
