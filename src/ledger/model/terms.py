"""Terms of an offer (R2.1, R3.1): the values of ``contracts/types/Terms.sol``.

Data-use conditions are GA4GH Data Use Ontology (DUO) terms. On the ledger they are a bit set in which bit *n* stands
for ``DUO:000000n``; here they are a frozen set of numbers.
"""

from __future__ import annotations

from typing import Annotated, Final, Self

from eth_utils.crypto import keccak
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, field_validator, model_validator

from ledger.model.ids import Address, AddressField, Digest, DigestField, MemberId, UnixTimeField
from ledger.model.parties import Country

__all__ = [
    "BASIS_POINTS",
    "DUO_MODIFIERS",
    "DUO_NAMES",
    "DUO_PERMISSIONS",
    "ZERO_ADDRESS",
    "ZERO_DIGEST",
    "DuoCodes",
    "Shares",
    "Terms",
    "diseases_digest",
    "duo_term",
    "parse_duo_term",
]

BASIS_POINTS: Final = 10_000
ZERO_DIGEST: Final = Digest(bytes(32))
ZERO_ADDRESS: Final = Address("0x" + "0" * 40)

DUO_PERMISSIONS: Final[dict[int, str]] = {
    4: "no restriction",
    6: "health, medical or biomedical research",
    7: "disease-specific research",
    11: "population origins or ancestry research only",
    42: "general research use",
}
DUO_MODIFIERS: Final[dict[int, str]] = {
    12: "research-specific restrictions",
    15: "no general methods research",
    16: "genetic studies only",
    18: "not-for-profit, non-commercial use only",
    19: "publication required",
    20: "collaboration required",
    21: "ethics approval required",
    22: "geographical restriction",
    24: "publication moratorium",
    25: "time limit on use",
    26: "user-specific restriction",
    27: "project-specific restriction",
    28: "institution-specific restriction",
    29: "return to database or resource",
    43: "clinical care use",
    44: "population origins or ancestry research prohibited",
    45: "not-for-profit organisation use only",
    46: "non-commercial use only",
}
DUO_NAMES: Final = DUO_PERMISSIONS | DUO_MODIFIERS

DISEASE_SPECIFIC, GEOGRAPHICAL, MORATORIUM = 7, 22, 24
SECONDS_A_DAY: Final = 86_400
MAX_DURATION: Final = 36_525 * SECONDS_A_DAY


def duo_term(number: int) -> str:
    """The CURIE of a DUO term, e.g. ``DUO:0000042``."""
    return f"DUO:{number:07d}"


def parse_duo_term(text: str) -> int:
    """The number of a DUO term given as ``DUO:0000042``.

    Raises:
        ValueError: It is not a permission or modifier of DUO.
    """
    prefix, _, digits = text.partition(":")
    if prefix != "DUO" or len(digits) != len("0000042") or not digits.isascii() or not digits.isdigit():
        message = f"{text!r} is not of the form DUO:0000042"
        raise ValueError(message)
    number = int(digits)
    if number not in DUO_NAMES:
        message = f"{text} is not a permission or modifier of DUO"
        raise ValueError(message)
    return number


def diseases_digest(diseases: frozenset[str]) -> Digest:
    """keccak256 of the sorted disease identifiers (MONDO or DOID CURIEs), one a line; zero for none."""
    if not diseases:
        return ZERO_DIGEST
    return Digest(keccak("\n".join(sorted(diseases)).encode()))


class DuoCodes(BaseModel):
    """One DUO permission and any modifiers, by number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    codes: Annotated[frozenset[int], PlainSerializer(sorted, return_type=list[int])]

    @field_validator("codes")
    @classmethod
    def _one_permission(cls, codes: frozenset[int]) -> frozenset[int]:
        unknown = codes - DUO_NAMES.keys()
        if unknown:
            message = f"unknown DUO terms: {', '.join(map(duo_term, sorted(unknown)))}"
            raise ValueError(message)
        permissions = codes & DUO_PERMISSIONS.keys()
        if len(permissions) != 1:
            message = f"exactly one DUO permission is needed, {len(permissions)} given"
            raise ValueError(message)
        return codes

    @classmethod
    def from_bits(cls, bits: int) -> Self:
        """From the contracts' encoding."""
        return cls(codes=frozenset(n for n in range(64) if bits >> n & 1))

    @classmethod
    def of(cls, *terms: str) -> Self:
        """From CURIEs such as ``DUO:0000042``."""
        return cls(codes=frozenset(map(parse_duo_term, terms)))

    @property
    def bits(self) -> int:
        """The contracts' encoding: bit n for ``DUO:000000n``."""
        return sum(1 << n for n in self.codes)

    @property
    def permission(self) -> int:
        """Number of the one permission."""
        return next(iter(self.codes & DUO_PERMISSIONS.keys()))

    @property
    def terms(self) -> tuple[str, ...]:
        """CURIEs, the permission first, then modifiers in order."""
        return (duo_term(self.permission), *map(duo_term, sorted(self.codes - {self.permission})))

    def __str__(self) -> str:
        names = (f"{DUO_NAMES[n]} ({duo_term(n)})" for n in map(parse_duo_term, self.terms))
        return ", ".join(names)


ShareField = Annotated[int, Field(ge=0, le=BASIS_POINTS)]


class Shares(BaseModel):
    """Split of a payment, in basis points that sum to 10,000."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    collector_share: ShareField
    holder_share: ShareField
    fund_share: ShareField = 0
    platform_share: ShareField = 0
    fund: MemberId = MemberId(0)
    platform: MemberId = MemberId(0)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.collector_share + self.holder_share + self.fund_share + self.platform_share
        if total != BASIS_POINTS:
            message = f"the shares sum to {total} basis points, not {BASIS_POINTS}"
            raise ValueError(message)
        for name, share, member in (
            ("fund", self.fund_share, self.fund),
            ("platform", self.platform_share, self.platform),
        ):
            if (share > 0) != (member > 0):
                message = f"the {name} needs both a member and a share, or neither"
                raise ValueError(message)
        return self

    def parts_of(self, amount: int) -> dict[str, int]:
        """How `amount` token units split; the parts sum to it exactly, the remainder goes to the holder."""
        parts = {
            "collector": amount * self.collector_share // BASIS_POINTS,
            "fund": amount * self.fund_share // BASIS_POINTS,
            "platform": amount * self.platform_share // BASIS_POINTS,
        }
        return parts | {"holder": amount - sum(parts.values())}


class Terms(BaseModel):
    """The terms of an offer, as published on the ledger and signed inside an agreement.

    Attributes:
        token: ERC-20 settlement token; the zero address exactly when the price is zero.
        price: Price of one term of the licence, in token units.
        duration: Length of one term, in seconds.
        duo: Permitted uses.
        country: ISO 3166-1 alpha-2 code, exactly with DUO:0000022.
        moratorium_until: Unix time before which nothing may be published, exactly with DUO:0000024.
        diseases_digest: See `diseases_digest`, exactly with DUO:0000007.
        shares: Split of the price.
        prose_digest: sha2-256 digest of the CID of the licence text.
        considerations_digest: sha2-256 digest of the CID of non-monetary considerations; zero for none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: AddressField = ZERO_ADDRESS
    price: Annotated[int, Field(ge=0, lt=2**128)]
    duration: Annotated[int, Field(ge=SECONDS_A_DAY, le=MAX_DURATION)]
    duo: DuoCodes
    country: Country | None = None
    moratorium_until: UnixTimeField | None = None
    diseases_digest: DigestField = ZERO_DIGEST
    shares: Shares
    prose_digest: DigestField
    considerations_digest: DigestField = ZERO_DIGEST

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.price > 0) != (self.token != ZERO_ADDRESS):
            message = "a token is named exactly when the price is above zero"
            raise ValueError(message)
        for code, given, name in (
            (GEOGRAPHICAL, self.country is not None, "country"),
            (MORATORIUM, self.moratorium_until is not None, "moratorium_until"),
            (DISEASE_SPECIFIC, self.diseases_digest != ZERO_DIGEST, "diseases_digest"),
        ):
            if (code in self.duo.codes) != given:
                message = f"{name} is given exactly when {duo_term(code)} is set"
                raise ValueError(message)
        if self.prose_digest == ZERO_DIGEST:
            message = "prose_digest names no document"
            raise ValueError(message)
        return self
