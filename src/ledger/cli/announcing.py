"""Nothing is signed unseen: what a transaction does is said in words before the key is used."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ledger.chain.calls import Call
from ledger.chain.chain import Chain
from ledger.chain.sender import Sender
from ledger.chain.signers import Signer
from ledger.chain.transactions import Outcome
from ledger.chain.typed_data import TypedMessage
from ledger.chain.unsigned import UnsignedTransaction
from ledger.model.ids import Address

__all__ = ["AnnouncingSender"]


class AnnouncingSender(Sender):
    """A sender that says a call's sentence when the ledger would take the call, and before it is signed.

    What is refused beforehand is never announced; what must be signed anew, with another number, is announced once.

    Args:
        chain: The ledger.
        signer: Who signs.
        announce: Told the sentence.
    """

    def __init__(self, chain: Chain, signer: Signer, announce: Callable[[str], None]) -> None:
        self._announced = _AnnouncedSigner(signer, announce)
        super().__init__(chain, self._announced)

    def send(self, call: Call, *, rehearsal: Call | None = None, timeout: float = 120.0) -> Outcome:
        """As :meth:`Sender.send`."""
        self._announced.pending = call.summary
        return super().send(call, rehearsal=rehearsal, timeout=timeout)


class _AnnouncedSigner(threading.local):
    """Each thread has a sentence of its own, as each waits for the transaction that it sends."""

    def __init__(self, signer: Signer, announce: Callable[[str], None]) -> None:
        self._signer = signer
        self._announce = announce
        self.pending: str | None = None

    @property
    def address(self) -> Address:
        return self._signer.address

    def sign_transaction(self, transaction: UnsignedTransaction) -> bytes:
        if self.pending is not None:
            self._announce(self.pending)
            self.pending = None
        return self._signer.sign_transaction(transaction)

    def sign_typed_data(self, message: TypedMessage) -> bytes:
        return self._signer.sign_typed_data(message)
