"""Encryption in one pass: the source is read once, the body written once, and CID and segment root come out with it.

A file is cut into spans of 16 MiB that several threads work off at once; each reads, encrypts, hashes and writes a few
segments at a time, so that they stay in the processor's cache. The cipher and both hashes release the interpreter lock.
Leaves of the CID (256 KiB) do not end where segments do (65,564 bytes), so the leaf on the border between two spans is
begun by the first and completed from the bytes that the second keeps for it.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ledger.crypto.body import CIPHER_SEGMENT_SIZE, BodyCipher, ciphertext_size
from ledger.crypto.segments import SegmentTree, segment_digest
from ledger.model.cid import Codec
from ledger.model.manifest import SEGMENT_SIZE, FileEntry, segment_count
from ledger.storage.nodes import NodeWriter
from ledger.storage.source import disk_errors
from ledger.storage.unixfs import CHUNK_SIZE, Dag, TreeBuilder

__all__ = ["BytesSource", "EncryptedBody", "Plaintext", "encrypt_file"]

_STEP = 4 * SEGMENT_SIZE
_SPAN = 256 * SEGMENT_SIZE
_MAX_WORKERS = 8


class Plaintext(Protocol):
    """What is encrypted. :class:`~ledger.storage.source.SourceFile` is one."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        ...

    def read_into(self, buffer: memoryview, offset: int) -> None:
        """Fill the whole buffer from `offset`, from any thread."""
        ...

    def check_unchanged(self) -> None:
        """Fail if what was read is not what was there at first."""
        ...


class BytesSource:
    """A plaintext that is in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self._data)

    def read_into(self, buffer: memoryview, offset: int) -> None:
        """Fill the whole buffer from `offset`."""
        buffer[:] = self._data[offset : offset + len(buffer)]

    def check_unchanged(self) -> None:
        """Bytes do not change."""


@dataclass(frozen=True, slots=True)
class EncryptedBody:
    """What encryption found out about the body that it wrote.

    Attributes:
        plaintext_size: Bytes that were encrypted.
        dag: The body's CID and sizes.
        segment_root: Root over the encrypted segments, 32 bytes.
        has_nodes: Whether the body has inner nodes beside it: more than one leaf.
    """

    plaintext_size: int
    dag: Dag
    segment_root: bytes

    @property
    def has_nodes(self) -> bool:
        """Whether the body has inner nodes beside it, being more than one leaf."""
        return self.dag.cid.codec is Codec.DAG_PB

    def entry(self, index: int) -> FileEntry:
        """The body as the manifest names it."""
        return FileEntry(
            index=index,
            body=self.dag.cid,
            plaintext_size=self.plaintext_size,
            ciphertext_size=self.dag.size,
            segments=segment_count(self.plaintext_size),
            segment_root="0x" + self.segment_root.hex(),
        )


def encrypt_file(
    plaintext: Plaintext, session_key: bytes, body: Path, nodes: Path, step: Callable[[int], None] | None = None
) -> EncryptedBody:
    """Write the Crypt4GH body of a file, and the inner nodes of its DAG.

    Args:
        plaintext: What to encrypt.
        session_key: 32 bytes.
        body: Where the body goes. Replaced if it exists.
        nodes: Where the inner nodes go, if there are any.
        step: Told how many bytes of plaintext have been worked off since the last time.

    Raises:
        ChangedWhileReadingError, PathError: From the plaintext.
        NoSpaceError: The disk is full. What was written is left to the caller to remove.
        OSError: The body cannot be written for another reason.
    """
    segments = SegmentTree()
    with ExitStack() as stack, disk_errors("encrypting"):
        out = os.open(body, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        stack.callback(os.close, out)
        long = ciphertext_size(plaintext.size) > CHUNK_SIZE
        leaves = _LeafJoiner(TreeBuilder(stack.enter_context(NodeWriter(nodes)) if long else None))
        worker = _Worker(plaintext, BodyCipher(session_key), out)
        for span in _spans(worker, plaintext.size):
            for digest in span.segments:
                segments.add_digest(digest)
            leaves.add(span)
            if step:
                step(span.plain)
        plaintext.check_unchanged()
        return EncryptedBody(plaintext.size, leaves.finish(), segments.root())


@dataclass(slots=True)
class _Span:
    """What came out of a span: the beginning of its body up to the first border of leaves, whole leaves, the rest."""

    plain: int
    segments: list[bytes] = field(default_factory=list)
    head: bytearray = field(default_factory=bytearray)
    leaves: list[bytes] = field(default_factory=list)
    tail: hashlib._Hash = field(default_factory=hashlib.sha256)
    tail_size: int = 0


class _Worker:
    """Works off spans; its methods may run in several threads at once."""

    def __init__(self, plaintext: Plaintext, cipher: BodyCipher, out: int) -> None:
        self._plaintext, self._cipher, self._out = plaintext, cipher, out

    def encrypt(self, start: int, end: int) -> _Span:
        plain = memoryview(bytearray(min(_STEP, end - start)))
        encrypted = memoryview(bytearray(ciphertext_size(len(plain))))
        at = ciphertext_size(start)
        span = _Span(end - start)
        missing = -at % CHUNK_SIZE  # bytes of the leaf that the span before this one began
        for offset in range(start, end, _STEP):
            part = plain[: min(_STEP, end - offset)]
            self._plaintext.read_into(part, offset)
            written = encrypted[: self._cipher.encrypt_into(part, encrypted)]
            for number in range(0, len(written), CIPHER_SEGMENT_SIZE):
                span.segments.append(segment_digest(written[number : number + CIPHER_SEGMENT_SIZE]))
            head = min(len(written), missing - len(span.head))
            span.head += written[:head]
            _hash_leaves(span, written[head:])
            _write(self._out, written, at)
            at += len(written)
        return span


class _LeafJoiner:
    """Builds the tree over the leaves of spans that come in order."""

    def __init__(self, tree: TreeBuilder) -> None:
        self._tree = tree
        self._open = hashlib.sha256()
        self._open_size = 0

    def add(self, span: _Span) -> None:
        self._open.update(span.head)
        self._open_size += len(span.head)
        if self._open_size < CHUNK_SIZE and not span.leaves and not span.tail_size:
            return  # a short last span that does not even complete the leaf
        if self._open_size:
            self._tree.add_leaf(self._open.digest(), self._open_size)
        for digest in span.leaves:
            self._tree.add_leaf(digest, CHUNK_SIZE)
        self._open, self._open_size = span.tail, span.tail_size

    def finish(self) -> Dag:
        if self._open_size:
            self._tree.add_leaf(self._open.digest(), self._open_size)
        return self._tree.finish()


def _spans(worker: _Worker, size: int) -> Iterator[_Span]:
    """The results of all spans in order, computed side by side when there are several."""
    ranges = [(start, min(start + _SPAN, size)) for start in range(0, size, _SPAN)]
    if len(ranges) <= 1:
        yield from (worker.encrypt(start, end) for start, end in ranges)
        return
    workers = min(_MAX_WORKERS, len(os.sched_getaffinity(0)))
    running: deque[Future[_Span]] = deque()
    with ThreadPoolExecutor(workers, "encrypt") as pool:
        try:
            for start, end in ranges:
                running.append(pool.submit(worker.encrypt, start, end))
                if len(running) > workers:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _hash_leaves(span: _Span, data: memoryview) -> None:
    at = 0
    while at < len(data):
        part = data[at : at + CHUNK_SIZE - span.tail_size]
        span.tail.update(part)
        span.tail_size += len(part)
        at += len(part)
        if span.tail_size == CHUNK_SIZE:
            span.leaves.append(span.tail.digest())
            span.tail, span.tail_size = hashlib.sha256(), 0


def _write(descriptor: int, data: memoryview, offset: int) -> None:
    while data:
        count = os.pwrite(descriptor, data, offset)
        data, offset = data[count:], offset + count
