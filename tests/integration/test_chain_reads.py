"""Reads: what the contracts hold, as this package's models; and the events that tell the same story."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.chain import benefits, datasets, delivery, licences, members, offers, tokens
from ledger.chain.events import LEDGER_CONTRACTS, fetch_events
from ledger.chain.node import RpcError
from ledger.chain.records import agreement_from, registration_from, terms_from
from ledger.chain.typed_data import terms_digest
from ledger.errors import IntegrityError, RefusedError
from ledger.model.dataset import DatasetStatus
from ledger.model.ids import Address, DatasetId, LicenceId, MemberId, OfferId, UnixTime
from ledger.model.licence import EscrowStatus, LicenceState, state_at
from ledger.model.parties import DeliveryKey, MemberKind, MemberStatus
from ledger.model.terms import DuoCodes, Shares, diseases_digest
from tests.support.world import (
    DAY,
    FUND_ID,
    HOSPITAL_ID,
    INSTITUTE_ID,
    PLATFORM_ID,
    PRICE,
    PURPOSE,
    WINDOWS,
    YEAR,
    World,
    digest,
    point,
)


def test_a_member(world: World) -> None:
    found = members.member(world.chain, INSTITUTE_ID)
    assert found.principal == world.institute.address
    assert found.kinds == MemberKind.INSTITUTION | MemberKind.USER
    assert found.country == "DE"
    assert found.metadata_digest == digest("Institute of Surgery")
    assert found.delivery_key == point(world.institute.delivery_secret)
    assert members.delivery_key(world.chain, INSTITUTE_ID) == found.delivery_key
    assert members.member(world.chain, HOSPITAL_ID).delivery_key is None
    assert members.member_of(world.chain, world.institute.address) == INSTITUTE_ID
    assert members.member_of(world.chain, world.stranger.address) is None
    assert members.principal(world.chain, FUND_ID) == world.fund.address


@pytest.mark.parametrize("unknown", [0, 99])
def test_a_member_that_is_not_there(world: World, unknown: int) -> None:
    for read in (members.member, members.principal):
        with pytest.raises(RefusedError, match="There is no such member") as refused:
            read(world.chain, MemberId(unknown))
        assert refused.value.name == "MemberUnknown"
    with pytest.raises(RefusedError) as refused:
        members.delivery_key(world.chain, MemberId(unknown))
    assert refused.value.name == "DeliveryKeyMissing"


def test_a_members_life(world: World) -> None:
    first, second = world.hospital, world.stranger
    world.act(first, members.invite_account(second.address))
    world.act(second, members.accept_invitation(HOSPITAL_ID))
    assert members.member_of(world.chain, second.address) == HOSPITAL_ID
    world.act(first, members.set_principal(second.address))
    assert members.principal(world.chain, HOSPITAL_ID) == second.address
    world.act(second, members.remove_account(first.address))
    assert members.member_of(world.chain, first.address) is None
    world.act(second, members.describe(digest("new"), "City Hospital West"))
    assert members.member(world.chain, HOSPITAL_ID).metadata_digest == digest("new")
    world.act(world.operator, members.set_kinds(HOSPITAL_ID, MemberKind.USER))
    world.act(world.operator, members.set_status(HOSPITAL_ID, MemberStatus.SUSPENDED))
    found = members.member(world.chain, HOSPITAL_ID)
    assert (found.kinds, found.status) == (MemberKind.USER, MemberStatus.SUSPENDED)
    with pytest.raises(RefusedError, match="not on secp256k1"):
        world.act(second, members.set_delivery_key(DeliveryKey(x=1, y=1)))


def test_a_dataset(world: World) -> None:
    parent = world.registered()
    stated = world.registration(
        embargo_until=UnixTime(4_000_000_000), parents=(parent,), supersedes=parent, human_genetic_resources=True
    )
    dataset = world.register(world.hospital, stated)
    found = datasets.dataset(world.chain, dataset)
    assert (found.collector, found.holder) == (HOSPITAL_ID, HOSPITAL_ID)
    for name in ("size", "embargo_until", "funding", "tier", "manifest_codec", "manifest_digest", "key_commitment"):
        assert getattr(found, name) == getattr(stated, name)
    assert (found.supersedes, found.superseded_by, found.parents) == (parent, None, (parent,))
    assert found.status is DatasetStatus.ACTIVE
    assert found.human_genetic_resources
    assert found.registered_at == world.chain.now()
    assert datasets.dataset(world.chain, parent).superseded_by == dataset
    assert datasets.by_manifest(world.chain, stated.manifest_digest) == dataset
    assert datasets.by_manifest(world.chain, digest("never registered")) is None
    assert datasets.holder(world.chain, dataset) == HOSPITAL_ID
    assert datasets.is_available(world.chain, dataset)
    world.act(world.hospital, datasets.shorten_embargo(dataset, UnixTime(3_000_000_000)))
    assert datasets.dataset(world.chain, dataset).embargo_until == 3_000_000_000
    world.act(world.hospital, datasets.withdraw(dataset))
    assert datasets.dataset(world.chain, dataset).status is DatasetStatus.WITHDRAWN
    assert not datasets.is_available(world.chain, dataset)


def test_a_dataset_changes_hands_with_its_token(world: World) -> None:
    dataset = world.registered()
    world.act(world.hospital, datasets.transfer(world.hospital.address, world.institute.address, dataset))
    assert datasets.holder(world.chain, dataset) == INSTITUTE_ID
    assert datasets.dataset(world.chain, dataset).collector == HOSPITAL_ID


def test_an_offer_has_its_whole_terms(world: World) -> None:
    dataset = world.registered()
    plain = world.terms()
    every = world.terms(
        duo=DuoCodes.of("DUO:0000007", "DUO:0000022", "DUO:0000024"),
        country="CN",
        moratorium_until=UnixTime(2_000_000_000),
        diseases_digest=diseases_digest(frozenset({"MONDO:0005148", "MONDO:0004992"})),
        considerations_digest=digest("training for two doctors"),
        shares=Shares(collector_share=1, holder_share=9_999),
        price=2**128 - 1,
    )
    for terms in (plain, every):
        offer = world.publish(world.hospital, dataset, terms)
        found = offers.offer(world.chain, offer)
        assert (found.dataset, found.open, found.terms) == (dataset, True, terms)
        assert found.terms_digest == terms_digest(terms)
        assert offers.dataset_of(world.chain, offer) == dataset
    world.act(world.hospital, offers.withdraw(offer))
    assert not offers.offer(world.chain, offer).open
    with pytest.raises(RefusedError, match="There is no such offer"):
        offers.offer(world.chain, OfferId(999))


def test_terms_that_are_not_the_offers_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that gives other terms in its logs than those whose digest the contract keeps."""
    offer = world.offered()
    other = world.publish(world.hospital, world.registered(), world.terms(price=1))
    honest = world.chain.logs

    def lying(addresses: list[str], first: int, last: int, topics: list[str]) -> object:
        return honest(addresses, first, last, [topics[0], f"0x{other:064x}"])

    monkeypatch.setattr(world.chain, "logs", lying)
    with pytest.raises(IntegrityError, match="terms of offer"):
        offers.offer(world.chain, offer)
    monkeypatch.setattr(world.chain, "logs", lambda *_: [])
    with pytest.raises(IntegrityError, match="terms of offer"):
        offers.offer(world.chain, offer)


def test_a_licence_through_its_states(world: World) -> None:
    licence = world.applied()
    found = licences.licence(world.chain, licence)
    assert (found.licensee, found.licensor, found.state) == (INSTITUTE_ID, 0, LicenceState.APPLIED)
    assert benefits.escrow(world.chain, licence).status is EscrowStatus.NONE
    world.approve(licence)
    found = licences.licence(world.chain, licence)
    assert (found.licensor, found.purpose_digest, found.state) == (HOSPITAL_ID, PURPOSE, LicenceState.APPROVED)
    world.agree(licence)
    found = licences.licence(world.chain, licence)
    assert found.state is LicenceState.AGREED
    assert found.deadline == world.chain.now() + WINDOWS.payment
    escrow = benefits.escrow(world.chain, licence)
    assert (escrow.token, escrow.payer, escrow.amount) == (world.token, INSTITUTE_ID, PRICE)
    world.pay(licence)
    assert delivery.delivery(world.chain, licence) is None
    world.deliver(licence)
    delivered = delivery.delivery(world.chain, licence)
    assert delivered is not None
    assert delivered.delivered_at == world.chain.now()
    assert len(delivered.ephemeral_key) == 33
    found = licences.licence(world.chain, licence)
    assert found.expires_at == world.chain.now() + YEAR
    for seconds, state in ((WINDOWS.acceptance + 1, LicenceState.ACTIVE), (YEAR, LicenceState.EXPIRED)):
        world.advance(seconds)
        now = world.chain.now()
        assert licences.state(world.chain, licence) is state
        assert state_at(found.stage, found.deadline, found.expires_at, now) is state


@pytest.mark.parametrize("unknown", [0, 999])
def test_what_is_not_there_is_told(world: World, unknown: int) -> None:
    with pytest.raises(RefusedError, match="There is no such licence"):
        licences.licence(world.chain, LicenceId(unknown))
    with pytest.raises(RefusedError, match="There is no such dataset"):
        datasets.dataset(world.chain, DatasetId(unknown))
    assert delivery.delivery(world.chain, LicenceId(unknown)) is None


def test_the_ways_out_of_a_licence(world: World) -> None:
    applied = world.applied()
    world.act(world.hospital, licences.reject(applied, digest("reasons")))
    assert licences.state(world.chain, applied) is LicenceState.REJECTED
    approved = world.approved()
    world.act(world.institute, licences.cancel(approved))
    assert licences.state(world.chain, approved) is LicenceState.CANCELLED
    paid = world.paid()
    world.act(world.hospital, licences.refund(paid))
    assert licences.state(world.chain, paid) is LicenceState.REFUNDED
    assert benefits.balance(world.chain, INSTITUTE_ID, world.token) == PRICE


def test_a_licence_is_renewed(world: World) -> None:
    licence = world.settled()
    world.advance(YEAR // 2)
    world.act(world.institute, tokens.approve(world.token, world.deployment.address("Benefits"), PRICE))
    before = licences.licence(world.chain, licence).expires_at
    world.act(world.institute, licences.renew(licence, PRICE))
    assert licences.licence(world.chain, licence).expires_at == before + YEAR
    assert benefits.balance(world.chain, PLATFORM_ID, world.token) == 2 * 50_000


def test_a_free_licence_needs_no_payment(world: World) -> None:
    zero = Address("0x" + "0" * 40)
    offer = world.publish(world.hospital, world.registered(), world.terms(price=0, token=zero))
    licence = world.apply(world.institute, offer)
    world.approve(licence)
    world.agree(licence)
    assert licences.state(world.chain, licence) is LicenceState.PAID


def test_windows_can_be_changed_for_the_future(world: World) -> None:
    changed = WINDOWS.model_copy(update={"payment": DAY})
    world.act(world.operator, licences.set_windows(changed))
    assert licences.windows(world.chain) == changed


def test_the_past_can_be_read(world: World) -> None:
    before = world.chain.head().number
    world.registered()
    assert (
        world.chain.call("Datasets", "datasetCount") == world.chain.call("Datasets", "datasetCount", block=before) + 1
    )


def test_structs_come_as_dictionaries(world: World) -> None:
    licence = world.applied()
    found = world.chain.call("Licences", "licenceById", licence)
    assert set(found) == {
        "offer",
        "licensee",
        "licensor",
        "stage",
        "deadline",
        "expires_at",
        "purpose_digest",
        "agreement_digest",
        "delivery_key_digest",
    }
    assert world.chain.contract("Licences").functions.licenceCount().call() == licence


def test_the_events_tell_the_whole_story(world: World) -> None:
    first = world.chain.head().number + 1
    licence = world.settled()
    events = fetch_events(world.chain, first, world.chain.head().number)
    assert [event.name for event in events if event.contract != "AccessManager"] == [
        "Transfer",
        "DatasetRegistered",
        "OfferPublished",
        "LicenceApplied",
        "LicenceApproved",
        "LicenceAgreed",
        "EscrowInvoiced",
        "LicencePaid",
        "EscrowFunded",
        "KeyDelivered",
        "LicenceDelivered",
        "Transfer",
        "Locked",
        "LicenceAccepted",
        "LicenceSettled",
        "EscrowSettled",
        *["Credited"] * 4,
    ]
    by_name = {event.name: event for event in events}
    registration = registration_from(by_name["DatasetRegistered"].arguments["registration"])
    assert registration.attribution == "City Hospital, Cohort of 1986"
    assert terms_from(by_name["OfferPublished"].arguments["terms"]) == world.terms()
    agreement = agreement_from(by_name["LicenceAgreed"].arguments["agreement"])
    assert (agreement.licence, agreement.terms) == (licence, world.terms())
    assert by_name["LicenceAgreed"].arguments["licensee"]["signer"] == world.institute.address
    credited = [event.arguments for event in events if event.name == "Credited"]
    assert sum(part["amount"] for part in credited) == PRICE
    assert [(e.block_number, e.log_index) for e in events] == sorted((e.block_number, e.log_index) for e in events)


def test_events_are_those_of_the_ledger_only(world: World) -> None:
    first = world.chain.head().number + 1
    world.act(world.institute, tokens.transfer(world.token, world.fund.address, 1))
    assert fetch_events(world.chain, first, world.chain.head().number) == []
    assert "SettlementToken" not in LEDGER_CONTRACTS


def test_a_range_too_large_for_the_node_is_asked_for_in_halves(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.settled()
    last = world.chain.head().number
    whole = fetch_events(world.chain, 0, last)
    honest = world.chain.request
    asked: list[int] = []

    def limited(method: str, *params: Any) -> Any:
        if method == "eth_getLogs":
            size = int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1
            if size > 5:
                raise RpcError("query returned more than 10000 results", None)
            asked.append(size)
        return honest(method, *params)

    monkeypatch.setattr(world.chain, "request", limited)
    assert fetch_events(world.chain, 0, last) == whole
    assert sum(asked) == last + 1


def test_a_node_that_refuses_for_another_reason_is_not_asked_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refusing(method: str, *_: Any) -> Any:
        asked.append(method)
        raise RpcError("no such method", None)

    monkeypatch.setattr(world.chain, "request", refusing)
    with pytest.raises(RpcError, match="no such method"):
        fetch_events(world.chain, 0, 100)
    assert asked == ["eth_getLogs"]
