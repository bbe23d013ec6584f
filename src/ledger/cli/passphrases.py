"""Passphrases of one command: asked for when a key needs one, and tried again on the next key before asking anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ledger.crypto.passphrase import Passphrase
from ledger.errors import KeyMaterialError

__all__ = ["Passphrases"]

T = TypeVar("T")


class Passphrases:
    """Where a command's passphrases come from.

    Args:
        descriptor: File descriptor to read them from, one a line; None to ask on the terminal.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = descriptor
        self._last: Passphrase | None = None

    def unlock(self, name: str, attempt: Callable[[Passphrase], T]) -> T:
        """What `attempt` makes of the passphrase of the key `name`.

        Raises:
            KeyMaterialError: The passphrase is wrong.
            UsageError: There is nobody to ask.
        """
        wrong: KeyMaterialError | None = None
        if self._last is not None:
            try:
                return attempt(self._last)
            except KeyMaterialError as error:
                wrong = error
        passphrase = self._following(f"Passphrase of {name}", wrong)
        unlocked = attempt(passphrase)
        self._last = passphrase
        return unlocked

    def new(self, name: str) -> Passphrase:
        """The passphrase for a new key: the one that was used before in this command, or a new one.

        Raises:
            KeyMaterialError: The passphrase is not usable.
            UsageError: There is nobody to ask.
        """
        if self._last is None:
            self._last = self._ask(f"New passphrase for {name}", confirm=True)
        return self._last

    def another(self, name: str) -> Passphrase:
        """A new passphrase in place of the one that a key has.

        Raises:
            As :meth:`new`.
        """
        return self._ask(f"New passphrase for {name}", confirm=True)

    def _following(self, question: str, wrong: KeyMaterialError | None) -> Passphrase:
        try:
            return self._ask(question, confirm=False)
        except KeyMaterialError:
            if wrong is not None:
                raise wrong from None  # the descriptor has no further line: the last one was meant
            raise

    def _ask(self, question: str, *, confirm: bool) -> Passphrase:
        if self._descriptor is not None:
            return Passphrase.from_descriptor(self._descriptor)
        return Passphrase.prompt(question, confirm=confirm)
