"""Events of ``IMembers``: who takes part, through which accounts, and where dataset keys go."""

from __future__ import annotations

from typing import Final

from ledger.index.apply.fold import Fold, Occurrence, changed, hexadecimal, inconsistent
from ledger.index.rows import Key, Rows
from ledger.index.schema import foldable, storable, wide

__all__ = ["FOLDS"]


def _member(event: Occurrence) -> tuple[Key, ...]:
    return (Key("members", (event["member"],)),)


def _account(event: Occurrence) -> tuple[Key, ...]:
    return (Key("member_accounts", (event["account"],)),)


def _invitation(event: Occurrence) -> tuple[Key, ...]:
    return (Key("invitations", (event["member"], event["account"])),)


def _admitted(event: Occurrence, _: Rows) -> Rows:
    name = storable(event["name"])
    row = {
        "id": event["member"],
        "principal": event["principal"],
        "status": 1,
        "kinds": event["kinds"],
        "country": event["country"].decode("ascii"),
        "joined_at": event.time,
        "metadata_digest": hexadecimal(event["metadata_digest"]),
        "name": name,
        "search": foldable(name),
        "delivery_key_x": None,
        "delivery_key_y": None,
        "succession": 0,
    }
    return (row,)


def _status_changed(event: Occurrence, rows: Rows) -> Rows:
    return (changed(rows[0], event, status=event["status"]),)


def _kinds_changed(event: Occurrence, rows: Rows) -> Rows:
    return (changed(rows[0], event, kinds=event["kinds"]),)


def _described(event: Occurrence, rows: Rows) -> Rows:
    name = storable(event["name"])
    digest = hexadecimal(event["metadata_digest"])
    return (changed(rows[0], event, metadata_digest=digest, name=name, search=foldable(name)),)


def _principal_changed(event: Occurrence, rows: Rows) -> Rows:
    row = rows[0]
    if row is None:
        raise inconsistent(event)
    return ({**row, "principal": event["principal"], "succession": int(row["succession"] or 0) + 1},)


def _delivery_key_changed(event: Occurrence, rows: Rows) -> Rows:
    return (changed(rows[0], event, delivery_key_x=wide(event["x"]), delivery_key_y=wide(event["y"])),)


def _invited(event: Occurrence, rows: Rows) -> Rows:
    # An invitation is void once the principal is another: then the member's succession is no longer this one.
    _, member = rows
    if member is None:
        raise inconsistent(event)
    return ({"member": event["member"], "account": event["account"], "succession": member["succession"]}, member)


def _added(event: Occurrence, _: Rows) -> Rows:
    # Accepting used the invitation up; a principal admitted with its member had none.
    return ({"account": event["account"], "member": event["member"], "acts": True}, None)


def _removed(event: Occurrence, rows: Rows) -> Rows:
    account, invitation, member = rows
    if member is None:
        raise inconsistent(event)
    # As Members.removeAccount: an open invitation is what is taken back, else the right to act.
    if invitation is not None and invitation["succession"] == member["succession"]:
        return (account, None, member)
    return (changed(account, event, acts=False), None, member)


def _invitation_and_member(event: Occurrence) -> tuple[Key, ...]:
    return _invitation(event) + _member(event)


def _account_and_invitation(event: Occurrence) -> tuple[Key, ...]:
    return _account(event) + _invitation(event)


def _account_invitation_and_member(event: Occurrence) -> tuple[Key, ...]:
    return _account_and_invitation(event) + _member(event)


FOLDS: Final[dict[str, Fold]] = {
    "MemberAdmitted": Fold(_member, _admitted),
    "MemberStatusChanged": Fold(_member, _status_changed),
    "MemberKindsChanged": Fold(_member, _kinds_changed),
    "MemberDescribed": Fold(_member, _described),
    "PrincipalChanged": Fold(_member, _principal_changed),
    "DeliveryKeyChanged": Fold(_member, _delivery_key_changed),
    "AccountInvited": Fold(_invitation_and_member, _invited),
    "AccountAdded": Fold(_account_and_invitation, _added),
    "AccountRemoved": Fold(_account_invitation_and_member, _removed),
}
