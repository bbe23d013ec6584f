"""Deploy a ledger: every contract, its wiring, and all power handed to the consortium's authority.

The contracts are created one after another. Nothing refers to them until the last step but one, the wiring, which is a
single transaction: either every role is in place and the deployer has none, or nothing is. An interrupted deployment
leaves contracts that nobody uses; deploying again begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import rlp  # type: ignore[import-untyped]  # pyrlp ships no types
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from ledger.chain.abi import encode_values
from ledger.chain.account import Account, failure
from ledger.chain.artifacts import artifact
from ledger.chain.deployment import Anchor, DeployedContract, Deployment
from ledger.chain.node import Node, as_int
from ledger.chain.permissions import FOR_AUTHORITY, TABLE, Role
from ledger.chain.records import admission_tuple, windows_tuple
from ledger.chain.signers import Signer
from ledger.errors import ChainError, InputError, TransactionError
from ledger.model.ids import Address, Digest
from ledger.model.licence import Windows
from ledger.model.parties import Admission

__all__ = ["deploy"]

Report = Callable[[str], None]
"""Called with the name of each contract before it is created, and with ``wiring`` at the end."""


def deploy(
    rpc_url: str,
    signer: Signer,
    *,
    authority: Address,
    founders: Sequence[Admission],
    windows: Windows,
    settlement_token: Address | None = None,
    timeout: float = 120.0,
    report: Report | None = None,
) -> Deployment:
    """Deploy a ledger.

    Args:
        rpc_url: http(s) address of the node.
        signer: Who pays for the gas; it keeps no power, unless it is itself the authority.
        authority: Account that holds every role and may grant them: the consortium's.
        founders: The first members, with ids from 1 in this order.
        windows: How long each side has for its next step.
        settlement_token: Token allowed in offers; None deploys one that is worth nothing (local chains only).
        timeout: Seconds that each transaction may take.
        report: Told of each step.

    Raises:
        InputError: No contract stands at the settlement token's address.
        FundsError: The signer cannot pay for the gas.
        RefusedError: A contract refused: a founder's account twice, a window out of range, a chain that is not local.
        NodeUnavailableError: The node does not answer.
        TransactionError: A transaction was not mined in time.
    """
    with Node(rpc_url) as node:
        if settlement_token is not None and not node.code(settlement_token):
            raise InputError(
                "The settlement token cannot be used",
                why=f"no contract stands at {settlement_token}",
                fix="name the address of an ERC-20 token on this chain",
            )
        work = _Deployer(node, Account(node, node.read_chain_id(), signer), timeout, report or (lambda _step: None))
        work.create_all(founders, windows, signer.address, settlement_token)
        work.wire(authority, signer.address)
        return work.deployment()


def creation_address(creator: Address, nonce: int) -> Address:
    """Where the contract stands that an account creates in its transaction with this nonce (Yellow Paper, 7)."""
    digits = nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    return Address(to_checksum_address(keccak(rlp.encode([bytes.fromhex(creator[2:]), digits]))[12:]))


@dataclass
class _Deployer:
    node: Node
    account: Account
    timeout: float
    report: Report
    contracts: dict[str, DeployedContract] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)

    def create_all(
        self, founders: Sequence[Admission], windows: Windows, admin: Address, settlement_token: Address | None
    ) -> None:
        self._create("AccessManager", admin)
        manager = self._at("AccessManager")
        members = self._create("Members", manager, tuple(map(admission_tuple, founders)))
        datasets = self._create("Datasets", manager, members)
        licences, key_exchange = self._addresses_after_next(admin, 2, 3)
        benefits = self._create("Benefits", manager, members, licences)
        offers = self._create("Offers", members, datasets, benefits)
        bound = (benefits, key_exchange, windows_tuple(windows))
        self._create("Licences", manager, members, datasets, offers, *bound)
        self._create("KeyExchange", members, licences)
        if settlement_token is None:
            self._create("SettlementToken", manager)
        else:
            self._record("SettlementToken", settlement_token, self.node.head().number)

    def wire(self, authority: Address, deployer: Address) -> None:
        """Allow the token while the deployer is still the administrator, then hand everything over at once."""
        self.report("wiring")
        self._call("Benefits", "setTokenAllowed", self._at("SettlementToken"), True)  # noqa: FBT003 - ABI order
        steps = [
            *(self._rule(p.contract, p.role, p.functions) for p in TABLE if p.contract in self.created),
            *(self._step("labelRole", role, role.name) for role in Role if role is not Role.ADMIN),
            *(self._step("grantRole", role, authority, 0) for role in FOR_AUTHORITY),
        ]
        if authority != deployer:
            steps.append(self._step("renounceRole", Role.ADMIN, deployer))
        self._call("AccessManager", "multicall", steps)

    def deployment(self) -> Deployment:
        first = self.contracts["AccessManager"].block
        block = self.node.block(first)
        if block is None:
            raise ChainError(
                "The ledger was not deployed",
                why=f"block {first}, in which it began, is gone",
                fix="deploy again, once the chain has settled",
            )
        return Deployment(
            chain_id=self.node.read_chain_id(),
            anchor=Anchor(number=first, hash=Digest(block.hash)),
            contracts=self.contracts,
        )

    def _create(self, name: str, *arguments: Any) -> Address:
        self.report(name)
        contract = artifact(name)
        data = contract.bytecode + encode_values(contract.constructor.inputs, arguments, what=f"{name}'s constructor")
        receipt = self.account.transact(None, data, timeout=self.timeout)
        self._require_success(name, receipt)
        address = Address(self.node.w3.to_checksum_address(receipt["contractAddress"]))
        self._record(name, address, as_int(receipt["blockNumber"]))
        self.created.add(name)
        return address

    def _addresses_after_next(self, creator: Address, *steps: int) -> list[Address]:
        """Addresses of contracts yet to be created: ``Benefits`` obeys one ``Licences``, and that one ``KeyExchange``.

        If another program sends from the account meanwhile, the constructors notice and refuse.
        """
        nonce = self.node.transaction_count(creator, "pending")
        return [creation_address(creator, nonce + step) for step in steps]

    def _record(self, name: str, address: Address, block: int) -> None:
        code = self.node.code(address)
        self.contracts[name] = DeployedContract(address=address, block=block, code_hash=Digest(keccak(code)))

    def _call(self, name: str, function: str, *arguments: Any) -> None:
        data = artifact(name).function(function, len(arguments)).encode(arguments)
        self._require_success(name, self.account.transact(self._at(name), data, timeout=self.timeout))

    def _require_success(self, name: str, receipt: Any) -> None:
        if as_int(receipt["status"]) == 0:
            error = failure(self.node, receipt)
            raise TransactionError(
                "The ledger was not deployed",
                why=f"{name} failed: {error}",
                fix="mend what is wrong and deploy again; what was created so far is used by nobody",
            ) from error

    def _rule(self, contract: str, role: Role, functions: Sequence[str]) -> bytes:
        selectors = [entry.selector for entry in artifact(contract).functions.values() if entry.name in functions]
        return self._step("setTargetFunctionRole", self._at(contract), selectors, role)

    def _step(self, function: str, *arguments: Any) -> bytes:
        return artifact("AccessManager").function(function, len(arguments)).encode(arguments)

    def _at(self, name: str) -> Address:
        return self.contracts[name].address
