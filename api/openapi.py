"""The OpenAPI description: what FastAPI derives from the routes, with problem documents where it would put its own."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api.problems import Problem

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
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    _, own = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
    schemas |= own["$defs"]
    return found
