"""What signing does, in sentences: who pays how much to whom, until when, and what happens if somebody stays silent.

Everything is read from the chain at the moment of asking. The sentences explain; the contracts decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from ledger.chain import benefits, datasets, licences, members, offers, tokens
from ledger.chain.chain import Chain
from ledger.chain.display import iso_time
from ledger.errors import InputError
from ledger.model.cid import Cid
from ledger.model.dataset import Offer
from ledger.model.ids import Address, LicenceId, MemberId, OfferId
from ledger.model.licence import Licence
from ledger.model.terms import SECONDS_A_DAY, ZERO_ADDRESS, ZERO_DIGEST, Shares

__all__ = [
    "Unit",
    "approving",
    "of_offer",
    "paying",
    "permitting",
    "refunding",
    "renewing",
    "settling",
    "signing",
    "withdrawing",
]


@dataclass(frozen=True, slots=True)
class Unit:
    """A token as people write its amounts: with its decimals and symbol, and its address to tell it from others."""

    token: Address
    symbol: str
    decimals: int

    @classmethod
    def of(cls, chain: Chain, token: Address) -> Self:
        """From what the token says of itself; bare units if it says nothing."""
        if token == ZERO_ADDRESS:
            return cls(token, "", 0)
        try:
            found = tokens.info(chain, token)
        except InputError:
            return cls(token, "units", 0)
        return cls(token, found.symbol, min(found.decimals, 77))

    def show(self, amount: int) -> str:
        """An amount, e.g. ``1,000.00 LST (token 0x…)``."""
        if self.token == ZERO_ADDRESS:
            return "nothing"
        whole, part = divmod(amount, 10**self.decimals)
        digits = f"{whole:,}.{part:0{self.decimals}d}" if self.decimals else f"{whole:,}"
        return f"{digits} {self.symbol[:20]} (token {self.token})"


def of_offer(chain: Chain, offer_id: OfferId) -> tuple[str, ...]:
    """What an offer would cost and allow."""
    offer = offers.offer(chain, offer_id)
    price = Unit.of(chain, offer.terms.token).show(offer.terms.price)
    return (
        f"The offer is for dataset {offer.dataset}, at {price} for {_days(offer.terms.duration)}",
        *_uses(offer),
    )


def signing(chain: Chain, licence: LicenceId, deadline: int) -> tuple[str, ...]:
    """What an agreement binds its two sides to."""
    record = licences.licence(chain, licence)
    offer = offers.offer(chain, record.offer)
    windows, unit = licences.windows(chain), Unit.of(chain, offer.terms.token)
    term, price = _days(offer.terms.duration), unit.show(offer.terms.price)
    return (
        f"Member {record.licensor} lets member {record.licensee} use dataset {offer.dataset} for {term}",
        f"The purpose is the document {Cid.from_digest(record.purpose_digest)}, and no other",
        *_uses(offer),
        f"Member {record.licensee} owes {price}, due {_span(windows.payment)} after the agreement is on the ledger",
        *_parts(chain, record, record.licensor, unit, offer.terms.price),
        f"The key goes to the delivery key that member {record.licensee} has now, and to no other",
        f"The signature is void after {iso_time(deadline)}",
    )


def paying(chain: Chain, licence: LicenceId, payer: Address) -> tuple[str, ...]:
    """Where the price goes, and when it comes back."""
    record, escrow = licences.licence(chain, licence), benefits.escrow(chain, licence)
    windows, unit = licences.windows(chain), Unit.of(chain, escrow.token)
    return (
        f"{unit.show(escrow.amount)} moves from {payer} into escrow",
        f"Member {record.licensor} then has {_span(windows.delivery)} to deliver the key",
        f"If it does not, anyone's call gives the money back to member {record.licensee}",
        f"Once the key is accepted, or {_span(windows.acceptance)} after delivery without an answer, it is split:",
        *_parts(chain, record, record.licensor, unit, escrow.amount),
    )


def permitting(chain: Chain, licence: LicenceId, deadline: int) -> tuple[str, ...]:
    """What a permit allows."""
    escrow = benefits.escrow(chain, licence)
    price = Unit.of(chain, escrow.token).show(escrow.amount)
    return (
        f"The benefits contract may take {price} from this account, once, and no other amount",
        f"The permit is void after {iso_time(deadline)}",
    )


def approving(chain: Chain, token: Address, amount: int) -> tuple[str, ...]:
    """What an allowance allows."""
    return (
        f"The benefits contract may take up to {Unit.of(chain, token).show(amount)} in all",
        "It takes from it only what this account's own payments ask for",
        "The allowance stays until it is used up or set to zero",
    )


def settling(chain: Chain, licence: LicenceId) -> tuple[str, ...]:
    """Who can withdraw how much."""
    record, escrow = licences.licence(chain, licence), benefits.escrow(chain, licence)
    unit = Unit.of(chain, escrow.token)
    return (
        f"{unit.show(escrow.amount)} leaves escrow and is split; each part can be withdrawn:",
        *_parts(chain, record, record.licensor, unit, escrow.amount),
    )


def refunding(chain: Chain, licence: LicenceId) -> tuple[str, ...]:
    """Who gets the money back."""
    escrow = benefits.escrow(chain, licence)
    price = Unit.of(chain, escrow.token).show(escrow.amount)
    return (
        f"{price} is credited to member {escrow.payer}, which can withdraw it",
        "The licence is over",
    )


def renewing(chain: Chain, licence: LicenceId, payer: Address, limit: int) -> tuple[str, ...]:
    """What another term costs."""
    record = licences.licence(chain, licence)
    offer = offers.offer(chain, record.offer)
    unit = Unit.of(chain, offer.terms.token)
    return (
        f"{unit.show(offer.terms.price)} moves from {payer}, and never more than {unit.show(limit)}",
        f"The licence is extended by {_days(offer.terms.duration)}",
        "The money is split at once and does not come back:",
        *_parts(chain, record, datasets.holder(chain, offer.dataset), unit, offer.terms.price),
    )


def withdrawing(chain: Chain, member: MemberId, token: Address) -> tuple[str, ...]:
    """What is paid to whom."""
    amount = Unit.of(chain, token).show(benefits.balance(chain, member, token))
    return (f"{amount} moves to {members.principal(chain, member)}, the principal account of member {member}",)


def _parts(chain: Chain, record: Licence, holder: MemberId, unit: Unit, amount: int) -> tuple[str, ...]:
    """Who gets how much; the holder is the licensor in the first term, and whoever holds the dataset in a renewal."""
    shares = offers.offer(chain, record.offer).terms.shares
    dataset = datasets.dataset(chain, record.dataset or offers.dataset_of(chain, record.offer))
    receivers = _receivers(shares, dataset.collector, holder)
    return tuple(
        f"{unit.show(part)} to member {receivers[name]}, the {name}"
        for name, part in shares.parts_of(amount).items()
        if part
    )


def _receivers(shares: Shares, collector: MemberId, holder: MemberId) -> dict[str, MemberId]:
    return {"collector": collector, "holder": holder, "fund": shares.fund, "platform": shares.platform}


def _uses(offer: Offer) -> tuple[str, ...]:
    terms = offer.terms
    limits = [f"Permitted: {terms.duo}"]
    if terms.diseases_digest != ZERO_DIGEST:
        limits.append(f"Only for the diseases whose list has the digest 0x{terms.diseases_digest.hex()}")
    if terms.country:
        limits.append(f"Only in {terms.country}")
    if terms.moratorium_until:
        limits.append(f"Nothing may be published before {iso_time(terms.moratorium_until)}")
    limits.append(f"The licence text is the document {Cid.from_digest(terms.prose_digest)}")
    if terms.considerations_digest != ZERO_DIGEST:
        limits.append(f"Owed beside money: the document {Cid.from_digest(terms.considerations_digest)}")
    return tuple(limits)


def _days(seconds: int) -> str:
    return f"{seconds / SECONDS_A_DAY:g} days"


def _span(seconds: int) -> str:
    return _days(seconds) if seconds % SECONDS_A_DAY == 0 else str(timedelta(seconds=seconds))
