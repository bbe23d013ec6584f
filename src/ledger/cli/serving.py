"""Serving the API from this program, with the index kept up to date beside it."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Final

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.deps import Services
from ledger.chain.anvil import Anvil
from ledger.chain.chain import Chain
from ledger.chain.deployment import Deployment
from ledger.cli.desk import Desk
from ledger.cli.output import Record
from ledger.errors import ChainError
from ledger.index import Index, Indexer
from ledger.storage.opening import open_store

__all__ = ["serve"]

STOP_SECONDS: Final = 10
MAX_CONNECTIONS: Final = 256
"""Open at once; more are answered 503. Twice what reading content may take (`api.limits.Limits.content_reads`)."""


def serve(desk: Desk, listening: socket.socket, *, rpc: str, anvil: Anvil | None) -> None:
    """Serve until SIGINT or SIGTERM, or until the chain has ended.

    Args:
        desk: Where the settings are; told what runs where, once it does.
        listening: Bound to the API's address.
        rpc: Address of the node.
        anvil: The local chain, if it is one of ours.

    Raises:
        ChainError: The local chain ended by itself.
        StorageError, IndexStateError, ChainError: A part cannot be started.
    """
    with ExitStack() as stack:
        services, indexer = _services(desk, stack, rpc)
        stack.enter_context(_following(indexer))
        host, port = listening.getsockname()[:2]
        ready = partial(desk.output.show, _table(desk, services.chain, f"http://{host}:{port}", rpc))
        # Its own names only: a page elsewhere cannot reach it by giving its own name this address.
        app = create_app(services, allowed_hosts=(host, "localhost"))
        _run(app, listening, ready, anvil)


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
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=STOP_SECONDS,
                proxy_headers=False,  # there is no proxy: who sends X-Forwarded-For would be its own choice of client
                limit_concurrency=MAX_CONNECTIONS,
            )
        )
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()


def _run(app: FastAPI, listening: socket.socket, ready: Callable[[], None], anvil: Anvil | None) -> None:
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
