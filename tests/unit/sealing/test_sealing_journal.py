from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ledger.crypto.derive import DatasetKey
from ledger.errors import PathError, UsageError
from ledger.model.cid import Cid, Codec
from ledger.model.manifest import FileEntry
from ledger.sealing.journal import Journal, Record
from ledger.storage.source import Identity

KEY = DatasetKey(bytes(range(32)))
IDENTITY = Identity(1, 2, 3, 4, 5)


def record(journal: Journal, index: int = 1, *, checked: bool = False) -> Record:
    entry = FileEntry(
        index=index,
        body=Cid(Codec.RAW, index.to_bytes(32, "big")),
        plaintext_size=0,
        ciphertext_size=0,
        segments=0,
        segment_root="0x" + "22" * 32,
    )
    return Record(journal.file_source(index, f"name-{index}", IDENTITY), entry, checked)


def written(directory: Path, count: int = 3) -> list[Record]:
    with Journal.opened(directory, KEY) as journal:
        records = [record(journal, index) for index in range(1, count + 1)]
        for made in records:
            journal.add(made)
    return records


def found(directory: Path, records: list[Record], key: DatasetKey = KEY) -> list[Record | None]:
    with Journal.opened(directory, key) as journal:
        return [journal.find(made.source) for made in records]


def test_what_was_written_is_found_again(tmp_path: Path) -> None:
    records = written(tmp_path)
    assert found(tmp_path, records) == records


def test_the_last_word_counts(tmp_path: Path) -> None:
    with Journal.opened(tmp_path, KEY) as journal:
        journal.add(record(journal))
        journal.add(record(journal, checked=True))
        assert journal.find(record(journal).source) == record(journal, checked=True)
    assert found(tmp_path, [record(Journal(tmp_path, KEY))]) == [record(Journal(tmp_path, KEY), checked=True)]


def test_another_key_finds_nothing_and_spoils_nothing(tmp_path: Path) -> None:
    records = written(tmp_path)
    other = DatasetKey.generate()
    assert found(tmp_path, records, other) == [None] * 3
    with Journal.opened(tmp_path, other) as journal:
        journal.add(record(journal))
    assert found(tmp_path, records) == records


def test_a_source_is_its_place_name_size_and_time() -> None:
    journal = Journal(Path("unused"), KEY)
    same = journal.file_source(1, "a", IDENTITY)
    assert same == journal.file_source(1, "a", Identity(1, 2, 3, 4, 5))
    others = [journal.file_source(2, "a", IDENTITY), journal.file_source(1, "b", IDENTITY)]
    others += [
        journal.file_source(1, "a", identity)
        for identity in (
            Identity(9, 2, 3, 4, 5),
            Identity(1, 9, 3, 4, 5),
            Identity(1, 2, 9, 4, 5),
            Identity(1, 2, 3, 9, 5),
            Identity(1, 2, 3, 4, 9),
        )
    ]
    others += [journal.bytes_source(1, b"a"), journal.bytes_source(2, b"a"), journal.bytes_source(1, b"b")]
    assert len({same, *others}) == 11


@pytest.mark.parametrize("cut", [1, 2, 10, 100, 200])
def test_a_torn_last_line_is_as_good_as_not_there(tmp_path: Path, cut: int) -> None:
    records = written(tmp_path)
    path = tmp_path / "journal"
    os.truncate(path, path.stat().st_size - cut)
    kept = found(tmp_path, records)
    assert kept[:2] == records[:2]
    with Journal.opened(tmp_path, KEY) as journal:
        journal.add(records[2])  # and does not spoil what is written after it
    assert found(tmp_path, records) == records


def test_no_byte_of_a_line_can_be_changed(tmp_path: Path) -> None:
    records = written(tmp_path, 1)
    path = tmp_path / "journal"
    whole = path.read_bytes()
    for at in range(1, len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert found(tmp_path, records) == [None]


@pytest.mark.parametrize("line", [b"", b"[]", b"null", b"5", b'{"code":5}', b'{"code":"00"}', b"\xff", b"{" * 10_000])
def test_nonsense_is_passed_over(tmp_path: Path, line: bytes) -> None:
    records = written(tmp_path)
    path = tmp_path / "journal"
    path.write_bytes(line + b"\n" + path.read_bytes() + line)
    assert found(tmp_path, records) == records


def test_two_cannot_work_in_it_at_once(tmp_path: Path) -> None:
    with Journal.opened(tmp_path, KEY):
        second = Journal.opened(tmp_path, KEY)
        with pytest.raises(UsageError, match="being sealed already"):
            second.__enter__()
    with Journal.opened(tmp_path, KEY):
        assert (tmp_path / "lock").exists()


def test_it_holds_no_secret_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    state = tmp_path / "state"
    written(state)
    data = b"".join(path.read_bytes() for path in state.iterdir())
    for secret in (KEY.secret, KEY.session_key(1), KEY.journal_key()):
        assert secret not in data
        assert secret.hex().encode() not in data.lower()
    assert b"name-1" not in data
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in state.iterdir())


def test_an_unusable_directory_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PathError, match="cannot be used to seal in"), Journal.opened(tmp_path / "file", KEY):
        pytest.fail("it was opened")


def test_what_is_left_of_a_body_can_be_discarded(tmp_path: Path) -> None:
    with Journal.opened(tmp_path, KEY) as journal:
        journal.body.write_bytes(b"half")
        journal.discard_body()
        journal.discard_body()
        assert not journal.body.exists()
