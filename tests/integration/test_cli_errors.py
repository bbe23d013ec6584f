"""What a person at a terminal meets when something is off: one line, the right exit code, nothing half-done."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ledger.chain import datasets, licences, members, tokens
from ledger.chain.anvil import free_port
from ledger.model.cid import Cid
from ledger.model.dataset import DatasetStatus
from ledger.model.ids import DatasetId, Digest, LicenceId, parse_address
from ledger.model.licence import LicenceState
from tests.support.cli import PASSPHRASE, Cli, Ran
from tests.support.institution import metadata_file, study
from tests.support.world import DAY, PRICE, World

TWICE = '{"path": "%s", "metadata": "metadata.json", "attribution": "x"}'
HOSPITAL, INSTITUTE, COMPANY, STRANGER, OPERATOR = "local:1", "local:2", "local:3", "local:6", "local:0"


@dataclass(frozen=True)
class Terminal:
    """The world's people at the command line: they sign with the accounts that every local chain has."""

    world: World
    cli: Cli
    work: Path

    def run(self, *arguments: object, person: str | None = None) -> Ran:
        signed = () if person is None else ("--as", person)
        return self.cli.run(*arguments, *signed, passphrases=(PASSPHRASE,) if _keeps_keys(arguments) else ())

    def register(self, source: Path, *more: object, person: str = HOSPITAL) -> Ran:
        stated = ("--metadata", self.work / "metadata.json", "--attribution", "City Hospital")
        return self.run("dataset", "register", source, *stated, *more, person=person)

    def with_settings(self, **settings: str) -> Terminal:
        return replace(self, cli=replace(self.cli, environment={**self.cli.environment, **settings}))

    def file(self, name: str, text: str) -> Path:
        (self.work / name).write_text(text)
        return self.work / name


def _keeps_keys(arguments: tuple[object, ...]) -> bool:
    return arguments[:2] in (("dataset", "register"), ("dataset", "register-batch"), ("licence", "open"))


@pytest.fixture
def terminal(world: World, tmp_path: Path) -> Terminal:
    world.deployment.write(tmp_path / "deployment.json")
    metadata_file(tmp_path / "metadata.json")
    environment = {
        "LEDGER_RPC": world.url,
        "LEDGER_STORE": str(tmp_path / "store"),
        "LEDGER_DEPLOYMENT": str(tmp_path / "deployment.json"),
    }
    return Terminal(world, Cli(tmp_path / "home", (), environment), tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return study(tmp_path / "study")


def require_nothing_done(terminal: Terminal, before: int) -> None:
    """No dataset, no key, nothing kept in the store."""
    assert datasets.count(terminal.world.chain) == before
    assert terminal.cli.json("keys", "list")["items"] == []
    assert terminal.cli.json("store", "pins")["items"] == []


# The data and its description.


def test_an_unreadable_file(terminal: Terminal, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system itself would refuse, unless the superuser runs the test: hence its answer is put in its mouth."""
    system_open = os.open

    def guarded(path: Any, *arguments: Any, **more: Any) -> int:
        if str(path).endswith("table.csv"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return system_open(path, *arguments, **more)

    monkeypatch.setattr(os, "open", guarded)
    failed = terminal.register(source)

    assert failed.code == 3
    assert "table.csv cannot be read: permission denied" in failed.error
    assert datasets.count(terminal.world.chain) == 0

    # Once it may be read, the same command takes up the same key.
    monkeypatch.undo()
    (kept,) = terminal.cli.json("keys", "list")["items"]
    assert terminal.register(source).code == 0
    assert terminal.cli.json("keys", "list")["items"] == [kept]


def test_a_source_that_is_not_there(terminal: Terminal, tmp_path: Path) -> None:
    failed = terminal.register(tmp_path / "nowhere")

    assert failed.code == 3
    assert "no such file" in failed.error
    require_nothing_done(terminal, 0)


def test_a_symbolic_link_in_the_tree(terminal: Terminal, source: Path) -> None:
    (source / "images" / "link.dcm").symlink_to(source / "table.csv")

    failed = terminal.register(source)

    assert failed.code == 3
    assert "images/link.dcm" in failed.error
    assert "symbolic link" in failed.error
    require_nothing_done(terminal, 0)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{", "not JSON"),
        ("[]", "malformed"),
        ('{"name": "x"}', "/description"),
        ('{"name": "x", "name": "y"}', "twice"),
        ('{"@context": "https://schema.org", "@graph": []}', "/@context"),
        ('{"name": 1.5}', "not an integer"),
        ("x" * 300_000, "300000 bytes"),
    ],
)
def test_malformed_metadata(terminal: Terminal, source: Path, text: str, part: str) -> None:
    terminal.file("metadata.json", text)

    failed = terminal.register(source)

    assert failed.code == 3
    assert part in failed.error
    require_nothing_done(terminal, 0)


@pytest.mark.parametrize(
    ("options", "code", "part"),
    [
        (("--tier", "secret"), 2, "open, registered, controlled, restricted"),
        (("--embargo-until", "soon"), 2, "ISO 8601"),
        (("--collector", "0"), 3, "collector"),
        (("--parent", "999"), 8, "DatasetUnknown"),
        (("--supersedes", "999"), 8, "DatasetUnknown"),
        (("--colour", "blue"), 2, "--colour"),
    ],
)
def test_a_statement_that_cannot_be_made(
    terminal: Terminal, source: Path, options: tuple[str, str], code: int, part: str
) -> None:
    failed = terminal.register(source, *options)

    assert failed.code == code
    assert part in failed.error
    require_nothing_done(terminal, 0)


def test_the_same_data_twice(terminal: Terminal, source: Path) -> None:
    assert terminal.register(source).code == 0

    failed = terminal.register(source)

    assert failed.code == 8
    assert "dataset 1" in failed.error
    assert datasets.count(terminal.world.chain) == 1


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{}", "list of 1 to 100"),
        ("[1]", "/0"),
        ('[{"path": "study"}]', "/0/metadata"),
        ('[{"path": "study", "metadata": "metadata.json"}]', "/0/attribution"),
        ('[{"path": "study", "metadata": "metadata.json", "attribution": "x", "tier": "secret"}]', "/0/tier"),
        ('[{"path": "study", "metadata": "metadata.json", "attribution": "x", "colour": 1}]', "/0/colour"),
        (
            f"[{TWICE % 'study'}, {TWICE % './study'}]",
            "/1/path",
        ),
    ],
)
def test_a_malformed_batch(terminal: Terminal, source: Path, text: str, part: str) -> None:
    assert source.exists()

    failed = terminal.run("dataset", "register-batch", terminal.file("batch.json", text), person=HOSPITAL)

    assert failed.code == 3
    assert part in failed.error
    require_nothing_done(terminal, 0)


def test_a_batch_of_which_one_is_refused_registers_none(terminal: Terminal, source: Path) -> None:
    assert source.exists()
    entry = '{"path": "study/%s", "metadata": "metadata.json", "attribution": "x", "parents": [%s]}'
    batch = terminal.file("batch.json", f"[{entry % ('table.csv', '')}, {entry % ('images', '999')}]")

    failed = terminal.run("dataset", "register-batch", batch, person=HOSPITAL)

    assert failed.code == 8
    assert datasets.count(terminal.world.chain) == 0


# The parts around.


def test_the_store_is_down(terminal: Terminal, source: Path) -> None:
    failed = terminal.with_settings(LEDGER_STORE=f"http://127.0.0.1:{free_port()}").register(source)

    assert failed.code == 6
    require_nothing_done(terminal, 0)


def test_the_store_is_no_store(terminal: Terminal, source: Path) -> None:
    failed = terminal.with_settings(LEDGER_STORE=str(source)).register(source)

    assert failed.code == 6
    require_nothing_done(terminal, 0)


def test_the_node_is_down(terminal: Terminal, source: Path) -> None:
    away = terminal.with_settings(LEDGER_RPC=f"http://127.0.0.1:{free_port()}")

    failed = away.register(source)

    assert failed.code == 7
    assert "nothing answers" in failed.error
    require_nothing_done(terminal, 0)


def changed_deployment(terminal: Terminal, **changes: Any) -> Terminal:
    other = terminal.world.deployment.model_copy(update=changes)
    other.write(terminal.work / "other.json")
    return terminal.with_settings(LEDGER_DEPLOYMENT=str(terminal.work / "other.json"))


def test_the_chain_has_another_id(terminal: Terminal, source: Path) -> None:
    failed = changed_deployment(terminal, chain_id=1).register(source)

    assert failed.code == 7
    assert "chain id 31337" in failed.error
    require_nothing_done(terminal, 0)


def test_the_contracts_are_not_at_their_addresses(terminal: Terminal, source: Path) -> None:
    contracts = dict(terminal.world.deployment.contracts)
    contracts["Datasets"] = contracts["Datasets"].model_copy(update={"address": "0x" + "11" * 20})

    failed = changed_deployment(terminal, contracts=contracts).register(source)

    assert failed.code == 7
    assert "no contract Datasets" in failed.error
    require_nothing_done(terminal, 0)


def test_there_is_no_deployment_file(terminal: Terminal) -> None:
    failed = terminal.with_settings(LEDGER_DEPLOYMENT=str(terminal.work / "none.json")).run("network", "status")

    assert failed.code == 3
    assert "none.json" in failed.error


def test_a_malformed_deployment_file(terminal: Terminal) -> None:
    path = terminal.file("bad.json", '{"format": "ledger/deployment"}')

    failed = terminal.with_settings(LEDGER_DEPLOYMENT=str(path)).run("network", "status")

    assert failed.code == 3
    assert "malformed at /chain_id" in failed.error


def test_the_account_has_no_coin_for_gas(terminal: Terminal) -> None:
    account = terminal.cli.json("keys", "create", "poor", passphrases=(PASSPHRASE,))["public"]
    terminal.world.hospital.send(members.invite_account(parse_address(account)))

    failed = terminal.cli.run("member", "accept-invitation", 1, "--as", "poor", passphrases=(PASSPHRASE,))

    assert failed.code == 7
    assert "cannot pay for gas" in failed.error


def test_a_damaged_settings_file(terminal: Terminal) -> None:
    terminal.cli.home.mkdir()
    (terminal.cli.home / "config.toml").write_text('colour = "blue"')

    failed = terminal.run("network", "status")

    assert failed.code == 3
    assert "'colour' is not a setting" in failed.error


# Keys.


def test_nobody_is_named_to_sign(terminal: Terminal) -> None:
    failed = terminal.run("dataset", "withdraw", 1)

    assert failed.code == 2
    assert "--as" in failed.error


def test_a_wrong_passphrase(terminal: Terminal) -> None:
    terminal.cli.json("keys", "create", "wallet", passphrases=(PASSPHRASE,))

    failed = terminal.cli.run("dataset", "withdraw", 1, "--as", "wallet", passphrases=("wrong",))

    assert failed.code == 5
    assert "passphrase" in failed.error
    assert "wrong" not in failed.error.replace("is wrong", "")


def test_a_key_that_is_not_there_or_of_another_kind(terminal: Terminal) -> None:
    terminal.cli.json("keys", "create", "receiver", "--kind", "delivery", passphrases=(PASSPHRASE,))

    for name, part in (("nobody", "no key nobody"), ("receiver", "a wallet key is needed")):
        failed = terminal.cli.run("dataset", "withdraw", 1, "--as", name, passphrases=(PASSPHRASE,))
        assert failed.code == 5
        assert part in failed.error


def test_no_terminal_to_ask_for_a_passphrase_on(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal.cli.json("keys", "create", "wallet", passphrases=(PASSPHRASE,))

    def nobody(_question: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", nobody)
    failed = terminal.run("dataset", "withdraw", 1, "--as", "wallet")

    assert failed.code == 2
    assert "--passphrase-fd" in failed.error


def test_local_accounts_sign_on_local_chains_only(terminal: Terminal) -> None:
    for name in ("local:10", "local:x", "local:"):
        failed = terminal.run("dataset", "withdraw", 1, person=name)
        assert failed.code == 2
        assert "local:0 to local:9" in failed.error


# The rules of the ledger.


def test_who_may_not_is_told_in_words(terminal: Terminal, source: Path) -> None:
    assert terminal.register(source).code == 0

    for person, command, name in (
        (COMPANY, ("dataset", "withdraw", 1), "NotHolder"),
        (STRANGER, ("dataset", "withdraw", 1), "NotHolder"),
        (HOSPITAL, ("dataset", "revoke", 1), "AccessManagedUnauthorized"),
        (HOSPITAL, ("member", "suspend", 2), "AccessManagedUnauthorized"),
        (HOSPITAL, ("dataset", "show", 7), "DatasetUnknown"),
    ):
        failed = terminal.run(*command, person=None if command[1] == "show" else person)
        assert failed.code == 8
        assert name in failed.error

    assert datasets.dataset(terminal.world.chain, DatasetId(1)).status is DatasetStatus.ACTIVE


def offer(terminal: Terminal, dataset: int, *more: object) -> Ran:
    prose = terminal.file("licence.txt", "For research.")
    terms = ("--price", "10000.03", "--prose", prose, "--collector-share", 2500)
    return terminal.run("offer", "publish", dataset, *terms, *more, person=HOSPITAL)


@pytest.mark.parametrize(
    ("options", "code", "part"),
    [
        (("--token", "0x" + "11" * 20), 3, "token cannot be used"),
        (("--token", "11" * 20 + "zz"), 3, "not 0x and 40"),
        (("--price", "1.001"), 2, "2 decimals"),
        (("--price", "-1"), 2, "zero or more"),
        (("--price", "many"), 2, "decimal number"),
        (("--duo", "DUO:0000019"), 2, "exactly one DUO permission"),
        (("--duo", "DUO:0000022,DUO:0000042"), 3, "country"),
        (("--holder-share", "9000"), 3, "11500 basis points"),
        (("--fund-share", "100"), 3, "fund needs both"),
        (("--fund", "1", "--fund-share", "100"), 8, "MemberLacksKind"),
        (("--days", "0"), 2, "--days"),
        (("--prose", "/nowhere.txt"), 3, "no such file"),
    ],
)
def test_terms_that_cannot_be_offered(
    terminal: Terminal, source: Path, options: tuple[str, ...], code: int, part: str
) -> None:
    assert terminal.register(source).code == 0
    pins = terminal.cli.json("store", "pins")["items"]

    failed = offer(terminal, 1, *options)

    assert failed.code == code
    assert part in failed.error
    assert terminal.cli.json("store", "pins")["items"] == pins
    assert terminal.cli.json("offer", "list", "--all")["items"] == []


def test_a_token_that_the_ledger_does_not_allow(terminal: Terminal, source: Path) -> None:
    assert terminal.register(source).code == 0
    assert terminal.run("network", "allow-token", "--revoke", person=OPERATOR).code == 0

    failed = offer(terminal, 1)

    assert failed.code == 8
    assert "TokenNotAllowed" in failed.error


def test_an_application_during_an_embargo(terminal: Terminal, source: Path) -> None:
    until = terminal.world.chain.now() + DAY
    assert terminal.register(source, "--embargo-until", until).code == 0
    assert offer(terminal, 1).code == 0

    failed = terminal.run("licence", "apply", 1, "--purpose", terminal.file("p.txt", "x"), person=INSTITUTE)

    assert failed.code == 8
    assert "EmbargoInForce" in failed.error
    assert licences.count(terminal.world.chain) == 0


def agreed(terminal: Terminal, source: Path) -> None:
    """Licence 1, signed by both, unpaid."""
    assert terminal.register(source).code == 0
    assert offer(terminal, 1).code == 0
    approved(terminal, "purpose")
    ours, theirs = signed(terminal, 1)
    assert terminal.run("licence", "agree", ours, theirs, person=INSTITUTE).code == 0


def approved(terminal: Terminal, purpose: str) -> int:
    applied = terminal.run(
        "licence", "apply", 1, "--purpose", terminal.file("p.txt", purpose), "--json", person=INSTITUTE
    ).result
    assert terminal.run("licence", "approve", applied["licence"], person=HOSPITAL).code == 0
    return int(applied["licence"])


def signed(terminal: Terminal, licence: int) -> tuple[Path, Path]:
    ours, theirs = terminal.work / f"ours-{licence}", terminal.work / f"theirs-{licence}"
    assert terminal.run("licence", "sign", licence, "--out", ours, person=HOSPITAL).code == 0
    assert terminal.run("licence", "sign", licence, "--out", theirs, "--like", ours, person=INSTITUTE).code == 0
    return ours, theirs


def test_an_expired_permit(terminal: Terminal, source: Path) -> None:
    agreed(terminal, source)
    before = tokens.balance_of(terminal.world.chain, terminal.world.token, terminal.world.institute.address)

    failed = terminal.run("licence", "pay", 1, "--permit-deadline", "2020-01-01", person=INSTITUTE)

    assert failed.code == 8
    assert "PermitExpired" in failed.error
    assert tokens.balance_of(terminal.world.chain, terminal.world.token, terminal.world.institute.address) == before


def test_too_few_tokens(terminal: Terminal, source: Path) -> None:
    agreed(terminal, source)
    world = terminal.world
    held = tokens.balance_of(world.chain, world.token, world.institute.address)
    world.institute.send(tokens.transfer(world.token, world.company.address, held - PRICE + 1))

    failed = terminal.run("licence", "pay", 1, person=INSTITUTE)

    assert failed.code == 7
    assert f"the price is {PRICE}" in failed.error
    assert licences.licence(world.chain, LicenceId(1)).state is LicenceState.AGREED


def test_a_replayed_signature(terminal: Terminal, source: Path) -> None:
    """The signatures of the first licence, edited to name the second."""
    agreed(terminal, source)
    assert approved(terminal, "another purpose") == 2
    files = [terminal.work / "ours-1", terminal.work / "theirs-1"]
    for file in files:
        file.write_text(file.read_text().replace('"licence":1', '"licence":2'))

    failed = terminal.run("licence", "agree", *files, person=INSTITUTE)

    assert failed.code == 8
    assert "SignatureInvalid" in failed.error
    assert licences.licence(terminal.world.chain, LicenceId(2)).state is LicenceState.APPROVED


def test_a_foreign_signature(terminal: Terminal, source: Path) -> None:
    assert terminal.register(source).code == 0
    assert offer(terminal, 1).code == 0
    approved(terminal, "purpose")

    failed = terminal.run("licence", "sign", 1, "--out", terminal.work / "x", person=COMPANY)

    assert failed.code == 8
    assert "acts for member 3" in failed.error
    assert not (terminal.work / "x").exists()


@pytest.mark.parametrize("text", ["", "{", "{}", '{"format": "something"}', "x" * 70_000])
def test_a_malformed_signature_file(terminal: Terminal, text: str) -> None:
    file = terminal.file("signature", text)

    failed = terminal.run("licence", "agree", file, file, person=INSTITUTE)

    assert failed.code == 3


def test_a_signature_file_is_never_written_over(terminal: Terminal, source: Path) -> None:
    assert terminal.register(source).code == 0
    assert offer(terminal, 1).code == 0
    approved(terminal, "purpose")
    taken = terminal.file("taken", "mine")

    failed = terminal.run("licence", "sign", 1, "--out", taken, person=HOSPITAL)

    assert failed.code == 3
    assert taken.read_text() == "mine"


def test_steps_out_of_turn(terminal: Terminal, source: Path) -> None:
    assert terminal.register(source).code == 0
    assert offer(terminal, 1).code == 0
    applied = terminal.run("licence", "apply", 1, "--purpose", terminal.file("p.txt", "x"), person=INSTITUTE)
    assert applied.code == 0

    for person, command in (
        (INSTITUTE, ("licence", "pay", 1)),
        (HOSPITAL, ("licence", "deliver", 1)),
        (INSTITUTE, ("licence", "accept", 1)),
        (INSTITUTE, ("licence", "settle", 1)),
        (INSTITUTE, ("licence", "refund", 1)),
        (HOSPITAL, ("licence", "sign", 1, "--out", terminal.work / "early")),
        (None, ("licence", "open", 1, terminal.work / "opened")),
    ):
        failed = terminal.run(*command, person=person)
        assert failed.code == 8, command
        assert "applied" in failed.error

    assert not (terminal.work / "opened").exists()
    assert not (terminal.work / "early").exists()


def test_an_error_as_json_is_one_line_too(terminal: Terminal) -> None:
    failed = terminal.run("dataset", "show", 7, "--json")

    assert failed.code == 8
    assert failed.error.startswith('{"error": {')
    assert '"name": "DatasetUnknown"' in failed.error


# Content.


def test_a_malformed_manifest(terminal: Terminal) -> None:
    """A holder registers a document that is no manifest; whoever verifies or opens it is told so."""
    world = terminal.world
    written = terminal.cli.json("store", "add", terminal.file("manifest.json", '{"format": "ledger/manifest"}'))
    cid = Cid.parse(written["cid"])
    stated = world.registration(manifest_codec=int(cid.codec), manifest_digest=Digest(cid.digest))
    dataset = world.register(world.hospital, stated)

    failed = terminal.run("dataset", "verify", dataset)

    assert failed.code == 3
    assert "manifest" in failed.error


def test_content_that_is_not_there(terminal: Terminal) -> None:
    failed = terminal.run(
        "store", "get", "bafkreictur4rkye34yvtjnmjd6oesvnslvxdnu34tumqvt2hgvy2g27b3u", terminal.work / "x"
    )

    assert failed.code == 6
    assert not (terminal.work / "x").exists()


@pytest.mark.parametrize("text", ["Qm" + "1" * 44, "bafy", "b" + "A" * 58])
def test_a_cid_that_is_none(terminal: Terminal, text: str) -> None:
    failed = terminal.run("store", "get", text, terminal.work / "x")

    assert failed.code == 3
    assert "content identifier" in failed.error
