"""The HTTP API: reads of the catalogue, transactions for wallets to sign, and their broadcast.

It holds no key and no rule. What a transaction may do is decided by the contracts; what the API adds is a page of
reads, the unsigned transaction for an intent with the words that say what signing it does, and the way to the node.

    app = create_app(Services(chain=chain, index=index, open_store=lambda: open_store("./store")))
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI

from api import handlers, openapi
from api.deps import Guards, Services
from api.limits import Bodies, Hosts, Origins, ResponseHeaders
from api.routers import (
    benefits,
    content,
    datasets,
    documents,
    events,
    licences,
    members,
    network,
    offers,
    problems,
    transactions,
)

__all__ = ["ROUTERS", "create_app", "describe"]

ROUTERS = (
    members.router,
    datasets.router,
    offers.router,
    licences.router,
    benefits.router,
    transactions.router,
    documents.router,
    content.router,
    events.router,
    network.router,
    problems.router,
)


def create_app(services: Services, *, allowed_hosts: Sequence[str] = ("*",)) -> FastAPI:
    """The API over these services, which stay the caller's to close.

    Args:
        services: The parts behind the API.
        allowed_hosts: Host names that requests may name, e.g. ``("ledger.example.org",)``. Behind a name of one's own,
            naming it keeps pages of other sites from reaching the API by DNS rebinding.
    """
    app = _described()
    app.state.services = services
    app.state.guards = Guards(services.limits)
    app.add_middleware(Bodies, limit=services.limits.body)
    app.add_middleware(Origins)
    if tuple(allowed_hosts) != ("*",):
        app.add_middleware(Hosts, allowed=frozenset(allowed_hosts))
    app.add_middleware(ResponseHeaders)
    return app


def describe() -> dict[str, Any]:
    """The API's OpenAPI document; needs no services."""
    return _described().openapi()


def _described() -> FastAPI:
    app = FastAPI(
        title="Research data ledger",
        version=version("research-data-ledger"),
        summary="Catalogue, and transactions for wallets to sign",
        description=openapi.DESCRIPTION,
        openapi_tags=openapi.TAGS,
        lifespan=_lifespan,
        # No page that fetches scripts from elsewhere stands beside people's wallets.
        docs_url=None,
        redoc_url=None,
        # Spans and logs of the framework can carry request bodies.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    handlers.install(app)
    for router in ROUTERS:
        app.include_router(router)
    openapi.install(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    current_default_thread_limiter().total_tokens = services.limits.threads
    yield
