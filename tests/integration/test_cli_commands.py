"""Every other command once, on a real ledger: what it shows is what happened."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from ledger.chain import licences, members, tokens
from ledger.chain.anvil import dev_signer
from ledger.chain.signers import LocalSigner
from ledger.chain.unsigned import UnsignedTransaction
from ledger.model.ids import LicenceId, MemberId
from ledger.model.licence import LicenceState
from ledger.model.parties import MemberKind, MemberStatus
from tests.support.cli import PASSPHRASE, Cli
from tests.support.institution import contents, metadata_file, study
from tests.support.world import DAY, PRICE, World

HOSPITAL, INSTITUTE, COMPANY, STRANGER, OPERATOR = "local:1", "local:2", "local:3", "local:6", "local:0"
SPARE = dev_signer(8).address


@pytest.fixture
def cli(world: World, tmp_path: Path) -> Cli:
    world.deployment.write(tmp_path / "deployment.json")
    environment = {
        "LEDGER_RPC": world.url,
        "LEDGER_STORE": str(tmp_path / "store"),
        "LEDGER_DEPLOYMENT": str(tmp_path / "deployment.json"),
    }
    return Cli(tmp_path / "home", (), environment)


@pytest.fixture
def dataset(cli: Cli, tmp_path: Path) -> int:
    """Registered by the hospital."""
    stated = ("--metadata", metadata_file(tmp_path / "metadata.json"), "--attribution", "City Hospital")
    done = cli.json(
        "dataset", "register", study(tmp_path / "study"), *stated, "--as", HOSPITAL, passphrases=[PASSPHRASE]
    )
    return int(done["dataset"])


def test_members_come_go_and_change(world: World, cli: Cli, tmp_path: Path) -> None:
    chain = world.chain
    described = tmp_path / "about.json"
    described.write_text('{"about": "us"}')

    who = ("--name", "New Clinic", "--kinds", "institution,user", "--country", "FR")
    member = MemberId(cli.json("member", "admit", SPARE, *who, "--as", OPERATOR)["member"])
    assert members.member(chain, member).kinds == MemberKind.INSTITUTION | MemberKind.USER

    cli.json("member", "suspend", member, "--as", OPERATOR)
    assert members.member(chain, member).status is MemberStatus.SUSPENDED
    cli.json("member", "reinstate", member, "--as", OPERATOR)
    cli.json("member", "set-kinds", member, "--kinds", "user", "--as", OPERATOR)
    assert members.member(chain, member).kinds == MemberKind.USER
    cli.json("member", "describe", "--name", "Newer Clinic", "--metadata", described, "--as", "local:8")
    shown = cli.json("member", "show", member)
    assert (shown["name"], shown["status"], shown["kinds"]) == ("Newer Clinic", "active", ["user"])
    cli.json("member", "expel", member, "--as", OPERATOR)
    assert [found["name"] for found in cli.json("member", "list", "--status", "expelled")["items"]] == ["Newer Clinic"]
    assert cli.json("member", "list", "--kind", "fund", "--text", "fund")["items"][0]["kinds"] == ["fund"]


def test_an_account_is_invited_made_principal_and_the_old_one_removed(world: World, cli: Cli) -> None:
    cli.json("member", "invite", SPARE, "--as", HOSPITAL)
    cli.json("member", "accept-invitation", 1, "--as", "local:8")
    cli.json("member", "set-principal", SPARE, "--as", HOSPITAL)
    assert members.principal(world.chain, MemberId(1)) == SPARE

    cli.json("member", "remove-account", world.hospital.address, "--as", "local:8")
    assert members.member_of(world.chain, world.hospital.address) is None


def test_a_dataset_is_withdrawn_restored_revoked_and_reinstated(cli: Cli, dataset: int) -> None:
    for command, person, status in (
        ("withdraw", HOSPITAL, "withdrawn"),
        ("restore", HOSPITAL, "active"),
        ("revoke", OPERATOR, "revoked"),
        ("reinstate", OPERATOR, "active"),
    ):
        cli.json("dataset", command, dataset, "--as", person)
        assert cli.json("dataset", "show", dataset)["status"] == status
        assert [entry["id"] for entry in cli.json("dataset", "list", "--status", status)["items"]] == [dataset]


def test_an_embargo_is_shortened(world: World, cli: Cli, tmp_path: Path) -> None:
    stated = ("--metadata", metadata_file(tmp_path / "metadata.json"), "--attribution", "City Hospital")
    until = world.chain.now() + 10 * DAY
    register = ("dataset", "register", study(tmp_path / "study"), *stated, "--embargo-until", until)
    dataset = cli.json(*register, "--as", HOSPITAL, passphrases=[PASSPHRASE])["dataset"]

    cli.json("dataset", "shorten-embargo", dataset, until - DAY, "--as", HOSPITAL)

    assert cli.json("dataset", "show", dataset)["embargo_until"] == until - DAY


def test_a_holder_opens_its_own_data(cli: Cli, dataset: int, tmp_path: Path) -> None:
    cli.json("dataset", "open", dataset, tmp_path / "own", passphrases=[PASSPHRASE])

    assert contents(tmp_path / "own") == contents(tmp_path / "study")


def test_a_batch_is_one_transaction(cli: Cli, tmp_path: Path) -> None:
    study(tmp_path / "study")
    metadata_file(tmp_path / "metadata.json")
    entry = {"metadata": "metadata.json", "attribution": "City Hospital", "tier": "open", "funding": "mixed"}
    batch = tmp_path / "batch.json"
    batch.write_text(json.dumps([{"path": "study/table.csv", **entry}, {"path": "study/images", **entry}]))

    done = cli.json("dataset", "register-batch", batch, "--as", HOSPITAL, passphrases=[PASSPHRASE])["items"]

    assert [item["dataset"] for item in done] == [1, 2]
    assert done[0]["transaction"] == done[1]["transaction"]
    assert [entry["id"] for entry in cli.json("dataset", "list", "--tier", "open", "--funding", "mixed")["items"]] == [
        2, 1,
    ]  # fmt: skip


def test_pages_follow_one_another(cli: Cli, dataset: int, world: World) -> None:
    for _ in range(2):
        world.registered()

    first = cli.json("dataset", "list", "--limit", 2)
    second = cli.json("dataset", "list", "--limit", 2, "--cursor", first["next"])
    told = cli.run("dataset", "list", "--limit", 2)

    assert [entry["id"] for entry in first["items"] + second["items"]] == [3, 2, dataset]
    assert second["next"] is None
    assert f"--cursor {first['next']}" in told.err


def publish(cli: Cli, dataset: int, tmp_path: Path, *more: object) -> int:
    prose = tmp_path / "licence.txt"
    prose.write_text("For research.")
    terms = ("--price", "10000.03", "--prose", prose)
    return int(cli.json("offer", "publish", dataset, *terms, *more, "--as", HOSPITAL)["offer"])


def test_an_offer_has_the_terms_that_were_given(cli: Cli, dataset: int, tmp_path: Path) -> None:
    considerations = tmp_path / "considerations.txt"
    considerations.write_text("Co-authorship.")
    offer = publish(
        cli, dataset, tmp_path,
        *("--duo", "DUO:0000007,DUO:0000022,DUO:0000024", "--country", "DE", "--moratorium-until", "2030-01-01"),
        *("--disease", "MONDO:0005233", "--disease", "MONDO:0008903", "--days", 30),
        *("--collector-share", 2500, "--fund", 4, "--fund-share", 1500, "--platform", 5, "--platform-share", 500),
        *("--considerations", considerations),
    )  # fmt: skip

    terms = cli.json("offer", "show", offer)["terms"]

    assert (terms["price"], terms["duration"], terms["country"]) == (1_000_003, 30 * DAY, "DE")
    assert terms["moratorium_until"] == 1_893_456_000
    assert terms["shares"] == {
        "collector_share": 2_500, "holder_share": 5_500, "fund_share": 1_500, "platform_share": 500, "fund": 4,
        "platform": 5,
    }  # fmt: skip
    assert cli.json("offer", "list", "--duo", "DUO:0000007")["items"][0]["id"] == offer
    assert cli.json("offer", "list", "--duo", "DUO:0000042")["items"] == []


def test_a_withdrawn_offer_is_listed_only_on_demand(cli: Cli, dataset: int, tmp_path: Path) -> None:
    offer = publish(cli, dataset, tmp_path)

    cli.json("offer", "withdraw", offer, "--as", HOSPITAL)

    assert cli.json("offer", "list", "--dataset", dataset)["items"] == []
    assert [found["open"] for found in cli.json("offer", "list", "--all")["items"]] == [False]


def test_a_free_offer_names_no_token(cli: Cli, dataset: int, tmp_path: Path) -> None:
    prose = tmp_path / "licence.txt"
    prose.write_text("For research.")
    offer = cli.json("offer", "publish", dataset, "--price", "0", "--prose", prose, "--as", HOSPITAL)["offer"]

    assert cli.json("offer", "show", offer)["cost"] == "free"


def test_an_application_is_rejected_another_taken_back(cli: Cli, dataset: int, tmp_path: Path) -> None:
    offer = publish(cli, dataset, tmp_path)
    paper = tmp_path / "paper.txt"
    numbers = []
    for text in ("one", "two"):
        paper.write_text(text)
        numbers.append(cli.json("licence", "apply", offer, "--purpose", paper, "--as", INSTITUTE)["licence"])

    assert cli.json("licence", "reject", numbers[0], "--reasons", paper, "--as", HOSPITAL)["state"] == "rejected"
    assert cli.json("licence", "cancel", numbers[1], "--as", INSTITUTE)["state"] == "cancelled"
    assert [found["id"] for found in cli.json("licence", "list", "--state", "rejected")["items"]] == numbers[:1]
    again = cli.run("licence", "cancel", numbers[1], "--as", INSTITUTE)
    assert "nothing was sent" in again.out


def test_a_price_is_refunded_and_withdrawn(world: World, cli: Cli) -> None:
    licence = world.paid()

    assert cli.json("licence", "refund", licence, "--as", HOSPITAL)["state"] == "refunded"
    assert cli.json("benefits", "show", 2)["available"] == PRICE
    assert cli.json("benefits", "withdraw", "--as", INSTITUTE)["withdrawn"] == PRICE
    nothing = cli.run("benefits", "withdraw", "--member", 2, "--as", STRANGER)
    assert nothing.code == 0
    assert "nothing to withdraw" in nothing.out


def test_another_term_is_bought_with_an_allowance(world: World, cli: Cli) -> None:
    licence = world.active()
    expires = licences.licence(world.chain, licence).expires_at

    cli.json("licence", "renew", licence, "--limit", "10000.03", "--as", INSTITUTE)

    assert licences.licence(world.chain, licence).expires_at > expires
    failed = cli.run("licence", "renew", licence, "--limit", "10000.02", "--as", INSTITUTE)
    assert failed.code == 8
    assert "PriceAboveLimit" in failed.error


def test_a_price_is_paid_from_an_allowance(world: World, cli: Cli) -> None:
    licence = world.agreed()

    cli.json("licence", "pay", licence, "--allowance", "--as", INSTITUTE)

    assert licences.licence(world.chain, LicenceId(licence)).state is LicenceState.PAID


def test_content_is_stored_pinned_fetched_and_collected(cli: Cli, tmp_path: Path) -> None:
    source = study(tmp_path / "study")
    cid = cli.json("store", "cid", source)["cid"]

    assert cli.json("store", "add", source)["cid"] == cid
    single = cli.json("store", "add", source / "table.csv")["cid"]
    assert {found["cid"] for found in cli.json("store", "pins")["items"]} == {cid, single}
    assert cli.json("store", "get", cid, tmp_path / "copy")["bytes"] == sum(
        len(data) for data in contents(source).values() if data
    )
    assert contents(tmp_path / "copy") == contents(source)
    for known in (cid, single):
        assert cli.json("store", "unpin", known)["pinned"] is False
    assert cli.json("store", "pin", single)["pinned"] is True
    assert cli.json("store", "gc")["deleted"] > 0
    assert cli.run("store", "get", cid, tmp_path / "gone").code == 6
    assert cli.json("store", "get", single, tmp_path / "table.csv")["cid"] == single


def test_the_network_shows_and_sets_what_it_is(world: World, cli: Cli) -> None:
    account = cli.json("keys", "create", "new", passphrases=[PASSPHRASE])["public"]

    assert cli.json("network", "fund", account, "--coins", 2)["wei"] == 2 * 10**18
    cli.json("network", "mint", account, "12.34", "--as", OPERATOR)
    assert tokens.balance_of(world.chain, world.token, account) == 1_234
    cli.json("network", "set-windows", "--payment", 60, "--delivery", 120, "--acceptance", 180, "--as", OPERATOR)
    assert cli.json("network", "allow-token", "--revoke", "--as", OPERATOR)["token"] == world.token
    assert cli.json("network", "allow-token", "--as", OPERATOR)["token"] == world.token
    status = cli.json("network", "status")
    assert status["windows"] == {"payment": 60, "delivery": 120, "acceptance": 180}
    assert status["members"] == 5
    listed = cli.json("network", "accounts")["items"]
    assert (listed[1]["key"], listed[1]["member"]) == ("local:1", 1)


def test_a_ledger_is_deployed_for_its_founders(world: World, tmp_path: Path) -> None:
    founders = tmp_path / "founders.json"
    (tmp_path / "about.json").write_text('{"about": "us"}')
    entry = {"principal": SPARE, "name": "Alone", "country": "FR", "kinds": ["institution"], "metadata": "about.json"}
    founders.write_text(json.dumps([entry]))
    mine = Cli(tmp_path / "mine", (), {"LEDGER_RPC": world.url})
    deploy = ("network", "deploy", "--founders", founders, "--authority", SPARE, "--as", "local:9")

    deployed = mine.json(*deploy, "--payment", 3600)

    assert mine.json("network", "status")["contracts"] == deployed["contracts"]
    assert mine.json("network", "status")["windows"]["payment"] == 3600
    assert mine.json("member", "show", 1)["name"] == "Alone"
    again = mine.run(*deploy)
    assert again.code == 3
    assert "never replaced" in again.error
    assert mine.run("network", "mint", SPARE, "1", "--as", "local:9").code == 8  # the deployer keeps no power


def test_what_a_transaction_does_is_said_before_it_is_signed(
    cli: Cli, dataset: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said_at_signing: list[str] = []
    sign = LocalSigner.sign_transaction

    def watched(signer: LocalSigner, transaction: UnsignedTransaction) -> bytes:
        assert isinstance(sys.stderr, io.StringIO)  # put there by tests.support.cli
        said_at_signing.append(sys.stderr.getvalue())
        return sign(signer, transaction)

    offer = publish(cli, dataset, tmp_path)
    monkeypatch.setattr(LocalSigner, "sign_transaction", watched)
    stated = ("--metadata", tmp_path / "metadata.json", "--attribution", "Second Hospital")
    commands = (
        ("dataset", "withdraw", dataset, "--as", HOSPITAL),
        ("dataset", "restore", dataset, "--as", HOSPITAL),
        ("licence", "apply", offer, "--purpose", tmp_path / "licence.txt", "--as", INSTITUTE),
        ("dataset", "register", study(tmp_path / "other"), *stated, "--as", HOSPITAL),
    )

    told = [cli.run(*command, passphrases=[PASSPHRASE]).err for command in commands]

    assert said_at_signing == told
    for said, part in zip(told, ("Withdraw dataset 1", "licensed again", "Apply for", "Second Hospital"), strict=True):
        assert part in said
        assert said.count("\n") == 1
    assert cli.run("dataset", "withdraw", dataset, "--as", HOSPITAL, "--json").err == ""  # a program has the JSON
    assert "Revoke" not in cli.run("dataset", "revoke", dataset, "--as", HOSPITAL).error  # refused, so never signed


def test_story_and_command_see_the_same_licence(world: World, cli: Cli) -> None:
    licence = world.delivered()

    shown = cli.json("licence", "show", licence)

    assert (shown["state"], shown["dataset"], shown["licensee"]) == ("delivered", 1, 2)
    assert shown["escrow"]["amount"] == PRICE


def test_the_settings_name_who_signs_where_nobody_is_named(world: World, cli: Cli) -> None:
    cli.home.mkdir()
    (cli.home / "config.toml").write_text('account = "local:1"')

    cli.json("member", "invite", SPARE)

    assert cli.json("network", "status")["settings"]["account"] == "local:1"
    cli.json("member", "accept-invitation", 1, "--as", "local:8")
    assert members.member_of(world.chain, SPARE) == 1
