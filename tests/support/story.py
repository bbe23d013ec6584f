"""A licence between a hospital and an institute, step by step through the acts; each step does all before it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.acts.agreement import AgreementSignature
from ledger.acts.deliver import deliver
from ledger.acts.license import Step, agree, apply_for, approve, sign
from ledger.acts.pay import pay
from ledger.model.ids import DatasetId, LicenceId, OfferId
from tests.support.institution import Institution
from tests.support.world import World


@dataclass(frozen=True)
class Story:
    """The parties to a licence, and how far they have come."""

    world: World
    hospital: Institution
    institute: Institution
    source: Path

    def offered(self) -> tuple[DatasetId, OfferId]:
        dataset = self.hospital.register(self.source).dataset
        return dataset, self.world.publish(self.world.hospital, dataset, self.world.terms())

    def applied(self, purpose: bytes = b"survival after surgery") -> LicenceId:
        _, offer = self.offered()
        who = self.institute
        return apply_for(offer, purpose, chain=self.world.chain, sender=who.person.sender, stores=[who.store]).licence

    def approved(self) -> LicenceId:
        return approve(self.applied(), chain=self.world.chain, sender=self.hospital.person.sender).licence

    def signed(self, licence: LicenceId) -> tuple[AgreementSignature, AgreementSignature]:
        chain = self.world.chain
        first = sign(licence, chain=chain, signer=self.hospital.person.signer)
        return first, sign(licence, chain=chain, signer=self.institute.person.signer, deadline=first.deadline)

    def agreed(self) -> LicenceId:
        first, second = self.signed(self.approved())
        return agree(first, second, chain=self.world.chain, sender=self.institute.person.sender).licence

    def paid(self) -> LicenceId:
        person = self.institute.person
        return pay(self.agreed(), chain=self.world.chain, sender=person.sender, signer=person.signer).licence

    def delivered(self) -> LicenceId:
        return self.deliver(self.paid()).licence

    def deliver(self, licence: LicenceId, *, by: Institution | None = None, **changes: Any) -> Step:
        """The hospital delivers, or another with the hospital's keys."""
        who = self.hospital
        given: dict[str, Any] = {
            "chain": self.world.chain,
            "sender": (by or who).person.sender,
            "keyring": who.keyring,
            "holdings": who.holdings,
        }
        return deliver(licence, **given | changes)
