"""The operator of a node: passes requests on, remembers what it was shown, and answers some itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import requests

from tests.support.http import Asked, Reply, serving

Lie = Callable[[str, list[Any]], Any]
"""From a method and its parameters to a result; None to tell the truth."""


class Shown(NamedTuple):
    """What the node's operator saw."""

    method: str
    parameters: str


class Proxy:
    """A running node in other hands.

    Attributes:
        url: Where it answers.
        shown: Every request, in order.
    """

    def __init__(self, url: str, shown: list[Shown]) -> None:
        self.url = url
        self.shown = shown

    def methods_with(self, secret: bytes) -> set[str]:
        """The methods of the requests in which these bytes are."""
        return {method for method, parameters in self.shown if secret.hex() in parameters}


@contextmanager
def proxy(upstream: str, lie: Lie = lambda _method, _parameters: None) -> Iterator[Proxy]:
    """A node at another's address."""
    shown: list[Shown] = []

    def answer(asked: Asked) -> Reply:
        request = json.loads(asked.body)
        every = request if isinstance(request, list) else [request]
        shown.extend(Shown(one["method"], json.dumps(one["params"]).lower()) for one in every)
        forged = None if isinstance(request, list) else lie(request["method"], request["params"])
        if forged is not None:
            return Reply(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": forged}).encode())
        told = requests.post(upstream, data=asked.body, headers={"Content-Type": "application/json"}, timeout=30)
        return Reply(told.content, told.status_code, (("Content-Type", "application/json"),))

    with serving(answer) as server:
        yield Proxy(server.url, shown)
