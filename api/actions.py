"""Every write of the contracts that an account can make, by name: its parameters, its intent, and what it does.

But for the delivery of a dataset key. Who has the wrapped key and the licensee's delivery secret has the data, so a
holder shows it to nobody before it signs: neither to whoever runs this service nor to its node. The ``ledger`` command,
which alone can wrap a key, delivers it.

An action gives a :class:`~ledger.chain.calls.Call`, from which an unsigned transaction is prepared, or a `Message` to
be signed as EIP-712 typed data. Whether it may be done is for the contracts to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from api import consequences as says
from api import parameters as p
from ledger.chain import benefits, datasets, licences, members, offers, tokens
from ledger.chain.calls import Call
from ledger.chain.chain import Chain
from ledger.chain.licences import PartySignature, Permit
from ledger.chain.typed_data import TypedMessage, typed_digest
from ledger.model.ids import Address
from ledger.model.parties import DeliveryKey, MemberStatus

__all__ = ["ACTIONS", "Action", "Message"]

P = TypeVar("P", bound=p.Parameters)

ACCOUNT: Final = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
CID: Final = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
DIGEST: Final = "0x" + "5a" * 32
SIGNATURE: Final = "0x" + "5a" * 64 + "1b"
LATER: Final = 1_800_000_000
LICENSEE, HOLDER = "an account of the licensee", "an account of the holder"
PRINCIPAL, ANYONE = "the member's principal account", "anyone"


@dataclass(frozen=True, slots=True)
class Message:
    """Typed data to be signed.

    Attributes:
        message: As wallets take it (``eth_signTypedData_v4``).
        summary: What signing it does, in one sentence.
    """

    message: TypedMessage
    summary: str

    @property
    def digest(self) -> bytes:
        """What is signed."""
        return typed_digest(self.message)


Intent = Callable[[Chain, Address, P], Call | Message]
Explanation = Callable[[Chain, Address, P], Sequence[str]]


def _plain(_: Chain, __: Address, ___: p.Parameters) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Action(Generic[P]):
    """An action that can be prepared.

    Attributes:
        name: ``<noun>.<verb>``, as in the path.
        title: What it does.
        signer: Who can do it.
        parameters: What it needs.
        example: Parameters as JSON.
        intent: From the account and the parameters to a call or message.
        explanation: What it does, read from the chain.
        gives: ``transaction`` or ``message``.
    """

    name: str
    title: str
    signer: str
    parameters: type[P]
    example: Mapping[str, Any]
    intent: Intent[P]
    explanation: Explanation[P] = _plain
    gives: str = "transaction"

    @property
    def description(self) -> str:
        """For OpenAPI."""
        return f"Parameters: {(self.parameters.__doc__ or '').strip()}"

    @property
    def operation_id(self) -> str:
        """For OpenAPI: ``prepare_licences_pay``."""
        return "prepare_" + self.name.replace(".", "_").replace("-", "_")

    def request_example(self) -> dict[str, Any]:
        """A whole request body."""
        return {"from": ACCOUNT, "parameters": dict(self.example)}


def _point(parameters: p.SetDeliveryKey) -> DeliveryKey:
    key = parameters.public_key
    return DeliveryKey(x=int.from_bytes(key[1:33], "big"), y=int.from_bytes(key[33:], "big"))


def _agreement(chain: Chain, _: Address, given: p.SignAgreement) -> Message:
    licences.require_approved(chain, given.licence)
    terms = offers.offer(chain, licences.licence(chain, given.licence).offer).terms
    signable = licences.signable_agreement(chain, given.licence, terms, given.deadline)
    return Message(signable.message, f"Sign the agreement of licence {given.licence}, on the terms of its offer.")


def _agree(chain: Chain, _: Address, given: p.Agree) -> Call:
    terms = offers.offer(chain, licences.licence(chain, given.licence).offer).terms
    licensor, licensee = (
        PartySignature(signer=side.signer, signature=side.signature) for side in (given.licensor, given.licensee)
    )
    return licences.agree(given.licence, terms, given.deadline, licensor, licensee)


def _permit(chain: Chain, owner: Address, given: p.SignPermit) -> Message:
    escrow = benefits.escrow(chain, given.licence)
    spender = chain.deployment.address("Benefits")
    message = tokens.permit(chain, escrow.token, owner, spender, value=escrow.amount, deadline=given.deadline)
    return Message(message, f"Permit the exact price of licence {given.licence} to be taken from this account once.")


def _pay_with_permit(_: Chain, __: Address, given: p.PayWithPermit) -> Call:
    return licences.pay_with_permit(given.licence, Permit.from_signature(given.signature, given.deadline))


_REGISTRATION: Final = {
    "collector": 1,
    "size": 20_480,
    "funding": "public",
    "tier": "controlled",
    "human_genetic_resources": False,
    "manifest": CID,
    "metadata": CID,
    "key_commitment": DIGEST,
    "attribution": "City Hospital, Cohort of 1986",
}
_OFFER: Final = {
    "dataset": 1,
    "terms": {
        "token": ACCOUNT,
        "price": "100000",
        "duration": 31_536_000,
        "duo": ["DUO:0000042", "DUO:0000046"],
        "shares": {"collector_share": 2_500, "holder_share": 7_500},
        "prose": CID,
    },
}
_SIGNED: Final = {"signer": ACCOUNT, "signature": SIGNATURE}
_CONSORTIUM: Final = "an account that holds the consortium's role for it"

_ALL: Final[tuple[Action[Any], ...]] = (
    Action(
        "members.admit", "Admit an institution", _CONSORTIUM, p.Admit,
        {
            "principal": ACCOUNT, "kinds": ["institution", "user"], "country": "DE", "metadata": CID,
            "name": "City Hospital",
        },
        lambda _, __, given: members.admit(given.value()),
    ),
    Action(
        "members.set-status", "Suspend, reinstate or expel a member", _CONSORTIUM, p.SetStatus,
        {"member": 2, "status": "suspended"},
        lambda _, __, given: members.set_status(given.member, MemberStatus[given.status.upper()]),
    ),
    Action(
        "members.set-kinds", "Change what a member may do", _CONSORTIUM, p.SetKinds,
        {"member": 2, "kinds": ["institution", "user"]},
        lambda _, __, given: members.set_kinds(given.member, p.kinds_of(given.kinds)),
    ),
    Action(
        "members.describe", "Change the member's name and metadata", PRINCIPAL, p.Describe,
        {"name": "City Hospital", "metadata": CID},
        lambda _, __, given: members.describe(given.metadata, given.name),
    ),
    Action(
        "members.set-delivery-key", "Register the key for receiving dataset keys", PRINCIPAL, p.SetDeliveryKey,
        {"public_key": "0x0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
                       "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"},
        lambda _, __, given: members.set_delivery_key(_point(given)),
    ),
    Action(
        "members.invite-account", "Invite an account to act for the member", PRINCIPAL, p.OfAccount,
        {"account": ACCOUNT},
        lambda _, __, given: members.invite_account(given.account),
    ),
    Action(
        "members.accept-invitation", "Act for a member", "the invited account", p.OfMember, {"member": 2},
        lambda _, __, given: members.accept_invitation(given.member),
    ),
    Action(
        "members.remove-account", "End an account's right to act for the member", PRINCIPAL, p.OfAccount,
        {"account": ACCOUNT},
        lambda _, __, given: members.remove_account(given.account),
    ),
    Action(
        "members.set-principal", "Make another account the principal", PRINCIPAL, p.OfAccount, {"account": ACCOUNT},
        lambda _, __, given: members.set_principal(given.account),
    ),
    Action(
        "datasets.register", "Register versions of datasets", "an account of an institution, which becomes the holder",
        p.Register, {"registrations": [_REGISTRATION]},
        lambda _, __, given: datasets.register([stated.value() for stated in given.registrations]),
    ),
    Action(
        "datasets.shorten-embargo", "End an embargo earlier", HOLDER, p.ShortenEmbargo,
        {"dataset": 1, "embargo_until": LATER},
        lambda _, __, given: datasets.shorten_embargo(given.dataset, given.embargo_until),
    ),
    Action(
        "datasets.withdraw", "Stop new licences of a dataset", HOLDER, p.OfDataset, {"dataset": 1},
        lambda _, __, given: datasets.withdraw(given.dataset),
    ),
    Action(
        "datasets.restore", "Let a withdrawn dataset be licensed again", HOLDER, p.OfDataset, {"dataset": 1},
        lambda _, __, given: datasets.restore(given.dataset),
    ),
    Action(
        "datasets.transfer", "Hand a dataset over to another holder",
        "the account that owns its token, or one it approved", p.TransferDataset, {"dataset": 1, "to": ACCOUNT},
        lambda chain, _, given: datasets.transfer(
            Address(chain.call("Datasets", "ownerOf", given.dataset)), given.to, given.dataset
        ),
    ),
    Action(
        "datasets.approve", "Let another account hand a dataset over once", "the account that owns its token",
        p.TransferDataset, {"dataset": 1, "to": ACCOUNT},
        lambda _, __, given: datasets.approve(given.to, given.dataset),
    ),
    Action(
        "datasets.revoke", "Stop new licences on behalf of the consortium", _CONSORTIUM, p.OfDataset, {"dataset": 1},
        lambda _, __, given: datasets.revoke(given.dataset),
    ),
    Action(
        "datasets.reinstate", "Lift a revocation", _CONSORTIUM, p.OfDataset, {"dataset": 1},
        lambda _, __, given: datasets.reinstate(given.dataset),
    ),
    Action(
        "offers.publish", "Publish offers", HOLDER, p.Publish, {"offers": [_OFFER]},
        lambda _, __, given: offers.publish([stated.value() for stated in given.offers]),
    ),
    Action(
        "offers.withdraw", "Close an offer", HOLDER, p.OfOffer, {"offer": 1},
        lambda _, __, given: offers.withdraw(given.offer),
    ),
    Action(
        "licences.apply", "Apply for a licence", LICENSEE, p.Apply, {"offer": 1, "purpose": CID},
        lambda _, __, given: licences.apply_for(given.offer, given.purpose),
        lambda chain, _, given: says.of_offer(chain, given.offer),
    ),
    Action(
        "licences.approve", "Approve an application", HOLDER, p.Approve, {"licence": 1, "purpose": CID},
        lambda _, __, given: licences.approve_application(given.licence, given.purpose),
    ),
    Action(
        "licences.reject", "Reject an application", HOLDER, p.Reject, {"licence": 1, "reasons": CID},
        lambda _, __, given: licences.reject(given.licence, given.reasons),
    ),
    Action(
        "licences.cancel", "Take an application or unpaid agreement back", LICENSEE, p.OfLicence, {"licence": 1},
        lambda _, __, given: licences.cancel(given.licence),
    ),
    Action(
        "licences.agreement", "Sign the agreement", "both sides, an account of each", p.SignAgreement,
        {"licence": 1, "deadline": LATER}, _agreement,
        lambda chain, _, given: says.signing(chain, given.licence, given.deadline),
        gives="message",
    ),
    Action(
        "licences.agree", "Conclude the agreement that both sides signed", ANYONE, p.Agree,
        {"licence": 1, "deadline": LATER, "licensor": _SIGNED, "licensee": _SIGNED}, _agree,
        lambda chain, _, given: says.signing(chain, given.licence, given.deadline),
    ),
    Action(
        "licences.pay", "Pay the agreed price from an allowance", LICENSEE, p.OfLicence, {"licence": 1},
        lambda _, __, given: licences.pay(given.licence),
        lambda chain, sender, given: says.paying(chain, given.licence, sender),
    ),
    Action(
        "licences.pay-with-permit", "Pay the agreed price with a permit", LICENSEE, p.PayWithPermit,
        {"licence": 1, "deadline": LATER, "signature": SIGNATURE}, _pay_with_permit,
        lambda chain, sender, given: says.paying(chain, given.licence, sender),
    ),
    Action(
        "licences.accept", "Confirm that the delivered key opens the dataset", LICENSEE, p.OfLicence, {"licence": 1},
        lambda _, __, given: licences.accept(given.licence),
        lambda chain, _, given: says.settling(chain, given.licence),
    ),
    Action(
        "licences.settle", "Split the price among those it belongs to", ANYONE, p.OfLicence, {"licence": 1},
        lambda _, __, given: licences.settle(given.licence),
        lambda chain, _, given: says.settling(chain, given.licence),
    ),
    Action(
        "licences.refund", "Give the price back", "the licensor; anyone once the key is overdue", p.OfLicence,
        {"licence": 1},
        lambda _, __, given: licences.refund(given.licence),
        lambda chain, _, given: says.refunding(chain, given.licence),
    ),
    Action(
        "licences.renew", "Pay for another term", LICENSEE, p.Renew, {"licence": 1, "limit": "100000"},
        lambda _, __, given: licences.renew(given.licence, given.limit),
        lambda chain, sender, given: says.renewing(chain, given.licence, sender, given.limit),
    ),
    Action(
        "licences.set-windows", "Set how long each side has", _CONSORTIUM, p.SetWindows,
        {"windows": {"payment": 604_800, "delivery": 604_800, "acceptance": 604_800}},
        lambda _, __, given: licences.set_windows(given.windows),
    ),
    Action(
        "benefits.withdraw", "Pay a member what it has earned", ANYONE, p.WithdrawBenefits,
        {"member": 1, "token": ACCOUNT},
        lambda _, __, given: benefits.withdraw(given.member, given.token),
        lambda chain, _, given: says.withdrawing(chain, given.member, given.token),
    ),
    Action(
        "benefits.set-token-allowed", "Allow a settlement token, or no longer", _CONSORTIUM, p.SetTokenAllowed,
        {"token": ACCOUNT, "allowed": True},
        lambda _, __, given: benefits.set_token_allowed(given.token, allowed=given.allowed),
    ),
    Action(
        "tokens.permit", "Permit the price of a licence to be taken", LICENSEE, p.SignPermit,
        {"licence": 1, "deadline": LATER}, _permit,
        lambda chain, _, given: says.permitting(chain, given.licence, given.deadline),
        gives="message",
    ),
    Action(
        "tokens.approve", "Let the benefits contract take tokens", "the account that pays", p.ApproveTokens,
        {"token": ACCOUNT, "amount": "100000"},
        lambda chain, _, given: tokens.approve(given.token, chain.deployment.address("Benefits"), given.amount),
        lambda chain, _, given: says.approving(chain, given.token, given.amount),
    ),
    Action(
        "tokens.mint", "Create tokens on a local network", _CONSORTIUM, p.Mint,
        {"token": ACCOUNT, "to": ACCOUNT, "amount": "100000"},
        lambda _, __, given: tokens.mint(given.token, given.to, given.amount),
    ),
)  # fmt: skip

ACTIONS: Final[Mapping[str, Action[Any]]] = {action.name: action for action in _ALL}
"""Every action by its name."""
