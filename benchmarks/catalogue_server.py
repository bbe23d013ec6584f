"""The servers that `benchmarks.catalogue` puts side by side, each a process of its own on the loopback interface.

python -m benchmarks.catalogue_server api PORT DATABASE RPC DEPLOYMENT
python -m benchmarks.catalogue_server bare PORT DATABASE
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.responses import JSONResponse

from api.app import create_app
from api.deps import Services
from ledger.chain.chain import Chain
from ledger.chain.deployment import Deployment
from ledger.index import Index
from ledger.index.queries import DEFAULT_LIMIT
from ledger.storage.opening import open_store

__all__ = ["bare_app"]

PAGE = """
SELECT datasets.*, documents.status AS document, token_owners.owner, documents.name, documents.description,
       documents.creator, documents.keywords
FROM datasets
LEFT JOIN documents ON documents.digest = datasets.metadata_digest
LEFT JOIN token_owners ON token_owners.contract = 'Datasets' AND token_owners.token_id = datasets.id
ORDER BY datasets.id DESC LIMIT ?
"""
"""The rows of a page of the catalogue, without parents and offers, which the API adds in two more statements."""


def bare_app(database: Path) -> FastAPI:
    """Two routes that give the rows as they are: one as people write it, one with nothing that could be left out."""
    app = FastAPI(openapi_url=None)
    connections = threading.local()

    def page(limit: int) -> list[dict[str, Any]]:
        connection: sqlite3.Connection | None = getattr(connections, "own", None)
        if connection is None:
            connection = connections.own = sqlite3.connect(database)
            connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(PAGE, (limit,))]

    @app.get("/plain")
    def plain(limit: int = DEFAULT_LIMIT) -> list[dict[str, Any]]:
        return page(limit)

    @app.get("/lean")
    def lean(limit: int = DEFAULT_LIMIT) -> JSONResponse:
        return JSONResponse(page(limit))

    return app


def _serve(app: FastAPI, port: int) -> None:
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


def _serve_api(port: int, database: Path, rpc: str, deployment: Path) -> None:
    store = f"file://{database.with_suffix('.store')}"
    with Index(f"sqlite:///{database}") as index, Chain.connect(rpc, Deployment.read(deployment)) as chain:
        _serve(create_app(Services(chain=chain, index=index, open_store=lambda: open_store(store))), port)


def main() -> None:
    """Serve what the command line names until stopped."""
    kind, port, database, *rest = sys.argv[1:]
    if kind == "api":
        _serve_api(int(port), Path(database), rest[0], Path(rest[1]))
    else:
        _serve(bare_app(Path(database)), int(port))


if __name__ == "__main__":
    main()
