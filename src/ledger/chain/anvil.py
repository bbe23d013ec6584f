"""A local chain: Foundry's anvil as a child process, with state that outlives it.

    with Anvil(state=home / "chain.json", port=8545) as anvil:
        chain = Chain.connect(anvil.url, deployment)

Blocks, receipts and logs are all in the state file: the same chain goes on after a restart, even after a kill, less
what happened in the last two seconds. What is not kept are balances and storage *as they were* in old blocks.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from eth_account.hdaccount import key_from_seed, seed_from_mnemonic

from ledger.chain.node import Node
from ledger.chain.saved_state import SavedState
from ledger.chain.signers import LocalSigner
from ledger.errors import ChainError, NodeUnavailableError

__all__ = ["DEV_MNEMONIC", "Anvil", "dev_signer", "find_anvil", "free_port"]

DEV_MNEMONIC: Final = "test test test test test test test test test test test junk"
"""The words that everybody knows: its accounts have coins on local chains, and must never have any elsewhere."""

START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 20.0


def dev_signer(index: int) -> LocalSigner:
    """The account of this number of local chains (``m/44'/60'/0'/0/index``), funded there and worth nothing."""
    return LocalSigner(key_from_seed(seed_from_mnemonic(DEV_MNEMONIC, ""), f"m/44'/60'/0'/0/{index}"))


class Anvil:
    """A running anvil on the loopback interface. Started when entered, stopped when left.

    It tells browsers to let no page of another origin read its answers, or send it JSON. It asks nobody who they are,
    though: every program on this machine can use it, and so can a page over a WebSocket, which browsers hold to no
    origin and anvil cannot be told to refuse. Its accounts are worth nothing, and must not be made to be.

    Args:
        state: File in which the chain is kept; None to forget it.
        port: Port to listen on; None for any free one.
        chain_id: EIP-155 chain id.
        hardfork: Rules of the chain; ``paris`` is what the contracts are compiled for.
        log: File for what anvil prints; None to drop it.
        options: Further options of anvil.

    Raises (on entering):
        ChainError: anvil is not installed, or did not start.
        IntegrityError: The state file is damaged, and so is its copy.
        PathError: The state file cannot be read or written.
    """

    def __init__(
        self,
        state: Path | None = None,
        port: int | None = None,
        chain_id: int = 31337,
        *,
        hardfork: str = "paris",
        log: Path | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self._state = SavedState(state) if state is not None else None
        self._hardfork = hardfork
        self._log = log
        self._options = tuple(options)
        self.port = port if port is not None else free_port()
        self.chain_id = chain_id
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            ChainError: anvil is not installed, or did not start.
            IntegrityError: The state file is damaged, and so is its copy.
            PathError: The state file cannot be read or written.
        """
        command = [str(find_anvil()), *self._arguments()]
        if self._state is not None:
            self._state.open()
        try:
            self._launch(command)
        except BaseException:
            self.stop()
            raise

    def _launch(self, command: Sequence[str]) -> None:
        _require_free(self.port)
        with _output(self._log) as output:
            self.process = subprocess.Popen(  # noqa: S603 - a fixed program, no shell
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._await_answer(self.process)
        if self._state is not None:
            self._keep_time()
            self._state.keep_copying()

    def _keep_time(self) -> None:
        """Put the clock forward again where it had been: a block is never older than its parent."""
        with Node(self.url) as node:
            ahead = node.head().time - int(time.time())
            if ahead > 0:
                node.request("evm_increaseTime", ahead)

    def stop(self) -> None:
        """Stop it, and wait until its state is written."""
        process, self.process = self.process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._state is not None:
            self._state.close()

    def _arguments(self) -> Iterator[str]:
        yield from ("--host", "127.0.0.1", "--port", str(self.port), "--chain-id", str(self.chain_id))
        yield from ("--hardfork", self._hardfork, "--mnemonic", DEV_MNEMONIC, "--no-cors")
        if self._state is not None:
            yield from ("--state", str(self._state.path), "--state-interval", "1")
        yield from self._options

    def _await_answer(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + START_SECONDS
        with Node(self.url, timeout=1.0) as node:
            while process.poll() is None and time.monotonic() < end:
                try:
                    node.read_chain_id()
                except NodeUnavailableError:
                    time.sleep(0.02)
                else:
                    return
        raise ChainError(
            "The local chain did not start",
            why=f"anvil ended with code {process.returncode}"
            if process.returncode is not None
            else "it never answered",
            fix="look at its log, or name a running node with --rpc",
        )


def find_anvil() -> Path:
    """The native binary of anvil: from PATH, or from npm's ``@foundry-rs/anvil-…`` package beside or above here.

    Raises:
        ChainError: There is none.
    """
    found = shutil.which("anvil")
    if found is not None and not _is_script(Path(found)):
        return Path(found)
    system, machine = sys.platform, os.uname().machine
    package = f"@foundry-rs/anvil-{system}-{'arm64' if machine in ('arm64', 'aarch64') else 'amd64'}"
    for place in (Path.cwd(), *Path.cwd().parents, *Path(__file__).parents):
        binary = place / "node_modules" / package / "bin" / "anvil"
        if binary.is_file():
            return binary
    raise ChainError(
        "There is no local chain to start",
        why="the program anvil is not installed",
        fix="install Foundry (npm install @foundry-rs/anvil), or name a running node with --rpc",
    )


def _is_script(program: Path) -> bool:
    """Whether it is npm's wrapper, which would stand between us and anvil when it is to stop."""
    with program.open("rb") as file:
        return file.read(2) == b"#!"


def free_port() -> int:
    """A port on the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ChainError(
                "The local chain cannot start",
                why=f"port {port} cannot be used: {error.strerror}",
                fix="stop what listens there, or choose another port",
            ) from error


def _output(log: Path | None) -> IO[bytes]:
    return Path(os.devnull).open("wb") if log is None else log.open("ab")
