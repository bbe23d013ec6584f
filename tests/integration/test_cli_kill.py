"""A registration that is killed again and again, at any point, ends as one dataset whose key is kept."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

from ledger.chain import datasets
from ledger.model.ids import DatasetId
from tests.support.cli import PASSPHRASE, SCRIPT, Cli
from tests.support.institution import contents, metadata_file
from tests.support.world import World

SEED = 20260115
KILLS = 8


def test_killed_at_random_it_goes_on_where_it_stopped(world: World, tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - no secret
    source = tmp_path / "study"
    source.mkdir()
    for number in range(6):
        (source / f"image-{number}.dcm").write_bytes(os.urandom(12 * 2**20))
    world.deployment.write(tmp_path / "deployment.json")
    environment = {
        "LEDGER_RPC": world.url,
        "LEDGER_STORE": str(tmp_path / "store"),
        "LEDGER_DEPLOYMENT": str(tmp_path / "deployment.json"),
    }
    cli = Cli(tmp_path / "home", ("--as", "local:1"), environment)
    stated = ("--metadata", metadata_file(tmp_path / "metadata.json"), "--attribution", "City Hospital")
    command = ("dataset", "register", source, *stated)

    interrupted = 0
    # The earliest kill first: a machine may be so fast that a later one finds everything done.
    for moment in sorted(chance.uniform(0.6, 4.0) for _ in range(KILLS)):
        interrupted += killed(cli, command, tmp_path, moment)
    count = datasets.count(world.chain)
    assert count <= 1
    done = cli.spawn(*command, "--json", passphrases=[PASSPHRASE])

    if done.code == 0:
        assert done.result["dataset"] == 1
    else:  # a run had come to its end before it could be killed
        assert done.code == 8
        assert "is dataset 1" in done.err
    assert interrupted > 0
    assert datasets.count(world.chain) == 1
    keys = [key for key in cli_keys(cli) if key["kind"] == "dataset"]
    commitment = datasets.dataset(world.chain, DatasetId(1)).key_commitment
    assert "0x" + commitment.hex() in [key["public"] for key in keys]
    reader = Cli(tmp_path / "home", (), environment)
    reader.json("dataset", "open", 1, tmp_path / "own", passphrases=[PASSPHRASE])
    assert contents(tmp_path / "own") == contents(source)


def killed(cli: Cli, command: tuple[object, ...], work: Path, after: float) -> bool:
    """Run a command and kill it; tells whether it was still running."""
    line = work / "passphrase"
    line.write_text(PASSPHRASE + "\n")
    with line.open() as file:
        process = subprocess.Popen(
            [SCRIPT, *map(str, command), "--home", cli.home, *cli.options, "--passphrase-fd", str(file.fileno())],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(file.fileno(),),
            env={"PATH": os.environ["PATH"], "HOME": str(cli.home), **cli.environment},
        )
        time.sleep(after)
        running = process.poll() is None
        process.kill()
        process.wait()
    return running


def cli_keys(cli: Cli) -> list[dict[str, str]]:
    items: list[dict[str, str]] = Cli(cli.home).json("keys", "list")["items"]
    return items
