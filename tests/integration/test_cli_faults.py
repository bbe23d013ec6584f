"""What a person meets when the ground moves: a file that changes, a disk that fills, a store that lies."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.chain import datasets
from ledger.storage.source import SourceFile
from ledger.storage.unixfs import cid_of_bytes
from tests.support.cli import PASSPHRASE, Cli, Ran
from tests.support.institution import metadata_file, study
from tests.support.lying_daemon import LyingDaemon
from tests.support.world import World

MIB = 2**20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    point = tmp_path / "small"
    point.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(point)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"mounting a tmpfs is not permitted here: {mounted.stderr.decode().strip()}")
    try:
        yield point
    finally:
        subprocess.run(["umount", "-l", str(point)], check=True)


class Hospital:
    """The hospital at its terminal, with a study to register."""

    def __init__(self, world: World, work: Path) -> None:
        self.world = world
        self.work = work
        self.source = study(work / "study")
        metadata_file(work / "metadata.json")
        world.deployment.write(work / "deployment.json")

    def register(self, store: str) -> Ran:
        environment = {
            "LEDGER_RPC": self.world.url,
            "LEDGER_STORE": store,
            "LEDGER_DEPLOYMENT": str(self.work / "deployment.json"),
        }
        cli = Cli(self.work / "home", ("--as", "local:1"), environment)
        stated = ("--metadata", self.work / "metadata.json", "--attribution", "City Hospital")
        return cli.run("dataset", "register", self.source, *stated, passphrases=(PASSPHRASE,))

    def require_refused(self, failed: Ran, code: int, words: str) -> None:
        """One line with these words; nothing on the ledger, and the study as it was."""
        assert (failed.code, words in failed.error) == (code, True), failed.err
        assert datasets.count(self.world.chain) == 0

    def require_it_goes_on(self, store: str) -> None:
        """Once the cause is gone, the same command registers the study."""
        done = self.register(store)
        assert done.code == 0, done.err
        assert datasets.count(self.world.chain) == 1


@pytest.fixture
def hospital(world: World, tmp_path: Path) -> Hospital:
    return Hospital(world, tmp_path)


def test_a_file_changes_while_it_is_read(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    read_into = SourceFile.read_into
    table = next(hospital.source.rglob("*.csv"))

    def meanwhile(file: SourceFile, buffer: memoryview, offset: int) -> None:
        read_into(file, buffer, offset)
        if file.path.endswith(table.name):
            with table.open("a") as more:
                more.write("one more row\n")

    store = str(hospital.work / "store")
    with monkeypatch.context() as patched:
        patched.setattr(SourceFile, "read_into", meanwhile)
        hospital.require_refused(hospital.register(store), 3, "changed while it was being read")
    hospital.require_it_goes_on(store)


def test_the_disk_of_the_store_fills_up(hospital: Hospital, small: Path) -> None:
    large = hospital.source / "large.dcm"
    large.write_bytes(bytes(12 * MIB))
    store = str(small / "store")
    hospital.require_refused(hospital.register(store), 6, "no space left")
    large.unlink()
    hospital.require_it_goes_on(store)


def test_the_store_names_another_cid(hospital: Hospital) -> None:
    other = str(cid_of_bytes(b"other"))
    lies = {
        "pin__ls": lambda request: request.json(),
        "add": lambda request: request.json({"Name": "content", "Hash": other}),
    }
    with LyingDaemon(**lies) as daemon:
        hospital.require_refused(hospital.register(daemon.url), 4, "did not take")
    hospital.require_it_goes_on(str(hospital.work / "store"))
