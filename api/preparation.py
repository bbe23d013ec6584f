"""From an action to what a wallet signs, with the words that say what signing does."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from api.actions import Action, Message
from api.parameters import Parameters
from ledger.chain.chain import Chain
from ledger.chain.transactions import prepare as prepare_transaction
from ledger.model.ids import Address, AddressField

__all__ = ["Preparation", "Prepared", "prepare"]

P = TypeVar("P", bound=Parameters)


class Preparation(BaseModel, Generic[P]):
    """What is to be prepared, and for whom to sign."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sender: AddressField = Field(alias="from", description="The account that will sign")
    parameters: P


class Cost(BaseModel):
    """What the transaction costs at most."""

    gas: str = Field(examples=["120000"], description="Estimated gas with a margin of 20 %")
    most: str = Field(examples=["240000000000000"], description="Most of the native coin that it can cost, in wei")


class Prepared(BaseModel):
    """Something to sign. Read `summary` and `consequences` first."""

    action: str = Field(examples=["licences.pay"])
    kind: Literal["transaction", "message"]
    summary: str = Field(examples=["Pay the agreed price of licence 1 into escrow, from your allowance."])
    consequences: list[str] = Field(examples=[["1,000.00 LST moves from 0x… into escrow"]])
    transaction: dict[str, str] | None = Field(
        default=None, description="For `eth_sendTransaction` or `eth_signTransaction`", examples=[{"to": "0x…"}]
    )
    cost: Cost | None = None
    message: dict[str, Any] | None = Field(
        default=None, description="For `eth_signTypedData_v4`", examples=[{"primaryType": "Agreement"}]
    )
    digest: str | None = Field(default=None, description="What a signature of the message signs (EIP-712)")


def prepare(chain: Chain, action: Action[P], sender: Address, parameters: P) -> Prepared:
    """Prepare an action for its signer.

    Raises:
        RefusedError: A contract would refuse it.
        FundsError: The sender cannot pay for it.
        ChainError: The node cannot be asked.
    """
    intent = action.intent(chain, sender, parameters)
    if isinstance(intent, Message):
        return Prepared(
            action=action.name,
            kind="message",
            summary=intent.summary,
            consequences=list(action.explanation(chain, sender, parameters)),
            message=dict(intent.message),
            digest="0x" + intent.digest.hex(),
        )
    unsigned = prepare_transaction(chain, intent, sender)
    return Prepared(
        action=action.name,
        kind="transaction",
        summary=intent.summary,
        consequences=list(action.explanation(chain, sender, parameters)),
        transaction=unsigned.as_wallet_json(),
        cost=Cost(gas=str(unsigned.gas), most=str(unsigned.most)),
    )
