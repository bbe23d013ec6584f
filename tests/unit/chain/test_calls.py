from __future__ import annotations

from typing import Any

import pytest

from ledger.chain import benefits, datasets, delivery, licences, members, offers, tokens
from ledger.chain.calls import Call, decode_call
from ledger.chain.permissions import PUBLIC_ACTS, TABLE
from ledger.errors import InputError, IntegrityError, UsageError
from ledger.model.dataset import Funding, Publication, Registration, Tier
from ledger.model.ids import Address, DatasetId, Digest, LicenceId, MemberId, OfferId, UnixTime
from ledger.model.licence import Windows
from ledger.model.parties import Admission, DeliveryKey, MemberKind, MemberStatus
from ledger.model.terms import DuoCodes, Shares, Terms

ACCOUNT = Address("0x5B38Da6a701c568545dCfcB03FcB875f56beddC4")
TOKEN = Address("0xAb8483F64d9C6d1EcF9b849Ae677dD3315835cb2")
DIGEST = Digest(bytes(range(32)))
LICENCE, OFFER, DATASET, MEMBER = LicenceId(5), OfferId(4), DatasetId(3), MemberId(2)
TERMS = Terms(
    token=TOKEN,
    price=1_000_003,
    duration=31_536_000,
    duo=DuoCodes.of("DUO:0000042", "DUO:0000022"),
    country="DE",
    shares=Shares(collector_share=2_500, holder_share=7_500),
    prose_digest=DIGEST,
)
REGISTRATION = Registration(
    collector=MEMBER,
    size=2**30,
    embargo_until=UnixTime(1_800_000_000),
    funding=Funding.PUBLIC,
    tier=Tier.CONTROLLED,
    human_genetic_resources=True,
    manifest_codec=0x70,
    manifest_digest=DIGEST,
    metadata_digest=DIGEST,
    key_commitment=DIGEST,
    supersedes=DatasetId(1),
    parents=(DatasetId(1), DatasetId(2)),
    attribution="City Hospital, Cohort of 1986",
)
ADMISSION = Admission(
    principal=ACCOUNT, kinds=MemberKind.INSTITUTION | MemberKind.USER, country="DE", metadata_digest=DIGEST, name="H"
)
SIGNED = licences.PartySignature(signer=ACCOUNT, signature=bytes(65))
PERMIT = licences.Permit(deadline=1_800_000_000, v=27, r=DIGEST, s=DIGEST)

CALLS = [
    members.admit(ADMISSION),
    members.set_status(MEMBER, MemberStatus.SUSPENDED),
    members.set_kinds(MEMBER, MemberKind.USER),
    members.invite_account(ACCOUNT),
    members.accept_invitation(MEMBER),
    members.remove_account(ACCOUNT),
    members.set_principal(ACCOUNT),
    members.set_delivery_key(DeliveryKey(x=1, y=2)),
    members.describe(DIGEST, "Hospital"),
    datasets.register([REGISTRATION]),
    datasets.register([REGISTRATION] * 3),
    datasets.shorten_embargo(DATASET, UnixTime(1_700_000_000)),
    datasets.withdraw(DATASET),
    datasets.restore(DATASET),
    datasets.revoke(DATASET),
    datasets.reinstate(DATASET),
    datasets.transfer(ACCOUNT, TOKEN, DATASET),
    datasets.approve(ACCOUNT, DATASET),
    offers.publish([Publication(dataset=DATASET, terms=TERMS)]),
    offers.publish([Publication(dataset=DATASET, terms=TERMS)] * 2),
    offers.withdraw(OFFER),
    licences.apply_for(OFFER, DIGEST),
    licences.approve_application(LICENCE, DIGEST),
    licences.reject(LICENCE, DIGEST),
    licences.cancel(LICENCE),
    licences.agree(LICENCE, TERMS, UnixTime(1_800_000_000), SIGNED, SIGNED),
    licences.pay(LICENCE),
    licences.pay_with_permit(LICENCE, PERMIT),
    licences.accept(LICENCE),
    licences.settle(LICENCE),
    licences.refund(LICENCE),
    licences.renew(LICENCE, 10),
    licences.set_windows(Windows(payment=60, delivery=61, acceptance=62)),
    delivery.deliver(LICENCE, bytes(32), b"\x02" + bytes(32)),
    benefits.withdraw(MEMBER, TOKEN),
    benefits.set_token_allowed(TOKEN, allowed=True),
    benefits.set_token_allowed(TOKEN, allowed=False),
    tokens.approve(TOKEN, ACCOUNT, 10),
    tokens.transfer(TOKEN, ACCOUNT, 10),
    tokens.mint(TOKEN, ACCOUNT, 10),
]


def name_of(call: Call) -> str:
    return f"{call.contract}.{call.function}"


@pytest.mark.parametrize("call", CALLS, ids=name_of)
def test_a_call_reads_back_as_what_it_says(call: Call) -> None:
    decoded = decode_call(call.data(), call.contract)
    assert (decoded.contract, decoded.function) == (call.contract, call.function)
    assert not decoded.reads_only
    assert not decoded.payable
    assert decoded.arguments is not None
    assert _plain(tuple(decoded.arguments.values())) == _plain(call.arguments)


@pytest.mark.parametrize("call", CALLS, ids=name_of)
def test_a_summary_is_a_sentence_or_two_for_people(call: Call) -> None:
    assert call.summary[0].isupper()
    assert call.summary.endswith((".", "after."))
    assert "\n" not in call.summary
    assert "None" not in call.summary


def test_every_act_of_the_ledger_has_its_call() -> None:
    wanted = {f"{row.contract}.{function}" for row in TABLE for function in row.functions}
    wanted |= {f"{contract}.{act}" for contract, acts in PUBLIC_ACTS.items() for act in acts}
    left_to_others = {
        *(f"AccessManager.{act}" for act in PUBLIC_ACTS["AccessManager"]),
        *(f"Datasets.{act}" for act in ("safeTransferFrom", "setApprovalForAll")),
        *(f"Licences.{act}" for act in ("safeTransferFrom",)),  # it only ever refuses
        *(f"SettlementToken.{act}" for act in ("permit", "transferFrom")),
    }
    assert {name_of(call) for call in CALLS} == wanted - left_to_others


def test_approve_is_the_calldata_that_everybody_knows() -> None:
    account = ACCOUNT[2:].lower().rjust(64, "0")
    assert tokens.approve(TOKEN, ACCOUNT, 10).data().hex() == f"095ea7b3{account}{10:064x}"
    assert tokens.approve(TOKEN, ACCOUNT, 10).address == TOKEN


def test_a_batch_has_1_to_100() -> None:
    for registrations in ([], [REGISTRATION] * 101):
        with pytest.raises(UsageError, match="cannot be registered"):
            datasets.register(registrations)
    publication = Publication(dataset=DATASET, terms=TERMS)
    for publications in ([], [publication] * 101):
        with pytest.raises(UsageError, match="cannot be published"):
            offers.publish(publications)
    assert datasets.register([REGISTRATION] * 100).data()


@pytest.mark.parametrize(("wrapped", "ephemeral"), [(31, 33), (32, 32), (32, 65), (0, 0)])
def test_a_delivery_of_the_wrong_size_is_refused(wrapped: int, ephemeral: int) -> None:
    with pytest.raises(InputError, match="cannot be delivered"):
        delivery.deliver(LICENCE, bytes(wrapped), bytes(ephemeral))


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(64) + b"\x02", bytes(66)])
def test_a_permit_is_made_of_65_bytes(signature: bytes) -> None:
    with pytest.raises(InputError, match="permit's signature"):
        licences.Permit.from_signature(signature, 1)


@pytest.mark.parametrize(("last", "v"), [(0, 27), (1, 28), (27, 27), (28, 28)])
def test_wallets_may_count_v_from_0_or_from_27(last: int, v: int) -> None:
    permit = licences.Permit.from_signature(b"\x01" * 32 + b"\x02" * 32 + bytes([last]), 9)
    assert (permit.v, permit.r, permit.s, permit.deadline) == (v, b"\x01" * 32, b"\x02" * 32, 9)


def test_signatures_are_hexadecimal_in_json() -> None:
    text = SIGNED.model_dump_json()
    assert f'"signature":"0x{"00" * 65}"' in text
    assert licences.PartySignature.model_validate_json(text) == SIGNED
    assert licences.Permit.model_validate_json(PERMIT.model_dump_json()) == PERMIT


def test_a_member_of_no_kind_is_refused() -> None:
    with pytest.raises(InputError, match="no kind"):
        members.set_kinds(MEMBER, MemberKind(0))


def test_arguments_out_of_range_are_refused_before_any_node_is_asked() -> None:
    with pytest.raises(InputError):
        licences.renew(LICENCE, 2**128).data()


@pytest.mark.parametrize("data", [b"", b"\x01", bytes.fromhex("deadbeef") + bytes(64)])
def test_foreign_calldata_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="calls no function that is known"):
        decode_call(data, "Licences")


def test_cut_off_calldata_is_refused() -> None:
    with pytest.raises(IntegrityError):
        decode_call(licences.apply_for(OFFER, DIGEST).data()[:-1], "Licences")


def test_reading_functions_are_told_from_acts() -> None:
    assert decode_call(Call("Licences", "stateOf", (LICENCE,), "").data(), "Licences").reads_only


def _plain(value: Any) -> Any:
    """Structs and arrays as tuples, whichever way they came."""
    if isinstance(value, dict):
        return _plain(tuple(value.values()))
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    return value
