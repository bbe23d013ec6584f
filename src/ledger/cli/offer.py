"""``ledger offer``: the terms on which datasets may be licensed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ledger.acts.documents import document_digest, keep_document, read_input
from ledger.chain import offers, tokens
from ledger.chain.transactions import prepare
from ledger.cli.amounts import shown_amount, token_units
from ledger.cli.command import Needs, command
from ledger.cli.desk import Desk
from ledger.cli.output import Listing, Record
from ledger.cli.sending import mined, send
from ledger.cli.values import (
    CursorOption,
    DatasetArgument,
    LimitOption,
    OfferArgument,
    option,
    parse_duo,
    parse_time,
    stated,
)
from ledger.index import queries
from ledger.model.cid import Cid
from ledger.model.dataset import Offer, Publication
from ledger.model.ids import Address, DatasetId, OfferId, UnixTime, parse_address
from ledger.model.terms import ZERO_ADDRESS, ZERO_DIGEST, DuoCodes, Shares, Terms, diseases_digest, parse_duo_term

app = typer.Typer(help="Publish, withdraw and read offers.")

SECONDS_A_DAY: Final = 86_400
GENERAL_USE: Final = DuoCodes.of("DUO:0000042")
TokenOption = Annotated[
    Address | None, option("--token", "Settlement token. Default: the ledger's own.", "TOKEN", parser=parse_address)
]


@command(app, "publish", Needs.SIGNER | Needs.STORE)
def publish(
    desk: Desk,
    dataset: DatasetArgument,
    *,
    price: Annotated[
        str, option("--price", "Price of one term, in whole tokens, e.g. 10000.50; 0 for none.", "AMOUNT")
    ],
    prose: Annotated[Path, option("--prose", "Licence text.", "FILE")],
    days: Annotated[int, typer.Option("--days", help="Length of one term.", min=1, max=36_525)] = 365,
    duo: Annotated[
        DuoCodes,
        option(
            "--duo", "Permitted uses, e.g. DUO:0000006,DUO:0000019. Default: DUO:0000042.", "TERMS", parser=parse_duo
        ),
    ] = GENERAL_USE,
    token: TokenOption = None,
    country: Annotated[str | None, option("--country", "Where it may be used, with DUO:0000022.", "CODE")] = None,
    moratorium: Annotated[
        UnixTime | None,
        option("--moratorium-until", "No publication before, with DUO:0000024.", "TIME", parser=parse_time),
    ] = None,
    disease: Annotated[
        list[str] | None, option("--disease", "MONDO or DOID term, with DUO:0000007; repeatable.", "TERM")
    ] = None,
    holder_share: Annotated[
        int | None, option("--holder-share", "Basis points for the holder. Default: what the others leave.", "POINTS")
    ] = None,
    collector_share: Annotated[int, option("--collector-share", "Basis points for the collector.", "POINTS")] = 0,
    fund: Annotated[int, option("--fund", "Member that receives the participants' share.", "MEMBER")] = 0,
    fund_share: Annotated[int, option("--fund-share", "Basis points for the fund.", "POINTS")] = 0,
    platform: Annotated[int, option("--platform", "Member that receives the platform's fee.", "MEMBER")] = 0,
    platform_share: Annotated[int, option("--platform-share", "Basis points for the platform.", "POINTS")] = 0,
    considerations: Annotated[Path | None, option("--considerations", "Non-monetary considerations.", "FILE")] = None,
) -> Record:
    """Offer licences of a dataset; an offer can be withdrawn but never changed (holder)."""
    documents = [read_input(path) for path in (prose, considerations) if path is not None]
    token = token or desk.chain.deployment.address("SettlementToken")
    amount = token_units(price, tokens.info(desk.chain, token).decimals)
    shares = stated(
        Shares,
        collector_share=collector_share,
        holder_share=10_000 - collector_share - fund_share - platform_share if holder_share is None else holder_share,
        fund_share=fund_share,
        platform_share=platform_share,
        fund=fund,
        platform=platform,
    )
    terms = stated(
        Terms,
        token=token if amount else ZERO_ADDRESS,
        price=amount,
        duration=days * SECONDS_A_DAY,
        duo=duo,
        country=country,
        moratorium_until=moratorium,
        diseases_digest=diseases_digest(frozenset(disease or ())),
        shares=shares,
        prose_digest=document_digest(documents[0]),
        considerations_digest=document_digest(documents[1]) if considerations else ZERO_DIGEST,
    )
    call = offers.publish([Publication(dataset=DatasetId(dataset), terms=terms)])
    prepare(desk.chain, call, desk.signer.address)  # refused before anything is stored
    for document in documents:
        keep_document(document, desk.stores)
    outcome = desk.sender.send(call)
    offer = outcome.event("OfferPublished").arguments["offer"]
    return Record({"offer": offer, "dataset": dataset, **mined(outcome)})


@command(app, "withdraw", Needs.SIGNER)
def withdraw(desk: Desk, offer: OfferArgument) -> Record:
    """Close an offer to new applications; agreements already signed stand (holder)."""
    return send(desk, offers.withdraw(OfferId(offer)), offer=offer)


@command(app, "list", Needs.INDEX)
def list_(
    desk: Desk,
    *,
    dataset: Annotated[int | None, option("--dataset", "For this dataset.", "DATASET")] = None,
    closed: Annotated[bool, typer.Option("--all", help="Also those that were withdrawn.")] = False,
    duo: Annotated[int | None, option("--duo", "For this use.", "TERM", parser=parse_duo_term)] = None,
    cursor: CursorOption = None,
    limit: LimitOption = 20,
) -> Listing:
    """List offers, the newest first."""
    page = queries.offers(
        desk.index,
        cursor=cursor,
        limit=limit,
        dataset=None if dataset is None else DatasetId(dataset),
        open=None if closed else True,
        duo=duo,
    )
    rows = [_shown(desk, found) for found in page.items]
    return Listing(rows, ("id", "dataset", "cost", "days", "uses", "open"), page.next_cursor)


@command(app, "show", Needs.CHAIN)
def show(desk: Desk, offer: OfferArgument) -> Record:
    """Show an offer with its whole terms."""
    return Record(_shown(desk, offers.offer(desk.chain, OfferId(offer))))


def _shown(desk: Desk, offer: Offer) -> dict[str, Any]:
    terms = offer.terms
    return {
        "id": offer.id,
        "dataset": offer.dataset,
        "open": offer.open,
        "cost": _cost(desk, terms),
        "days": terms.duration // SECONDS_A_DAY,
        "uses": str(terms.duo),
        "prose": Cid.from_digest(terms.prose_digest),
        "terms_digest": offer.terms_digest,
        "terms": terms,
    }


def _cost(desk: Desk, terms: Terms) -> str:
    if not terms.price:
        return "free"
    info = tokens.info(desk.chain, terms.token)
    return shown_amount(terms.price, info.decimals, info.symbol)
