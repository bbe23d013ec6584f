"""``ledger up``: node, store, index and API in one program, on embedded defaults or on what is named."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.deps import Services
from ledger.acts.found import Founder, found, local_founders, read_founders
from ledger.chain.anvil import Anvil, dev_signer
from ledger.chain.chain import Chain
from ledger.chain.deployment import Deployment
from ledger.cli.command import Needs, command
from ledger.cli.desk import Desk
from ledger.cli.local_node import local_node
from ledger.cli.output import Record
from ledger.cli.values import option
from ledger.errors import ChainError, UsageError
from ledger.index import Index, Indexer
from ledger.storage.store import open_store

__all__ = ["register"]

HOST: Final = "127.0.0.1"
STOP_SECONDS: Final = 10


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
        services, indexer = _services(desk, stack, rpc)
        stack.enter_context(_following(indexer))
        api = f"http://{HOST}:{port}"
        ready = partial(desk.output.show, _table(desk, services.chain, api, rpc))
        _serve(create_app(services), listening, ready, anvil)


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


def _services(desk: Desk, stack: ExitStack, rpc: str) -> tuple[Services, Indexer]:
    settings = desk.settings
    deployment = Deployment.read(settings.deployment)
    index = stack.enter_context(Index(settings.database))
    own = stack.enter_context(Chain.connect(rpc, deployment))
    indexer = Indexer(index, own, stack.enter_context(open_store(settings.store)))
    indexer.sync()
    chain = stack.enter_context(Chain.connect(rpc, deployment))
    return Services(chain=chain, index=index, open_store=partial(open_store, settings.store)), indexer


def _table(desk: Desk, chain: Chain, api: str, rpc: str) -> Record:
    shown = desk.settings.shown()
    return Record(
        {
            "api": api,
            "node": rpc if "rpc" not in desk.settings.given else shown["rpc"],
            "chain_id": chain.chain_id,
            "deployment": shown["deployment"],
            "store": shown["store"],
            "database": shown["database"],
        },
        title="The ledger is up; Ctrl-C stops it.",
    )


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


@contextmanager
def _following(indexer: Indexer) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=indexer.follow, args=(stop,), name="index")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, app: FastAPI, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=STOP_SECONDS)
        )
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()


def _serve(app: FastAPI, listening: socket.socket, ready: Callable[[], None], anvil: Anvil | None) -> None:
    server = _Server(app, ready)
    with _uvicorn_signals():
        if anvil is not None:
            threading.Thread(target=_end_with, args=(anvil, server), name="chain watch", daemon=True).start()
        server.run(sockets=[listening])
    if anvil is not None and anvil.process is not None and anvil.process.poll() is not None:
        raise ChainError(
            "The ledger has stopped",
            why=f"its local chain ended with code {anvil.process.returncode}",
            fix="look at node/anvil.log in the home, and start it again: the chain is kept",
        )


def _end_with(anvil: Anvil, server: uvicorn.Server) -> None:
    """Stop serving when the chain is gone."""
    if anvil.process is not None:
        anvil.process.wait()
        server.should_exit = True


@contextmanager
def _uvicorn_signals() -> Iterator[None]:
    """Let uvicorn stop on signals, and end quietly: it raises them again once it has stopped."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
