"""License a dataset: apply with a purpose, approve it, sign the agreement on both sides, conclude it.

The two signatures travel between the parties as small files; whoever has both concludes the agreement. Every call looks
at the ledger first, so repeating one that succeeded changes nothing and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.acts.agreement import AgreementSignature, Party
from ledger.acts.documents import document_digest, keep_document
from ledger.acts.history import find_event, find_events
from ledger.acts.parties import acting_member
from ledger.acts.states import require_state
from ledger.chain import licences, members, offers
from ledger.chain.chain import Chain
from ledger.chain.sender import Sender
from ledger.chain.signers import Signer
from ledger.chain.transactions import Outcome, prepare
from ledger.chain.typed_data import typed_digest
from ledger.errors import IntegrityError, RefusedError, UsageError
from ledger.model.ids import Digest, LicenceId, MemberId, OfferId, UnixTime
from ledger.model.licence import Agreement, LicenceState
from ledger.storage.store import Store

__all__ = [
    "SIGNATURE_LIFETIME",
    "Step",
    "agree",
    "agreement",
    "apply_for",
    "approve",
    "cancel",
    "reject",
    "requested_purpose",
    "sign",
]

SIGNATURE_LIFETIME: Final = 7 * 86_400
"""Seconds for which a signature can conclude an agreement, unless said otherwise."""

_OVER: Final = frozenset({LicenceState.REJECTED, LicenceState.CANCELLED, LicenceState.REFUNDED, LicenceState.LAPSED})


@dataclass(frozen=True, slots=True)
class Step:
    """A step in the life of a licence.

    Attributes:
        licence: Whose life.
        state: Its state afterwards.
        outcome: The transaction; None if the step had been done before.
    """

    licence: LicenceId
    state: LicenceState
    outcome: Outcome | None


def apply_for(offer: OfferId, purpose: bytes, *, chain: Chain, sender: Sender, stores: Sequence[Store]) -> Step:
    """Apply for a licence under an offer, for the purpose that a document states.

    Raises:
        DocumentError: The purpose is longer than one document may be.
        RefusedError: The offer cannot be taken up, e.g. during an embargo; nothing was stored.
        StorageError, ChainError: The purpose could not be stored, or the transaction not be sent.
    """
    digest = document_digest(purpose)
    licensee = acting_member(chain, sender.address)
    if (earlier := _earlier_application(chain, offer, licensee, digest)) is not None:
        return earlier
    call = licences.apply_for(offer, digest)
    prepare(chain, call, sender.address)  # refused before anything is stored
    keep_document(purpose, stores)
    outcome = sender.send(call)
    return Step(LicenceId(outcome.event("LicenceApplied").arguments["licence"]), LicenceState.APPLIED, outcome)


def approve(licence: LicenceId, *, chain: Chain, sender: Sender) -> Step:
    """Approve an application for exactly the purpose that it states.

    Raises:
        RefusedError: It is not the holder's to approve, or no longer open.
        ChainError: The transaction could not be sent.
    """
    known = licences.licence(chain, licence)
    done = known.state is LicenceState.APPROVED and known.licensor == members.member_of(chain, sender.address)
    return _step(
        licence,
        LicenceState.APPROVED,
        None if done else sender.send(licences.approve_application(licence, requested_purpose(chain, licence))),
    )


def requested_purpose(chain: Chain, licence: LicenceId) -> Digest:
    """The digest of the purpose that an application states; the licence's record has the one that was approved.

    Raises:
        IntegrityError: The node does not have the application's event.
    """
    return Digest(find_event(chain, "Licences", "LicenceApplied", licence).arguments["purpose_digest"])


def reject(licence: LicenceId, reasons: bytes, *, chain: Chain, sender: Sender, stores: Sequence[Store]) -> Step:
    """Reject an application, or take an approval back, for reasons that a document states.

    Raises:
        DocumentError: The reasons are longer than one document may be.
        RefusedError: It is not the holder's to reject, or no longer open; nothing was stored.
        StorageError, ChainError: The reasons could not be stored, or the transaction not be sent.
    """
    known = licences.licence(chain, licence)
    if known.state is LicenceState.REJECTED:
        return _step(licence, known.state, None)
    call = licences.reject(licence, document_digest(reasons))
    prepare(chain, call, sender.address)
    keep_document(reasons, stores)
    return _step(licence, LicenceState.REJECTED, sender.send(call))


def cancel(licence: LicenceId, *, chain: Chain, sender: Sender) -> Step:
    """Take an application or an unpaid agreement back.

    Raises:
        RefusedError: It is not the licensee's to cancel, or paid already.
        ChainError: The transaction could not be sent.
    """
    done = licences.licence(chain, licence).state is LicenceState.CANCELLED
    return _step(licence, LicenceState.CANCELLED, None if done else sender.send(licences.cancel(licence)))


def agreement(chain: Chain, licence: LicenceId, deadline: UnixTime) -> Agreement:
    """The agreement to be signed now, with the whole terms, as the ledger's own records have it.

    Raises:
        RefusedError: There is no such licence, or the licensee has no delivery key.
    """
    terms = offers.offer(chain, licences.licence(chain, licence).offer).terms
    return licences.agreement(chain, licence, terms, deadline)


def sign(licence: LicenceId, *, chain: Chain, signer: Signer, deadline: UnixTime | None = None) -> AgreementSignature:
    """Sign the agreement on the side of the signer's member. Sends nothing.

    Args:
        licence: The approved application.
        chain: The ledger.
        signer: An account of one of the parties.
        deadline: Unix time after which the signature concludes nothing, in seconds; the same on both sides.
            Default: `SIGNATURE_LIFETIME` from now.

    Raises:
        RefusedError: The application is not approved, the deadline has passed, or the signer is of neither party.
    """
    known = licences.licence(chain, licence)
    require_state(known, LicenceState.APPROVED, doing="signed", fix="let the holder approve the application first")
    now = chain.now()
    deadline = UnixTime(now + SIGNATURE_LIFETIME) if deadline is None else deadline
    if deadline <= now:
        raise _refused("AgreementExpired", "The agreement's signatures would be too old", f"{deadline} has passed")
    terms = offers.offer(chain, known.offer).terms
    signable = licences.signable_agreement(chain, licence, terms, deadline)
    party = _party(chain, signable.agreement, signer)
    if typed_digest(signable.message) != signable.digest:
        raise _wrong_digest()
    return AgreementSignature(
        chain_id=chain.chain_id,
        contract=chain.deployment.address("Licences"),
        licence=licence,
        deadline=deadline,
        party=party,
        signer=signer.address,
        digest=Digest(signable.digest),
        signature="0x" + signer.sign_typed_data(signable.message).hex(),
    )


def agree(first: AgreementSignature, second: AgreementSignature, *, chain: Chain, sender: Sender) -> Step:
    """Conclude the agreement that both sides signed.

    Raises:
        UsageError: The signatures are not one of each side, or not for one agreement on this ledger.
        RefusedError: The agreement is not what was signed, or a signature is not the party's.
        ChainError: The transaction could not be sent.
    """
    sides = {signature.party: signature for signature in (first, second)}
    if len(sides) != 2:
        raise _unusable(f"both are of the {first.party}", "give one file of each side")
    licensor, licensee = sides["licensor"], sides["licensee"]
    _require_same(licensor, licensee, chain)
    known = licences.licence(chain, licensor.licence)
    if known.agreement_digest == licensor.digest and known.state not in (LicenceState.APPROVED, LicenceState.APPLIED):
        return _step(licensor.licence, known.state, None)
    terms = offers.offer(chain, known.offer).terms
    call = licences.agree(
        licensor.licence,
        terms,
        licensor.deadline,
        licences.PartySignature(signer=licensor.signer, signature=licensor.signature_bytes),
        licences.PartySignature(signer=licensee.signer, signature=licensee.signature_bytes),
    )
    outcome = sender.send(call)
    return _step(licensor.licence, licences.licence(chain, licensor.licence).state, outcome)


def _earlier_application(chain: Chain, offer: OfferId, licensee: MemberId, purpose: Digest) -> Step | None:
    for event in reversed(find_events(chain, "Licences", "LicenceApplied", None, offer)):
        if (event.arguments["licensee"], event.arguments["purpose_digest"]) != (licensee, purpose):
            continue
        known = licences.licence(chain, LicenceId(event.arguments["licence"]))
        if known.state not in _OVER:
            return Step(known.id, known.state, None)
    return None


def _step(licence: LicenceId, state: LicenceState, outcome: Outcome | None) -> Step:
    return Step(licence, state, outcome)


def _party(chain: Chain, signed: Agreement, signer: Signer) -> Party:
    member = members.member_of(chain, signer.address)
    if member == signed.licensor:
        return "licensor"
    if member == signed.licensee:
        return "licensee"
    raise _refused(
        "SignatureInvalid",
        "The signature would not be one by a party of this agreement",
        f"{signer.address} acts for {f'member {member}' if member else 'no member'},"
        f" the parties are members {signed.licensor} and {signed.licensee}",
    )


def _require_same(licensor: AgreementSignature, licensee: AgreementSignature, chain: Chain) -> None:
    for name in ("chain_id", "contract", "licence", "deadline", "digest"):
        if getattr(licensor, name) != getattr(licensee, name):
            raise _unusable(f"they differ in their {name.replace('_', ' ')}", "let both sides sign the same agreement")
    here = (chain.chain_id, chain.deployment.address("Licences"))
    if (licensor.chain_id, licensor.contract) != here:
        raise _unusable("they are for another chain or ledger", "name the node and deployment that they were made for")


def _unusable(why: str, fix: str) -> UsageError:
    return UsageError("The two signatures conclude no agreement", why=why, fix=fix)


def _wrong_digest() -> IntegrityError:
    return IntegrityError(
        "The agreement was not signed",
        why="the node's digest of it is not the digest of the terms it shows",
        fix="ask another node",
    )


def _refused(name: str, what: str, why: str) -> RefusedError:
    return RefusedError(what, why=why, fix="read the licence's state and parties with 'ledger licence show'", name=name)
