"""Applications, and the licences they become."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.deps import IndexDep
from api.filters import DatasetQuery, LicencePath, LicenceStateName, MemberQuery, OfferQuery, found
from api.pages import CursorQuery, LimitQuery, PageOf, json_response, page_response
from api.problems import refused
from api.views import (
    AgreementView,
    DeliveryView,
    EscrowView,
    LicenceView,
    agreement_view,
    delivery_view,
    escrow_view,
    licence_view,
)
from ledger.index import queries
from ledger.model.licence import LicenceState

router = APIRouter(prefix="/licences", tags=["licences"], responses=refused(400, 404, 503))


@router.get("", operation_id="licences_list", summary="Search the licences", response_model=PageOf[LicenceView])
def list_licences(
    request: Request,
    index: IndexDep,
    *,
    cursor: CursorQuery = None,
    limit: LimitQuery = queries.DEFAULT_LIMIT,
    licensee: MemberQuery = None,
    licensor: MemberQuery = None,
    holder: MemberQuery = None,
    dataset: DatasetQuery = None,
    offer: OfferQuery = None,
    state: Annotated[LicenceStateName | None, Query(description="The state now, time taken into account")] = None,
) -> Response:
    """Applications and licences that meet every filter given, the newest first.

    `holder` is who holds the dataset now, and so decides on applications; `licensor` is who approved.
    """
    page = queries.licences(
        index,
        cursor=cursor,
        limit=limit,
        licensee=licensee,
        licensor=licensor,
        holder=holder,
        dataset=dataset,
        offer=offer,
        state=LicenceState[state.upper()] if state else None,
    )
    return page_response(request, page, licence_view)


@router.get("/{licence}", operation_id="licences_read", summary="A licence", response_model=LicenceView)
def read_licence(licence: LicencePath, index: IndexDep) -> Response:
    """A licence, or the application that it still is."""
    return json_response(licence_view(found(queries.licence(index, licence), "licence")))


@router.get(
    "/{licence}/agreement",
    operation_id="licences_agreement",
    summary="Its signed agreement",
    response_model=AgreementView,
)
def read_agreement(licence: LicencePath, index: IndexDep) -> Response:
    """The agreement that both sides signed, with both signatures; not found before that."""
    return json_response(agreement_view(found(queries.agreement(index, licence), "agreement")))


@router.get(
    "/{licence}/delivery", operation_id="licences_delivery", summary="Its delivered key", response_model=DeliveryView
)
def read_delivery(licence: LicencePath, index: IndexDep) -> Response:
    """The dataset key as delivered. Only the licensee's delivery key opens it; not found before delivery."""
    return json_response(delivery_view(found(queries.delivery(index, licence), "delivery")))


@router.get("/{licence}/escrow", operation_id="licences_escrow", summary="Its money", response_model=EscrowView)
def read_escrow(licence: LicencePath, index: IndexDep) -> Response:
    """The price in escrow; not found before the agreement, or if there is no price."""
    return json_response(escrow_view(found(queries.escrow(index, licence), "escrow")))
