from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ledger.errors import CidMismatchError, NoSpaceError, NotStoredError
from ledger.model.cid import Cid, Codec
from ledger.storage.nodes import NodeFile, NodeWriter

BLOCKS = [b"one", b"two" * 50, b"three"]


def _cid(block: bytes) -> Cid:
    return Cid(Codec.DAG_PB, hashlib.sha256(block).digest())


ROOT = _cid(BLOCKS[-1])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "nodes"
    with NodeWriter(path) as writer:
        for block in BLOCKS:
            writer(_cid(block), block)
    return path


def test_what_is_written_is_found(path: Path) -> None:
    with NodeFile(path, ROOT) as nodes:
        assert [nodes.node(_cid(block)) for block in BLOCKS] == BLOCKS
        with pytest.raises(CidMismatchError, match="missing"):
            nodes.node(_cid(b"four"))


def test_an_old_file_is_replaced_and_not_written_into(path: Path, tmp_path: Path) -> None:
    other_name = tmp_path / "other"
    other_name.hardlink_to(path)
    before = other_name.read_bytes()
    with NodeWriter(path):
        pass
    assert path.read_bytes() == b""
    assert other_name.read_bytes() == before


def test_no_file_means_not_stored(tmp_path: Path) -> None:
    with pytest.raises(NotStoredError):
        NodeFile(tmp_path / "nodes", ROOT)


def test_every_cut_is_noticed_or_harmless(path: Path) -> None:
    whole = path.read_bytes()
    ends = {0, 36 + 3, 36 + 3 + 36 + 150, len(whole)}
    for length in range(len(whole)):
        if length in ends:
            continue
        path.write_bytes(whole[:length])
        with pytest.raises(CidMismatchError, match="cut short"):
            NodeFile(path, ROOT)


@pytest.mark.parametrize("head", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\x20\0"])
def test_an_overwritten_length_is_noticed(path: Path, head: bytes) -> None:
    path.write_bytes(head + path.read_bytes()[4:])
    with pytest.raises(CidMismatchError):
        NodeFile(path, ROOT)


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    writer = NodeWriter(tmp_path / "nodes")
    writer.close()
    writer._file = Path("/dev/full").open("wb")  # noqa: SIM115 - the writer closes it
    writer(ROOT, b"buffered")
    with pytest.raises(NoSpaceError):
        writer.close()
