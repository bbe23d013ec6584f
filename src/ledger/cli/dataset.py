"""``ledger dataset``: register data, look it up, open it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ledger.acts.documents import read_document, read_input
from ledger.acts.open import manifest_cid, open_own
from ledger.acts.register import Registered, Registrar, Statement, prepare, record
from ledger.acts.register import register as register_one
from ledger.acts.verify import verify as verify_stored
from ledger.chain import datasets
from ledger.cli.batch import read_batch
from ledger.cli.command import Needs, command
from ledger.cli.desk import Desk
from ledger.cli.output import Listing, Record
from ledger.cli.sending import mined, send
from ledger.cli.values import (
    CursorOption,
    DatasetArgument,
    FundingOption,
    LimitOption,
    PathArgument,
    TierOption,
    argument,
    by_name,
    option,
    parse_time,
    stated,
)
from ledger.errors import LedgerError
from ledger.index import queries
from ledger.index.entries import DatasetEntry
from ledger.model.cid import Cid
from ledger.model.dataset import Dataset, DatasetStatus, Funding, Tier
from ledger.model.ids import DatasetId, MemberId, UnixTime
from ledger.model.metadata import MAX_DOCUMENT_BYTES, Metadata
from ledger.model.terms import parse_duo_term
from ledger.storage.store import Progress

app = typer.Typer(help="Register datasets, look them up, verify and open them.")

NO_EMBARGO: Final = UnixTime(0)
COLUMNS: Final = ("id", "name", "holder", "tier", "status", "size", "open_offers")


@command(app, "register", Needs.SIGNER | Needs.STORE)
def register(
    desk: Desk,
    path: PathArgument,
    *,
    metadata: Annotated[Path, option("--metadata", "Public description, as attributes or RO-Crate.", "FILE")],
    attribution: Annotated[str, option("--attribution", "Line to print wherever the data is used.", "TEXT")],
    collector: Annotated[
        int | None, option("--collector", "Member that collected it. Default: oneself.", "MEMBER")
    ] = None,
    embargo_until: Annotated[
        UnixTime, option("--embargo-until", "Nobody can apply before. Default: no embargo.", "TIME", parser=parse_time)
    ] = NO_EMBARGO,
    funding: FundingOption = Funding.PUBLIC,
    tier: TierOption = Tier.CONTROLLED,
    human_genetic_resources: Annotated[
        bool, option("--human-genetic-resources", "It contains human genetic resources.")
    ] = False,
    supersedes: Annotated[int, option("--supersedes", "Version that it replaces.", "DATASET")] = 0,
    parent: Annotated[
        list[int] | None, option("--parent", "Dataset from which it derives; repeatable.", "DATASET")
    ] = None,
) -> Record:
    """Encrypt a file or directory, store it, and register it; run again, it goes on where it stopped."""
    statement = stated(
        Statement,
        collector=collector,
        embargo_until=embargo_until,
        funding=funding,
        tier=tier,
        human_genetic_resources=human_genetic_resources,
        supersedes=supersedes,
        parents=tuple(parent or ()),
        attribution=attribution,
    )
    described = Metadata.from_input(read_input(metadata, limit=MAX_DOCUMENT_BYTES))
    with desk.output.progress("sealing") as progress:
        return Record(_registered(register_one(path, described, statement, _registrar(desk, progress))))


@command(app, "register-batch", Needs.SIGNER | Needs.STORE)
def register_batch(desk: Desk, file: Annotated[Path, argument("FILE")]) -> Listing:
    """Register every dataset that a JSON file lists, in one transaction: all or none."""
    entries = read_batch(file)
    with desk.output.progress("sealing") as progress:
        registrar = _registrar(desk, progress)
        prepared = [prepare(entry.source, entry.metadata, entry.statement, registrar) for entry in entries]
        done = record(prepared, registrar)
    rows = [_registered(item) | {"path": entry.source} for item, entry in zip(done, entries, strict=True)]
    return Listing(rows, ("dataset", "path", "manifest", "size"))


@command(app, "list", Needs.INDEX | Needs.STORE)
def list_(
    desk: Desk,
    *,
    holder: Annotated[int | None, option("--holder", "Held by this member.", "MEMBER")] = None,
    tier: Annotated[Tier | None, option("--tier", "Of this tier.", "TIER", parser=by_name(Tier))] = None,
    funding: Annotated[
        Funding | None, option("--funding", "Paid for like this.", "WHO", parser=by_name(Funding))
    ] = None,
    status: Annotated[
        DatasetStatus | None, option("--status", "In this standing.", "STATUS", parser=by_name(DatasetStatus))
    ] = None,
    duo: Annotated[int | None, option("--duo", "Offered for this use.", "TERM", parser=parse_duo_term)] = None,
    cursor: CursorOption = None,
    limit: LimitOption = 20,
) -> Listing:
    """List datasets, the newest first."""
    page = queries.datasets(
        desk.index,
        cursor=cursor,
        limit=limit,
        holder=None if holder is None else MemberId(holder),
        tier=tier,
        funding=funding,
        status=status,
        duo=duo,
    )
    return Listing([_entry(found) for found in page.items], COLUMNS, page.next_cursor)


@command(app, "search", Needs.INDEX | Needs.STORE)
def search(
    desk: Desk, text: Annotated[str, argument("WORDS")], *, cursor: CursorOption = None, limit: LimitOption = 20
) -> Listing:
    """Search names, descriptions, keywords and attributions for words."""
    page = queries.datasets(desk.index, cursor=cursor, limit=limit, text=text)
    return Listing([_entry(found) for found in page.items], COLUMNS, page.next_cursor)


@command(app, "show", Needs.CHAIN | Needs.STORE)
def show(desk: Desk, dataset: DatasetArgument) -> Record:
    """Show a dataset's record and its description."""
    found = datasets.dataset(desk.chain, DatasetId(dataset))
    return Record(_shown(found) | {"description": _description(desk, found)})


@command(app, "withdraw", Needs.SIGNER)
def withdraw(desk: Desk, dataset: DatasetArgument) -> Record:
    """Stop new licences of a dataset; those in force stay (holder)."""
    return send(desk, datasets.withdraw(DatasetId(dataset)), dataset=dataset)


@command(app, "restore", Needs.SIGNER)
def restore(desk: Desk, dataset: DatasetArgument) -> Record:
    """Let a withdrawn dataset be licensed again (holder)."""
    return send(desk, datasets.restore(DatasetId(dataset)), dataset=dataset)


@command(app, "shorten-embargo", Needs.SIGNER)
def shorten_embargo(
    desk: Desk, dataset: DatasetArgument, until: Annotated[UnixTime, typer.Argument(parser=parse_time, metavar="TIME")]
) -> Record:
    """End an embargo earlier; a past time ends it now (holder)."""
    return send(desk, datasets.shorten_embargo(DatasetId(dataset), until), dataset=dataset, embargo_until=until)


@command(app, "revoke", Needs.SIGNER)
def revoke(desk: Desk, dataset: DatasetArgument) -> Record:
    """Stop new licences whatever the holder wants (stewardship role)."""
    return send(desk, datasets.revoke(DatasetId(dataset)), dataset=dataset)


@command(app, "reinstate", Needs.SIGNER)
def reinstate(desk: Desk, dataset: DatasetArgument) -> Record:
    """Lift a revocation (stewardship role)."""
    return send(desk, datasets.reinstate(DatasetId(dataset)), dataset=dataset)


@command(app, "verify", Needs.CHAIN | Needs.STORE)
def verify(desk: Desk, dataset: DatasetArgument) -> Record:
    """Check every stored byte of a dataset against what was registered; needs no key."""
    with desk.output.progress("verifying") as progress:
        verified = verify_stored(DatasetId(dataset), chain=desk.chain, store=desk.store, progress=progress)
    return Record({field.name: getattr(verified, field.name) for field in fields(verified)})


@command(app, "open", Needs.KEYS | Needs.CHAIN | Needs.STORE)
def open_(desk: Desk, dataset: DatasetArgument, destination: Annotated[Path, argument("DESTINATION")]) -> Record:
    """Decrypt one's own dataset into a directory that does not exist yet."""
    with desk.output.progress("opening") as progress:
        opened = open_own(
            DatasetId(dataset),
            destination,
            chain=desk.chain,
            store=desk.store,
            keyring=desk.keyring,
            progress=progress,
        )
    return Record({"dataset": opened.dataset, "manifest": opened.manifest, "destination": opened.destination})


def _registrar(desk: Desk, progress: Progress) -> Registrar:
    return Registrar(
        chain=desk.chain,
        sender=desk.sender,
        stores=desk.stores,
        keyring=desk.keyring,
        journals=desk.settings.home / "registrations",
        progress=progress,
    )


def _registered(done: Registered) -> dict[str, Any]:
    return {
        "dataset": done.dataset,
        "manifest": done.manifest,
        "metadata": done.metadata,
        "size": done.size,
        **mined(done.outcome),
    }


def _entry(entry: DatasetEntry) -> dict[str, Any]:
    described = entry.description
    return _shown(entry.dataset) | {
        "name": described and described.name,
        "description": described and described.description,
        "open_offers": entry.open_offers,
        "lowest_prices": entry.lowest_prices,
    }


def _shown(dataset: Dataset) -> dict[str, Any]:
    values = {name: getattr(dataset, name) for name in type(dataset).model_fields}
    return values | {"manifest": manifest_cid(dataset), "metadata": Cid.from_digest(dataset.metadata_digest)}


def _description(desk: Desk, dataset: Dataset) -> Any:
    """The public description, if the store has a whole one; else why not."""
    try:
        return Metadata.from_document(read_document(desk.store, dataset.metadata_digest))
    except LedgerError as error:
        return str(error)
