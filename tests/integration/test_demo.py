"""The demonstration on every kind of local chain, and that it fails when something is not as it should be."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from ledger.chain.anvil import free_port
from tests.support import nodes
from tests.support.nodes import ROOT, RunningNode

REFUSALS = (
    "✓ no licence during an embargo",
    "✓ tampered ciphertext is refused",
    "✓ no plaintext appeared",
    "✓ the wrong buyer's key opens nothing",
)


def demo(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "demo.py"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("start", [nodes.hardhat, nodes.ganache])
def test_the_whole_story_is_true_on_other_nodes_too(start: Callable[[], AbstractContextManager[RunningNode]]) -> None:
    with start() as node:
        require_told(demo("--rpc", node.url))


def test_without_a_node_it_brings_an_anvil_of_its_own() -> None:
    require_told(demo())


def require_told(told: subprocess.CompletedProcess[str]) -> None:
    assert told.returncode == 0, told.stdout[-2000:] + told.stderr[-2000:]
    assert told.stderr == ""
    assert "Everything is as it should be" in told.stdout
    assert "files are identical, byte for byte" in told.stdout
    for refusal in REFUSALS:
        assert refusal in told.stdout


def test_it_fails_when_the_chain_is_not_there() -> None:
    told = demo("--rpc", f"http://127.0.0.1:{free_port()}")

    assert told.returncode == 1
    assert "The demonstration failed: The node does not answer" in told.stdout


def test_it_fails_when_a_claim_does_not_hold() -> None:
    """The same story with one figure of the split changed must be found out."""
    source = (ROOT / "scripts" / "demo.py").read_text()
    changed = source.replace("550_003", "550_002")
    assert changed != source

    told = subprocess.run([sys.executable, "-"], input=changed, capture_output=True, text=True, check=False, cwd=ROOT)

    assert told.returncode == 1
    assert "it does not hold that City Hospital withdrew 5,500.02" in told.stdout
