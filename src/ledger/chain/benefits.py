"""Benefits (``contracts/interfaces/IBenefits.sol``): calls to sign, and reads."""

from __future__ import annotations

from ledger.chain.calls import Call
from ledger.chain.chain import Chain
from ledger.model.ids import Address, LicenceId, MemberId
from ledger.model.licence import Escrow, EscrowStatus

__all__ = ["balance", "escrow", "is_token_allowed", "set_token_allowed", "withdraw"]

CONTRACT = "Benefits"


def withdraw(member: MemberId, token: Address) -> Call:
    """Pay a member's whole balance in a token to its principal. Signer: anyone."""
    return Call(
        CONTRACT,
        "withdraw",
        (member, token),
        f"Pay all that member {member} has earned in token {token} to its principal account.",
    )


def set_token_allowed(token: Address, *, allowed: bool) -> Call:
    """Allow a settlement token in new offers, or no longer. Signer: the parameters role."""
    verb = "Allow" if allowed else "No longer allow"
    return Call(CONTRACT, "setTokenAllowed", (token, allowed), f"{verb} token {token} in new offers.")


def balance(chain: Chain, member: MemberId, token: Address) -> int:
    """What a member can withdraw, in token units."""
    return int(chain.call(CONTRACT, "balanceOf", member, token))


def escrow(chain: Chain, licence_id: LicenceId) -> Escrow:
    """The money of a licence; its status is NONE if there is none."""
    found = chain.call(CONTRACT, "escrowOf", licence_id)
    return Escrow(
        token=Address(found["token"]),
        payer=MemberId(found["payer"]),
        status=EscrowStatus(found["status"]),
        amount=found["amount"],
    )


def is_token_allowed(chain: Chain, token: Address) -> bool:
    """Whether new offers may name a token."""
    return bool(chain.call(CONTRACT, "isTokenAllowed", token))
