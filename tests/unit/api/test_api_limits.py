from __future__ import annotations

import threading
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.idempotency import LIFETIME_SECONDS, MAX_KEYS, IdempotencyKeys
from api.limits import MAX_CLIENTS, ByteBudget, Gate, Limits, RequestRate
from api.problems import RequestError
from ledger.chain.chain import Chain
from ledger.index import Index
from ledger.storage.embedded import EmbeddedStore
from tests.support import api
from tests.support.api import problem


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_body_that_is_too_large_is_refused_announced_or_not(client: TestClient) -> None:
    large = b'{"raw": "0x' + b"00" * 2**20 + b'"}'
    for path in ("/transactions", "/transactions/prepare/licences.pay", "/nowhere"):
        problem(client.post(path, content=large, headers={"Content-Type": "application/json"}), 413, "too-large")
    parts = iter([large[: 2**19], large[2**19 :]])
    streamed = client.post("/transactions", content=parts, headers={"Content-Type": "application/json"})
    problem(streamed, 413, "too-large")


def test_an_absurd_content_length_is_refused(client: TestClient) -> None:
    headers = {"Content-Length": "-5", "Content-Type": "application/json"}
    problem(client.post("/transactions", content=b"{}", headers=headers), 413, "too-large")


@pytest.mark.parametrize("path", ["/datasets", "/nothing", "/problems", "/openapi.json"])
def test_answers_are_neither_guessed_at_nor_kept(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in client.get(path, headers={"Origin": "https://evil.example"}).headers


def test_only_named_hosts_are_answered(silent_chain: Chain, index: Index, tmp_path: Path) -> None:
    hosts = ("ledger.example.org", "[::1]")
    with api.client(silent_chain, index, tmp_path, allowed_hosts=hosts) as client:
        problem(client.get("/datasets", headers={"Host": "evil.example"}), 400, "bad-request")
        problem(client.get("/datasets", headers={"Host": "ledger.example.org.evil.example:80"}), 400, "bad-request")
        for host in ("ledger.example.org", "LEDGER.example.org:8443", "[::1]:8000", "[::1]"):
            assert client.get("/datasets", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://testserver:3000"},
        {"Origin": "http://testserver.evil.example"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_page_of_another_site_changes_nothing(client: TestClient, tmp_path: Path, said: dict[str, str]) -> None:
    text = {"Content-Type": "text/plain"}  # a browser sends this without asking first
    problem(client.post("/documents", content="x", headers=text | said), 403, "cross-origin")
    problem(client.post("/transactions", json={"raw": "0x00"}, headers=said), 403, "cross-origin")
    with EmbeddedStore(tmp_path / "store") as store:
        assert store.pins() == frozenset()
    assert client.get("/datasets", headers=said).status_code == 200  # reading is for all, and pages see no answer


@pytest.mark.parametrize(
    "said",
    [{}, {"Origin": "http://testserver"}, {"Origin": "https://TESTSERVER", "Sec-Fetch-Site": "same-origin"}],
)
def test_programs_and_pages_of_its_own_host_are_served(client: TestClient, said: dict[str, str]) -> None:
    text = {"Content-Type": "text/plain"}
    assert client.post("/documents", content="x", headers=text | said).status_code == 201


def test_no_page_fetches_scripts_from_elsewhere(client: TestClient) -> None:
    for path in ("/docs", "/redoc"):
        problem(client.get(path), 404)


def test_a_gate_turns_away_the_one_too_many_and_lets_the_next_in_later() -> None:
    gate = Gate(2)
    with gate.entered(), gate.entered():
        with pytest.raises(RequestError) as refused, gate.entered():
            pass
        assert (refused.value.code, refused.value.retry_after) == ("busy", 5)
    with gate.entered():
        pass


def test_a_slow_node_does_not_hold_up_the_catalogue(
    silent_chain: Chain, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on = threading.Semaphore(0), threading.Event()

    def slow(*_: object) -> None:
        asked.release()
        assert go_on.wait(20)

    monkeypatch.setattr(silent_chain, "head", slow)
    with api.client(silent_chain, index, tmp_path, Limits(node_calls=2)) as client:
        waiting = [threading.Thread(target=client.get, args=("/network",)) for _ in range(2)]
        for thread in waiting:
            thread.start()
            assert asked.acquire(timeout=20)
        turned_away = client.get("/network")
        problem(turned_away, 503, "busy")
        assert turned_away.headers["retry-after"] == "5"
        assert client.get("/datasets").status_code == 200
        go_on.set()
        for thread in waiting:
            thread.join(20)
        monkeypatch.undo()
        problem(client.get("/network"), 503, "node-unavailable")  # a place is free again


def test_a_rate_is_refilled_evenly() -> None:
    clock = Clock()
    rate = RequestRate(3, clock=clock)
    for _ in range(3):
        rate.take("a")
    with pytest.raises(RequestError) as refused:
        rate.take("a")
    assert refused.value.retry_after is not None
    rate.take("b")
    clock.now += refused.value.retry_after
    rate.take("a")
    with pytest.raises(RequestError):
        rate.take("a")
    clock.now += 3_600
    for _ in range(3):
        rate.take("a")
    with pytest.raises(RequestError):
        rate.take("a")


def test_so_many_clients_are_remembered_and_no_more() -> None:
    rate = RequestRate(1, clock=Clock())
    for client in range(MAX_CLIENTS + 5):
        rate.take(str(client))
    assert len(rate._buckets) == MAX_CLIENTS


def test_a_budget_of_bytes_is_refilled_over_a_day() -> None:
    clock = Clock()
    budget = ByteBudget(86_400, clock=clock)
    budget.take(86_400)
    with pytest.raises(RequestError) as refused:
        budget.take(100)
    assert refused.value.retry_after == 101
    clock.now += 100
    budget.take(100)


def test_a_key_belongs_to_one_body() -> None:
    keys = IdempotencyKeys(clock=Clock())
    with keys.held("A", "k", b"one"):
        pass
    with keys.held("A", "k", b"one"):
        pass
    with pytest.raises(RequestError) as refused, keys.held("A", "k", b"two"):
        pass
    assert refused.value.code == "idempotency-mismatch"
    with keys.held("A", None, b"three"), keys.held("A", None, b"three"):
        pass


def test_nobody_meets_the_keys_of_others() -> None:
    keys = IdempotencyKeys(clock=Clock())
    with keys.held("A", "k", b"one"), keys.held("B", "k", b"two"):
        pass
    with pytest.raises(RequestError), keys.held("B", "k", b"one"):
        pass


def test_a_key_in_use_is_a_conflict_and_a_failed_request_gives_it_back() -> None:
    keys = IdempotencyKeys(clock=Clock())
    with keys.held("A", "k", b"one"):
        with pytest.raises(RequestError) as refused, keys.held("A", "k", b"one"):
            pass
        assert refused.value.code == "idempotency-conflict"
    with pytest.raises(ZeroDivisionError), keys.held("A", "j", b"one"):
        raise ZeroDivisionError
    with keys.held("A", "j", b"two"):
        pass


def test_a_repeat_that_fails_does_not_free_the_key() -> None:
    keys = IdempotencyKeys(clock=Clock())
    with keys.held("A", "k", b"one"):
        pass
    with pytest.raises(ZeroDivisionError), keys.held("A", "k", b"one"):
        raise ZeroDivisionError
    with pytest.raises(RequestError), keys.held("A", "k", b"two"):
        pass


def test_keys_are_forgotten_after_a_day_and_beyond_a_number() -> None:
    clock = Clock()
    keys = IdempotencyKeys(clock=clock)
    for number in range(MAX_KEYS + 1):
        with keys.held("A", str(number), b"one"):
            pass
    assert len(keys._uses) == MAX_KEYS
    with keys.held("A", "0", b"two"):
        pass
    clock.now += LIFETIME_SECONDS + 1
    with keys.held("A", "5000", b"two"):
        pass
    assert len(keys._uses) == 1
