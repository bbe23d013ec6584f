from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import CidMismatchError, LedgerError, NoSpaceError, NotStoredError, StorageError, UsageError
from ledger.storage import rpc
from ledger.storage.unixfs import cid_of_bytes

CID = cid_of_bytes(b"x")


@pytest.mark.parametrize(
    ("url", "address", "base"),
    [
        ("http://127.0.0.1:5001", "/ip4/127.0.0.1/tcp/5001/http", "api/v0"),
        ("http://[::1]:5001/", "/ip6/::1/tcp/5001/http", "api/v0"),
        ("https://kubo.example", "/dns/kubo.example/tcp/443/https", "api/v0"),
        ("http://kubo.example/behind/proxy/", "/dns/kubo.example/tcp/80/http", "behind/proxy/api/v0"),
        ("/ip4/127.0.0.1/tcp/5001", "/ip4/127.0.0.1/tcp/5001", "api/v0"),
    ],
)
def test_addresses_are_understood(url: str, address: str, base: str) -> None:
    assert rpc._address(url) == (address, base)


@pytest.mark.parametrize("url", ["http://host:99999", "http://host:x", "http://host/?q=1", "http://host/#f", "ftp://h"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(UsageError):
        rpc._address(url)


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError, match="a password does not belong") as caught:
        rpc._address("http://user:hunter2@127.0.0.1:5001")
    assert "hunter2" not in str(caught.value)
    assert "user" not in str(caught.value)


@pytest.mark.parametrize("url", ["/ip4/127.0.0.1", "/ip4/300.0.0.1/tcp/1", "/nothing", "/ip4/127.0.0.1/udp/1"])
def test_a_multiaddress_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="no address of an RPC"):
        rpc.KuboRpc(url, None, 1.0)


def _secret(path: Path, mode: int = 0o600) -> Path:
    path.write_text("Bearer hunter2\n")
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:5001", "http://localhost", "https://far.example", "/ip4/127.0.0.1/tcp/1"]
)
def test_an_authorization_is_read_from_its_file(url: str, tmp_path: Path) -> None:
    assert rpc._secret(url, _secret(tmp_path / "secret")) == "Bearer hunter2"


@pytest.mark.parametrize("url", ["http://far.example", "/ip4/10.0.0.1/tcp/1", "/dns/far.example/tcp/1/http"])
def test_an_authorization_never_crosses_the_network_in_the_clear(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="in the clear") as caught:
        rpc._secret(url, _secret(tmp_path / "secret"))
    assert "hunter2" not in str(caught.value)


def test_an_authorization_that_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="others may read"):
        rpc._secret("http://127.0.0.1", _secret(tmp_path / "secret", 0o640))
    with pytest.raises(UsageError, match="cannot be read"):
        rpc._secret("http://127.0.0.1", tmp_path / "absent")


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("block was not found locally (offline): ipld: could not find bafk", NotStoredError),
        ("block in storage has different hash than requested", CidMismatchError),
        ("write /blocks/x: no space left on device", NoSpaceError),
        ("something new", StorageError),
    ],
)
def test_what_the_daemon_says_becomes_our_error(message: str, kind: type[LedgerError]) -> None:
    assert type(rpc._from_message("http://127.0.0.1", CID, message)) is kind
