from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.limits import Limits
from ledger.chain.chain import Chain
from ledger.index import Index
from ledger.model.cid import Cid
from ledger.storage.embedded import EmbeddedStore
from tests.support import api
from tests.support.api import problem

LONG = random.Random(5).randbytes(700_000)  # noqa: S311 - repeatable content, no secret


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with EmbeddedStore(tmp_path / "store") as opened:
        yield opened


def same(one: bytes, other: bytes) -> bool:
    """Apart, so that no difference of megabytes is ever shown."""
    return one == other


def test_content_comes_whole_and_may_be_kept_for_ever(client: TestClient, store: EmbeddedStore) -> None:
    for content in (b"", b"x", LONG):
        cid = store.put_bytes(content)
        response = client.get(f"/content/{cid}")
        assert response.status_code == 200
        assert same(response.content, content)
        assert response.headers["etag"] == f'"{cid}"'
        assert response.headers["content-length"] == str(len(content))
        assert "immutable" in response.headers["cache-control"]
        assert response.headers["content-disposition"] == "attachment"
        again = client.get(f"/content/{cid}", headers={"If-None-Match": f'"{cid}"'})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=262143-262145", 262_143, 262_146),
        ("bytes=600000-", 600_000, 700_000),
        ("bytes=-5", 699_995, 700_000),
        ("bytes=699999-9999999", 699_999, 700_000),
    ],
)
def test_a_range_is_exactly_those_bytes(
    client: TestClient, store: EmbeddedStore, asked: str, start: int, stop: int
) -> None:
    cid = store.put_bytes(LONG)
    response = client.get(f"/content/{cid}", headers={"Range": asked})
    assert response.status_code == 206
    assert same(response.content, LONG[start:stop])
    assert response.headers["content-range"] == f"bytes {start}-{stop - 1}/700000"


@pytest.mark.parametrize(
    "asked", ["bytes=", "bytes=-", "bytes=5-3", "bytes=0-1,4-5", "lines=0-1", "bytes=-9999999", "bytes=-0"]
)
def test_what_is_not_one_range_gets_the_whole(client: TestClient, store: EmbeddedStore, asked: str) -> None:
    cid = store.put_bytes(LONG)
    response = client.get(f"/content/{cid}", headers={"Range": asked})
    assert response.status_code == 200
    assert same(response.content, LONG)


def test_a_range_beyond_the_end_is_refused(client: TestClient, store: EmbeddedStore) -> None:
    cid = store.put_bytes(LONG)
    problem(client.get(f"/content/{cid}", headers={"Range": "bytes=700000-"}), 416, "range-not-satisfiable")


def test_content_that_is_not_here_is_not_found(client: TestClient) -> None:
    cid = Cid.from_digest(hashlib.sha256(b"elsewhere").digest())
    for headers in ({}, {"If-None-Match": f'"{cid}"'}):
        problem(client.get(f"/content/{cid}", headers=headers), 404, "not-stored")


def damage(directory: Path, cid: Cid) -> None:
    """Flip a bit of the stored content, as a failing disk would."""
    stored = [path for path in directory.rglob("*") if path.is_file() and path.stat().st_size >= 1_000]
    assert stored, f"nothing is stored of {cid}"
    for path in stored:
        path.chmod(0o644)
        content = bytearray(path.read_bytes())
        content[500] ^= 1
        path.write_bytes(content)


def test_damaged_content_is_never_given_out(client: TestClient, store: EmbeddedStore, tmp_path: Path) -> None:
    cid = store.put_bytes(b"m" * 2_000)
    damage(tmp_path / "store", cid)
    problem(client.get(f"/content/{cid}"), 502, "cid-mismatch")


def test_metadata_and_manifest_are_the_bytes_that_the_ledger_names(
    client: TestClient,
) -> None:
    dataset = client.get("/datasets?limit=1").json()["items"][0]
    for part in ("metadata", "manifest"):
        problem(client.get(f"/datasets/{dataset['id']}/{part}"), 404, "not-stored")


def test_a_document_is_stored_and_named(client: TestClient, store: EmbeddedStore) -> None:
    text = "Überleben nach Operationen am Dickdarm.".encode()
    response = client.post("/documents", content=text, headers={"Content-Type": "text/plain; charset=utf-8"})
    assert response.status_code == 201
    stored = response.json()
    assert stored == {
        "cid": str(Cid.from_digest(hashlib.sha256(text).digest())),
        "digest": "0x" + hashlib.sha256(text).hexdigest(),
        "size": len(text),
    }
    assert client.get(response.headers["location"]).content == text
    assert Cid.parse(stored["cid"]) in store.pins()
    again = client.post("/documents", content=text, headers={"Content-Type": "text/plain"})
    assert again.json() == stored


@pytest.mark.parametrize(
    ("kind", "content", "refusal"),
    [
        ("text/plain", b"", (422, "invalid")),
        ("text/plain", b"\xff\xfe", (422, "invalid")),
        ("text/plain", b"x" * (2**18 + 1), (413, "too-large")),
        ("application/json", b"{", (422, "invalid")),
        ("application/json", b"[" * 200_000, (422, "invalid")),
        ("application/pdf", b"%DOC", (422, "invalid")),
        ("text/html", b"<script>", (415, "unsupported-media-type")),
        ("", b"x", (415, "unsupported-media-type")),
    ],
)
def test_a_document_that_cannot_be_one_is_refused(
    client: TestClient, store: EmbeddedStore, kind: str, content: bytes, refusal: tuple[int, str]
) -> None:
    problem(client.post("/documents", content=content, headers={"Content-Type": kind}), *refusal)
    assert store.pins() == frozenset()


@pytest.mark.parametrize(
    ("kind", "content"),
    [("application/json", b'{"share": 0.5}'), ("application/pdf", b"%PDF-1.7 \xff"), ("text/plain", b"x" * 2**18)],
)
def test_documents_of_each_kind_are_taken(client: TestClient, kind: str, content: bytes) -> None:
    assert client.post("/documents", content=content, headers={"Content-Type": kind}).status_code == 201


def test_documents_are_taken_only_so_fast_and_so_many(silent_chain: Chain, index: Index, tmp_path: Path) -> None:
    text = {"Content-Type": "text/plain"}
    with api.client(silent_chain, index, tmp_path, Limits(documents_per_minute=2)) as client:
        for number in range(2):
            assert client.post("/documents", content=f"{number}", headers=text).status_code == 201
        refused = client.post("/documents", content="3", headers=text)
        problem(refused, 429, "rate-limited")
        assert 0 < int(refused.headers["retry-after"]) <= 31
    with api.client(silent_chain, index, tmp_path, Limits(document_bytes_per_day=10)) as client:
        assert client.post("/documents", content="123456", headers=text).status_code == 201
        problem(client.post("/documents", content="12345", headers=text), 429, "rate-limited")


def test_so_many_read_content_at_once_and_the_next_is_told(
    silent_chain: Chain, index: Index, tmp_path: Path, store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    cid = store.put_bytes(b"x" * 100)
    asked, go_on = threading.Semaphore(0), threading.Event()
    size = EmbeddedStore.size

    def slow(self: EmbeddedStore, cid: Cid) -> int:
        asked.release()
        assert go_on.wait(20)
        return size(self, cid)

    monkeypatch.setattr(EmbeddedStore, "size", slow)
    # Fewer threads for all than those who read: each is held in one of its own, and the catalogue answers all the same.
    limits = Limits(content_reads=3, content_threads=3, threads=2)
    with api.client(silent_chain, index, tmp_path / "store", limits) as client:
        got: list[bytes] = []
        reading = [threading.Thread(target=lambda: got.append(client.get(f"/content/{cid}").content)) for _ in range(3)]
        for thread in reading:
            thread.start()
        for _ in reading:
            assert asked.acquire(timeout=20)
        turned_away = client.get(f"/content/{cid}")
        problem(turned_away, 503, "busy")
        assert turned_away.headers["retry-after"] == "5"
        assert client.get("/datasets").status_code == 200
        go_on.set()
        for thread in reading:
            thread.join(20)
        assert got == [b"x" * 100] * 3
        monkeypatch.undo()
        for _ in range(5):  # places are free again, whatever the answer was
            assert client.get(f"/content/{cid}").status_code == 200
            problem(client.get(f"/content/{cid}", headers={"Range": "bytes=100-"}), 416)
