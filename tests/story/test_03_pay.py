"""The licensee pays into escrow: with a permit or an allowance, once, and exactly the agreed price."""

from __future__ import annotations

import pytest

from ledger.acts.license import agree, apply_for, approve
from ledger.acts.pay import pay, renew, sign_permit
from ledger.chain import benefits, licences, tokens
from ledger.errors import FundsError, RefusedError
from ledger.model.ids import UnixTime
from ledger.model.licence import EscrowStatus, LicenceState
from ledger.model.terms import ZERO_ADDRESS
from tests.support.institution import Institution
from tests.support.story import Story
from tests.support.world import DAY, PRICE, YEAR


@pytest.mark.parametrize("permit", [True, False])
def test_the_price_goes_into_escrow_and_no_unit_more(story: Story, *, permit: bool) -> None:
    licence, person = story.agreed(), story.institute.person
    chain, token = story.world.chain, story.world.token
    before = tokens.balance_of(chain, token, person.address)

    done = pay(licence, chain=chain, sender=person.sender, signer=person.signer, permit=permit)

    assert done.state is LicenceState.PAID
    assert tokens.balance_of(chain, token, person.address) == before - PRICE
    assert benefits.escrow(chain, licence).status is EscrowStatus.FUNDED
    assert tokens.allowance(chain, token, person.address, chain.deployment.address("Benefits")) == 0


def test_paying_twice_pays_once(story: Story) -> None:
    licence, person = story.agreed(), story.institute.person
    chain, token = story.world.chain, story.world.token
    before = tokens.balance_of(chain, token, person.address)

    steps = [pay(licence, chain=chain, sender=person.sender, signer=person.signer) for _ in range(2)]

    assert [step.outcome is None for step in steps] == [False, True]
    assert tokens.balance_of(chain, token, person.address) == before - PRICE


def test_an_expired_permit_is_refused_and_nothing_moves(story: Story) -> None:
    licence, person = story.agreed(), story.institute.person
    chain, token = story.world.chain, story.world.token
    before = tokens.balance_of(chain, token, person.address)

    with pytest.raises(RefusedError) as caught:
        pay(licence, chain=chain, sender=person.sender, signer=person.signer, deadline=UnixTime(chain.now() - 1))

    assert caught.value.name == "PermitExpired"
    assert tokens.balance_of(chain, token, person.address) == before


def test_a_permit_pays_only_what_it_was_signed_for(story: Story) -> None:
    """Somebody takes a permit out of the pool and uses it first: the payment goes through all the same."""
    licence, person = story.agreed(), story.institute.person
    chain = story.world.chain
    permit = sign_permit(benefits.escrow(chain, licence), chain=chain, signer=person.signer)

    person.send(licences.pay_with_permit(licence, permit))
    with pytest.raises(RefusedError) as caught:
        person.send(licences.pay_with_permit(licence, permit))

    assert caught.value.name == "LicenceStateRefused"


def test_without_enough_tokens_nothing_is_signed_or_sent(story: Story) -> None:
    licence, person = story.agreed(), story.institute.person
    chain, token = story.world.chain, story.world.token
    held = tokens.balance_of(chain, token, person.address)
    person.send(tokens.transfer(token, story.world.stranger.address, held - PRICE + 1))
    nonce = tokens.nonce(chain, token, person.address)

    for permit in (True, False):
        with pytest.raises(FundsError, match=f"the price is {PRICE}"):
            pay(licence, chain=chain, sender=person.sender, signer=person.signer, permit=permit)

    assert tokens.nonce(chain, token, person.address) == nonce
    assert licences.licence(chain, licence).state is LicenceState.AGREED


def test_nobody_pays_for_another(story: Story, company: Institution) -> None:
    licence = story.agreed()

    with pytest.raises(RefusedError) as caught:
        pay(licence, chain=story.world.chain, sender=company.person.sender, signer=company.person.signer)

    assert caught.value.name == "NotLicensee"


def test_what_is_not_agreed_cannot_be_paid(story: Story) -> None:
    licence, person = story.approved(), story.institute.person

    with pytest.raises(RefusedError) as caught:
        pay(licence, chain=story.world.chain, sender=person.sender, signer=person.signer)

    assert caught.value.name == "LicenceStateRefused"


def test_a_free_licence_is_paid_by_agreeing(story: Story) -> None:
    dataset = story.hospital.register(story.source).dataset
    free = story.world.terms(price=0, token=ZERO_ADDRESS)
    offer = story.world.publish(story.world.hospital, dataset, free)
    chain, who = story.world.chain, story.institute
    licence = apply_for(offer, b"purpose", chain=chain, sender=who.person.sender, stores=[who.store]).licence
    approve(licence, chain=chain, sender=story.hospital.person.sender)
    agreed = agree(*story.signed(licence), chain=chain, sender=who.person.sender)

    done = pay(licence, chain=chain, sender=who.person.sender, signer=who.person.signer)

    assert agreed.state is done.state is LicenceState.PAID
    assert done.outcome is None


def test_a_lapsed_agreement_cannot_be_paid(story: Story) -> None:
    licence, person = story.agreed(), story.institute.person
    story.world.advance(15 * DAY)

    with pytest.raises(RefusedError) as caught:
        pay(licence, chain=story.world.chain, sender=person.sender, signer=person.signer)

    assert caught.value.name == "LicenceStateRefused"


def test_another_term_is_bought_at_the_price_that_was_read(story: Story) -> None:
    licence, person = story.delivered(), story.institute.person
    chain = story.world.chain
    person.send(licences.accept(licence))
    expires = licences.licence(chain, licence).expires_at

    renew(licence, PRICE, chain=chain, sender=person.sender)

    assert licences.licence(chain, licence).expires_at == expires + YEAR


def test_no_term_is_bought_above_the_limit(story: Story) -> None:
    licence, person = story.delivered(), story.institute.person
    chain = story.world.chain
    person.send(licences.accept(licence))

    with pytest.raises(RefusedError) as caught:
        renew(licence, PRICE - 1, chain=chain, sender=person.sender)

    assert caught.value.name == "PriceAboveLimit"
    spender = chain.deployment.address("Benefits")
    assert tokens.allowance(chain, story.world.token, person.address, spender) == 0
