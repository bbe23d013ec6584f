"""The chain of ``ledger up``: anvil with its state in the home, one at a time, also after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ledger.chain.anvil import Anvil
from ledger.errors import ChainError

__all__ = ["local_node"]

STOP_SECONDS: Final = 20.0


@contextmanager
def local_node(home: Path, port: int) -> Iterator[Anvil]:
    """A running chain whose state is in the home. An anvil that outlived a killed `ledger up` is stopped first.

    Raises:
        ChainError: anvil is not installed, did not start, or its port is taken by another program.
        IntegrityError: The state is damaged.
    """
    directory = home / "node"
    directory.mkdir(parents=True, exist_ok=True)
    state, mark = directory / "chain.json", directory / "anvil.pid"
    _stop_orphan(mark, state)
    with Anvil(state=state, port=port, log=directory / "anvil.log") as anvil:
        if anvil.process is not None:
            mark.write_text(f"{anvil.process.pid}\n")
        try:
            yield anvil
        finally:
            mark.unlink(missing_ok=True)


def _stop_orphan(mark: Path, state: Path) -> None:
    """Stop the anvil of this home that nobody waits for any more; it saves its state when it ends."""
    try:
        pid = int(mark.read_text())
    except (FileNotFoundError, ValueError):
        return
    if str(state) not in _command_line(pid):
        return  # the number belongs to another process by now
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while str(state) in _command_line(pid):
        if time.monotonic() > end:
            raise ChainError(
                "The local chain cannot start",
                why=f"an earlier one, process {pid}, does not stop",
                fix="stop that process, then run the command again",
            )
        time.sleep(0.05)


def _command_line(pid: int) -> str:
    """The command line of a process; empty if there is none, or if it has ended already."""
    shown = subprocess.run(  # noqa: S603 - a fixed program, no shell
        ["ps", "-p", str(pid), "-o", "args="],  # noqa: S607 - every Unix has it in its own place
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout
