"""``ledger licence``: from the application to the end of the term."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.acts import license as licensing
from ledger.acts import pay as paying
from ledger.acts import settle as settling
from ledger.acts.agreement import MAX_SIGNATURE_FILE, AgreementSignature
from ledger.acts.deliver import deliver as deliver_key
from ledger.acts.documents import read_document, read_input
from ledger.acts.export import export_licensed
from ledger.acts.holdings import Holdings
from ledger.acts.open import open_licensed
from ledger.chain import benefits, licences, offers, tokens
from ledger.cli.amounts import token_units
from ledger.cli.command import Needs, command
from ledger.cli.desk import Desk
from ledger.cli.output import Listing, Record
from ledger.cli.sending import stepped
from ledger.cli.values import (
    CursorOption,
    LicenceArgument,
    LimitOption,
    OfferArgument,
    argument,
    by_name,
    option,
    parse_time,
)
from ledger.cli.writing import write_new
from ledger.crypto.keyfile import parse_public_key
from ledger.errors import LedgerError
from ledger.index import queries
from ledger.index.entries import LicenceEntry
from ledger.model.cid import Cid
from ledger.model.ids import DatasetId, Digest, LicenceId, MemberId, OfferId, UnixTime
from ledger.model.licence import EscrowStatus, Licence, LicenceState
from ledger.model.terms import ZERO_DIGEST

app = typer.Typer(help="Apply for licences, conclude, pay, deliver, open, settle and renew them.")


@command(app, "apply", Needs.SIGNER | Needs.STORE)
def apply(
    desk: Desk, offer: OfferArgument, *, purpose: Annotated[Path, option("--purpose", "Research purpose.", "FILE")]
) -> Record:
    """Apply for a licence under an offer, for a stated purpose (licensee)."""
    document = read_input(purpose)
    return stepped(
        licensing.apply_for(OfferId(offer), document, chain=desk.chain, sender=desk.sender, stores=desk.stores)
    )


@command(app, "approve", Needs.SIGNER)
def approve(desk: Desk, licence: LicenceArgument) -> Record:
    """Approve an application for exactly the purpose it states (holder)."""
    return stepped(licensing.approve(LicenceId(licence), chain=desk.chain, sender=desk.sender))


@command(app, "reject", Needs.SIGNER | Needs.STORE)
def reject(
    desk: Desk, licence: LicenceArgument, *, reasons: Annotated[Path, option("--reasons", "Reasons.", "FILE")]
) -> Record:
    """Reject an application, or take an approval back before both sides signed (holder)."""
    document = read_input(reasons)
    return stepped(
        licensing.reject(LicenceId(licence), document, chain=desk.chain, sender=desk.sender, stores=desk.stores)
    )


@command(app, "cancel", Needs.SIGNER)
def cancel(desk: Desk, licence: LicenceArgument) -> Record:
    """Take an application or an unpaid agreement back (licensee)."""
    return stepped(licensing.cancel(LicenceId(licence), chain=desk.chain, sender=desk.sender))


@command(app, "sign", Needs.SIGNER)
def sign(
    desk: Desk,
    licence: LicenceArgument,
    *,
    out: Annotated[Path, option("--out", "Signature file to write; it must not exist.", "FILE")],
    other: Annotated[
        Path | None, option("--like", "The other side's signature file, to sign with its deadline.", "FILE")
    ] = None,
    deadline: Annotated[
        UnixTime | None,
        option("--deadline", "Until when both signatures conclude it. Default: in 7 days.", "TIME", parser=parse_time),
    ] = None,
) -> Record:
    """Sign the agreement of an approved application on one's own side; sends nothing (either party)."""
    if other is not None:
        deadline = _signature(other).deadline
    signed = licensing.sign(LicenceId(licence), chain=desk.chain, signer=desk.signer, deadline=deadline)
    write_new(out, signed.document())
    agreed = licensing.agreement(desk.chain, LicenceId(licence), signed.deadline)
    return Record({"file": out, "party": signed.party, "signer": signed.signer, "agreement": agreed})


@command(app, "agree", Needs.SIGNER)
def agree(
    desk: Desk,
    ours: Annotated[Path, argument("FILE")],
    theirs: Annotated[Path, argument("FILE")],
) -> Record:
    """Conclude the agreement with both sides' signature files, in any order (anyone)."""
    first, second = _signature(ours), _signature(theirs)
    return stepped(licensing.agree(first, second, chain=desk.chain, sender=desk.sender))


@command(app, "pay", Needs.SIGNER)
def pay(
    desk: Desk,
    licence: LicenceArgument,
    *,
    allowance: Annotated[
        bool, typer.Option("--allowance", help="Allow the price first instead of signing a permit.")
    ] = False,
    permit_deadline: Annotated[
        UnixTime | None,
        option(
            "--permit-deadline", "Until when the permit can be used. Default: in an hour.", "TIME", parser=parse_time
        ),
    ] = None,
) -> Record:
    """Pay the agreed price into escrow (licensee)."""
    return stepped(
        paying.pay(
            LicenceId(licence),
            chain=desk.chain,
            sender=desk.sender,
            signer=desk.signer,
            permit=not allowance,
            deadline=permit_deadline,
        )
    )


@command(app, "deliver", Needs.SIGNER)
def deliver(
    desk: Desk,
    licence: LicenceArgument,
    *,
    trust_node: Annotated[
        bool, typer.Option("--trust-node", help="Believe the node who signed, and which key the dataset has.")
    ] = False,
) -> Record:
    """Deliver the dataset key, for the licensee alone; the node must be one's own or trusted (holder)."""
    return stepped(
        deliver_key(
            LicenceId(licence),
            chain=desk.chain,
            sender=desk.sender,
            keyring=desk.keyring,
            holdings=Holdings(desk.settings.home / "registrations", desk.chain.deployment.anchor.hash),
            trust_node=trust_node,
        )
    )


@command(app, "open", Needs.KEYS | Needs.CHAIN | Needs.STORE)
def open_(desk: Desk, licence: LicenceArgument, destination: Annotated[Path, argument("DESTINATION")]) -> Record:
    """Decrypt the licensed dataset into a directory that does not exist yet (licensee)."""
    with desk.output.progress("opening") as progress:
        opened = open_licensed(
            LicenceId(licence),
            destination,
            chain=desk.chain,
            store=desk.store,
            keyring=desk.keyring,
            progress=progress,
        )
    return Record(
        {"licence": licence, "dataset": opened.dataset, "manifest": opened.manifest, "destination": destination}
    )


@command(app, "export", Needs.KEYS | Needs.CHAIN | Needs.STORE)
def export(
    desk: Desk,
    licence: LicenceArgument,
    destination: Annotated[Path, argument("DESTINATION")],
    *,
    recipient: Annotated[Path, option("--recipient", "Crypt4GH public key of who will read it.", "FILE")],
) -> Record:
    """Write the licensed dataset as Crypt4GH files for other tools, still encrypted (licensee)."""
    public = parse_public_key(read_input(recipient))
    with desk.output.progress("exporting") as progress:
        files = export_licensed(
            LicenceId(licence),
            public,
            destination,
            chain=desk.chain,
            store=desk.store,
            keyring=desk.keyring,
            progress=progress,
        )
    return Record({"licence": licence, "destination": destination, "files": files})


@command(app, "accept", Needs.SIGNER)
def accept(desk: Desk, licence: LicenceArgument) -> Record:
    """Confirm that the delivered key opens the dataset (licensee)."""
    return stepped(settling.accept(LicenceId(licence), chain=desk.chain, sender=desk.sender))


@command(app, "settle", Needs.SIGNER)
def settle(desk: Desk, licence: LicenceArgument) -> Record:
    """Split the price among those it belongs to, once the delivery is accepted (anyone)."""
    return stepped(settling.settle(LicenceId(licence), chain=desk.chain, sender=desk.sender))


@command(app, "refund", Needs.SIGNER)
def refund(desk: Desk, licence: LicenceArgument) -> Record:
    """Give the price back when the delivery is overdue, or of the licensor's own will."""
    return stepped(settling.refund(LicenceId(licence), chain=desk.chain, sender=desk.sender))


@command(app, "renew", Needs.SIGNER)
def renew(
    desk: Desk,
    licence: LicenceArgument,
    *,
    limit: Annotated[str, option("--limit", "The most that is paid, in whole tokens.", "AMOUNT")],
) -> Record:
    """Pay for another term at the price of the offer (licensee)."""
    known = licences.licence(desk.chain, LicenceId(licence))
    terms = offers.offer(desk.chain, known.offer).terms
    units = token_units(limit, tokens.info(desk.chain, terms.token).decimals) if terms.price else 0
    return stepped(paying.renew(known.id, units, chain=desk.chain, sender=desk.sender))


@command(app, "list", Needs.INDEX)
def list_(
    desk: Desk,
    *,
    licensee: Annotated[int | None, option("--licensee", "Applied for by this member.", "MEMBER")] = None,
    holder: Annotated[int | None, option("--holder", "For datasets of this member.", "MEMBER")] = None,
    dataset: Annotated[int | None, option("--dataset", "For this dataset.", "DATASET")] = None,
    state: Annotated[
        LicenceState | None, option("--state", "In this state.", "STATE", parser=by_name(LicenceState))
    ] = None,
    cursor: CursorOption = None,
    limit: LimitOption = 20,
) -> Listing:
    """List applications and licences, the newest first."""
    page = queries.licences(
        desk.index,
        cursor=cursor,
        limit=limit,
        licensee=None if licensee is None else MemberId(licensee),
        holder=None if holder is None else MemberId(holder),
        dataset=None if dataset is None else DatasetId(dataset),
        state=state,
    )
    columns = ("id", "dataset", "offer", "licensee", "licensor", "state", "expires_at")
    return Listing([_entry(found) for found in page.items], columns, page.next_cursor)


@command(app, "show", Needs.CHAIN | Needs.STORE)
def show(desk: Desk, licence: LicenceArgument) -> Record:
    """Show a licence, its purpose and its money."""
    known = licences.licence(desk.chain, LicenceId(licence))
    escrow = benefits.escrow(desk.chain, known.id)
    money = None if escrow.status is EscrowStatus.NONE else escrow
    purpose = licensing.requested_purpose(desk.chain, known.id)
    shown = _shown(known) | {"purpose": Cid.from_digest(purpose)}
    return Record(shown | {"purpose_text": _text(desk, purpose), "escrow": money})


def _signature(path: Path) -> AgreementSignature:
    return AgreementSignature.parse(read_input(path, limit=MAX_SIGNATURE_FILE))


def _entry(entry: LicenceEntry) -> dict[str, Any]:
    purpose = Cid.from_digest(entry.requested_purpose_digest)
    return _shown(entry.licence) | {"purpose": purpose, "applied_at": entry.applied_at, "settled": entry.settled}


def _shown(licence: Licence) -> dict[str, Any]:
    values = {name: getattr(licence, name) for name in type(licence).model_fields}
    return {name: None if value == ZERO_DIGEST else value for name, value in values.items()}


def _text(desk: Desk, digest: Digest) -> str:
    """A document's text, if the store has it; else why not."""
    try:
        return read_document(desk.store, digest).decode(errors="replace")
    except LedgerError as error:
        return str(error)
