"""Prepare, broadcast and look up transactions. Nothing here signs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.actions import ACTIONS, Action
from api.deps import ChainDep, GuardsDep
from api.lookup import Transaction, look_up
from api.preparation import Preparation, Prepared, prepare
from api.problems import RequestError, refused
from ledger.chain.raw import MAX_RAW_BYTES, parse_raw
from ledger.chain.transactions import broadcast_signed

router = APIRouter(prefix="/transactions", tags=["transactions"])

HashPath = Annotated[str, Path(pattern="^0x[0-9a-f]{64}$", examples=["0x" + "ab" * 32])]
KeyHeader = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=200, description="Any text; one for each transaction"),
]


class ActionEntry(BaseModel):
    """An action that can be prepared."""

    action: str = Field(examples=["licences.pay"])
    title: str = Field(examples=["Pay the agreed price from an allowance"])
    signer: str = Field(examples=["an account of the licensee"])
    gives: str = Field(examples=["transaction"], description="`transaction`, or `message` for EIP-712 typed data")


class Broadcast(BaseModel):
    """A signed transaction."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"raw": "0x02f8b1827a69…"}]})

    raw: Annotated[
        str,
        Field(pattern="^0x([0-9a-fA-F]{2})+$", max_length=2 + 2 * MAX_RAW_BYTES, description="As the wallet gave it"),
    ]


class Accepted(BaseModel):
    """A transaction that the node has."""

    hash: str = Field(examples=["0x" + "ab" * 32])


@router.get("/prepare", operation_id="actions_list", summary="What can be prepared", responses=refused())
async def list_actions() -> list[ActionEntry]:
    """Every action, who signs it, and whether it gives a transaction or a message."""
    return [
        ActionEntry(action=name, title=action.title, signer=action.signer, gives=action.gives)
        for name, action in ACTIONS.items()
    ]


def _route(action: Action[Any]) -> Callable[..., Prepared]:
    def route(body: Any, chain: ChainDep) -> Prepared:
        return prepare(chain, action, body.sender, body.parameters)

    # The body's type differs from action to action, so it cannot stand in the source.
    route.__annotations__["body"] = Preparation[action.parameters]  # type: ignore[name-defined]  # a value, not a name
    route.__annotations__ |= {"chain": ChainDep, "return": Prepared}
    return route


for _action in ACTIONS.values():
    router.add_api_route(
        f"/prepare/{_action.name}",
        _route(_action),
        methods=["POST"],
        operation_id=_action.operation_id,
        summary=_action.title,
        description=f"{_action.description}\n\nTo be signed by {_action.signer}.",
        response_model_exclude_none=True,
        responses=refused(403, 404, 409, 410, 413, 503),
        openapi_extra={"requestBody": {"content": {"application/json": {"example": _action.request_example()}}}},
    )


@router.post("/prepare/{_}", include_in_schema=False)
async def prepare_unknown(_: str) -> Response:
    """Any other action."""
    raise RequestError("not-found", "There is no such action; GET /transactions/prepare lists them")


@router.post(
    "",
    status_code=202,
    operation_id="transactions_broadcast",
    summary="Take a signed transaction to the chain",
    responses=refused(403, 404, 409, 410, 413, 503),
)
def broadcast_transaction(
    body: Broadcast, chain: ChainDep, guards: GuardsDep, response: Response, idempotency_key: KeyHeader = None
) -> Accepted:
    """Check that it is for this chain and calls one of these contracts, then hand it to the node.

    The same transaction again has the same answer and no further effect. With an ``Idempotency-Key``, another
    transaction of the same sender under the same key is refused.
    """
    signed = parse_raw(bytes.fromhex(body.raw[2:]))
    with guards.idempotency.held(signed.sender, idempotency_key, signed.hash):
        tx_hash = "0x" + broadcast_signed(chain, signed).hex()
    response.headers["Location"] = f"/transactions/{tx_hash}"
    return Accepted(hash=tx_hash)


@router.get(
    "/{tx_hash}",
    operation_id="transactions_read",
    summary="What became of a transaction",
    response_model_exclude_none=True,
    responses=refused(404, 502, 503),
)
def read_transaction(tx_hash: HashPath, chain: ChainDep) -> Transaction:
    """The signed transaction, its decoded call, and once it is mined its receipt and decoded events."""
    return look_up(chain, bytes.fromhex(tx_hash[2:]))
