"""The world of the tests: a ledger deployed and wired as it is in earnest, and a named cast.

The hospital collected and holds the data, the institute licenses it, the company looks on, the fund and the platform
take their shares, the stranger is no member. The operator holds every role that people hold. The path of a licence is
a list of steps, each of which does all before it: ``registered``, ``offered``, ``applied``, ``approved``, ``agreed``,
``paid``, ``delivered``, ``active``, ``settled``.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.chain import benefits, datasets, delivery, licences, members, offers, tokens
from ledger.chain.anvil import dev_signer
from ledger.chain.calls import Call
from ledger.chain.chain import Chain
from ledger.chain.deploy import deploy
from ledger.chain.deployment import Deployment
from ledger.chain.sender import Sender
from ledger.chain.signers import LocalSigner
from ledger.chain.transactions import Outcome
from ledger.crypto.derive import DatasetKey
from ledger.crypto.exchange import DeliveryContext, WrappedKey, delivery_public_key, shared_point, unwrap_key, wrap_key
from ledger.model.dataset import Funding, Publication, Registration, Tier
from ledger.model.ids import Address, DatasetId, Digest, LicenceId, MemberId, OfferId, UnixTime
from ledger.model.licence import Windows
from ledger.model.parties import Admission, DeliveryKey, MemberKind
from ledger.model.terms import DuoCodes, Shares, Terms

DAY: Final = 86_400
PRICE: Final = 1_000_003
YEAR: Final = 365 * DAY
WINDOWS: Final = Windows(payment=14 * DAY, delivery=7 * DAY, acceptance=3 * DAY)
PURSE: Final = 10**12

OPERATOR, HOSPITAL, INSTITUTE, COMPANY, FUND, PLATFORM, STRANGER, DEPLOYER = range(8)
"""Numbers of the people among the accounts that every local chain funds."""

NOBODY, HOSPITAL_ID, INSTITUTE_ID, COMPANY_ID, FUND_ID, PLATFORM_ID = map(MemberId, range(6))

FOUNDERS: Final = (
    (HOSPITAL, MemberKind.INSTITUTION, "City Hospital"),
    (INSTITUTE, MemberKind.INSTITUTION | MemberKind.USER, "Institute of Surgery"),
    (COMPANY, MemberKind.USER, "Company"),
    (FUND, MemberKind.FUND, "Participants' Fund"),
    (PLATFORM, MemberKind.PLATFORM, "Platform"),
)


def digest(text: str) -> Digest:
    """A digest of something that the test does not need to have."""
    return Digest(hashlib.sha256(text.encode()).digest())


def dataset_key(manifest_digest: bytes) -> DatasetKey:
    """The key of a dataset of the tests, the same in every run."""
    return DatasetKey(hashlib.sha256(b"key of " + manifest_digest).digest())


PURPOSE: Final = digest("survival after surgery")
REASONS: Final = digest("reasons")


@dataclass(frozen=True)
class Person:
    """Somebody with an account.

    Attributes:
        name: Who it is.
        signer: Signs for the account.
        sender: Sends from it.
        id: The member that it is the principal of; zero for none.
        delivery_secret: Opens what is delivered to it.
    """

    name: str
    signer: LocalSigner
    sender: Sender
    id: MemberId = NOBODY
    delivery_secret: bytes = field(default=b"", repr=False)

    @property
    def address(self) -> Address:
        return self.signer.address

    def send(self, call: Call) -> Outcome:
        return self.sender.send(call)


def founders() -> list[Admission]:
    return [
        Admission(
            principal=dev_signer(number).address, kinds=kinds, country="DE", metadata_digest=digest(name), name=name
        )
        for number, kinds, name in FOUNDERS
    ]


def deploy_ledger(url: str) -> Deployment:
    """Contracts deployed and wired; the operator is the authority, the deployer keeps nothing."""
    return deploy(
        url, dev_signer(DEPLOYER), authority=dev_signer(OPERATOR).address, founders=founders(), windows=WINDOWS
    )


class World:
    """A deployed ledger and its people.

    with World.deploy(anvil.url) as world:
        licence = world.paid()

    Attributes:
        url: Address of the node.
        chain: The ledger.
        token: Its settlement token; institute and company have plenty.
        keys: Key of each dataset registered here.
        gas: Gas of each function called through `act`, the last time.
    """

    def __init__(self, url: str, chain: Chain) -> None:
        self.url = url
        self.chain = chain
        self.deployment = chain.deployment
        self.token = chain.deployment.address("SettlementToken")
        self.keys: dict[DatasetId, DatasetKey] = {}
        self.gas: dict[str, int] = {}
        self._numbers = itertools.count(1)
        names = {number: (MemberId(place), name) for place, (number, _, name) in enumerate(FOUNDERS, start=1)}
        self.hospital, self.institute, self.company, self.fund, self.platform = (
            self._person(number, name, member) for number, (member, name) in names.items()
        )
        self.operator = self._person(OPERATOR, "Operator")
        self.stranger = self._person(STRANGER, "Stranger")

    @classmethod
    @contextmanager
    def deploy(cls, url: str) -> Iterator[World]:
        """A new ledger on the node at `url`, connected."""
        with Chain.connect(url, deploy_ledger(url)) as chain:
            world = cls(url, chain)
            world.furnish()
            yield world

    def furnish(self) -> None:
        """Give institute and company tokens and delivery keys."""
        for person in (self.institute, self.company):
            self.operator.send(tokens.mint(self.token, person.address, PURSE))
            person.send(members.set_delivery_key(point(person.delivery_secret)))

    # The path of a licence: each step does all before it.

    def registered(self) -> DatasetId:
        return self.register(self.hospital)

    def offered(self) -> OfferId:
        return self.publish(self.hospital, self.registered(), self.terms())

    def applied(self) -> LicenceId:
        return self.apply(self.institute, self.offered())

    def approved(self) -> LicenceId:
        licence = self.applied()
        self.approve(licence)
        return licence

    def agreed(self) -> LicenceId:
        licence = self.approved()
        self.agree(licence)
        return licence

    def paid(self) -> LicenceId:
        licence = self.agreed()
        self.pay(licence)
        return licence

    def delivered(self) -> LicenceId:
        licence = self.paid()
        self.deliver(licence)
        return licence

    def active(self) -> LicenceId:
        licence = self.delivered()
        self.act(self.institute, licences.accept(licence))
        return licence

    def settled(self) -> LicenceId:
        licence = self.active()
        self.act(self.stranger, licences.settle(licence))
        return licence

    # Single steps.

    def act(self, person: Person, call: Call) -> Outcome:
        """Send a call and note its gas."""
        outcome = person.send(call)
        self.gas[f"{call.contract}.{call.function}"] = outcome.gas_used
        return outcome

    def register(self, holder: Person, registration: Registration | None = None) -> DatasetId:
        stated = registration or self.registration()
        outcome = self.act(holder, datasets.register([stated]))
        dataset = DatasetId(outcome.event("DatasetRegistered").arguments["dataset"])
        if registration is None:
            self.keys[dataset] = dataset_key(stated.manifest_digest)
        return dataset

    def publish(self, holder: Person, dataset: DatasetId, terms: Terms) -> OfferId:
        outcome = self.act(holder, offers.publish([Publication(dataset=dataset, terms=terms)]))
        return OfferId(outcome.event("OfferPublished").arguments["offer"])

    def apply(self, licensee: Person, offer: OfferId) -> LicenceId:
        outcome = self.act(licensee, licences.apply_for(offer, PURPOSE))
        return LicenceId(outcome.event("LicenceApplied").arguments["licence"])

    def approve(self, licence: LicenceId) -> Outcome:
        return self.act(self.hospital, licences.approve_application(licence, PURPOSE))

    def agree(self, licence: LicenceId) -> Outcome:
        """Both sides sign, and anyone brings the signatures."""
        return self.act(self.stranger, self.agreement_call(licence))

    def agreement_call(
        self, licence: LicenceId, *, licensee: Person | None = None, deadline: UnixTime | None = None
    ) -> Call:
        """The agreement, signed by the hospital and by the licensee."""
        terms = offers.offer(self.chain, licences.licence(self.chain, licence).offer).terms
        deadline = deadline or self.soon()
        message = licences.signable_agreement(self.chain, licence, terms, deadline).message
        signatures = [
            licences.PartySignature(signer=person.address, signature=person.signer.sign_typed_data(message))
            for person in (self.hospital, licensee or self.institute)
        ]
        return licences.agree(licence, terms, deadline, *signatures)

    def pay(self, licence: LicenceId, payer: Person | None = None) -> Outcome:
        return self.act(payer or self.institute, self.payment_call(licence, payer or self.institute))

    def payment_call(self, licence: LicenceId, payer: Person, *, deadline: UnixTime | None = None) -> Call:
        """The payment with a permit that the payer signs."""
        price = benefits.escrow(self.chain, licence).amount
        until = deadline or self.soon()
        spender = self.deployment.address("Benefits")
        message = tokens.permit(self.chain, self.token, payer.address, spender, value=price, deadline=until)
        permit = licences.Permit.from_signature(payer.signer.sign_typed_data(message), until)
        return licences.pay_with_permit(licence, permit)

    def deliver(self, licence: LicenceId, wrapped: WrappedKey | None = None) -> Outcome:
        """The hospital delivers the dataset's key."""
        sent = wrapped or self.wrapped(licence)
        return self.act(self.hospital, delivery.deliver(licence, sent.wrapped, sent.ephemeral))

    def wrapped(self, licence: LicenceId, key: DatasetKey | None = None) -> WrappedKey:
        """The dataset's key, or another one, wrapped for the licensee."""
        found = licences.licence(self.chain, licence)
        assert found.dataset is not None
        recipient = members.delivery_key(self.chain, found.licensee)
        public = recipient.x.to_bytes(32, "big") + recipient.y.to_bytes(32, "big")
        return wrap_key(key or self.keys[found.dataset], public, context=self.delivery_context(licence))

    def opened(self, licence: LicenceId, person: Person) -> DatasetKey:
        """What a person's delivery secret makes of the delivery.

        Raises:
            KeyMaterialError: It is not the registered key.
        """
        found = licences.licence(self.chain, licence)
        delivered = delivery.delivery(self.chain, licence)
        assert found.dataset is not None
        assert delivered is not None
        return unwrap_key(
            delivered.wrapped_key,
            delivered.ephemeral_key,
            person.delivery_secret,
            context=self.delivery_context(licence),
            commitment=datasets.dataset(self.chain, found.dataset).key_commitment,
        )

    def delivery_context(self, licence: LicenceId) -> DeliveryContext:
        return DeliveryContext(self.chain.chain_id, self.deployment.address("KeyExchange"), licence)

    # Values.

    def registration(self, **changes: Any) -> Registration:
        number = next(self._numbers)
        manifest = digest(f"manifest {number}")
        stated = Registration(
            collector=HOSPITAL_ID,
            size=2**30,
            embargo_until=UnixTime(0),
            funding=Funding.PUBLIC,
            tier=Tier.CONTROLLED,
            human_genetic_resources=False,
            manifest_codec=0x70,
            manifest_digest=manifest,
            metadata_digest=digest(f"metadata {number}"),
            key_commitment=Digest(dataset_key(manifest).commitment),
            attribution="City Hospital, Cohort of 1986",
        )
        return stated.model_copy(update=changes)

    def terms(self, **changes: Any) -> Terms:
        stated = Terms(
            token=self.token,
            price=PRICE,
            duration=YEAR,
            duo=DuoCodes.of("DUO:0000042"),
            shares=shares(),
            prose_digest=digest("prose"),
        )
        return Terms(**{**dict(stated), **changes})

    def soon(self) -> UnixTime:
        return UnixTime(self.chain.now() + DAY)

    # Time and isolation.

    def advance(self, seconds: int) -> None:
        """Let time pass on the chain."""
        self.chain.request("evm_increaseTime", seconds)
        self.chain.request("evm_mine")

    def automine(self, *, on: bool) -> None:
        """Whether each transaction is mined at once, on anvil and Hardhat's node."""
        self.chain.request("evm_setAutomine", on)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Transactions wait inside, and are mined only when asked for by ``evm_mine``."""
        self.automine(on=False)
        try:
            yield
        finally:
            self.automine(on=True)

    @contextmanager
    def isolated(self) -> Iterator[World]:
        """What happens inside has not happened afterwards."""
        snapshot = self.chain.request("evm_snapshot")
        keys = dict(self.keys)
        try:
            yield self
        finally:
            assert self.chain.request("evm_revert", snapshot)
            self.keys = keys

    def _person(self, number: int, name: str, member: MemberId = NOBODY) -> Person:
        signer = dev_signer(number)
        secret = hashlib.sha256(f"delivery key of {name}".encode()).digest()
        return Person(name, signer, Sender(self.chain, signer), member, secret)


def point(secret: bytes) -> DeliveryKey:
    """The public delivery key of a secret, as an affine point."""
    one = (1).to_bytes(32, "big")
    affine = shared_point(one, delivery_public_key(secret))
    return DeliveryKey(x=int.from_bytes(affine[:32], "big"), y=int.from_bytes(affine[32:], "big"))


def shares() -> Shares:
    return Shares(
        fund=FUND_ID,
        platform=PLATFORM_ID,
        collector_share=2_500,
        holder_share=5_500,
        fund_share=1_500,
        platform_share=500,
    )


def poor_signer() -> LocalSigner:
    """Somebody without a coin."""
    return LocalSigner(hashlib.sha256(b"poor").digest())
