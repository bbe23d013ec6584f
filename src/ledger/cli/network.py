"""``ledger network``: the chain, the contracts on it, and the parameters that the consortium sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ledger.acts.found import DEFAULT_WINDOWS, found, read_founders
from ledger.acts.local import fund as fund_account
from ledger.acts.local import require_local
from ledger.chain import benefits, datasets, licences, members, offers, tokens
from ledger.chain.anvil import dev_signer
from ledger.chain.node import Node
from ledger.cli.amounts import shown_amount, token_units
from ledger.cli.command import Needs, command
from ledger.cli.desk import LOCAL_ACCOUNTS, LOCAL_PREFIX, Desk
from ledger.cli.offer import TokenOption
from ledger.cli.output import Listing, Record
from ledger.cli.sending import send
from ledger.cli.values import AccountArgument, option, stated
from ledger.model.ids import Address, parse_address
from ledger.model.licence import Windows

app = typer.Typer(help="Deploy a ledger, look at it, and set its parameters.")

WEI: Final = 10**18


def window(flag: str, text: str) -> Any:
    """An option for a length of time in seconds."""
    return typer.Option(flag, help=f"Seconds to {text}.", min=60, max=90 * 86_400)


PaymentOption = Annotated[int, window("--payment", "pay")]
DeliveryOption = Annotated[int, window("--delivery", "deliver the key")]
AcceptanceOption = Annotated[int, window("--acceptance", "accept a delivery")]


@command(app, "deploy", Needs.SIGNER | Needs.STORE)
def deploy(
    desk: Desk,
    *,
    founders: Annotated[Path, option("--founders", "First members, as a JSON list.", "FILE")],
    authority: Annotated[
        Address, option("--authority", "Account that holds every role.", "ACCOUNT", parser=parse_address)
    ],
    token: Annotated[
        Address | None,
        option("--token", "Settlement token. Default: a new one, on local chains.", "TOKEN", parser=parse_address),
    ] = None,
    payment: PaymentOption = DEFAULT_WINDOWS.payment,
    delivery: DeliveryOption = DEFAULT_WINDOWS.delivery,
    acceptance: AcceptanceOption = DEFAULT_WINDOWS.acceptance,
) -> Record:
    """Deploy a ledger's contracts and write the deployment file; the signer keeps no power."""
    listed = read_founders(founders)
    with Node(desk.settings.rpc) as node:
        signer = desk.signer_on(node.read_chain_id())
    deployment = found(
        desk.settings.rpc,
        signer,
        listed,
        desk.settings.deployment,
        authority=authority,
        stores=desk.stores,
        windows=stated(Windows, payment=payment, delivery=delivery, acceptance=acceptance),
        token=token,
        report=lambda step: desk.output.note(f"deploying {step}"),
    )
    contracts = {name: contract.address for name, contract in deployment.contracts.items()}
    return Record({"deployment": desk.settings.deployment, "chain_id": deployment.chain_id, "contracts": contracts})


@command(app, "status", Needs.CHAIN)
def status(desk: Desk) -> Record:
    """Show the chain, the contracts, and how much there is on them."""
    chain, head = desk.chain, desk.chain.head()
    token = chain.deployment.address("SettlementToken")
    return Record(
        {
            "chain_id": chain.chain_id,
            "block": head.number,
            "time": head.time,
            "members": members.count(chain),
            "datasets": datasets.count(chain),
            "offers": offers.count(chain),
            "licences": licences.count(chain),
            "windows": licences.windows(chain),
            "token": tokens.info(chain, token)._asdict(),
            "contracts": {name: contract.address for name, contract in chain.deployment.contracts.items()},
            "settings": desk.settings.shown(),
        }
    )


@command(app, "accounts", Needs.CHAIN)
def accounts(desk: Desk) -> Listing:
    """List the accounts that every local chain has, with their members and money."""
    chain = desk.chain
    require_local(chain.chain_id)
    token = chain.deployment.address("SettlementToken")
    info = tokens.info(chain, token)
    rows = [
        {
            "key": f"{LOCAL_PREFIX}{number}",
            "account": (account := dev_signer(number).address),
            "member": members.member_of(chain, account),
            "tokens": shown_amount(tokens.balance_of(chain, token, account), info.decimals, info.symbol),
            "wei": chain.balance(account),
        }
        for number in range(LOCAL_ACCOUNTS)
    ]
    return Listing(rows, ("key", "account", "member", "tokens"))


@command(app, "fund", Needs.CHAIN)
def fund(
    desk: Desk,
    account: AccountArgument,
    *,
    coins: Annotated[int, typer.Option("--coins", help="Whole native coins.", min=1, max=1_000)] = 1,
) -> Record:
    """Give an account native coin for gas, on local chains only."""
    tx_hash = fund_account(desk.chain, account, coins * WEI)
    return Record({"account": account, "wei": desk.chain.balance(account), "transaction": tx_hash})


@command(app, "mint", Needs.SIGNER)
def mint(desk: Desk, account: AccountArgument, amount: Annotated[str, typer.Argument(metavar="AMOUNT")]) -> Record:
    """Create tokens for an account, on local chains only (minting role)."""
    token = desk.chain.deployment.address("SettlementToken")
    info = tokens.info(desk.chain, token)
    return send(desk, tokens.mint(token, account, token_units(amount, info.decimals)), account=account)


@command(app, "allow-token", Needs.SIGNER)
def allow_token(
    desk: Desk,
    *,
    token: TokenOption = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="No longer allow it.")] = False,
) -> Record:
    """Allow a settlement token in new offers (parameters role)."""
    token = token or desk.chain.deployment.address("SettlementToken")
    return send(desk, benefits.set_token_allowed(token, allowed=not revoke), token=token, allowed=not revoke)


@command(app, "set-windows", Needs.SIGNER)
def set_windows(
    desk: Desk, *, payment: PaymentOption, delivery: DeliveryOption, acceptance: AcceptanceOption
) -> Record:
    """Set how long each side of a licence has for its next step (parameters role)."""
    windows = stated(Windows, payment=payment, delivery=delivery, acceptance=acceptance)
    return send(desk, licences.set_windows(windows), windows=windows)
