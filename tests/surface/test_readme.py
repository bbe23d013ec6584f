"""The README is true: every command of its tour is run, in order, as a reader would; every file it names is there."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.support.terminal import Said, Terminal

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PASSPHRASE = "a passphrase of one's own"


def blocks() -> list[list[str]]:
    """The commands of each shell block."""
    found = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [[line for line in block.splitlines() if line] for block in found]


SETUP, UP, *TOUR, AGAIN = blocks()
DOCUMENTS = sorted(path.relative_to(ROOT) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a reader sees of a checkout whose set-up is done, to leave files in."""
    folder = tmp_path / "ledger"
    folder.mkdir()
    (folder / ".venv").symlink_to(ROOT / ".venv")
    shutil.copytree(ROOT / "docs", folder / "docs")
    return folder


class Reader:
    """Types commands; the shell's variables live on from one to the next, and the API's port is free."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "COLUMNS": "200",
        }

    def start(self, command: str) -> Terminal:
        return Terminal(command, folder=self.folder, environment=self.environment, passphrase=PASSPHRASE)

    def run(self, command: str) -> Said:
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            self.environment[name] = (
                value.strip('"').replace("$PWD", str(self.folder)).replace("$PATH", os.environ["PATH"])
            )
            return Said(0, "")
        said = self.start(command).end(timeout=120)
        assert said.code == 0, f"{command}\n{said.text}"
        return said


def test_the_two_commands_of_the_setup_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    commands = [line.partition("#")[0].split() for line in SETUP]
    assert [command[0] for command in commands] == ["make", "make"]
    for _, target in commands:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_tour_goes_as_it_says(checkout: Path) -> None:
    reader = Reader(checkout)
    (command,) = UP
    up = reader.start(command)
    up.until("The ledger is up", timeout=60)
    try:
        for block in TOUR:
            for line in block:
                reader.run(line)
    finally:
        up.interrupt()
        stopped = up.end(timeout=60)
    assert stopped.code == 0, stopped.text
    assert (checkout / "opened" / "gbsg2.csv").read_bytes() == (checkout / "study" / "gbsg2.csv").read_bytes()

    # "What you did is still there when it is up again."
    up = reader.start(command)
    up.until("The ledger is up", timeout=60)
    try:
        (line,) = AGAIN
        shown = json.loads(reader.run(line).text)
    finally:
        up.interrupt()
        up.end(timeout=60)
    assert shown["state"] == "active"
    assert shown["escrow"]["status"] == "settled"


@pytest.mark.parametrize(
    "document", sorted(path.relative_to(ROOT) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
)
def test_every_file_that_is_named_is_there(document: Path) -> None:
    text = (ROOT / document).read_text()
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        assert (ROOT / document.parent / target).exists(), target
