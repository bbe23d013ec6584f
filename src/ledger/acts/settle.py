"""After delivery: accept it, settle or refund the price, withdraw the shares.

Each act looks at the ledger first and changes nothing twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.acts.license import Step
from ledger.chain import benefits, licences
from ledger.chain.chain import Chain
from ledger.chain.sender import Sender
from ledger.chain.transactions import Outcome
from ledger.model.ids import Address, LicenceId, MemberId
from ledger.model.licence import EscrowStatus, LicenceState

__all__ = ["Withdrawal", "accept", "refund", "settle", "withdraw"]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What a member withdrew.

    Attributes:
        amount: Token units; zero if there was nothing.
        outcome: The transaction; None if there was nothing to withdraw.
    """

    member: MemberId
    token: Address
    amount: int
    outcome: Outcome | None


def accept(licence: LicenceId, *, chain: Chain, sender: Sender) -> Step:
    """Confirm for the licensee that the delivered key opens the dataset.

    Raises:
        RefusedError: Nothing was delivered, or it is not the sender's to accept.
        ChainError: The transaction could not be sent.
    """
    done = licences.licence(chain, licence).stage is LicenceState.ACTIVE
    return _step(licence, chain, None if done else sender.send(licences.accept(licence)))


def settle(licence: LicenceId, *, chain: Chain, sender: Sender) -> Step:
    """Split the price of an accepted licence among those it belongs to.

    Raises:
        RefusedError: The delivery is not accepted yet, or there is no money in escrow.
        ChainError: The transaction could not be sent.
    """
    done = benefits.escrow(chain, licence).status is EscrowStatus.SETTLED
    return _step(licence, chain, None if done else sender.send(licences.settle(licence)))


def refund(licence: LicenceId, *, chain: Chain, sender: Sender) -> Step:
    """Give the price back to the licensee.

    Raises:
        RefusedError: No refund is due.
        ChainError: The transaction could not be sent.
    """
    done = licences.licence(chain, licence).state is LicenceState.REFUNDED
    return _step(licence, chain, None if done else sender.send(licences.refund(licence)))


def withdraw(member: MemberId, token: Address, *, chain: Chain, sender: Sender) -> Withdrawal:
    """Pay a member's whole balance in a token to its principal account.

    Raises:
        RefusedError: There is no such member.
        ChainError: The transaction could not be sent.
    """
    if benefits.balance(chain, member, token) == 0:
        return Withdrawal(member, token, 0, None)
    outcome = sender.send(benefits.withdraw(member, token))
    return Withdrawal(member, token, outcome.event("Withdrawn").arguments["amount"], outcome)


def _step(licence: LicenceId, chain: Chain, outcome: Outcome | None) -> Step:
    return Step(licence, licences.licence(chain, licence).state, outcome)
