"""``ledger keys``: the secrets of one institution, each under a passphrase."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.acts.documents import read_input
from ledger.acts.keyring import delivery_point
from ledger.cli.command import Needs, command
from ledger.cli.desk import Desk
from ledger.cli.output import Listing, Record
from ledger.cli.values import argument, option
from ledger.cli.writing import write_new
from ledger.crypto.keyfile import format_public_key, format_secret_key
from ledger.crypto.keystore import KeyInfo, KeyKind
from ledger.crypto.secret_storage import MAX_KEY_FILE_SIZE
from ledger.errors import UsageError

app = typer.Typer(help="Keep wallet, delivery, dataset and Crypt4GH keys, each under a passphrase.")

NameArgument = Annotated[str, argument("NAME")]
OutOption = Annotated[Path, option("--out", "File to write; it must not exist.", "FILE")]


def _creatable(text: str) -> KeyKind:
    kinds = {kind.value: kind for kind in KeyKind if kind is not KeyKind.DATASET}
    if text.lower() not in kinds:
        raise UsageError(
            f"{text!r} is not a kind of key that is made here",
            why=f"the kinds are {', '.join(kinds)}; dataset keys are made when data is registered",
            fix="name one of these",
        )
    return kinds[text.lower()]


@command(app, "create", Needs.KEYS)
def create(
    desk: Desk,
    name: NameArgument,
    *,
    kind: Annotated[
        KeyKind, option("--kind", "wallet, delivery or crypt4gh. Default: wallet.", "KIND", parser=_creatable)
    ] = KeyKind.WALLET,
) -> Record:
    """Make a new key: a wallet signs, a delivery key receives dataset keys."""
    return Record(_shown(desk.keystore.create(name, kind, desk.passphrases.new(name))))


@command(app, "import", Needs.KEYS)
def import_(desk: Desk, name: NameArgument, file: Annotated[Path, argument("FILE")]) -> Record:
    """Take over a wallet's key file (Web3 Secret Storage, version 3), under its passphrase."""
    data = read_input(file, limit=MAX_KEY_FILE_SIZE)
    info = desk.passphrases.unlock(name, lambda passphrase: desk.keystore.import_wallet(name, data, passphrase))
    return Record(_shown(info))


@command(app, "list")
def list_(desk: Desk) -> Listing:
    """List all keys by name; needs no passphrase."""
    return Listing([_shown(info) for info in desk.keystore.list()], ("name", "kind", "public"))


@command(app, "show")
def show(desk: Desk, name: NameArgument) -> Record:
    """Show the public part of a key; needs no passphrase."""
    return Record(_shown(desk.keystore.info(name)))


@command(app, "export-public")
def export_public(desk: Desk, name: NameArgument, *, out: OutOption) -> Record:
    """Write the public part of a key to a file: for Crypt4GH in its own format, else in hexadecimal."""
    info = desk.keystore.info(name)
    crypt4gh = info.kind is KeyKind.CRYPT4GH
    write_new(out, format_public_key(info.public) if crypt4gh else f"{_public(info)}\n".encode())
    return Record({**_shown(info), "file": out})


@command(app, "export-crypt4gh", Needs.KEYS)
def export_crypt4gh(desk: Desk, name: NameArgument, *, out: OutOption) -> Record:
    """Write a Crypt4GH secret key for other Crypt4GH tools, under the same passphrase."""

    def unlocked(passphrase: Any) -> bytes:
        return format_secret_key(desk.keystore.unlock(name, passphrase, kind=KeyKind.CRYPT4GH), passphrase)

    data = desk.passphrases.unlock(name, unlocked)
    write_new(out, data, mode=0o600)
    return Record({**_shown(desk.keystore.info(name)), "file": out})


@command(app, "change-passphrase", Needs.KEYS)
def change_passphrase(desk: Desk, name: NameArgument) -> Record:
    """Put a key under another passphrase; with --passphrase-fd, the old one comes first."""
    info = desk.keystore.info(name)

    def change(old: Any) -> KeyInfo:
        desk.keystore.unlock(name, old, kind=info.kind)  # a wrong one is told before a new one is asked for
        return desk.keystore.change_passphrase(name, old, desk.passphrases.another(name))

    return Record(_shown(desk.passphrases.unlock(name, change)))


@command(app, "delete")
def delete(
    desk: Desk,
    name: NameArgument,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Yes, for ever.")] = False,
) -> Record:
    """Delete a key for ever; deleting the last copy of a dataset key erases its data."""
    info = desk.keystore.info(name)
    if not yes:
        raise UsageError(
            f"The key {name} was not deleted",
            why="what it opens or signs for is lost with its last copy",
            fix="add --yes if that is meant",
        )
    desk.keystore.delete(name)
    return Record({**_shown(info), "deleted": True})


def _shown(info: KeyInfo) -> dict[str, Any]:
    return {"name": info.label, "kind": info.kind.value, "public": _public(info)}


def _public(info: KeyInfo) -> str:
    """The public part as it is used elsewhere: an account, a point x ‖ y, a commitment, a Crypt4GH key."""
    if info.kind is KeyKind.WALLET:
        return info.address
    return "0x" + (delivery_point(info) if info.kind is KeyKind.DELIVERY else info.public).hex()
