"""The whole path of a licence, and how nodes refuse, on Hardhat's node, on Ganache 7.9.2 and on anvil."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from ledger.chain import benefits, datasets, licences, offers, tokens
from ledger.chain.raw import parse_raw
from ledger.chain.transactions import TransactionStatus, broadcast, prepare, transaction, wait
from ledger.crypto.exchange import WrappedKey
from ledger.errors import FundsError, KeyMaterialError, RefusedError, TransactionError
from ledger.model.ids import LicenceId, UnixTime
from ledger.model.licence import EscrowStatus, LicenceState
from tests.support import nodes
from tests.support.world import FUND_ID, HOSPITAL_ID, PLATFORM_ID, PRICE, PURPOSE, PURSE, YEAR, World, poor_signer

NODES = {"anvil": nodes.anvil, "hardhat": nodes.hardhat, "ganache": nodes.ganache}
FAR = UnixTime(4_000_000_000)
"""A deadline that is the same on every node, so that signatures and their gas are."""


@dataclass
class Seen:
    """What happened on each node so far, to be compared."""

    gas: dict[str, dict[str, int]] = field(default_factory=dict)
    wrapped: WrappedKey | None = None


@pytest.fixture(scope="module")
def seen() -> Seen:
    return Seen()


@pytest.fixture(scope="module", params=NODES)
def network(request: pytest.FixtureRequest) -> Iterator[tuple[str, World]]:
    with NODES[request.param]() as running, World.deploy(running.url) as world:
        yield request.param, world


@pytest.fixture
def fresh(network: tuple[str, World]) -> Iterator[World]:
    with network[1].isolated() as world:
        yield world


def test_a_licence_from_registration_to_withdrawal(network: tuple[str, World], seen: Seen) -> None:
    name, world = network
    dataset = world.registered()
    offer = world.publish(world.hospital, dataset, world.terms())
    licence = world.apply(world.institute, offer)
    assert licences.state(world.chain, licence) is LicenceState.APPLIED
    world.approve(licence)
    world.act(world.stranger, world.agreement_call(licence, deadline=FAR))
    assert benefits.escrow(world.chain, licence).status is EscrowStatus.INVOICED
    world.act(world.institute, world.payment_call(licence, world.institute, deadline=FAR))
    assert tokens.balance_of(world.chain, world.token, world.institute.address) == PURSE - PRICE

    seen.wrapped = seen.wrapped or world.wrapped(licence)  # the same on every node, since chain and addresses are
    outcome = world.deliver(licence, seen.wrapped)
    assert outcome.event("LicenceDelivered").arguments["expires_at"] == world.chain.now() + YEAR
    assert world.opened(licence, world.institute).commitment == world.keys[dataset].commitment
    with pytest.raises(KeyMaterialError):
        world.opened(licence, world.company)

    world.act(world.institute, licences.accept(licence))
    world.act(world.stranger, licences.settle(licence))
    found = licences.licence(world.chain, licence)
    assert (found.state, found.dataset) == (LicenceState.ACTIVE, dataset)
    assert licences.is_in_force(world.chain, licence)

    _withdraw_all(world)
    seen.gas[name] = dict(world.gas)


def _withdraw_all(world: World) -> None:
    """Collector and holder are the hospital: 25 % + 55 %, and what rounding leaves."""
    expected = {HOSPITAL_ID: 800_003, FUND_ID: 150_000, PLATFORM_ID: 50_000}
    assert sum(expected.values()) == PRICE
    for person in (world.hospital, world.fund, world.platform):
        assert benefits.balance(world.chain, person.id, world.token) == expected[person.id]
        world.act(world.stranger, benefits.withdraw(person.id, world.token))
        assert tokens.balance_of(world.chain, world.token, person.address) == expected[person.id]
        assert benefits.balance(world.chain, person.id, world.token) == 0
    assert tokens.balance_of(world.chain, world.token, world.deployment.address("Benefits")) == 0


def test_a_refusal_is_told_before_sending(fresh: World) -> None:
    offer = fresh.offered()
    fresh.act(fresh.hospital, offers.withdraw(offer))
    with pytest.raises(RefusedError, match="The offer has been withdrawn") as refused:
        prepare(fresh.chain, licences.apply_for(offer, PURPOSE), fresh.institute.address)
    assert (refused.value.name, refused.value.arguments) == ("OfferNotOpen", {"offer": offer})


def test_a_price_that_changed_after_preparing_is_refused_with_its_reason(fresh: World) -> None:
    offer = fresh.offered()
    unsigned = prepare(fresh.chain, licences.apply_for(offer, PURPOSE), fresh.institute.address)
    raw = fresh.institute.signer.sign_transaction(unsigned)
    fresh.act(fresh.hospital, offers.withdraw(offer))
    with pytest.raises(RefusedError) as refused:  # at once on Hardhat's node, when it is mined on the others
        wait(fresh.chain, broadcast(fresh.chain, raw), timeout=20)
    assert (refused.value.name, refused.value.arguments) == ("OfferNotOpen", {"offer": offer})

    record = transaction(fresh.chain, parse_raw(raw).hash)
    assert record.status is TransactionStatus.FAILED
    assert isinstance(record.error, RefusedError)
    assert record.error.name == "OfferNotOpen"
    assert record.events == ()


def test_a_view_that_reverts_is_told_in_words(fresh: World) -> None:
    with pytest.raises(RefusedError, match="There is no such dataset") as refused:
        datasets.dataset(fresh.chain, dataset_id=fresh.registered() + 9)  # type: ignore[arg-type]  # no such id
    assert refused.value.name == "DatasetUnknown"


def test_a_transaction_comes_back_with_its_evidence(fresh: World) -> None:
    offer = fresh.offered()
    raw = fresh.institute.signer.sign_transaction(
        prepare(fresh.chain, licences.apply_for(offer, PURPOSE), fresh.institute.address)
    )
    tx_hash = broadcast(fresh.chain, raw)
    outcome = wait(fresh.chain, tx_hash)
    record = transaction(fresh.chain, tx_hash)
    assert record.signed.raw == raw
    assert record.signed.sender == fresh.institute.address
    assert (record.call.contract, record.call.function) == ("Licences", "applyFor")
    assert record.call.arguments == {"offer": offer, "purpose_digest": PURPOSE}
    assert record.status is TransactionStatus.MINED
    assert record.events == outcome.events
    assert [event.name for event in record.events] == ["LicenceApplied"]


def test_a_legacy_transaction_is_as_good(fresh: World) -> None:
    offer = fresh.offered()
    unsigned = prepare(fresh.chain, licences.apply_for(offer, PURPOSE), fresh.institute.address, legacy=True)
    assert unsigned.is_legacy
    raw = fresh.institute.signer.sign_transaction(unsigned)
    tx_hash = broadcast(fresh.chain, raw)
    assert [event.name for event in wait(fresh.chain, tx_hash).events] == ["LicenceApplied"]
    assert transaction(fresh.chain, tx_hash).signed.raw == raw


def test_broadcasting_twice_is_the_same_as_once(fresh: World) -> None:
    offer = fresh.offered()
    raw = fresh.institute.signer.sign_transaction(
        prepare(fresh.chain, licences.apply_for(offer, PURPOSE), fresh.institute.address)
    )
    hashes = {broadcast(fresh.chain, raw) for _ in range(3)}
    assert len(hashes) == 1
    assert licences.count(fresh.chain) == wait(fresh.chain, hashes.pop()).event("LicenceApplied").arguments["licence"]


def test_a_taken_number_is_told(fresh: World) -> None:
    offer = fresh.offered()
    call = licences.apply_for(offer, PURPOSE)
    first = prepare(fresh.chain, call, fresh.institute.address)
    second = replace(first, gas=first.gas + 1)
    wait(fresh.chain, broadcast(fresh.chain, fresh.institute.signer.sign_transaction(first)))
    with pytest.raises(TransactionError, match="out of date") as refused:
        broadcast(fresh.chain, fresh.institute.signer.sign_transaction(second))
    assert refused.value.fix == "prepare it again and sign anew"


def test_an_account_without_coins_is_told(fresh: World) -> None:
    poor = poor_signer()
    licence = fresh.active()
    settle = licences.settle(licence)
    with pytest.raises(FundsError, match="cannot pay for gas") as refused:
        prepare(fresh.chain, settle, poor.address)
    assert f"{poor.address} has 0 wei" in refused.value.why
    unsigned = replace(prepare(fresh.chain, settle, fresh.stranger.address), nonce=0)
    with pytest.raises(FundsError, match="cannot pay for gas"):
        broadcast(fresh.chain, poor.sign_transaction(unsigned))


def test_too_few_tokens_is_told(fresh: World) -> None:
    licence = fresh.agreed()
    purse = tokens.balance_of(fresh.chain, fresh.token, fresh.institute.address)
    fresh.act(fresh.institute, tokens.transfer(fresh.token, fresh.company.address, purse - 5))
    with pytest.raises(FundsError) as refused:
        fresh.pay(licence)
    assert refused.value.why == f"{fresh.institute.address} has 5 units of {fresh.token}, not {PRICE}"


def test_time_passes_and_licences_expire(fresh: World) -> None:
    licence = fresh.settled()
    fresh.advance(YEAR + 1)
    assert licences.state(fresh.chain, licence) is LicenceState.EXPIRED
    assert not licences.is_in_force(fresh.chain, LicenceId(licence))


def test_gas_is_the_same_on_every_node(seen: Seen) -> None:
    assert set(seen.gas) == set(NODES)
    acts = seen.gas["anvil"]
    assert len(acts) == 10
    for name in NODES:
        assert seen.gas[name] == acts, name
