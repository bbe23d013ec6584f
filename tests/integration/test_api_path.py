"""The whole path of a licence through the HTTP API, with wallets: from registration to withdrawal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.chain import benefits, datasets, licences, members
from ledger.crypto.derive import DatasetKey
from ledger.crypto.exchange import unwrap_key, wrap_key
from ledger.model.ids import LicenceId
from ledger.model.parties import MemberKind
from tests.support import api
from tests.support.service import MANIFEST, METADATA, Service, serving
from tests.support.wallet import Wallet, event
from tests.support.world import DAY, PRICE, YEAR, World, point


@pytest.fixture
def service(world: World, tmp_path: Path) -> Iterator[Service]:
    with serving(world, tmp_path) as opened:
        yield opened


def test_from_registration_to_withdrawal(service: Service) -> None:
    key = DatasetKey.generate()
    offer = offered_and_found(service, key)
    licence = applied_and_approved(service, offer)
    agreed_by_both(service, licence)
    paid_with_a_permit(service, licence)
    delivered_to_the_licensee_alone(service, licence, key)
    accepted_split_and_withdrawn(service, licence)
    renewed(service, licence)

    names = [said["name"] for said in service.read("/events", licence=licence, limit=100)["items"]]
    assert names[0] == "LicenceApplied"
    assert "LicenceRenewed" in names
    network = service.read("/network")
    assert network["lag"] == 0
    assert network["contracts"]["Licences"] == service.world.deployment.address("Licences")
    assert service.read("/health")["status"] == "up"


def offered_and_found(service: Service, key: DatasetKey) -> int:
    world, hospital = service.world, service.hospital
    done = hospital.do("datasets.register", registrations=[service.registration(key)])
    assert (done["call"]["contract"], done["call"]["function"]) == ("Datasets", "register")
    assert done["from"] == hospital.address
    assert bytes.fromhex(done["raw"][2:]) != b""
    dataset = event(done, "DatasetRegistered")["dataset"]
    offer: int = event(hospital.do("offers.publish", offers=[service.offer(dataset)]), "OfferPublished")["offer"]

    found = service.read("/datasets", q="colon SURVIVAL", duo="DUO:0000046", tier="controlled")["items"]
    assert [entry["id"] for entry in found] == [dataset]
    assert found[0]["description"]["name"] == METADATA.name
    assert found[0]["lowest_prices"] == [{"token": world.token, "amount": str(PRICE)}]
    document = service.client.get(f"/datasets/{dataset}/metadata")
    assert document.content == METADATA.document()
    assert document.headers["content-type"] == "application/ld+json"
    assert service.client.get(f"/datasets/{dataset}/manifest").content == MANIFEST
    assert service.read(f"/datasets/{dataset}/offers")["items"] == [service.read(f"/offers/{offer}")]
    return offer


def applied_and_approved(service: Service, offer: int) -> int:
    applying = {"offer": offer, "purpose": service.document("We study survival after surgery.")}
    assert "10,000.03 " in service.institute.prepared("licences.apply", **applying)["consequences"][0]
    licence: int = event(service.institute.do("licences.apply", **applying), "LicenceApplied")["licence"]
    waiting = service.read("/licences", holder=service.world.hospital.id, state="applied")["items"]
    assert [(entry["id"], entry["requested_purpose"]) for entry in waiting] == [(licence, applying["purpose"])]
    service.hospital.do("licences.approve", licence=licence, purpose=applying["purpose"])
    return licence


def agreed_by_both(service: Service, licence: int) -> None:
    """Each side signs what the API prepared; a stranger brings the signatures."""
    signing = {"licence": licence, "deadline": service.world.soon()}
    sides = {
        side: {"signer": wallet.address, "signature": wallet.signature("licences.agreement", **signing)}
        for side, wallet in (("licensor", service.hospital), ("licensee", service.institute))
    }
    digest = service.institute.prepared("licences.agreement", **signing)["digest"]
    service.stranger.do("licences.agree", **signing, **sides)
    agreement = service.read(f"/licences/{licence}/agreement")
    assert agreement["licensor_signature"] == sides["licensor"]
    assert agreement["licensee_signature"] == sides["licensee"]
    assert agreement["digest"] == digest


def paid_with_a_permit(service: Service, licence: int) -> None:
    deadline = service.world.soon()
    permit = service.institute.signature("tokens.permit", licence=licence, deadline=deadline)
    paying = {"licence": licence, "deadline": deadline, "signature": permit}
    consequences = service.institute.prepared("licences.pay-with-permit", **paying)["consequences"]
    assert consequences[0].startswith("10,000.03 ")
    parts = {line.rpartition(", the ")[2]: line.partition(" ")[0] for line in consequences if ", the " in line}
    assert parts == {"collector": "2,500.00", "holder": "5,500.03", "fund": "1,500.00", "platform": "500.00"}
    service.institute.do("licences.pay-with-permit", **paying)
    escrow = service.read(f"/licences/{licence}/escrow")
    assert (escrow["status"], escrow["amount"]) == ("funded", str(PRICE))


def delivered_to_the_licensee_alone(service: Service, licence: int, key: DatasetKey) -> None:
    institute = service.world.institute
    theirs = bytes.fromhex(service.read(f"/members/{institute.id}")["delivery_key"][4:])
    context = service.world.delivery_context(LicenceId(licence))
    wrapped = wrap_key(key, theirs, context=context)
    service.world.deliver(LicenceId(licence), wrapped)  # from the holder's own software, never through the API
    told = service.read(f"/licences/{licence}/delivery")
    received, ephemeral = bytes.fromhex(told["wrapped_key"][2:]), bytes.fromhex(told["ephemeral_key"][2:])
    unwrap_key(received, ephemeral, institute.delivery_secret, context=context, commitment=key.commitment)


def accepted_split_and_withdrawn(service: Service, licence: int) -> None:
    world = service.world
    service.institute.do("licences.accept", licence=licence)
    service.stranger.do("licences.settle", licence=licence)
    balance = service.read(f"/members/{world.hospital.id}/balances")["items"][0]
    assert balance == {"token": world.token, "available": "800003", "credited": "800003", "withdrawn": "0"}
    withdrawal = {"member": world.hospital.id, "token": world.token}
    prepared = service.stranger.prepared("benefits.withdraw", **withdrawal)
    assert prepared["consequences"][0].startswith("8,000.03 ")
    paid = event(service.stranger.do("benefits.withdraw", **withdrawal), "Withdrawn")
    assert (paid["to"], paid["amount"]) == (service.hospital.address, 800_003)
    assert service.read(f"/members/{world.hospital.id}/balances")["items"][0]["available"] == "0"


def renewed(service: Service, licence: int) -> None:
    service.world.advance(YEAR // 2)
    service.institute.do("tokens.approve", token=service.world.token, amount=str(PRICE))
    service.institute.do("licences.renew", licence=licence, limit=str(PRICE))
    told = service.read(f"/licences/{licence}")
    assert told["state"] == "active"
    assert told["settled"]


def test_the_words_name_who_is_paid_after_the_dataset_changed_hands(service: Service) -> None:
    """The first term is the licensor's, as it is in the contract; a renewal is the present holder's."""
    world = service.world
    licence = world.active()
    dataset = licences.licence(world.chain, licence).dataset
    assert dataset is not None
    world.operator.send(members.set_kinds(world.company.id, MemberKind.INSTITUTION | MemberKind.USER))
    world.hospital.send(datasets.transfer(world.hospital.address, world.company.address, dataset))

    first = service.stranger.prepared("licences.settle", licence=licence)["consequences"]
    service.stranger.do("licences.settle", licence=licence)
    service.institute.do("tokens.approve", token=world.token, amount=str(PRICE))
    renewal = service.institute.prepared("licences.renew", licence=licence, limit=str(PRICE))["consequences"]

    assert holder_named(first) == world.hospital.id
    assert benefits.balance(world.chain, world.hospital.id, world.token) == 800_003
    assert holder_named(renewal) == world.company.id
    service.institute.do("licences.renew", licence=licence, limit=str(PRICE))
    assert benefits.balance(world.chain, world.company.id, world.token) == 550_003


def holder_named(consequences: list[str]) -> int:
    """The member to which the holder's part goes."""
    (line,) = (line for line in consequences if line.endswith(", the holder"))
    return int(line.rpartition("member ")[2].partition(",")[0])


def test_a_member_manages_its_accounts(service: Service) -> None:
    world, hospital, stranger = service.world, service.hospital, service.stranger
    hospital.do("members.invite-account", account=stranger.address)
    stranger.do("members.accept-invitation", member=world.hospital.id)
    assert service.read(f"/accounts/{stranger.address}")["id"] == world.hospital.id
    hospital.do("members.describe", name="City Hospital and Clinic", metadata=service.document("about us"))
    assert [m["id"] for m in service.read("/members", q="clinic")["items"]] == [world.hospital.id]
    public = point(world.hospital.delivery_secret)
    hospital.do("members.set-delivery-key", public_key=f"0x04{public.x:064x}{public.y:064x}")
    assert service.read(f"/members/{world.hospital.id}")["delivery_key"] == f"0x04{public.x:064x}{public.y:064x}"
    hospital.do("members.remove-account", account=stranger.address)
    assert service.client.get(f"/accounts/{stranger.address}").status_code == 200  # the index has not read it yet
    service.sync()
    api.problem(service.client.get(f"/accounts/{stranger.address}"), 404, "not-found")


def test_a_holder_manages_its_datasets(service: Service) -> None:
    world, hospital = service.world, service.hospital
    stated = service.registration(DatasetKey.generate(), embargo_until=world.chain.now() + 30 * DAY)
    dataset = event(hospital.do("datasets.register", registrations=[stated]), "DatasetRegistered")["dataset"]
    offer = event(hospital.do("offers.publish", offers=[service.offer(dataset)]), "OfferPublished")["offer"]
    purpose = service.document("a purpose")

    embargo = api.problem(
        service.institute.ask("licences.apply", offer=offer, purpose=purpose), 409, "embargo-in-force"
    )
    assert embargo["error"]["name"] == "EmbargoInForce"
    assert embargo["error"]["arguments"]["dataset"] == dataset
    hospital.do("datasets.shorten-embargo", dataset=dataset, embargo_until=0)
    licence = event(service.institute.do("licences.apply", offer=offer, purpose=purpose), "LicenceApplied")["licence"]
    hospital.do("licences.reject", licence=licence, reasons=service.document("too broad"))
    assert service.read(f"/licences/{licence}")["state"] == "rejected"

    hospital.do("datasets.withdraw", dataset=dataset)
    gone = service.institute.ask("licences.apply", offer=offer, purpose=purpose)
    api.problem(gone, 410, "dataset-not-available")
    hospital.do("datasets.restore", dataset=dataset)
    hospital.do("datasets.transfer", dataset=dataset, to=service.institute.address)
    assert service.read(f"/datasets/{dataset}")["holder"] == world.institute.id


def test_an_operator_governs(service: Service) -> None:
    operator = Wallet.of(service.client, service.world.operator)
    admitted = operator.do(
        "members.admit",
        principal=service.stranger.address,
        kinds=["user"],
        country="FR",
        metadata=service.document("newcomer"),
        name="Newcomer",
    )
    member = event(admitted, "MemberAdmitted")["member"]
    operator.do("members.set-kinds", member=member, kinds=["user", "institution"])
    assert service.read(f"/members/{member}")["kinds"] == ["institution", "user"]
    operator.do("members.set-status", member=member, status="suspended")
    assert service.read("/members", status="suspended")["items"][0]["id"] == member
    operator.do("licences.set-windows", windows={"payment": 60, "delivery": 60, "acceptance": 60})
    operator.do("benefits.set-token-allowed", token=service.world.token, allowed=False)
    operator.do("tokens.mint", token=service.world.token, to=service.stranger.address, amount="5")
    dataset = service.world.registered()
    operator.do("datasets.revoke", dataset=dataset)
    operator.do("datasets.reinstate", dataset=dataset)
    refused = service.hospital.ask("members.set-status", member=member, status="active")
    api.problem(refused, 403, "access-managed-unauthorized")
