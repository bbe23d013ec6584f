"""What only a local chain can do: give coins away."""

from __future__ import annotations

from typing import Final

from ledger.chain.account import await_receipt
from ledger.chain.anvil import dev_signer
from ledger.chain.node import Node, as_bytes, as_int
from ledger.errors import UsageError
from ledger.model.ids import Address

__all__ = ["LOCAL_CHAINS", "fund", "require_local"]

LOCAL_CHAINS: Final = frozenset({31337, 1337})
"""Chain ids of anvil, Hardhat's node and Ganache."""


def require_local(chain_id: int) -> None:
    """Refuse what belongs on local chains only.

    Raises:
        UsageError: The chain is not one.
    """
    if chain_id not in LOCAL_CHAINS:
        raise UsageError(
            "This is for local chains only",
            why=f"the node is on chain {chain_id}, local ones are {', '.join(map(str, sorted(LOCAL_CHAINS)))}",
            fix="name a local node with --rpc",
        )


def fund(node: Node, account: Address, wei: int, *, timeout: float = 60.0) -> bytes:
    """Send native coin from the first account that every local chain has.

    Args:
        node: The local chain.
        account: Who receives it.
        wei: How much.
        timeout: Seconds to wait at most.

    Returns:
        Hash of the transaction.

    Raises:
        UsageError: The chain is not a local one.
        ChainError: The node refused, or did not mine it in time.
    """
    require_local(node.read_chain_id())
    giver = dev_signer(0).address
    shown = node.request("eth_sendTransaction", {"from": giver, "to": account, "value": hex(wei)})
    nonce = as_int(node.request("eth_getTransactionByHash", shown)["nonce"])
    await_receipt(node, as_bytes(shown), giver, nonce, timeout)
    return as_bytes(shown)
