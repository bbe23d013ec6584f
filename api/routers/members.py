"""The institutions of the consortium."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.deps import IndexDep
from api.filters import MemberKindName, MemberPath, MemberStatusName, TextQuery, found
from api.pages import CursorQuery, LimitQuery, PageOf, json_response, page_response
from api.problems import refused
from api.views import MemberView, member_line, member_view
from ledger.index import queries
from ledger.model.ids import AddressField
from ledger.model.parties import Country, MemberKind, MemberStatus

router = APIRouter(tags=["members"], responses=refused(400, 404, 503))


@router.get("/members", operation_id="members_list", summary="Search the members", response_model=PageOf[MemberView])
def list_members(
    request: Request,
    index: IndexDep,
    *,
    cursor: CursorQuery = None,
    limit: LimitQuery = queries.DEFAULT_LIMIT,
    q: TextQuery = None,
    kind: Annotated[MemberKindName | None, Query()] = None,
    status: Annotated[MemberStatusName | None, Query()] = None,
    country: Annotated[Country | None, Query(examples=["DE"])] = None,
) -> Response:
    """Members in the order in which they joined, that meet every filter given. `q` searches their names."""
    page = queries.members(
        index,
        cursor=cursor,
        limit=limit,
        text=q,
        kind=MemberKind[kind.upper()] if kind else None,
        status=MemberStatus[status.upper()] if status else None,
        country=country,
    )
    return page_response(request, page, member_line)


@router.get("/members/{member}", operation_id="members_read", summary="A member", response_model=MemberView)
def read_member(member: MemberPath, index: IndexDep) -> Response:
    """A member, with its public delivery key if it has registered one."""
    return json_response(member_view(found(queries.member(index, member), "member")))


@router.get(
    "/accounts/{account}",
    operation_id="accounts_read",
    summary="The member for which an account acts",
    response_model=MemberView,
)
def read_account(
    account: Annotated[AddressField, Path(examples=["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"])], index: IndexDep
) -> Response:
    """The member for which a wallet's account acts now."""
    member = found(queries.member_of(index, account), "account of a member")
    return json_response(member_view(found(queries.member(index, member), "member")))
