"""From events to rows: one module a contract, pure functions throughout.

The other events of the contracts (approvals of tokens, roles, operations) change nothing that is kept as a row;
they are in the table of events like all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ledger.index.apply import benefits, datasets, delivery, licences, members, offers, ownership
from ledger.index.apply.fold import Fold, Occurrence
from ledger.index.rows import Key, Row

__all__ = ["FOLDS", "Occurrence", "fold", "touched"]

FOLDS: Final[Mapping[tuple[str, str], Fold]] = {
    (contract, name): step
    for contract, folds in (
        ("Members", members.FOLDS),
        ("Datasets", datasets.FOLDS | ownership.FOLDS),
        ("Offers", offers.FOLDS),
        ("Licences", licences.FOLDS | ownership.FOLDS),
        ("Benefits", benefits.FOLDS),
        ("KeyExchange", delivery.FOLDS),
    )
    for name, step in folds.items()
}


def touched(occurrences: Iterable[Occurrence]) -> set[Key]:
    """The rows that these events read or write."""
    return {
        key
        for occurrence in occurrences
        if (step := FOLDS.get((occurrence.contract, occurrence.name))) is not None
        for key in step.keys(occurrence)
    }


def fold(occurrences: Iterable[Occurrence], present: Mapping[Key, Row | None]) -> dict[Key, Row | None]:
    """The rows after these events, in their order.

    Args:
        occurrences: Events.
        present: The rows before them, of at least the keys :func:`touched`.

    Returns:
        The rows that are different now. None where there is no longer one.

    Raises:
        IndexStateError: An event changes a row that is not there.
    """
    after: dict[Key, Row | None] = {}
    for occurrence in occurrences:
        step = FOLDS.get((occurrence.contract, occurrence.name))
        if step is None:
            continue
        keys = step.keys(occurrence)
        before = tuple(after[key] if key in after else present[key] for key in keys)
        after.update(zip(keys, step.apply(occurrence, before), strict=True))
    return {key: row for key, row in after.items() if row != present[key]}
