"""The main path by the console script: three institutions with homes of their own, one node, one store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.chain.anvil import Anvil
from tests.support import nodes
from tests.support.cli import PASSPHRASE, Cli
from tests.support.institution import contents, metadata_file, study

PASS = (PASSPHRASE,)


@dataclass(frozen=True)
class Town:
    """Everybody on one network."""

    hospital: Cli
    institute: Cli
    company: Cli
    authority: Cli
    work: Path


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with nodes.anvil() as running:
        yield running


@pytest.fixture(scope="module")
def town(chain: Anvil, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Keys for three institutions, and a ledger founded by them."""
    work = tmp_path_factory.mktemp("town")
    environment = {
        "LEDGER_RPC": chain.url,
        "LEDGER_STORE": str(work / "store"),
        "LEDGER_DEPLOYMENT": str(work / "deployment.json"),
    }
    names = ("hospital", "institute", "company")
    people = {name: Cli(work / name, environment=environment) for name in names}
    authority = Cli(work / "authority", ("--as", "local:0"), environment=environment)
    accounts = {}
    for name, person in people.items():
        accounts[name] = person.json("keys", "create", "wallet", passphrases=PASS)["public"]
    founders = work / "founders.json"
    kinds = {"hospital": ["institution"], "institute": ["institution", "user"], "company": ["user"]}
    founders.write_text(
        json.dumps(
            [
                {"principal": accounts[name], "name": name.title(), "country": "DE", "kinds": kinds[name]}
                for name in people
            ]
        )
    )
    account = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    authority.json("network", "deploy", "--founders", founders, "--authority", account)
    for name, person in people.items():
        person.json("network", "fund", accounts[name])
    authority.json("network", "mint", accounts["institute"], "20000")
    return Town(people["hospital"], people["institute"], people["company"], authority, work)


def test_from_registration_to_the_shared_money(town: Town) -> None:
    hospital, institute = town.hospital, town.institute
    wallet = ("--as", "wallet")
    source = study(town.work / "study")
    metadata = metadata_file(town.work / "metadata.json")

    institute.json("keys", "create", "delivery", "--kind", "delivery", passphrases=PASS)
    institute.json("member", "set-delivery-key", "delivery", *wallet, passphrases=PASS)

    stated = ("--metadata", metadata, "--attribution", "Hospital, 2026", "--json")
    registered = hospital.spawn("dataset", "register", source, *stated, *wallet, passphrases=PASS).result
    dataset = registered["dataset"]
    assert registered["size"] == sum(len(data) for data in contents(source).values() if data)
    assert hospital.json("dataset", "verify", dataset)["manifest"] == registered["manifest"]

    prose = town.work / "licence.txt"
    prose.write_text("For biomedical research only.\n")
    terms = ("--price", "10000.03", "--prose", prose, "--collector-share", 2500)
    offer = hospital.json("offer", "publish", dataset, *terms, *wallet, passphrases=PASS)["offer"]
    assert institute.json("offer", "show", offer)["cost"] == "10000.03 SETTLE"

    purpose = town.work / "purpose.txt"
    purpose.write_text("Survival after surgery.\n")
    applied = institute.json("licence", "apply", offer, "--purpose", purpose, *wallet, passphrases=PASS)
    licence = applied["licence"]
    assert hospital.json("licence", "show", licence)["purpose_text"] == "Survival after surgery.\n"
    assert hospital.json("licence", "approve", licence, *wallet, passphrases=PASS)["state"] == "approved"

    ours, theirs = town.work / "hospital.sig", town.work / "institute.sig"
    hospital.json("licence", "sign", licence, "--out", ours, *wallet, passphrases=PASS)
    signed = institute.json("licence", "sign", licence, "--out", theirs, "--like", ours, *wallet, passphrases=PASS)
    assert (signed["party"], signed["agreement"]["terms"]["price"]) == ("licensee", 1_000_003)
    agreed = institute.json("licence", "agree", ours, theirs, *wallet, passphrases=PASS)
    assert agreed["state"] == "agreed"

    assert institute.spawn("licence", "pay", licence, "--json", *wallet, passphrases=PASS).result["state"] == "paid"
    assert hospital.json("licence", "deliver", licence, *wallet, passphrases=PASS)["state"] == "delivered"
    opened = town.work / "opened"
    assert institute.spawn("licence", "open", licence, opened, "--json", passphrases=PASS).result["licence"] == licence
    assert contents(opened) == contents(source)

    # For the laboratory's own tools: its Crypt4GH key, and files that any of them opens.
    institute.json("keys", "create", "reader", "--kind", "crypt4gh", passphrases=PASS)
    recipient, exported = town.work / "reader.pub", town.work / "exported"
    institute.json("keys", "export-public", "reader", "--out", recipient)
    institute.json("licence", "export", licence, exported, "--recipient", recipient, passphrases=PASS)
    assert {path.suffix for path in exported.rglob("*") if path.is_file()} == {".c4gh"}

    assert institute.json("licence", "accept", licence, *wallet, passphrases=PASS)["state"] == "active"
    institute.json("licence", "settle", licence, *wallet, passphrases=PASS)
    assert hospital.json("benefits", "show", 1)["available"] == 1_000_003
    assert hospital.json("benefits", "withdraw", *wallet, passphrases=PASS)["amount"] == "10000.03 SETTLE"
    assert hospital.json("benefits", "show", 1)["held"] == 1_000_003

    again = institute.json("licence", "pay", licence, *wallet, passphrases=PASS)
    assert (again["state"], again["transaction"]) == ("active", None)


def test_the_catalogue_has_what_was_registered(town: Town) -> None:
    listed = town.company.json("dataset", "search", "survival surgery")["items"]
    assert [entry["name"] for entry in listed] == ["Survival after surgery"]
    assert listed[0]["open_offers"] == 1

    assert town.company.json("dataset", "search", "malaria")["items"] == []
    assert [member["name"] for member in town.company.json("member", "list")["items"]] == [
        "Hospital", "Institute", "Company",
    ]  # fmt: skip
    assert [entry["state"] for entry in town.company.json("licence", "list", "--licensee", 2)["items"]] == ["active"]


def test_people_read_tables_where_programs_read_json(town: Town) -> None:
    shown = town.company.run("dataset", "show", 1)
    listed = town.company.run("offer", "list")

    assert shown.code == listed.code == 0
    assert shown.err == listed.err == ""
    assert "Survival after surgery" in shown.out
    assert "10000.03 SETTLE" in listed.out


def test_a_wrong_passphrase_is_one_line_and_changes_nothing(town: Town) -> None:
    failed = town.hospital.spawn("dataset", "withdraw", 1, "--as", "wallet", passphrases=["wrong"])

    assert failed.code == 5
    assert "passphrase" in failed.error
    assert town.hospital.json("dataset", "show", 1)["status"] == "active"
