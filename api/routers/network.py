"""Which ledger this is, and how this service is doing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.deps import ChainDep, GuardsDep, IndexDep, ServicesDep
from api.problems import RequestError, refused
from ledger.errors import LedgerError
from ledger.model.ids import AddressField, UnixTimeField

router = APIRouter(tags=["network"], responses=refused(503))


class BlockAt(BaseModel):
    """A block."""

    number: int = Field(examples=[1234])
    hash: str = Field(examples=["0x" + "ab" * 32])
    time: UnixTimeField = Field(examples=[1_790_000_000])


class RequestLimits(BaseModel):
    """What a client may not exceed."""

    body_bytes: int
    document_bytes: int
    documents_per_minute: int


class Network(BaseModel):
    """The ledger's chain, contracts and how far the index has read."""

    chain_id: int = Field(examples=[31337])
    contracts: dict[str, AddressField] = Field(examples=[{"Licences": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}])
    head: BlockAt
    indexed: BlockAt | None = Field(description="Last block whose events are in the index; null before the first")
    lag: int = Field(examples=[0], description="Blocks that the index has yet to read")
    limits: RequestLimits


class Health(BaseModel):
    """Which parts answer."""

    status: Literal["up", "degraded"]
    node: Literal["up", "down"]
    index: Literal["up", "down"]


@router.get("/network", operation_id="network_read", summary="The chain, its contracts, and the index's lag")
def read_network(chain: ChainDep, index: IndexDep, guards: GuardsDep) -> Network:
    """Compare `chain_id` and `contracts` with what you expect before you sign anything."""
    head, tip = chain.head(), index.tip()
    limits = guards.limits
    return Network(
        chain_id=chain.chain_id,
        contracts={name: found.address for name, found in chain.deployment.contracts.items()},
        head=BlockAt(number=head.number, hash="0x" + head.hash.hex(), time=head.time),
        indexed=None if tip is None else BlockAt(number=tip.number, hash="0x" + tip.hash.hex(), time=tip.time),
        lag=head.number + 1 if tip is None else max(0, head.number - tip.number),
        limits=RequestLimits(
            body_bytes=limits.body,
            document_bytes=limits.document,
            documents_per_minute=limits.documents_per_minute,
        ),
    )


@router.get(
    "/health",
    operation_id="health_read",
    summary="Whether the service works",
    responses={503: {"model": Health, "description": "A part does not answer"}},
)
def read_health(services: ServicesDep, guards: GuardsDep, response: Response) -> Health:
    """Status 200 when every part answers, else 503. Reads stay possible while only the node is down.

    The node counts as down, too, when as many requests are waiting for it as may.
    """

    def ask_node() -> None:
        with guards.node.entered():
            services.chain.head()

    node, index = _answers(ask_node), _answers(services.index.tip)
    whole = node == index == "up"
    response.status_code = 200 if whole else 503
    return Health(status="up" if whole else "degraded", node=node, index=index)


def _answers(ask: Callable[[], object]) -> Literal["up", "down"]:
    try:
        ask()
    except (LedgerError, RequestError):
        return "down"
    return "up"
