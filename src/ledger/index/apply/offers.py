"""Events of ``IOffers``: terms, which never change, and whether they may still be taken up."""

from __future__ import annotations

from typing import Final

from ledger.index.apply.fold import Fold, Occurrence, changed, hexadecimal
from ledger.index.rows import Key, Rows
from ledger.index.schema import wide

__all__ = ["FOLDS"]

_NO_COUNTRY = b"\0\0"


def _offer(event: Occurrence) -> tuple[Key, ...]:
    return (Key("offers", (event["offer"],)),)


def _published(event: Occurrence, _: Rows) -> Rows:
    terms = event["terms"]
    shares = terms["shares"]
    row = {
        "id": event["offer"],
        "dataset": event["dataset"],
        "open": True,
        "published_at": event.time,
        "terms_digest": hexadecimal(event["terms_digest"]),
        "token": terms["token"],
        "price": wide(terms["price"]),
        "duration": terms["duration"],
        "duo_codes": terms["duo_codes"],
        "country": None if terms["country"] == _NO_COUNTRY else terms["country"].decode("ascii"),
        "moratorium_until": terms["moratorium_until"] or None,
        "diseases_digest": hexadecimal(terms["diseases_digest"]),
        "fund": shares["fund"],
        "platform": shares["platform"],
        "collector_share": shares["collector_share"],
        "holder_share": shares["holder_share"],
        "fund_share": shares["fund_share"],
        "platform_share": shares["platform_share"],
        "prose_digest": hexadecimal(terms["prose_digest"]),
        "considerations_digest": hexadecimal(terms["considerations_digest"]),
    }
    return (row,)


def _withdrawn(event: Occurrence, rows: Rows) -> Rows:
    return (changed(rows[0], event, open=False),)


FOLDS: Final[dict[str, Fold]] = {
    "OfferPublished": Fold(_offer, _published),
    "OfferWithdrawn": Fold(_offer, _withdrawn),
}
