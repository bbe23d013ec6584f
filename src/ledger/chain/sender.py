"""One account's calls on a ledger, in order and without gaps, whoever else sends from it."""

from __future__ import annotations

from ledger.chain.account import Account
from ledger.chain.calls import Call
from ledger.chain.chain import Chain
from ledger.chain.signers import Signer
from ledger.chain.transactions import Outcome, outcome_of, token_of
from ledger.model.ids import Address

__all__ = ["Sender"]


class Sender:
    """Sends calls from one account. Safe to share among threads; other processes may send from the account too.

    Args:
        chain: The ledger.
        signer: Who signs.
        legacy: Whether to name one gas price; default: only if the node's blocks have no base fee (EIP-1559).
    """

    def __init__(self, chain: Chain, signer: Signer, *, legacy: bool | None = None) -> None:
        self._chain = chain
        self._signer = signer
        self._account = Account(chain, chain.chain_id, signer, legacy=legacy)

    @property
    def address(self) -> Address:
        """The account."""
        return self._signer.address

    def send(self, call: Call, *, rehearsal: Call | None = None, timeout: float = 120.0) -> Outcome:
        """Send a call and wait until it is mined.

        Args:
            call: The intent.
            rehearsal: The same call with arguments that may be seen, where those of `call` may not be before they are
                certain to be taken: the node estimates with it, and sees `call` in the signed transaction only.
            timeout: Seconds to wait at most.

        Raises:
            RefusedError: A contract refuses it, in words.
            FundsError: The account has too little native coin, or too few tokens.
            TransactionError: It was not mined in time.
            NodeUnavailableError: The node does not answer.
            WrongNetworkError: There is no contract at the address.
        """
        rehearsed = None if rehearsal is None else rehearsal.data()
        receipt = self._account.transact(
            self._chain.address(call),
            call.data(),
            rehearsal=rehearsed,
            token=token_of(self._chain, rehearsal or call),
            timeout=timeout,
        )
        return outcome_of(self._chain, receipt, rehearsed)
