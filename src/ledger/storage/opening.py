"""From the address of a store to the store."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from ledger.errors import UsageError
from ledger.storage.embedded import EmbeddedStore
from ledger.storage.store import Store

__all__ = ["open_store"]


def open_store(url: str, *, authorization: Path | None = None) -> Store:
    """Open the store that a URL names.

    Args:
        url: A directory (``/srv/ledger``, ``./store``, ``file:///srv/ledger``), or a Kubo RPC address
            (``http://127.0.0.1:5001``, ``/ip4/127.0.0.1/tcp/5001``). A Kubo daemon must be one's own, behind
            its own authorization: its RPC gives full control.
        authorization: A file of mode 0600 with the value of the ``Authorization`` header for Kubo's RPC.

    Raises:
        UsageError: The URL is of no known kind.
        StoreUnavailableError: It cannot be opened.
    """
    if url.startswith(("/ip4/", "/ip6/", "/dns/", "/dns4/", "/dns6/", "/unix/")):
        return _kubo(url, authorization)
    parts = urlsplit(url)
    if parts.scheme in ("http", "https") and parts.netloc:
        return _kubo(url, authorization)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        return EmbeddedStore(Path(unquote(parts.path)))
    if url and not parts.scheme and "\0" not in url:
        return EmbeddedStore(Path(url).expanduser())
    raise UsageError(
        f"{url!r} is not a store",
        why="it is neither a directory, a file: URL, an http: URL nor a multiaddress",
        fix="give a directory such as ./store, or the address of a Kubo daemon such as http://127.0.0.1:5001",
    )


def _kubo(url: str, authorization: Path | None) -> Store:
    from ledger.storage.kubo import KuboStore  # noqa: PLC0415 - Kubo's client takes long to import

    return KuboStore(url, authorization=authorization)
