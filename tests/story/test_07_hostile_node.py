"""A holder delivers through a node in other hands: what it is shown, and what it is not believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import pytest
from eth_account.hdaccount import key_from_seed, seed_from_mnemonic
from eth_utils.crypto import keccak

from ledger.acts import deliver as delivering
from ledger.acts import signed
from ledger.acts.history import find_event
from ledger.chain import datasets, delivery, licences, members, offers
from ledger.chain.abi import encode_values, snake_case
from ledger.chain.anvil import DEV_MNEMONIC
from ledger.chain.artifacts import artifact
from ledger.chain.chain import Chain
from ledger.chain.records import terms_tuple
from ledger.chain.sender import Sender
from ledger.chain.signers import LocalSigner
from ledger.chain.typed_data import agreement_message, typed_digest
from ledger.crypto.exchange import WrappedKey, wrap_key
from ledger.crypto.keystore import KeyKind
from ledger.errors import IntegrityError, RefusedError
from ledger.model.ids import Address, DatasetId, LicenceId
from ledger.model.licence import Agreement, LicenceState
from tests.support.proxy import Lie, Proxy, proxy
from tests.support.story import Story
from tests.support.world import HOSPITAL, WINDOWS, point

Wrapped = list[WrappedKey]
Signature = tuple[Address, bytes]
Signatures = tuple[Signature, Signature]
THIEF: Final = b"\x09" * 32


@pytest.fixture
def wrapped(monkeypatch: pytest.MonkeyPatch) -> Wrapped:
    """Every key that was wrapped."""
    made: Wrapped = []

    def noting(*given: Any, **named: Any) -> WrappedKey:
        made.append(wrap_key(*given, **named))
        return made[-1]

    monkeypatch.setattr(delivering, "wrap_key", noting)
    return made


@contextmanager
def hostile(story: Story, **named: Any) -> Iterator[tuple[Proxy, dict[str, Any]]]:
    """The hospital's connection through a node in other hands."""
    with proxy(story.world.url, **named) as node, Chain.connect(node.url, story.world.deployment) as chain:
        yield node, {"chain": chain, "sender": Sender(chain, story.hospital.person.signer)}


def invented(story: Story, licence: LicenceId, *, signatures: Signatures | None = None) -> Lie:
    """A node that says that the licence is agreed and paid, with the thief's delivery key.

    Args:
        story: Whose ledger it shows.
        licence: An application.
        signatures: Those it shows; default: the thief's own, in the names of the parties.
    """
    world, thief = story.world, point(THIEF)
    known = licences.licence(world.chain, licence)
    terms = offers.offer(world.chain, known.offer).terms
    agreement = Agreement(
        licence=licence,
        dataset=dataset_of(story, licence),
        offer=known.offer,
        licensor=world.hospital.id,
        licensee=known.licensee,
        purpose_digest=known.purpose_digest,
        delivery_key=thief,
        deadline=world.soon(),
        terms=terms,
    )
    message = agreement_message(world.chain.chain_id, world.deployment.address("Licences"), agreement)
    own = LocalSigner(THIEF).sign_typed_data(message)
    shown = signatures or ((world.hospital.address, own), (world.institute.address, own))
    digest = typed_digest(message)
    record = {
        "offer": known.offer,
        "licensee": known.licensee,
        "licensor": world.hospital.id,
        "stage": LicenceState.PAID,
        "deadline": world.soon(),
        "expires_at": 0,
        "purpose_digest": known.purpose_digest,
        "agreement_digest": digest,
        "delivery_key_digest": keccak(thief.x.to_bytes(32) + thief.y.to_bytes(32)),
    }
    told = {
        selector("licenceById"): encoded(artifact("Licences").function("licenceById", 1).outputs, [record]),
        selector("stateOf"): encoded(artifact("Licences").function("stateOf", 1).outputs, [LicenceState.PAID]),
    }
    topic, event = next(
        (topic, entry) for topic, entry in artifact("Licences").events.items() if entry.name == "LicenceAgreed"
    )
    values = [digest, agreement_values(agreement), *shown, world.soon()]
    log: dict[str, Any] = {
        "address": world.deployment.address("Licences"),
        "topics": ["0x" + topic.hex(), f"0x{licence:064x}"],
        "data": encoded([parameter for parameter in event.inputs if not parameter.indexed], values),
        "blockNumber": "0x1",
        "blockHash": "0x" + "00" * 32,
        "transactionHash": "0x" + "00" * 32,
        "transactionIndex": "0x0",
        "logIndex": "0x0",
        "removed": False,
    }

    def lie(method: str, parameters: list[Any]) -> Any:
        if method == "eth_estimateGas":
            return hex(200_000)
        if method == "eth_call":
            return told.get(parameters[0]["data"][:10])
        return [log] if method == "eth_getLogs" and parameters[0]["topics"][0] == log["topics"][0] else None

    return lie


def agreement_values(agreement: Agreement) -> tuple[Any, ...]:
    """As ``ILicences.Agreement``."""
    key = agreement.delivery_key
    parties = (agreement.licence, agreement.dataset, agreement.offer, agreement.licensor, agreement.licensee)
    return (*parties, agreement.purpose_digest, key.x, key.y, agreement.deadline, terms_tuple(agreement.terms))


def selector(name: str) -> str:
    return "0x" + artifact("Licences").function(name, 1).selector.hex()


def encoded(parameters: Sequence[Any], values: Sequence[Any]) -> str:
    """ABI encoding; structs are tuples, or by snake_case name."""
    ordered = [
        tuple(value[snake_case(component.name)] for component in parameter.components)
        if isinstance(value, dict)
        else value
        for parameter, value in zip(parameters, values, strict=True)
    ]
    return "0x" + encode_values(parameters, ordered, what="a forgery").hex()


def dataset_of(story: Story, licence: LicenceId) -> DatasetId:
    found = licences.licence(story.world.chain, licence).dataset
    assert found is not None
    return found


def test_the_node_sees_the_wrapped_key_in_the_signed_transaction_alone(story: Story, wrapped: Wrapped) -> None:
    licence = story.paid()
    with hostile(story) as (node, through):
        assert story.deliver(licence, **through).state is LicenceState.DELIVERED

    (sent,) = wrapped
    assert node.methods_with(sent.wrapped) == {"eth_sendRawTransaction"}
    assert node.methods_with(sent.ephemeral[1:]) == {"eth_sendRawTransaction"}
    selector = artifact("KeyExchange").function("deliver", 4).selector
    assert "eth_estimategas" in {method.lower() for method in node.methods_with(selector)}
    dataset = datasets.dataset(story.world.chain, dataset_of(story, licence))
    assert story.world.opened(licence, story.world.institute).commitment == dataset.key_commitment


def test_what_failed_after_all_is_explained_without_the_wrapped_key(story: Story, wrapped: Wrapped) -> None:
    licence, chain = story.paid(), story.world.chain

    def revoked_meanwhile(method: str, _: list[Any]) -> None:
        if method == "eth_sendRawTransaction":
            story.world.operator.send(datasets.revoke(dataset_of(story, licence)))

    with hostile(story, lie=revoked_meanwhile) as (node, through), pytest.raises(RefusedError) as caught:
        story.deliver(licence, **through)

    assert caught.value.name == "DatasetNotAvailable"
    assert node.methods_with(wrapped[0].wrapped) == {"eth_sendRawTransaction"}
    assert delivery.delivery(chain, licence) is None


@pytest.mark.parametrize("reason", ["overdue", "withdrawn", "late by the chain", "late by this computer"])
def test_no_key_is_wrapped_for_a_delivery_that_cannot_succeed(
    story: Story, wrapped: Wrapped, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    licence = story.paid()
    match reason:
        case "overdue":
            story.world.advance(WINDOWS.delivery + 1)
        case "withdrawn":
            story.hospital.person.send(datasets.withdraw(dataset_of(story, licence)))
        case "late by the chain":
            story.world.advance(WINDOWS.delivery - delivering.MARGIN + 5)
        case _:
            late = licences.licence(story.world.chain, licence).deadline - delivering.MARGIN + 1
            monkeypatch.setattr("ledger.acts.deliver.time.time", lambda: float(late))

    with hostile(story) as (node, through), pytest.raises(RefusedError) as caught:
        story.deliver(licence, **through)

    assert not wrapped
    assert "eth_sendRawTransaction" not in {shown.method for shown in node.shown}
    wanted = {"overdue": "LicenceStateRefused", "withdrawn": "DatasetNotAvailable"}.get(reason, "DeliveryTooLate")
    assert caught.value.name == wanted


def test_an_invented_paid_licence_gets_no_key(story: Story, wrapped: Wrapped) -> None:
    """All that the attacker does on the chain is to apply; its node says the rest."""
    licence = story.applied()

    with hostile(story, lie=invented(story, licence)) as (node, through):
        assert licences.licence(through["chain"], licence).state is LicenceState.PAID
        with pytest.raises(IntegrityError, match="no account whose key is here signed"):
            story.deliver(licence, **through)

    assert not wrapped
    assert "eth_sendRawTransaction" not in {shown.method for shown in node.shown}
    assert licences.licence(story.world.chain, licence).state is LicenceState.APPLIED


def test_the_forgery_is_good_enough_to_deceive_who_trusts_the_node(story: Story, wrapped: Wrapped) -> None:
    """Or else the tests beside this one would refuse something simpler than they say."""
    licence = story.applied()
    with hostile(story, lie=invented(story, licence)) as (_, through), pytest.raises(RefusedError):
        story.deliver(licence, trust_node=True, **through)
    assert wrapped


def test_a_signed_agreement_with_another_delivery_key_gets_no_key(story: Story, wrapped: Wrapped) -> None:
    """The signatures are real, but were given for another delivery key."""
    licence = story.paid()
    said = find_event(story.world.chain, "Licences", "LicenceAgreed", licence).arguments
    real = [(said[side]["signer"], said[side]["signature"]) for side in ("licensor", "licensee")]
    lie = invented(story, licence, signatures=(real[0], real[1]))

    with hostile(story, lie=lie) as (_, through), pytest.raises(IntegrityError, match="no account whose key is here"):
        story.deliver(licence, **through)
    assert not wrapped


def test_an_agreement_that_the_licensee_did_not_sign_gets_no_key(story: Story, wrapped: Wrapped) -> None:
    licence = story.paid()
    agreed = find_event(story.world.chain, "Licences", "LicenceAgreed", licence)
    said = dict(agreed.arguments) | {"licensee": dict(agreed.arguments["licensor"])}
    said["licensee"]["signer"] = story.institute.person.address

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signed, "find_event", lambda *_: replace(agreed, arguments=said))
        with pytest.raises(IntegrityError, match="did not sign its agreement as the licensee"):
            story.deliver(licence)
    assert not wrapped


def test_the_key_of_another_dataset_is_not_delivered(story: Story, wrapped: Wrapped) -> None:
    """The node says that the cheap dataset, which was licensed, has the key of the dear one."""
    licence = story.paid()
    (story.source / "dear.csv").write_text("dear\n")
    dear = story.hospital.register(story.source).dataset
    cheap, chain = dataset_of(story, licence), story.world.chain
    asked = {"to": story.world.deployment.address("Datasets")}
    selector = artifact("Datasets").function("datasetById", 1).selector.hex()
    told = chain.request("eth_call", asked | {"data": f"0x{selector}{dear:064x}"}, "latest")

    def lie(method: str, parameters: list[Any]) -> Any:
        swapped = method == "eth_call" and parameters[0]["data"] == f"0x{selector}{cheap:064x}"
        return told if swapped else None

    with hostile(story, lie=lie) as (_, through), pytest.raises(IntegrityError, match="shows another key"):
        story.deliver(licence, **through)
    with hostile(story, lie=lie) as (_, through), pytest.raises(IntegrityError, match="shows another key"):
        story.deliver(licence, trust_node=True, **through)
    assert not wrapped


def test_a_dataset_that_was_registered_elsewhere_needs_trust(story: Story, wrapped: Wrapped) -> None:
    licence = story.paid()
    elsewhere = type(story.hospital.holdings)(story.source, story.world.deployment.anchor.hash)

    with pytest.raises(IntegrityError, match="not registered from here"):
        story.deliver(licence, holdings=elsewhere)
    assert not wrapped

    assert story.deliver(licence, holdings=elsewhere, trust_node=True).state is LicenceState.DELIVERED


def test_an_account_of_the_keystore_may_have_signed(story: Story) -> None:
    """The agreement was signed with one account of the hospital, and is fulfilled from another."""
    licence, who = story.paid(), story.hospital
    who.person.send(members.invite_account(story.world.stranger.address))
    story.world.stranger.send(members.accept_invitation(who.person.id))
    with pytest.raises(IntegrityError, match="no account whose key is here"):
        story.deliver(licence, sender=story.world.stranger.sender)

    secret = key_from_seed(seed_from_mnemonic(DEV_MNEMONIC, ""), f"m/44'/60'/0'/0/{HOSPITAL}")
    who.keystore.import_("hospital", KeyKind.WALLET, secret, who.passphrases.passphrase)

    assert story.deliver(licence, sender=story.world.stranger.sender).state is LicenceState.DELIVERED
