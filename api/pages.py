"""Pages of lists: ``items`` and ``next``, the latter also as a link (RFC 8288).

Bodies are built once, from values that the index has made valid, straight to JSON: no second validation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query, Request
from pydantic import BaseModel, Field
from pydantic_core import to_json
from starlette.responses import Response

from ledger.index.cursor import MAX_LIMIT, Page

__all__ = ["CursorQuery", "LimitQuery", "PageOf", "json_response", "page_response"]

T = TypeVar("T")
V = TypeVar("V")

CursorQuery = Annotated[
    str | None, Query(max_length=512, description="`next` of the page before; with the same filters only")
]
LimitQuery = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Most entries on the page")]


class PageOf(BaseModel, Generic[T]):
    """Part of a list."""

    items: list[T]
    next: str | None = Field(description="Cursor of the next page; null on the last")


def json_response(value: Any) -> Response:
    """Plain values as JSON."""
    return Response(to_json(value), media_type="application/json")


def page_response(request: Request, page: Page[T], view: Callable[[T], V]) -> Response:
    """A page as JSON, with a link to the next."""
    response = json_response({"items": [view(item) for item in page.items], "next": page.next_cursor})
    if page.next_cursor is not None:
        following = request.url.include_query_params(cursor=page.next_cursor)
        response.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return response
