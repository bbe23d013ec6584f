"""Random but lawful histories: what the ledger's contracts could say, transaction by transaction."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

TOKENS = tuple(to_checksum_address(keccak(text=f"token {i}")[:20]) for i in range(2))
ZERO = "0x" + "00" * 20
DAY = 86_400

Said = tuple[str, str, dict[str, Any]]


def account(number: int) -> str:
    return to_checksum_address(keccak(text=f"account {number}")[:20])


def digest(text: object) -> bytes:
    return keccak(text=str(text))


@dataclass
class Ledger:
    """What the contracts would hold, as far as it takes to say only what they could say."""

    members: dict[int, str] = field(default_factory=dict)
    accounts: int = 0
    invitations: list[tuple[int, str]] = field(default_factory=list)
    helpers: list[tuple[int, str]] = field(default_factory=list)
    datasets: dict[int, dict[str, Any]] = field(default_factory=dict)
    offers: dict[int, dict[str, Any]] = field(default_factory=dict)
    licences: dict[int, dict[str, Any]] = field(default_factory=dict)
    balances: dict[tuple[int, str], int] = field(default_factory=dict)

    def act(self, chance: random.Random, now: int) -> list[Said]:
        """One transaction: what the contracts say in it, in the order in which they say it."""
        acts: list[Callable[[random.Random, int], list[Said]]] = [self._register, self._publish, self._licence]
        if len(self.members) < 4 or chance.random() < 0.05:
            return self._admit(chance)
        if chance.random() < 0.35:
            acts = [self._account, self._member, self._dataset, self._offer, self._withdraw, self._parameter]
        elif chance.random() < 0.6:
            acts = [self._licence]
        return chance.choice(acts)(chance, now)

    def _new_account(self) -> str:
        self.accounts += 1
        return account(self.accounts)

    def _any_member(self, chance: random.Random) -> int:
        return chance.choice(list(self.members))

    def _admit(self, chance: random.Random) -> list[Said]:
        member, principal = len(self.members) + 1, self._new_account()
        self.members[member] = principal
        stated = {
            "member": member,
            "principal": principal,
            "kinds": chance.randint(1, 63),
            "country": chance.choice([b"DE", b"FR", b"JP"]),
            "metadata_digest": digest(principal),
            "name": f"Institute {member} of Zürich",
        }
        return [
            ("Members", "MemberAdmitted", stated),
            ("Members", "AccountAdded", {"member": member, "account": principal}),
        ]

    def _account(self, chance: random.Random, _: int) -> list[Said]:
        if self.invitations and chance.random() < 0.7:
            member, invited = self.invitations.pop(chance.randrange(len(self.invitations)))
            if chance.random() < 0.3:
                return [("Members", "AccountRemoved", {"member": member, "account": invited})]
            self.helpers.append((member, invited))
            return [("Members", "AccountAdded", {"member": member, "account": invited})]
        if self.helpers and chance.random() < 0.5:
            member, helper = self.helpers.pop(chance.randrange(len(self.helpers)))
            if chance.random() < 0.5:
                self.helpers.append((member, self.members[member]))
                self.members[member] = helper
                self.invitations = [(by, invited) for by, invited in self.invitations if by != member]
                return [("Members", "PrincipalChanged", {"member": member, "principal": helper})]
            return [("Members", "AccountRemoved", {"member": member, "account": helper})]
        member, invited = self._any_member(chance), self._new_account()
        self.invitations.append((member, invited))
        return [("Members", "AccountInvited", {"member": member, "account": invited})]

    def _member(self, chance: random.Random, now: int) -> list[Said]:
        member = self._any_member(chance)
        key = chance.getrandbits(256)
        described = {"metadata_digest": digest(now), "name": f"Name {now}\0\udcff"}
        changes: list[tuple[str, dict[str, Any]]] = [
            ("MemberStatusChanged", {"status": chance.randint(1, 3)}),
            ("MemberKindsChanged", {"kinds": chance.randint(1, 63)}),
            ("DeliveryKeyChanged", {"x": key, "y": key ^ 1}),
            ("MemberDescribed", described),
        ]
        name, change = chance.choice(changes)
        return [("Members", name, {"member": member} | change)]

    def _register(self, chance: random.Random, now: int) -> list[Said]:
        said: list[Said] = []
        holder = self._any_member(chance)
        for _ in range(chance.randint(1, 3)):
            dataset = len(self.datasets) + 1
            free = [i for i, held in self.datasets.items() if held["holder"] == holder and not held["superseded"]]
            former = chance.choice(free) if free and chance.random() < 0.4 else 0
            if former:
                self.datasets[former]["superseded"] = True
            parents = chance.sample(list(self.datasets), min(len(self.datasets), chance.randint(0, 3)))
            self.datasets[dataset] = {"holder": holder, "superseded": False}
            registration = {
                "collector": self._any_member(chance),
                "size": chance.choice([1, 2**30, 2**64 - 1]),
                "embargo_until": chance.choice([0, now + DAY]),
                "funding": chance.randint(0, 2),
                "tier": chance.randint(0, 3),
                "human_genetic_resources": chance.random() < 0.5,
                "manifest_codec": chance.choice([0x55, 0x70]),
                "manifest_digest": digest(("manifest", dataset, now)),
                "metadata_digest": digest(("metadata", chance.randint(1, 5))),
                "key_commitment": digest(("key", dataset)),
                "supersedes": former,
                "parents": parents,
                "attribution": chance.choice(
                    ["City Hospital", "Universität Tübingen", "100% \\_ of\0it", "\udcff raw"]
                ),
            }
            said += [
                ("Datasets", "Transfer", {"from": ZERO, "to": self.members[holder], "token_id": dataset}),
                (
                    "Datasets",
                    "DatasetRegistered",
                    {"dataset": dataset, "holder": holder, "registration": registration},
                ),
            ]
        return said

    def _dataset(self, chance: random.Random, now: int) -> list[Said]:
        if not self.datasets:
            return self._register(chance, now)
        dataset = chance.choice(list(self.datasets))
        kind = chance.randrange(3)
        if kind == 0:
            return [("Datasets", "EmbargoShortened", {"dataset": dataset, "embargo_until": now})]
        if kind == 1:
            return [("Datasets", "DatasetStatusChanged", {"dataset": dataset, "status": chance.randint(1, 3)})]
        former, receiver = self.datasets[dataset]["holder"], self._any_member(chance)
        moved: Said = (
            "Datasets",
            "Transfer",
            {"from": self.members[former], "to": self.members[receiver], "token_id": dataset},
        )
        if former == receiver:
            return [moved]
        self.datasets[dataset]["holder"] = receiver
        return [moved, ("Datasets", "HolderChanged", {"dataset": dataset, "from": former, "to": receiver})]

    def _publish(self, chance: random.Random, now: int) -> list[Said]:
        if not self.datasets:
            return self._register(chance, now)
        offer, dataset = len(self.offers) + 1, chance.choice(list(self.datasets))
        free = chance.random() < 0.2
        price = 0 if free else chance.choice([1, 1_000_003, 2**128 - 1])
        codes = chance.choice([42, 6]), chance.random() < 0.3
        terms = {
            "token": ZERO if free else chance.choice(TOKENS),
            "price": price,
            "duration": chance.choice([DAY, 365 * DAY]),
            "duo_codes": 1 << codes[0] | (1 << 22 | 1 << 24) * codes[1],
            "country": b"DE" if codes[1] else b"\0\0",
            "moratorium_until": now + DAY if codes[1] else 0,
            "diseases_digest": bytes(32),
            "shares": {
                "fund": 4,
                "platform": 0,
                "collector_share": 2_500,
                "holder_share": 6_000,
                "fund_share": 1_500,
                "platform_share": 0,
            },
            "prose_digest": digest("prose"),
            "considerations_digest": bytes(32),
        }
        self.offers[offer] = {"dataset": dataset, "terms": terms, "open": True}
        stated = {"offer": offer, "dataset": dataset, "terms_digest": digest(("terms", offer)), "terms": terms}
        return [("Offers", "OfferPublished", stated)]

    def _offer(self, chance: random.Random, now: int) -> list[Said]:
        still_open = [i for i, offer in self.offers.items() if offer["open"]]
        if not still_open:
            return self._publish(chance, now)
        offer = chance.choice(still_open)
        self.offers[offer]["open"] = False
        return [("Offers", "OfferWithdrawn", {"offer": offer})]

    def _licence(self, chance: random.Random, now: int) -> list[Said]:
        under_way = [i for i, held in self.licences.items() if held["stage"] not in ("over", None)]
        if under_way and chance.random() < 0.8:
            return self._proceed(chance.choice(under_way), chance, now)
        if not self.offers:
            return self._publish(chance, now)
        licence, offer = len(self.licences) + 1, chance.choice(list(self.offers))
        licensee = self._any_member(chance)
        self.licences[licence] = {"offer": offer, "licensee": licensee, "stage": "applied"}
        stated = {
            "licence": licence,
            "offer": offer,
            "dataset": self.offers[offer]["dataset"],
            "licensee": licensee,
            "purpose_digest": digest(("purpose", licence)),
        }
        return [("Licences", "LicenceApplied", stated)]

    def _proceed(self, licence: int, chance: random.Random, now: int) -> list[Said]:
        stray = chance.random() < 0.15
        steps: dict[str, Callable[[], list[Said]]] = {
            "applied": lambda: self._reject(licence) if stray else self._approve(licence),
            "approved": lambda: self._agree(licence, chance, now),
            "agreed": lambda: self._cancel(licence) if stray else self._pay(licence, now),
            "paid": lambda: self._refund(licence) if stray else self._deliver(licence, chance, now),
            "delivered": lambda: self._refund(licence) if stray else self._accept(licence, chance),
            "accepted": lambda: self._settle(licence),
            "settled": lambda: self._renew(licence, now),
        }
        return steps[self.licences[licence]["stage"]]()

    def _reject(self, licence: int) -> list[Said]:
        self.licences[licence]["stage"] = "over"
        return [("Licences", "LicenceRejected", {"licence": licence, "reasons_digest": digest("no")})]

    def _approve(self, licence: int) -> list[Said]:
        held = self.licences[licence]
        held |= {"stage": "approved", "licensor": self.datasets[self.offers[held["offer"]]["dataset"]]["holder"]}
        purpose = digest(("purpose", licence, "approved"))
        stated = {"licence": licence, "licensor": held["licensor"], "purpose_digest": purpose}
        return [("Licences", "LicenceApproved", stated)]

    def _cancel(self, licence: int) -> list[Said]:
        self.licences[licence]["stage"] = "over"
        return [
            ("Licences", "LicenceCancelled", {"licence": licence}),
            ("Benefits", "EscrowCancelled", {"licence": licence}),
        ]

    def _pay(self, licence: int, now: int) -> list[Said]:
        held = self.licences[licence]
        held["stage"] = "paid"
        payer, price = self.members[held["licensee"]], self.offers[held["offer"]]["terms"]["price"]
        paid = {"licence": licence, "payer": payer, "price": price, "delivery_due": now + DAY}
        return [
            ("Licences", "LicencePaid", paid),
            ("Benefits", "EscrowFunded", {"licence": licence, "from": payer}),
        ]

    def _accept(self, licence: int, chance: random.Random) -> list[Said]:
        if chance.random() < 0.5:  # in silence
            return self._settle(licence)
        self.licences[licence]["stage"] = "accepted"
        return [("Licences", "LicenceAccepted", {"licence": licence})]

    def _renew(self, licence: int, now: int) -> list[Said]:
        held = self.licences[licence]
        terms = self.offers[held["offer"]]["terms"]
        payer, price = self.members[held["licensee"]], terms["price"]
        renewed = {"licence": licence, "payer": payer, "price": price, "expires_at": now + 2 * terms["duration"]}
        said: list[Said] = [("Licences", "LicenceRenewed", renewed)]
        if not price:
            return said
        collected = {"licence": licence, "from": payer, "token": terms["token"], "amount": price}
        return [*said, ("Benefits", "RenewalCollected", collected), *self._credits(licence, price)]

    def _agree(self, licence: int, chance: random.Random, now: int) -> list[Said]:
        held = self.licences[licence]
        offer = self.offers[held["offer"]]
        terms, about = offer["terms"], {"licence": licence}
        held["stage"] = "agreed" if terms["price"] else "paid"
        agreement = about | {
            "dataset": offer["dataset"],
            "offer": held["offer"],
            "licensor": held["licensor"],
            "licensee": held["licensee"],
            "purpose_digest": digest(("purpose", licence, "approved")),
            "delivery_key_x": chance.getrandbits(256),
            "delivery_key_y": chance.getrandbits(256),
            "deadline": now + DAY,
            "terms": terms,
        }
        stated = about | {
            "agreement_digest": digest(("agreement", licence)),
            "agreement": agreement,
            "licensor": {"signer": self.members[held["licensor"]], "signature": chance.randbytes(65)},
            "licensee": {"signer": self.members[held["licensee"]], "signature": chance.randbytes(65)},
            "payment_due": now + DAY if terms["price"] else 0,
        }
        agreed: Said = ("Licences", "LicenceAgreed", stated)
        if not terms["price"]:
            return [agreed, ("Licences", "LicencePaid", about | {"payer": ZERO, "price": 0, "delivery_due": now + DAY})]
        invoice = about | {"token": terms["token"], "payer": held["licensee"], "amount": terms["price"]}
        return [agreed, ("Benefits", "EscrowInvoiced", invoice)]

    def _deliver(self, licence: int, chance: random.Random, now: int) -> list[Said]:
        held = self.licences[licence]
        held["stage"] = "delivered"
        duration = self.offers[held["offer"]]["terms"]["duration"]
        about = {"licence": licence}
        delivered = about | {
            "licensor": held["licensor"],
            "wrapped_key": chance.randbytes(32),
            "ephemeral_prefix": chance.choice([2, 3]),
            "ephemeral_x": chance.getrandbits(256),
        }
        owner = self.members[held["licensee"]]
        return [
            ("KeyExchange", "KeyDelivered", delivered),
            (
                "Licences",
                "LicenceDelivered",
                about | {"acceptance_due": now + DAY, "expires_at": now + duration},
            ),
            ("Licences", "Transfer", {"from": ZERO, "to": owner, "token_id": licence}),
            ("Licences", "Locked", {"token_id": licence}),
        ]

    def _settle(self, licence: int) -> list[Said]:
        about = {"licence": licence}
        self.licences[licence]["stage"] = "settled"
        price = self.offers[self.licences[licence]["offer"]]["terms"]["price"]
        said: list[Said] = [("Licences", "LicenceSettled", about)]
        return [*said, ("Benefits", "EscrowSettled", about), *self._credits(licence, price)] if price else said

    def _refund(self, licence: int) -> list[Said]:
        held, about = self.licences[licence], {"licence": licence}
        terms = self.offers[held["offer"]]["terms"]
        said: list[Said] = [("Licences", "LicenceRefunded", about)]
        if held["stage"] == "delivered":
            said.append(
                ("Licences", "Transfer", {"from": self.members[held["licensee"]], "to": ZERO, "token_id": licence})
            )
        held["stage"] = "over"
        if terms["price"]:
            said.append(("Benefits", "EscrowRefunded", about))
            said.append(self._credit(held["licensee"], terms["token"], licence, terms["price"]))
        return said

    def _credits(self, licence: int, price: int) -> list[Said]:
        held = self.licences[licence]
        token = self.offers[held["offer"]]["terms"]["token"]
        fund = price * 1_500 // 10_000
        return [
            self._credit(member, token, licence, amount)
            for member, amount in ((held["licensor"], price - fund), (4, fund))
            if amount
        ]

    def _credit(self, member: int, token: str, licence: int, amount: int) -> Said:
        self.balances[member, token] = self.balances.get((member, token), 0) + amount
        return "Benefits", "Credited", {"member": member, "token": token, "licence": licence, "amount": amount}

    def _withdraw(self, chance: random.Random, now: int) -> list[Said]:
        owed = [owner for owner, amount in self.balances.items() if amount]
        if not owed:
            return self._parameter(chance, now)
        member, token = chance.choice(owed)
        amount = self.balances.pop((member, token))
        paid = {"member": member, "token": token, "to": self.members[member], "amount": amount}
        return [("Benefits", "Withdrawn", paid)]

    def _parameter(self, chance: random.Random, now: int) -> list[Said]:
        windows = {"payment": DAY, "delivery": 60 + now % 1_000, "acceptance": DAY}
        changes: list[Said] = [
            ("Benefits", "TokenAllowed", {"token": chance.choice(TOKENS), "allowed": chance.random() < 0.5}),
            ("Licences", "WindowsChanged", {"windows": windows}),
            ("AccessManager", "RoleGranted", {"role_id": 1, "account": account(0)}),
        ]
        return [chance.choice(changes)]
