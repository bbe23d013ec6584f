"""The file of ``ledger dataset register-batch``: a JSON list, an entry for each dataset.

    [{"path": "scans", "metadata": "scans.json", "attribution": "City Hospital, 2026", "tier": "controlled"}, …]

Paths are relative to the file. Everything but path, metadata and attribution has the default of ``register``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from ledger.acts.documents import read_input
from ledger.acts.register import Statement
from ledger.errors import DocumentError
from ledger.model.canonical import malformed, parse_json
from ledger.model.dataset import MAX_BATCH, Funding, Tier
from ledger.model.metadata import MAX_DOCUMENT_BYTES, Metadata

__all__ = ["BatchEntry", "read_batch"]

MAX_BATCH_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """One dataset to be registered."""

    source: Path
    metadata: Metadata
    statement: Statement


def read_batch(path: Path) -> tuple[BatchEntry, ...]:
    """The datasets that a batch file lists.

    Raises:
        PathError: The file or a metadata file cannot be read.
        DocumentError: Naming what is malformed.
    """
    value = parse_json(read_input(path, limit=MAX_BATCH_BYTES), limit=MAX_BATCH_BYTES)
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_BATCH:
        raise _malformed((), f"it is not a list of 1 to {MAX_BATCH} entries")
    entries = tuple(_entry(path.parent, place, item) for place, item in enumerate(value))
    sources = [entry.source.resolve() for entry in entries]
    if len(set(sources)) != len(sources):
        twice = next(place for place, source in enumerate(sources) if source in sources[:place])
        raise _malformed((twice, "path"), "the path stands twice in the batch")
    return entries


def _entry(base: Path, place: int, item: Any) -> BatchEntry:
    if not isinstance(item, dict):
        raise _malformed((place,), "it is not an object")
    for name in ("path", "metadata"):
        if not isinstance(item.get(name), str):
            raise _malformed((place, name), "a path is needed here")
    metadata = Metadata.from_input(read_input(base / item["metadata"], limit=MAX_DOCUMENT_BYTES))
    rest = {name: value for name, value in item.items() if name not in ("path", "metadata")}
    return BatchEntry(base / item["path"], metadata, _statement(place, rest))


def _statement(place: int, values: dict[str, Any]) -> Statement:
    for name, kind in (("funding", Funding), ("tier", Tier)):
        if name in values:
            known = {member.name.lower(): member for member in kind}
            if values[name] not in known:
                raise _malformed((place, name), f"it is not one of {', '.join(known)}")
            values[name] = known[values[name]]
    try:
        return Statement.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise _malformed((place, *first["loc"]), first["msg"].removeprefix("Value error, ")) from None


def _malformed(path: tuple[str | int, ...], why: str) -> DocumentError:
    return malformed(path, why, document="The batch file")
