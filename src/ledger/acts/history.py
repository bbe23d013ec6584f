"""Looking up what the ledger said once, by the names and ids in its events."""

from __future__ import annotations

from ledger.chain.artifacts import artifact
from ledger.chain.chain import Chain
from ledger.chain.events import Event, decode_logs
from ledger.errors import IntegrityError

__all__ = ["find_event", "find_events"]


def find_events(chain: Chain, contract: str, name: str, *indexed: int | None) -> tuple[Event, ...]:
    """The events of one kind, oldest first.

    Args:
        chain: The ledger.
        contract: Who emitted them.
        name: The event, e.g. ``LicenceApplied``.
        indexed: Values of its indexed parameters in order; None for any.

    Raises:
        NodeUnavailableError: The node does not answer.
    """
    topic = next(topic for topic, entry in artifact(contract).events.items() if entry.name == name)
    wanted = {
        "address": chain.deployment.address(contract),
        "fromBlock": hex(chain.deployment.contracts[contract].block),
        "toBlock": "latest",
        "topics": ["0x" + topic.hex(), *(None if value is None else f"0x{value:064x}" for value in indexed)],
    }
    return decode_logs(chain.request("eth_getLogs", wanted), chain.deployment)


def find_event(chain: Chain, contract: str, name: str, *indexed: int | None) -> Event:
    """The one event of this kind.

    Raises:
        IntegrityError: The node has none, or several.
        NodeUnavailableError: The node does not answer.
    """
    found = find_events(chain, contract, name, *indexed)
    if len(found) != 1:
        raise IntegrityError(
            f"The ledger's history is not whole at this node: {name}",
            why=f"it has {len(found)} such events where there is one",
            fix="ask another node, one that keeps all logs",
        )
    return found[0]
