"""An HTTP server on loopback that speaks Kubo's RPC and can lie: each test says how one path answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Answer = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One call, its upload already read."""

    protocol_version = "HTTP/1.1"
    answers: dict[str, Answer]
    calls: list[str]

    def do_POST(self) -> None:
        self._skip_upload()
        path = urlsplit(self.path).path.removeprefix("/api/v0")
        self.calls.append(path)
        self.answers.get(path, _unexpected)(self)

    @property
    def arguments(self) -> list[str]:
        """What the call is about."""
        return parse_qs(urlsplit(self.path).query).get("arg", [])

    def json(self, *items: dict[str, Any]) -> None:
        """Answer with JSON lines."""
        self.bytes("".join(json.dumps(item) + "\n" for item in items).encode())

    def error(self, message: str, status: int = 500) -> None:
        """Answer as Kubo does when it cannot."""
        self.bytes(json.dumps({"Message": message, "Code": 0, "Type": "error"}).encode(), status)

    def bytes(self, data: bytes, status: int = 200, length: int | None = None) -> None:
        """Answer with these bytes, claiming a length that may be another."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = True

    def redirect(self, where: str) -> None:
        """Answer that somebody else should be asked."""
        self.send_response(307)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""

    def _skip_upload(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        else:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))


def _unexpected(request: Request) -> None:
    request.error("not in this test")


class LyingDaemon:
    """Context manager. It answers ``/version`` truly and everything else as it is told."""

    def __init__(self, **answers: Answer) -> None:
        told = {"/" + name.replace("__", "/"): answer for name, answer in answers.items()}
        self.calls: list[str] = []
        version: Answer = lambda request: request.json({"Version": "0.42.0"})  # noqa: E731 - one of many answers
        handler = type("Handler", (Request,), {"answers": {"/version": version} | told, "calls": self.calls})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
