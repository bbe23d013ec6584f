"""What an event does to the rows it touches: a pure function from the rows before it to the rows after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.errors import IndexStateError
from ledger.index.rows import Key, Plain, Row, Rows

__all__ = ["Fold", "Occurrence", "changed", "hexadecimal", "inconsistent"]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event and the time of its block.

    Attributes:
        contract: Name of the contract, e.g. ``Datasets``.
        name: Name of the event, e.g. ``DatasetRegistered``.
        arguments: Its arguments by their names in snake case; structs are dictionaries.
        time: Unix time of its block, in seconds.
    """

    contract: str
    name: str
    arguments: Mapping[str, Any]
    time: int

    def __getitem__(self, argument: str) -> Any:
        return self.arguments[argument]


@dataclass(frozen=True, slots=True)
class Fold:
    """How one kind of event changes the state.

    Attributes:
        keys: Names the rows that the event reads or writes.
        apply: Gives the rows after the event for the rows before it, in the same order; None is no row.
    """

    keys: Callable[[Occurrence], tuple[Key, ...]]
    apply: Callable[[Occurrence, Rows], Rows]


def changed(row: Row | None, event: Occurrence, **values: Plain) -> Row:
    """The row with other values in some columns.

    Raises:
        IndexStateError: There is no such row, so an earlier event is missing.
    """
    if row is None:
        raise inconsistent(event)
    return {**row, **values}


def inconsistent(event: Occurrence) -> IndexStateError:
    """The error for an event that cannot follow on what the index holds."""
    return IndexStateError(
        f"The index cannot apply {event.contract}.{event.name}",
        why="it does not follow on what is in the index, so an earlier event is missing",
        fix="delete the index's database and start again: it is rebuilt from the chain",
    )


def hexadecimal(value: bytes) -> str:
    """``0x`` and lower-case digits."""
    return "0x" + bytes(value).hex()
