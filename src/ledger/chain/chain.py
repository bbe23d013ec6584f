"""A ledger on a chain: a node, checked against a deployment before anything is believed."""

from __future__ import annotations

from typing import Any, Self

from eth_utils.crypto import keccak
from web3.contract import Contract

from ledger.chain.artifacts import artifact
from ledger.chain.calls import Call
from ledger.chain.deployment import Deployment
from ledger.chain.node import DEFAULT_TIMEOUT, BlockRef, Node
from ledger.errors import WrongNetworkError
from ledger.model.ids import Address, UnixTime

__all__ = ["BlockRef", "Chain"]


class Chain(Node):
    """A connection to the ledger of a deployment. Safe to share among threads.

        with Chain.connect("http://127.0.0.1:8545", deployment) as chain:
            chain.call("Licences", "licenceCount")

    Attributes:
        w3: web3's own object, for what this package does not offer.
        deployment: The deployment it was checked against.
        chain_id: EIP-155 chain id.
    """

    def __init__(self, url: str, deployment: Deployment, *, timeout: float = DEFAULT_TIMEOUT) -> None:
        super().__init__(url, timeout=timeout)
        self.deployment = deployment
        self.chain_id = deployment.chain_id

    @classmethod
    def connect(cls, rpc_url: str, deployment: Deployment, *, timeout: float = DEFAULT_TIMEOUT) -> Self:
        """Connect, and check that this is the chain and these are the contracts of the deployment.

        Args:
            rpc_url: http(s) address of the node.
            deployment: Where the contracts stand.
            timeout: Seconds that a request may take.

        Raises:
            NodeUnavailableError: The node does not answer.
            WrongNetworkError: Chain id, anchor block or a contract's code is another.
        """
        chain = cls(rpc_url, deployment, timeout=timeout)
        try:
            chain.check()
        except BaseException:
            chain.close()
            raise
        return chain

    def check(self) -> None:
        """Check again what `connect` checks; a node can be started anew behind the same address.

        Raises:
            NodeUnavailableError: The node does not answer.
            WrongNetworkError: Chain id, anchor block or a contract's code is another.
        """
        found = self.read_chain_id()
        if found != self.chain_id:
            raise _wrong(f"{self.url} has chain id {found}, the deployment is on {self.chain_id}")
        anchor = self.deployment.anchor
        block = self.block(anchor.number)
        if block is None or block.hash != anchor.hash:
            raise _wrong(f"block {anchor.number} of {self.url} is not the one in which the ledger was deployed")
        for name, contract in self.deployment.contracts.items():
            code = self.code(contract.address)
            if not code:
                raise _wrong(f"there is no contract {name} at {contract.address}")
            if keccak(code) != contract.code_hash:
                raise _wrong(f"the contract at {contract.address} is not the ledger's {name}")

    def address(self, call: Call) -> Address:
        """Where a call goes.

        Raises:
            UsageError: The ledger has no such contract.
            WrongNetworkError: There is no contract at the address: a transaction there would do nothing, and succeed.
        """
        to = call.address or self.deployment.address(call.contract)
        if not self.code(to):
            raise _wrong(f"there is no contract {call.contract} at {to}")
        return to

    def contract(self, name: str) -> Contract:
        """web3's object for a contract.

        Raises:
            UsageError: The ledger has no contract of this name.
        """
        return self.w3.eth.contract(
            address=self.w3.to_checksum_address(self.deployment.address(name)), abi=list(artifact(name).abi)
        )

    def call(
        self, name: str, function: str, *arguments: Any, block: int | str = "latest", address: Address | None = None
    ) -> Any:
        """What a function answers: one value bare, several as a tuple, structs as dictionaries.

        Args:
            name: Contract.
            function: Its function, as in Solidity.
            arguments: In order; structs as tuples.
            block: Number or tag of the block whose state is read.
            address: Where the contract stands, if not where the deployment says.

        Raises:
            RefusedError: The contract refused, in words.
            WrongNetworkError: There is no contract at the address.
        """
        entry = artifact(name).function(function, len(arguments))
        to = address or self.deployment.address(name)
        answer = self.eth_call({"to": to, "data": "0x" + entry.encode(arguments).hex()}, block)
        if not answer and entry.outputs and not self.code(to):
            raise _wrong(f"there is no contract {name} at {to}")
        return entry.decode_output(answer) if entry.outputs else None

    def now(self) -> UnixTime:
        """Unix time of the newest block, in seconds: the time that contracts go by."""
        return self.head().time


def _wrong(why: str) -> WrongNetworkError:
    return WrongNetworkError(
        "This is not the ledger's network", why=why, fix="name the node and the deployment file that belong together"
    )
