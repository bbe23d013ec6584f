"""Putting a batch into the database, and taking blocks out of it again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, exists, insert, select

from ledger.chain.events import Event
from ledger.chain.node import BlockRef
from ledger.index.apply import Occurrence, fold, touched
from ledger.index.apply.fold import hexadecimal
from ledger.index.batch import Batch
from ledger.index.database import tip
from ledger.index.rows import Key, Row, journalled, load, save, undo, upsert
from ledger.index.schema import blocks, event_subjects, events, facts, journal, storable
from ledger.index.source import Block, MovedError

__all__ = ["floor", "record", "roll_back"]

_FLOOR: Final = "floor"
_SUBJECTS: Final = {
    "dataset": "dataset",
    "supersedes": "dataset",
    "offer": "offer",
    "licence": "licence",
    "member": "member",
    "collector": "member",
    "holder": "member",
    "licensor": "member",
    "licensee": "member",
    "payer": "member",
    "fund": "member",
    "platform": "member",
    "from": "member",
    "to": "member",
}
"""Arguments that name an entry, if they are numbers: a payer or receiver may also be an account."""
_TOKENS: Final = {"Datasets": "dataset", "Licences": "licence"}


def record(connection: Connection, batch: Batch, expected: BlockRef | None, reorg_bound: int) -> None:
    """Fold a batch into the state and keep all that it takes to undo it.

    Args:
        connection: A writing transaction.
        batch: Blocks that follow on `expected`.
        expected: The last block in the index when the batch was read.
        reorg_bound: Blocks below the last that can still be undone.

    Raises:
        MovedError: Another process has written meanwhile.
        IndexStateError: An event does not follow on what the index holds.
    """
    _require_tip(connection, expected)
    _insert(connection, blocks, [_block_row(block) for block, _ in batch.blocks])
    _record_events(connection, batch)
    _record_state(connection, batch)
    former = floor(connection)
    settled = batch.last.number if batch.settled else max(former, batch.last.number - reorg_bound)
    if settled > former:
        _settle(connection, former, settled)


def roll_back(connection: Connection, expected: BlockRef, ancestor: int) -> None:
    """Undo every block after `ancestor`, which is at or above :func:`floor`.

    Raises:
        MovedError: Another process has written meanwhile.
    """
    _require_tip(connection, expected)
    undo(connection, ancestor)
    # Their subjects go with them.
    connection.execute(delete(events).where(events.c.block_number > ancestor))
    connection.execute(delete(blocks).where(blocks.c.number > ancestor))


def floor(connection: Connection) -> int:
    """Height of the block below which nothing can be undone; -1 if everything can."""
    value = connection.scalar(select(facts.c.value).where(facts.c.name == _FLOOR))
    return -1 if value is None else int(value)


def _require_tip(connection: Connection, expected: BlockRef | None) -> None:
    if tip(connection) != expected:
        raise MovedError


def _record_events(connection: Connection, batch: Batch) -> None:
    recorded = [event for _, found in batch.blocks for event in found]
    _insert(connection, events, [_event_row(event) for event in recorded])
    _insert(
        connection,
        event_subjects,
        [
            {
                "kind": kind,
                "subject": subject,
                "block_number": event.block_number,
                "log_index": event.log_index,
            }
            for event in recorded
            for kind, subject in sorted(set(_subjects(event)))
        ],
    )


def _record_state(connection: Connection, batch: Batch) -> None:
    runs = [(block.number, [_occurrence(block, event) for event in found]) for block, found in batch.blocks if found]
    rows = load(connection, touched(occurrence for _, run in runs for occurrence in run))
    changes: dict[Key, Row | None] = {}
    entries: list[dict[str, Any]] = []
    for number, run in runs:
        after = fold(run, rows)
        if not batch.settled:
            entries += journalled(number, {key: rows[key] for key in after})
        rows.update(after)
        changes.update(after)
    save(connection, changes)
    _insert(connection, journal, entries)


def _settle(connection: Connection, former: int, settled: int) -> None:
    """Forget what it would take to undo blocks up to `settled`, and those of them in which nothing happened."""
    upsert(connection, facts, [{"name": _FLOOR, "value": str(settled)}])
    connection.execute(delete(journal).where(journal.c.block_number <= settled))
    eventful = exists().where(events.c.block_number == blocks.c.number)
    connection.execute(delete(blocks).where(blocks.c.number >= former, blocks.c.number < settled, ~eventful))


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _block_row(block: Block) -> dict[str, Any]:
    return {"number": block.number, "hash": hexadecimal(block.hash), "time": block.time}


def _event_row(event: Event) -> dict[str, Any]:
    return {
        "block_number": event.block_number,
        "log_index": event.log_index,
        "contract": event.contract,
        "name": event.name,
        "transaction_hash": hexadecimal(event.transaction_hash),
        "arguments": json.dumps(_plain(event.arguments), ensure_ascii=False, separators=(",", ":")),
    }


def _occurrence(block: Block, event: Event) -> Occurrence:
    return Occurrence(contract=event.contract, name=event.name, arguments=event.arguments, time=block.time)


def _subjects(event: Event) -> Iterator[tuple[str, int]]:
    if event.name == "Transfer" and event.contract in _TOKENS:
        yield _TOKENS[event.contract], event.arguments["token_id"]
    yield from _named(event.arguments)


def _named(arguments: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for name, value in arguments.items():
        if isinstance(value, Mapping):
            yield from _named(value)
        elif name in _SUBJECTS and isinstance(value, int) and value:
            yield _SUBJECTS[name], value
        elif name == "parents":
            yield from (("dataset", parent) for parent in value)


def _plain(value: Any) -> Any:
    """The value as JSON keeps it: bytes in hexadecimal, text as the database can hold it."""
    if isinstance(value, bytes):
        return hexadecimal(value)
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
