"""A connection to one node, by JSON-RPC over HTTP.

Every request has a finite timeout, no redirect is followed, and CCIP-Read is off: a contract cannot make this program
fetch an address of its choosing (GHSA-5hr4-253g-cpx2). Whatever goes wrong on the way is a `ChainError`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from web3 import HTTPProvider, Web3
from web3.middleware import ExtraDataToPOAMiddleware
from web3.types import RPCEndpoint, RPCResponse

from ledger.chain.errors import decode_revert
from ledger.errors import ChainError, NodeUnavailableError, RefusedError, UsageError
from ledger.model.ids import Address, UnixTime

__all__ = ["DEFAULT_TIMEOUT", "BlockRef", "Node", "RpcError"]

DEFAULT_TIMEOUT: Final = 10.0
"""Seconds that a request may take."""

Answer = TypeVar("Answer")

CONNECTIONS: Final = 64
"""Connections kept open, so that many threads can share a node."""


TOO_MANY: Final = ("limit", "too many", "more than", "range", "size exceeded", "too large", "timeout", "timed out")
"""How nodes say that they give fewer logs at once."""


class RpcError(ChainError):
    """The node answered with an error.

    Args:
        message: The node's words.
        data: The node's further data, if any.
    """

    def __init__(self, message: str, data: Any) -> None:
        super().__init__(
            "The node refused the request",
            why=message[:300] or "it does not say why",
            fix="check the request and the node",
        )
        self.message = message
        self.data = data

    @property
    def revert_data(self) -> bytes | None:
        """What a contract reverted with; None if no contract did. Nodes put it in different places."""
        found = next(_hex_strings(self.data), None)
        if found is not None:
            return bytes.fromhex(found[2:])
        return b"" if "revert" in self.message.lower() else None

    def says(self, *words: str) -> bool:
        """Whether the message contains one of these, in any case."""
        return any(word in self.message.lower() for word in words)


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A block.

    Attributes:
        number: Its number.
        hash: Its hash, 32 bytes.
        time: Its Unix time, in seconds.
    """

    number: int
    hash: bytes
    time: UnixTime


class NodeProvider(HTTPProvider):
    """web3's HTTP provider, whose failures are this package's errors."""

    global_ccip_read_enabled = False
    ccip_read_max_redirects = 0  # so that a single call cannot turn it on either

    def __init__(self, url: str, timeout: float) -> None:
        self._shown = shown_url(url)
        self._timeout = timeout
        self._http = _session(url)
        super().__init__(
            url,
            request_kwargs={"timeout": timeout, "allow_redirects": False},
            session=self._http,
            exception_retry_configuration=None,
        )

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Ask the node; once more if the connection had gone stale.

        Raises:
            NodeUnavailableError: There is no usable answer in time.
        """
        return self._answered(lambda: super(NodeProvider, self).make_request(method, params))

    def ask_all(self, method: str, parameters: Sequence[Sequence[Any]]) -> Any:
        """Ask the node the same with each of these parameters, in one request; None if it refuses such requests.

        Raises:
            NodeUnavailableError: There is no usable answer in time.
        """
        asked: list[Any] = [
            {"jsonrpc": "2.0", "id": place, "method": method, "params": list(given)}
            for place, given in enumerate(parameters)
        ]
        address = str(self.endpoint_uri)

        def ask() -> Any:
            answer = self._http.post(address, json=asked, timeout=self._timeout, allow_redirects=False)
            return answer.json() if answer.ok else None

        return self._answered(ask)

    def _answered(self, ask: Callable[[], Answer]) -> Answer:
        try:
            try:
                return ask()
            except requests.ConnectionError:
                return ask()
        except requests.Timeout as error:
            raise self._unavailable(f"{self._shown} did not answer within {self._timeout:g} s") from error
        except requests.ConnectionError as error:
            raise self._unavailable(f"nothing answers at {self._shown}") from error
        except requests.HTTPError as error:
            status = error.response.status_code if error.response is not None else "unknown"
            raise self._unavailable(f"{self._shown} answers with HTTP status {status}") from error
        except (requests.RequestException, ValueError) as error:
            raise self._unavailable(f"{self._shown} does not speak JSON-RPC ({type(error).__name__})") from error

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _unavailable(self, why: str) -> NodeUnavailableError:
        return NodeUnavailableError(
            "The node does not answer", why=why, fix="start the node, or name another one with --rpc"
        )


class Node:
    """A connection to a node. Safe to share among threads; close it, or use it as a context manager.

    Args:
        url: http(s) address of the node.
        timeout: Seconds that a request may take.

    Raises:
        UsageError: The address is not http(s).
    """

    def __init__(self, url: str, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise UsageError(
                "The node's address cannot be used",
                why=f"{shown_url(url)} is not an http or https address",
                fix="give it as http://host:port",
            )
        self._provider = NodeProvider(url, timeout)
        self.w3 = Web3(self._provider, middleware=[])
        self.w3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
        self.url = shown_url(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._provider.close()

    def request(self, method: str, *params: Any) -> Any:
        """One JSON-RPC request, its result as the node gave it.

        Raises:
            NodeUnavailableError: There is no usable answer in time.
            RpcError: The node answered with an error.
        """
        return _result(self._provider.make_request(RPCEndpoint(method), list(params)))

    def request_all(self, method: str, parameters: Sequence[Sequence[Any]]) -> list[Any]:
        """The same JSON-RPC request with each of these parameters: all at once, if the node takes it so.

        Returns:
            The results as the node gave them, in order.

        Raises:
            NodeUnavailableError: There is no usable answer in time.
            RpcError: The node answered one of them with an error.
        """
        if len(parameters) > 1:
            answers = self._provider.ask_all(method, parameters)
            by_place = {a.get("id"): a for a in answers if isinstance(a, dict)} if isinstance(answers, list) else {}
            if by_place.keys() == set(range(len(parameters))):
                return [_result(by_place[place]) for place in range(len(parameters))]
        return [self.request(method, *given) for given in parameters]

    def read_chain_id(self) -> int:
        """EIP-155 chain id of the node."""
        return as_int(self.request("eth_chainId"))

    def header(self, block: str) -> Any:
        """A block by number or tag, as JSON-RPC gives it, with hashes of its transactions; None if there is none."""
        return self.request("eth_getBlockByNumber", block, False)  # noqa: FBT003 - the protocol's own parameter

    def head(self) -> BlockRef:
        """The newest block."""
        return _block_ref(self.header("latest"))

    def block(self, number: int) -> BlockRef | None:
        """The block of this number, if there is one."""
        found = self.header(hex(number))
        return None if found is None else _block_ref(found)

    def code(self, address: str) -> bytes:
        """The code at an address; empty if there is none."""
        return as_bytes(self.request("eth_getCode", address, "latest"))

    def balance(self, address: str) -> int:
        """Native coin of an account, in wei."""
        return as_int(self.request("eth_getBalance", address, "latest"))

    def transaction_count(self, address: str, block: str = "latest") -> int:
        """Transactions an account has sent; with ``pending``, those not yet mined too."""
        return as_int(self.request("eth_getTransactionCount", address, block))

    def logs(self, addresses: Sequence[str], first: int, last: int, topics: Sequence[str] = ()) -> list[dict[str, Any]]:
        """Logs as JSON-RPC gives them; a range that the node finds too large is asked for in halves.

        Args:
            addresses: Contracts that emitted them.
            first: Number of the first block.
            last: Number of the last block.
            topics: What the first topics must be.

        Raises:
            RpcError: The node refused for another reason.
        """
        wanted = {"address": list(addresses), "fromBlock": hex(first), "toBlock": hex(last), "topics": list(topics)}
        try:
            found: list[dict[str, Any]] = self.request("eth_getLogs", wanted)
        except RpcError as error:
            if first >= last or not error.says(*TOO_MANY):
                raise
            middle = (first + last) // 2
            return self.logs(addresses, first, middle, topics) + self.logs(addresses, middle + 1, last, topics)
        return found

    def eth_call(self, fields: dict[str, str], block: int | str = "latest", *, token: Address | None = None) -> bytes:
        """Execute a call without a transaction.

        Args:
            fields: ``to``, ``data`` and, if they matter, ``from`` and ``gas``.
            block: Number or tag of the block whose state is used.
            token: Settlement token that the call moves, to be named where tokens are lacking.

        Raises:
            RefusedError: A contract reverted, in words.
            FundsError: The account has too few tokens.
            RpcError: The node refused for another reason.
        """
        try:
            return as_bytes(self.request("eth_call", fields, hex(block) if isinstance(block, int) else block))
        except RpcError as error:
            raise explained(error, token) from error


def explained(error: RpcError, token: Address | None = None) -> ChainError | RefusedError:
    """The contract's own error if one reverted, else the node's."""
    data = error.revert_data
    if data is None:
        return error
    decoded = decode_revert(data, token=token)
    return decoded if isinstance(decoded, ChainError | RefusedError) else error


def as_int(quantity: Any) -> int:
    """A JSON-RPC quantity.

    Raises:
        NodeUnavailableError: It is none.
    """
    try:
        return int(quantity, 16)
    except (TypeError, ValueError) as error:
        raise _nonsense(quantity) from error


def as_bytes(data: Any) -> bytes:
    """JSON-RPC data.

    Raises:
        NodeUnavailableError: It is none.
    """
    try:
        return bytes.fromhex(data.removeprefix("0x"))
    except (AttributeError, ValueError) as error:
        raise _nonsense(data) from error


def shown_url(url: str) -> str:
    """Scheme, host and port: what may be shown of an address, as paths and queries of providers hold keys."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _result(answer: Any) -> Any:
    if not isinstance(answer, dict):
        raise _nonsense(answer)
    error: Any = answer.get("error")
    if error is None:
        return answer.get("result")
    if not isinstance(error, dict):
        raise RpcError(str(error), None)
    raise RpcError(str(error.get("message", "")), error.get("data"))


def _block_ref(block: Any) -> BlockRef:
    if not isinstance(block, dict):
        raise _nonsense(block)
    return BlockRef(as_int(block.get("number")), as_bytes(block.get("hash")), UnixTime(as_int(block.get("timestamp"))))


def _nonsense(value: Any) -> NodeUnavailableError:
    return NodeUnavailableError(
        "The node's answer makes no sense", why=f"it holds {str(value)[:60]!r}", fix="check that it is an Ethereum node"
    )


def _session(url: str) -> requests.Session:
    session = requests.Session()
    adapter = HTTPAdapter(pool_maxsize=CONNECTIONS, pool_block=True)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.trust_env = not _is_loopback(urlsplit(url).hostname or "")  # no proxy stands before one's own machine
    return session


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _hex_strings(value: Any) -> Iterator[str]:
    """Hexadecimal data in an error's data: bare, or inside under the names that nodes use."""
    if isinstance(value, str) and value.startswith("0x") and len(value) % 2 == 0:
        yield value
    if isinstance(value, dict):
        for name in ("data", "result", "return", "originalError"):
            yield from _hex_strings(value.get(name))
