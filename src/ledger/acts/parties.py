"""Who acts: the member behind an account."""

from __future__ import annotations

from ledger.chain.chain import Chain
from ledger.model.ids import Address, MemberId

__all__ = ["acting_member"]


def acting_member(chain: Chain, account: Address) -> MemberId:
    """The member in good standing for which an account acts.

    Raises:
        RefusedError: The account acts for none, or the member is suspended or expelled.
    """
    return MemberId(chain.call("Members", "activeMemberOf", account))
