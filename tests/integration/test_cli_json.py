"""Every command there is answers a program: one object on one line of standard output, and nothing beside it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import typer

from ledger.chain.anvil import dev_signer, free_port
from ledger.cli.app import app
from tests.support.cli import PASSPHRASE, SCRIPT, Cli
from tests.support.institution import metadata_file, study
from tests.support.world import DAY, World

OPERATOR, HOSPITAL, INSTITUTE, SPARE, OTHER = "local:0", "local:1", "local:2", "local:8", "local:9"
ATTRIBUTED = ("--attribution", "City Hospital")
UNLOCKING = {
    *("keys create", "keys import", "keys export-crypt4gh", "keys change-passphrase", "member set-delivery-key"),
    *("dataset register", "dataset register-batch", "dataset open"),
    *("licence deliver", "licence open", "licence export"),
}
"""Commands for which a person is asked for a passphrase."""


def commands() -> set[str]:
    """Every command by name, from the program itself."""
    root: Any = typer.main.get_command(app)
    nouns = {name: getattr(found, "commands", None) for name, found in root.commands.items()}
    return {f"{noun} {verb}".strip() for noun, verbs in nouns.items() for verb in verbs or ("",)}


@dataclass
class Program:
    """Runs commands as a program does, and remembers which."""

    world: World
    cli: Cli
    work: Path
    ran: set[str] = field(default_factory=set)

    def run(self, name: str, *arguments: object, person: str = "") -> dict[str, Any]:
        signed = ("--as", person) if person else ()
        passphrases = (PASSPHRASE,) * 2 if name in UNLOCKING else ()
        done = self.cli.run(*name.split(), *arguments, *signed, "--json", passphrases=passphrases)
        assert (done.code, done.err) == (0, ""), name
        assert done.out.count("\n") == 1
        result = json.loads(done.out)
        assert isinstance(result, dict)
        self.ran.add(name)
        return result

    def file(self, name: str, text: str) -> Path:
        (self.work / name).write_text(text)
        return self.work / name


@pytest.fixture
def program(world: World, tmp_path: Path) -> Program:
    world.deployment.write(tmp_path / "deployment.json")
    environment = {
        "LEDGER_RPC": world.url,
        "LEDGER_STORE": str(tmp_path / "store"),
        "LEDGER_DEPLOYMENT": str(tmp_path / "deployment.json"),
    }
    return Program(world, Cli(tmp_path / "home", (), environment), tmp_path)


def test_every_command_answers_a_program(program: Program) -> None:
    keep_keys(program)
    run_members(program)
    dataset, offer = run_datasets(program)
    run_licences(program, dataset, offer)
    run_content(program)
    run_network(program)
    run_up(program)

    assert commands() - program.ran == set()


def keep_keys(program: Program) -> None:
    run, work = program.run, program.work
    run("keys create", "wallet")
    run("keys create", "delivery", "--kind", "delivery")
    run("keys create", "reader", "--kind", "crypt4gh")
    run("keys import", "imported", program.cli.home / "keys" / "wallet.json")
    run("keys export-public", "reader", "--out", work / "reader.pub")
    run("keys export-crypt4gh", "reader", "--out", work / "reader.sec")
    run("keys change-passphrase", "wallet")
    run("keys delete", "imported", "--yes")
    assert run("keys show", "wallet")["kind"] == "wallet"
    assert [key["name"] for key in run("keys list")["items"]] == ["delivery", "reader", "wallet"]


def run_members(program: Program) -> None:
    run = program.run
    who = ("--name", "New Clinic", "--kinds", "institution,user", "--country", "FR")
    member = run("member admit", dev_signer(8).address, *who, person=OPERATOR)["member"]
    run("member suspend", member, person=OPERATOR)
    run("member reinstate", member, person=OPERATOR)
    run("member set-kinds", member, "--kinds", "user", person=OPERATOR)
    about = program.file("about.json", '{"about": "us"}')
    run("member describe", "--name", "Newer Clinic", "--metadata", about, person=SPARE)
    run("member invite", dev_signer(9).address, person=SPARE)
    run("member accept-invitation", member, person=OTHER)
    run("member set-principal", dev_signer(9).address, person=SPARE)
    run("member remove-account", dev_signer(8).address, person=OTHER)
    run("member expel", member, person=OPERATOR)
    run("member set-delivery-key", "delivery", person=INSTITUTE)
    assert run("member show", member)["status"] == "expelled"
    assert len(run("member list")["items"]) == 6


def run_datasets(program: Program) -> tuple[int, int]:
    run, work = program.run, program.work
    described = ("--metadata", metadata_file(work / "metadata.json"))
    until = program.world.chain.now() + 10 * DAY
    dataset = int(run("dataset register", study(work / "study"), *described, *ATTRIBUTED, person=HOSPITAL)["dataset"])
    entry = {"path": "study/table.csv", "metadata": "metadata.json", "attribution": "x", "embargo_until": until}
    batch = program.file("batch.json", json.dumps([entry]))
    embargoed = run("dataset register-batch", batch, person=HOSPITAL)["items"][0]["dataset"]
    run("dataset shorten-embargo", embargoed, until - DAY, person=HOSPITAL)
    for name, person in (("withdraw", HOSPITAL), ("restore", HOSPITAL), ("revoke", OPERATOR), ("reinstate", OPERATOR)):
        run(f"dataset {name}", embargoed, person=person)
    run("dataset verify", dataset)
    run("dataset open", dataset, work / "own")
    assert run("dataset show", dataset)["id"] == dataset
    assert len(run("dataset list")["items"]) == 2
    assert len(run("dataset search", "survival")["items"]) == 2

    terms = ("--price", "10000.03", "--prose", program.file("licence.txt", "For research."))
    offer = int(run("offer publish", dataset, *terms, person=HOSPITAL)["offer"])
    closed = run("offer publish", dataset, *terms, person=HOSPITAL)["offer"]
    run("offer withdraw", closed, person=HOSPITAL)
    assert run("offer show", offer)["cost"] == "10000.03 SETTLE"
    assert [found["id"] for found in run("offer list")["items"]] == [offer]
    return dataset, offer


def run_licences(program: Program, dataset: int, offer: int) -> None:
    run, work = program.run, program.work
    papers = [program.file(f"purpose-{number}.txt", f"Purpose {number}.") for number in range(4)]
    licence, rejected, cancelled, refunded = (
        run("licence apply", offer, "--purpose", paper, person=INSTITUTE)["licence"] for paper in papers
    )
    run("licence reject", rejected, "--reasons", papers[0], person=HOSPITAL)
    run("licence cancel", cancelled, person=INSTITUTE)
    for number in (licence, refunded):
        pay(program, number)
    run("licence refund", refunded, person=HOSPITAL)
    run("licence deliver", licence, person=HOSPITAL)
    run("licence open", licence, work / "opened")
    exported = run("licence export", licence, work / "exported", "--recipient", work / "reader.pub")
    assert exported["files"]
    run("licence accept", licence, person=INSTITUTE)
    run("licence settle", licence, person=INSTITUTE)
    run("licence renew", licence, "--limit", "10000.03", person=INSTITUTE)
    assert run("licence show", licence)["dataset"] == dataset
    assert len(run("licence list")["items"]) == 4
    assert run("benefits withdraw", person=HOSPITAL)["withdrawn"] > 0
    run("benefits show", 1)


def pay(program: Program, licence: int) -> None:
    run = program.run
    run("licence approve", licence, person=HOSPITAL)
    ours, theirs = program.work / f"{licence}-ours", program.work / f"{licence}-theirs"
    run("licence sign", licence, "--out", ours, person=HOSPITAL)
    run("licence sign", licence, "--out", theirs, "--like", ours, person=INSTITUTE)
    run("licence agree", ours, theirs, person=INSTITUTE)
    run("licence pay", licence, person=INSTITUTE)


def run_content(program: Program) -> None:
    run = program.run
    source = program.file("content.txt", "content")
    cid = run("store cid", source)["cid"]
    assert run("store add", source)["cid"] == cid
    run("store get", cid, program.work / "copy")
    assert run("store pin", cid)["pinned"] is True
    assert run("store unpin", cid)["pinned"] is False
    run("store gc")
    assert cid not in [found["cid"] for found in run("store pins")["items"]]


def run_network(program: Program) -> None:
    run, account = program.run, dev_signer(7).address
    run("network fund", account)
    run("network mint", account, "1", person=OPERATOR)
    run("network allow-token", "--revoke", person=OPERATOR)
    assert run("network allow-token", person=OPERATOR)["allowed"] is True
    run("network set-windows", "--payment", 60, "--delivery", 60, "--acceptance", 60, person=OPERATOR)
    assert len(run("network accounts")["items"]) == 10
    entry = {"principal": account, "name": "Alone", "country": "FR", "kinds": ["institution"]}
    founders = program.file("founders.json", json.dumps([entry]))
    founded = ("--founders", founders, "--authority", account, "--deployment", program.work / "other.json")
    deployed = run("network deploy", *founded, person=OTHER)
    assert run("network status", "--deployment", program.work / "other.json")["contracts"] == deployed["contracts"]


def run_up(program: Program) -> None:
    """It answers once it is up, and runs on."""
    command: list[str | Path] = [SCRIPT, "up", "--home", program.work / "up", "--port", str(free_port()), "--json"]
    variables = {**program.cli.environment, "PATH": "", "HOME": str(program.work)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
        rest, said = process.communicate(timeout=30)
    assert json.loads(line)["node"] == program.world.url
    assert (rest, said, process.returncode) == ("", "", 0)
    program.ran.add("up")
