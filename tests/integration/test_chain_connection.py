"""Connecting: nodes that are down, slow or strange, other chains, other contracts; and CCIP-Read, which is off."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_typing import HexStr
from eth_utils.crypto import keccak
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractLogicError, TooManyRequests, Web3ValueError
from web3.utils import exception_handling

from ledger.chain import licences
from ledger.chain.account import Account
from ledger.chain.anvil import Anvil, dev_signer, free_port
from ledger.chain.chain import Chain
from ledger.chain.deploy import creation_address
from ledger.chain.deployment import Anchor, DeployedContract, Deployment
from ledger.chain.node import Node, RpcError
from ledger.chain.transactions import prepare
from ledger.errors import LedgerError, NodeUnavailableError, RefusedError, UsageError, WrongNetworkError
from ledger.model.ids import Address, Digest
from tests.support.http import Asked, Reply, serving
from tests.support.world import World

ELSEWHERE = Address("0x000000000000000000000000000000000000dEaD")


def answering(result: Any) -> Callable[[Asked], Reply]:
    return lambda _: Reply(json.dumps({"jsonrpc": "2.0", "id": 0, "result": result}).encode())


def test_a_node_that_is_down_is_told(world: World) -> None:
    port = free_port()
    with pytest.raises(NodeUnavailableError) as refused:
        Chain.connect(f"http://127.0.0.1:{port}", world.deployment)
    assert refused.value.why == f"nothing answers at http://127.0.0.1:{port}"
    assert "--rpc" in refused.value.fix


def test_a_node_that_never_answers_is_given_up(world: World) -> None:
    def slowly(_: Asked) -> Reply:
        time.sleep(1.5)
        return Reply()

    with serving(slowly) as server:
        begin = time.monotonic()
        with pytest.raises(NodeUnavailableError, match="did not answer within 0"):
            Chain.connect(server.url, world.deployment, timeout=0.3)
        assert time.monotonic() - begin < 1.4


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(b"<html>hello</html>"), "does not speak JSON-RPC"),
        (Reply(b""), "does not speak JSON-RPC"),
        (Reply(b"\xff\xfe"), "does not speak JSON-RPC"),
        (Reply(b"{}", status=500), "answers with HTTP status 500"),
        (Reply(b"{}", status=429), "answers with HTTP status 429"),
        (Reply(b"[]"), "holds '\\[\\]'"),
        (Reply(b'{"jsonrpc":"2.0","id":0,"result":"many"}'), "holds 'many'"),
        (Reply(b'{"jsonrpc":"2.0","id":0}'), "holds 'None'"),
        (Reply(b'{"jsonrpc":"2.0","id":0,"result":{"a":1}}'), "holds"),
    ],
)
def test_a_server_that_is_no_node_is_told(world: World, reply: Reply, says: str) -> None:
    with serving(lambda _: reply) as server, pytest.raises(NodeUnavailableError, match=says):
        Chain.connect(server.url, world.deployment)


def test_redirects_are_not_followed(world: World) -> None:
    with serving(answering("0x7a69")) as secret:
        moved = Reply(status=307, headers=(("Location", secret.url),))
        with serving(lambda _: moved) as server, pytest.raises(NodeUnavailableError):
            Chain.connect(server.url, world.deployment)
        assert secret.asked == []


def test_a_nodes_error_is_the_nodes(world: World) -> None:
    error = {"jsonrpc": "2.0", "id": 0, "error": {"code": -32601, "message": "the method does not exist"}}
    with (
        serving(lambda _: Reply(json.dumps(error).encode())) as server,
        Node(server.url) as node,
        pytest.raises(RpcError, match="the method does not exist"),
    ):
        node.read_chain_id()
    with pytest.raises(RpcError):
        world.chain.request("eth_noSuchThing")


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1", "/tmp/node.ipc", "127.0.0.1:8545", "file:///etc/passwd"])  # noqa: S108 - never opened
def test_an_address_that_is_not_http_is_refused(world: World, url: str) -> None:
    with pytest.raises(UsageError, match="node's address"):
        Chain.connect(url, world.deployment)


def test_what_an_address_keeps_secret_is_not_shown(world: World) -> None:
    port = free_port()
    with pytest.raises(NodeUnavailableError) as refused:
        Chain.connect(f"http://user:hunter2@127.0.0.1:{port}/v3/key?token=sesame", world.deployment)
    for secret in ("hunter2", "v3", "sesame"):
        assert secret not in str(refused.value)


def test_another_chain_id_is_told(world: World) -> None:
    with Anvil(chain_id=1337) as other, pytest.raises(WrongNetworkError) as refused:
        Chain.connect(other.url, world.deployment)
    assert "chain id 1337, the deployment is on 31337" in refused.value.why


def test_another_chain_with_the_same_id_is_told(world: World) -> None:
    with Anvil() as other, pytest.raises(WrongNetworkError, match="is not the one in which the ledger was deployed"):
        Chain.connect(other.url, world.deployment)
    anchor = Anchor(number=world.deployment.anchor.number, hash=Digest(b"\x01" * 32))
    with pytest.raises(WrongNetworkError, match="is not the one in which the ledger was deployed"):
        Chain.connect(world.url, world.deployment.model_copy(update={"anchor": anchor}))


@pytest.mark.parametrize("name", ["AccessManager", "Licences", "SettlementToken"])
def test_an_absent_contract_is_named(world: World, name: str) -> None:
    moved = changed(world.deployment, name, address=ELSEWHERE)
    with pytest.raises(WrongNetworkError, match=f"there is no contract {name} at {ELSEWHERE}"):
        Chain.connect(world.url, moved)


def test_another_contract_is_named(world: World) -> None:
    swapped = changed(world.deployment, "Offers", code_hash=Digest(b"\x01" * 32))
    with pytest.raises(WrongNetworkError, match="is not the ledger's Offers"):
        Chain.connect(world.url, swapped)


def test_a_contract_that_vanishes_later_is_told(world: World) -> None:
    chain = Chain(world.url, changed(world.deployment, "Licences", address=ELSEWHERE))
    with chain, pytest.raises(WrongNetworkError, match=f"there is no contract Licences at {ELSEWHERE}"):
        licences.count(chain)
    with chain, pytest.raises(WrongNetworkError, match=f"there is no contract Licences at {ELSEWHERE}"):
        prepare(chain, licences.settle(world.active()), world.stranger.address)


def test_a_connection_survives_a_restart_of_the_node() -> None:
    with Anvil() as anvil, Node(anvil.url) as node:
        assert node.read_chain_id() == 31337
        anvil.stop()
        with pytest.raises(NodeUnavailableError):
            node.read_chain_id()
        anvil.start()
        assert node.read_chain_id() == 31337


def changed(deployment: Deployment, name: str, **changes: Any) -> Deployment:
    contract = DeployedContract(**{**dict(deployment.contracts[name]), **changes})
    return deployment.model_copy(update={"contracts": {**deployment.contracts, name: contract}})


# CCIP-Read (EIP-3668): a contract asks its caller to fetch an address. GHSA-5hr4-253g-cpx2.

OFFCHAIN_LOOKUP = keccak(text="OffchainLookup(address,string[],bytes,bytes4,bytes)")[:4]


def reverter(answer: bytes) -> bytes:
    """Creation code of a contract that reverts with `answer` whatever it is called with.

    The runtime code copies the answer from behind itself: PUSH2 size, PUSH1 offset, PUSH1 0, CODECOPY; PUSH2 size,
    PUSH1 0, REVERT. The creation code returns runtime code and answer in the same way.
    """
    size = len(answer).to_bytes(2, "big")
    runtime = b"\x61" + size + b"\x60\x0e" + b"\x60\x00" + b"\x39" + b"\x61" + size + b"\x60\x00" + b"\xfd" + answer
    whole = len(runtime).to_bytes(2, "big")
    creation = b"\x61" + whole + b"\x60\x0e" + b"\x60\x00" + b"\x39" + b"\x61" + whole + b"\x60\x00" + b"\xf3"
    assert len(creation) == len(runtime) - len(answer) == 0x0E  # where each copies from
    return creation + runtime


def test_a_contract_cannot_make_us_fetch_an_address(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # web3's own filter of addresses is taken away: what is tested is that nothing is asked for at all.
    monkeypatch.setattr(exception_handling, "validate_ccip_url_scheme", lambda *_, **__: None)
    monkeypatch.setattr(exception_handling, "validate_ccip_url_host", lambda *_: None)
    with serving(lambda _: Reply(b'{"data":"0x"}')) as bait:
        at = _deploy(world, lambda address: _lookup(address, bait.url))
        tricked = Chain(world.url, changed(world.deployment, "Offers", address=at))
        with tricked, pytest.raises(RefusedError, match="0x556f1830"):
            tricked.call("Offers", "offerCount")
        with tricked, pytest.raises(ContractLogicError):  # web3's own object, for those who use it
            tricked.contract("Offers").functions.offerCount().call()
        with tricked, pytest.raises(Web3ValueError, match="ccip_read_max_redirects"):
            tricked.contract("Offers").functions.offerCount().call(ccip_read_enabled=True)
        with tricked, pytest.raises(LedgerError):
            tricked.eth_call({"to": at, "data": "0x"})
        assert bait.asked == []

        careless = Web3(HTTPProvider(world.url))  # left to itself, web3 takes the bait
        with pytest.raises(TooManyRequests):
            careless.eth.call({"to": careless.to_checksum_address(at), "data": HexStr("0x")})
        assert bait.asked[0].path.startswith(f"/{at.lower()}/")


def _lookup(sender: Address, url: str) -> bytes:
    """The error with which a contract asks for `url`; it must name itself as the sender."""
    arguments = (sender, [f"{url}/{{sender}}/{{data}}.json"], b"", b"\x01\x02\x03\x04", b"")
    return OFFCHAIN_LOOKUP + encode(["address", "string[]", "bytes", "bytes4", "bytes"], arguments)


def _deploy(world: World, answer: Callable[[Address], bytes]) -> Address:
    signer = dev_signer(9)
    nonce = world.chain.transaction_count(signer.address)
    at = creation_address(signer.address, nonce)
    receipt = Account(world.chain, world.chain.chain_id, signer).transact(None, reverter(answer(at)))
    assert receipt["contractAddress"] == at.lower()
    return at
