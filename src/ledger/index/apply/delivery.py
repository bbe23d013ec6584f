"""Events of ``IKeyExchange``: dataset keys, blinded for their licensees."""

from __future__ import annotations

from typing import Final

from ledger.index.apply.fold import Fold, Occurrence, hexadecimal
from ledger.index.rows import Key, Rows
from ledger.index.schema import wide

__all__ = ["FOLDS"]


def _delivery(event: Occurrence) -> tuple[Key, ...]:
    return (Key("deliveries", (event["licence"],)),)


def _delivered(event: Occurrence, _: Rows) -> Rows:
    row = {
        "licence": event["licence"],
        "licensor": event["licensor"],
        "wrapped_key": hexadecimal(event["wrapped_key"]),
        "ephemeral_prefix": event["ephemeral_prefix"],
        "ephemeral_x": wide(event["ephemeral_x"]),
        "delivered_at": event.time,
    }
    return (row,)


FOLDS: Final[dict[str, Fold]] = {"KeyDelivered": Fold(_delivery, _delivered)}
