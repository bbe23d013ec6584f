"""Versions of datasets."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.deps import GuardsDep, IndexDep, StoreDep
from api.filters import (
    DatasetPath,
    DatasetQuery,
    DatasetStatusName,
    DuoQuery,
    FundingName,
    MemberQuery,
    TextQuery,
    TierName,
    found,
)
from api.pages import CursorQuery, LimitQuery, PageOf, json_response, page_response
from api.problems import refused
from api.routers.content import stream
from api.views import DatasetView, OfferView, dataset_line, dataset_view, offer_view
from ledger.index import queries
from ledger.index.database import Index
from ledger.index.entries import DatasetEntry
from ledger.model.cid import Cid, Codec
from ledger.model.dataset import Dataset, DatasetStatus, Funding, Tier
from ledger.model.ids import DatasetId
from ledger.model.terms import parse_duo_term

router = APIRouter(prefix="/datasets", tags=["datasets"], responses=refused(400, 404, 503))

MAX_NEIGHBOURS: Final = 50

_METADATA: Final[dict[str, Any]] = {
    "description": "RO-Crate 1.1 with a schema.org Dataset",
    "content": {
        "application/ld+json": {
            "schema": {"type": "object"},
            "example": {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": []},
        }
    },
}
_MANIFEST: Final[dict[str, Any]] = {
    "description": "The public manifest: encrypted files by CID",
    "content": {
        "application/json": {
            "schema": {"type": "object"},
            "example": {"format": "ledger/manifest", "version": 1, "files": []},
        }
    },
}


class Versions(BaseModel):
    """A line of versions, the oldest first; not `complete` if more than 50 stand on one side of the one asked for."""

    items: list[DatasetView]
    complete: bool


@router.get("", operation_id="datasets_list", summary="Search the catalogue", response_model=PageOf[DatasetView])
def list_datasets(
    request: Request,
    index: IndexDep,
    guards: GuardsDep,
    *,
    cursor: CursorQuery = None,
    limit: LimitQuery = queries.DEFAULT_LIMIT,
    q: TextQuery = None,
    holder: MemberQuery = None,
    collector: MemberQuery = None,
    parent: DatasetQuery = None,
    tier: Annotated[TierName | None, Query()] = None,
    funding: Annotated[FundingName | None, Query()] = None,
    duo: DuoQuery = None,
    status: Annotated[DatasetStatusName | None, Query()] = None,
    human_genetic_resources: Annotated[bool | None, Query()] = None,
) -> Response:
    """Datasets that meet every filter given, the newest first.

    `q` searches name, description, creator and keywords of the metadata document, and the attribution line. Texts of
    more than 500 characters end in an ellipsis here, and are whole where one dataset is read.
    """

    def make() -> Response:
        page = queries.datasets(
            index,
            cursor=cursor,
            limit=limit,
            text=q,
            holder=holder,
            collector=collector,
            parent=parent,
            tier=Tier[tier.upper()] if tier else None,
            funding=Funding[funding.upper()] if funding else None,
            duo=parse_duo_term(duo) if duo else None,
            status=DatasetStatus[status.upper()] if status else None,
            human_genetic_resources=human_genetic_resources,
        )
        return page_response(request, page, dataset_line)

    return guards.pages.serve(request, index, make)


@router.get("/{dataset}", operation_id="datasets_read", summary="A dataset", response_model=DatasetView)
def read_dataset(dataset: DatasetPath, index: IndexDep) -> Response:
    """One version of a dataset, as the ledger has it, with what its metadata document says."""
    return json_response(dataset_view(_entry(index, dataset)))


@router.get(
    "/{dataset}/versions", operation_id="datasets_versions", summary="All versions of it", response_model=Versions
)
def list_versions(dataset: DatasetPath, index: IndexDep) -> Response:
    """The line of versions that this one belongs to."""
    entry = _entry(index, dataset)
    before, began = _walk(index, entry.dataset.supersedes, backwards=True)
    after, ended = _walk(index, entry.dataset.superseded_by, backwards=False)
    items = [dataset_line(version) for version in (*reversed(before), entry, *after)]
    return json_response({"items": items, "complete": began and ended})


@router.get(
    "/{dataset}/offers", operation_id="datasets_offers", summary="Offers for it", response_model=PageOf[OfferView]
)
def list_offers(
    request: Request,
    dataset: DatasetPath,
    index: IndexDep,
    *,
    cursor: CursorQuery = None,
    limit: LimitQuery = queries.DEFAULT_LIMIT,
    open: Annotated[bool | None, Query(description="Whether they may be taken up")] = None,  # noqa: A002 - contract's word
) -> Response:
    """Offers for this version, the newest first."""
    _entry(index, dataset)
    page = queries.offers(index, cursor=cursor, limit=limit, dataset=dataset, open=open)
    return page_response(request, page, offer_view)


@router.get(
    "/{dataset}/metadata",
    operation_id="datasets_metadata",
    summary="Its metadata document",
    response_class=Response,
    responses=refused(502) | {200: _METADATA},
)
async def read_metadata(dataset: DatasetPath, index: IndexDep, store: StoreDep, guards: GuardsDep) -> Response:
    """The document's own bytes, hashed against what the ledger has before they are sent."""
    recorded = await run_in_threadpool(_recorded, index, dataset)
    return await stream(guards, store, Cid.from_digest(recorded.metadata_digest), media_type="application/ld+json")


@router.get(
    "/{dataset}/manifest",
    operation_id="datasets_manifest",
    summary="Its manifest",
    response_class=Response,
    responses=refused(502) | {200: _MANIFEST},
)
async def read_manifest(dataset: DatasetPath, index: IndexDep, store: StoreDep, guards: GuardsDep) -> Response:
    """The manifest's own bytes, hashed against what the ledger has before they are sent."""
    recorded = await run_in_threadpool(_recorded, index, dataset)
    manifest = Cid.from_digest(recorded.manifest_digest, Codec(recorded.manifest_codec))
    return await stream(guards, store, manifest, media_type="application/json")


def _entry(index: Index, dataset: DatasetId) -> DatasetEntry:
    return found(queries.dataset(index, dataset), "dataset")


def _recorded(index: Index, dataset: DatasetId) -> Dataset:
    return _entry(index, dataset).dataset


def _walk(index: Index, start: DatasetId | None, *, backwards: bool) -> tuple[list[DatasetEntry], bool]:
    """Versions from `start` on in one direction, and whether that is all of them."""
    line: list[DatasetEntry] = []
    following = start
    while following and len(line) < MAX_NEIGHBOURS:
        line.append(_entry(index, following))
        following = line[-1].dataset.supersedes if backwards else line[-1].dataset.superseded_by
    return line, not following
