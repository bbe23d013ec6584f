"""What each kind of problem means."""

from __future__ import annotations

from html import escape
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, JSONResponse, Response

from api.problems import PROBLEMS, ProblemKind, RequestError, refused

router = APIRouter(prefix="/problems", tags=["problems"], responses=refused(404))


class ProblemPage(BaseModel):
    """A kind of problem."""

    type: str
    status: int
    title: str
    fix: str
    name: str | None


@router.get("", operation_id="problems_list", summary="All kinds of problems", response_model=list[ProblemPage])
async def list_problems() -> Response:
    """Every problem that this API can answer with, by code. `name` is the contract's custom error, if it is one."""
    return JSONResponse([_page(kind) for kind in PROBLEMS.values()])


@router.get("/{code}", operation_id="problems_read", summary="One kind of problem", response_model=ProblemPage)
async def read_problem(
    request: Request, code: Annotated[str, Path(max_length=80, examples=["embargo-in-force"])]
) -> Response:
    """The page behind a problem's `type`: as HTML for browsers, else as JSON."""
    kind = PROBLEMS.get(code)
    if kind is None:
        raise RequestError("not-found", "There is no such kind of problem")
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(
            f"<!doctype html><html lang=en><title>{escape(kind.title)}</title>"
            f"<h1>{escape(kind.title)}</h1><p>HTTP status {kind.status}, <code>{escape(code)}</code></p>"
            f"<p>{escape(kind.fix)}</p>"
        )
    return JSONResponse(_page(kind))


def _page(kind: ProblemKind) -> dict[str, str | int | None]:
    return {
        "type": f"/problems/{kind.code}",
        "status": kind.status,
        "title": kind.title,
        "fix": kind.fix,
        "name": kind.name,
    }
