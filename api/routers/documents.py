"""Small documents that a wallet user needs in the store: purposes, reasons, licence texts.

**Abuse.** Whoever reaches this route can put bytes into the operator's store, where anyone who has the CID can read
them. What bounds it: one document of at most 256 KiB at a time, a rate for each client, a budget of bytes a day for
all clients together (:class:`api.limits.Limits`), three content types, and answers from ``GET /content`` that no
browser runs or frames. What does not: who the sender is, and what the document says. Nothing is checked for being
lawful, confidential or true, and a document may hold what should never have been public: once fetched by others it
cannot be taken back. An operator who serves the open Internet puts its own authentication in front of this route.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.deps import GuardsDep, ServicesDep
from api.problems import RequestError, refused
from ledger.model.canonical import too_deep
from ledger.model.cid import CidField
from ledger.model.ids import Digest, DigestField
from ledger.storage.store import Store, read_back

router = APIRouter(prefix="/documents", tags=["documents"], responses=refused(403, 413, 415, 429, 503, 507))

TYPES: Final = ("application/json", "application/pdf", "text/plain")
_PDF: Final = b"%PDF-"
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/plain": {
                "schema": {"type": "string", "maxLength": 2**18},
                "example": "We study survival after stage II colon cancer. No attempt will be made to identify anyone.",
            },
            "application/json": {"schema": {}, "example": {"purpose": "Survival after stage II colon cancer"}},
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class StoredDocument(BaseModel):
    """Where a document is now."""

    cid: CidField = Field(examples=["bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"])
    digest: DigestField = Field(description="The CID's digest, as the contracts name the document")
    size: int = Field(examples=[90], description="In bytes")


@router.post("", status_code=201, operation_id="documents_store", summary="Store a small document", openapi_extra=_BODY)
async def store_document(
    request: Request,
    response: Response,
    services: ServicesDep,
    guards: GuardsDep,
    content_type: Annotated[str, Header(max_length=200)] = "",
) -> StoredDocument:
    """Store a purpose, reasons or a licence text, and learn the CID to name it by. Public, and kept.

    The same document again has the same CID. Text and JSON must be UTF-8; nothing else about the content is checked.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in TYPES:
        raise RequestError("unsupported-media-type", f"Send one of {', '.join(TYPES)}")
    guards.documents.take(request.client.host if request.client else "")
    document = await _body(request, guards.limits.document)
    _check(document, kind)
    guards.document_bytes.take(len(document))
    stored = await run_in_threadpool(_keep, services, document)
    response.headers["Location"] = f"/content/{stored.cid}"
    return stored


async def _body(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise RequestError("too-large", f"A document has at most {limit} bytes")
    return bytes(body)


def _check(document: bytes, kind: str) -> None:
    if not document:
        raise RequestError("invalid", "The document is empty")
    if kind == "application/pdf":
        if not document.startswith(_PDF):
            raise RequestError("invalid", "The document is not a PDF")
        return
    try:
        text = document.decode()
    except UnicodeDecodeError as error:
        raise RequestError("invalid", "The document is not UTF-8") from error
    if kind == "application/json":
        if too_deep(document):
            raise RequestError("invalid", "The document is nested too deeply")
        try:
            json.loads(text)
        except ValueError as error:
            raise RequestError("invalid", "The document is not JSON") from error


def _keep(services: ServicesDep, document: bytes) -> StoredDocument:
    store: Store
    with services.open_store() as store:
        cid = store.put_bytes(document)
        read_back(store, cid)
    return StoredDocument(cid=cid, digest=Digest(cid.digest), size=len(document))
