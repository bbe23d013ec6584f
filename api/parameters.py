"""Parameters of the actions, as JSON: what a person decides, nothing that the ledger knows already.

Documents (purposes, licence texts, reasons, metadata) are named by their CID, as ``POST /documents`` answers it, or by
its digest. Amounts are token units; they may be given as text, as many JSON readers lose digits of large numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, WithJsonSchema, model_validator

from api.filters import DuoTerm, FundingName, MemberKindName, MemberStatusName, TierName
from ledger.errors import DocumentError, InputError
from ledger.model.cid import Cid, CidField, Codec
from ledger.model.dataset import MAX_BATCH, MAX_PARENTS, Attribution, Funding, Publication, Registration, Tier
from ledger.model.ids import (
    AddressField,
    DatasetId,
    Digest,
    DigestField,
    LicenceId,
    MemberId,
    OfferId,
    UnixTime,
    UnixTimeField,
    parse_digest,
)
from ledger.model.licence import Windows
from ledger.model.parties import Admission, Country, MemberKind, MemberName
from ledger.model.terms import (
    BASIS_POINTS,
    ZERO_ADDRESS,
    ZERO_DIGEST,
    DuoCodes,
    Shares,
    Terms,
    diseases_digest,
)

_HEX = re.compile(r"0x([0-9a-fA-F]{2})*")
_DECIMAL = re.compile(r"[0-9]{1,78}")


def _document(value: object) -> Digest:
    try:
        if not isinstance(value, str) or not value.startswith("b"):
            return parse_digest(value)
        cid = Cid.parse(value)
    except (DocumentError, InputError) as error:
        raise ValueError("it is neither a CID nor a digest of 0x and 64 hexadecimal digits") from error
    if cid.codec is not Codec.RAW:
        raise ValueError("a document is one block, whose CID begins with bafkrei")
    return Digest(cid.digest)


def _bytes(value: object) -> bytes:
    if isinstance(value, str) and _HEX.fullmatch(value):
        return bytes.fromhex(value[2:])
    raise ValueError("it is not 0x and an even number of hexadecimal digits")


def _amount(value: Any) -> Any:
    return int(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else value


def kinds_of(names: Iterable[str]) -> MemberKind:
    """Kinds from their names."""
    return reduce(or_, (MemberKind[name.upper()] for name in names))


def _hex(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


_AMOUNTS = WithJsonSchema(
    {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]{1,78}$"}], "title": "Amount"}
)

DocumentField = Annotated[Digest, BeforeValidator(_document), _hex("^(bafkrei[a-z2-7]{52}|0x[0-9a-fA-F]{64})$")]
"""A document, by CID or digest."""
SignatureField = Annotated[bytes, BeforeValidator(_bytes), Field(max_length=8_192), _hex("^0x([0-9a-fA-F]{2})+$")]
"""A signature: 65 bytes of a key, or whatever a contract wallet accepts (ERC-1271)."""
KeySignatureField = Annotated[
    bytes, BeforeValidator(_bytes), Field(min_length=65, max_length=65), _hex("^0x[0-9a-fA-F]{130}$")
]
"""65 bytes: r, s and v, as wallets give them."""
PublicKeyField = Annotated[
    bytes, BeforeValidator(_bytes), Field(min_length=65, max_length=65), _hex("^0x04[0-9a-fA-F]{128}$")
]
"""An uncompressed secp256k1 public key (SEC 1, 2.3.3)."""
Amount = Annotated[int, BeforeValidator(_amount), Field(ge=0, lt=2**256, strict=True), _AMOUNTS]
Price = Annotated[int, BeforeValidator(_amount), Field(ge=0, lt=2**128, strict=True), _AMOUNTS]
MemberField = Annotated[MemberId, Field(ge=1, lt=2**32, strict=True)]
DatasetField = Annotated[DatasetId, Field(ge=1, lt=2**64, strict=True)]
OfferField = Annotated[OfferId, Field(ge=1, lt=2**64, strict=True)]
LicenceField = Annotated[LicenceId, Field(ge=1, lt=2**64, strict=True)]


Kinds = Annotated[frozenset[MemberKindName], Field(min_length=1)]
BasisPoints = Annotated[int, Field(ge=0, le=BASIS_POINTS, strict=True)]
DiseaseTerm = Annotated[str, Field(pattern="^(MONDO|DOID):[0-9]{1,9}$", examples=["MONDO:0005575"])]


class Parameters(BaseModel):
    """Base of all: nothing unknown is let through."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OfMember(Parameters):
    """A member."""

    member: MemberField


class OfAccount(Parameters):
    """An account."""

    account: AddressField


class OfDataset(Parameters):
    """A version of a dataset."""

    dataset: DatasetField


class OfOffer(Parameters):
    """An offer."""

    offer: OfferField


class OfLicence(Parameters):
    """An application, or the licence that it became."""

    licence: LicenceField


class Admit(Parameters):
    """A new member."""

    principal: AddressField
    kinds: Kinds
    country: Country
    metadata: DocumentField
    name: MemberName

    def value(self) -> Admission:
        """As the ledger's value."""
        return Admission(
            principal=self.principal,
            kinds=kinds_of(self.kinds),
            country=self.country,
            metadata_digest=self.metadata,
            name=self.name,
        )


class SetStatus(OfMember):
    """A member's standing."""

    status: MemberStatusName


class SetKinds(OfMember):
    """What a member may do."""

    kinds: Kinds


class SetDeliveryKey(Parameters):
    """The member's key for receiving dataset keys. Only its public part; the secret stays with the member."""

    public_key: PublicKeyField


class Describe(Parameters):
    """The member's name and metadata document."""

    name: MemberName
    metadata: DocumentField


class DatasetRegistration(Parameters):
    """A version of a dataset, sealed and stored before. Fields as in the catalogue."""

    collector: MemberField
    size: Annotated[int, Field(ge=1, lt=2**64, strict=True, description="Plaintext bytes")]
    embargo_until: UnixTimeField = UnixTime(0)
    funding: FundingName
    tier: TierName
    human_genetic_resources: Annotated[bool, Field(strict=True)]
    manifest: CidField
    metadata: DocumentField
    key_commitment: DigestField
    supersedes: DatasetField | None = None
    parents: Annotated[tuple[DatasetField, ...], Field(max_length=MAX_PARENTS)] = ()
    attribution: Attribution

    def value(self) -> Registration:
        """As the ledger's value."""
        return Registration(
            collector=self.collector,
            size=self.size,
            embargo_until=self.embargo_until,
            funding=Funding[self.funding.upper()],
            tier=Tier[self.tier.upper()],
            human_genetic_resources=self.human_genetic_resources,
            manifest_codec=int(self.manifest.codec),
            manifest_digest=Digest(self.manifest.digest),
            metadata_digest=self.metadata,
            key_commitment=self.key_commitment,
            supersedes=self.supersedes or DatasetId(0),
            parents=self.parents,
            attribution=self.attribution,
        )


class Register(Parameters):
    """Versions of datasets, registered all or none."""

    registrations: Annotated[tuple[DatasetRegistration, ...], Field(min_length=1, max_length=MAX_BATCH)]


class ShortenEmbargo(OfDataset):
    """An earlier end of the embargo, in Unix time; zero ends it now."""

    embargo_until: UnixTimeField


class TransferDataset(OfDataset):
    """The account that receives the dataset's token; its member becomes the holder."""

    to: AddressField


class OfferShares(Parameters):
    """Split of the price, in basis points that sum to 10,000."""

    collector_share: BasisPoints
    holder_share: BasisPoints
    fund_share: BasisPoints = 0
    platform_share: BasisPoints = 0
    fund: MemberField | None = None
    platform: MemberField | None = None


class OfferTerms(Parameters):
    """Terms of an offer. Fields as in the catalogue; diseases as MONDO or DOID terms, exactly with DUO:0000007."""

    token: AddressField | None = None
    price: Price
    duration: Annotated[int, Field(strict=True, description="Length of one term, in seconds")]
    duo: Annotated[tuple[DuoTerm, ...], Field(min_length=1, max_length=20)]
    country: Country | None = None
    moratorium_until: UnixTimeField | None = None
    diseases: Annotated[frozenset[DiseaseTerm], Field(max_length=200)] = frozenset()
    shares: OfferShares
    prose: DocumentField
    considerations: DocumentField | None = None


class DatasetOffer(Parameters):
    """An offer of a dataset."""

    dataset: DatasetField
    terms: OfferTerms
    _value: Publication = PrivateAttr()

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        terms, shares = self.terms, self.terms.shares
        self._value = Publication(
            dataset=self.dataset,
            terms=Terms(
                token=terms.token or ZERO_ADDRESS,
                price=terms.price,
                duration=terms.duration,
                duo=DuoCodes.of(*terms.duo),
                country=terms.country,
                moratorium_until=terms.moratorium_until,
                diseases_digest=diseases_digest(terms.diseases),
                shares=Shares(
                    collector_share=shares.collector_share,
                    holder_share=shares.holder_share,
                    fund_share=shares.fund_share,
                    platform_share=shares.platform_share,
                    fund=shares.fund or MemberId(0),
                    platform=shares.platform or MemberId(0),
                ),
                prose_digest=terms.prose,
                considerations_digest=terms.considerations or ZERO_DIGEST,
            ),
        )
        return self

    def value(self) -> Publication:
        """As the ledger's value."""
        return self._value


class Publish(Parameters):
    """Offers, published all or none."""

    offers: Annotated[tuple[DatasetOffer, ...], Field(min_length=1, max_length=MAX_BATCH)]


class Apply(OfOffer):
    """The research purpose for which the data is wanted."""

    purpose: DocumentField


class Approve(OfLicence):
    """The purpose that is approved; only that one can then be agreed."""

    purpose: DocumentField


class Reject(OfLicence):
    """The reasons."""

    reasons: DocumentField


class SignAgreement(OfLicence):
    """When the signatures become void, in Unix time."""

    deadline: UnixTimeField


class PartySignature(Parameters):
    """One side's signature of the agreement."""

    signer: AddressField
    signature: SignatureField


class Agree(SignAgreement):
    """The agreement's two signatures; `deadline` is the one that was signed."""

    licensor: PartySignature
    licensee: PartySignature


class PayWithPermit(OfLicence):
    """The permit's deadline and signature, as signed from the message of ``tokens.permit``."""

    deadline: Annotated[int, Field(ge=0, lt=2**256, strict=True)]
    signature: KeySignatureField


class Renew(OfLicence):
    """The most that the licensee pays for another term."""

    limit: Price


class WithdrawBenefits(OfMember):
    """The token whose balance is paid out."""

    token: AddressField


class SetTokenAllowed(Parameters):
    """Whether new offers may name the token."""

    token: AddressField
    allowed: bool


class SignPermit(OfLicence):
    """Permission to take exactly the price of a licence, void after `deadline` (Unix time)."""

    deadline: UnixTimeField


class ApproveTokens(Parameters):
    """How much the benefits contract may take from the account in all."""

    token: AddressField
    amount: Amount


class Mint(Parameters):
    """New tokens, on local networks only."""

    token: AddressField
    to: AddressField
    amount: Amount


class SetWindows(Parameters):
    """How long each side has in future stages."""

    windows: Windows
