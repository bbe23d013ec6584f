"""What a client may not exceed: body size, requests a minute, bytes a day, calls to the node and reads at once.

All counts live in this process and are forgotten by a restart. They bound what one process can be made to do; they are
no substitute for the limits of a reverse proxy in front of a public service.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.handlers import SECURITY_HEADERS, respond
from api.problems import RETRY_AFTER_SECONDS, RequestError, of_request
from ledger.model.canonical import too_deep

__all__ = ["Bodies", "ByteBudget", "Gate", "Hosts", "Limits", "Origins", "RequestRate", "ResponseHeaders"]

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PORT: Final = re.compile(r":\d+\Z")
MAX_CLIENTS: Final = 10_000
"""Most clients whose request rate is remembered; the longest unseen is forgotten first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a client may not exceed.

    Attributes:
        body: Most bytes of a request body.
        document: Most bytes of a document sent to ``POST /documents``.
        documents_per_minute: Documents that one client may send in a minute.
        document_bytes_per_day: Bytes of documents that all clients together may send in a day.
        node_calls: Requests that may wait for the node at once; more are turned away, so that a slow node never takes
            the threads that read the catalogue.
        threads: Threads that serve requests.
        content_reads: Responses with stored content that may be under way at once, however slowly they are read.
        content_threads: Threads that read and hash stored content; others stay free for everything else.
        kept_pages: Bytes of catalogue pages that are kept in memory until the index changes.
    """

    body: int = 2**20
    document: int = 2**18
    documents_per_minute: int = 20
    document_bytes_per_day: int = 256 * 2**20
    node_calls: int = 16
    threads: int = 32
    content_reads: int = 128
    content_threads: int = 8
    kept_pages: int = 16 * 2**20


class Bodies:
    """ASGI middleware: refuses a body of more than `limit` bytes, announced or not, and JSON that is nested too deeply.

    The latter would overflow the C stack in Python's parser (see :data:`ledger.model.canonical.MAX_DEPTH`) and take the
    whole service down. So JSON is read whole before anything parses it.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        announced = headers.get("content-length", "0")
        if not announced.isdecimal() or int(announced) > self.limit:
            await respond(of_request(self._error()))(scope, receive, send)
            return
        counted = self._counted(receive)
        if "json" not in headers.get("content-type", "").lower():
            await self.app(scope, counted, send)
            return
        try:
            body = await _whole(counted)
        except RequestError as error:
            await respond(of_request(error))(scope, receive, send)
            return
        await self.app(scope, _replayed(body, receive), send)

    def _counted(self, receive: Receive) -> Receive:
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.limit:
                raise self._error()
            return message

        return counted

    def _error(self) -> RequestError:
        return RequestError("too-large", f"A body has at most {self.limit} bytes")


async def _whole(receive: Receive) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if b"\0" in body:  # UTF-16 or 32, which the parser would read and the next check would not
        raise RequestError("invalid", "JSON is UTF-8 text (RFC 8259)")
    if too_deep(body):
        raise RequestError("invalid", "The JSON is nested too deeply")
    return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


class Hosts:
    """ASGI middleware: refuses requests that name another host."""

    def __init__(self, app: ASGIApp, allowed: frozenset[str]) -> None:
        self.app = app
        self.allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        host = _PORT.sub("", Headers(scope=scope).get("host", "")) if scope["type"] == "http" else ""
        if scope["type"] == "http" and host.lower() not in self.allowed:
            problem = of_request(RequestError("bad-request", "The Host header names no host of this API"))
            await respond(problem)(scope, receive, send)
            return
        await self.app(scope, receive, send)


class Origins:
    """ASGI middleware: refuses what a page of another site lets its reader's browser do, beyond reading.

    A browser sends some bodies without asking first (``text/plain``), so not offering CORS is not enough. It does say
    where the page is from (``Origin``, ``Sec-Fetch-Site``), and no page can change that. Programs say neither: they
    pass.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and _from_elsewhere(Headers(scope=scope)):
            problem = of_request(RequestError("cross-origin", "The Origin header names another host than this API's"))
            await respond(problem)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _from_elsewhere(headers: Headers) -> bool:
    origins = headers.getlist("origin")
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") or len(origins) > 1:
        return True
    return bool(origins) and origins[0].lower().partition("://")[2] != headers.get("host", "").lower()


class ResponseHeaders:
    """ASGI middleware: headers that keep browsers and caches from doing what an answer did not mean."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class Gate:
    """Lets at most `places` callers in at once, and turns the next away instead of letting it wait."""

    def __init__(self, places: int) -> None:
        self._places = BoundedSemaphore(places)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Hold a place.

        Raises:
            RequestError: All are taken.
        """
        if not self._places.acquire(blocking=False):
            raise RequestError("busy", "All places are taken", retry_after=RETRY_AFTER_SECONDS)
        try:
            yield
        finally:
            self._places.release()


class RequestRate:
    """A token bucket for each client: `per_minute` requests at once, refilled evenly over a minute."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, client: str) -> None:
        """Count one request.

        Raises:
            RequestError: The client has had its share.
        """
        with self._lock:
            now = self._clock()
            left, since = self._buckets.pop(client, (float(self._per_minute), now))
            left = min(float(self._per_minute), left + (now - since) * self._per_minute / 60)
            self._buckets[client] = (left - 1 if left >= 1 else left, now)
            if len(self._buckets) > MAX_CLIENTS:
                self._buckets.popitem(last=False)
        if left < 1:
            wait = int((1 - left) * 60 / self._per_minute) + 1
            raise RequestError("rate-limited", f"At most {self._per_minute} a minute are accepted", retry_after=wait)


class ByteBudget:
    """Bytes that may be taken in during 24 hours, refilled evenly."""

    def __init__(self, per_day: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_day = per_day
        self._clock = clock
        self._left = float(per_day)
        self._since = clock()
        self._lock = Lock()

    def take(self, count: int) -> None:
        """Count `count` bytes.

        Raises:
            RequestError: The budget is used up.
        """
        with self._lock:
            now = self._clock()
            self._left = min(float(self._per_day), self._left + (now - self._since) * self._per_day / 86_400)
            self._since = now
            missing = count - self._left
            if missing <= 0:
                self._left -= count
                return
        wait = int(missing * 86_400 / self._per_day) + 1
        raise RequestError("rate-limited", "No more bytes are taken in today", retry_after=wait)
