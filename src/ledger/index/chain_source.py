"""Blocks and events from a node, by JSON-RPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from eth_utils.crypto import keccak

from ledger.chain.chain import Chain
from ledger.chain.events import LEDGER_CONTRACTS, Event, decode_logs, fetch_events
from ledger.chain.node import RpcError, as_bytes, as_int
from ledger.errors import NodeUnavailableError
from ledger.index.source import Block, MovedError

__all__ = ["ChainSource", "may_hold"]

_BLOOM_BYTES: Final = 256
_AT_ONCE: Final = 50


class ChainSource:
    """A ledger's chain as a :class:`~ledger.index.source.Source`.

    Args:
        chain: The ledger.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._addresses = [chain.deployment.address(name) for name in LEDGER_CONTRACTS]
        self._filters = [_bits(bytes.fromhex(address[2:])) for address in self._addresses]

    @property
    def identity(self) -> Mapping[str, str]:
        """Chain id, anchor and addresses of the deployment."""
        anchor = self._chain.deployment.anchor
        return {
            "chain_id": str(self._chain.chain_id),
            "anchor": f"{anchor.number} 0x{anchor.hash.hex()}",
            "contracts": " ".join(self._addresses),
        }

    @property
    def anchor(self) -> tuple[int, bytes]:
        """The deployment's first block."""
        anchor = self._chain.deployment.anchor
        return anchor.number, anchor.hash

    def head(self) -> Block:
        """The last block."""
        block = self._asked_for("latest")
        if block is None:
            raise _incomplete("it has no last block")
        return block

    def block(self, number: int) -> Block | None:
        """The block at this height."""
        return self._asked_for(hex(number))

    def blocks(self, numbers: Sequence[int]) -> Sequence[Block | None]:
        """The blocks at these heights, many in one request."""
        found: list[Any] = []
        for start in range(0, len(numbers), _AT_ONCE):
            wanted = [(hex(number), False) for number in numbers[start : start + _AT_ONCE]]
            found += self._chain.request_all("eth_getBlockByNumber", wanted)
        return [self._header(block) for block in found]

    def events(self, first: int, last: int) -> Sequence[Event]:
        """Events in these blocks."""
        return fetch_events(self._chain, first, last)

    def events_of(self, block: Block) -> Sequence[Event]:
        """Events in exactly this block (EIP-234)."""
        wanted = {"address": self._addresses, "blockHash": "0x" + block.hash.hex()}
        try:
            logs = self._chain.request("eth_getLogs", wanted)
        except RpcError as error:
            if self.block(block.number) != block:
                raise MovedError from error
            raise
        return decode_logs(logs, self._chain.deployment)

    def _asked_for(self, which: str) -> Block | None:
        return self._header(self._chain.header(which))

    def _header(self, found: Any) -> Block | None:
        if found is None:
            return None
        if not isinstance(found, Mapping):
            raise _incomplete("a block is not an object")
        bloom = found.get("logsBloom")
        return Block(
            number=as_int(found.get("number")),
            hash=as_bytes(found.get("hash")),
            parent_hash=as_bytes(found.get("parentHash")),
            time=as_int(found.get("timestamp")),
            silent=bloom is not None and not any(may_hold(as_bytes(bloom), bits) for bits in self._filters),
        )


def may_hold(bloom: bytes, bits: int) -> bool:
    """Whether a block with this bloom filter may have logs of the address with these bits (Yellow Paper, 4.4.3)."""
    return len(bloom) != _BLOOM_BYTES or int.from_bytes(bloom) & bits == bits


def _bits(address: bytes) -> int:
    digest = keccak(address)
    places = (int.from_bytes(digest[i : i + 2]) % (8 * _BLOOM_BYTES) for i in (0, 2, 4))
    bits = 0
    for place in places:
        bits |= 1 << place
    return bits


def _incomplete(why: str) -> NodeUnavailableError:
    return NodeUnavailableError("The node's answer makes no sense", why=why, fix="check that it is an Ethereum node")
