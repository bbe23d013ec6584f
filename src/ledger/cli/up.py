"""``ledger up``: node, store, index and API in one program, on embedded defaults or on what is named."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from ledger.acts.found import Founder, found, local_founders, read_founders
from ledger.chain.anvil import dev_signer
from ledger.cli.command import Needs, command
from ledger.cli.desk import Desk
from ledger.cli.local_node import local_node
from ledger.cli.values import option
from ledger.errors import UsageError

__all__ = ["register"]

HOST: Final = "127.0.0.1"


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "up", Needs.CHAIN | Needs.STORE | Needs.INDEX)(up)


def up(
    desk: Desk,
    *,
    port: Annotated[int, typer.Option("--port", help="Port of the API.", min=1, max=65_535)] = 8000,
    node_port: Annotated[int, typer.Option("--node-port", help="Port of the local chain.", min=1, max=65_535)] = 8545,
    founders: Annotated[
        Path | None,
        option("--founders", "First members of a new local ledger. Default: five, of local:1 to local:5.", "FILE"),
    ] = None,
) -> None:
    """Run a local chain, store, index and API until Ctrl-C; --rpc, --store and --database name real ones."""
    from ledger.cli.serving import serve  # noqa: PLC0415 - no other command waits for a web framework to load

    first = local_founders() if founders is None else read_founders(founders)
    with ExitStack() as stack:
        stack.enter_context(_alone(desk.settings.home))
        listening = stack.enter_context(_listening(port))
        if "rpc" in desk.settings.given:
            anvil, rpc = None, desk.settings.rpc
        else:
            _found_locally(desk, node_port, first)
            anvil = stack.enter_context(local_node(desk.settings.home, node_port))
            rpc = anvil.url
        serve(desk, listening, rpc=rpc, anvil=anvil)


def _found_locally(desk: Desk, node_port: int, first: Sequence[Founder]) -> None:
    """Deploy a ledger on the local chain if there is none yet.

    The deployment file appears only when the chain has saved its state: it never names contracts that are not there.
    """
    target = desk.settings.deployment
    if target.exists():
        return
    draft = target.with_name(f".{target.name}.draft")
    draft.unlink(missing_ok=True)
    with local_node(desk.settings.home, node_port) as anvil:
        founder = dev_signer(0)
        found(anvil.url, founder, first, draft, authority=founder.address, stores=desk.stores, report=_told(desk))
    draft.replace(target)


def _told(desk: Desk) -> Callable[[str], None]:
    return lambda step: desk.output.note(f"deploying {step}")


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(home / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, home)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, home: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(
            "The ledger is not started",
            why=f"it is running already in {home}",
            fix="use that one, or name another --home",
        ) from error


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
        except OSError as error:
            raise UsageError(
                "The ledger is not started",
                why=f"port {port} cannot be used: {os.strerror(error.errno or 0).lower()}",
                fix="stop what listens there, or name another port with --port",
            ) from error
        yield listening
