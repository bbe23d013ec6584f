from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ledger.crypto.body import BodyCipher, ciphertext_size, plaintext_size
from ledger.crypto.segments import SegmentTree
from ledger.errors import ChangedWhileReadingError, NoSpaceError
from ledger.sealing.encrypt import BytesSource, EncryptedBody, encrypt_file
from ledger.storage.nodes import NodeFile
from ledger.storage.source import open_file
from ledger.storage.unixfs import cid_of_bytes
from tests.support.sealing import BOUNDARIES, content, segments

KEY = bytes(range(32))
MIB = 2**20
SIZES = [*BOUNDARIES, 262_144, 4 * 65_536, 3 * MIB + 1, 16 * MIB, 16 * MIB + 1, 33 * MIB + 7, 48 * MIB - 1]


def encrypt(data: bytes, tmp_path: Path) -> tuple[EncryptedBody, bytes]:
    made = encrypt_file(BytesSource(data), KEY, tmp_path / "body", tmp_path / "nodes")
    return made, (tmp_path / "body").read_bytes()


@pytest.mark.parametrize("size", SIZES)
def test_one_pass_gives_what_separate_passes_give(size: int, tmp_path: Path) -> None:
    data = content(size)
    made, body = encrypt(data, tmp_path)
    plain = bytearray(plaintext_size(len(body)))
    BodyCipher(KEY).decrypt_into(memoryview(body), memoryview(plain))
    tree = SegmentTree()
    for segment in segments(body):
        tree.add(segment)
    assert plain == data
    assert len(body) == made.dag.size == ciphertext_size(size)
    assert made.dag.cid == cid_of_bytes(body)
    assert made.segment_root == tree.root()
    assert made.plaintext_size == size


@pytest.mark.parametrize("size", [0, 200_000, 3 * MIB, 33 * MIB])
def test_the_inner_nodes_are_beside_a_body_that_has_some(size: int, tmp_path: Path) -> None:
    made, body = encrypt(content(size), tmp_path)
    assert made.has_nodes == (len(body) > 262_144) == (tmp_path / "nodes").exists()
    if made.has_nodes:
        with NodeFile(tmp_path / "nodes", made.dag.cid) as nodes:
            assert nodes.node(made.dag.cid)


def test_the_entry_says_what_was_made(tmp_path: Path) -> None:
    made, body = encrypt(content(100_000), tmp_path)
    entry = made.entry(5)
    assert (entry.index, entry.plaintext_size, entry.ciphertext_size, entry.segments) == (5, 100_000, len(body), 2)
    assert entry.body == made.dag.cid
    assert entry.segment_root == "0x" + made.segment_root.hex()


def test_the_same_content_never_gives_the_same_body(tmp_path: Path) -> None:
    (one, _), (other, _) = (encrypt(content(1), tmp_path) for _ in range(2))
    assert one.dag.cid != other.dag.cid


def test_an_older_and_longer_body_is_replaced(tmp_path: Path) -> None:
    encrypt(content(MIB), tmp_path)
    made, body = encrypt(b"short", tmp_path)
    assert len(body) == made.dag.size == 33


def test_progress_adds_up(tmp_path: Path) -> None:
    steps: list[int] = []
    encrypt_file(BytesSource(content(40 * MIB)), KEY, tmp_path / "body", tmp_path / "nodes", steps.append)
    assert steps == [16 * MIB, 16 * MIB, 8 * MIB]


@pytest.mark.parametrize("size", [1000, 33 * MIB])
def test_a_file_that_changes_meanwhile_is_refused(size: int, tmp_path: Path) -> None:
    path = tmp_path / "growing"
    path.write_bytes(content(size))

    class Growing:
        """Appends to the file when a part of it has been read."""

        def __init__(self) -> None:
            self.file = open_file(path)
            self.size = self.file.size

        def read_into(self, buffer: memoryview, offset: int) -> None:
            self.file.read_into(buffer, offset)
            with path.open("ab") as out:
                out.write(b"more")

        def check_unchanged(self) -> None:
            self.file.check_unchanged()

    growing = Growing()
    with growing.file, pytest.raises(ChangedWhileReadingError, match="growing changed while it was being read"):
        encrypt_file(growing, KEY, tmp_path / "body", tmp_path / "nodes")


@pytest.mark.parametrize("size", [1000, 40 * MIB])
def test_a_file_cut_short_meanwhile_is_refused(size: int, tmp_path: Path) -> None:
    path = tmp_path / "shrinking"
    path.write_bytes(content(size))
    with open_file(path) as file:
        os.truncate(path, size // 2)
        with pytest.raises(ChangedWhileReadingError, match="shrinking changed"):
            encrypt_file(file, KEY, tmp_path / "body", tmp_path / "nodes")


@pytest.mark.parametrize("size", [1000, 40 * MIB])
def test_a_full_disk_is_said_so(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(NoSpaceError, match="no space left while encrypting"):
        encrypt(content(size), tmp_path)
