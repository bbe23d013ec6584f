from __future__ import annotations

import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.problems import CONTRACT_ERRORS, LEDGER_ERRORS, PROBLEMS, Problem, kebab, of_error, plain
from ledger import errors
from ledger.chain.artifacts import CONTRACTS, artifact
from ledger.chain.chain import Chain
from ledger.errors import ChainError, LedgerError, RefusedError
from tests.support.api import problem

SECRET = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
ACCOUNT = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


class OddError(ChainError):
    """Of no kind that the table lists."""


def test_every_custom_error_of_the_contracts_has_exactly_one_status() -> None:
    mapped = [name for names in CONTRACT_ERRORS.values() for name in names]
    assert len(mapped) == len(set(mapped))
    assert set(mapped) == {entry.name for name in CONTRACTS for entry in artifact(name).errors.values()}


def test_every_error_class_has_a_status() -> None:
    assert set(LEDGER_ERRORS) == set(errors.__all__) - {"RefusedError"}


def test_no_two_kinds_of_problem_share_a_code() -> None:
    assert len(PROBLEMS) == len({kind.code for kind in PROBLEMS.values()})
    names = sum(map(len, CONTRACT_ERRORS.values()))
    assert sum(1 for kind in PROBLEMS.values() if kind.name in set(sum(CONTRACT_ERRORS.values(), ()))) == names


@pytest.mark.parametrize("kind", PROBLEMS.values(), ids=lambda kind: kind.code)
def test_every_kind_says_what_it_means_and_what_to_do(kind: Any) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.code)
    assert 400 <= kind.status < 600
    assert kind.title
    assert not kind.title.endswith(".")
    assert kind.fix


@pytest.mark.parametrize("name", LEDGER_ERRORS)
def test_an_error_becomes_the_problem_of_its_class(name: str) -> None:
    made: LedgerError = getattr(errors, name)("It broke", why="the reason 7", fix="mend it")
    document = of_error(made)
    assert document.status == LEDGER_ERRORS[name]
    assert document.code in PROBLEMS
    assert ("reason 7" in document.model_dump_json()) == (document.status < 500)


def test_an_error_of_an_unlisted_class_is_that_of_its_nearest_ancestor() -> None:
    document = of_error(OddError("No", why="http://secret-node.internal refused", fix="no"))
    assert document.code == "chain"
    assert "secret-node" not in document.model_dump_json()


def test_a_refusal_carries_the_contracts_error_with_every_digit() -> None:
    refusal = RefusedError(
        "The dataset is under embargo",
        why="embargo until 2027",
        fix="wait",
        name="EmbargoInForce",
        arguments={"dataset": 3, "large": 2**200, "raw": b"\x01"},
    )
    document = json.loads(of_error(refusal).model_dump_json(exclude_none=True))
    assert document["status"] == 409
    assert document["type"] == "/problems/embargo-in-force"
    assert document["error"] == {
        "name": "EmbargoInForce",
        "arguments": {"dataset": 3, "large": str(2**200), "raw": "0x01"},
    }


def test_a_refusal_by_an_error_that_is_not_known_is_a_conflict() -> None:
    assert of_error(RefusedError("No", why="no", fix="no", name="Unknown")).status == 409


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ERC20InsufficientBalance", "erc20-insufficient-balance"),
        ("NotHolder", "not-holder"),
        ("ECDSAInvalidSignatureS", "ecdsa-invalid-signature-s"),
    ],
)
def test_names_become_codes(name: str, code: str) -> None:
    assert kebab(name) == code


def test_values_of_contracts_become_json_without_losing_digits() -> None:
    value = {"a": (b"\xff", 2**53), "b": [True, -(2**60), "x"], 1: 5}
    assert plain(value) == {"a": ["0xff", str(2**53)], "b": [True, str(-(2**60)), "x"], "1": 5}


def test_every_problem_has_a_page_at_its_type(client: TestClient) -> None:
    listed = client.get("/problems").json()
    assert [page["type"] for page in listed] == [f"/problems/{code}" for code in PROBLEMS]
    for page in listed:
        assert client.get(page["type"]).json() == page
    html = client.get("/problems/embargo-in-force", headers={"Accept": "text/html,*/*"})
    assert html.headers["content-type"].startswith("text/html")
    assert "The dataset is under embargo" in html.text
    problem(client.get("/problems/none-such"), 404, "not-found")


def test_what_http_refuses_is_a_problem_too(client: TestClient) -> None:
    problem(client.get("/nothing/here"), 404, "not-found")
    refused = client.delete("/datasets")
    problem(refused, 405, "method-not-allowed")
    assert "GET" in refused.headers["allow"]
    json_type = {"Content-Type": "application/json"}
    problem(client.post("/transactions", content=b"{", headers=json_type), 422, "invalid")
    problem(client.post("/transactions", content=b"\xff\xfe", headers=json_type), 422, "invalid")
    problem(client.post("/transactions", content=b'{"raw": "0x00"}'), 422, "invalid")
    problem(client.post("/transactions", content=b"[" * 1_000_000, headers=json_type), 422, "invalid")
    for encoding in ("utf-16", "utf-16-le", "utf-32"):
        hidden = ('["\u2200", ' + "[" * 200_000).encode(encoding)
        problem(client.post("/transactions", content=hidden, headers=json_type), 422, "invalid")


SECRETS_SENT = [
    ("/transactions/prepare/licences.pay", {"from": SECRET, "parameters": {"licence": 1}}),
    ("/transactions/prepare/licences.pay", {"from": ACCOUNT, "parameters": {"licence": SECRET}}),
    ("/transactions/prepare/licences.pay", {"from": ACCOUNT, "parameters": {"licence": 1, SECRET: 1}}),
    ("/transactions/prepare/licences.pay", {"from": ACCOUNT, "parameters": {"licence": int(SECRET, 16)}}),
    ("/transactions/prepare/members.invite-account", {"from": ACCOUNT, "parameters": {"account": SECRET}}),
    ("/transactions/prepare/members.invite-account", {"from": ACCOUNT, "parameters": {"account": SECRET[2:]}}),
    ("/transactions/prepare/members.set-delivery-key", {"from": ACCOUNT, "parameters": {"public_key": SECRET}}),
    ("/transactions/prepare/licences.apply", {"from": ACCOUNT, "parameters": {"offer": 1, "purpose": SECRET[:-1]}}),
    ("/transactions/prepare/licences.apply", {"from": ACCOUNT, "parameters": {"offer": 1, "purpose": "b" + SECRET}}),
    ("/transactions/prepare/datasets.register", {"from": ACCOUNT, "parameters": {"registrations": [SECRET]}}),
    ("/transactions/prepare/" + SECRET, {"from": ACCOUNT, "parameters": {}}),
    ("/transactions", {"raw": SECRET}),
    ("/transactions", {"raw": SECRET + "zz"}),
    ("/transactions", {SECRET: "0x00"}),
]


@pytest.mark.parametrize(("path", "body"), SECRETS_SENT)
def test_a_secret_in_the_wrong_place_is_not_repeated(
    client: TestClient, caplog: pytest.LogCaptureFixture, path: str, body: dict[str, Any]
) -> None:
    caplog.set_level("DEBUG")
    response = client.post(path, json=body)
    assert 400 <= response.status_code < 500
    Problem.model_validate(response.json())
    for text in (response.text, str(response.headers), caplog.text.replace(path, "")):
        assert SECRET[2:18] not in text.lower()
        assert str(int(SECRET, 16))[:16] not in text


@pytest.mark.parametrize(
    "path", [f"/accounts/{SECRET}", f"/offers?token={SECRET}", f"/datasets/{SECRET}", f"/content/{SECRET}"]
)
def test_a_secret_in_an_address_is_not_repeated_either(client: TestClient, path: str) -> None:
    response = client.get(path)
    problem(response, 422, "invalid")
    assert SECRET[2:18] not in response.text


def test_an_error_nobody_foresaw_tells_nothing(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("the passphrase is xyzzy")

    monkeypatch.setattr("ledger.index.queries.dataset", fail)
    response = client.get("/datasets/1")
    problem(response, 500, "internal")
    assert "xyzzy" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/network", None),
        ("GET", "/transactions/0x" + "ab" * 32, None),
        ("POST", "/transactions/prepare/licences.pay", {"from": ACCOUNT, "parameters": {"licence": 1}}),
    ],
)
def test_a_node_that_does_not_answer_is_a_reason_to_try_later(
    client: TestClient, silent_chain: Chain, method: str, path: str, body: Any
) -> None:
    response = client.request(method, path, json=body)
    problem(response, 503, "node-unavailable")
    assert int(response.headers["retry-after"]) > 0
    assert silent_chain.url not in response.text


def test_health_tells_which_part_is_down_and_reads_go_on(client: TestClient) -> None:
    response = client.get("/health")
    assert response.status_code == 503
    assert response.json() == {"status": "degraded", "node": "down", "index": "up"}
    assert client.get("/datasets").status_code == 200


def test_what_breaks_behind_the_api_is_for_its_operators_log(
    client: TestClient, silent_chain: Chain, caplog: pytest.LogCaptureFixture
) -> None:
    hidden = "0x" + SECRET[2:]
    problem(client.get(f"/transactions/{hidden}"), 503, "node-unavailable")
    told = [record.getMessage() for record in caplog.records if record.name == "api.handlers"]
    assert told
    assert told[0].startswith("GET /transactions/{tx_hash}: ")
    assert silent_chain.url in told[0]
    assert SECRET[2:20] not in told[0]
