"""An institute applies with a purpose, the holder approves, both sign, anyone concludes."""

from __future__ import annotations

import pytest

from ledger.acts.agreement import AgreementSignature
from ledger.acts.documents import document_digest, read_document
from ledger.acts.license import (
    agree,
    agreement,
    apply_for,
    approve,
    cancel,
    reject,
    requested_purpose,
    sign,
)
from ledger.chain import datasets, licences, members, offers
from ledger.errors import DocumentError, NotStoredError, RefusedError, UsageError
from ledger.model.cid import Cid
from ledger.model.ids import Address, LicenceId, UnixTime
from ledger.model.licence import LicenceState
from tests.support.institution import Institution
from tests.support.story import Story
from tests.support.world import DAY, HOSPITAL_ID, INSTITUTE_ID, point

PURPOSE = b"survival after surgery"


def test_an_application_names_a_purpose_that_everyone_can_read(story: Story) -> None:
    licence = story.applied(PURPOSE)

    digest = requested_purpose(story.world.chain, licence)
    assert digest == document_digest(PURPOSE)
    assert read_document(story.hospital.store, digest) == PURPOSE
    assert licences.licence(story.world.chain, licence).state is LicenceState.APPLIED


def test_the_same_application_twice_is_one(story: Story) -> None:
    _, offer = story.offered()
    who = story.institute
    both = [
        apply_for(offer, PURPOSE, chain=story.world.chain, sender=who.person.sender, stores=[who.store])
        for _ in range(2)
    ]
    other = apply_for(offer, b"another purpose", chain=story.world.chain, sender=who.person.sender, stores=[who.store])

    assert both[0].licence == both[1].licence
    assert both[1].outcome is None
    assert other.licence == both[0].licence + 1


def test_an_application_that_came_to_nothing_can_be_made_again(story: Story) -> None:
    first = story.applied(PURPOSE)
    offer = licences.licence(story.world.chain, first).offer
    who = story.institute
    cancel(first, chain=story.world.chain, sender=who.person.sender)

    again = apply_for(offer, PURPOSE, chain=story.world.chain, sender=who.person.sender, stores=[who.store])

    assert again.licence == first + 1


def test_during_an_embargo_nothing_is_applied_for_and_nothing_stored(story: Story) -> None:
    dataset = story.hospital.register(story.source, embargo_until=story.world.chain.now() + DAY).dataset
    offer = story.world.publish(story.world.hospital, dataset, story.world.terms())
    who = story.institute

    with pytest.raises(RefusedError) as caught:
        apply_for(offer, PURPOSE, chain=story.world.chain, sender=who.person.sender, stores=[who.store])

    assert caught.value.name == "EmbargoInForce"
    with pytest.raises(NotStoredError):
        read_document(who.store, document_digest(PURPOSE))
    story.world.advance(DAY + 1)
    assert apply_for(offer, PURPOSE, chain=story.world.chain, sender=who.person.sender, stores=[who.store]).outcome


def test_a_withdrawn_dataset_and_a_closed_offer_cannot_be_applied_for(story: Story) -> None:
    dataset, offer = story.offered()
    who, chain = story.institute, story.world.chain
    story.world.hospital.send(offers.withdraw(offer))
    with pytest.raises(RefusedError) as caught:
        apply_for(offer, PURPOSE, chain=chain, sender=who.person.sender, stores=[who.store])
    assert caught.value.name == "OfferNotOpen"

    second = story.world.publish(story.world.hospital, dataset, story.world.terms())
    story.world.hospital.send(datasets.withdraw(dataset))
    with pytest.raises(RefusedError) as caught:
        apply_for(second, PURPOSE, chain=chain, sender=who.person.sender, stores=[who.store])
    assert caught.value.name == "DatasetNotAvailable"


@pytest.mark.parametrize("purpose", [b"", b"x" * 262_145])
def test_a_purpose_is_a_document_of_one_leaf(story: Story, purpose: bytes) -> None:
    _, offer = story.offered()
    who = story.institute

    with pytest.raises(DocumentError):
        apply_for(offer, purpose, chain=story.world.chain, sender=who.person.sender, stores=[who.store])


def test_approval_is_for_the_purpose_applied_for_and_twice_is_once(story: Story) -> None:
    licence = story.applied(PURPOSE)
    sender = story.hospital.person.sender

    first, second = (approve(licence, chain=story.world.chain, sender=sender) for _ in range(2))

    known = licences.licence(story.world.chain, licence)
    assert (known.purpose_digest, known.licensor) == (document_digest(PURPOSE), HOSPITAL_ID)
    assert first.outcome is not None
    assert second.outcome is None


def test_only_the_holder_approves(story: Story, company: Institution) -> None:
    licence = story.applied()

    with pytest.raises(RefusedError) as caught:
        approve(licence, chain=story.world.chain, sender=company.person.sender)

    assert caught.value.name == "NotHolder"


def test_a_rejection_has_reasons_and_twice_is_once(story: Story) -> None:
    licence = story.applied()
    who = story.hospital

    first, second = (
        reject(licence, b"no ethics vote", chain=story.world.chain, sender=who.person.sender, stores=[who.store])
        for _ in range(2)
    )

    assert first.state is second.state is LicenceState.REJECTED
    assert second.outcome is None
    assert read_document(who.store, document_digest(b"no ethics vote")) == b"no ethics vote"


def test_a_licensee_takes_its_application_back_and_twice_is_once(story: Story) -> None:
    licence = story.applied()

    first, second = (cancel(licence, chain=story.world.chain, sender=story.institute.person.sender) for _ in range(2))

    assert first.outcome is not None
    assert second.outcome is None
    assert second.state is LicenceState.CANCELLED


def test_both_sides_sign_the_same_agreement_with_the_whole_terms(story: Story) -> None:
    licence = story.approved()

    first, second = story.signed(licence)

    assert (first.party, second.party) == ("licensor", "licensee")
    assert first.digest == second.digest
    signed = agreement(story.world.chain, licence, first.deadline)
    assert (signed.licensor, signed.licensee) == (HOSPITAL_ID, INSTITUTE_ID)
    assert signed.terms == story.world.terms()
    assert AgreementSignature.parse(first.document()) == first


def test_the_signatures_conclude_it_whoever_brings_them_and_twice_is_once(story: Story) -> None:
    first, second = story.signed(story.approved())
    chain, stranger = story.world.chain, story.world.stranger.sender

    done = agree(second, first, chain=chain, sender=stranger)
    again = agree(first, second, chain=chain, sender=stranger)

    assert done.state is LicenceState.AGREED
    assert done.outcome is not None
    assert again.outcome is None


def test_nobody_signs_for_others_or_before_the_approval(story: Story, company: Institution) -> None:
    chain = story.world.chain
    licence = story.applied()
    with pytest.raises(RefusedError) as caught:
        sign(licence, chain=chain, signer=story.institute.person.signer)
    assert caught.value.name == "LicenceStateRefused"

    approve(licence, chain=chain, sender=story.hospital.person.sender)
    for outsider in (company.person, story.world.stranger):
        with pytest.raises(RefusedError) as caught:
            sign(licence, chain=chain, signer=outsider.signer)
        assert caught.value.name == "SignatureInvalid"


def test_a_deadline_in_the_past_is_not_signed(story: Story) -> None:
    licence = story.approved()

    with pytest.raises(RefusedError) as caught:
        sign(licence, chain=story.world.chain, signer=story.hospital.person.signer, deadline=UnixTime(1))

    assert caught.value.name == "AgreementExpired"


def test_old_signatures_conclude_nothing(story: Story) -> None:
    first, second = story.signed(story.approved())
    story.world.advance(8 * DAY)

    with pytest.raises(RefusedError) as caught:
        agree(first, second, chain=story.world.chain, sender=story.institute.person.sender)

    assert caught.value.name == "AgreementExpired"


def test_signatures_of_one_agreement_conclude_no_other(story: Story) -> None:
    """Replay: the same parties and offer, another application."""
    first, second = story.signed(story.approved())
    offer = licences.licence(story.world.chain, first.licence).offer
    who, chain = story.institute, story.world.chain
    other = apply_for(offer, b"another purpose", chain=chain, sender=who.person.sender, stores=[who.store]).licence
    approve(other, chain=chain, sender=story.hospital.person.sender)

    moved = [signature.model_copy(update={"licence": other}) for signature in (first, second)]
    with pytest.raises(RefusedError) as caught:
        agree(*moved, chain=chain, sender=who.person.sender)

    assert caught.value.name == "SignatureInvalid"
    assert licences.licence(chain, other).state is LicenceState.APPROVED


def test_a_foreign_signature_concludes_nothing(story: Story, company: Institution) -> None:
    first, second = story.signed(story.approved())
    terms = offers.offer(story.world.chain, licences.licence(story.world.chain, first.licence).offer).terms
    signable = licences.signable_agreement(story.world.chain, first.licence, terms, first.deadline)
    forged = company.person.signer.sign_typed_data(signable.message)

    for changes in (
        {"signature": "0x" + forged.hex()},
        {"signature": "0x" + forged.hex(), "signer": company.person.address},
        {"signer": company.person.address},
    ):
        with pytest.raises(RefusedError) as caught:
            agree(
                first,
                second.model_copy(update=changes),
                chain=story.world.chain,
                sender=story.institute.person.sender,
            )
        assert caught.value.name == "SignatureInvalid"


def test_a_new_delivery_key_makes_old_signatures_invalid(story: Story) -> None:
    first, second = story.signed(story.approved())
    story.institute.person.send(members.set_delivery_key(point(b"\x07" * 32)))

    with pytest.raises(RefusedError) as caught:
        agree(first, second, chain=story.world.chain, sender=story.institute.person.sender)

    assert caught.value.name == "SignatureInvalid"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"party": "licensor"}, "both are of the licensor"),
        ({"deadline": 2_000_000_000}, "differ in their deadline"),
        ({"chain_id": 1}, "differ in their chain id"),
        ({"licence": LicenceId(99)}, "differ in their licence"),
        ({"digest": bytes(32)}, "differ in their digest"),
    ],
)
def test_two_files_that_do_not_belong_together_are_refused_here(
    story: Story, changes: dict[str, object], why: str
) -> None:
    first, second = story.signed(story.approved())

    with pytest.raises(UsageError, match=why):
        agree(
            first,
            second.model_copy(update=changes),
            chain=story.world.chain,
            sender=story.institute.person.sender,
        )


def test_signatures_for_another_ledger_are_refused_here(story: Story) -> None:
    elsewhere = {"contract": Address("0x" + "11" * 20)}
    moved = [signature.model_copy(update=elsewhere) for signature in story.signed(story.approved())]

    with pytest.raises(UsageError, match="another chain or ledger"):
        agree(*moved, chain=story.world.chain, sender=story.institute.person.sender)


def test_the_purpose_is_found_by_its_cid(story: Story) -> None:
    licence = story.applied(PURPOSE)

    cid = Cid.from_digest(requested_purpose(story.world.chain, licence))

    assert story.institute.store.get_bytes(cid, limit=100) == PURPOSE
