"""Exceptions to problem documents: the only place where the API turns an error into a response."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.problems import (
    MEDIA_TYPE,
    RETRY_AFTER_SECONDS,
    Problem,
    RequestError,
    of_error,
    of_http,
    of_request,
    of_validation,
)
from ledger.errors import LedgerError

__all__ = ["SECURITY_HEADERS", "install", "respond"]

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cache-Control": "no-store",
}
"""Headers of every response that says nothing else: no content is guessed at, framed, run or kept."""

_log = logging.getLogger(__name__)
_PASSED_ON: Final = ("allow", "retry-after", "content-range", "accept")


def install(app: FastAPI) -> None:
    """Let the application answer every error with a problem document."""
    app.add_exception_handler(LedgerError, _on_error)
    app.add_exception_handler(RequestError, _on_request)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_unexpected)


def respond(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """A problem as a response; one of status 503 says when to try again."""
    out = dict(headers or {})
    if problem.status == 503:
        out.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    return Response(problem.model_dump_json(exclude_none=True), problem.status, out, MEDIA_TYPE)


async def _on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, LedgerError)  # noqa: S101 - registered for this class
    problem = of_error(error)
    if problem.status >= 500:
        route = request.scope.get("route")  # its pattern: what a client put into the address is not logged
        _log.warning("%s %s: %s", request.method, getattr(route, "path", "?"), error)
    return respond(problem)


async def _on_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)  # noqa: S101 - registered for this class
    return respond(of_request(error), {"Retry-After": str(error.retry_after)} if error.retry_after else None)


async def _on_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    return respond(of_validation(error.errors()))


async def _on_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() in _PASSED_ON}
    return respond(of_http(error.status_code), headers)


async def _on_unexpected(_: Request, __: Exception) -> Response:
    # Starlette raises the error again after this answer, so that the server logs it; the client learns nothing of it.
    return respond(of_http(500), SECURITY_HEADERS)  # outside of the middleware that would add them
