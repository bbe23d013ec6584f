"""Licences (``contracts/interfaces/ILicences.sol``): calls to sign, and reads."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from ledger.chain.calls import Call
from ledger.chain.chain import Chain
from ledger.chain.records import agreement_from, terms_tuple, windows_from, windows_tuple
from ledger.chain.typed_data import TypedMessage, agreement_message
from ledger.errors import InputError, RefusedError
from ledger.model.ids import AddressField, DatasetId, Digest, DigestField, LicenceId, MemberId, OfferId, UnixTime
from ledger.model.licence import Agreement, Licence, LicenceState, Windows
from ledger.model.terms import Terms

__all__ = [
    "PartySignature",
    "Permit",
    "SignableAgreement",
    "accept",
    "agree",
    "agreement",
    "apply_for",
    "approve_application",
    "cancel",
    "count",
    "is_in_force",
    "licence",
    "pay",
    "pay_with_permit",
    "refund",
    "reject",
    "renew",
    "require_approved",
    "set_windows",
    "settle",
    "signable_agreement",
    "state",
    "windows",
]

CONTRACT = "Licences"
SIGNATURE_BYTES = 65
RECOVERY_BYTES = (0, 1, 27, 28)


def _bytes_from_hex(value: object) -> object:
    return bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else value


def _hex_from_bytes(value: bytes) -> str:
    return "0x" + value.hex()


HexField = Annotated[bytes, BeforeValidator(_bytes_from_hex), PlainSerializer(_hex_from_bytes, when_used="json")]
"""Bytes that are 0x-hexadecimal in JSON."""


class PartySignature(BaseModel):
    """One side's signature of an agreement.

    Attributes:
        signer: Account of the party: its key signed, or it is a contract that accepts by ERC-1271.
        signature: The signature's bytes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    signer: AddressField
    signature: HexField


class Permit(BaseModel):
    """A signed ERC-2612 permit by the paying account, for the exact price, spendable by ``Benefits``.

    Attributes:
        deadline: Unix time after which it is void, in seconds.
        v: 27 or 28.
        r: 32 bytes.
        s: 32 bytes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    deadline: Annotated[int, Field(ge=0, lt=2**256)]
    v: Annotated[int, Field(ge=27, le=28)]
    r: DigestField
    s: DigestField

    @classmethod
    def from_signature(cls, signature: bytes, deadline: int) -> Permit:
        """From a wallet's signature: r, s, v.

        Raises:
            InputError: It is no such signature.
        """
        if len(signature) != SIGNATURE_BYTES or signature[64] not in RECOVERY_BYTES:
            raise InputError(
                "The permit's signature cannot be used",
                why=f"it is not r, s and v in {SIGNATURE_BYTES} bytes",
                fix="sign the permit with the key of the paying account",
            )
        v = signature[64]
        return cls(deadline=deadline, v=v if v >= 27 else v + 27, r=Digest(signature[:32]), s=Digest(signature[32:64]))


class SignableAgreement(NamedTuple):
    """What both sides sign.

    Attributes:
        agreement: The agreement.
        message: The same, as wallets take it (EIP-712).
        digest: What is signed, as the contract computes it.
    """

    agreement: Agreement
    message: TypedMessage
    digest: bytes


def apply_for(offer: OfferId, purpose_digest: Digest) -> Call:
    """Apply for a licence under an offer. Signer: an account of the licensee."""
    return Call(
        CONTRACT,
        "applyFor",
        (offer, purpose_digest),
        f"Apply for a licence under offer {offer}, for the research purpose 0x{purpose_digest.hex()}. Moves no money.",
    )


def approve_application(licence: LicenceId, purpose_digest: Digest) -> Call:
    """Approve an application for exactly this purpose. Signer: an account of the dataset's holder."""
    return Call(
        CONTRACT,
        "approveApplication",
        (licence, purpose_digest),
        f"Approve application {licence} for the research purpose 0x{purpose_digest.hex()} and no other.",
    )


def reject(licence: LicenceId, reasons_digest: Digest) -> Call:
    """Reject an application, or take an approval back. Signer: an account of the dataset's holder."""
    return Call(
        CONTRACT, "reject", (licence, reasons_digest), f"Reject application {licence} for 0x{reasons_digest.hex()}."
    )


def cancel(licence: LicenceId) -> Call:
    """Take an application or an unpaid agreement back. Signer: an account of the licensee."""
    return Call(CONTRACT, "cancel", (licence,), f"Take back application {licence}, or its unpaid agreement.")


def agree(
    licence: LicenceId, terms: Terms, deadline: UnixTime, licensor: PartySignature, licensee: PartySignature
) -> Call:
    """Conclude the agreement that both sides signed. Signer: anyone."""
    return Call(
        CONTRACT,
        "agree",
        (
            licence,
            terms_tuple(terms),
            deadline,
            (licensor.signer, licensor.signature),
            (licensee.signer, licensee.signature),
        ),
        f"Conclude agreement {licence}, signed by {licensor.signer} as licensor and {licensee.signer} as licensee.",
    )


def pay(licence: LicenceId) -> Call:
    """Pay the agreed price into escrow from an allowance. Signer: an account of the licensee."""
    return Call(
        CONTRACT, "pay", (licence,), f"Pay the agreed price of licence {licence} into escrow, from your allowance."
    )


def pay_with_permit(licence: LicenceId, permit: Permit) -> Call:
    """Pay the agreed price into escrow with a permit. Signer: the account of the licensee that signed the permit."""
    return Call(
        CONTRACT,
        "payWithPermit",
        (licence, (permit.deadline, permit.v, permit.r, permit.s)),
        f"Pay the agreed price of licence {licence} into escrow, with the permit you signed.",
    )


def accept(licence: LicenceId) -> Call:
    """Confirm that the delivered key opens the dataset. Signer: an account of the licensee."""
    return Call(
        CONTRACT, "accept", (licence,), f"Confirm that the key of licence {licence} opens the dataset; no refund after."
    )


def settle(licence: LicenceId) -> Call:
    """Split the price among those it belongs to. Signer: anyone."""
    return Call(CONTRACT, "settle", (licence,), f"Split the price of licence {licence} among those it belongs to.")


def refund(licence: LicenceId) -> Call:
    """Give the price back to the licensee. Signer: the licensor, or anyone once the delivery is overdue."""
    return Call(
        CONTRACT, "refund", (licence,), f"Give the price of licence {licence} back to the licensee; ends the licence."
    )


def renew(licence: LicenceId, limit: int) -> Call:
    """Pay for another term at the offer's price. Signer: an account of the licensee, with an allowance."""
    return Call(
        CONTRACT,
        "renew",
        (licence, limit),
        f"Renew licence {licence} for another term, for at most {limit} token units.",
    )


def set_windows(windows: Windows) -> Call:
    """Set how long each side has in future stages. Signer: the parameters role."""
    return Call(
        CONTRACT,
        "setWindows",
        (windows_tuple(windows),),
        f"Give {windows.payment} s to pay, {windows.delivery} s to deliver and {windows.acceptance} s to accept.",
    )


def licence(chain: Chain, licence_id: LicenceId) -> Licence:
    """A licence with its state now and its dataset.

    Raises:
        RefusedError: There is no such licence.
    """
    found = chain.call(CONTRACT, "licenceById", licence_id)
    return Licence(
        id=licence_id,
        offer=OfferId(found["offer"]),
        licensee=MemberId(found["licensee"]),
        licensor=MemberId(found["licensor"]),
        stage=LicenceState(found["stage"]),
        state=state(chain, licence_id),
        deadline=UnixTime(found["deadline"]),
        expires_at=UnixTime(found["expires_at"]),
        purpose_digest=Digest(found["purpose_digest"]),
        agreement_digest=Digest(found["agreement_digest"]),
        delivery_key_digest=Digest(found["delivery_key_digest"]),
        dataset=DatasetId(chain.call("Offers", "datasetOf", found["offer"])),
    )


def state(chain: Chain, licence_id: LicenceId) -> LicenceState:
    """The state now, time taken into account.

    Raises:
        RefusedError: There is no such licence.
    """
    return LicenceState(chain.call(CONTRACT, "stateOf", licence_id))


def is_in_force(chain: Chain, licence_id: LicenceId) -> bool:
    """Whether the licensee may use the data now.

    Raises:
        RefusedError: There is no such licence.
    """
    return bool(chain.call(CONTRACT, "isInForce", licence_id))


def agreement(chain: Chain, licence_id: LicenceId, terms: Terms, deadline: UnixTime) -> Agreement:
    """The agreement to be signed now, built from the ledger's own records.

    Args:
        chain: The ledger.
        licence_id: The approved application.
        terms: The offer's terms.
        deadline: Unix time after which the signatures can conclude nothing, in seconds.

    Raises:
        RefusedError: There is no such licence, the terms are not the offer's, or the licensee has no delivery key.
    """
    return signable_agreement(chain, licence_id, terms, deadline).agreement


def signable_agreement(chain: Chain, licence_id: LicenceId, terms: Terms, deadline: UnixTime) -> SignableAgreement:
    """Like `agreement`, with the message for wallets and the digest that the contract computes."""
    value, digest = chain.call(CONTRACT, "agreementOf", licence_id, terms_tuple(terms), deadline)
    found = agreement_from(value)
    message = agreement_message(chain.chain_id, chain.deployment.address(CONTRACT), found)
    return SignableAgreement(found, message, digest)


def require_approved(chain: Chain, licence_id: LicenceId) -> None:
    """Refuse to go on unless there is an agreement to be signed.

    Raises:
        RefusedError: The application is not approved: there is no licensor, and no purpose, to agree on.
    """
    state = licence(chain, licence_id).state
    if state is not LicenceState.APPROVED:
        raise RefusedError(
            f"Licence {licence_id} has no agreement to be signed",
            why=f"it is {state.name.lower()}, not approved",
            fix="let the holder approve the application first",
            name="LicenceStateRefused",
            arguments={"licence": licence_id, "state": state.name.lower(), "accepted": ["approved"]},
        )


def windows(chain: Chain) -> Windows:
    """How long each side has in future stages."""
    return windows_from(chain.call(CONTRACT, "windows"))


def count(chain: Chain) -> int:
    """Number of applications ever made; ids run from 1 to this."""
    return int(chain.call(CONTRACT, "licenceCount"))
