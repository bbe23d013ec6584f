"""Commands whose whole work is one transaction, and what is shown of a transaction."""

from __future__ import annotations

from typing import Any

from ledger.acts.license import Step
from ledger.chain.calls import Call
from ledger.chain.transactions import Outcome
from ledger.cli.desk import Desk
from ledger.cli.output import Record

__all__ = ["mined", "send", "stepped"]


def send(desk: Desk, call: Call, **values: Any) -> Record:
    """Sign and send a call, and show what it did."""
    return Record({**values, **mined(desk.sender.send(call))})


def stepped(step: Step, **values: Any) -> Record:
    """Show a step in a licence's life."""
    title = "" if step.outcome else "This had been done before; nothing was sent."
    return Record({"licence": step.licence, "state": step.state, **values, **mined(step.outcome)}, title=title)


def mined(outcome: Outcome | None) -> dict[str, Any]:
    """A transaction as named values; all None if there was none."""
    return {
        "transaction": outcome and outcome.tx_hash,
        "block": outcome and outcome.block_number,
        "gas_used": outcome and outcome.gas_used,
    }
