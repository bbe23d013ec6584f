"""A ledger on a fresh local chain, with the parties of one licence, for the figures that need a chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from coincurve import PublicKey
from eth_utils.crypto import keccak

from ledger.chain import datasets, delivery, licences, members, offers, tokens
from ledger.chain.anvil import Anvil, dev_signer
from ledger.chain.chain import Chain
from ledger.chain.deploy import deploy
from ledger.chain.sender import Sender
from ledger.chain.signers import LocalSigner
from ledger.chain.transactions import Outcome
from ledger.crypto.exchange import delivery_public_key, generate_delivery_secret
from ledger.model.dataset import Funding, Publication, Registration, Tier
from ledger.model.ids import Address, DatasetId, Digest, LicenceId, MemberId, OfferId, UnixTime
from ledger.model.licence import Windows
from ledger.model.parties import Admission, DeliveryKey, MemberKind
from ledger.model.terms import DuoCodes, Shares, Terms

__all__ = ["PRICE", "Account", "LocalLedger", "local_ledger"]

PRICE = 1_000_003
DAY = 86_400
PURPOSE = Digest(keccak(b"survival after surgery"))
GENERATOR = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
"""A valid ephemeral key: what is delivered does not matter to the gas."""


@dataclass(frozen=True)
class Account:
    """A party's account: who signs, and what sends."""

    signer: LocalSigner
    sender: Sender

    @property
    def address(self) -> Address:
        """The account's address."""
        return self.signer.address


class LocalLedger:
    """A deployed ledger with a holder, two buyers, a fund and a platform.

    Args:
        chain: The ledger's chain.
    """

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.operator, self.holder, self.buyer, self.other_buyer, self.fund, self.platform = (
            _account(chain, index) for index in range(6)
        )
        self.token = chain.deployment.address("SettlementToken")
        self._numbers = count()

    def prepare(self) -> None:
        """Give the buyers money and the delivery keys without which nothing can be agreed."""
        for buyer in (self.buyer, self.other_buyer):
            self.operator.sender.send(tokens.mint(self.token, buyer.address, PRICE * 1_000))
            self.set_delivery_key(buyer)

    def set_delivery_key(self, account: Account) -> Outcome:
        """Register a delivery key, as each member does once."""
        point = delivery_public_key(generate_delivery_secret())
        return account.sender.send(members.set_delivery_key(_as_point(point)))

    def register(self, number: int = 1) -> tuple[tuple[DatasetId, ...], Outcome]:
        """Register so many datasets in one transaction."""
        outcome = self.holder.sender.send(datasets.register([self._registration() for _ in range(number)]))
        return tuple(DatasetId(id_) for id_ in _ids(outcome, "DatasetRegistered", "dataset")), outcome

    def publish(self, of: Sequence[DatasetId]) -> tuple[tuple[OfferId, ...], Outcome]:
        """Publish an offer for each dataset, in one transaction."""
        publications = [Publication(dataset=dataset, terms=self.terms()) for dataset in of]
        outcome = self.holder.sender.send(offers.publish(publications))
        return tuple(OfferId(id_) for id_ in _ids(outcome, "OfferPublished", "offer")), outcome

    def apply(self, buyer: Account, offer: OfferId) -> tuple[LicenceId, Outcome]:
        """Apply for a licence."""
        outcome = buyer.sender.send(licences.apply_for(offer, PURPOSE))
        return LicenceId(outcome.event("LicenceApplied").arguments["licence"]), outcome

    def approve(self, licence: LicenceId) -> Outcome:
        """Approve an application."""
        return self.holder.sender.send(licences.approve_application(licence, PURPOSE))

    def agree(self, buyer: Account, licence: LicenceId) -> Outcome:
        """Conclude the agreement, signed by both sides and sent by the holder."""
        deadline = UnixTime(self.chain.now() + DAY)
        message = licences.signable_agreement(self.chain, licence, self.terms(), deadline).message
        signatures = [
            licences.PartySignature(signer=party.address, signature=party.signer.sign_typed_data(message))
            for party in (self.holder, buyer)
        ]
        return self.holder.sender.send(licences.agree(licence, self.terms(), deadline, *signatures))

    def pay_with_permit(self, buyer: Account, licence: LicenceId) -> Outcome:
        """Pay with a permit signed for the exact price."""
        deadline = UnixTime(self.chain.now() + DAY)
        spender = self.chain.deployment.address("Benefits")
        message = tokens.permit(self.chain, self.token, buyer.address, spender, value=PRICE, deadline=deadline)
        permit = licences.Permit.from_signature(buyer.signer.sign_typed_data(message), deadline)
        return buyer.sender.send(licences.pay_with_permit(licence, permit))

    def approve_benefits(self, buyer: Account) -> Outcome:
        """Let `Benefits` take the buyer's money without permits."""
        spender = self.chain.deployment.address("Benefits")
        return buyer.sender.send(tokens.approve(self.token, spender, 2**256 - 1))

    def deliver(self, licence: LicenceId) -> Outcome:
        """Deliver a key, for its gas."""
        return self.holder.sender.send(delivery.deliver(licence, keccak(b"wrapped"), GENERATOR))

    def terms(self) -> Terms:
        """What every offer here is on: a price split four ways."""
        shares = Shares(
            collector_share=2_500,
            holder_share=5_500,
            fund_share=1_500,
            platform_share=500,
            fund=MemberId(4),
            platform=MemberId(5),
        )
        return Terms(
            token=self.token,
            price=PRICE,
            duration=365 * DAY,
            duo=DuoCodes.of("DUO:0000042"),
            shares=shares,
            prose_digest=Digest(keccak(b"prose")),
        )

    def _registration(self) -> Registration:
        number = next(self._numbers).to_bytes(4, "big")
        return Registration(
            collector=MemberId(1),
            size=2**30,
            embargo_until=UnixTime(0),
            funding=Funding.PUBLIC,
            tier=Tier.CONTROLLED,
            human_genetic_resources=False,
            manifest_codec=0x55,
            manifest_digest=Digest(keccak(b"manifest" + number)),
            metadata_digest=Digest(keccak(b"metadata" + number)),
            key_commitment=Digest(keccak(b"key" + number)),
            attribution="City Hospital, Cohort of 1986",
        )


@contextmanager
def local_ledger() -> Iterator[LocalLedger]:
    """Start a chain (anvil, rules of Paris), deploy a ledger on it and admit the parties."""
    windows = Windows(payment=14 * DAY, delivery=7 * DAY, acceptance=3 * DAY)
    operator = dev_signer(0)
    with Anvil() as anvil:
        deployment = deploy(
            anvil.url, operator, authority=operator.address, founders=list(_founders()), windows=windows
        )
        with Chain.connect(anvil.url, deployment) as chain:
            ledger = LocalLedger(chain)
            ledger.prepare()
            yield ledger


def _founders() -> Iterator[Admission]:
    user = MemberKind.INSTITUTION | MemberKind.USER
    parties = (
        ("City Hospital", MemberKind.INSTITUTION),
        ("Institute of Surgery", user),
        ("Company", user),
        ("Participants' Fund", MemberKind.FUND),
        ("Platform", MemberKind.PLATFORM),
    )
    for index, (name, kinds) in enumerate(parties, start=1):
        yield Admission(
            principal=dev_signer(index).address,
            kinds=kinds,
            country="DE",
            metadata_digest=Digest(keccak(name.encode())),
            name=name,
        )


def _account(chain: Chain, index: int) -> Account:
    signer = dev_signer(index)
    return Account(signer, Sender(chain, signer))


def _ids(outcome: Outcome, event: str, argument: str) -> list[int]:
    return [found.arguments[argument] for found in outcome.events if found.name == event]


def _as_point(public: bytes) -> DeliveryKey:
    x, y = PublicKey(public).point()
    return DeliveryKey(x=x, y=y)
