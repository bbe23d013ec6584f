"""Terms on which datasets may be licensed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.deps import IndexDep
from api.filters import DatasetQuery, DuoQuery, MemberQuery, OfferPath, found
from api.pages import CursorQuery, LimitQuery, PageOf, json_response, page_response
from api.problems import refused
from api.views import OfferView, offer_view
from ledger.index import queries
from ledger.model.ids import AddressField
from ledger.model.terms import parse_duo_term

router = APIRouter(prefix="/offers", tags=["offers"], responses=refused(400, 404, 503))


@router.get("", operation_id="offers_list", summary="Search the offers", response_model=PageOf[OfferView])
def list_offers(
    request: Request,
    index: IndexDep,
    *,
    cursor: CursorQuery = None,
    limit: LimitQuery = queries.DEFAULT_LIMIT,
    dataset: DatasetQuery = None,
    holder: MemberQuery = None,
    open: Annotated[bool | None, Query(description="Whether they may be taken up")] = None,  # noqa: A002 - contract's word
    token: Annotated[AddressField | None, Query()] = None,
    duo: DuoQuery = None,
) -> Response:
    """Offers, the newest first, that meet every filter given."""
    page = queries.offers(
        index,
        cursor=cursor,
        limit=limit,
        dataset=dataset,
        holder=holder,
        open=open,
        token=token,
        duo=parse_duo_term(duo) if duo else None,
    )
    return page_response(request, page, offer_view)


@router.get("/{offer}", operation_id="offers_read", summary="An offer", response_model=OfferView)
def read_offer(offer: OfferPath, index: IndexDep) -> Response:
    """An offer with its terms in full. An offer never changes; it can only be withdrawn."""
    return json_response(offer_view(found(queries.offer(index, offer), "offer")))
