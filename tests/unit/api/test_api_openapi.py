from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from api.actions import ACTIONS
from api.app import ROUTERS, describe
from api.examples import ANSWERS, PROBLEM_EXAMPLES
from api.parameters import Parameters
from api.preparation import Preparation
from api.problems import Problem
from ledger.chain.artifacts import artifact

ROOT = Path(__file__).parents[3]
DOCUMENT = describe()
SETUP_ONLY = {"setAuthority"}
"""Functions of the contracts that only the network's own wiring calls."""


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_the_committed_description_is_that_of_the_routes() -> None:
    committed = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
    assert committed == json.loads(json.dumps(DOCUMENT)), "run python scripts/openapi.py"


def test_the_served_description_is_the_same(client: TestClient) -> None:
    assert client.get("/openapi.json").json() == json.loads(json.dumps(DOCUMENT))


def test_every_operation_has_a_name_of_its_own_words_and_an_example() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    for _, path, operation in operations():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation["operationId"]), path
        assert operation["summary"]
        assert operation["description"]
        answers = [answer for status, answer in operation["responses"].items() if status in ("200", "201", "202")]
        assert len(answers) == 1, path
        for kind, content in answers[0]["content"].items():
            assert kind == "application/octet-stream" or content["example"], path


def test_every_operation_declares_its_problems() -> None:
    for _, path, operation in operations():
        assert {"422", "500"} <= operation["responses"].keys(), path
        for status, answer in operation["responses"].items():
            if status >= "400" and path != "/health":
                assert answer == {"$ref": f"#/components/responses/Problem{status}"}
                assert f"Problem{status}" in DOCUMENT["components"]["responses"]
    assert "HTTPValidationError" not in json.dumps(DOCUMENT)


def test_every_reference_leads_somewhere() -> None:
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(DOCUMENT))):
        found: Any = DOCUMENT
        for step in reference.split("/"):
            found = found[step]


@pytest.mark.parametrize("status", PROBLEM_EXAMPLES)
def test_the_example_of_a_problem_is_one(status: int) -> None:
    assert Problem.model_validate(PROBLEM_EXAMPLES[status]).status == status


@pytest.mark.parametrize("operation", ANSWERS)
def test_the_example_of_an_answer_has_its_shape(operation: str) -> None:
    routes = [route for router in ROUTERS for route in router.routes]
    route: Any = next(route for route in routes if getattr(route, "operation_id", None) == operation)
    TypeAdapter(route.response_model).validate_python(ANSWERS[operation], extra="forbid", by_name=True, by_alias=True)


@pytest.mark.parametrize("name", ACTIONS)
def test_the_example_of_an_action_can_be_prepared(name: str) -> None:
    action = ACTIONS[name]
    body = Preparation[action.parameters].model_validate(action.request_example())  # type: ignore[name-defined]  # a value
    assert isinstance(body.parameters, Parameters)


def test_there_is_an_action_for_every_write_that_an_account_can_make() -> None:
    """Each function of the contracts is an action, or is called by another contract, or is not the ledger's own."""
    by_contract = {
        "Members": SETUP_ONLY,
        "Datasets": SETUP_ONLY | {"safeTransferFrom", "setApprovalForAll"},
        "Offers": set(),
        "Licences": SETUP_ONLY | {"recordDelivery", "approve", "setApprovalForAll", "transferFrom", "safeTransferFrom"},
        "KeyExchange": {"deliver"},  # its arguments are shown to nobody before they are signed, see api/actions.py
        "Benefits": SETUP_ONLY | {"invoice", "fund", "fundWithPermit", "cancel", "settle", "refund", "collectRenewal"},
    }
    source = (ROOT / "api" / "actions.py").read_text("utf-8")
    made = {
        "Members": "members", "Datasets": "datasets", "Offers": "offers", "Licences": "licences",
        "KeyExchange": "delivery", "Benefits": "benefits",
    }  # fmt: skip
    for contract, without in by_contract.items():
        module = made[contract]
        builders = set(re.findall(rf"\b{module}\.(\w+)\(", source))
        for entry in artifact(contract).functions.values():
            if not entry.reads_only and entry.name not in without:
                assert _python_name(entry.name) in builders, f"{contract}.{entry.name}"


def test_no_action_takes_a_wrapped_key() -> None:
    assert not any("KeyExchange" in name or name.startswith("delivery.") for name in ACTIONS)
    taken = [name for name, action in ACTIONS.items() if "wrapped" in json.dumps(action.parameters.model_json_schema())]
    assert not taken


def _python_name(function: str) -> str:
    if function == "transferFrom":
        return "transfer"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", function).lower()
