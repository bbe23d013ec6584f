"""File names are other people's text: on a real terminal they command nothing and break nothing."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from tests.support.cli import SCRIPT
from tests.support.terminal import Terminal


@pytest.mark.parametrize("name", ["zz\x1b]0;owned by the holder\x07", "z[/bold]", "z\x1b]52;c;aGk=\x07", "z\nz"])
def test_a_name_in_the_progress_commands_no_terminal(tmp_path: Path, name: str) -> None:
    path = tmp_path / "tree" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(32 << 20))  # long enough for the bar to be drawn
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "xterm", "LANG": "C.UTF-8"}

    command = f"{shlex.quote(str(SCRIPT))} store cid tree"
    said = Terminal(command, folder=tmp_path, environment=environment, passphrase="none").end(timeout=60)

    assert said.code == 0, said.text
    assert "bafybei" in said.text
    assert "\x1b]" not in said.text
    assert "\x07" not in said.text
