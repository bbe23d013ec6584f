"""Members (``contracts/interfaces/IMembers.sol``): calls to sign, and reads."""

from __future__ import annotations

from ledger.chain.calls import Call
from ledger.chain.chain import Chain
from ledger.chain.records import admission_tuple
from ledger.errors import InputError, RefusedError
from ledger.model.ids import Address, Digest, MemberId, UnixTime
from ledger.model.parties import Admission, DeliveryKey, Member, MemberKind, MemberStatus

__all__ = [
    "accept_invitation",
    "admit",
    "count",
    "delivery_key",
    "describe",
    "invite_account",
    "member",
    "member_of",
    "principal",
    "remove_account",
    "set_delivery_key",
    "set_kinds",
    "set_principal",
    "set_status",
]

CONTRACT = "Members"


def admit(admission: Admission) -> Call:
    """Admit an institution. Signer: the admissions role."""
    return Call(
        CONTRACT,
        "admit",
        (admission_tuple(admission),),
        f"Admit {admission.name} ({admission.country}) to the consortium as {_kinds(admission.kinds)}, "
        f"with the principal account {admission.principal}.",
    )


def set_status(member: MemberId, status: MemberStatus) -> Call:
    """Suspend, reinstate or expel a member. Signer: the admissions role."""
    return Call(
        CONTRACT, "setStatus", (member, int(status)), f"Set the standing of member {member} to {_name(status)}."
    )


def set_kinds(member: MemberId, kinds: MemberKind) -> Call:
    """Change what a member may do. Signer: the admissions role."""
    return Call(CONTRACT, "setKinds", (member, int(kinds)), f"Let member {member} act as {_kinds(kinds)}.")


def invite_account(account: Address) -> Call:
    """Invite an account to act for the signer's member. Signer: its principal."""
    return Call(
        CONTRACT, "inviteAccount", (account,), f"Invite {account} to act for your institution; it has yet to accept."
    )


def accept_invitation(member: MemberId) -> Call:
    """Act for a member from now on. Signer: the invited account."""
    return Call(
        CONTRACT, "acceptInvitation", (member,), f"Let this account act for member {member}, and for no other ever."
    )


def remove_account(account: Address) -> Call:
    """End an account's right to act for the signer's member. Signer: its principal."""
    return Call(CONTRACT, "removeAccount", (account,), f"End the right of {account} to act for your institution.")


def set_principal(account: Address) -> Call:
    """Make another account of the signer's member its principal. Signer: its principal."""
    return Call(
        CONTRACT,
        "setPrincipal",
        (account,),
        f"Make {account} the principal account of your institution: it will receive the money and manage the entry.",
    )


def set_delivery_key(key: DeliveryKey) -> Call:
    """Register the key to which dataset keys are delivered. Signer: the principal."""
    return Call(
        CONTRACT,
        "setDeliveryKey",
        (key.x, key.y),
        f"Have dataset keys delivered to the key 0x{key.x:064x} from the next agreement on.",
    )


def describe(metadata_digest: Digest, name: str) -> Call:
    """Change the member's name and metadata document. Signer: the principal."""
    return Call(CONTRACT, "describe", (metadata_digest, name), f"Show your institution as {name}, with new metadata.")


def member(chain: Chain, member_id: MemberId) -> Member:
    """A member's entry, with its name and delivery key.

    Raises:
        RefusedError: There is no such member.
    """
    found = chain.call(CONTRACT, "memberById", member_id)
    if found["status"] == MemberStatus.NONE:
        raise RefusedError(
            "There is no such member",
            why=f"the ledger has no member {member_id}",
            fix="check the member's id with the list of members",
            name="MemberUnknown",
            arguments={"member": member_id},
        )
    return Member(
        id=member_id,
        principal=Address(found["principal"]),
        status=MemberStatus(found["status"]),
        kinds=MemberKind(found["kinds"]),
        country=found["country"].decode("ascii"),
        joined_at=UnixTime(found["joined_at"]),
        metadata_digest=Digest(found["metadata_digest"]),
        delivery_key=_delivery_key_or_none(chain, member_id),
    )


def member_of(chain: Chain, account: Address) -> MemberId | None:
    """The member for which an account acts, whatever its standing; None if there is none."""
    return MemberId(chain.call(CONTRACT, "memberOf", account)) or None


def principal(chain: Chain, member_id: MemberId) -> Address:
    """The account that receives the member's money.

    Raises:
        RefusedError: There is no such member.
    """
    return Address(chain.call(CONTRACT, "principalOf", member_id))


def delivery_key(chain: Chain, member_id: MemberId) -> DeliveryKey:
    """The key to which dataset keys for the member are delivered.

    Raises:
        RefusedError: The member has registered none.
    """
    x, y = chain.call(CONTRACT, "deliveryKeyOf", member_id)
    return DeliveryKey(x=x, y=y)


def count(chain: Chain) -> int:
    """Number of members ever admitted; ids run from 1 to this."""
    return int(chain.call(CONTRACT, "memberCount"))


def _delivery_key_or_none(chain: Chain, member_id: MemberId) -> DeliveryKey | None:
    try:
        return delivery_key(chain, member_id)
    except RefusedError as error:
        if error.name != "DeliveryKeyMissing":
            raise
        return None


def _kinds(kinds: MemberKind) -> str:
    names = [kind.name.lower() for kind in MemberKind if kind in kinds and kind.name is not None]
    if not names:
        raise InputError("The member would be of no kind", why="its kinds are empty", fix="name at least one kind")
    return " and ".join(names)


def _name(status: MemberStatus) -> str:
    return status.name.lower()
