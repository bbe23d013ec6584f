"""Random people on a real ledger: what they do is sometimes refused, and then nothing has happened."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from eth_account import Account

from ledger.chain import benefits, datasets, licences, members, offers, tokens
from ledger.chain.sender import Sender
from ledger.chain.signers import LocalSigner
from ledger.crypto.derive import DatasetKey
from ledger.errors import FundsError, RefusedError
from ledger.model.dataset import Funding, Publication, Tier
from ledger.model.ids import DatasetId, LicenceId, MemberId, OfferId, UnixTime
from ledger.model.licence import LicenceState, Windows
from ledger.model.parties import MemberKind, MemberStatus
from ledger.model.terms import ZERO_ADDRESS, DuoCodes
from tests.support.world import DAY, HOSPITAL_ID, PRICE, PURPOSE, REASONS, Person, World, digest

MEMBERS = range(1, 6)


class Crowd:
    """Acts at random on a world.

    Args:
        world: The ledger.
        seed: Decides everything that is tried.
    """

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)  # noqa: S311 - repeatable tests, not secrets
        self.done: Counter[str] = Counter()

    def act(self, times: int) -> None:
        """Try so many things."""
        choices: list[Callable[[], object]] = [
            *[self.register, self.publish, self.apply] * 4,
            *[self.proceed] * 24,
            *[self.withdraw_money] * 2,
            self.stray,
            self.change_dataset,
            self.hand_over,
            self.withdraw_offer,
            self.change_member,
            self.change_accounts,
            self.set_parameters,
            self.wait,
        ]
        for _ in range(times):
            choice = self.chance.choice(choices)
            try:
                choice()
            except (RefusedError, FundsError) as error:
                self.done[f"refused: {type(error).__name__}"] += 1
            else:
                self.done[choice.__name__] += 1

    def _dataset(self) -> DatasetId:
        return DatasetId(self.chance.randint(1, max(1, datasets.count(self.world.chain))))

    def _offer(self) -> OfferId:
        return OfferId(self.chance.randint(1, max(1, offers.count(self.world.chain))))

    def _licence(self) -> LicenceId:
        last = max(1, licences.count(self.world.chain))
        return LicenceId(self.chance.randint(max(1, last - 6), last))

    def register(self) -> None:
        count = datasets.count(self.world.chain)
        stated = [
            self.world.registration(
                embargo_until=UnixTime(self.chance.choice([0, 0, self.world.chain.now() + DAY])),
                funding=self.chance.choice(list(Funding)),
                tier=self.chance.choice(list(Tier)),
                size=self.chance.choice([1, 2**64 - 1]),
                human_genetic_resources=self.chance.random() < 0.5,
                collector=MemberId(self.chance.choice([1, 2])),
                parents=tuple(DatasetId(i) for i in sorted(self.chance.sample(range(1, count + 1), min(count, 2)))),
                supersedes=DatasetId(self.chance.choice([0, 0, self.chance.randint(0, count)])),
                attribution=self.chance.choice(["City Hospital", "Ärzte – 100 %", "a\tb"]),
            )
            for _ in range(self.chance.randint(1, 3))
        ]
        self.world.hospital.send(datasets.register(stated))

    def publish(self) -> None:
        free, bound = self.chance.random() < 0.2, self.chance.random() < 0.3
        terms = self.world.terms(
            price=0 if free else self.chance.choice([1, PRICE]),
            token=ZERO_ADDRESS if free else self.world.token,
            duration=self.chance.choice([DAY, 30 * DAY]),
            duo=DuoCodes.of("DUO:0000042", *(["DUO:0000022", "DUO:0000024"] if bound else [])),
            country="DE" if bound else None,
            moratorium_until=UnixTime(self.world.chain.now() + DAY) if bound else None,
        )
        self.world.hospital.send(offers.publish([Publication(dataset=self._dataset(), terms=terms)]))

    def apply(self) -> None:
        self.chance.choice([self.world.institute, self.world.company]).send(licences.apply_for(self._offer(), PURPOSE))

    def proceed(self) -> None:
        """Take the next step of one of the last licences."""
        licence = self._licence()
        steps: dict[LicenceState, Callable[[LicenceId], None]] = {
            LicenceState.APPLIED: self._approve,
            LicenceState.APPROVED: self._agree,
            LicenceState.AGREED: self._pay,
            LicenceState.PAID: self._deliver,
            LicenceState.DELIVERED: self._accept,
            LicenceState.ACTIVE: self.chance.choice([self._settle, self._renew]),
            LicenceState.EXPIRED: self.chance.choice([self._settle, self._renew]),
        }
        steps.get(licences.state(self.world.chain, licence), self._end)(licence)

    def stray(self) -> None:
        """Take back, reject or refund one of the last licences."""
        self._end(self._licence())

    def _approve(self, licence: LicenceId) -> None:
        self.world.hospital.send(licences.approve_application(licence, digest("narrower purpose")))
        self.done["approved"] += 1

    def _agree(self, licence: LicenceId) -> None:
        self.world.stranger.send(self.world.agreement_call(licence, licensee=self._licensee(licence)))
        self.done["agreed"] += 1

    def _pay(self, licence: LicenceId) -> None:
        payer = self._licensee(licence)
        payer.send(tokens.approve(self.world.token, self.world.deployment.address("Benefits"), 10 * PRICE))
        payer.send(licences.pay(licence))
        self.done["paid"] += 1

    def _deliver(self, licence: LicenceId) -> None:
        self.world.deliver(licence, self.world.wrapped(licence, DatasetKey.generate()))
        self.done["delivered"] += 1

    def _accept(self, licence: LicenceId) -> None:
        self._licensee(licence).send(licences.accept(licence))
        self.done["accepted"] += 1

    def _settle(self, licence: LicenceId) -> None:
        self.world.stranger.send(licences.settle(licence))
        self.done["settled"] += 1

    def _renew(self, licence: LicenceId) -> None:
        licensee = self._licensee(licence)
        licensee.send(tokens.approve(self.world.token, self.world.deployment.address("Benefits"), 10 * PRICE))
        licensee.send(licences.renew(licence, PRICE))
        self.done["renewed"] += 1

    def _end(self, licence: LicenceId) -> None:
        person, call, name = self.chance.choice(
            [
                (self.world.hospital, licences.reject(licence, REASONS), "rejected"),
                (self._licensee(licence), licences.cancel(licence), "cancelled"),
                (self.world.hospital, licences.refund(licence), "refunded"),
                (self.world.stranger, licences.refund(licence), "refunded"),
            ]
        )
        person.send(call)
        self.done[name] += 1

    def withdraw_money(self) -> None:
        self.world.stranger.send(benefits.withdraw(MemberId(self.chance.choice(MEMBERS)), self.world.token))

    def change_dataset(self) -> None:
        dataset, now = self._dataset(), self.world.chain.now()
        person, call = self.chance.choice(
            [
                (self.world.hospital, datasets.shorten_embargo(dataset, UnixTime(now))),
                (self.world.hospital, datasets.withdraw(dataset)),
                (self.world.hospital, datasets.restore(dataset)),
                (self.world.operator, datasets.revoke(dataset)),
                (self.world.operator, datasets.reinstate(dataset)),
            ]
        )
        person.send(call)

    def hand_over(self) -> None:
        people = [self.world.hospital, self.world.institute]
        self.chance.shuffle(people)
        giver, taker = people
        giver.send(datasets.transfer(giver.address, taker.address, self._dataset()))

    def withdraw_offer(self) -> None:
        self.world.hospital.send(offers.withdraw(self._offer()))

    def change_member(self) -> None:
        other = MemberId(self.chance.choice([3, 4, 5]))
        person, call = self.chance.choice(
            [
                (self.world.operator, members.set_status(other, MemberStatus.SUSPENDED)),
                (self.world.operator, members.set_status(other, MemberStatus.ACTIVE)),
                (self.world.operator, members.set_kinds(other, MemberKind(self.chance.randint(1, 63)))),
                (self.world.company, members.describe(digest("new"), self.chance.choice(["Company", "Firma ÄÖ"]))),
            ]
        )
        person.send(call)

    def change_accounts(self) -> None:
        """The hospital invites a new account; it accepts, is removed, or both."""
        signer = LocalSigner(bytes(Account.create(str(self.chance.random())).key))
        helper = Person("Helper", signer, Sender(self.world.chain, signer))
        self.world.chain.request("anvil_setBalance", signer.address, hex(10**18))
        self.world.hospital.send(members.invite_account(signer.address))
        if self.chance.random() < 0.7:
            helper.send(members.accept_invitation(HOSPITAL_ID))
        if self.chance.random() < 0.5:
            self.world.hospital.send(members.remove_account(signer.address))

    def set_parameters(self) -> None:
        windows = Windows(payment=DAY, delivery=self.chance.randint(60, 3 * DAY), acceptance=DAY)
        allowed = self.chance.random() < 0.8
        for call in (licences.set_windows(windows), benefits.set_token_allowed(self.world.token, allowed=allowed)):
            self.world.operator.send(call)
        self.world.operator.send(tokens.mint(self.world.token, self.world.stranger.address, 1))

    def wait(self) -> None:
        self.world.advance(self.chance.choice([1, DAY // 3, DAY // 2, 2 * DAY]))

    def _licensee(self, licence: LicenceId) -> Person:
        found = licences.licence(self.world.chain, licence)
        return self.world.company if found.licensee == self.world.company.id else self.world.institute
