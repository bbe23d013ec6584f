"""Blocks and events from real nodes and from strange ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ledger.chain.chain import Chain
from ledger.chain.node import Node, RpcError
from ledger.errors import ChainError, NodeUnavailableError
from ledger.index.chain_source import ChainSource, may_hold
from ledger.index.source import MovedError
from tests.support import nodes
from tests.support.http import Asked, Reply, serving
from tests.support.world import World

NODES = {"anvil": nodes.anvil, "hardhat": nodes.hardhat, "ganache": nodes.ganache}


@pytest.mark.parametrize("name", NODES)
def test_blocks_tell_their_parents_and_whether_they_are_silent(name: str) -> None:
    with NODES[name]() as running, World.deploy(running.url) as world:
        source = ChainSource(world.chain)
        licence = world.agreed()
        spoken = world.chain.head().number
        world.advance(5)
        head = source.head()

        blocks = source.blocks(range(head.number + 3))
        assert blocks[-2:] == [None, None]
        found = [block for block in blocks if block is not None]
        assert [block.number for block in found] == list(range(head.number + 1))
        assert found[-1] == head == source.block(head.number)
        assert [b.parent_hash for b in found[1:]] == [b.hash for b in found[:-1]]
        told = {event.block_number for event in source.events(0, head.number)}
        assert all(not block.silent for block in found if block.number in told)
        assert head.silent
        assert spoken in told
        assert list(source.events(spoken, spoken)) == [*source.events_of(found[spoken])]
        assert licence == 1


def test_events_of_a_block_that_was_replaced_are_not_to_be_had() -> None:
    with nodes.anvil() as running, World.deploy(running.url) as world:
        source = ChainSource(world.chain)
        world.registered()
        replaced = source.head()
        assert len(source.events_of(replaced)) == 2
        world.chain.request("anvil_reorg", 1, [])

        try:
            assert source.events_of(replaced) == ()  # read_near looks at the height again
        except MovedError:
            pass
        else:
            assert source.block(replaced.number) != replaced


def test_a_bloom_filter_of_another_length_rules_nothing_out() -> None:
    assert may_hold(b"", 1)
    assert not may_hold(bytes(256), 1)
    assert may_hold(bytes(255) + b"\3", 3)
    assert not may_hold(bytes(255) + b"\1", 3)


# Many requests at once.


def batches(reply: Callable[[list[dict[str, Any]]], Any]) -> Callable[[Asked], Reply]:
    """A node that answers single requests with their parameter, and batches as told."""

    def answer(asked: Asked) -> Reply:
        request = json.loads(asked.body)
        if isinstance(request, list):
            answered = reply(request)
            return answered if isinstance(answered, Reply) else Reply(json.dumps(answered).encode())
        return Reply(json.dumps(_result(request)).encode())

    return answer


def _result(request: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request["id"], "result": request["params"][0]}


@pytest.mark.parametrize(
    "reply",
    [
        lambda requests: [_result(request) for request in requests],
        lambda requests: [_result(request) for request in reversed(requests)],
        lambda _: {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no batches here"}},
        lambda requests: [_result(request) for request in requests[:-1]],
        lambda requests: [{"result": request["params"][0]} for request in reversed(requests)],
        lambda _: ["nonsense", None, 3],
        lambda _: Reply(b"no batches here", status=400),
        lambda _: Reply(b"too large", status=413),
    ],
)
def test_many_requests_are_answered_in_order_whether_at_once_or_not(reply: Callable[..., Any]) -> None:
    with serving(batches(reply)) as server, Node(server.url) as node:
        assert node.request_all("eth_test", [(place,) for place in "abc"]) == ["a", "b", "c"]
        assert node.request_all("eth_test", [("a",)]) == ["a"]
        assert node.request_all("eth_test", []) == []


def test_an_error_among_many_answers_is_raised() -> None:
    def one_wrong(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        error = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "header not found"}}
        return [_result(requests[0]), error, _result(requests[2])]

    with (
        serving(batches(one_wrong)) as server,
        Node(server.url) as node,
        pytest.raises(RpcError, match="header not found"),
    ):
        node.request_all("eth_test", [(place,) for place in "abc"])


@pytest.mark.parametrize("reply", [Reply(b"<html>"), Reply(b"\xff")])
def test_no_answer_to_many_requests_is_told(reply: Reply) -> None:
    with (
        serving(batches(lambda _: reply)) as server,
        Node(server.url) as node,
        pytest.raises(NodeUnavailableError, match="does not speak JSON-RPC"),
    ):
        node.request_all("eth_test", [(place,) for place in "abc"])


@pytest.mark.parametrize("answer", ["text", {"number": "0x1"}, {"number": "0x1", "hash": 5, "parentHash": "0x"}, []])
def test_a_block_that_makes_no_sense_is_told(world: World, answer: Any) -> None:
    reply = Reply(json.dumps({"jsonrpc": "2.0", "id": 0, "result": answer}).encode())
    with serving(lambda _: reply) as server, Chain(server.url, world.deployment) as chain:
        source = ChainSource(chain)
        with pytest.raises(ChainError):
            source.head()
        with pytest.raises(ChainError):
            source.block(1)


def test_a_node_without_a_last_block_is_told(world: World) -> None:
    reply = Reply(b'{"jsonrpc":"2.0","id":0,"result":null}')
    with serving(lambda _: reply) as server, Chain(server.url, world.deployment) as chain:
        source = ChainSource(chain)
        assert source.block(10) is None
        with pytest.raises(NodeUnavailableError, match="no last block"):
            source.head()
