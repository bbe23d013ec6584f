"""The Kubo store against a daemon that lies, stalls, or is something else."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import CidMismatchError, IntegrityError, LedgerError, NotStoredError, StoreUnavailableError
from ledger.model.cid import Cid
from ledger.storage.dagpb import MAX_NODE_SIZE
from ledger.storage.kubo import KuboStore
from ledger.storage.unixfs import Dag, cid_of_bytes
from tests.support.blocks import MemoryBlocks
from tests.support.lying_daemon import LyingDaemon, Request
from tests.support.storage_cases import CHUNK, content, make_tree

OTHER = str(cid_of_bytes(b"other"))
DATA = content(3 * CHUNK)
BLOCKS = MemoryBlocks()
FILE = BLOCKS.file(DATA)


def _block(request: Request) -> None:
    by_name = {str(cid): block for cid, block in BLOCKS.blocks.items()}
    request.bytes(by_name[request.arguments[0]])


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: request.json({"Name": "content", "Hash": OTHER}),
        lambda request: request.json({"Name": "content", "Hash": "QmOther"}),
        lambda request: request.json({"Name": "content"}),
        lambda request: request.json(),
    ],
    ids=["another CID", "a CIDv0", "no CID", "nothing"],
)
def test_another_cid_than_the_one_computed_is_refused(answer: Callable[[Request], None], tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(b"leaf")
    with LyingDaemon(add=answer) as daemon, KuboStore(daemon.url) as store:
        acts: list[Callable[[], Cid]] = [
            lambda: store.put_bytes(b"bytes"),
            lambda: store.add(body),
            lambda: store.adopt(body, None, Dag(cid_of_bytes(b"leaf"), 4, 4)),
            lambda: store.add_directory(make_tree("nested", tmp_path / "tree")),
        ]
        for act in acts:
            with pytest.raises(CidMismatchError, match="did not take"):
                act()
    assert body.exists()


@pytest.mark.parametrize("leaf", [0, 1, 2])
def test_a_daemon_that_gives_other_bytes_is_found_out(leaf: int) -> None:
    at = leaf * CHUNK + 5
    lie = DATA[:at] + bytes([DATA[at] ^ 1]) + DATA[at + 1 :]
    with LyingDaemon(block__get=_block, cat=lambda request: request.bytes(lie)) as daemon:
        _expect_up_to(daemon, leaf)


@pytest.mark.parametrize("leaf", [0, 1, 2])
def test_a_stream_that_breaks_off_goes_on_block_by_block(leaf: int) -> None:
    cut = DATA[: leaf * CHUNK + 5]
    with LyingDaemon(block__get=_block, cat=lambda request: request.bytes(cut, length=len(DATA))) as daemon:
        with KuboStore(daemon.url) as store:
            assert b"".join(store.open(FILE.cid)) == DATA
        assert daemon.calls.count("/block/get") == 1 + 3 - leaf


def test_a_daemon_that_gives_too_much_is_not_listened_to() -> None:
    with (
        LyingDaemon(block__get=_block, cat=lambda request: request.bytes(DATA + DATA)) as daemon,
        KuboStore(daemon.url) as store,
    ):
        assert b"".join(store.open(FILE.cid)) == DATA


def _expect_up_to(daemon: LyingDaemon, leaf: int) -> None:
    with KuboStore(daemon.url) as store:
        parts = store.open(FILE.cid)
        given = [next(parts) for _ in range(leaf)]
        with pytest.raises(CidMismatchError):
            next(parts)
        assert b"".join(given) == DATA[: leaf * CHUNK]


@pytest.mark.parametrize("block", [b"", bytes(100), bytes(MAX_NODE_SIZE + 2)], ids=["empty", "zeros", "too long"])
def test_another_block_is_refused(block: bytes) -> None:
    with LyingDaemon(block__get=lambda request: request.bytes(block)) as daemon, KuboStore(daemon.url) as store:
        for act in (
            lambda: list(store.open(FILE.cid)),
            lambda: store.size(FILE.cid),
            lambda: store.entries(FILE.cid),
            lambda: store.get_bytes(cid_of_bytes(b"leaf"), limit=100),
        ):
            with pytest.raises(CidMismatchError):
                act()


def test_a_block_without_end_is_cut_at_the_limit() -> None:
    def endless(request: Request) -> None:
        request.send_response(200)
        request.end_headers()
        request.close_connection = True
        sent = 0
        try:
            while sent < 2**30:
                sent += request.wfile.write(bytes(2**20))
        except OSError:
            answered.append(sent)

    answered: list[int] = []
    with LyingDaemon(block__get=endless) as daemon:
        with KuboStore(daemon.url) as store, pytest.raises(IntegrityError):
            store.size(FILE.cid)
        until = time.monotonic() + 10
        while not answered and time.monotonic() < until:
            time.sleep(0.01)
    assert answered
    assert answered[0] < 2**27


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (lambda request: request.error("ipld: could not find it"), NotStoredError, "is not in this store"),
        (lambda request: request.error("internal"), LedgerError, "internal"),
        (lambda request: request.bytes(b"403 - Forbidden", 403), StoreUnavailableError, "403"),
        (lambda request: request.bytes(b"<html>", 502), StoreUnavailableError, "502"),
        (lambda request: request.redirect("http://127.0.0.1:1/"), StoreUnavailableError, "connection was lost"),
        (lambda request: request.bytes(b"", length=10), StoreUnavailableError, "connection was lost"),
    ],
)
def test_refusals_become_our_errors(answer: Callable[[Request], None], kind: type[LedgerError], words: str) -> None:
    with (
        LyingDaemon(block__get=answer) as daemon,
        KuboStore(daemon.url) as store,
        pytest.raises(kind, match=words),
    ):
        store.size(FILE.cid)


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: request.bytes(b"<html>a web site</html>"),
        lambda request: request.bytes(b"[1, 2]"),
        lambda request: request.json({"Version": "1"}, {"Version": "2"}),
        lambda request: request.json(),
        lambda request: request.error("404 page not found", 404),
    ],
)
def test_what_is_no_daemon_is_said_to_be_none(answer: Callable[[Request], None]) -> None:
    with LyingDaemon(version=answer) as daemon, pytest.raises(StoreUnavailableError, match="check the address"):
        KuboStore(daemon.url)


def test_a_daemon_that_never_answers_is_given_up() -> None:
    begun = time.monotonic()
    with (
        LyingDaemon(block__get=lambda _: time.sleep(1.5), add=lambda _: time.sleep(1.5)) as daemon,
        KuboStore(daemon.url, timeout=0.5) as store,
    ):
        with pytest.raises(StoreUnavailableError, match="does not answer in time"):
            store.size(FILE.cid)
        with pytest.raises(StoreUnavailableError, match="does not answer in time"):
            store.add(io.BytesIO(b"x"))
    assert time.monotonic() - begun < 10


def test_a_proxy_from_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with LyingDaemon(pin__ls=lambda request: request.json({"Keys": {}})) as daemon, KuboStore(daemon.url) as store:
        assert store.pins() == frozenset()
    assert daemon.calls == ["/version", "/pin/ls"]


def test_an_error_in_the_middle_of_collecting_is_not_swallowed() -> None:
    answer: list[dict[str, Any]] = [{"Key": {"/": OTHER}}, {"Error": "disk on fire"}]
    with (
        LyingDaemon(repo__gc=lambda request: request.json(*answer)) as daemon,
        KuboStore(daemon.url) as store,
        pytest.raises(LedgerError, match="disk on fire"),
    ):
        store.collect_garbage()
