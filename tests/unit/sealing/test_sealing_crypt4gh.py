from __future__ import annotations

from pathlib import Path

import pytest

from ledger.crypto.body import BodyCipher, ciphertext_size
from ledger.crypto.derive import DatasetKey
from ledger.crypto.header import public_key, write_header
from ledger.errors import CidMismatchError, DocumentError, KeyMaterialError, NoSpaceError, PathError, SegmentError
from ledger.model.manifest import FileEntry
from ledger.sealing.crypt4gh import decrypt_crypt4gh, export_crypt4gh
from tests.support.sealing import BOUNDARIES, Bench, content, rearranged

READER = bytes([7]) * 32
HEADER = 124
SIZES = [*BOUNDARIES, 250_000, 3 * 2**20]


def exported(bench: Bench, size: int) -> tuple[FileEntry, Path]:
    entry = bench.seal({"file": content(size)}).manifest.entry(1)
    out = bench.root / "file.c4gh"
    export_crypt4gh(bench.store, entry, bench.key, public_key(READER), out)
    return entry, out


@pytest.mark.parametrize("size", SIZES)
def test_an_exported_file_is_header_and_body_and_reads_back(bench: Bench, size: int) -> None:
    entry, out = exported(bench, size)
    assert out.read_bytes()[HEADER:] == bench.body(entry)
    decrypt_crypt4gh(out, READER, bench.root / "plain")
    decrypt_crypt4gh(out, READER, bench.root / "anchored", entry=entry)
    assert (bench.root / "plain").read_bytes() == (bench.root / "anchored").read_bytes() == content(size)
    assert (bench.root / "plain").stat().st_mode & 0o777 == 0o600
    assert not list(bench.root.glob("*.part")) + list(bench.root.glob(".*"))


def test_nobody_else_reads_it(bench: Bench) -> None:
    _, out = exported(bench, 10)
    with pytest.raises(KeyMaterialError, match="does not open the Crypt4GH file"):
        decrypt_crypt4gh(out, bytes([8]) * 32, bench.root / "plain")
    assert not (bench.root / "plain").exists()


@pytest.mark.parametrize("how", rearranged(bytes(4 * 65_564)))
def test_with_its_entry_a_spoilt_file_is_refused(bench: Bench, how: str) -> None:
    entry, out = exported(bench, 250_000)
    data = out.read_bytes()
    out.write_bytes(data[:HEADER] + rearranged(data[HEADER:])[how])
    with pytest.raises(SegmentError, match="File 1 is not the one that was registered"):
        decrypt_crypt4gh(out, READER, bench.root / "plain", entry=entry)
    assert not (bench.root / "plain").exists()


@pytest.mark.parametrize("cut", [1, 100, 65_563])
def test_a_torn_or_altered_segment_is_refused_in_any_case(bench: Bench, cut: int) -> None:
    _, out = exported(bench, 250_000)
    data = out.read_bytes()
    torn = data[:-cut] if cut < 65_000 else data[:HEADER] + data[HEADER + cut :]
    out.write_bytes(torn)
    with pytest.raises(SegmentError):
        decrypt_crypt4gh(out, READER, bench.root / "plain")
    assert sorted(bench.root.glob("*plain*")) + sorted(bench.root.glob(".*")) == []


def test_a_header_of_another_file_opens_nothing(bench: Bench) -> None:
    entry, out = exported(bench, 250_000)
    header = write_header(bench.key.session_key(2), [public_key(READER)])
    out.write_bytes(header + bench.body(entry))
    with pytest.raises(SegmentError, match="Segment 0 cannot be decrypted"):
        decrypt_crypt4gh(out, READER, bench.root / "plain", entry=entry)
    assert not (bench.root / "plain").exists()


def test_segments_under_several_session_keys_are_read(tmp_path: Path) -> None:
    keys = [bytes([number]) * 32 for number in (1, 2)]
    body = bytearray()
    for key, plain in zip(keys, (content(65_536), content(10)), strict=True):
        part = bytearray(ciphertext_size(len(plain)))
        BodyCipher(key).encrypt_into(memoryview(plain), memoryview(part))
        body += part
    headers = [write_header(key, [public_key(READER)]) for key in keys]
    joined = headers[0][:12] + (2).to_bytes(4, "little") + headers[0][16:] + headers[1][16:]
    (tmp_path / "in").write_bytes(joined + body)
    decrypt_crypt4gh(tmp_path / "in", READER, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == content(65_536) + content(10)


def test_a_wrong_dataset_key_makes_no_file(bench: Bench) -> None:
    entry = bench.seal({"file": b"x"}).manifest.entry(1)
    with pytest.raises(SegmentError, match="another key"):
        export_crypt4gh(bench.store, entry, DatasetKey.generate(), public_key(READER), bench.root / "x.c4gh")
    assert not list(bench.root.glob("*c4gh*")) + list(bench.root.glob(".*"))


def test_a_damaged_body_makes_no_file(bench: Bench) -> None:
    entry = bench.seal({"file": content(3 * 2**20)}).manifest.entry(1)
    bench.damage(entry, 2 * 2**20)
    with pytest.raises(CidMismatchError):
        export_crypt4gh(bench.store, entry, bench.key, public_key(READER), bench.root / "x.c4gh")
    assert not list(bench.root.glob("*c4gh*")) + list(bench.root.glob(".*"))


def test_nothing_is_overwritten(bench: Bench) -> None:
    entry, out = exported(bench, 10)
    before = out.read_bytes()
    with pytest.raises(PathError, match="exists already"):
        export_crypt4gh(bench.store, entry, bench.key, public_key(READER), out)
    with pytest.raises(PathError, match="exists already"):
        decrypt_crypt4gh(out, READER, out)
    assert out.read_bytes() == before


def test_a_full_disk_leaves_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _, out = exported(bench, 10)

    def full(*_: object) -> int:
        raise OSError(28, "full")

    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(NoSpaceError):
        decrypt_crypt4gh(out, READER, bench.root / "plain")
    assert not list(bench.root.glob("*plain*")) + list(bench.root.glob(".*"))


@pytest.mark.parametrize("data", [b"", b"crypt4gh", b"no such thing at all"])
def test_what_is_no_crypt4gh_file_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "in").write_bytes(data)
    with pytest.raises(DocumentError, match="header is malformed"):
        decrypt_crypt4gh(tmp_path / "in", READER, tmp_path / "out")
    with pytest.raises(PathError):
        decrypt_crypt4gh(tmp_path / "missing", READER, tmp_path / "out")
