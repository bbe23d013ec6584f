"""What members have earned."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.deps import IndexDep
from api.filters import MemberPath, found
from api.pages import CursorQuery, LimitQuery, PageOf, page_response
from api.problems import refused
from api.views import BalanceView, balance_view
from ledger.index import queries

router = APIRouter(tags=["benefits"], responses=refused(400, 404, 503))


@router.get(
    "/members/{member}/balances",
    operation_id="balances_list",
    summary="What a member can withdraw",
    response_model=PageOf[BalanceView],
)
def list_balances(
    request: Request,
    member: MemberPath,
    index: IndexDep,
    *,
    cursor: CursorQuery = None,
    limit: LimitQuery = queries.DEFAULT_LIMIT,
) -> Response:
    """A member's balances by token: what is available, and all that ever came in and went out."""
    found(queries.member(index, member), "member")
    page = queries.benefits(index, member, cursor=cursor, limit=limit)
    return page_response(request, page, balance_view)
