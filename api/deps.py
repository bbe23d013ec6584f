"""What routes need, as named types: a route's signature says what it touches.

`Services` is given to the application and outlives it: whoever made the parts closes them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated

from anyio import CapacityLimiter
from fastapi import Depends, Request

from api.idempotency import IdempotencyKeys
from api.limits import ByteBudget, Gate, Limits, RequestRate
from api.pages import KeptPages
from ledger.chain.chain import Chain
from ledger.index.database import Index
from ledger.storage.store import Store

__all__ = [
    "ChainDep",
    "Guards",
    "GuardsDep",
    "IndexDep",
    "Services",
    "ServicesDep",
    "StoreDep",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts behind the API.

    Attributes:
        chain: Connection to the node.
        index: The index of the chain's events.
        open_store: Opens the store. A store serves one thread at a time, so each request opens its own.
        limits: What clients may not exceed.
    """

    chain: Chain
    index: Index
    open_store: Callable[[], Store]
    limits: Limits = field(default_factory=Limits)


class Guards:
    """What the API counts while it runs, to hold clients to the limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.node = Gate(limits.node_calls)
        self.content = Gate(limits.content_reads)
        self.content_threads = CapacityLimiter(limits.content_threads)
        self.documents = RequestRate(limits.documents_per_minute)
        self.document_bytes = ByteBudget(limits.document_bytes_per_day)
        self.idempotency = IdempotencyKeys()
        self.pages = KeptPages(limits.kept_pages)


# Asynchronous where nothing blocks: FastAPI would send a plain function to a thread for each request.


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _guards(request: Request) -> Guards:
    guards: Guards = request.app.state.guards
    return guards


async def _index(request: Request) -> Index:
    services: Services = request.app.state.services
    return services.index


async def _chain(request: Request) -> AsyncIterator[Chain]:
    guards: Guards = request.app.state.guards
    services: Services = request.app.state.services
    with guards.node.entered():
        yield services.chain


async def _content_place(request: Request) -> AsyncIterator[None]:
    guards: Guards = request.app.state.guards
    with guards.content.entered():
        yield


def _store(request: Request, _: Annotated[None, Depends(_content_place)]) -> Iterator[Store]:
    services: Services = request.app.state.services
    with services.open_store() as store:
        yield store


ServicesDep = Annotated[Services, Depends(_services)]
GuardsDep = Annotated[Guards, Depends(_guards)]
IndexDep = Annotated[Index, Depends(_index)]
"""The index. Reads of it need no node."""
ChainDep = Annotated[Chain, Depends(_chain, scope="function")]
"""The chain, and a place at the gate in front of it until the route's function has returned."""
StoreDep = Annotated[Store, Depends(_store)]
"""A store of this request's own, and a place among those that read content, both until the response has been sent."""
