"""ERC-721 transfers: which account has a dataset's or a licence's token."""

from __future__ import annotations

from typing import Final

from ledger.index.apply.fold import Fold, Occurrence
from ledger.index.rows import Key, Rows
from ledger.model.terms import ZERO_ADDRESS

__all__ = ["FOLDS"]


def _token(event: Occurrence) -> tuple[Key, ...]:
    return (Key("token_owners", (event.contract, event["token_id"])),)


def _transferred(event: Occurrence, _: Rows) -> Rows:
    if event["to"] == ZERO_ADDRESS:
        return (None,)
    return ({"contract": event.contract, "token_id": event["token_id"], "owner": event["to"]},)


FOLDS: Final[dict[str, Fold]] = {"Transfer": Fold(_token, _transferred)}
