"""Ciphertext and public documents by CID, verified on the way out.

Nothing is decided here about who may read: what is stored is encrypted for those who hold a key, or meant for all.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from typing import Annotated, Final

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Path
from starlette.responses import Response, StreamingResponse

from api.deps import Guards, GuardsDep, StoreDep
from api.problems import RequestError, refused
from ledger.model.cid import Cid
from ledger.storage.store import Store

__all__ = ["CACHED_FOR_EVER", "router", "stream"]

router = APIRouter(prefix="/content", tags=["content"], responses=refused(404, 416, 502, 503))

CACHED_FOR_EVER: Final = "public, max-age=31536000, immutable"
_RANGE: Final = re.compile(r"bytes=(\d{0,20})-(\d{0,20})")
_BYTES: Final = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}

CidPath = Annotated[
    str, Path(pattern="^b[a-z2-7]{58}$", examples=["bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"])
]


@router.get(
    "/{cid}",
    operation_id="content_read",
    summary="Bytes by CID",
    response_class=Response,
    responses={
        200: {"description": "The whole content", "content": _BYTES},
        206: {"description": "The bytes asked for", "content": _BYTES},
        304: {"description": "The copy that the client has is the right one"},
    },
)
async def read_content(
    cid: CidPath,
    store: StoreDep,
    guards: GuardsDep,
    if_none_match: Annotated[str | None, Header(max_length=1_000)] = None,
    byte_range: Annotated[str | None, Header(alias="range", max_length=100, examples=["bytes=0-65563"])] = None,
) -> Response:
    """Stream what is stored under a CID. Every part is hashed against the CID before it is sent.

    If a part turns out to be damaged, the connection ends before the announced length is reached. One range of bytes
    may be asked for; others are answered with the whole content. The bytes before it are read and hashed all the same.
    """
    found = Cid.parse(cid)
    if if_none_match and f'"{cid}"' in if_none_match:
        await run_sync(store.size, found, limiter=guards.content_threads)  # raises if it is not here
        return Response(status_code=304, headers=_headers(found))
    return await stream(
        guards,
        store,
        found,
        media_type="application/octet-stream",
        byte_range=byte_range,
        extra={"Content-Disposition": "attachment"},
    )


async def stream(
    guards: Guards,
    store: Store,
    cid: Cid,
    *,
    media_type: str,
    byte_range: str | None = None,
    extra: dict[str, str] | None = None,
) -> Response:
    """Verified bytes of a CID as a response; what is missing or damaged at the beginning is a problem instead.

    Reading and hashing happens in the few threads meant for it, one part at a time; a slow reader holds none of them.

    Raises:
        RequestError: The range begins beyond the end.
        NotStoredError, CidMismatchError, IntegrityError: As the store says.
    """
    threads = guards.content_threads
    size = await run_sync(store.size, cid, limiter=threads)
    start, stop = _range(byte_range, size)
    parts = _sliced(store.open(cid), start, stop)
    first = await run_sync(next, parts, b"", limiter=threads)
    headers = _headers(cid) | (extra or {}) | {"Content-Length": str(stop - start), "Accept-Ranges": "bytes"}
    if stop - start < size:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    status = 200 if stop - start == size else 206
    return StreamingResponse(_sent(first, parts, threads), status, headers, media_type)


async def _sent(first: bytes, parts: Iterator[bytes], threads: CapacityLimiter) -> AsyncIterator[bytes]:
    part: bytes | None = first
    while part is not None:
        if part:
            yield part
        part = await run_sync(next, parts, None, limiter=threads)


def _headers(cid: Cid) -> dict[str, str]:
    return {"ETag": f'"{cid}"', "Cache-Control": CACHED_FOR_EVER}


def _range(text: str | None, size: int) -> tuple[int, int]:
    """First byte and the one after the last (RFC 9110, 14.1.2); the whole for what is not one range of bytes."""
    match = _RANGE.fullmatch(text or "")
    if match is None or match.group(1) == match.group(2) == "" or size == 0:
        return 0, size
    first, last = match.groups()
    if not first:
        return max(0, size - (int(last) or size)), size
    start, stop = int(first), min(size, int(last) + 1) if last else size
    if start >= size:
        raise RequestError("range-not-satisfiable", f"The content has {size} bytes")
    return (start, stop) if start < stop else (0, size)


def _sliced(parts: Iterator[bytes], start: int, stop: int) -> Iterator[bytes]:
    """The bytes of a range; nothing for each part before it, so that no thread is held for longer than a part takes."""
    position = 0
    with closing(parts):  # type: ignore[type-var]  # every store gives a generator
        for part in parts:
            yield part[max(0, start - position) : stop - position]
            position += len(part)
            if position >= stop:
                return
