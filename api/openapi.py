"""The OpenAPI description: what FastAPI derives from the routes, with problem documents where it would put its own."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api.actions import ACTIONS
from api.examples import ANSWERS, MESSAGE, PROBLEM_EXAMPLES, TRANSACTION
from api.problems import MEDIA_TYPE, Problem

__all__ = ["DESCRIPTION", "TAGS", "install"]

DESCRIPTION: Final = """
The ledger's rules are in contracts; this API holds no key and no rule of its own.

1. Read the catalogue.
2. `POST /transactions/prepare/{action}` gives an unsigned transaction, or an EIP-712 message, and says in words what
   signing it does.
3. Sign it with a wallet. The API never sees a private key.
4. `POST /transactions` takes the signed transaction to the chain; `GET /transactions/{hash}` tells what became of it.

Errors are problem documents (RFC 9457), each of whose `type` is a page of this API. Lists come in pages: follow `next`
or the `Link` header. Amounts are token units, as text where they may be large; times are Unix times in seconds.
"""

TAGS: Final = [
    {"name": "members", "description": "The institutions of the consortium"},
    {"name": "datasets", "description": "Versions of datasets, their metadata and manifests"},
    {"name": "offers", "description": "Terms on which datasets may be licensed"},
    {"name": "licences", "description": "Applications, agreements, deliveries"},
    {"name": "benefits", "description": "What members can withdraw"},
    {"name": "transactions", "description": "Prepare, broadcast and look up transactions"},
    {"name": "documents", "description": "Small documents to be named by digest"},
    {"name": "content", "description": "Stored bytes by CID"},
    {"name": "events", "description": "What the contracts said, in order"},
    {"name": "network", "description": "The chain and the state of this service"},
    {"name": "problems", "description": "What each kind of problem means"},
]

_SCHEMAS: Final = "#/components/schemas/{model}"


def install(app: FastAPI) -> None:
    """Let the application describe itself so."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way


def _described(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        tags=TAGS,
        routes=app.routes,
    )
    for path in found["paths"].values():
        for operation in path.values():
            _improve(operation)
    _, own = models_json_schema([(Problem, "serialization")], ref_template=_SCHEMAS)
    found["components"]["schemas"] |= own["$defs"]
    found["components"]["responses"] = {f"Problem{status}": _problem(status) for status in PROBLEM_EXAMPLES}
    return found


def _improve(operation: dict[str, Any]) -> None:
    """Problems by reference, and an example of the answer."""
    example = _answers().get(operation["operationId"])
    for status, response in operation["responses"].items():
        if int(status) >= 400 and "content" not in response:
            operation["responses"][status] = {"$ref": f"#/components/responses/Problem{status}"}
        elif example is not None and status.startswith("2"):
            response["content"]["application/json"]["example"] = example


def _answers() -> dict[str, Any]:
    prepared = {
        action.operation_id: (MESSAGE if action.gives == "message" else TRANSACTION) | {"action": action.name}
        for action in ACTIONS.values()
    }
    return dict(ANSWERS) | prepared


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": _SCHEMAS.format(model="Problem")}
    return {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": schema, "example": PROBLEM_EXAMPLES[status]}},
    }
