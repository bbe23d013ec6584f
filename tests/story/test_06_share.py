"""The money is shared, or given back; nobody waits for another's goodwill."""

from __future__ import annotations

import pytest

from ledger.acts.settle import accept, refund, settle, withdraw
from ledger.chain import benefits, tokens
from ledger.errors import RefusedError
from ledger.model.licence import LicenceState
from tests.support.institution import Institution
from tests.support.story import Story
from tests.support.world import DAY, FUND_ID, HOSPITAL_ID, INSTITUTE_ID, PLATFORM_ID, PRICE


def test_an_accepted_price_is_split_to_the_last_unit(story: Story) -> None:
    licence, chain, token = story.delivered(), story.world.chain, story.world.token
    accept(licence, chain=chain, sender=story.institute.person.sender)
    settle(licence, chain=chain, sender=story.world.stranger.sender)

    shares = {
        member: withdraw(member, token, chain=chain, sender=story.world.stranger.sender).amount
        for member in (HOSPITAL_ID, FUND_ID, PLATFORM_ID)
    }

    assert shares == {HOSPITAL_ID: 800_003, FUND_ID: 150_000, PLATFORM_ID: 50_000}
    assert sum(shares.values()) == PRICE
    assert tokens.balance_of(chain, token, chain.deployment.address("Benefits")) == 0
    assert tokens.balance_of(chain, token, story.world.fund.address) == 150_000


def test_each_step_twice_is_once(story: Story) -> None:
    licence, chain, token = story.delivered(), story.world.chain, story.world.token
    sender = story.institute.person.sender

    steps = [act(licence, chain=chain, sender=sender) for act in (accept, accept, settle, settle)]
    withdrawals = [withdraw(HOSPITAL_ID, token, chain=chain, sender=sender) for _ in range(2)]

    assert [step.outcome is None for step in steps] == [False, True, False, True]
    assert [done.amount for done in withdrawals] == [800_003, 0]
    assert withdrawals[1].outcome is None


def test_silence_accepts(story: Story) -> None:
    licence, chain = story.delivered(), story.world.chain
    with pytest.raises(RefusedError):
        settle(licence, chain=chain, sender=story.hospital.person.sender)
    story.world.advance(3 * DAY + 1)

    done = settle(licence, chain=chain, sender=story.hospital.person.sender)

    assert done.state is LicenceState.ACTIVE
    assert benefits.balance(chain, HOSPITAL_ID, story.world.token) == 800_003


def test_an_overdue_delivery_is_refunded_by_anyones_call(story: Story) -> None:
    licence, chain, token = story.paid(), story.world.chain, story.world.token
    with pytest.raises(RefusedError) as caught:
        refund(licence, chain=chain, sender=story.institute.person.sender)
    assert caught.value.name == "RefundNotDue"
    story.world.advance(7 * DAY + 1)

    done, again = (refund(licence, chain=chain, sender=story.world.stranger.sender) for _ in range(2))

    assert done.state is again.state is LicenceState.REFUNDED
    assert again.outcome is None
    assert withdraw(INSTITUTE_ID, token, chain=chain, sender=story.world.stranger.sender).amount == PRICE


def test_only_the_licensee_accepts(story: Story, company: Institution) -> None:
    licence = story.delivered()

    with pytest.raises(RefusedError) as caught:
        accept(licence, chain=story.world.chain, sender=company.person.sender)

    assert caught.value.name == "NotLicensee"
