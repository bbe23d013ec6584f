"""What the contracts said, in order."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.deps import IndexDep
from api.filters import DatasetQuery, LicenceQuery, MemberQuery, OfferQuery
from api.pages import CursorQuery, LimitQuery, PageOf, page_response
from api.problems import refused
from api.views import EventView, event_view
from ledger.index import queries
from ledger.model.ids import Digest

router = APIRouter(prefix="/events", tags=["events"], responses=refused(400, 503))

BlockQuery = Annotated[int | None, Query(ge=0, lt=2**63)]
NameQuery = Annotated[str | None, Query(pattern="^[A-Za-z]{1,60}$")]


@router.get("", operation_id="events_list", summary="Search the events", response_model=PageOf[EventView])
def list_events(
    request: Request,
    index: IndexDep,
    *,
    cursor: CursorQuery = None,
    limit: LimitQuery = queries.DEFAULT_LIMIT,
    contract: NameQuery = None,
    name: NameQuery = None,
    member: MemberQuery = None,
    dataset: DatasetQuery = None,
    offer: OfferQuery = None,
    licence: LicenceQuery = None,
    transaction: Annotated[str | None, Query(pattern="^0x[0-9a-f]{64}$")] = None,
    first_block: BlockQuery = None,
    last_block: BlockQuery = None,
    descending: Annotated[bool, Query(description="The last event first")] = False,
) -> Response:
    """Events in the order in which they happened, that meet every filter given."""
    page = queries.events(
        index,
        cursor=cursor,
        limit=limit,
        contract=contract,
        name=name,
        member=member,
        dataset=dataset,
        offer=offer,
        licence=licence,
        transaction_hash=Digest(bytes.fromhex(transaction[2:])) if transaction else None,
        first_block=first_block,
        last_block=last_block,
        descending=descending,
    )
    return page_response(request, page, event_view)
