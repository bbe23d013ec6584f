"""The door to other Crypt4GH tools: files with a header, for whoever holds an X25519 key.

A file that is exported opens with any Crypt4GH tool. On the way in there are two cases. With the manifest's entry, the
body is the anchored one or nothing is decrypted. Without it a file is only as good as Crypt4GH makes it: each segment
is authentic, but that none is missing, repeated or out of place is not known, and nothing can tell.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

from ledger.crypto.body import CIPHER_SEGMENT_SIZE, BodyCipher, plaintext_size
from ledger.crypto.derive import DatasetKey
from ledger.crypto.header import MAX_HEADER_SIZE, Header, read_header, write_header
from ledger.crypto.segments import SegmentTree
from ledger.errors import DocumentError, SegmentError
from ledger.model.manifest import SEGMENT_SIZE, FileEntry
from ledger.sealing.bodies import Sink, copy_body, require_anchored
from ledger.sealing.destination import new_file, require_free, sync, written
from ledger.storage.source import SourceFile, open_file
from ledger.storage.store import Store

__all__ = ["decrypt_crypt4gh", "export_crypt4gh"]

_BLOCK = 16 * CIPHER_SEGMENT_SIZE


def export_crypt4gh(store: Store, entry: FileEntry, key: DatasetKey, recipient_public: bytes, out: Path) -> None:
    """Write one file of a dataset as a Crypt4GH file for one recipient. Nothing is decrypted.

    Args:
        store: Where the body is.
        entry: What the manifest says of it.
        key: The dataset's key; whether it is the right one is for the caller to check, see ``DatasetKey.require``.
        recipient_public: The recipient's X25519 public key, 32 bytes.
        out: Appears when the body is known to be the anchored one.

    Raises:
        KeyMaterialError: The recipient's key is unusable.
        SegmentError: The body is not the one that was anchored, or is encrypted under another key.
        NotStoredError, CidMismatchError: The store does not have it whole.
        PathError, NoSpaceError: The file cannot be written, or exists already.
    """
    header = write_header(key.session_key(entry.index), [recipient_public])
    cipher = BodyCipher(key.session_key(entry.index))

    with _appearing(out) as sink:
        sink(memoryview(header), 0)

        def copy(block: memoryview, offset: int) -> None:
            if offset == 0:  # so that a file is never handed on with a header that does not open it
                first = block[:CIPHER_SEGMENT_SIZE]
                cipher.decrypt_into(first, memoryview(bytearray(plaintext_size(len(first)))))
            sink(block, len(header) + offset)

        copy_body(store, entry, copy)


def decrypt_crypt4gh(source: Path, secret: bytes, out: Path, *, entry: FileEntry | None = None) -> None:
    """Decrypt a Crypt4GH file, wherever it comes from.

    Args:
        source: The file.
        secret: The reader's X25519 secret key, 32 bytes.
        out: Appears when everything was decrypted.
        entry: What a manifest says of the body, if it is one of a dataset. It is then checked before it is decrypted.

    Raises:
        DocumentError: The header is malformed, or asks for parts of the file only (an edit list).
        KeyMaterialError: The file is for another reader.
        SegmentError: A segment is altered or cut short; with `entry`, also missing, repeated or out of place.
        ChangedWhileReadingError, PathError, NoSpaceError: The source cannot be read or `out` not be written.
    """
    with open_file(source) as file:
        beginning = bytearray(min(file.size, MAX_HEADER_SIZE))
        file.read_into(memoryview(beginning), 0)
        header = read_header(io.BytesIO(beginning), secret)
        if header.edit_list is not None:
            raise DocumentError(
                f"{source} is not read",
                why="its header holds an edit list, which leaves out parts of the file",
                fix="decrypt it with the tool that made it",
            )
        plaintext_size(file.size - header.size)
        if entry:
            _require_anchored(file, header, entry)
        ciphers = [BodyCipher(session_key) for session_key in header.session_keys]
        plain = memoryview(bytearray(SEGMENT_SIZE))
        with _appearing(out) as sink:
            for number, segment in enumerate(_segments(file, header)):
                length = _decrypt(ciphers, segment, plain, number)
                sink(plain[:length], number * SEGMENT_SIZE)
            file.check_unchanged()


def _segments(file: SourceFile, header: Header) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(_BLOCK))
    for offset in range(header.size, file.size, _BLOCK):
        block = buffer[: min(_BLOCK, file.size - offset)]
        file.read_into(block, offset)
        for start in range(0, len(block), CIPHER_SEGMENT_SIZE):
            yield block[start : start + CIPHER_SEGMENT_SIZE]


def _decrypt(ciphers: list[BodyCipher], segment: memoryview, plain: memoryview, number: int) -> int:
    """Decrypt with whichever session key fits: a header may hold several (Crypt4GH 1.0, section 3.2)."""
    room = plain[: plaintext_size(len(segment))]
    *others, last = ciphers
    for cipher in others:
        with contextlib.suppress(SegmentError):  # under another of the keys, then
            return cipher.decrypt_into(segment, room, first=number)
    return last.decrypt_into(segment, room, first=number)


def _require_anchored(file: SourceFile, header: Header, entry: FileEntry) -> None:
    tree = SegmentTree()
    for segment in _segments(file, header):
        tree.add(segment)
    require_anchored(entry, file.size - header.size, tree)


@contextlib.contextmanager
def _appearing(out: Path) -> Iterator[Sink]:
    """A sink for a file that gets its name when all was written and is on the disk."""
    require_free(out)
    draft = out.parent / f".{out.name}.part"
    with written(out):
        with new_file(draft) as sink:
            yield sink
            sync(draft)
        draft.rename(out)
        sync(out.parent)
