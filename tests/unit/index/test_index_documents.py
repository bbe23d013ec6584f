"""Metadata documents: what the store has, has not, or has in a form that nobody can read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ledger.errors import CidMismatchError, NotStoredError, StorageError, StoreUnavailableError
from ledger.index import Index, Indexer, queries
from ledger.index import documents as module
from ledger.index.documents import Documents
from ledger.index.entries import DatasetEntry
from ledger.index.schema import documents
from ledger.model.cid import Cid
from ledger.model.ids import DatasetId
from ledger.model.metadata import MAX_DOCUMENT_BYTES, Metadata, Organization
from ledger.storage.embedded import EmbeddedStore
from tests.support.simulated_chain import SimulatedChain
from tests.support.simulated_ledger import account, digest

NOW = 1_760_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with EmbeddedStore(tmp_path / "store") as opened:
        yield opened


def described(name: str = "Survival after surgery", **changes: Any) -> Metadata:
    stated = {
        "name": name,
        "description": "Follow-up of 306 patients, 1958 to 1970.",
        "date_published": date(2026, 1, 31),
        "license": "https://example.org/terms",
        "creator": Organization(id="https://ror.org/0245cg223", name="Universitätsklinikum"),
        "keywords": ("oncology", "Überleben"),
    }
    return Metadata(**stated | changes)


def ledger_with(*digests: bytes) -> SimulatedChain:
    """A chain with a dataset for each digest."""
    chain = SimulatedChain(seed=1)
    chain.say(
        (
            "Members",
            "MemberAdmitted",
            {
                "member": 1,
                "principal": account(1),
                "kinds": 1,
                "country": b"DE",
                "metadata_digest": bytes(32),
                "name": "Hospital",
            },
        )
    )
    for dataset, metadata_digest in enumerate(digests, start=1):
        registration = {
            "collector": 1,
            "size": 1,
            "embargo_until": 0,
            "funding": 0,
            "tier": 0,
            "human_genetic_resources": False,
            "manifest_codec": 0x55,
            "manifest_digest": digest(dataset),
            "metadata_digest": metadata_digest,
            "key_commitment": digest("key"),
            "supersedes": 0,
            "parents": [],
            "attribution": "City Hospital",
        }
        chain.say(("Datasets", "DatasetRegistered", {"dataset": dataset, "holder": 1, "registration": registration}))
    return chain


def found(index: Index, text: str) -> list[int]:
    return [entry.dataset.id for entry in queries.datasets(index, text=text).items]


def entry(index: Index, dataset: int) -> DatasetEntry:
    read = queries.dataset(index, DatasetId(dataset))
    assert read is not None
    return read


def test_a_document_in_the_store_is_searched(index: Index, store: EmbeddedStore) -> None:
    one = store.put_bytes(described().document())
    other = store.put_bytes(described("CT images", keywords=("DICOM",), description="Heads.").document())
    chain = ledger_with(one.digest, other.digest)

    assert Indexer(index, chain, store).sync().documents == 2

    assert found(index, "SURVIVAL patients") == [1]
    assert found(index, "überleben") == [1]
    assert found(index, "dicom city") == [2]  # a word of the document and one of the attribution
    assert found(index, "universitätsklinikum") == [2, 1]
    assert found(index, "survival dicom") == []
    shown = entry(index, 1)
    assert shown.document == "present"
    assert shown.description is not None
    assert shown.description.keywords == ("oncology", "Überleben")
    assert queries.metadata(index, DatasetId(1)) == described()


def test_a_document_that_comes_later_is_found_later(index: Index, store: EmbeddedStore) -> None:
    chain = ledger_with(Cid.from_digest(_sha256(described().document())).digest)
    looking = Documents(index, store)
    assert Indexer(index, chain).sync().documents == 0
    assert entry(index, 1).document == "unknown"

    assert looking.look(NOW) == 0
    assert (entry(index, 1).document, entry(index, 1).description) == ("missing", None)
    store.put_bytes(described().document())

    assert looking.look(NOW + 9) == 0  # not due yet
    assert looking.look(NOW + 10) == 1
    assert entry(index, 1).document == "present"
    assert looking.look(NOW + 10**6) == 0


def test_missing_documents_are_looked_for_less_and_less(index: Index, store: EmbeddedStore) -> None:
    Indexer(index, ledger_with(digest("nowhere"))).sync()
    looking, now, waits = Documents(index, store), NOW, []
    for _ in range(14):
        looking.look(now)
        with index.reading() as connection:
            row = connection.execute(select(documents)).one()
        waits.append(row.retry_at - now)
        now = row.retry_at
    assert waits == sorted(waits)
    assert (waits[0], waits[1], waits[-1]) == (10, 20, 3_600)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not JSON",
        b'{"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": []}',
        b"[" * 50_000,
        b"x" * (MAX_DOCUMENT_BYTES + 1),
        described().document().replace(b'"name":"Survival', b'"nome":"Survival'),
    ],
)
def test_a_malformed_document_is_noted_and_not_looked_at_again(
    index: Index, store: EmbeddedStore, content: bytes
) -> None:
    cid = store.put_bytes(content) if content and len(content) <= MAX_DOCUMENT_BYTES else None
    good = store.put_bytes(described().document())
    chain = ledger_with(_sha256(content) if cid is None else cid.digest, good.digest)
    if cid is None:
        store = _Giving(store, content)  # type: ignore[assignment] # a store with one more content

    assert Indexer(index, chain, store).sync().documents == 1
    assert entry(index, 1).document == "malformed"
    assert entry(index, 2).document == "present"
    assert Documents(index, store).look(NOW * 2) == 0
    with index.reading() as connection:
        row = connection.execute(select(documents).where(documents.c.status == "malformed")).one()
    assert (row.attempts, row.name, row.document) == (1, None, None)
    assert row.problem


class _Giving:
    """A store that also has a content of one leaf that no file of its own would be."""

    def __init__(self, store: EmbeddedStore, content: bytes) -> None:
        self._store = store
        self._content = content

    def get_bytes(self, cid: Cid, *, limit: int) -> bytes:
        if cid.digest == _sha256(self._content):
            return self._content
        return self._store.get_bytes(cid, limit=limit)


def test_text_that_no_database_can_hold_does_not_stop_it(index: Index, store: EmbeddedStore) -> None:
    document = described("PLACE").document().replace(b'"PLACE"', b'"a\\u0000b \\ud800"')
    chain = ledger_with(store.put_bytes(document).digest)

    Indexer(index, chain, store).sync()

    description = entry(index, 1).description
    assert description is None or description.name == "a\ufffdb \ufffd"


class _Failing:
    """A store that fails in a chosen way."""

    def __init__(self, error: StorageError | CidMismatchError) -> None:
        self.error = error
        self.asked = 0

    def get_bytes(self, cid: Cid, *, limit: int) -> bytes:
        assert (cid.codec, limit) == (0x55, MAX_DOCUMENT_BYTES)
        self.asked += 1
        raise self.error


def error_of(kind: type[Any]) -> Any:
    return kind("The store failed", why="it is a test", fix="end the test")


def test_a_store_that_is_away_is_left_alone_and_counts_against_no_document(index: Index) -> None:
    store = _Failing(error_of(StoreUnavailableError))
    Indexer(index, ledger_with(digest("one"), digest("two"))).sync()
    looking = Documents(index, store)  # type: ignore[arg-type] # only get_bytes is used

    for now in range(NOW, NOW + 31):
        assert looking.look(now) == 0

    assert store.asked == 3  # at once, after 10 s, after another 20 s
    assert entry(index, 1).document == "unknown"


def test_a_store_that_has_come_back_is_trusted_again(index: Index) -> None:
    store = _Failing(error_of(StoreUnavailableError))
    Indexer(index, ledger_with(digest("one"))).sync()
    looking = Documents(index, store)  # type: ignore[arg-type] # only get_bytes is used
    for now in (NOW, NOW + 10, NOW + 30):
        looking.look(now)
    store.error = error_of(NotStoredError)
    looking.look(NOW + 70)
    store.error = error_of(StoreUnavailableError)
    asked = store.asked

    looking.look(NOW + 80)
    looking.look(NOW + 90)

    assert store.asked == asked + 2  # ten seconds after the first failure, not forty


@pytest.mark.parametrize("kind", [NotStoredError, CidMismatchError])
def test_a_document_that_cannot_be_had_is_missing(index: Index, kind: type[Any]) -> None:
    store = _Failing(error_of(kind))
    chain = ledger_with(digest("one"), digest("two"))

    Indexer(index, chain, store).sync()  # type: ignore[arg-type] # only get_bytes is used

    assert store.asked == 2
    assert [entry(index, dataset).document for dataset in (1, 2)] == ["missing", "missing"]


def test_one_round_takes_only_so_long(index: Index, store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    Indexer(index, ledger_with(*(digest(number) for number in range(5)))).sync()
    monkeypatch.setattr(module, "_BUDGET", -1.0)
    looking = Documents(index, store)
    for looked_at in range(1, 6):
        looking.look(NOW)
        with index.reading() as connection:
            assert len(connection.execute(select(documents)).all()) == looked_at


def test_documents_are_no_part_of_the_digest(index: Index, store: EmbeddedStore) -> None:
    chain = ledger_with(store.put_bytes(described().document()).digest)
    Indexer(index, chain).sync()
    before = index.digest()
    Indexer(index, chain, store).sync()

    assert index.digest() == before


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
