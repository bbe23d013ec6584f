"""Kubo's RPC over ipfshttpclient, with its errors turned into ours and no answer taken for true.

The client library refuses nothing newer than Kubo 0.8 but warns of it; as it is only used through its request method,
whose calls are tested against the real daemon, its check of the version is not called. It is pinned to one release.
"""

from __future__ import annotations

import contextlib
import ipaddress
import stat
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import ipfshttpclient
from ipfshttpclient import exceptions, multipart, requests_wrapper

from ledger.errors import (
    CidMismatchError,
    DocumentError,
    LedgerError,
    NoSpaceError,
    NotStoredError,
    StorageError,
    StoreUnavailableError,
    UsageError,
)
from ledger.model.cid import Cid
from ledger.storage.dagpb import MAX_NODE_SIZE
from ledger.storage.nodes import not_stored
from ledger.storage.tree import READ_SIZE
from ledger.storage.unixfs import CHUNK_SIZE, LINKS_PER_NODE

__all__ = ["KuboRpc"]

_SEND_TIMEOUT = 30.0
"""Seconds for connecting, and for each piece sent."""

_GARBAGE_TIMEOUT = 3600.0
"""Seconds: the daemon marks everything that it keeps before it names the first deleted block."""

_ADD_OPTIONS = {
    "cid-version": "1",
    "raw-leaves": "true",
    "hash": "sha2-256",
    "chunker": f"size-{CHUNK_SIZE}",
    "trickle": "false",
    "inline": "false",
    "nocopy": "false",
    "max-file-links": str(LINKS_PER_NODE),
    "max-hamt-fanout": "256",
    "silent": "false",
}


class KuboRpc:
    """One daemon. Context manager.

    Args:
        url: ``http://host:port``, ``https://host:port/prefix`` or a multiaddress.
        authorization: A file with the value of the ``Authorization`` header, readable by its owner only, if the RPC
            asks for one.
        timeout: Seconds to wait between two pieces of an answer.

    Raises:
        UsageError: The address or the file cannot be used.
        StoreUnavailableError: Nothing that speaks Kubo's RPC answers there.
    """

    def __init__(self, url: str, authorization: Path | None, timeout: float) -> None:
        self.url = url
        address, base = _address(url)
        headers = {"Authorization": _secret(url, authorization)} if authorization else {}
        try:
            self._client = ipfshttpclient.Client(
                address,
                base,
                chunk_size=READ_SIZE,
                session=True,
                headers=headers,
                timeout=(min(timeout, _SEND_TIMEOUT), timeout),
            )
        except exceptions.AddressError:
            raise _bad_url(url, "it is no address of an RPC") from None
        _set_up(self._client._client._session)  # noqa: SLF001 - the library has no option for it
        try:
            self.version = str(self._one(self._json("/version")).get("Version", ""))
        except StoreUnavailableError:
            self.close()
            raise
        except LedgerError as error:
            self.close()
            raise _not_kubo(url) from error

    def close(self) -> None:
        """Close the connections. Twice is once."""
        self._client.close()

    def add(self, body: multipart.StreamBase, *, pin: bool, directories_only: bool = False) -> list[dict[str, Any]]:
        """Upload files, and give what the daemon says of them: ``Name`` and ``Hash``, the root last.

        Args:
            body: The files as a multipart message.
            pin: Whether to pin the root.
            directories_only: Only report directories. Without it the daemon reports each file at once, and stops
                reading when nobody reads its reports.
        """
        options = _ADD_OPTIONS | {"pin": _flag(pin), "silent": _flag(directories_only)}
        return self._json("/add", options=options, data=body.body(), headers=body.headers())

    def block(self, cid: Cid) -> bytes:
        """A block as the daemon has it, unverified, at most one byte longer than a block may be.

        Raises:
            NotStoredError: It is not in the daemon's own repository.
        """
        block = bytearray()
        with self._errors(cid), self._stream("/block/get", cid) as parts:
            for part in parts:
                block += part[: MAX_NODE_SIZE + 1 - len(block)]
                if len(block) > MAX_NODE_SIZE:
                    break
        return bytes(block)

    def has(self, cid: Cid) -> bool:
        """Whether the daemon's own repository has the block."""
        try:
            self._json("/block/stat", cid)
        except NotStoredError:
            return False
        return True

    def cat(self, cid: Cid) -> Generator[bytes, None, None]:
        """A file's bytes as the daemon gives them, unverified, in parts of any length."""
        with self._errors(cid), self._stream("/cat", cid) as parts:
            yield from parts

    def pin(self, cid: Cid) -> None:
        """Pin a DAG.

        Raises:
            NotStoredError: The daemon does not have all of it.
        """
        self._json("/pin/add", cid, options={"recursive": "true"})

    def unpin(self, cid: Cid) -> None:
        """Remove a pin. None there is no error."""
        try:
            self._json("/pin/rm", cid, options={"recursive": "true"})
        except StorageError as error:
            if "not pinned" not in error.why:
                raise

    def pins(self) -> frozenset[Cid]:
        """What is pinned by itself, as far as its CID is of the kind used here."""
        found = set()
        for item in self._json("/pin/ls", options={"type": "recursive"}):
            for text in item.get("Keys") or {}:
                with contextlib.suppress(DocumentError):  # a pin of somebody else's, e.g. with a CIDv0
                    found.add(Cid.parse(text))
        return frozenset(found)

    def collect_garbage(self) -> int:
        """Delete every block that no pin keeps, and say how many there were."""
        removed = self._json("/repo/gc", timeout=(_SEND_TIMEOUT, _GARBAGE_TIMEOUT))
        if errors := [str(item["Error"]) for item in removed if item.get("Error")]:
            raise _refused(self.url, errors[0])
        return sum("Key" in item for item in removed)

    def _json(self, path: str, cid: Cid | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        with self._errors(cid):
            answer = self._request(path, cid, decoder="json", **kwargs)
        if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
            raise _not_kubo(self.url)
        return answer

    @contextlib.contextmanager
    def _stream(self, path: str, cid: Cid) -> Iterator[Iterator[bytes]]:
        """An answer in parts of a bounded size: the library's own streams are as long as the daemon likes."""
        open_, parts = self._client._client._request(  # noqa: SLF001 - its public way has no such bound
            "POST",
            path,
            [("offline", "true"), ("arg", str(cid))],
            auth=None,
            data=None,
            headers=None,
            timeout=None,
            chunk_size=CHUNK_SIZE,
        )
        try:
            yield parts
        finally:
            for each in open_:
                each.close()

    def _request(self, path: str, cid: Cid | None, options: dict[str, str] | None = None, **kwargs: Any) -> Any:
        arguments = () if cid is None else (str(cid),)
        options = {"offline": "true"} | (options or {})
        return self._client._client.request(path, arguments, opts=options, **kwargs)  # noqa: SLF001 - see above

    def _one(self, answer: list[dict[str, Any]]) -> dict[str, Any]:
        if len(answer) != 1:
            raise _not_kubo(self.url)
        return answer[0]

    @contextlib.contextmanager
    def _errors(self, cid: Cid | None) -> Iterator[None]:
        try:
            yield
        except exceptions.ErrorResponse as error:
            raise _from_message(self.url, cid, str(error.args[0])) from error
        except exceptions.StatusError as error:
            raise _unavailable(self.url, f"it answers {error.original}") from error
        except exceptions.EncoderError as error:
            raise _not_kubo(self.url) from error
        except exceptions.TimeoutError as error:
            raise _unavailable(self.url, "it does not answer in time") from error
        except (exceptions.Error, OSError) as error:  # requests' own errors are OSErrors too
            raise _unavailable(self.url, "nothing answers there, or the connection was lost") from error


class _Adapter(requests_wrapper.HTTPAdapter):  # type: ignore[misc] # untyped library
    """The library's own, without the option of which urllib3 2 warns on every connection."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:  # noqa: FBT001, FBT002 - requests' signature
        self.poolmanager = requests_wrapper.PoolManager(num_pools=connections, maxsize=maxsize, block=block, **options)


def _set_up(session: Any) -> None:
    for prefix in list(session.adapters):
        session.mount(prefix, _Adapter())
    session.max_redirects = 0
    session.trust_env = False  # a proxy from the environment is no place to send what is meant for one's own daemon


def _from_message(url: str, cid: Cid | None, message: str) -> LedgerError:
    if cid and ("not found" in message or "could not find" in message):
        return not_stored(cid)
    if "different hash than requested" in message:
        return CidMismatchError(
            f"The daemon at {url} holds a damaged block",
            why=message,
            fix="find it with 'ipfs repo verify', remove it, and add the content again",
        )
    if "no space left" in message:
        return NoSpaceError(
            f"The daemon at {url} has no space left", why=message, fix="free some space there, then run this again"
        )
    return _refused(url, message)


def _refused(url: str, message: str) -> StorageError:
    return StorageError(f"The daemon at {url} refused", why=message, fix="look at the daemon's own log")


def _unavailable(url: str, why: str) -> StoreUnavailableError:
    return StoreUnavailableError(
        f"The store at {url} cannot be used",
        why=why,
        fix="start the Kubo daemon ('ipfs daemon'), check the address and its authorization, then run this again",
    )


def _not_kubo(url: str) -> StoreUnavailableError:
    return _unavailable(url, "what answers there does not speak Kubo's RPC")


def _address(url: str) -> tuple[str, str]:
    if url.startswith("/"):
        return url, "api/v0"
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise _bad_url(_shown(parts), "it is no http: or https: address")
    if "@" in parts.netloc:
        raise _bad_url(_shown(parts), "a password does not belong into an address")
    kind = _kind(host)
    port = port or (443 if parts.scheme == "https" else 80)
    return f"/{kind}/{host}/tcp/{port}/{parts.scheme}", f"{parts.path.strip('/')}/api/v0".lstrip("/")


def _kind(host: str) -> str:
    try:
        return f"ip{ipaddress.ip_address(host).version}"
    except ValueError:
        return "dns"


def _shown(parts: SplitResult) -> str:
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _secret(url: str, path: Path) -> str:
    parts = urlsplit(url)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1") or url.startswith(("/unix/", "/ip4/127.", "/ip6/::1/"))
    if parts.scheme != "https" and not url.endswith("/https") and not local:
        raise _bad_url(url, "an authorization would cross the network in the clear")
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise _bad_url(url, f"others may read {path}, which holds its authorization")
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _bad_url(url, f"its authorization cannot be read from {path}") from error


def _bad_url(url: str, why: str) -> UsageError:
    return UsageError(
        f"{url!r} cannot be used as a store",
        why=why,
        fix="give an address such as http://127.0.0.1:5001, and its authorization in a file of mode 0600",
    )


def _flag(value: bool) -> str:  # noqa: FBT001 - it is what is written
    return "true" if value else "false"
