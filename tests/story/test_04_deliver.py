"""The holder delivers the dataset key, for the licensee alone."""

from __future__ import annotations

import pytest

from ledger.acts.deliver import deliver
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
    licence, who = story.paid(), story.hospital

    steps = [deliver(licence, chain=story.world.chain, sender=who.person.sender, keyring=who.keyring) for _ in range(2)]

    assert [step.outcome is None for step in steps] == [False, True]
    assert steps[1].state is LicenceState.DELIVERED


def test_a_key_registered_after_the_agreement_changes_nothing(story: Story) -> None:
    licence = story.paid()
    story.institute.person.send(members.set_delivery_key(point(b"\x07" * 32)))
    who = story.hospital

    deliver(licence, chain=story.world.chain, sender=who.person.sender, keyring=who.keyring)

    found = licences.licence(story.world.chain, licence).dataset
    assert found is not None
    key = story.world.opened(licence, story.world.institute)
    assert key.commitment == datasets.dataset(story.world.chain, found).key_commitment


def test_no_key_before_the_price_is_in_escrow(story: Story) -> None:
    licence, who = story.agreed(), story.hospital

    with pytest.raises(RefusedError, match="agreed"):
        deliver(licence, chain=story.world.chain, sender=who.person.sender, keyring=who.keyring)

    assert delivery.delivery(story.world.chain, licence) is None


def test_only_the_licensor_delivers(story: Story, company: Institution) -> None:
    licence, who = story.paid(), story.hospital

    with pytest.raises(RefusedError) as caught:
        deliver(licence, chain=story.world.chain, sender=company.person.sender, keyring=who.keyring)

    assert caught.value.name == "NotLicensor"


def test_a_holder_that_lost_the_key_is_told_so(story: Story) -> None:
    licence, who = story.paid(), story.hospital
    (key,) = who.keystore.list(KeyKind.DATASET)
    who.keystore.delete(key.label)

    with pytest.raises(KeyMaterialError, match="no dataset key"):
        deliver(
            licence,
            chain=story.world.chain,
            sender=who.person.sender,
            keyring=type(who.keyring)(who.keystore, who.passphrases),
        )

    assert delivery.delivery(story.world.chain, licence) is None
