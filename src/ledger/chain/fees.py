"""What a unit of gas costs, as the node's blocks say (EIP-1559), or in one price where they have no base fee."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.chain.node import Node, RpcError, as_int

__all__ = ["prices"]


def prices(node: Node, block: Mapping[str, Any], *, legacy: bool | None) -> dict[str, int]:
    """Prices for a transaction after this block, by the names of `UnsignedTransaction`, in wei.

    Networks at no price are no special case: where the node asks for nothing, nothing is offered.

    Args:
        node: The node.
        block: Its newest block, as JSON-RPC gives it.
        legacy: Whether to name one price; default: only if the block has no base fee.
    """
    base = block.get("baseFeePerGas")
    asked = as_int(node.request("eth_gasPrice"))
    if legacy or (legacy is None and base is None):
        return {"gas_price": asked}
    fee = as_int(base or "0x0")
    tip = min(_tip(node, asked), max(asked - fee, 0))
    return {"max_fee_per_gas": 2 * fee + tip, "max_priority_fee_per_gas": tip}


def _tip(node: Node, asked: int) -> int:
    try:
        return as_int(node.request("eth_maxPriorityFeePerGas"))
    except RpcError:
        return asked  # an older node does not know the question; its price covers base fee and tip
