from __future__ import annotations

import contextlib
import hashlib
import io

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from ledger.crypto.header import MAX_HEADER_SIZE, Header, public_key, read_header, write_header
from ledger.errors import DocumentError, KeyMaterialError

READER, OTHER, WRITER = (bytes([number]) * 32 for number in (3, 4, 5))
SESSION = bytes(range(32))


def read(data: bytes, secret: bytes = READER) -> Header:
    return read_header(io.BytesIO(data), secret)


def packet(content: bytes, reader: bytes = READER, method: int = 0) -> bytes:
    """A packet made after the specification, section 2.2, with a fixed writer."""
    writer = X25519PrivateKey.from_private_bytes(WRITER)
    shared = writer.exchange(X25519PublicKey.from_public_bytes(public_key(reader)))
    key = hashlib.blake2b(shared + public_key(reader) + public_key(WRITER)).digest()[:32]
    sealed = method.to_bytes(4, "little") + public_key(WRITER) + bytes(12)
    sealed += ChaCha20Poly1305(key).encrypt(bytes(12), content, None)
    return (len(sealed) + 4).to_bytes(4, "little") + sealed


def header(*packets: bytes, count: int | None = None) -> bytes:
    number = len(packets) if count is None else count
    return b"crypt4gh" + (1).to_bytes(4, "little") + number.to_bytes(4, "little") + b"".join(packets)


DATA = packet(bytes(8) + SESSION)


def edit_list(*lengths: int) -> bytes:
    numbers = b"".join(length.to_bytes(8, "little") for length in lengths)
    return packet((1).to_bytes(4, "little") + len(lengths).to_bytes(4, "little") + numbers)


def test_a_recipient_reads_what_was_written_for_it() -> None:
    written = write_header(SESSION, [public_key(OTHER), public_key(READER)])
    stream = io.BytesIO(written + b"body")
    assert read_header(stream, READER) == Header((SESSION,), None, len(written))
    assert stream.read() == b"body"
    assert read(written, OTHER).session_keys == (SESSION,)


def test_one_recipient_takes_124_bytes() -> None:
    assert len(write_header(SESSION, [public_key(READER)])) == 16 + 108


def test_a_header_made_after_the_specification_is_read() -> None:
    assert read(header(DATA)).session_keys == (SESSION,)


def test_several_session_keys_are_all_given() -> None:
    assert read(header(DATA, packet(bytes(8) + OTHER))).session_keys == (SESSION, OTHER)


def test_packets_for_others_and_of_other_methods_are_passed_over() -> None:
    foreign = [
        packet(bytes(8) + OTHER, OTHER),
        packet(bytes(8) + OTHER, method=1),
        (8).to_bytes(4, "little") + bytes(4),
    ]
    assert read(header(*foreign, DATA)).session_keys == (SESSION,)


def test_an_edit_list_is_read() -> None:
    assert read(header(DATA, edit_list(5, 100, 7))).edit_list == (5, 100, 7)
    assert read(header(DATA)).edit_list is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cut short"),
        (b"crypt4gh\x02\x00\x00\x00\x00\x00\x00\x00", "version 1"),
        (b"gzipgzip" + header(DATA)[8:], "crypt4gh"),
        (header(DATA)[:-1], "cut short"),
        (header(DATA, count=2), "cut short"),
        (header(b"\x03\x00\x00\x00"), "would have -1 bytes"),
        (header(b"\xff\xff\xff\xff"), "would have"),
        (header(packet(b"\x02" + bytes(7) + SESSION)), "unknown kind"),
        (header(packet(bytes(4) + b"\x01" + bytes(3) + SESSION)), "unknown kind"),
        (header(packet(bytes(8) + SESSION[:31])), "unknown kind"),
        (header(packet(b"")), "unknown kind"),
        (header(DATA, edit_list(1, 2), edit_list(1, 2)), "more than one edit list"),
        (header(DATA, packet(b"\x01\x00\x00\x00\x02\x00\x00\x00" + bytes(8))), "edit list is cut short"),
    ],
)
def test_a_malformed_header_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(DocumentError, match=why):
        read(data)


def test_a_header_cannot_ask_for_endless_memory() -> None:
    many = header(*[packet(bytes(8) + OTHER, OTHER)] * (MAX_HEADER_SIZE // 108 + 1))
    with pytest.raises(DocumentError, match="would have"):
        read(many)


def test_a_header_for_somebody_else_is_said_so() -> None:
    with pytest.raises(KeyMaterialError, match="does not open the Crypt4GH file"):
        read(write_header(SESSION, [public_key(OTHER)]))
    with pytest.raises(KeyMaterialError, match="none of the packets"):
        read(header())
    with pytest.raises(KeyMaterialError, match="none of the packets"):
        read(header(edit_list(1)))


@pytest.mark.parametrize("recipients", [[], [b""], [bytes(31)], [bytes(32)]])
def test_an_unusable_recipient_is_refused(recipients: list[bytes]) -> None:
    with pytest.raises(KeyMaterialError, match="cannot be used"):
        write_header(SESSION, recipients)


def test_unusable_secrets_are_refused() -> None:
    for secret in (b"", bytes(31)):
        with pytest.raises(KeyMaterialError, match="32 bytes"):
            public_key(secret)
        with pytest.raises(KeyMaterialError, match="32 bytes"):
            read(header(DATA), secret)
    with pytest.raises(KeyMaterialError, match="session key of 32 bytes"):
        write_header(b"short", [public_key(READER)])


def test_session_keys_do_not_show() -> None:
    assert SESSION.hex() not in repr(read(header(DATA)))
    assert repr(SESSION)[2:-1] not in repr(read(header(DATA)))


@given(st.binary(max_size=200), st.integers(0, 200), st.integers(0, 255))
def test_no_bytes_raise_anything_else(noise: bytes, at: int, byte: int) -> None:
    spoilt = bytearray(header(DATA, edit_list(1, 2)))
    spoilt[at % len(spoilt)] = byte
    for data in (noise, header(noise), bytes(spoilt)):
        with contextlib.suppress(DocumentError, KeyMaterialError):
            assert read(data).size <= len(data)
