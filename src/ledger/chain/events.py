"""What the contracts said: logs decoded into events.

Arguments go by snake_case name: ids and enumerations as ``int``, ``bytes32`` as ``bytes``, addresses checksummed,
structs as dictionaries. Text has lone surrogates for bytes that are not UTF-8. `Event.shown` gives them for people,
with states by name and times as ISO 8601.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_utils.address import to_checksum_address

from ledger.chain.abi import Entry, decode_values, snake_case
from ledger.chain.artifacts import artifact
from ledger.chain.chain import Chain
from ledger.chain.deployment import Deployment
from ledger.chain.display import shown_all
from ledger.chain.node import as_bytes, as_int
from ledger.errors import IntegrityError, WrongNetworkError

__all__ = ["LEDGER_CONTRACTS", "Event", "decode_log", "decode_logs", "fetch_events"]

LEDGER_CONTRACTS: Final[tuple[str, ...]] = (
    "AccessManager",
    "Members",
    "Datasets",
    "Benefits",
    "Offers",
    "Licences",
    "KeyExchange",
)
"""Contracts whose events make up the ledger's history. The settlement token has a life of its own."""


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded log.

    Attributes:
        name: The event, e.g. ``LicencePaid``.
        contract: The contract that emitted it.
        arguments: By snake_case name.
        block_number: Its block.
        block_hash: Hash of its block, 32 bytes.
        transaction_hash: Its transaction, 32 bytes.
        log_index: Its place in the block.
    """

    name: str
    contract: str
    arguments: dict[str, Any]
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    log_index: int

    def shown(self) -> dict[str, Any]:
        """The arguments as plain JSON values for people."""
        return shown_all(artifact(self.contract).event(self.name).inputs, self.arguments)


def decode_log(log: Mapping[str, Any], deployment: Deployment) -> Event | None:
    """A log as JSON-RPC gives it; None if another contract than the deployment's emitted it.

    Raises:
        WrongNetworkError: The contract is the deployment's, but its ABI has no such event.
        IntegrityError: The log does not decode.
    """
    contract = deployment.contract_at(to_checksum_address(log["address"]))
    if contract is None:
        return None
    topics = [as_bytes(topic) for topic in log["topics"]]
    entry = artifact(contract).events.get(topics[0]) if topics else None
    if contract not in LEDGER_CONTRACTS and (entry is None or entry.topic_count != len(topics)):
        return None  # a consortium's own token may say other things than the package's
    if entry is None:
        raise WrongNetworkError(
            "An event of the ledger is not known",
            why=f"{contract} emitted one with topic 0x{topics[0].hex() if topics else ''}",
            fix="use the software of the version that the ledger was deployed with",
        )
    return Event(
        name=entry.name,
        contract=contract,
        arguments=_arguments(entry, topics[1:], as_bytes(log["data"])),
        block_number=as_int(log["blockNumber"]),
        block_hash=as_bytes(log["blockHash"]),
        transaction_hash=as_bytes(log["transactionHash"]),
        log_index=as_int(log["logIndex"]),
    )


def decode_logs(logs: Sequence[Mapping[str, Any]], deployment: Deployment) -> tuple[Event, ...]:
    """The events of the deployment's contracts among logs, in their order."""
    return tuple(event for log in logs if (event := decode_log(log, deployment)) is not None)


def fetch_events(chain: Chain, first: int, last: int) -> list[Event]:
    """The ledger's events in blocks `first` to `last`, both included, in order of block and log index.

    A range that the node finds too large is asked for in halves.

    Raises:
        NodeUnavailableError: The node does not answer.
        WrongNetworkError: A contract emitted an event that its ABI does not have.
    """
    addresses = [chain.deployment.address(name) for name in LEDGER_CONTRACTS]
    events = decode_logs(chain.logs(addresses, first, last), chain.deployment)
    return sorted(events, key=lambda event: (event.block_number, event.log_index))


def _arguments(entry: Entry, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
    indexed = [p for p in entry.inputs if p.indexed]
    unindexed = [p for p in entry.inputs if not p.indexed]
    # Any text: or a member could stop everybody who reads events, by registering a line that is none.
    said = decode_values(unindexed, data, any_text=True)
    values = {snake_case(p.name): v for p, v in zip(unindexed, said, strict=True)}
    if len(topics) != len(indexed):
        raise IntegrityError(
            "The chain's answer cannot be read",
            why=f"a log of {entry.name} has {len(topics)} indexed arguments, not {len(indexed)}",
            fix="check that the node and the deployment file belong to the same ledger",
        )
    for parameter, topic in zip(indexed, topics, strict=True):
        bare = topic if parameter.is_dynamic_topic else decode_values([parameter], topic)[0]
        values[snake_case(parameter.name)] = bare
    return {snake_case(p.name): values[snake_case(p.name)] for p in entry.inputs}
