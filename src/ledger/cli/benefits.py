"""``ledger benefits``: what members have earned."""

from __future__ import annotations

from typing import Annotated

import typer

from ledger.acts.settle import withdraw as withdraw_all
from ledger.chain import benefits, members, tokens
from ledger.cli.amounts import shown_amount
from ledger.cli.command import Needs, command
from ledger.cli.desk import Desk
from ledger.cli.offer import TokenOption
from ledger.cli.output import Record
from ledger.cli.sending import mined
from ledger.cli.values import option
from ledger.errors import UsageError
from ledger.model.ids import Address, MemberId

app = typer.Typer(help="Read and withdraw what members have earned.")

MemberOption = Annotated[int | None, option("--member", "Whose. Default: oneself.", "MEMBER")]


@command(app, "show", Needs.CHAIN)
def show(
    desk: Desk, member: Annotated[int, typer.Argument(min=1, metavar="MEMBER")], *, token: TokenOption = None
) -> Record:
    """Show what a member can withdraw, and what its principal account has."""
    token = _token(desk, token)
    member_id = MemberId(member)
    principal = members.principal(desk.chain, member_id)
    available = benefits.balance(desk.chain, member_id, token)
    held = tokens.balance_of(desk.chain, token, principal)
    return Record(
        {
            "member": member,
            "token": token,
            "available": available,
            "available_amount": _amount(desk, token, available),
            "principal": principal,
            "held": held,
            "held_amount": _amount(desk, token, held),
        }
    )


@command(app, "withdraw", Needs.SIGNER)
def withdraw(desk: Desk, *, member: MemberOption = None, token: TokenOption = None) -> Record:
    """Pay a member's whole balance to its principal account (anyone)."""
    token = _token(desk, token)
    done = withdraw_all(_member(desk, member), token, chain=desk.chain, sender=desk.sender)
    values = {"member": done.member, "token": token, "withdrawn": done.amount}
    return Record(
        {**values, "amount": _amount(desk, token, done.amount), **mined(done.outcome)},
        title="" if done.outcome else "There was nothing to withdraw.",
    )


def _token(desk: Desk, token: Address | None) -> Address:
    return token or desk.chain.deployment.address("SettlementToken")


def _member(desk: Desk, member: int | None) -> MemberId:
    found = MemberId(member) if member else members.member_of(desk.chain, desk.signer.address)
    if not found:
        raise UsageError(
            "It is not said whose balance to withdraw",
            why=f"{desk.signer.address} acts for no member",
            fix="name the member with --member",
        )
    return found


def _amount(desk: Desk, token: Address, units: int) -> str:
    info = tokens.info(desk.chain, token)
    return shown_amount(units, info.decimals, info.symbol)
