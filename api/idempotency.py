"""Idempotency keys (IETF draft "The Idempotency-Key HTTP Header Field"): one sender's key, one request.

Sending a signed transaction twice has no second effect in any case: its nonce and hash make it the same transaction.
A key adds that a client which mixes up two requests is told. Keys are remembered in this process for a day, the
oldest forgotten first.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Final

from api.problems import RequestError

__all__ = ["IdempotencyKeys"]

LIFETIME_SECONDS: Final = 86_400
MAX_KEYS: Final = 10_000


@dataclass(slots=True)
class _Use:
    fingerprint: bytes
    since: float
    running: bool


class IdempotencyKeys:
    """Keys in use, each within its sender's own, and the fingerprint of the body each was used with."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._uses: OrderedDict[tuple[str, str], _Use] = OrderedDict()
        self._lock = Lock()

    @contextmanager
    def held(self, sender: str, key: str | None, fingerprint: bytes) -> Iterator[None]:
        """Work under a key of a sender's; without one, just work. A request that fails gives its key back.

        Args:
            sender: Who signed: nobody meets, or learns of, the keys of others.
            key: As the client named it.
            fingerprint: Of the body.

        Raises:
            RequestError: The key is in use for a request that is not finished, or was used with another body.
        """
        if key is None:
            yield
            return
        name = (sender, key)
        first = self._begin(name, fingerprint)
        done = False
        try:
            yield
            done = True
        finally:
            self._end(name, forget=first and not done)

    def _begin(self, name: tuple[str, str], fingerprint: bytes) -> bool:
        with self._lock:
            now = self._clock()
            while self._uses and (len(self._uses) >= MAX_KEYS or self._expired(next(iter(self._uses.values())), now)):
                self._uses.popitem(last=False)
            use = self._uses.get(name)
            if use is None:
                self._uses[name] = _Use(fingerprint, now, running=True)
                return True
            if use.fingerprint != fingerprint:
                raise RequestError("idempotency-mismatch", "The body is not the one that the key was used with")
            if use.running:
                raise RequestError("idempotency-conflict", "The first request with this key is not finished")
            use.running = True
            return False

    def _end(self, name: tuple[str, str], *, forget: bool) -> None:
        with self._lock:
            use = self._uses.get(name)
            if use is not None and forget:
                del self._uses[name]
            elif use is not None:
                use.running = False

    @staticmethod
    def _expired(use: _Use, now: float) -> bool:
        return now - use.since > LIFETIME_SECONDS
