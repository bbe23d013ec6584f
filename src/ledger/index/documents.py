"""Metadata documents: found in the store by the digest on the ledger, kept as what the catalogue searches.

A document is named by the hash of its content. What was found is therefore kept for ever, what is malformed stays so,
and only what is missing is looked for again, at growing intervals.
"""

from __future__ import annotations

import json
import time
from typing import Any, Final

from sqlalchemy import or_, select

from ledger.errors import DocumentError, IntegrityError, NotStoredError, StorageError
from ledger.index.database import Index
from ledger.index.rows import upsert
from ledger.index.schema import datasets, documents, foldable, storable
from ledger.model.cid import Cid
from ledger.model.metadata import MAX_DOCUMENT_BYTES, Metadata
from ledger.storage.store import Store

__all__ = ["MALFORMED", "MISSING", "PRESENT", "Documents"]

PRESENT: Final = "present"
MISSING: Final = "missing"
MALFORMED: Final = "malformed"

_AT_ONCE: Final = 100
_BUDGET: Final = 5.0
_FIRST_PAUSE: Final = 10
_LONGEST_PAUSE: Final = 3_600


class Documents:
    """Looks for the documents of datasets. One thread at a time uses it.

    Args:
        index: Where they are noted.
        store: Where they are looked for.
    """

    def __init__(self, index: Index, store: Store) -> None:
        self._index = index
        self._store = store
        self._failures = 0
        self._rest_until = 0

    def look(self, now: int) -> int:
        """Look for documents that are due, for a few seconds at most.

        A store that does not answer is left alone for a while; that is not counted against any document.

        Args:
            now: Unix time, in seconds.

        Returns:
            How many were found.

        Raises:
            IndexStateError: The database does not answer.
        """
        if now < self._rest_until:
            return 0
        found, begun = 0, time.monotonic()
        for digest, attempts in self._due(now):
            try:
                row = self._looked_up(digest, attempts, now)
            except StorageError:
                self._failures += 1
                self._rest_until = now + _pause(self._failures)
                return found
            self._failures = 0
            with self._index.writing() as connection:
                upsert(connection, documents, [row])
            found += row["status"] == PRESENT
            if time.monotonic() - begun > _BUDGET:
                break
        return found

    def _due(self, now: int) -> list[tuple[str, int]]:
        statement = (
            select(datasets.c.metadata_digest, documents.c.attempts)
            .outerjoin(documents, documents.c.digest == datasets.c.metadata_digest)
            .where(or_(documents.c.digest.is_(None), (documents.c.status == MISSING) & (documents.c.retry_at <= now)))
            .distinct()
            .limit(_AT_ONCE)
        )
        with self._index.reading() as connection:
            return [(row.metadata_digest, row.attempts or 0) for row in connection.execute(statement)]

    def _looked_up(self, digest: str, attempts: int, now: int) -> dict[str, Any]:
        row = _blank(digest, attempts + 1)
        try:
            data = self._store.get_bytes(Cid.from_digest(bytes.fromhex(digest[2:])), limit=MAX_DOCUMENT_BYTES)
            metadata = Metadata.from_document(data)
        except (NotStoredError, IntegrityError) as error:
            return row | {
                "status": MISSING,
                "problem": storable(error.why),
                "retry_at": now + _pause(attempts + 1),
            }
        except DocumentError as error:
            return row | {"status": MALFORMED, "problem": storable(f"{error.what}: {error.why}")}
        return row | _columns(metadata) | {"status": PRESENT, "document": data.decode("utf-8")}


def _columns(metadata: Metadata) -> dict[str, Any]:
    searched = (metadata.name, metadata.description, metadata.creator.name, *metadata.keywords)
    return {
        "name": storable(metadata.name),
        "description": storable(metadata.description),
        "creator": storable(metadata.creator.name),
        "keywords": json.dumps([storable(word) for word in metadata.keywords]),
        "search": foldable("\n".join(searched)),
    }


def _blank(digest: str, attempts: int) -> dict[str, Any]:
    row: dict[str, Any] = {column.name: None for column in documents.columns}
    return row | {"digest": digest, "attempts": attempts, "retry_at": 0}


def _pause(failures: int) -> int:
    return min(_FIRST_PAUSE << min(failures - 1, 16), _LONGEST_PAUSE)
