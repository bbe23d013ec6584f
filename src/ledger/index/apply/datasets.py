"""Events of ``IDatasets``: versions of datasets, who holds them, and whether they may be licensed."""

from __future__ import annotations

from typing import Final

from eth_utils.crypto import keccak

from ledger.index.apply.fold import Fold, Occurrence, changed, hexadecimal
from ledger.index.rows import Key, Row, Rows
from ledger.index.schema import foldable, storable, wide

__all__ = ["FOLDS"]


def _dataset(event: Occurrence) -> tuple[Key, ...]:
    return (Key("datasets", (event["dataset"],)),)


def _with_relatives(event: Occurrence) -> tuple[Key, ...]:
    registration = event["registration"]
    former = registration["supersedes"]
    return (
        *_dataset(event),
        *(Key("dataset_parents", (event["dataset"], place)) for place in range(len(registration["parents"]))),
        *((Key("datasets", (former,)),) if former else ()),
    )


def _registered(event: Occurrence, rows: Rows) -> Rows:
    stated = event["registration"]
    parents: list[Row] = [
        {"dataset": event["dataset"], "position": place, "parent": parent}
        for place, parent in enumerate(stated["parents"])
    ]
    superseded = [changed(row, event, superseded_by=event["dataset"]) for row in rows[1 + len(parents) :]]
    return (_row(event), *parents, *superseded)


def _row(event: Occurrence) -> Row:
    stated = event["registration"]
    attribution: str = stated["attribution"]
    return {
        "id": event["dataset"],
        "collector": stated["collector"],
        "holder": event["holder"],
        "size": wide(stated["size"]),
        "registered_at": event.time,
        "embargo_until": stated["embargo_until"],
        "funding": stated["funding"],
        "tier": stated["tier"],
        "status": 1,
        "human_genetic_resources": stated["human_genetic_resources"],
        "manifest_codec": stated["manifest_codec"],
        "manifest_digest": hexadecimal(stated["manifest_digest"]),
        "metadata_digest": hexadecimal(stated["metadata_digest"]),
        "key_commitment": hexadecimal(stated["key_commitment"]),
        # What the event decoder could not read as UTF-8 stands in the text as surrogates, so the bytes are whole.
        "attribution_digest": hexadecimal(keccak(attribution.encode("utf-8", "surrogateescape"))),
        "attribution": storable(attribution),
        "search": foldable(attribution),
        "supersedes": stated["supersedes"] or None,
        "superseded_by": None,
    }


def _holder_changed(event: Occurrence, rows: Rows) -> Rows:
    return (changed(rows[0], event, holder=event["to"]),)


def _embargo_shortened(event: Occurrence, rows: Rows) -> Rows:
    return (changed(rows[0], event, embargo_until=event["embargo_until"]),)


def _status_changed(event: Occurrence, rows: Rows) -> Rows:
    return (changed(rows[0], event, status=event["status"]),)


FOLDS: Final[dict[str, Fold]] = {
    "DatasetRegistered": Fold(_with_relatives, _registered),
    "HolderChanged": Fold(_dataset, _holder_changed),
    "EmbargoShortened": Fold(_dataset, _embargo_shortened),
    "DatasetStatusChanged": Fold(_dataset, _status_changed),
}
