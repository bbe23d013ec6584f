"""A transaction before it is signed, in the forms that signers take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger.model.ids import Address

__all__ = ["UnsignedTransaction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsignedTransaction:
    """A transaction of type 2 (EIP-1559), or a legacy one with a chain id (EIP-155).

    Attributes:
        to: The contract; None to create one.
        data: Calldata.
        value: Native coin moved, in wei.
        gas: Gas limit.
        nonce: Transactions the sender has sent before.
        chain_id: EIP-155 chain id.
        max_fee_per_gas: Most paid for a unit of gas, in wei; None if legacy.
        max_priority_fee_per_gas: Of which to the block's producer, in wei; None if legacy.
        gas_price: Price of a unit of gas, in wei; None unless legacy.
    """

    to: Address | None
    data: bytes
    gas: int
    nonce: int
    chain_id: int
    value: int = 0
    max_fee_per_gas: int | None = None
    max_priority_fee_per_gas: int | None = None
    gas_price: int | None = None

    @property
    def is_legacy(self) -> bool:
        """Whether it names one gas price."""
        return self.gas_price is not None

    @property
    def most(self) -> int:
        """The most that it can cost its sender, in wei."""
        price = self.gas_price if self.gas_price is not None else self.max_fee_per_gas
        return self.gas * (price or 0) + self.value

    def as_dict(self) -> dict[str, Any]:
        """As `eth_account` takes it."""
        fields: dict[str, Any] = {
            "to": self.to or b"",
            "data": self.data,
            "value": self.value,
            "gas": self.gas,
            "nonce": self.nonce,
            "chainId": self.chain_id,
        }
        return fields | self._prices()

    def as_wallet_json(self) -> dict[str, str]:
        """As a wallet takes it in ``eth_sendTransaction``: hexadecimal quantities; no sender."""
        fields = {
            "data": "0x" + self.data.hex(),
            "value": hex(self.value),
            "gas": hex(self.gas),
            "nonce": hex(self.nonce),
            "chainId": hex(self.chain_id),
            "type": "0x0" if self.is_legacy else "0x2",
        }
        prices = {name: hex(price) for name, price in self._prices().items() if name != "type"}
        return ({"to": self.to} if self.to else {}) | fields | prices

    def _prices(self) -> dict[str, int]:
        if self.gas_price is not None:
            return {"gasPrice": self.gas_price}
        return {
            "type": 2,
            "maxFeePerGas": self.max_fee_per_gas or 0,
            "maxPriorityFeePerGas": self.max_priority_fee_per_gas or 0,
        }
