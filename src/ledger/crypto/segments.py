"""The order of a body's segments as one hash, computed while they go by.

A Merkle tree as in RFC 9162, section 2.1.1, with BLAKE3 in place of SHA-256 (decision 0003), over the encrypted
segments in their order:

    no segment      BLAKE3("")
    one segment     BLAKE3(0x00 ‖ nonce ‖ ciphertext ‖ tag)
    more            BLAKE3(0x01 ‖ left ‖ right), the left part being the largest power of two

A segment's place is part of the tree's shape, so one that is dropped, repeated or moved changes the root.
"""

from __future__ import annotations

from blake3 import blake3

__all__ = ["EMPTY_ROOT", "SegmentTree", "segment_digest"]

EMPTY_ROOT = blake3(b"").digest()
"""Root of a body without segments."""

Readable = bytes | bytearray | memoryview


def segment_digest(segment: Readable) -> bytes:
    """The leaf of one encrypted segment, 32 bytes. Releases the interpreter lock for segments of full length."""
    leaf = blake3(b"\x00")
    leaf.update(segment)
    return leaf.digest()


class SegmentTree:
    """The root over segments that are added one after the other, in memory that grows with their logarithm."""

    def __init__(self) -> None:
        self._count = 0
        self._peaks: list[bytes] = []  # roots of perfect subtrees, largest first: one for each set bit of the count

    def __len__(self) -> int:
        """How many segments were added."""
        return self._count

    def add(self, segment: Readable) -> None:
        """Append the next encrypted segment."""
        self.add_digest(segment_digest(segment))

    def add_digest(self, digest: bytes) -> None:
        """Append the next segment by its :func:`segment_digest`."""
        below = self._count
        while below & 1:
            digest = _parent(self._peaks.pop(), digest)
            below >>= 1
        self._peaks.append(digest)
        self._count += 1

    def root(self) -> bytes:
        """The root over what was added so far, 32 bytes."""
        if not self._peaks:
            return EMPTY_ROOT
        *others, root = self._peaks
        for peak in reversed(others):
            root = _parent(peak, root)
        return root


def _parent(left: bytes, right: bytes) -> bytes:
    return blake3(b"\x01" + left + right).digest()
