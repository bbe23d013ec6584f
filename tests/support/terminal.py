"""Commands in a real terminal, with a person who answers questions for a passphrase."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ASKED = re.compile(rb"passphrase[^\r\n]*: ?$", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """What a command left on the terminal, and its exit code."""

    code: int
    text: str


class Terminal:
    """One command in a pseudo-terminal of its own.

    Args:
        command: For bash.
        passphrase: Typed whenever one is asked for; None to leave the question open.
    """

    def __init__(self, command: str, *, folder: Path, environment: Mapping[str, str], passphrase: str | None) -> None:
        self._passphrase = None if passphrase is None else passphrase.encode() + b"\n"
        self._said = bytearray()
        self._answered = 0
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # as in any terminal, whoever runs the tests
            os.execvpe("bash", ["bash", "-c", command], dict(environment))  # noqa: S606 - a shell is what a reader has

    @property
    def text(self) -> str:
        """All that was said so far."""
        return self._said.decode(errors="replace").replace("\r\n", "\n")

    def until(self, text: str, *, timeout: float) -> None:
        """Read until the command has said something."""
        end = time.monotonic() + timeout
        while text not in self.text:
            assert self._read(end), f"ended without saying {text!r}:\n{self.text}"

    def end(self, *, timeout: float) -> Said:
        """Read until the command ends."""
        end = time.monotonic() + timeout
        while self._read(end):
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self._terminal)
        return Said(os.waitstatus_to_exitcode(status), self.text)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.kill(self.pid, signal.SIGINT)

    def _read(self, end: float) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"said nothing more in time:\n{self.text}"
        try:
            part = os.read(self._terminal, 65_536)
        except OSError:
            return False  # the other side of the terminal is closed: the command ended
        self._said += part
        if part and self._passphrase is not None and ASKED.search(self._said, self._answered):
            self._answered = len(self._said)
            os.write(self._terminal, self._passphrase)
        return bool(part)
