"""Crypt4GH bodies: 64 KiB of plaintext become nonce, ciphertext and tag (GA4GH Crypt4GH 1.0, section 3).

    cipher = BodyCipher(key.session_key(index))
    written = cipher.encrypt_into(plain, encrypted)     # whole segments; only the last of a body may be short

Every segment gets its own random nonce of 96 bits, also when a file is encrypted a second time under the same session
key, as happens after an interruption. That is safe because nothing is ever encrypted under a nonce chosen before: with
n segments under one key, in all attempts together, two nonces are equal with a probability below n²/2^97, which is
2^-33 for 2^32 segments, the largest file there is. A nonce counted from zero would repeat at every new attempt and give
away the difference of two plaintexts.

The tag proves that a segment was made with the key. It says nothing about its place: that is what
:mod:`ledger.crypto.segments` is for.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ledger.errors import SegmentError
from ledger.model.manifest import SEGMENT_OVERHEAD, SEGMENT_SIZE

__all__ = ["CIPHER_SEGMENT_SIZE", "BodyCipher", "ciphertext_size", "plaintext_size"]

CIPHER_SEGMENT_SIZE = SEGMENT_SIZE + SEGMENT_OVERHEAD
"""Bytes of a full encrypted segment: 65,564."""

_NONCE = 12


def ciphertext_size(plain: int) -> int:
    """Bytes of the body of `plain` bytes."""
    return plain + -(-plain // SEGMENT_SIZE) * SEGMENT_OVERHEAD


def plaintext_size(encrypted: int) -> int:
    """Bytes in a body of `encrypted` bytes.

    Raises:
        SegmentError: No body has this length: its last segment would be empty or shorter than nonce and tag.
    """
    full, rest = divmod(encrypted, CIPHER_SEGMENT_SIZE)
    if 0 < rest <= SEGMENT_OVERHEAD:
        raise SegmentError(
            "The encrypted data is cut short",
            why=f"its last segment has {rest} bytes, and nonce and tag alone take {SEGMENT_OVERHEAD}",
            fix="get it again from its source",
        )
    return full * SEGMENT_SIZE + (rest - SEGMENT_OVERHEAD if rest else 0)


class BodyCipher:
    """Encrypts and decrypts segments under one session key. May be used by several threads at once.

    Args:
        session_key: 32 bytes.
    """

    __slots__ = ("_cipher",)

    def __init__(self, session_key: bytes) -> None:
        self._cipher = ChaCha20Poly1305(session_key)

    def encrypt_into(self, plain: memoryview, encrypted: memoryview) -> int:
        """Encrypt segments, each under a new random nonce.

        Args:
            plain: Whole segments, or the end of a file.
            encrypted: Room for :func:`ciphertext_size` of it.

        Returns:
            Bytes written.
        """
        nonces = os.urandom(-(-len(plain) // SEGMENT_SIZE) * _NONCE)
        at = 0
        for number, start in enumerate(range(0, len(plain), SEGMENT_SIZE)):
            segment = plain[start : start + SEGMENT_SIZE]
            nonce = nonces[number * _NONCE : (number + 1) * _NONCE]
            end = at + len(segment) + SEGMENT_OVERHEAD
            encrypted[at : at + _NONCE] = nonce
            self._cipher.encrypt_into(nonce, segment, None, encrypted[at + _NONCE : end])
            at = end
        return at

    def decrypt_into(self, encrypted: memoryview, plain: memoryview, *, first: int = 0) -> int:
        """Decrypt segments and check their tags.

        Args:
            encrypted: Whole segments, or the end of a body.
            plain: Room for :func:`plaintext_size` of it. What it holds after an error is not to be used.
            first: Number of the first of these segments in the body; named in errors.

        Returns:
            Bytes written.

        Raises:
            SegmentError: A segment was not made with this key, was altered, or is cut short.
        """
        plaintext_size(len(encrypted))
        at = 0
        for number, start in enumerate(range(0, len(encrypted), CIPHER_SEGMENT_SIZE), first):
            segment = encrypted[start : start + CIPHER_SEGMENT_SIZE]
            end = at + len(segment) - SEGMENT_OVERHEAD
            try:
                self._cipher.decrypt_into(segment[:_NONCE], segment[_NONCE:], None, plain[at:end])
            except InvalidTag:
                raise SegmentError(
                    f"Segment {number} cannot be decrypted",
                    why="it was encrypted with another key or altered afterwards",
                    fix="get the data again from its source, and check that the key is the one for it",
                ) from None
            at = end
        return at
