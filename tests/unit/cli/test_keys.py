"""``ledger keys``: secrets come in and stay in, public parts go out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_account import Account

from ledger.crypto.keyfile import parse_public_key, parse_secret_key
from ledger.crypto.keystore import KeyKind, Keystore
from ledger.crypto.passphrase import Passphrase
from tests.support.cli import Cli

ONE, TWO = "correct horse", "battery staple"


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")


def secret_of(cli: Cli, name: str, kind: KeyKind, passphrase: str = ONE) -> bytes:
    return Keystore(cli.home / "keys").unlock(name, Passphrase(passphrase), kind=kind)


@pytest.mark.parametrize(("kind", "length"), [("wallet", 42), ("delivery", 130), ("crypt4gh", 66)])
def test_a_new_key_shows_its_public_part_only(cli: Cli, kind: str, length: int) -> None:
    made = cli.json("keys", "create", "mine", "--kind", kind, passphrases=[ONE])

    assert (made["name"], made["kind"], len(made["public"])) == ("mine", kind, length)
    assert cli.json("keys", "show", "mine") == made
    assert cli.json("keys", "list")["items"] == [made]
    secret = secret_of(cli, "mine", KeyKind(kind)).hex()
    assert secret not in json.dumps(made)
    assert secret not in cli.run("keys", "list").out


def test_a_wallet_key_is_the_account_it_says(cli: Cli) -> None:
    made = cli.json("keys", "create", "mine", passphrases=[ONE])

    assert Account.from_key(secret_of(cli, "mine", KeyKind.WALLET)).address == made["public"]


def test_names_are_taken_once(cli: Cli) -> None:
    cli.json("keys", "create", "mine", passphrases=[ONE])

    again = cli.run("keys", "create", "mine", passphrases=[ONE])

    assert again.code == 5
    assert "already" in again.error


def test_an_empty_passphrase_makes_no_key(cli: Cli) -> None:
    failed = cli.run("keys", "create", "mine", passphrases=[""])

    assert failed.code == 5
    assert cli.json("keys", "list")["items"] == []


def test_a_wallets_own_file_is_taken_over(cli: Cli, tmp_path: Path) -> None:
    account = Account.create()
    file = tmp_path / "UTC--wallet"
    file.write_text(json.dumps(Account.encrypt(account.key, ONE, iterations=2)))

    assert cli.json("keys", "import", "old", file, passphrases=[ONE])["public"] == account.address
    wrong = cli.run("keys", "import", "other", file, passphrases=[TWO])
    assert wrong.code == 5
    assert len(cli.json("keys", "list")["items"]) == 1


def test_a_passphrase_is_changed_and_the_old_one_opens_no_more(cli: Cli) -> None:
    cli.json("keys", "create", "mine", passphrases=[ONE])
    secret = secret_of(cli, "mine", KeyKind.WALLET)

    cli.json("keys", "change-passphrase", "mine", passphrases=[ONE, TWO])

    assert secret_of(cli, "mine", KeyKind.WALLET, TWO) == secret
    failed = cli.run("keys", "change-passphrase", "mine", passphrases=[ONE, ONE])
    assert failed.code == 5
    assert secret_of(cli, "mine", KeyKind.WALLET, TWO) == secret
    assert [path.name for path in (cli.home / "keys").iterdir()] == ["mine.json"]


def test_crypt4gh_keys_go_to_other_tools(cli: Cli, tmp_path: Path) -> None:
    made = cli.json("keys", "create", "mine", "--kind", "crypt4gh", passphrases=[ONE])

    cli.json("keys", "export-public", "mine", "--out", tmp_path / "mine.pub")
    cli.json("keys", "export-crypt4gh", "mine", "--out", tmp_path / "mine.sec", passphrases=[ONE])

    assert "0x" + parse_public_key((tmp_path / "mine.pub").read_bytes()).hex() == made["public"]
    exported = parse_secret_key((tmp_path / "mine.sec").read_bytes(), Passphrase(ONE))
    assert exported == secret_of(cli, "mine", KeyKind.CRYPT4GH)
    assert (tmp_path / "mine.sec").stat().st_mode & 0o777 == 0o600


def test_only_crypt4gh_keys_are_exported(cli: Cli, tmp_path: Path) -> None:
    cli.json("keys", "create", "mine", passphrases=[ONE])

    failed = cli.run("keys", "export-crypt4gh", "mine", "--out", tmp_path / "x", passphrases=[ONE])

    assert failed.code == 5
    assert not (tmp_path / "x").exists()


def test_nothing_is_written_over(cli: Cli, tmp_path: Path) -> None:
    cli.json("keys", "create", "mine", passphrases=[ONE])
    (tmp_path / "taken").write_text("mine")

    failed = cli.run("keys", "export-public", "mine", "--out", tmp_path / "taken")

    assert failed.code == 3
    assert (tmp_path / "taken").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "taken"]


def test_a_key_is_deleted_only_when_that_is_meant(cli: Cli) -> None:
    cli.json("keys", "create", "mine", passphrases=[ONE])

    assert cli.run("keys", "delete", "mine").code == 2
    assert len(cli.json("keys", "list")["items"]) == 1
    assert cli.json("keys", "delete", "mine", "--yes")["deleted"] is True
    assert cli.json("keys", "list")["items"] == []
    assert cli.run("keys", "show", "mine").code == 5
