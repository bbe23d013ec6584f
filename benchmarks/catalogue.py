"""Catalogue pages served in a second, beside a bare FastAPI route over the same database.

python -m benchmarks.catalogue
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from benchmarks.figure import Aim, Figure, Row, alternate
from benchmarks.filled_ledger import filled_ledger
from benchmarks.load import requests_per_second
from benchmarks.report import print_figure
from benchmarks.scratch import medium, scratch
from ledger.chain.anvil import free_port
from ledger.index import Index, Indexer
from ledger.index.queries import DEFAULT_LIMIT
from tests.support.world import World

__all__ = ["measure"]

BATCHES, LICENCES, REQUESTS, ROUNDS = 10, 10, 1_000, 4
CONNECTIONS = 4
ROOM = 256 * 2**20
START_SECONDS = 30.0
AIM = Aim.above(0.6, "≥ 0.6")

METHOD = """\
`GET /datasets`, {page} of {datasets:,} datasets, newest first, from an indexed SQLite database on {medium}. Each server
is one uvicorn process with one worker on the loopback interface; the load comes from this process, over {connections}
keep-alive connections. The bare routes run one statement, the join of datasets, documents and owners, and give its rows
as they are: *plain* returns a list of dictionaries, as most FastAPI routes do, *lean* passes them to `JSONResponse`.
The API also reads parents and open offers, pages by cursor, and gives states, CIDs and amounts in words. It keeps a
page that was asked for until the index changes; in the last row every request asks another question, and nothing kept
is of use. Median of {rounds} rounds of {requests:,} requests, one server after the other."""


def measure(batches: int = BATCHES, requests: int = REQUESTS, rounds: int = ROUNDS) -> Figure:
    """Measure on a fresh chain and database."""
    with filled_ledger(batches, LICENCES) as world, scratch(ROOM) as directory:
        database = directory / "index.db"
        with Index(f"sqlite:///{database}") as index:
            Indexer(index, world.chain).sync()
        with ExitStack() as servers:
            api = servers.enter_context(_api(world, database))
            bare = servers.enter_context(_server("bare", str(database)))
            urls = {
                "api": f"{api}/datasets",
                "new": f"{api}/datasets?new={{now}}-{{}}",
                "plain": f"{bare}/plain",
                "lean": f"{bare}/lean",
            }
            rates = alternate({name: _load(url, requests) for name, url in urls.items()}, rounds)
        return Figure(
            title="Catalogue reads, against a bare FastAPI route",
            ours="API",
            reference="bare route",
            rows=(
                Row("page of the catalogue, plain route", rates["api"], rates["plain"], "requests/s", AIM),
                Row("page of the catalogue, lean route", rates["api"], rates["lean"], "requests/s"),
                Row("page that is made anew each time, plain route", rates["new"], rates["plain"], "requests/s", AIM),
            ),
            method=METHOD.format(
                page=f"{DEFAULT_LIMIT}",
                datasets=batches * 100,
                medium=medium(directory),
                connections=CONNECTIONS,
                rounds=rounds,
                requests=requests,
            ),
        )


def _load(url: str, requests: int) -> Callable[[], float]:
    def measured() -> float:
        fresh = url.replace("{now}", str(time.time_ns()))
        return requests_per_second(fresh, requests=requests, connections=CONNECTIONS)

    return measured


@contextmanager
def _api(world: World, database: Path) -> Iterator[str]:
    deployment = database.with_suffix(".json")
    world.deployment.write(deployment)
    with _server("api", str(database), world.url, str(deployment)) as url:
        yield url


@contextmanager
def _server(kind: str, database: str, *rest: str) -> Iterator[str]:
    """A server process, from when it answers until the end of the block."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.catalogue_server", kind, str(port), database, *rest]
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(command)
    try:
        _await_answer(process, url)
        yield url
    finally:
        process.terminate()
        process.wait()


def _await_answer(process: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            httpx.get(url, timeout=1.0)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"the server {process.args!r} does not answer")


if __name__ == "__main__":
    print_figure(measure())
