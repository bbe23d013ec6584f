"""Pay the agreed price into escrow, with an ERC-2612 permit or an allowance; and pay for a further term.

Nothing is paid twice: the ledger takes the price of a licence once, and it is looked at first.
"""

from __future__ import annotations

from typing import Final

from ledger.acts.license import Step
from ledger.acts.states import require_state
from ledger.chain import benefits, licences, offers, tokens
from ledger.chain.chain import Chain
from ledger.chain.sender import Sender
from ledger.chain.signers import Signer
from ledger.chain.transactions import Outcome
from ledger.errors import FundsError
from ledger.model.ids import Address, LicenceId, UnixTime
from ledger.model.licence import Escrow, LicenceState

__all__ = ["PERMIT_LIFETIME", "pay", "renew", "sign_permit"]

PERMIT_LIFETIME: Final = 3_600
"""Seconds for which a permit can be used, unless said otherwise."""

_PAID: Final = frozenset(
    {LicenceState.PAID, LicenceState.OVERDUE, LicenceState.DELIVERED, LicenceState.ACTIVE, LicenceState.EXPIRED}
)


def pay(
    licence: LicenceId,
    *,
    chain: Chain,
    sender: Sender,
    signer: Signer,
    permit: bool = True,
    deadline: UnixTime | None = None,
) -> Step:
    """Pay the price of a licence into escrow.

    Args:
        licence: The agreed licence.
        chain: The ledger.
        sender: Sends for the paying account of the licensee.
        signer: Signs the permit for the same account.
        permit: Sign a permit for exactly the price, used in the same transaction; else allow the price first, in one
            of its own.
        deadline: Unix time until which the permit can be used, in seconds. Default: `PERMIT_LIFETIME` from now.

    Raises:
        FundsError: The account has too few tokens.
        RefusedError: The licence cannot be paid now, or the permit has expired.
        ChainError: A transaction could not be sent.
    """
    known = licences.licence(chain, licence)
    if known.state in _PAID:
        return Step(licence, known.state, None)
    require_state(known, LicenceState.AGREED, doing="paid", fix="conclude its agreement first, or apply again")
    escrow = benefits.escrow(chain, licence)
    _require_funds(chain, escrow.token, signer.address, escrow.amount)
    if permit:
        call = licences.pay_with_permit(licence, sign_permit(escrow, chain=chain, signer=signer, deadline=deadline))
    else:
        _allow(escrow.token, escrow.amount, chain=chain, sender=sender)
        call = licences.pay(licence)
    outcome = sender.send(call)
    return Step(licence, licences.licence(chain, licence).state, outcome)


def renew(licence: LicenceId, limit: int, *, chain: Chain, sender: Sender) -> Step:
    """Pay for another term at the price of the offer. Repeating it buys yet another term.

    Args:
        licence: The licence.
        limit: The most that is paid, in token units: the price as it was read.
        chain: The ledger.
        sender: Sends for the paying account of the licensee.

    Raises:
        FundsError: The account has too few tokens.
        RefusedError: The licence cannot be renewed, or the price is above the limit.
        ChainError: A transaction could not be sent.
    """
    terms = offers.offer(chain, licences.licence(chain, licence).offer).terms
    if 0 < terms.price <= limit:
        _require_funds(chain, terms.token, sender.address, terms.price)
        _allow(terms.token, terms.price, chain=chain, sender=sender)
    outcome = sender.send(licences.renew(licence, limit))
    return Step(licence, licences.licence(chain, licence).state, outcome)


def sign_permit(escrow: Escrow, *, chain: Chain, signer: Signer, deadline: UnixTime | None = None) -> licences.Permit:
    """Sign the permit by which the ledger may take exactly the price from the signer's account (ERC-2612).

    Args:
        escrow: What is to be paid.
        chain: The ledger.
        signer: The paying account.
        deadline: Unix time until which it can be used, in seconds. Default: `PERMIT_LIFETIME` from now.
    """
    deadline = UnixTime(chain.now() + PERMIT_LIFETIME) if deadline is None else deadline
    spender = chain.deployment.address("Benefits")
    message = tokens.permit(chain, escrow.token, signer.address, spender, value=escrow.amount, deadline=deadline)
    return licences.Permit.from_signature(signer.sign_typed_data(message), deadline)


def _require_funds(chain: Chain, token: Address, account: Address, price: int) -> None:
    held = tokens.balance_of(chain, token, account)
    if held < price:
        raise FundsError(
            "The account cannot pay the price",
            why=f"{account} has {held} units of {token}, the price is {price}",
            fix="get more of the settlement token, or pay from another account of the member",
        )


def _allow(token: Address, price: int, *, chain: Chain, sender: Sender) -> Outcome | None:
    spender = chain.deployment.address("Benefits")
    if tokens.allowance(chain, token, sender.address, spender) >= price:
        return None
    return sender.send(tokens.approve(token, spender, price))
