"""Where a passphrase comes from: a prompt or a file descriptor. Never an argument, never the environment.

Arguments show in process lists and shell histories, the environment is inherited by every child.
"""

from __future__ import annotations

import getpass
import os
import warnings
from typing import NoReturn

from ledger.errors import KeyMaterialError, UsageError

__all__ = ["MAX_PASSPHRASE", "Passphrase"]

MAX_PASSPHRASE = 4096
"""Most bytes of a passphrase."""


class Passphrase:
    """A secret text that does not show itself.

    Raises:
        KeyMaterialError: It is empty or longer than 4096 bytes.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not 0 < len(text.encode(errors="surrogatepass")) <= MAX_PASSPHRASE:
            raise KeyMaterialError(
                "The passphrase is not usable", why="it is empty or longer than 4096 bytes", fix="choose another one"
            )
        self._text = text

    @property
    def secret(self) -> bytes:
        """The UTF-8 bytes."""
        return self._text.encode(errors="surrogatepass")

    @classmethod
    def prompt(cls, question: str = "Passphrase", *, confirm: bool = False) -> Passphrase:
        """Ask on the terminal without echo; with `confirm`, twice.

        Raises:
            KeyMaterialError: The two answers differ, or the answer is empty.
            UsageError: There is no terminal to ask on.
            KeyboardInterrupt: The person pressed Ctrl-C.
        """
        try:
            answer = _ask(f"{question}: ")
            again = _ask(f"{question}, again: ") if confirm else answer
        except (EOFError, getpass.GetPassWarning) as error:
            raise UsageError(
                "No passphrase was given",
                why="there is no terminal to ask on, or the question was not answered",
                fix="run it on a terminal, or pass --passphrase-fd N with the passphrase on that descriptor",
            ) from error
        if answer != again:
            raise KeyMaterialError("The passphrase is not usable", why="the two answers differ", fix="try again")
        return cls(answer)

    @classmethod
    def from_descriptor(cls, descriptor: int) -> Passphrase:
        """Read one line from an open file descriptor, byte by byte so that the rest stays for others.

        Raises:
            UsageError: The descriptor is not open for reading.
            KeyMaterialError: The line is empty, too long or not UTF-8.
        """
        line = bytearray()
        try:
            while len(line) <= MAX_PASSPHRASE and (byte := os.read(descriptor, 1)) not in (b"", b"\n"):
                line += byte
        except OSError as error:
            raise UsageError(
                f"No passphrase could be read from file descriptor {descriptor}",
                why=os.strerror(error.errno or 0).lower(),
                fix="open it for this command, e.g. --passphrase-fd 3 3<passphrase-file",
            ) from error
        try:
            return cls(line.removesuffix(b"\r").decode())
        except UnicodeDecodeError:
            raise KeyMaterialError(
                "The passphrase is not usable", why="it is not UTF-8", fix="choose another one"
            ) from None

    def __repr__(self) -> str:
        return "Passphrase(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a passphrase is not serialised")


def _ask(question: str) -> str:
    """Ask on the terminal, and nowhere else.

    Without one, getpass warns and then reads standard input, where the answer may show: the warning ends it before.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        return getpass.getpass(question)
