"""The holder delivers the dataset key, for the licensee alone."""

from __future__ import annotations

import pytest

from ledger.chain import datasets, delivery, licences, members
from ledger.crypto.keystore import KeyKind
from ledger.errors import KeyMaterialError, RefusedError
from ledger.model.licence import LicenceState
from tests.support.institution import Institution
from tests.support.story import Story
from tests.support.world import point


def test_what_is_delivered_opens_to_the_registered_key(story: Story) -> None:
    licence = story.delivered()

    key = story.world.opened(licence, story.world.institute)

    dataset = licences.licence(story.world.chain, licence).dataset
    assert dataset is not None
    assert key.commitment == datasets.dataset(story.world.chain, dataset).key_commitment


def test_delivering_twice_delivers_once(story: Story) -> None:
    licence = story.paid()

    steps = [story.deliver(licence) for _ in range(2)]

    assert [step.outcome is None for step in steps] == [False, True]
    assert steps[1].state is LicenceState.DELIVERED


def test_a_key_registered_after_the_agreement_changes_nothing(story: Story) -> None:
    licence = story.paid()
    story.institute.person.send(members.set_delivery_key(point(b"\x07" * 32)))

    story.deliver(licence)

    found = licences.licence(story.world.chain, licence).dataset
    assert found is not None
    key = story.world.opened(licence, story.world.institute)
    assert key.commitment == datasets.dataset(story.world.chain, found).key_commitment


def test_no_key_before_the_price_is_in_escrow(story: Story) -> None:
    licence = story.agreed()

    with pytest.raises(RefusedError, match="agreed"):
        story.deliver(licence)

    assert delivery.delivery(story.world.chain, licence) is None


def test_only_the_licensor_delivers(story: Story, company: Institution) -> None:
    licence = story.paid()

    with pytest.raises(RefusedError) as caught:
        story.deliver(licence, by=company)

    assert caught.value.name == "NotLicensor"


def test_a_holder_that_lost_the_key_is_told_so(story: Story) -> None:
    licence, who = story.paid(), story.hospital
    (key,) = who.keystore.list(KeyKind.DATASET)
    who.keystore.delete(key.label)

    with pytest.raises(KeyMaterialError, match="no dataset key"):
        story.deliver(licence, keyring=type(who.keyring)(who.keystore, who.passphrases))

    assert delivery.delivery(story.world.chain, licence) is None


def test_a_later_holder_that_withdraws_does_not_stop_a_paid_delivery(story: Story) -> None:
    """Else a friend of the licensee could take the dataset over, withdraw it, and have the price refunded."""
    licence, world = story.paid(), story.world
    dataset = licences.licence(world.chain, licence).dataset
    assert dataset is not None
    story.hospital.person.send(datasets.transfer(world.hospital.address, world.institute.address, dataset))
    story.institute.person.send(datasets.withdraw(dataset))

    assert story.deliver(licence).state is LicenceState.DELIVERED
    assert world.opened(licence, world.institute).commitment == datasets.dataset(world.chain, dataset).key_commitment
