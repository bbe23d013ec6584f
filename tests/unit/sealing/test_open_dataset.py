from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from ledger.crypto.derive import DatasetKey
from ledger.errors import (
    CidMismatchError,
    DocumentError,
    KeyMaterialError,
    NoSpaceError,
    NotStoredError,
    PathError,
    SegmentError,
)
from ledger.model.canonical import canonical_json
from ledger.model.cid import Cid
from ledger.model.manifest import Manifest
from ledger.sealing.encrypt import BytesSource, encrypt_file
from ledger.sealing.open import open_dataset
from ledger.sealing.seal import Sealed
from tests.support.sealing import BOUNDARIES, Bench, content, read_tree, rearranged, write_tree

FILES = {f"f{size}": content(size) for size in BOUNDARIES} | {
    "ä/日本 語": b"x",
    "a/b/c": content(200_000),
    ".hidden": b"z",
    "long": content(3 * 2**20),
}
EMPTY = ("nothing/here", "ä/é")


def opened(bench: Bench, cid: Cid, key: DatasetKey | None = None) -> dict[str, bytes | None]:
    open_dataset(bench.store, cid, key or bench.key, bench.out)
    return read_tree(bench.out)


def nothing_is_there(bench: Bench) -> bool:
    return sorted(path.name for path in bench.root.iterdir()) == ["source", "state", "store"]


def test_what_was_sealed_opens_byte_for_byte(bench: Bench) -> None:
    sealed = bench.seal(FILES, EMPTY)
    assert opened(bench, sealed.manifest_cid) == read_tree(bench.source)
    assert not [path for path in bench.root.iterdir() if path.name.startswith(".")]


def test_files_are_for_their_owner_alone(bench: Bench) -> None:
    sealed = bench.seal({"a/run.sh": b"#!/bin/sh"})
    (bench.source / "a/run.sh").chmod(0o755)
    opened(bench, sealed.manifest_cid)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (bench.out, bench.out / "a", bench.out / "a/run.sh")]
    assert modes == [0o700, 0o700, 0o600]


def test_opening_twice_is_opening_once(bench: Bench) -> None:
    sealed = bench.seal(FILES, EMPTY)
    first = opened(bench, sealed.manifest_cid)
    times = {path: path.stat().st_mtime_ns for path in bench.out.rglob("*")}
    (bench.out / "notes.txt").write_text("mine")
    assert opened(bench, sealed.manifest_cid) == first | {"notes.txt": b"mine"}
    assert {path: path.stat().st_mtime_ns for path in times if path != bench.out} == times


def test_an_empty_directory_may_be_there(bench: Bench) -> None:
    sealed = bench.seal(FILES)
    bench.out.mkdir()
    assert opened(bench, sealed.manifest_cid) == read_tree(bench.source)


@pytest.mark.parametrize("held", [{"f1": b"other"}, {"f1": b""}, {"mine": b"x"}])
def test_a_directory_with_something_else_is_left_alone(bench: Bench, held: dict[str, bytes]) -> None:
    sealed = bench.seal(FILES)
    write_tree(bench.out, held)
    with pytest.raises(PathError, match="holds something else"):
        open_dataset(bench.store, sealed.manifest_cid, bench.key, bench.out)
    assert read_tree(bench.out) == held


def test_a_file_or_link_in_the_way_is_left_alone(bench: Bench) -> None:
    sealed = bench.seal(FILES)
    bench.out.write_bytes(b"mine")
    (bench.root / "elsewhere").mkdir()
    (bench.root / "link").symlink_to(bench.root / "elsewhere")
    for destination in (bench.out, bench.root / "link"):
        with pytest.raises(PathError, match="exists already"):
            open_dataset(bench.store, sealed.manifest_cid, bench.key, destination)
    assert bench.out.read_bytes() == b"mine"
    assert read_tree(bench.root / "elsewhere") == {}


def test_a_missing_parent_is_said_so(bench: Bench) -> None:
    sealed = bench.seal(FILES)
    with pytest.raises(PathError, match="cannot be written: no such file or directory"):
        open_dataset(bench.store, sealed.manifest_cid, bench.key, bench.root / "no" / "out")


def test_a_dataset_that_is_there_through_a_link_is_not_taken_for_it(bench: Bench) -> None:
    sealed = bench.seal({"a/b": b"x"})
    opened(bench, sealed.manifest_cid)
    (bench.out / "a").rename(bench.root / "moved")
    (bench.out / "a").symlink_to(bench.root / "moved")
    with pytest.raises(PathError, match="holds something else"):
        open_dataset(bench.store, sealed.manifest_cid, bench.key, bench.out)


def test_another_datasets_key_is_refused(bench: Bench) -> None:
    sealed = bench.seal(FILES)
    bench.damage(sealed.manifest.entry(5), 0)  # said before hours of checking what it could not open anyway
    with pytest.raises(KeyMaterialError, match="does not open the dataset"):
        opened(bench, sealed.manifest_cid, DatasetKey.generate())
    assert nothing_is_there(bench)


@pytest.mark.parametrize("name", ["f1", "a/b/c", "long", "the listing"])
def test_damage_is_refused_before_any_plaintext_exists(
    bench: Bench, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = bench.seal(FILES)
    index = 0 if name == "the listing" else sorted(FILES, key=os.fsencode).index(name) + 1
    bench.damage(sealed.manifest.entry(index), 5)
    monkeypatch.setattr("ledger.sealing.open.decrypt_body", lambda *_: pytest.fail("something was decrypted"))
    with pytest.raises(CidMismatchError):
        opened(bench, sealed.manifest_cid)
    assert nothing_is_there(bench)


@pytest.mark.parametrize("how", rearranged(bytes(4 * 65_564)))
def test_segments_out_of_order_are_refused_before_any_plaintext_exists(bench: Bench, how: str) -> None:
    sealed = bench.seal({"a": b"first", "b": content(300_000)})
    spoilt = rearranged(bench.body(sealed.manifest.entry(2)))[how]
    with pytest.raises(SegmentError, match="File 2"):
        opened(bench, bench.replace_body(sealed, 2, spoilt))
    assert nothing_is_there(bench)


def test_two_files_cannot_change_places(bench: Bench) -> None:
    sealed = bench.seal({"a": content(100), "b": content(100, "b")})
    plain = sealed.manifest.model_dump()
    one, other = plain["files"][1:]
    one["index"], other["index"] = other["index"], one["index"]
    plain["files"] = (plain["files"][0], other, one)
    forged = bench.store.put_bytes(Manifest.model_validate(plain).canonical_bytes())
    with pytest.raises(SegmentError, match="cannot be decrypted"):
        opened(bench, forged)
    assert nothing_is_there(bench)


def with_listing(bench: Bench, sealed: Sealed, listing: bytes) -> Cid:
    """A manifest with another listing, as a hostile holder could make it."""
    made = encrypt_file(BytesSource(listing), bench.key.session_key(0), bench.root / "b", bench.root / "n")
    bench.store.adopt(bench.root / "b", None, made.dag)
    manifest = Manifest(key_commitment=sealed.manifest.key_commitment, files=(made.entry(0), *sealed.manifest.contents))
    return bench.store.put_bytes(manifest.canonical_bytes())


def listing(paths: list[Any], empty: list[str] | None = None) -> bytes:
    files = [{"index": index, "path": path} for index, path in enumerate(paths, 1)]
    plain = {"format": "ledger/listing", "version": 1, "files": files, "emptyDirectories": empty or []}
    return canonical_json(plain)


@pytest.mark.parametrize(
    "hostile",
    [
        listing(["../escape"]),
        listing(["/etc/cron.d/job"]),
        listing(["a/../../escape"]),
        listing(["a"], ["../escape"]),
        listing(["a", "b"]),
        listing([]),
        listing([5]),
        b"{}",
        b"\xff",
    ],
)
def test_a_hostile_listing_is_refused(bench: Bench, hostile: bytes) -> None:
    sealed = bench.seal({"a": b"x"})
    with pytest.raises(DocumentError, match=r"The (listing|document) is malformed"):
        opened(bench, with_listing(bench, sealed, hostile))
    assert nothing_is_there(bench)


def test_a_listing_may_give_any_harmless_names(bench: Bench) -> None:
    sealed = bench.seal({"a": b"x"})
    assert opened(bench, with_listing(bench, sealed, listing(["…/part"], ["tree"]))) == {
        "…": None,
        "…/part": b"x",
        "tree": None,
    }


def test_a_listing_of_endless_length_is_not_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = bench.seal({"a": b"x"})
    monkeypatch.setattr("ledger.sealing.open.MAX_LISTING_SIZE", 10)
    with pytest.raises(DocumentError, match="more than 10 bytes"):
        opened(bench, sealed.manifest_cid)


def test_a_missing_body_is_said_so(bench: Bench) -> None:
    sealed = bench.seal(FILES)
    bench.body_file(sealed.manifest.entry(3)).unlink()
    with pytest.raises(NotStoredError):
        opened(bench, sealed.manifest_cid)
    assert nothing_is_there(bench)


def test_a_full_disk_leaves_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = bench.seal(FILES)
    write = os.pwrite
    calls = iter(range(100))

    def filling(descriptor: int, data: bytes, offset: int) -> int:
        if next(calls) == 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data, offset)

    with monkeypatch.context() as patch:
        patch.setattr("os.pwrite", filling)
        with pytest.raises(NoSpaceError, match="no space left"):
            opened(bench, sealed.manifest_cid)
    assert nothing_is_there(bench)
    assert opened(bench, sealed.manifest_cid) == read_tree(bench.source)


def test_what_a_crash_left_is_used_and_mended(bench: Bench) -> None:
    sealed = bench.seal({"a": content(100_000), "b": content(100_000, "b"), "c": b"x"})
    staging = bench.root / f".out.{str(sealed.manifest_cid)[-16:]}"
    staging.mkdir(mode=0o700)
    write_tree(staging / "tree", {"a": content(100_000), "b": bytes(100_000)})
    (staging / "part").write_bytes(b"half")
    before = (staging / "tree/a").stat().st_ino
    assert opened(bench, sealed.manifest_cid) == read_tree(bench.source)
    assert (bench.out / "a").stat().st_ino == before
    assert not staging.exists()


def test_somebody_elses_directory_is_not_written_to(bench: Bench) -> None:
    sealed = bench.seal({"a": b"x"})
    staging = bench.root / f".out.{str(sealed.manifest_cid)[-16:]}"
    (bench.root / "trap").mkdir()
    staging.symlink_to(bench.root / "trap")
    with pytest.raises(PathError, match="cannot be written"):
        opened(bench, sealed.manifest_cid)
    staging.unlink()
    staging.mkdir(mode=0o777)
    staging.chmod(0o777)
    with pytest.raises(PathError, match="open to others"):
        opened(bench, sealed.manifest_cid)
    assert read_tree(bench.root / "trap") == {}


def test_progress_counts_checking_and_decrypting(bench: Bench) -> None:
    sealed = bench.seal(FILES)
    told: list[tuple[int, int, str]] = []
    for _ in ("written", "compared"):
        told.clear()
        open_dataset(bench.store, sealed.manifest_cid, bench.key, bench.out, progress=lambda *step: told.append(step))
        assert told[-1][:2] == (2 * sealed.manifest.ciphertext_size,) * 2
        assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)


def test_the_destination_may_be_relative(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = bench.seal({"a": b"x"})
    monkeypatch.chdir(bench.root)
    open_dataset(bench.store, sealed.manifest_cid, bench.key, Path("out"))
    assert read_tree(bench.out) == {"a": b"x"}
