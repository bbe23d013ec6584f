"""Every route of the OpenAPI description, with what it allows and what it does not: no answer is a fault of the API.

Whatever is sent, the answer has a status that the route declares, an error is a problem document, and what was sent is
not in it. Values come from the description's own schemas, and one part in ten is spoilt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import describe
from ledger.chain.anvil import dev_signer
from tests.support.api import PROBLEM_JSON
from tests.support.service import Service, serving
from tests.support.world import World

DOCUMENT: Final = describe()
OPERATIONS: Final = [
    pytest.param(method, path, operation, id=operation["operationId"])
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
SECRET: Final = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
ADDRESS: Final = "^0x[0-9a-fA-F]{40}$"
ACCOUNTS: Final = [dev_signer(number).address for number in range(4)] + ["0x" + "11" * 20]
SPOILT: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**260), 2**260),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.just([]),
    st.just({}),
    st.just(SECRET),
    st.just("0x"),
    st.just("\x00"),
    st.just("9" * 400),
)
ALWAYS: Final = {405, 413, 429}
"""Statuses that the server itself may give to any request."""


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema allows, and now and then one that it does not."""
    return st.integers(0, 9).flatmap(lambda chance: SPOILT if chance == 0 else allowed(schema))


def allowed(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema allows, as far as it tells."""
    if "$ref" in schema:
        return allowed(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return st.one_of([allowed(option) for option in schema[several]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return typed(schema)


def typed(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    kind = schema.get("type")
    if kind == "array":
        return st.lists(values(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
    if kind == "integer":
        return st.integers(schema.get("minimum", 0), schema.get("maximum", 2**41)) | st.integers(1, 3)
    if kind == "string":
        return strings(schema)
    if kind == "object":
        return objects(schema)
    return {"boolean": st.booleans(), "number": st.integers(), "null": st.none()}.get(str(kind), SPOILT)


def objects(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    properties = schema.get("properties", {})
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: values(inner) for name, inner in properties.items() if name in required},
        optional={name: values(inner) for name, inner in properties.items() if name not in required},
    )


def strings(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    if schema.get("pattern") == ADDRESS:
        return st.sampled_from(ACCOUNTS)  # random letters would seldom have the checksum
    if "pattern" in schema:
        return st.from_regex(re.compile(schema["pattern"], re.ASCII), fullmatch=True)
    return st.text(min_size=schema.get("minLength", 0), max_size=min(schema.get("maxLength", 20), 20))


@st.composite
def requests(draw: st.DrawFn, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """A request to an operation, as httpx takes it."""
    query: dict[str, Any] = {}
    headers: dict[str, str] = {}
    for parameter in operation.get("parameters", ()):
        value = draw(values(parameter["schema"]))
        text = json.dumps(value) if not isinstance(value, str) else value
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", re.sub(r"[^\w:.-]", "_", text) or "_")
        elif draw(st.booleans()):
            if parameter["in"] == "query":
                query[parameter["name"]] = text
            else:
                headers[parameter["name"]] = text.encode("ascii", "ignore").decode().replace("\r", "").strip()
    request: dict[str, Any] = {"url": path, "params": query, "headers": headers}
    body = operation.get("requestBody")
    if body is not None:
        kind = draw(st.sampled_from(sorted(body["content"])))
        sent = draw(values(body["content"][kind]["schema"]))
        headers["Content-Type"] = kind
        request["content"] = json.dumps(sent).encode()
    return request


@pytest.fixture(scope="module")
def service(deployed_world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A ledger with a little of everything in it. The requests change nothing on it: nothing they send is signed."""
    with deployed_world.isolated() as world, serving(world, tmp_path_factory.mktemp("fuzz")) as opened:
        world.settled()
        world.paid()
        opened.sync()
        yield opened


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_no_request_finds_a_fault(service: Service, method: str, path: str, operation: dict[str, Any]) -> None:
    declared = {int(status) for status in operation["responses"]} | ALWAYS

    @settings(
        max_examples=40,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    @given(requests(path, operation))
    def check(request: dict[str, Any]) -> None:
        response = service.client.request(method, **request)
        told = f"{response.status_code} {response.text[:400]}"
        assert response.status_code in declared, told
        assert response.status_code != 500, told
        if response.status_code >= 400 and path != "/health":
            assert response.headers["content-type"] == PROBLEM_JSON, told
            assert response.json()["status"] == response.status_code
            assert SECRET[2:20] not in response.text

    check()
