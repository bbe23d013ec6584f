"""Our Crypt4GH against the reference program, both ways; and what the program accepts that must be refused here."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.crypto.header import public_key, write_header
from ledger.crypto.keyfile import format_public_key, format_secret_key, parse_secret_key
from ledger.crypto.keystore import KeyKind, Keystore
from ledger.crypto.passphrase import Passphrase
from ledger.errors import DocumentError, IntegrityError, KeyMaterialError, SegmentError
from ledger.model.manifest import FileEntry
from ledger.sealing.crypt4gh import decrypt_crypt4gh, export_crypt4gh
from ledger.sealing.open import open_dataset
from ledger.sealing.seal import Sealed
from tests.support.crypt4gh import Reference
from tests.support.sealing import BOUNDARIES, Bench, content, read_tree, rearranged

SIZES = [*BOUNDARIES, 5 * 2**20 + 123]
TAMPERED = 5 * 65_536
HEADER = 124


@pytest.fixture
def reference(tmp_path: Path) -> Reference:
    return Reference.with_new_key(tmp_path)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench.at(tmp_path / "bench") as made:
        yield made


def export(bench: Bench, entry: FileEntry, public: bytes) -> bytes:
    out = bench.root / f"{entry.index}.c4gh"
    export_crypt4gh(bench.store, entry, bench.key, public, out)
    return out.read_bytes()


def test_the_reference_opens_what_we_write(reference: Reference, bench: Bench) -> None:
    sealed = bench.seal({f"{size:08}": content(size) for size in SIZES})
    for entry, size in zip(sealed.manifest.contents, SIZES, strict=True):
        assert reference.decrypt(export(bench, entry, reference.public)) == content(size)


@pytest.mark.parametrize("size", SIZES)
def test_we_open_what_the_reference_writes(reference: Reference, tmp_path: Path, size: int) -> None:
    secret = bytes([9]) * 32
    written = reference.encrypt(content(size), reference.public, public_key(secret))
    (tmp_path / "in.c4gh").write_bytes(written)
    for number, reader in enumerate((reference.secret, secret)):
        decrypt_crypt4gh(tmp_path / "in.c4gh", reader, tmp_path / f"out-{number}")
        assert (tmp_path / f"out-{number}").read_bytes() == content(size)
    with pytest.raises(KeyMaterialError, match="does not open"):
        decrypt_crypt4gh(tmp_path / "in.c4gh", bytes([8]) * 32, tmp_path / "other")


def test_the_reference_uses_key_files_of_ours(reference: Reference, bench: Bench, tmp_path: Path) -> None:
    keystore = Keystore(tmp_path / "keys", cost=2)
    info = keystore.create("reader", KeyKind.CRYPT4GH, Passphrase("in the keystore"))
    secret = keystore.unlock("reader", Passphrase("in the keystore"), kind=KeyKind.CRYPT4GH)
    (tmp_path / "ours.key").write_bytes(format_secret_key(secret, Passphrase("in the file")))
    (tmp_path / "ours.pub").write_bytes(format_public_key(info.public))
    written = export(bench, bench.seal({"a": b"data"}).manifest.entry(1), info.public)
    opened = reference.decrypt(written, secret_path=tmp_path / "ours.key", passphrase="in the file")
    assert opened == b"data"
    with pytest.raises(subprocess.CalledProcessError):
        reference.decrypt(written, secret_path=tmp_path / "ours.key", passphrase="wrong")


def test_we_use_key_files_of_the_reference(reference: Reference) -> None:
    assert public_key(reference.secret) == reference.public
    assert parse_secret_key(reference.secret_path.read_bytes(), Passphrase("not needed")) == reference.secret


def test_a_file_of_which_only_a_part_is_to_be_read_is_refused(reference: Reference, tmp_path: Path) -> None:
    part = reference.rearrange(reference.encrypt(content(200_000)), 10, 70_000)
    assert len(reference.decrypt(part)) < 70_000
    (tmp_path / "part.c4gh").write_bytes(part)
    with pytest.raises(DocumentError, match="edit list"):
        decrypt_crypt4gh(tmp_path / "part.c4gh", reference.secret, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.fixture
def sealed(bench: Bench) -> Sealed:
    return bench.seal({"measurements": content(TAMPERED)})


@pytest.mark.parametrize(
    ("how", "segments"),
    [
        ("dropped", (0, 2, 3, 4)),
        ("swapped", (1, 0, 2, 3, 4)),
        ("repeated", (0, 1, 1, 2, 3, 4)),
        ("replaced by another", (0, 0, 2, 3, 4)),
        ("truncated", (0, 1, 2, 3)),
        ("extended", (0, 1, 2, 3, 4, 4)),
        ("emptied", ()),
    ],
)
def test_what_the_reference_accepts_out_of_order_is_refused_here(
    reference: Reference, bench: Bench, sealed: Sealed, how: str, segments: tuple[int, ...]
) -> None:
    entry = sealed.manifest.entry(1)
    whole = export(bench, entry, reference.public)
    spoilt = rearranged(whole[HEADER:])[how]

    # The reference decrypts it, without a word, to something else than what was sealed.
    pieces = [content(TAMPERED)[at : at + 65_536] for at in range(0, TAMPERED, 65_536)]
    assert reference.decrypt(whole[:HEADER] + spoilt) == b"".join(pieces[number] for number in segments)

    # As a Crypt4GH file that claims to be the registered one.
    (bench.root / "spoilt.c4gh").write_bytes(whole[:HEADER] + spoilt)
    with pytest.raises(SegmentError, match="not the one that was registered"):
        decrypt_crypt4gh(bench.root / "spoilt.c4gh", reference.secret, bench.root / "plain", entry=entry)
    # As a body that a manifest names by its true CID.
    with pytest.raises(SegmentError, match="not the one that was registered"):
        open_dataset(bench.store, bench.replace_body(sealed, 1, spoilt), bench.key, bench.out)
    assert not (bench.root / "plain").exists()
    assert not bench.out.exists()
    assert not [path for path in bench.root.iterdir() if path.name.startswith(".")]

    # As what a store holds in place of the body. It never looks beyond the length that the CID stands for.
    path = bench.body_file(entry)
    path.chmod(0o600)
    path.write_bytes(spoilt)
    if how == "extended":
        open_dataset(bench.store, sealed.manifest_cid, bench.key, bench.out)
        assert read_tree(bench.out) == {"measurements": content(TAMPERED)}
        return
    with pytest.raises(IntegrityError):
        open_dataset(bench.store, sealed.manifest_cid, bench.key, bench.out)
    assert not bench.out.exists()


def test_a_spliced_header_is_refused_here(reference: Reference, bench: Bench) -> None:
    sealed = bench.seal({"a": content(1000), "b": content(1000, "b")})
    one, other = (export(bench, entry, reference.public) for entry in sealed.manifest.contents)
    spliced = one[:HEADER] + other[HEADER:]
    with pytest.raises(subprocess.CalledProcessError):
        reference.decrypt(spliced)
    (bench.root / "spliced.c4gh").write_bytes(spliced)
    for entry in sealed.manifest.contents:
        with pytest.raises(SegmentError):
            decrypt_crypt4gh(bench.root / "spliced.c4gh", reference.secret, bench.root / "plain", entry=entry)

    # Two headers in one: the reference reads the other file under the name of the first, we do not.
    both = one[:12] + (2).to_bytes(4, "little") + one[16:HEADER] + other[16:]
    assert reference.decrypt(both) == content(1000, "b")
    (bench.root / "both.c4gh").write_bytes(both)
    with pytest.raises(SegmentError, match="not the one that was registered"):
        decrypt_crypt4gh(
            bench.root / "both.c4gh", reference.secret, bench.root / "plain", entry=sealed.manifest.entry(1)
        )
    assert not (bench.root / "plain").exists()


def test_an_altered_bit_is_refused_by_both(reference: Reference, bench: Bench, sealed: Sealed) -> None:
    entry = sealed.manifest.entry(1)
    spoilt = bytearray(export(bench, entry, reference.public))
    spoilt[HEADER + 70_000] ^= 1
    with pytest.raises(subprocess.CalledProcessError):
        reference.decrypt(bytes(spoilt))
    (bench.root / "spoilt.c4gh").write_bytes(spoilt)
    for anchored in (None, entry):
        with pytest.raises(SegmentError):
            decrypt_crypt4gh(bench.root / "spoilt.c4gh", reference.secret, bench.root / "plain", entry=anchored)
    assert not (bench.root / "plain").exists()


def test_a_licensee_opens_the_whole_dataset_with_the_reference(reference: Reference, bench: Bench) -> None:
    files = {"scan/1.dcm": content(150_000), "table.csv": b"time,event\n1,0\n"}
    sealed = bench.seal(files)
    opened = open_dataset(bench.store, sealed.manifest_cid, bench.key, bench.out)
    for file, entry in zip(opened.listing.files, opened.manifest.contents, strict=True):
        header = write_header(bench.key.session_key(entry.index), [reference.public])
        assert reference.decrypt(header + bench.body(entry)) == read_tree(bench.out)[file.path] == files[file.path]
