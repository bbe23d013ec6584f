"""``ledger member``: who the parties are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.acts.documents import document_digest, keep_document, read_input
from ledger.acts.keyring import delivery_point
from ledger.acts.organization import organization_document
from ledger.chain import members
from ledger.chain.calls import Call
from ledger.chain.transactions import prepare
from ledger.cli.command import Needs, command
from ledger.cli.desk import Desk
from ledger.cli.output import Listing, Record
from ledger.cli.sending import mined, send
from ledger.cli.values import (
    AccountArgument,
    CursorOption,
    KindsOption,
    LimitOption,
    MemberArgument,
    argument,
    by_name,
    option,
    parse_kinds,
    stated,
)
from ledger.index import queries
from ledger.model.ids import MemberId
from ledger.model.parties import Admission, DeliveryKey, Member, MemberKind, MemberStatus

app = typer.Typer(help="Admit, describe and list the members of the consortium.")

CountryOption = Annotated[str, option("--country", "ISO 3166-1 alpha-2 code of its seat.", "CODE")]
DescriptionOption = Annotated[
    Path | None, option("--metadata", "Document that describes it. Default: its name and country.", "FILE")
]
NameOption = Annotated[str, option("--name", "Name to show.", "NAME")]


@command(app, "list", Needs.INDEX)
def list_(
    desk: Desk,
    *,
    text: Annotated[str | None, option("--text", "Words in the name.", "WORDS")] = None,
    kind: Annotated[MemberKind | None, option("--kind", "Of this kind.", "KIND", parser=parse_kinds)] = None,
    status: Annotated[
        MemberStatus | None, option("--status", "In this standing.", "STATUS", parser=by_name(MemberStatus))
    ] = None,
    cursor: CursorOption = None,
    limit: LimitOption = 20,
) -> Listing:
    """List members with their standing."""
    page = queries.members(desk.index, cursor=cursor, limit=limit, text=text, kind=kind, status=status)
    columns = ("id", "name", "status", "kinds", "country", "principal")
    return Listing([_shown(member) for member in page.items], columns, page.next_cursor)


@command(app, "show", Needs.INDEX)
def show(desk: Desk, member: MemberArgument) -> Record:
    """Show a member and its delivery key."""
    found = queries.member(desk.index, MemberId(member))
    return Record(_shown(found or members.member(desk.chain, MemberId(member))))


@command(app, "admit", Needs.SIGNER | Needs.STORE)
def admit(
    desk: Desk,
    principal: AccountArgument,
    *,
    name: NameOption,
    kinds: KindsOption,
    country: CountryOption,
    metadata: DescriptionOption = None,
) -> Record:
    """Admit an institution (admissions role)."""
    document = organization_document(name, country) if metadata is None else read_input(metadata)
    digest = document_digest(document)
    admission = stated(Admission, principal=principal, kinds=kinds, country=country, metadata_digest=digest, name=name)
    call = members.admit(admission)
    _store_when_allowed(desk, call, document)
    outcome = desk.sender.send(call)
    member = outcome.event("MemberAdmitted").arguments["member"]
    return Record({"member": member, **mined(outcome)})


@command(app, "suspend", Needs.SIGNER)
def suspend(desk: Desk, member: MemberArgument) -> Record:
    """Suspend a member: it begins nothing new (admissions role)."""
    return send(desk, members.set_status(MemberId(member), MemberStatus.SUSPENDED), member=member)


@command(app, "reinstate", Needs.SIGNER)
def reinstate(desk: Desk, member: MemberArgument) -> Record:
    """Reinstate a suspended member (admissions role)."""
    return send(desk, members.set_status(MemberId(member), MemberStatus.ACTIVE), member=member)


@command(app, "expel", Needs.SIGNER)
def expel(desk: Desk, member: MemberArgument) -> Record:
    """Expel a member for good (admissions role)."""
    return send(desk, members.set_status(MemberId(member), MemberStatus.EXPELLED), member=member)


@command(app, "set-kinds", Needs.SIGNER)
def set_kinds(desk: Desk, member: MemberArgument, *, kinds: KindsOption) -> Record:
    """Change what a member may do (admissions role)."""
    return send(desk, members.set_kinds(MemberId(member), kinds), member=member)


@command(app, "describe", Needs.SIGNER | Needs.STORE)
def describe(
    desk: Desk,
    *,
    name: NameOption,
    metadata: Annotated[Path, option("--metadata", "Document that describes it.", "FILE")],
) -> Record:
    """Change one's own name and description (principal account)."""
    document = read_input(metadata)
    call = members.describe(document_digest(document), name)
    _store_when_allowed(desk, call, document)
    return send(desk, call)


@command(app, "set-delivery-key", Needs.SIGNER)
def set_delivery_key(desk: Desk, key: Annotated[str, argument("KEY")]) -> Record:
    """Have dataset keys delivered to this delivery key of the keystore from now on (principal account)."""
    public = delivery_point(desk.keystore.info(key))
    point = DeliveryKey(x=int.from_bytes(public[:32], "big"), y=int.from_bytes(public[32:], "big"))
    return send(desk, members.set_delivery_key(point), key=key, delivery_key=public)


@command(app, "invite", Needs.SIGNER)
def invite(desk: Desk, account: AccountArgument) -> Record:
    """Invite an account to act for one's own member (principal account)."""
    return send(desk, members.invite_account(account), account=account)


@command(app, "accept-invitation", Needs.SIGNER)
def accept_invitation(desk: Desk, member: MemberArgument) -> Record:
    """Accept the invitation of a member: act for it from now on (invited account)."""
    return send(desk, members.accept_invitation(MemberId(member)), member=member)


@command(app, "remove-account", Needs.SIGNER)
def remove_account(desk: Desk, account: AccountArgument) -> Record:
    """End an account's right to act for one's own member (principal account)."""
    return send(desk, members.remove_account(account), account=account)


@command(app, "set-principal", Needs.SIGNER)
def set_principal(desk: Desk, account: AccountArgument) -> Record:
    """Make another account of one's own member its principal (principal account)."""
    return send(desk, members.set_principal(account), account=account)


def _store_when_allowed(desk: Desk, call: Call, document: bytes) -> None:
    prepare(desk.chain, call, desk.signer.address)  # refused before anything is stored
    keep_document(document, desk.stores)


def _shown(member: Member) -> dict[str, Any]:
    key = member.delivery_key
    point = None if key is None else key.x.to_bytes(32, "big") + key.y.to_bytes(32, "big")
    return {name: getattr(member, name) for name in type(member).model_fields} | {"delivery_key": point}
