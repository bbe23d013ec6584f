"""Events of ``ILicences``: the stage that each act reached, and the deadlines from which time does the rest."""

from __future__ import annotations

from typing import Final

from eth_utils.crypto import keccak

from ledger.index.apply.fold import Fold, Occurrence, changed, hexadecimal
from ledger.index.rows import Key, Plain, Rows
from ledger.index.schema import wide
from ledger.model.licence import LicenceState
from ledger.model.terms import ZERO_ADDRESS, ZERO_DIGEST

__all__ = ["FOLDS"]

_NO_DIGEST: Final = hexadecimal(ZERO_DIGEST)


def _licence(event: Occurrence) -> tuple[Key, ...]:
    return (Key("licences", (event["licence"],)),)


def _with_agreement(event: Occurrence) -> tuple[Key, ...]:
    return (*_licence(event), Key("agreements", (event["licence"],)))


def _applied(event: Occurrence, _: Rows) -> Rows:
    row: dict[str, Plain] = {
        "id": event["licence"],
        "offer": event["offer"],
        "dataset": event["dataset"],
        "licensee": event["licensee"],
        "licensor": 0,
        "stage": LicenceState.APPLIED.value,
        "deadline": 0,
        "expires_at": 0,
        "applied_at": event.time,
        "requested_purpose_digest": hexadecimal(event["purpose_digest"]),
        "purpose_digest": _NO_DIGEST,
        "agreement_digest": _NO_DIGEST,
        "delivery_key_digest": _NO_DIGEST,
        "reasons_digest": None,
        "payer": None,
        "settled": False,
    }
    return (row,)


def _approved(event: Occurrence, rows: Rows) -> Rows:
    digest = hexadecimal(event["purpose_digest"])
    stage = LicenceState.APPROVED.value
    return (changed(rows[0], event, stage=stage, licensor=event["licensor"], purpose_digest=digest),)


def _rejected(event: Occurrence, rows: Rows) -> Rows:
    reasons = hexadecimal(event["reasons_digest"])
    return (changed(rows[0], event, stage=LicenceState.REJECTED.value, reasons_digest=reasons),)


def _cancelled(event: Occurrence, rows: Rows) -> Rows:
    return (changed(rows[0], event, stage=LicenceState.CANCELLED.value),)


def _agreed(event: Occurrence, rows: Rows) -> Rows:
    agreement = event["agreement"]
    x, y = agreement["delivery_key_x"], agreement["delivery_key_y"]
    licence = changed(
        rows[0],
        event,
        stage=LicenceState.AGREED.value,
        # Zero for a free licence, whose payment is recorded, and its deadline set, by the event that follows.
        deadline=event["payment_due"],
        agreement_digest=hexadecimal(event["agreement_digest"]),
        delivery_key_digest=hexadecimal(keccak(x.to_bytes(32) + y.to_bytes(32))),
    )
    signed = {
        "licence": event["licence"],
        "digest": hexadecimal(event["agreement_digest"]),
        "purpose_digest": hexadecimal(agreement["purpose_digest"]),
        "licensor": agreement["licensor"],
        "delivery_key_x": wide(x),
        "delivery_key_y": wide(y),
        "deadline": agreement["deadline"],
        "agreed_at": event.time,
        "licensor_signer": event["licensor"]["signer"],
        "licensor_signature": hexadecimal(event["licensor"]["signature"]),
        "licensee_signer": event["licensee"]["signer"],
        "licensee_signature": hexadecimal(event["licensee"]["signature"]),
    }
    return (licence, signed)


def _paid(event: Occurrence, rows: Rows) -> Rows:
    payer = None if event["payer"] == ZERO_ADDRESS else event["payer"]
    return (changed(rows[0], event, stage=LicenceState.PAID.value, deadline=event["delivery_due"], payer=payer),)


def _delivered(event: Occurrence, rows: Rows) -> Rows:
    due, expires_at = event["acceptance_due"], event["expires_at"]
    return (changed(rows[0], event, stage=LicenceState.DELIVERED.value, deadline=due, expires_at=expires_at),)


def _accepted(event: Occurrence, rows: Rows) -> Rows:
    return (changed(rows[0], event, stage=LicenceState.ACTIVE.value),)


def _settled(event: Occurrence, rows: Rows) -> Rows:
    # Settlement after silence, and renewal, count the delivery as accepted.
    return (changed(rows[0], event, stage=LicenceState.ACTIVE.value, settled=True),)


def _refunded(event: Occurrence, rows: Rows) -> Rows:
    return (changed(rows[0], event, stage=LicenceState.REFUNDED.value),)


def _renewed(event: Occurrence, rows: Rows) -> Rows:
    return (changed(rows[0], event, stage=LicenceState.ACTIVE.value, expires_at=event["expires_at"]),)


def _windows(_: Occurrence) -> tuple[Key, ...]:
    return (Key("windows", (1,)),)


def _windows_changed(event: Occurrence, _: Rows) -> Rows:
    stated = event["windows"]
    row = {
        "id": 1,
        "payment": stated["payment"],
        "delivery": stated["delivery"],
        "acceptance": stated["acceptance"],
    }
    return (row,)


FOLDS: Final[dict[str, Fold]] = {
    "LicenceApplied": Fold(_licence, _applied),
    "LicenceApproved": Fold(_licence, _approved),
    "LicenceRejected": Fold(_licence, _rejected),
    "LicenceCancelled": Fold(_licence, _cancelled),
    "LicenceAgreed": Fold(_with_agreement, _agreed),
    "LicencePaid": Fold(_licence, _paid),
    "LicenceDelivered": Fold(_licence, _delivered),
    "LicenceAccepted": Fold(_licence, _accepted),
    "LicenceSettled": Fold(_licence, _settled),
    "LicenceRefunded": Fold(_licence, _refunded),
    "LicenceRenewed": Fold(_licence, _renewed),
    "WindowsChanged": Fold(_windows, _windows_changed),
}
