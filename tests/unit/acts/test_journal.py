"""What a registration remembers of itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ledger.acts.journal import Journal, Progressed, fingerprint
from ledger.errors import DocumentError, PathError, UsageError
from ledger.model.cid import Cid
from ledger.model.ids import DatasetId, Digest
from tests.support.institution import study

RECORD = Progressed(commitment=Digest(b"\1" * 32), fingerprint=Digest(b"\2" * 32))


def journal(tmp_path: Path, source: str = "study", network: bytes = b"net") -> Journal:
    return Journal(tmp_path / "journals", network, tmp_path / source)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    whole = RECORD.model_copy(update={"manifest": Cid.from_digest(bytes(32)), "dataset": DatasetId(3)})
    with journal(tmp_path).locked() as open_journal:
        assert open_journal.read() is None
        for record in (RECORD, whole):
            open_journal.write(record)
            assert open_journal.read() == record
    with journal(tmp_path).locked() as again:
        assert again.read() == whole


def test_each_source_on_each_network_has_its_own(tmp_path: Path) -> None:
    directories = {
        journal(tmp_path).directory,
        journal(tmp_path, "other").directory,
        journal(tmp_path, network=b"other").directory,
    }
    assert len(directories) == 3
    assert journal(tmp_path, "./other/../study").directory in directories


def test_only_one_process_holds_it(tmp_path: Path) -> None:
    with (
        journal(tmp_path).locked(),
        pytest.raises(UsageError, match="being registered"),
        journal(tmp_path).locked(),
    ):
        pass  # pragma: no cover

    with journal(tmp_path).locked():
        pass


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    with journal(tmp_path).locked() as held:
        assert held.directory.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b'{"format": "ledger/registration", "version": 2}'])
def test_a_damaged_record_is_told(tmp_path: Path, data: bytes) -> None:
    with journal(tmp_path).locked() as held:
        (held.directory / "registration.json").write_bytes(data)
        with pytest.raises(DocumentError, match="damaged"):
            held.read()


def test_forgetting_what_was_sealed_twice_is_once(tmp_path: Path) -> None:
    with journal(tmp_path).locked() as held:
        held.sealing.mkdir()
        (held.sealing / "body").write_bytes(b"x")
        for _ in range(2):
            held.forget_sealing()
            assert not held.sealing.exists()


def test_a_fingerprint_changes_with_names_sizes_and_times(tmp_path: Path) -> None:
    source = study(tmp_path / "study")
    digest, size = fingerprint(source)
    assert size == sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    assert fingerprint(source) == (digest, size)

    seen = {digest}
    os.utime(source / "table.csv", ns=(1, 1))
    seen.add(fingerprint(source)[0])
    (source / "table.csv").rename(source / "renamed.csv")
    seen.add(fingerprint(source)[0])
    (source / "another").mkdir()
    seen.add(fingerprint(source)[0])
    (source / "another").rmdir()
    (source / "another").write_bytes(b"")
    seen.add(fingerprint(source)[0])
    assert len(seen) == 5


def test_a_fingerprint_follows_no_link(tmp_path: Path) -> None:
    source = study(tmp_path / "study")
    (source / "link").symlink_to(tmp_path)

    with pytest.raises(PathError, match="symbolic link"):
        fingerprint(source)
