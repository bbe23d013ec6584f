"""`ledger up`: everything in one program, and nothing lost over a restart, a kill included."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from ledger.chain.anvil import free_port
from tests.support import nodes
from tests.support.cli import PASSPHRASE, SCRIPT, Cli
from tests.support.institution import contents, metadata_file, study
from tests.support.kubo import Kubo
from tests.support.postgres import Postgres
from tests.support.world import deploy_ledger

START_SECONDS = 60.0


@dataclass(frozen=True)
class Up:
    """A running ``ledger up``."""

    process: subprocess.Popen[str]
    told: dict[str, Any]

    def get(self, path: str) -> Any:
        answer = httpx.get(self.told["api"] + path, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@dataclass(frozen=True)
class Place:
    """A home with ports of its own."""

    home: Path
    port: int
    node_port: int
    environment: dict[str, str]

    @property
    def cli(self) -> Cli:
        return Cli(self.home, (), {"LEDGER_RPC": f"http://127.0.0.1:{self.node_port}"})

    def command(self, *options: str) -> list[str]:
        ports = ("--port", str(self.port), "--node-port", str(self.node_port))
        return [str(SCRIPT), "up", "--home", str(self.home), *ports, "--json", *options]

    @contextmanager
    def up(self, *options: str) -> Iterator[Up]:
        """Run it until the end of the block, then kill what is left of it."""
        process = subprocess.Popen(
            self.command(*options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.communicate(timeout=10)[1]
            yield Up(process, json.loads(line))
        finally:
            process.kill()
            process.communicate(timeout=10)

    def fails(self, *options: str) -> tuple[int, str]:
        done = subprocess.run(
            self.command(*options), capture_output=True, text=True, check=False, env=self.environment, timeout=60
        )
        assert done.stdout == ""
        return done.returncode, done.stderr

    def chain_processes(self) -> list[psutil.Process]:
        """The anvils of this home."""
        state = str(self.home / "node" / "chain.json")
        return [p for p in psutil.process_iter(["cmdline"]) if state in (p.info["cmdline"] or ())]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    place = Place(tmp_path / "home", free_port(), free_port(), environment)
    yield place
    for process in place.chain_processes():  # outlived a kill of this test's own making
        process.terminate()
        process.wait(20)


def register(place: Place, work: Path) -> dict[str, Any]:
    source = work / "study"
    if not source.exists():
        study(source)
    stated = ("--metadata", metadata_file(work / "metadata.json"), "--attribution", "City Hospital, 2026")
    registered: dict[str, Any] = place.cli.json(
        "dataset", "register", source, *stated, "--as", "local:1", passphrases=(PASSPHRASE,)
    )
    return registered


def wait_for_dataset(up: Up) -> dict[str, Any]:
    """What the API says of dataset 1, once its index has read the block, and then the metadata document."""
    end = time.monotonic() + 20
    while not (items := up.get("/datasets")["items"]) or items[0]["document"] == "unknown":
        assert time.monotonic() < end, "the index does not follow the chain"
        time.sleep(0.1)
    found: dict[str, Any] = items[0]
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_registered_is_there_after_a_restart(place: Place, tmp_path: Path, number: signal.Signals) -> None:
    with place.up() as first:
        registered = register(place, tmp_path)
        before = wait_for_dataset(first)
        assert first.stop(number) == 0
    assert place.chain_processes() == []

    with place.up() as second:
        assert wait_for_dataset(second) == before
        assert second.get("/health")["status"] == "up"
        assert place.cli.json("dataset", "verify", registered["dataset"])["manifest"] == registered["manifest"]
        opened = tmp_path / "opened"
        place.cli.json("dataset", "open", registered["dataset"], opened, passphrases=(PASSPHRASE,))
        assert contents(opened) == contents(tmp_path / "study")


def test_what_was_registered_is_there_after_a_kill(place: Place, tmp_path: Path) -> None:
    with place.up() as first:
        registered = register(place, tmp_path)
        before = wait_for_dataset(first)
        first.process.kill()
        first.process.wait(10)

    with place.up() as second:
        assert wait_for_dataset(second) == before
        assert place.cli.json("dataset", "show", registered["dataset"])["manifest"] == registered["manifest"]
        assert len(place.chain_processes()) == 1


def test_a_kill_during_the_first_start_leaves_nothing_in_the_way(place: Place) -> None:
    for pause in (0.8, 1.6, 2.4):
        process = subprocess.Popen(
            place.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=place.environment
        )
        time.sleep(pause)
        process.kill()
        process.wait(10)

    with place.up() as up:
        assert len(up.get("/members")["items"]) == 5


def test_it_says_what_runs_where(place: Place) -> None:
    with place.up() as up:
        assert up.told["api"] == f"http://127.0.0.1:{place.port}"
        assert up.told["node"] == f"http://127.0.0.1:{place.node_port}"
        assert up.told["chain_id"] == 31337
        assert up.told["store"] == str(place.home / "store")
        assert up.told["deployment"] == str(place.home / "deployment.json")
        network = up.get("/network")
        assert network["chain_id"] == 31337
        assert network["contracts"] == place.cli.json("network", "status")["contracts"]


def test_a_page_that_rebinds_its_name_does_not_reach_the_api(place: Place) -> None:
    with place.up() as up:
        api = up.told["api"]
        assert httpx.get(f"{api}/network", headers={"Host": f"localhost:{place.port}"}, timeout=10).status_code == 200
        assert httpx.get(f"{api}/network", headers={"Host": "attacker.example"}, timeout=10).status_code == 400


def test_one_home_runs_once(place: Place) -> None:
    with place.up():
        other = Place(place.home, free_port(), free_port(), place.environment)

        code, error = other.fails()

    assert code == 2
    assert "running already" in error
    assert error.count("\n") == 1


def test_a_port_that_is_taken_is_named(place: Place, tmp_path: Path) -> None:
    with place.up():
        for ports, taken, code in (
            ((place.port, free_port()), place.port, 2),
            ((free_port(), place.node_port), place.node_port, 7),
        ):
            code_seen, error = Place(tmp_path / f"other-{taken}", *ports, place.environment).fails()
            assert code_seen == code
            assert f"port {taken} cannot be used" in error


def test_real_parts_are_used_where_they_are_named(place: Place, tmp_path: Path) -> None:
    with nodes.anvil() as node:
        deploy_ledger(node.url).write(tmp_path / "real.json")
        store, database = tmp_path / "real-store", f"sqlite:///{tmp_path / 'real.db'}"
        options = (
            *("--rpc", node.url, "--deployment", str(tmp_path / "real.json")),
            *("--store", str(store), "--database", database),
        )
        with place.up(*options) as up:
            assert up.told["node"] == node.url
            assert up.get("/members")["items"][0]["name"] == "City Hospital"
            assert up.stop(signal.SIGTERM) == 0

    assert store.is_dir()
    assert (tmp_path / "real.db").is_file()
    assert not (place.home / "node").exists()
    assert not (place.home / "deployment.json").exists()


def test_kubo_and_postgresql_take_the_places_of_the_embedded_parts(place: Place, tmp_path: Path) -> None:
    with nodes.anvil() as node, Kubo(tmp_path / "repository") as kubo, Postgres() as postgres:
        deploy_ledger(node.url).write(tmp_path / "real.json")
        chain = ("--rpc", node.url, "--deployment", str(tmp_path / "real.json"))
        parts = (*chain, "--store", kubo.url, "--database", postgres.database())
        metadata = metadata_file(tmp_path / "metadata.json")
        stated = ("--metadata", metadata, "--attribution", "City Hospital", "--as", "local:1")
        with place.up(*parts) as first:
            registered = place.cli.json(
                *("dataset", "register", study(tmp_path / "study"), *stated, *chain, "--store", kubo.url),
                passphrases=(PASSPHRASE,),
            )
            before = wait_for_dataset(first)
            assert first.stop(signal.SIGTERM) == 0
        with place.up(*parts) as second:
            assert wait_for_dataset(second) == before
            content = httpx.get(f"{second.told['api']}/content/{registered['manifest']}", timeout=10)
            assert content.status_code == 200

        assert registered["manifest"] in kubo.ipfs("pin", "ls", "--type=recursive")
    assert not (place.home / "store").exists()


def test_a_real_node_without_a_deployment_is_refused(place: Place) -> None:
    with nodes.anvil() as node:
        code, error = place.fails("--rpc", node.url)

    assert code == 3
    assert "deployment" in error


def test_it_ends_when_its_chain_does(place: Place) -> None:
    with place.up() as up:
        (chain,) = place.chain_processes()
        chain.kill()

        assert up.process.wait(30) == 7
        assert up.process.stderr is not None
        assert "local chain ended" in up.process.stderr.read()


def test_founders_come_from_a_file(place: Place, tmp_path: Path) -> None:
    founders = tmp_path / "founders.json"
    account = "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955"
    founders.write_text(
        json.dumps([{"principal": account, "name": "Alone", "country": "FR", "kinds": ["institution"]}])
    )

    with place.up("--founders", str(founders)) as up:
        (member,) = up.get("/members")["items"]

    assert (member["name"], member["country"], member["principal"]) == ("Alone", "FR", account)


def test_a_client_is_who_connects_not_who_a_header_says(place: Place) -> None:
    with place.up() as up:
        answers = [
            httpx.post(
                up.told["api"] + "/documents",
                content="x",
                headers={"Content-Type": "text/plain", "X-Forwarded-For": f"203.0.113.{number}"},
                timeout=10,
            ).status_code
            for number in range(25)
        ]
    assert answers[:20] == [201] * 20
    assert 429 in answers[20:]
