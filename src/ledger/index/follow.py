"""Syncing without end: nothing stops it but being told to, and nothing goes wrong unseen."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Self

from ledger.errors import LedgerError

__all__ = ["IndexerStatus", "follow"]

_LOG: Final = logging.getLogger(__name__)
_LONGEST_PAUSE: Final = 30.0


@dataclass(frozen=True, slots=True)
class IndexerStatus:
    """How an indexer is doing.

    Attributes:
        head: Height of the node's chain when last seen; None if it never was.
        indexed: Height up to which the index is complete; None if it is empty or not known yet.
        last_error: What went wrong in the last sync, in one line; None if nothing did.
    """

    head: int | None = None
    indexed: int | None = None
    last_error: str | None = None

    @property
    def lag(self) -> int | None:
        """Blocks by which the index is behind; None while that is not known."""
        return None if self.head is None or self.indexed is None else max(0, self.head - self.indexed)

    def at(self, head: int, indexed: int | None) -> Self:
        """With new heights."""
        return replace(self, head=head, indexed=indexed)

    def after(self, error: Exception | None) -> Self:
        """With the outcome of a sync."""
        return replace(self, last_error=None if error is None else _one_line(error))


def follow(
    sync: Callable[[], object],
    note: Callable[[Exception | None], None],
    stop: threading.Event,
    interval: float,
) -> None:
    """Call `sync` until `stop` is set.

    After an error it waits twice as long as before, up to half a minute. An error is logged when it first comes and
    again only when another has come between, or all went well.

    Args:
        sync: What to do.
        note: Told the outcome of each call.
        stop: Ends it.
        interval: Seconds between two calls while all is well.
    """
    pause = interval
    reported: str | None = None
    while not stop.is_set():
        try:
            sync()
        except Exception as error:  # noqa: BLE001 - whatever it is, the thread lives on and says what it was
            note(error)
            kind = _kind(error)
            if kind != reported:
                _LOG.error("The index is not kept up to date: %s", _one_line(error), exc_info=_unforeseen(error))
                reported = kind
            pause = min(max(pause, interval) * 2, max(_LONGEST_PAUSE, interval))
        else:
            note(None)
            if reported is not None:
                _LOG.info("The index is kept up to date again")
                reported = None
            pause = interval
        stop.wait(pause)


def _one_line(error: Exception) -> str:
    return str(error) if isinstance(error, LedgerError) else f"{type(error).__name__}: {error}"


def _kind(error: Exception) -> str:
    return f"{type(error).__name__}: {error.what}" if isinstance(error, LedgerError) else type(error).__name__


def _unforeseen(error: Exception) -> Exception | None:
    return None if isinstance(error, LedgerError) else error
