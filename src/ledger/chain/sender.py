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

    def send(self, call: Call, *, timeout: float = 120.0) -> Outcome:
        """Send a call and wait until it is mined.

        Args:
            call: The intent.
            timeout: Seconds to wait at most.

        Raises:
            RefusedError: A contract refuses it, in words.
            FundsError: The account has too little native coin, or too few tokens.
            TransactionError: It was not mined in time.
            NodeUnavailableError: The node does not answer.
            WrongNetworkError: There is no contract at the address.
        """
        receipt = self._account.transact(
            self._chain.address(call), call.data(), token=token_of(self._chain, call), timeout=timeout
        )
        return outcome_of(self._chain, receipt)
