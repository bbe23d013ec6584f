"""The command on a real terminal, and on none: names command nothing, passphrases never show, Ctrl-C ends it."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from ledger.cli.app import INTERRUPTED
from tests.support.cli import SCRIPT
from tests.support.terminal import Terminal


def environment(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm", "LANG": "C.UTF-8"}


@pytest.mark.parametrize("name", ["zz\x1b]0;owned by the holder\x07", "z[/bold]", "z\x1b]52;c;aGk=\x07", "z\nz"])
def test_a_name_in_the_progress_commands_no_terminal(tmp_path: Path, name: str) -> None:
    path = tmp_path / "tree" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(32 << 20))  # long enough for the bar to be drawn
    command = f"{shlex.quote(str(SCRIPT))} store cid tree"
    said = Terminal(command, folder=tmp_path, environment=environment(tmp_path), passphrase="none").end(timeout=60)

    assert said.code == 0, said.text
    assert "bafybei" in said.text
    assert "\x1b]" not in said.text
    assert "\x07" not in said.text


@pytest.mark.parametrize("piped", ["", "secret\nsecret\n"])
def test_without_a_terminal_no_passphrase_is_read_from_elsewhere(tmp_path: Path, piped: str) -> None:
    """A session of its own has no terminal, whatever runs the tests has."""
    done = subprocess.run(
        [SCRIPT, "keys", "create", "wallet", "--home", tmp_path / "home"],
        input=piped,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        env=environment(tmp_path),
        timeout=60,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: No passphrase was given: ")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.rglob("*.json"))


def test_ctrl_c_at_the_prompt_interrupts(tmp_path: Path) -> None:
    command = f"exec {shlex.quote(str(SCRIPT))} keys create wallet --home home"
    terminal = Terminal(command, folder=tmp_path, environment=environment(tmp_path), passphrase=None)
    terminal.until("New passphrase for wallet: ", timeout=30)

    terminal.interrupt()

    said = terminal.end(timeout=30)
    assert said.code == INTERRUPTED, said.text
    assert said.text.endswith("Interrupted.\n")
    assert not list(tmp_path.rglob("*.json"))
