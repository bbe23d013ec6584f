"""Reading bodies from a store, without believing it: each is checked against what the manifest says of it.

The store has verified every part against the body's CID. Here the same bytes are cut into segments again and must give
the length, the number of segments and the segment root that were anchored (decision 0003).
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor

from ledger.crypto.body import CIPHER_SEGMENT_SIZE, BodyCipher, plaintext_size
from ledger.crypto.segments import SegmentTree
from ledger.errors import SegmentError
from ledger.model.manifest import SEGMENT_SIZE, FileEntry
from ledger.storage.store import Store

__all__ = ["Sink", "Step", "check_body", "copy_body", "decrypt_body", "require_anchored"]

Step = Callable[[int], None]
"""Told how many bytes of ciphertext have been worked off since the last time."""

Sink = Callable[[memoryview, int], None]
"""Receives data and its offset in the file, in order, from a thread of its own. The data are only lent."""

_BLOCK = 16 * CIPHER_SEGMENT_SIZE
_AHEAD = 2


def check_body(store: Store, entry: FileEntry, step: Step | None = None) -> None:
    """Read a whole body and check it. Needs no key.

    Args:
        store: Where it is.
        entry: What the manifest says of it.
        step: Told how many bytes of ciphertext have been worked off since the last time.

    Raises:
        SegmentError: It is not the body that was anchored.
        NotStoredError, CidMismatchError: The store does not have it whole.
    """
    copy_body(store, entry, None, step)


def copy_body(store: Store, entry: FileEntry, sink: Sink | None, step: Step | None = None) -> None:
    """Give the encrypted bytes to a sink, whose work is void if this fails: the root is known at the end.

    Raises:
        As :func:`check_body`.
    """
    tree = SegmentTree()

    def work(block: memoryview, offset: int) -> None:
        _add(tree, block)
        if sink:
            sink(block, offset)

    _work_off(store, entry, work, step)
    require_anchored(entry, entry.ciphertext_size, tree)


def decrypt_body(store: Store, entry: FileEntry, session_key: bytes, sink: Sink, step: Step | None = None) -> None:
    """Give the plaintext to a sink, whose work is void if this fails: the root is known at the end.

    Args:
        store: Where the body is.
        entry: What the manifest says of it.
        session_key: Of this file.
        sink: Receives the plaintext.
        step: Told how many bytes of ciphertext have been worked off since the last time.

    Raises:
        SegmentError: It is not the body that was anchored, or was encrypted under another key.
        NotStoredError, CidMismatchError: The store does not have it whole.
    """
    tree, cipher = SegmentTree(), BodyCipher(session_key)
    plain = memoryview(bytearray(min(plaintext_size(_BLOCK), entry.plaintext_size)))

    def work(block: memoryview, offset: int) -> None:
        _add(tree, block)
        first = offset // CIPHER_SEGMENT_SIZE
        length = cipher.decrypt_into(block, plain[: plaintext_size(len(block))], first=first)
        sink(plain[:length], first * SEGMENT_SIZE)

    _work_off(store, entry, work, step)
    require_anchored(entry, entry.ciphertext_size, tree)


def _work_off(store: Store, entry: FileEntry, work: Sink, step: Step | None) -> None:
    """Read in this thread, where the store hashes, and work in another one; a single block is not worth a thread."""
    blocks = _blocks(store, entry)
    if entry.ciphertext_size <= _BLOCK:
        for offset, block in blocks:
            work(block, offset)
            if step:
                step(len(block))
        return
    running: deque[Future[None]] = deque()
    with ThreadPoolExecutor(1, "bodies") as pool, contextlib.closing(blocks):
        try:
            for offset, block in blocks:
                running.append(pool.submit(work, block, offset))
                if len(running) > _AHEAD:
                    running.popleft().result()
                if step:
                    step(len(block))
            for future in running:
                future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _blocks(store: Store, entry: FileEntry) -> Generator[tuple[int, memoryview]]:
    """The body in blocks of whole segments with their offsets, of the anchored length or not at all."""
    offset, filled = 0, 0
    block = memoryview(bytearray(min(_BLOCK, entry.ciphertext_size)))
    with contextlib.closing(store.open(entry.body)) as parts:  # type: ignore[type-var]  # every store's is a generator
        for part in parts:
            rest = memoryview(part)
            while rest:
                if filled == len(block):
                    raise _not_anchored(entry, f"it is longer than {entry.ciphertext_size} bytes")
                count = min(len(rest), len(block) - filled)
                block[filled : filled + count] = rest[:count]
                rest, filled = rest[count:], filled + count
                if filled == len(block):
                    yield offset, block
                    offset, filled = offset + filled, 0
                    block = memoryview(bytearray(min(_BLOCK, entry.ciphertext_size - offset)))
    if offset + filled != entry.ciphertext_size:
        raise _not_anchored(entry, f"it has {offset + filled} bytes instead of {entry.ciphertext_size}")


def _add(tree: SegmentTree, block: memoryview) -> None:
    for start in range(0, len(block), CIPHER_SEGMENT_SIZE):
        tree.add(block[start : start + CIPHER_SEGMENT_SIZE])


def require_anchored(entry: FileEntry, size: int, tree: SegmentTree) -> None:
    """Make sure that a body of `size` bytes with this tree is the one that the manifest anchors.

    Raises:
        SegmentError: It is another one.
    """
    if size != entry.ciphertext_size:
        raise _not_anchored(entry, f"it has {size} bytes instead of {entry.ciphertext_size}")
    if len(tree) != entry.segments or "0x" + tree.root().hex() != entry.segment_root:
        raise _not_anchored(entry, "a segment is missing, repeated, out of place or altered")


def _not_anchored(entry: FileEntry, why: str) -> SegmentError:
    return SegmentError(
        f"File {entry.index} is not the one that was registered",
        why=why,
        fix="read it from another store, or ask the holder of the dataset to store it again",
    )
