"""Deployment: every contract in place, all power with the authority, none with the deployer; all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.chain import benefits, licences, members, tokens
from ledger.chain.account import Account
from ledger.chain.anvil import Anvil, dev_signer
from ledger.chain.artifacts import CONTRACTS, artifact
from ledger.chain.chain import Chain
from ledger.chain.deploy import creation_address, deploy
from ledger.chain.deployment import Deployment
from ledger.chain.events import fetch_events
from ledger.chain.node import Node
from ledger.chain.permissions import FOR_AUTHORITY, TABLE, Role
from ledger.chain.signers import LocalSigner
from ledger.errors import FundsError, InputError, NodeUnavailableError, RefusedError
from ledger.model.ids import Address
from ledger.model.licence import Windows
from ledger.model.parties import MemberStatus
from tests.support import nodes
from tests.support.world import DEPLOYER, FOUNDERS, OPERATOR, WINDOWS, World, founders, poor_signer

AUTHORITY = dev_signer(OPERATOR).address
ADMIN_FUNCTIONS = 0


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with nodes.anvil() as anvil, Node(anvil.url) as connected:
        yield connected


def settle(url: str, signer: LocalSigner | None = None, **changes: Any) -> Deployment:
    wanted: dict[str, Any] = {"authority": AUTHORITY, "founders": founders(), "windows": WINDOWS} | changes
    return deploy(url, signer or dev_signer(DEPLOYER), **wanted)


def test_every_contract_stands_where_the_deployment_says(world: World) -> None:
    assert set(world.deployment.contracts) == set(CONTRACTS)
    for name, contract in world.deployment.contracts.items():
        assert artifact(name).matches(world.chain.code(contract.address)), name
        assert contract.block >= world.deployment.anchor.number


def test_the_founders_are_the_first_members(world: World) -> None:
    assert members.count(world.chain) == len(FOUNDERS)
    for person, (_, kinds, _) in zip(
        (world.hospital, world.institute, world.company, world.fund, world.platform), FOUNDERS, strict=True
    ):
        found = members.member(world.chain, person.id)
        assert (found.principal, found.kinds, found.status) == (person.address, kinds, MemberStatus.ACTIVE)


def test_the_windows_are_those_asked_for_and_the_token_is_allowed(world: World) -> None:
    assert licences.windows(world.chain) == WINDOWS
    assert benefits.is_token_allowed(world.chain, world.token)


def test_the_deployer_keeps_nothing(world: World) -> None:
    deployer = dev_signer(DEPLOYER).address
    for role in Role:
        assert world.chain.call("AccessManager", "hasRole", role, deployer) == (False, 0)
    events = fetch_events(world.chain, 0, world.chain.head().number)
    held: set[tuple[int, str]] = set()
    for event in events:
        if event.name == "RoleGranted":
            held.add((event.arguments["role_id"], event.arguments["account"]))
        if event.name == "RoleRevoked":
            held.discard((event.arguments["role_id"], event.arguments["account"]))
    assert held == {(role, AUTHORITY) for role in FOR_AUTHORITY}


def test_the_authority_holds_every_role(world: World) -> None:
    for role in FOR_AUTHORITY:
        assert world.chain.call("AccessManager", "hasRole", role, AUTHORITY) == (True, 0)


def test_each_function_obeys_the_role_of_the_table(world: World) -> None:
    in_table = {(row.contract, function): row.role for row in TABLE for function in row.functions}
    for contract in world.deployment.contracts:
        for entry in artifact(contract).functions.values():
            role = world.chain.call(
                "AccessManager", "getTargetFunctionRole", world.deployment.address(contract), entry.selector
            )
            assert role == in_table.get((contract, entry.name), ADMIN_FUNCTIONS), f"{contract}.{entry.name}"


def test_what_a_role_may_do_is_refused_to_others(world: World) -> None:
    for row in TABLE:
        for function in row.functions:
            entry = next(e for e in artifact(row.contract).functions.values() if e.name == function)
            data = entry.encode([_any(p.type) for p in entry.inputs])
            call = {"from": world.stranger.address, "to": world.deployment.address(row.contract), "data": _hex(data)}
            with pytest.raises(RefusedError) as refused:
                world.chain.eth_call(call)
            assert refused.value.name == "AccessManagedUnauthorized", f"{row.contract}.{function}"


def test_the_authority_may_deploy_itself(node: Node) -> None:
    deployment = settle(node.url, dev_signer(OPERATOR))
    with Chain.connect(node.url, deployment) as chain:
        for role in FOR_AUTHORITY:
            assert chain.call("AccessManager", "hasRole", role, AUTHORITY) == (True, 0)


def test_a_consortium_brings_its_own_token(node: Node) -> None:
    first = settle(node.url)
    token = first.address("SettlementToken")
    second = settle(node.url, settlement_token=token)
    assert second.address("SettlementToken") == token
    with Chain.connect(node.url, second) as chain:
        assert benefits.is_token_allowed(chain, token)
        selector = artifact("SettlementToken").function("mint", 2).selector
        assert chain.call("AccessManager", "getTargetFunctionRole", token, selector) == ADMIN_FUNCTIONS


def test_a_token_that_is_not_there_is_refused_before_anything_is_sent(node: Node) -> None:
    before = node.transaction_count(dev_signer(DEPLOYER).address)
    with pytest.raises(InputError, match="settlement token cannot be used"):
        settle(node.url, settlement_token=Address("0x000000000000000000000000000000000000dEaD"))
    assert node.transaction_count(dev_signer(DEPLOYER).address) == before


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"founders": [founders()[0], founders()[0]]}, "AccountTaken"),
        ({"windows": Windows.model_construct(payment=1, delivery=60, acceptance=60)}, "WindowsInvalid"),
    ],
)
def test_what_a_contract_refuses_is_told_in_its_words(node: Node, changes: dict[str, Any], name: str) -> None:
    with pytest.raises(RefusedError) as refused:
        settle(node.url, **changes)
    assert refused.value.name == name


def test_the_package_s_token_is_for_local_chains_only() -> None:
    with Anvil(chain_id=4242) as elsewhere, pytest.raises(RefusedError) as refused:
        settle(elsewhere.url)
    assert refused.value.name == "LocalNetworksOnly"


def test_a_deployer_without_coins_is_told(node: Node) -> None:
    with pytest.raises(FundsError, match="cannot pay for gas"):
        settle(node.url, poor_signer())


def test_a_node_that_is_down_is_told() -> None:
    with Anvil() as gone:
        url = gone.url
    with pytest.raises(NodeUnavailableError):
        settle(url)


class Interruption(Exception):  # noqa: N818 - what a user does is no error
    """Somebody pulls the plug."""


@pytest.mark.parametrize("step", [*CONTRACTS, "wiring"])
def test_an_interrupted_deployment_can_begin_anew(node: Node, step: str) -> None:
    def stop_at(name: str) -> None:
        if name == step:
            raise Interruption

    with pytest.raises(Interruption):
        settle(node.url, report=stop_at)
    deployment = settle(node.url)
    with Chain.connect(node.url, deployment) as chain:
        assert members.count(chain) == len(FOUNDERS)


def test_somebody_else_sending_from_the_account_spoils_nothing_unseen(node: Node) -> None:
    """`Benefits` and `Licences` are bound to addresses that depend on the account's next numbers."""
    token = settle(node.url).address("SettlementToken")
    other = Account(node, node.read_chain_id(), dev_signer(DEPLOYER))

    def meddle(name: str) -> None:
        if name == "Offers":
            other.transact(token, artifact("SettlementToken").function("approve", 2).encode((AUTHORITY, 1)))

    with pytest.raises(RefusedError) as refused:
        settle(node.url, report=meddle)
    assert refused.value.name == "BenefitsBoundElsewhere"


def test_the_address_of_a_creation_is_known_beforehand() -> None:
    # The example of the Ethereum Stack Exchange and of every library: https://github.com/ethereum/web3.py tests.
    creator = Address("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
    expected = [
        "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d",
        "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8",
        "0xf778b86fa74e846c4f0a1fbd1335fe81c00a0c91",
        "0xfffd933a0bc612844eaf0c6fe3e5b8e9b6c1d19c",
    ]
    assert [creation_address(creator, nonce).lower() for nonce in range(4)] == expected


def test_a_deployment_file_opens_the_ledger_again(world: World, tmp_path: Path) -> None:
    path = tmp_path / "deployment.json"
    world.deployment.write(path)
    with Chain.connect(world.url, Deployment.read(path)) as chain:
        assert tokens.info(chain, world.token) == ("Settlement Token", "SETTLE", 2, "1")


def _any(kind: str) -> Any:
    if kind.startswith("("):
        return (AUTHORITY, 1, b"DE", bytes(32), "name") if kind.startswith("(address") else (60, 60, 60)
    return AUTHORITY if kind == "address" else kind == "bool" or 1


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
