"""Pages of lists: ``items`` and ``next``, the latter also as a link (RFC 8288).

Bodies are built once, from values that the index has made valid, straight to JSON: no second validation.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Query, Request
from pydantic import BaseModel, Field
from pydantic_core import to_json
from starlette.responses import Response

from ledger.index.cursor import MAX_LIMIT, Page
from ledger.index.database import Index

__all__ = ["CursorQuery", "KeptPages", "LimitQuery", "PageOf", "json_response", "page_response"]

ENTRY_BYTES: Final = 1_024
"""What keeping a page takes beside its body."""

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


@dataclass(frozen=True, slots=True)
class _Kept:
    revision: str
    body: bytes
    link: str | None

    @property
    def size(self) -> int:
        """Bytes of memory, about: empty pages are many if somebody asks for them."""
        return len(self.body) + len(self.link or "") + ENTRY_BYTES

    def response(self) -> Response:
        """A response of its own for each request: what serves it may add to it."""
        return Response(self.body, media_type="application/json", headers={"Link": self.link} if self.link else None)


class KeptPages:
    """Pages as they were sent, until the index changes. For lists that say nothing that time alone changes.

    Args:
        room: Bytes to keep; the page not asked for the longest goes first.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._used = 0
        self._pages: OrderedDict[bytes, _Kept] = OrderedDict()
        self._lock = Lock()

    def serve(self, request: Request, index: Index, make: Callable[[], Response]) -> Response:
        """The page that was asked for: kept, or made and kept.

        Args:
            request: Whose path and query are the question.
            index: What the page is made from.
            make: Makes it.
        """
        asked = f"{request.url.path}?{request.url.query}"
        question = hashlib.sha256(asked.encode()).digest()  # a client may ask anything, at any length
        revision = index.revision()  # before the page is made, which is then never older than its name
        kept = self._find(question, revision)
        if kept is None:
            made = make()
            kept = _Kept(revision, bytes(made.body), made.headers.get("link"))
            self._keep(question, kept)
        return kept.response()

    def _find(self, question: bytes, revision: str) -> _Kept | None:
        with self._lock:
            kept = self._pages.get(question)
            if kept is None or kept.revision != revision:
                return None
            self._pages.move_to_end(question)
            return kept

    def _keep(self, question: bytes, page: _Kept) -> None:
        with self._lock:
            former = self._pages.pop(question, None)
            self._used += page.size - (former.size if former else 0)
            self._pages[question] = page
            while self._used > self._room:
                _, oldest = self._pages.popitem(last=False)
                self._used -= oldest.size
