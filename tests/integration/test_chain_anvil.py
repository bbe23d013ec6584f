"""A local chain that outlives its process: restarts, kills, damaged state, and what cannot be started."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from ledger.chain import anvil as module
from ledger.chain import licences
from ledger.chain.anvil import Anvil, dev_signer, find_anvil, free_port
from ledger.chain.chain import Chain
from ledger.chain.events import fetch_events
from ledger.chain.transactions import transaction
from ledger.errors import ChainError, IntegrityError, NodeUnavailableError, PathError
from ledger.model.licence import LicenceState
from tests.support.world import World


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "home" / "chain.json"


def test_everything_survives_a_restart(state: Path) -> None:
    with Anvil(state=state) as anvil, World.deploy(anvil.url) as world:
        licence = world.paid()
        head = world.chain.head()
        events = fetch_events(world.chain, 0, head.number)
        paid = next(event for event in events if event.name == "LicencePaid")
        record = transaction(world.chain, paid.transaction_hash)

        anvil.stop()
        with pytest.raises(NodeUnavailableError):
            world.chain.head()
        anvil.start()

        with Chain.connect(anvil.url, world.deployment) as chain:  # anchor, code and chain id are the same
            assert chain.head() == head
            assert fetch_events(chain, 0, head.number) == events
            again = transaction(chain, paid.transaction_hash)
            assert (again.signed, again.receipt, again.events) == (record.signed, record.receipt, record.events)
            assert licences.state(chain, licence) is LicenceState.PAID
        world.deliver(licence)  # and life goes on
        assert world.chain.head().time >= head.time
        assert world.chain.block(head.number) == head
        assert licences.state(world.chain, licence) is LicenceState.DELIVERED


def test_time_that_was_advanced_stays_advanced(state: Path) -> None:
    with Anvil(state=state) as anvil, World.deploy(anvil.url) as world:
        world.advance(30 * 86_400)
        then = world.chain.now()
        anvil.stop()
        anvil.start()
        world.registered()
        assert world.chain.now() >= then


def test_a_killed_chain_goes_on_from_what_it_had_saved(state: Path) -> None:
    with Anvil(state=state) as anvil, World.deploy(anvil.url) as world:
        licence = world.paid()
        head = world.chain.head()
        _await_saved(state, head.number)
        assert anvil.process is not None
        anvil.process.kill()
        anvil.process.wait()
        anvil.stop()
        anvil.start()
        assert world.chain.head() == head
        assert licences.state(world.chain, licence) is LicenceState.PAID


def test_a_state_cut_off_while_it_was_written_is_mended(state: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Anvil(state=state) as anvil, World.deploy(anvil.url) as world:
        licence = world.paid()
        head = world.chain.head()
        anvil.stop()
        whole = state.read_bytes()
        state.write_bytes(whole[: len(whole) // 2])  # what a kill leaves in the middle of a write
        with caplog.at_level(logging.WARNING):
            anvil.start()
        assert "was cut off while it was written" in caplog.text
        assert world.chain.head() == head
        assert licences.state(world.chain, licence) is LicenceState.PAID


@pytest.mark.parametrize("damage", [b"", b"{", b"not json", b"\xff}"])
def test_a_state_damaged_beyond_mending_is_refused_and_left_alone(state: Path, damage: bytes) -> None:
    state.parent.mkdir()
    state.write_bytes(damage)
    with pytest.raises(IntegrityError, match="state is damaged"), Anvil(state=state):
        pass
    assert state.read_bytes() == damage


def test_a_chain_is_not_run_twice_from_one_state(state: Path) -> None:
    with Anvil(state=state):
        with pytest.raises(ChainError, match="running already"), Anvil(state=state):
            pass
        with pytest.raises(ChainError, match="running already"), Anvil(state=state):
            pass
    with Anvil(state=state):
        pass


def test_a_state_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PathError, match="state cannot be used"), Anvil(state=tmp_path / "file" / "chain.json"):
        pass


def test_a_taken_port_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ChainError, match=f"port {port} cannot be used"), Anvil(port=port):
            pass


def test_an_option_that_anvil_refuses_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(ChainError, match="anvil ended with code 2"), Anvil(options=["--nonsense"], log=log):
        pass
    assert b"--nonsense" in log.read_bytes()


def test_without_anvil_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "__file__", str(tmp_path / "anvil.py"))
    with pytest.raises(ChainError, match="is not installed") as refused, Anvil():
        pass
    assert "npm install @foundry-rs/anvil" in refused.value.fix
    assert "--rpc" in refused.value.fix


def test_anvil_itself_is_found_rather_than_a_wrapper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapper = tmp_path / "anvil"
    wrapper.write_text("#!/usr/bin/env node\n")
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = find_anvil()
    assert found != wrapper
    assert found.read_bytes()[:4] == b"\x7fELF" or sys.platform != "linux"
    wrapper.write_bytes(found.read_bytes()[:64])
    assert find_anvil() == wrapper


def test_it_listens_on_the_loopback_interface_only() -> None:
    with Anvil() as anvil:
        assert anvil.url == f"http://127.0.0.1:{anvil.port}"
        assert anvil.process is not None
        arguments = anvil.process.args
        assert isinstance(arguments, list)
        assert arguments[arguments.index("--host") + 1] == "127.0.0.1"


def test_it_stops_by_its_handle_and_frees_its_port() -> None:
    port = free_port()
    for _ in range(2):
        with Anvil(port=port) as anvil:
            process = anvil.process
            assert process is not None
        assert process.returncode == 0


def test_a_signal_to_the_terminal_does_not_stop_it_before_its_state_is_saved(state: Path) -> None:
    """Ctrl-C reaches a whole process group: the chain is stopped by its owner, in order."""
    program = (
        "import os, signal, sys, time\n"
        "from pathlib import Path\n"
        "from ledger.chain.anvil import Anvil\n"
        # Whoever runs the tests in the background may have had Ctrl-C ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try:\n"
        "    with Anvil(state=Path(sys.argv[1])) as anvil:\n"
        "        print(anvil.process.pid, flush=True)\n"
        "        time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    print(anvil.process is None)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(state)], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        os.killpg(owner.pid, signal.SIGINT)
        output, _ = owner.communicate(timeout=30)
    assert output == "True\n"
    assert json.loads(state.read_bytes())["blocks"]


def test_the_accounts_are_those_that_everybody_knows() -> None:
    # Printed by anvil and by Hardhat's node on their first screen.
    assert dev_signer(0).address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert dev_signer(1).address == "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def _await_saved(state: Path, number: int) -> None:
    """Wait until both the state and its copy hold the block of this number."""
    end = time.monotonic() + 20
    copy = state.with_name(f"{state.name}.copy")
    while _last_block(state) < number or _last_block(copy) < number:
        assert time.monotonic() < end
        time.sleep(0.1)


def _last_block(path: Path) -> int:
    try:
        blocks = json.loads(path.read_bytes())["blocks"]
    except (FileNotFoundError, ValueError):
        return -1
    return max(int(block["header"]["number"], 16) for block in blocks)


def test_pages_of_other_origins_are_told_to_keep_out() -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    from_elsewhere = {"Origin": "https://evil.example"}
    with Anvil() as anvil:
        answer = httpx.post(anvil.url, json=asked, headers=from_elsewhere)
        assert answer.json()["result"] == "0x7a69"
        assert "access-control-allow-origin" not in answer.headers  # so a browser shows it to no page
        preflight = httpx.options(
            anvil.url,
            headers=from_elsewhere
            | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"},
        )
        assert not preflight.is_success  # so a browser does not send JSON for a page
        simple = httpx.post(
            anvil.url, content=json.dumps(asked), headers=from_elsewhere | {"Content-Type": "text/plain"}
        )
        assert simple.json()["error"]["message"] == "Invalid request"
