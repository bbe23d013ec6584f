"""Settings: which source wins, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.config import Settings, without_credentials
from ledger.errors import DocumentError, PathError, UsageError


def write(home: Path, text: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(text)


def test_everything_has_a_default_under_the_home(tmp_path: Path) -> None:
    settings = Settings.load({"home": tmp_path}, {})

    assert settings.rpc == "http://127.0.0.1:8545"
    assert settings.deployment == tmp_path / "deployment.json"
    assert settings.store == str(tmp_path / "store")
    assert settings.database == f"sqlite:///{tmp_path}/index.db"
    assert settings.keystore == tmp_path / "keys"
    assert settings.replicas == ()
    assert settings.account is None


def test_the_home_is_in_the_users_directory_unless_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert Settings.load({}, {}).home == tmp_path / ".ledger"
    assert Settings.load({}, {"LEDGER_HOME": "/srv/ledger"}).home == Path("/srv/ledger")
    assert Settings.load({"home": Path("/opt/x")}, {"LEDGER_HOME": "/srv/ledger"}).home == Path("/opt/x")


@pytest.mark.parametrize(
    ("options", "environment", "expected"),
    [
        ({}, {}, "http://file:1"),
        ({}, {"LEDGER_RPC": "http://env:2"}, "http://env:2"),
        ({}, {"LEDGER_RPC": ""}, "http://file:1"),
        ({"rpc": "http://option:3"}, {"LEDGER_RPC": "http://env:2"}, "http://option:3"),
        ({"rpc": None}, {"LEDGER_RPC": "http://env:2"}, "http://env:2"),
    ],
)
def test_options_win_over_the_environment_and_that_over_the_file(
    tmp_path: Path, options: dict[str, str], environment: dict[str, str], expected: str
) -> None:
    write(tmp_path, 'rpc = "http://file:1"')

    assert Settings.load({"home": tmp_path, **options}, environment).rpc == expected


def test_paths_in_the_file_are_relative_to_the_home_and_others_to_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    write(home, 'deployment = "net.json"\nstore = "data"\nreplicas = ["more", "http://127.0.0.1:5001"]')

    settings = Settings.load({"home": Path("../home"), "keystore": "keys"}, {"LEDGER_DEPLOYMENT": "other.json"})

    assert settings.deployment == here / "other.json"
    assert settings.store == str(here / "../home/data")
    assert settings.replicas == (str(here / "../home/more"), "http://127.0.0.1:5001")
    assert settings.keystore == here / "keys"


@pytest.mark.parametrize("url", ["http://127.0.0.1:5001", "/ip4/127.0.0.1/tcp/5001", "file:///srv/ledger"])
def test_addresses_of_stores_are_left_alone(tmp_path: Path, url: str) -> None:
    assert Settings.load({"home": tmp_path, "store": url}, {}).store == url


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('colour = "blue"', "'colour' is not a setting"),
        ('home = "/elsewhere"', "'home' is not a setting"),
        ("rpc = 8545", "rpc must be a text"),
        ('replicas = "one"', "replicas must be a list of texts"),
        ("replicas = [1]", "replicas must be a list of texts"),
        ('store = ["a"]', "store must be a text"),
        ("rpc = ", "not TOML"),
        ("# " + "x" * 70_000, "longer than"),
    ],
)
def test_a_malformed_file_is_refused_with_its_name(tmp_path: Path, text: str, part: str) -> None:
    write(tmp_path, text)

    with pytest.raises(DocumentError, match="malformed") as caught:
        Settings.load({"home": tmp_path}, {})

    assert part in str(caught.value)
    assert "config.toml" in str(caught.value)


def test_a_file_that_is_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()

    with pytest.raises(PathError, match="is a directory"):
        Settings.load({"home": tmp_path}, {})


@pytest.mark.parametrize("rpc", ["127.0.0.1:8545", "http://", "ftp://node"])
def test_a_node_is_named_by_http(tmp_path: Path, rpc: str) -> None:
    with pytest.raises(UsageError, match="rpc"):
        Settings.load({"home": tmp_path, "rpc": rpc}, {})


@pytest.mark.parametrize("rpc", ["wss://me:hunter2@node/v3/hunter2", "node/v3/hunter2", "ftp://node?key=hunter2"])
def test_a_refused_address_does_not_show_the_key_in_it(tmp_path: Path, rpc: str) -> None:
    with pytest.raises(UsageError, match="node") as caught:
        Settings.load({"home": tmp_path, "rpc": rpc}, {})
    assert "hunter2" not in str(caught.value)


def test_an_empty_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="store"):
        Settings.load({"home": tmp_path, "store": ""}, {})


def test_credentials_in_addresses_are_never_shown(tmp_path: Path) -> None:
    settings = Settings.load(
        {
            "home": tmp_path,
            "rpc": "https://user:hunter2@node/v3/hunter2?key=hunter2",
            "database": "postgresql+psycopg://me:hunter2@db:5432/ledger",
            "store": "http://me:hunter2@127.0.0.1:5001",
        },
        {},
    )

    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings.shown())
    assert settings.shown()["rpc"] == "https://node"
    assert settings.shown()["database"] == "postgresql+psycopg://db:5432/ledger"
    assert without_credentials("/srv/store") == "/srv/store"
