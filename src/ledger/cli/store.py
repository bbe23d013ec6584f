"""``ledger store``: content by CID."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.acts.fetch import fetch
from ledger.cli.command import Needs, command
from ledger.cli.desk import Desk
from ledger.cli.output import Listing, Record
from ledger.cli.values import CidArgument, PathArgument, argument
from ledger.storage.tree import cid_of_path

app = typer.Typer(help="Keep content by CID, in a directory or a Kubo daemon.")


@command(app, "cid")
def cid(desk: Desk, path: PathArgument) -> Record:
    """Print the CID of a file or directory without storing it."""
    with desk.output.progress("hashing") as progress:
        return Record({"cid": cid_of_path(path, progress=progress)})


@command(app, "add", Needs.STORE)
def add(desk: Desk, path: PathArgument) -> Record:
    """Store and pin a file or directory as it is, unencrypted."""
    with desk.output.progress("storing") as progress:
        put = desk.store.add_directory if path.is_dir() and not path.is_symlink() else desk.store.add
        return Record({"cid": put(path, progress=progress)})


@command(app, "get", Needs.STORE)
def get(desk: Desk, cid: CidArgument, destination: Annotated[Path, argument("DESTINATION")]) -> Record:
    """Write content to a file or directory that does not exist yet, every byte checked."""
    with desk.output.progress("fetching") as progress:
        return Record({"cid": cid, "bytes": fetch(desk.store, cid, destination, progress), "destination": destination})


@command(app, "pin", Needs.STORE)
def pin(desk: Desk, cid: CidArgument) -> Record:
    """Keep stored content through garbage collection."""
    desk.store.pin(cid)
    return Record({"cid": cid, "pinned": True})


@command(app, "unpin", Needs.STORE)
def unpin(desk: Desk, cid: CidArgument) -> Record:
    """No longer keep content; the next garbage collection may delete it."""
    desk.store.unpin(cid)
    return Record({"cid": cid, "pinned": False})


@command(app, "pins", Needs.STORE)
def pins(desk: Desk) -> Listing:
    """List what is pinned."""
    return Listing([{"cid": pinned} for pinned in sorted(desk.store.pins())], ("cid",))


@command(app, "gc", Needs.STORE)
def gc(desk: Desk) -> Record:
    """Delete what no pin keeps."""
    return Record({"deleted": desk.store.collect_garbage()})
