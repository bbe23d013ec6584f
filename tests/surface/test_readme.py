"""The README is true: every command of its tour is run, in order, as a reader would; every file it names is there."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ledger.chain.anvil import free_port
from tests.support.cli import SCRIPT
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


ADDRESSES = re.findall(r"<(http://127\.0\.0\.1:8000[^>]*)>", README)

WRAPPER = """#!/usr/bin/env bash
# The reader's `ledger`, on ports that are free here and now.
if [ "$1" = up ]; then exec {ledger} up --port {port} --node-port {node_port} "${{@:2}}"; fi
LEDGER_RPC=http://127.0.0.1:{node_port} exec {ledger} "$@"
"""


@dataclass(frozen=True)
class Checkout:
    """What a reader sees of a checkout whose set-up is done, to leave files in."""

    folder: Path
    port: int


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    folder = tmp_path / "ledger"
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("lib", "pyvenv.cfg"):
        (folder / ".venv" / name).symlink_to(ROOT / ".venv" / name)
    for program in (ROOT / ".venv" / "bin").iterdir():
        (programs / program.name).symlink_to(program)
    port, node_port = free_port(), free_port()
    (programs / "ledger").unlink()
    (programs / "ledger").write_text(WRAPPER.format(ledger=SCRIPT, port=port, node_port=node_port))
    (programs / "ledger").chmod(0o755)
    shutil.copytree(ROOT / "docs", folder / "docs")
    return Checkout(folder, port)


class Reader:
    """Types commands; the shell's variables live on from one to the next."""

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


def test_the_tour_goes_as_it_says(checkout: Checkout) -> None:
    reader = Reader(checkout.folder)
    (command,) = UP
    up = reader.start(command)
    up.until("The ledger is up", timeout=60)
    try:
        for block in TOUR:
            for line in block:
                reader.run(line)
        for address in ADDRESSES:
            answer = httpx.get(address.replace(":8000", f":{checkout.port}"), timeout=10)
            assert answer.status_code == 200, address
    finally:
        up.interrupt()
        stopped = up.end(timeout=60)
    assert stopped.code == 0, stopped.text
    assert (checkout.folder / "opened" / "gbsg2.csv").read_bytes() == (
        checkout.folder / "study" / "gbsg2.csv"
    ).read_bytes()

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
