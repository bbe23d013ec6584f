"""The index beside a real chain: each row is what the contracts say, at every time, after whatever happened."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.chain import benefits, datasets, delivery, licences, members, offers, tokens
from ledger.chain.anvil import Anvil
from ledger.chain.artifacts import artifact
from ledger.chain.chain import Chain
from ledger.chain.records import registration_tuple
from ledger.errors import IndexStateError, NodeUnavailableError
from ledger.index import Index, Indexer, queries
from ledger.model.ids import DatasetId, LicenceId, MemberId, OfferId
from ledger.model.licence import EscrowStatus, LicenceState, state_at
from tests.support import nodes
from tests.support.crowd import Crowd
from tests.support.postgres import Postgres
from tests.support.world import HOSPITAL_ID, INSTITUTE_ID, World, deploy_ledger, digest

NODES = {"anvil": nodes.anvil, "hardhat": nodes.hardhat, "ganache": nodes.ganache}


@pytest.fixture
def own_world() -> Iterator[World]:
    """A ledger on a node of its own, whose history may be rewritten."""
    with nodes.anvil() as running, World.deploy(running.url) as deployed:
        yield deployed


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index(f"sqlite:///{tmp_path}/index.db") as opened:
        yield opened


def rescanned(world: World, tmp_path: Path, **options: Any) -> str:
    path = tmp_path / "fresh.db"
    path.unlink(missing_ok=True)
    with Index(f"sqlite:///{path}") as fresh:
        Indexer(fresh, world.chain, **options).sync()
        return fresh.digest()


def require_rows_as_on_chain(index: Index, chain: Chain) -> None:
    """Compare every row with what the contracts answer at the last block."""
    now = chain.now()
    for number in range(1, members.count(chain) + 1):
        member = queries.member(index, MemberId(number))
        assert member is not None
        assert member.model_copy(update={"name": None}) == members.member(chain, MemberId(number))
        for account in queries.accounts(index, MemberId(number)):
            assert members.member_of(chain, account) == number
        token = chain.deployment.address("SettlementToken")
        balances = {balance.token: balance.available for balance in queries.benefits(index, MemberId(number)).items}
        assert balances.get(token, 0) == benefits.balance(chain, MemberId(number), token)
    for number in range(1, datasets.count(chain) + 1):
        entry = queries.dataset(index, DatasetId(number))
        assert entry is not None
        assert entry.dataset.model_copy(update={"attribution": None}) == datasets.dataset(chain, DatasetId(number))
        assert entry.owner == chain.call("Datasets", "ownerOf", number)
    for number in range(1, offers.count(chain) + 1):
        assert queries.offer(index, OfferId(number)) == offers.offer(chain, OfferId(number))
    for number in range(1, licences.count(chain) + 1):
        _require_licence(index, chain, LicenceId(number), now)
    assert queries.windows(index) == licences.windows(chain)
    token = chain.deployment.address("SettlementToken")
    assert queries.token_allowed(index, token) == benefits.is_token_allowed(chain, token)


def _require_licence(index: Index, chain: Chain, licence: LicenceId, now: int) -> None:
    entry = queries.licence(index, licence, at=now)
    assert entry is not None
    assert entry.licence == licences.licence(chain, licence)
    held = benefits.escrow(chain, licence)
    assert queries.escrow(index, licence) == (None if held.status is EscrowStatus.NONE else held)
    assert queries.delivery(index, licence) == delivery.delivery(chain, licence)
    assert chain.call("Licences", "balanceOf", entry.owner) > 0 if entry.owner else True
    if entry.owner:
        assert entry.owner == chain.call("Licences", "ownerOf", licence)
    signed = queries.agreement(index, licence)
    assert (signed is None) == (entry.licence.agreement_digest == bytes(32))
    if signed is not None:
        assert signed.digest == entry.licence.agreement_digest
        terms = signed.agreement.terms
        assert signed.agreement.terms == offers.offer(chain, entry.licence.offer).terms
        again = licences.signable_agreement(chain, licence, terms, signed.agreement.deadline)
        assert signed.agreement == again.agreement


@pytest.mark.parametrize("seed", range(4))
def test_every_row_is_what_the_contracts_say(own_world: World, index: Index, tmp_path: Path, seed: int) -> None:
    crowd = Crowd(own_world, seed)
    own_world.settled()
    indexer = Indexer(index, own_world.chain)
    for _ in range(4):
        crowd.act(60)
        indexer.sync()
        require_rows_as_on_chain(index, own_world.chain)

    assert {"register", "publish", "apply", "approved", "agreed", "paid", "delivered"} <= crowd.done.keys(), crowd.done
    assert index.digest() == rescanned(own_world, tmp_path) == rescanned(own_world, tmp_path, reorg_bound=0)


def test_states_follow_from_time_as_the_contract_derives_them(own_world: World, index: Index) -> None:
    chain = own_world.chain
    under_way = [
        own_world.applied(),
        own_world.approved(),
        own_world.agreed(),
        own_world.paid(),
        own_world.delivered(),
        own_world.active(),
        own_world.settled(),
    ]
    Indexer(index, chain).sync()
    rows = [queries.licence(index, licence, at=0) for licence in under_way]
    moments = {
        moment + around
        for row in rows
        if row is not None
        for moment in (row.licence.deadline, row.licence.expires_at)
        for around in (-1, 0, 1)
        if moment
    }
    seen = set()
    for moment in sorted(moments):
        chain.request("evm_setNextBlockTimestamp", moment)
        chain.request("evm_mine")
        head = chain.head()
        assert head.time == moment
        for licence in under_way:
            told = LicenceState(chain.call("Licences", "stateOf", licence, block=head.number))
            entry = queries.licence(index, licence, at=moment)
            assert entry is not None
            found = entry.licence
            assert state_at(found.stage, found.deadline, found.expires_at, moment) == told == found.state
            assert licence in {e.licence.id for e in queries.licences(index, state=told, at=moment).items}
            seen.add(told)
    assert seen == {
        LicenceState.APPLIED,
        LicenceState.APPROVED,
        LicenceState.AGREED,
        LicenceState.LAPSED,
        LicenceState.PAID,
        LicenceState.OVERDUE,
        LicenceState.DELIVERED,
        LicenceState.ACTIVE,
        LicenceState.EXPIRED,
    }


# Reorganisations by the node itself.


@pytest.mark.parametrize("seed", range(6))
def test_after_reorganisations_it_is_what_a_fresh_look_gives(
    own_world: World, index: Index, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    crowd, chain = Crowd(own_world, seed), own_world.chain
    indexer = Indexer(index, chain)
    settled = chain.head().number
    rolled_back = 0
    for _ in range(6):
        crowd.act(chance.randint(5, 25))
        own_world.registered()
        rolled_back += indexer.sync().rolled_back
        depth = chance.randint(1, min(64, chain.head().number - settled))
        if chance.random() < 0.5:
            chain.request("anvil_reorg", depth, [])
        else:
            chain.request("anvil_rollback", depth)
        rolled_back += indexer.sync().rolled_back
        require_rows_as_on_chain(index, chain)
        assert index.digest() == rescanned(own_world, tmp_path)
    assert rolled_back > 6


def test_transactions_can_come_in_another_order(own_world: World, index: Index, tmp_path: Path) -> None:
    chain = own_world.chain
    indexer = Indexer(index, chain)
    first, second = own_world.registered(), own_world.registered()
    before = [queries.dataset(index, dataset) for dataset in (first, second)]
    assert before == [None, None]
    indexer.sync()
    registered = list(queries.events(index, name="DatasetRegistered", limit=100).items)
    calls = [chain.request("eth_getTransactionByHash", "0x" + e.transaction_hash.hex()) for e in registered]
    one, other = ({name: call[name] for name in ("from", "to", "input", "gas")} for call in calls)
    manifests = [e.arguments["registration"]["manifest_digest"] for e in registered]
    chain.request("anvil_reorg", 2, [[other, 0], [one, 1]])

    assert indexer.sync().rolled_back == 2
    told = queries.events(index, name="DatasetRegistered", limit=100).items
    assert [e.arguments["registration"]["manifest_digest"] for e in told] == manifests[::-1]
    require_rows_as_on_chain(index, chain)
    assert index.digest() == rescanned(own_world, tmp_path)


def test_a_reorganisation_beyond_the_bound_stops_it(own_world: World, index: Index) -> None:
    indexer = Indexer(index, own_world.chain, reorg_bound=4)
    own_world.settled()
    indexer.sync()
    before = index.digest()
    own_world.chain.request("anvil_reorg", 6, [])

    with pytest.raises(IndexStateError, match="none of the last 4 blocks"):
        indexer.sync()
    assert index.digest() == before


# Networks and databases.


@pytest.mark.parametrize("name", NODES)
def test_near_and_far_readings_agree_on_every_node(name: str, index: Index, tmp_path: Path) -> None:
    with NODES[name]() as running, World.deploy(running.url) as world:
        world.settled()
        Indexer(index, world.chain).sync()

        require_rows_as_on_chain(index, world.chain)
        assert index.digest() == rescanned(world, tmp_path, reorg_bound=0, largest_range=7)
        assert len(queries.events(index, limit=100).items) > 30


def test_postgresql_holds_the_same(world: World, tmp_path: Path) -> None:
    world.settled()
    with Postgres() as postgres, Index(postgres.database()) as index:
        Indexer(index, world.chain).sync()

        require_rows_as_on_chain(index, world.chain)
        assert index.digest() == rescanned(world, tmp_path)


def test_an_index_of_another_deployment_is_refused(world: World, index: Index) -> None:
    Indexer(index, world.chain).sync()
    before = index.digest()
    with (
        Chain.connect(world.url, deploy_ledger(world.url)) as other,
        pytest.raises(IndexStateError, match="another ledger"),
    ):
        Indexer(index, other).sync()
    assert index.digest() == before


def test_a_node_that_is_restarted_is_followed_on(tmp_path: Path, index: Index) -> None:
    state = tmp_path / "chain.json"
    with Anvil(state) as running, World.deploy(running.url) as world:
        world.settled()
        Indexer(index, world.chain).sync()
        port, deployment, before = running.port, world.deployment, index.digest()
        gone = Indexer(index, world.chain)
    with pytest.raises(NodeUnavailableError):
        gone.sync()
    assert index.digest() == before

    with Anvil(state, port) as running, Chain.connect(running.url, deployment) as chain:
        Indexer(index, chain).sync()
        again = World(running.url, chain)
        again.publish(again.hospital, DatasetId(1), again.terms())
        result = Indexer(index, chain).sync()

        assert result.rolled_back == 0
        assert result.events == 1
        require_rows_as_on_chain(index, chain)
        assert index.digest() == rescanned(again, tmp_path)


# What members may write.


def test_a_line_that_is_no_text_stops_nobody(world: World, index: Index) -> None:
    chain = world.chain
    entry = artifact("Datasets").function("register", 1)
    stated = registration_tuple(world.registration(attribution="ABCD"))
    data = entry.encode(([stated],)).replace(b"ABCD", b"\xff\x00\xfeZ")
    receipt = chain.request(
        "eth_sendTransaction",
        {
            "from": world.hospital.address,
            "to": world.deployment.address("Datasets"),
            "data": "0x" + data.hex(),
            "gas": hex(10**6),
        },
    )
    assert receipt
    name = members.describe(digest("metadata"), "a\0b")
    world.hospital.send(name)

    Indexer(index, chain).sync()

    require_rows_as_on_chain(index, chain)
    newest = queries.datasets(index, limit=1).items[0].dataset
    assert newest.attribution == "\ufffd\ufffd\ufffdZ"
    member = queries.member(index, HOSPITAL_ID)
    assert member is not None
    assert member.name == "a\ufffdb"


def test_who_holds_a_dataset_follows_its_token(world: World, index: Index) -> None:
    dataset = world.registered()
    world.hospital.send(datasets.transfer(world.hospital.address, world.institute.address, dataset))
    Indexer(index, world.chain).sync()

    entry = queries.dataset(index, dataset)
    assert entry is not None
    assert (entry.dataset.holder, entry.owner) == (INSTITUTE_ID, world.institute.address)
    assert tokens.balance_of(world.chain, world.token, world.institute.address) > 0
