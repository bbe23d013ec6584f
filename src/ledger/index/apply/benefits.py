"""Events of ``IBenefits``: the money of each licence, what each member can withdraw, which tokens are taken."""

from __future__ import annotations

from typing import Final

from ledger.index.apply.fold import Fold, Occurrence, changed, inconsistent
from ledger.index.rows import Key, Row, Rows
from ledger.index.schema import narrow, wide
from ledger.model.licence import EscrowStatus

__all__ = ["FOLDS"]


def _escrow(event: Occurrence) -> tuple[Key, ...]:
    return (Key("escrows", (event["licence"],)),)


def _balance(event: Occurrence) -> tuple[Key, ...]:
    return (Key("balances", (event["member"], event["token"])),)


def _token(event: Occurrence) -> tuple[Key, ...]:
    return (Key("tokens", (event["token"],)),)


def _invoiced(event: Occurrence, _: Rows) -> Rows:
    row = {
        "licence": event["licence"],
        "token": event["token"],
        "payer": event["payer"],
        "status": EscrowStatus.INVOICED.value,
        "amount": wide(event["amount"]),
        "funded_from": None,
    }
    return (row,)


def _funded(event: Occurrence, rows: Rows) -> Rows:
    return (changed(rows[0], event, status=EscrowStatus.FUNDED.value, funded_from=event["from"]),)


def _settled(event: Occurrence, rows: Rows) -> Rows:
    return (changed(rows[0], event, status=EscrowStatus.SETTLED.value),)


def _refunded(event: Occurrence, rows: Rows) -> Rows:
    return (changed(rows[0], event, status=EscrowStatus.REFUNDED.value),)


def _cancelled(event: Occurrence, rows: Rows) -> Rows:
    return (changed(rows[0], event, status=EscrowStatus.CANCELLED.value),)


def _credited(event: Occurrence, rows: Rows) -> Rows:
    return (_moved(event, rows, credit=event["amount"]),)


def _withdrawn(event: Occurrence, rows: Rows) -> Rows:
    return (_moved(event, rows, debit=event["amount"]),)


def _moved(event: Occurrence, rows: Rows, *, credit: int = 0, debit: int = 0) -> Row:
    nothing = wide(0)
    row = rows[0] or {"credited": nothing, "withdrawn": nothing}
    credited = narrow(str(row["credited"])) + credit
    withdrawn = narrow(str(row["withdrawn"])) + debit
    if withdrawn > credited:
        raise inconsistent(event)
    return {
        "member": event["member"],
        "token": event["token"],
        "available": wide(credited - withdrawn),
        "credited": wide(credited),
        "withdrawn": wide(withdrawn),
    }


def _token_allowed(event: Occurrence, _: Rows) -> Rows:
    return ({"address": event["token"], "allowed": event["allowed"]},)


FOLDS: Final[dict[str, Fold]] = {
    "EscrowInvoiced": Fold(_escrow, _invoiced),
    "EscrowFunded": Fold(_escrow, _funded),
    "EscrowSettled": Fold(_escrow, _settled),
    "EscrowRefunded": Fold(_escrow, _refunded),
    "EscrowCancelled": Fold(_escrow, _cancelled),
    "Credited": Fold(_balance, _credited),
    "Withdrawn": Fold(_balance, _withdrawn),
    "TokenAllowed": Fold(_token, _token_allowed),
}
