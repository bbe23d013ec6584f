"""Signed transactions that come in: which are taken, which are refused and in what words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account as Unsafe

from ledger.chain import benefits, datasets, licences, members, offers, tokens
from ledger.chain.account import Account, await_receipt
from ledger.chain.anvil import dev_signer
from ledger.chain.artifacts import artifact
from ledger.chain.calls import Call
from ledger.chain.transactions import (
    TransactionStatus,
    TransactionUnknownError,
    broadcast,
    prepare,
    token_of,
    transaction,
    wait,
)
from ledger.chain.typed_data import typed_digest
from ledger.errors import InputError, LedgerError, RefusedError, TransactionError, WrongNetworkError
from ledger.model.dataset import Publication
from ledger.model.ids import Address, LicenceId, OfferId, UnixTime
from ledger.model.licence import LicenceState
from ledger.model.parties import MemberKind
from tests.support.world import DAY, INSTITUTE_ID, PRICE, PURPOSE, WINDOWS, Person, World, digest

NOWHERE = Address("0x000000000000000000000000000000000000dEaD")


def signed(world: World, person: Person, call: Call, **changes: Any) -> bytes:
    """The call, prepared and signed, with fields changed in between."""
    return person.signer.sign_transaction(replace(prepare(world.chain, call, person.address), **changes))


@pytest.fixture
def settle_raw(world: World) -> dict[str, Any]:
    """A transaction that would do something, to be changed."""
    licence = world.active()
    unsigned = prepare(world.chain, licences.settle(licence), world.stranger.address)
    return {"unsigned": unsigned, "sign": world.stranger.signer.sign_transaction}


@pytest.mark.parametrize(
    ("changes", "kind", "says"),
    [
        ({"chain_id": 1}, WrongNetworkError, "it is for 1, the ledger is on 31337"),
        ({"to": NOWHERE}, WrongNetworkError, f"it goes to {NOWHERE}, which is none of the ledger's contracts"),
        ({"to": None}, WrongNetworkError, "it goes to a new contract"),
        ({"data": b""}, InputError, "calls no function that is known"),
        ({"data": bytes.fromhex("deadbeef")}, InputError, "Licences has none with selector 0xdeadbeef"),
        ({"data": artifact("Licences").function("stateOf", 1).encode((1,))}, InputError, "Licences.stateOf only reads"),
        ({"value": 1}, InputError, "Licences.settle takes no native coin"),
    ],
    ids=["chain", "contract", "creation", "empty", "selector", "view", "value"],
)
def test_what_is_not_for_this_ledger_is_refused_and_not_sent(
    world: World, settle_raw: dict[str, Any], changes: dict[str, Any], kind: type[LedgerError], says: str
) -> None:
    before = world.chain.transaction_count(world.stranger.address, "pending")
    raw = settle_raw["sign"](replace(settle_raw["unsigned"], **changes))
    with pytest.raises(kind) as refused:
        broadcast(world.chain, raw)
    assert says in str(refused.value)
    assert world.chain.transaction_count(world.stranger.address, "pending") == before


def test_a_transaction_for_any_chain_is_refused(world: World) -> None:
    fields = prepare(world.chain, licences.settle(world.active()), world.stranger.address, legacy=True).as_dict()
    raw = bytes(Unsafe.sign_transaction(fields | {"chainId": None}, b"\x07" * 32).raw_transaction)
    with pytest.raises(WrongNetworkError, match="it is for any chain"):
        broadcast(world.chain, raw)


@pytest.mark.parametrize("raw", [b"", b"\x02\xc0", b"hello"])
def test_what_is_no_transaction_is_refused(world: World, raw: bytes) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        broadcast(world.chain, raw)


def test_an_allowed_token_counts_as_the_ledgers(world: World) -> None:
    token = _another_token(world)
    call = tokens.approve(token, world.deployment.address("Benefits"), 5)
    raw = signed(world, world.institute, call)
    with pytest.raises(WrongNetworkError, match="none of the ledger's contracts"):
        broadcast(world.chain, raw)
    world.act(world.operator, benefits.set_token_allowed(token, allowed=True))
    tx_hash = broadcast(world.chain, raw)
    wait(world.chain, tx_hash)
    assert tokens.allowance(world.chain, token, world.institute.address, world.deployment.address("Benefits")) == 5
    assert transaction(world.chain, tx_hash).call.contract == "SettlementToken"


def _another_token(world: World) -> Address:
    contract = artifact("SettlementToken")
    data = contract.bytecode + bytes.fromhex(world.deployment.address("AccessManager")[2:]).rjust(32, b"\0")
    receipt = Account(world.chain, world.chain.chain_id, dev_signer(9)).transact(None, data)
    return Address(world.chain.w3.to_checksum_address(receipt["contractAddress"]))


def test_gas_has_a_margin_of_twenty_percent(world: World) -> None:
    call = licences.apply_for(world.offered(), PURPOSE)
    unsigned = prepare(world.chain, call, world.institute.address)
    outcome = world.institute.send(call)
    assert 1.15 < unsigned.gas / outcome.gas_used < 1.3
    assert unsigned.max_fee_per_gas is not None
    assert unsigned.max_fee_per_gas >= int(world.chain.header("latest")["baseFeePerGas"], 16)


def test_a_whole_batch_fits_into_a_block(world: World) -> None:
    batch = [world.registration(attribution="A" * 200) for _ in range(100)]
    outcome = world.hospital.send(datasets.register(batch))
    assert sum(event.name == "DatasetRegistered" for event in outcome.events) == 100
    assert datasets.count(world.chain) == 100


def test_a_pending_transaction_is_told_from_a_mined_one(world: World) -> None:
    raw = signed(world, world.institute, licences.apply_for(world.offered(), PURPOSE))
    with world.held():
        tx_hash = broadcast(world.chain, raw)
        record = transaction(world.chain, tx_hash)
        assert (record.status, record.receipt, record.events) == (TransactionStatus.PENDING, None, ())
        assert record.signed.raw == raw
        assert broadcast(world.chain, raw) == tx_hash
        with pytest.raises(TransactionError, match="was not mined in time"):
            wait(world.chain, tx_hash, timeout=0.1)
        world.chain.request("evm_mine")
        assert transaction(world.chain, tx_hash).status is TransactionStatus.MINED


def test_an_unknown_transaction_is_told(world: World) -> None:
    for look in (transaction, wait):
        with pytest.raises(TransactionUnknownError, match="is not known"):
            look(world.chain, b"\x01" * 32)


def test_a_transaction_of_others_is_not_shown_as_ours(world: World) -> None:
    sent: str = world.chain.request(
        "eth_sendTransaction", {"from": world.stranger.address, "to": world.fund.address, "value": "0x1"}
    )
    tx_hash = bytes.fromhex(sent[2:])
    nonce = world.chain.transaction_count(world.stranger.address, "pending") - 1
    assert await_receipt(world.chain, tx_hash, world.stranger.address, nonce, 20) is not None
    with pytest.raises(WrongNetworkError, match="not for this ledger"):
        transaction(world.chain, tx_hash)


def test_running_out_of_gas_is_told(world: World) -> None:
    call = licences.apply_for(world.offered(), PURPOSE)
    raw = signed(world, world.institute, call, gas=40_000)
    with pytest.raises(TransactionError, match="ran out of gas"):
        wait(world.chain, broadcast(world.chain, raw))


def test_an_outcome_without_the_event_looked_for_is_told(world: World) -> None:
    outcome = world.hospital.send(datasets.register([world.registration()]))
    with pytest.raises(TransactionError, match="gave no event LicencePaid"):
        outcome.event("LicencePaid")


# Signatures: replayed, foreign, too old.


def test_an_agreement_is_concluded_once(world: World) -> None:
    licence = world.approved()
    call = world.agreement_call(licence)
    world.act(world.stranger, call)
    with pytest.raises(RefusedError) as refused:
        world.act(world.stranger, call)
    assert refused.value.name == "LicenceStateRefused"
    assert refused.value.arguments == {"licence": licence, "state": "agreed", "accepted": ["approved"]}


def test_signatures_of_one_agreement_conclude_no_other(world: World) -> None:
    first, second = world.approved(), world.approved()
    call = world.agreement_call(first)
    replayed = replace(call, arguments=(second, *call.arguments[1:]))
    with pytest.raises(RefusedError) as refused:
        world.act(world.stranger, replayed)
    assert refused.value.name == "SignatureInvalid"


def test_a_foreign_signature_is_refused(world: World) -> None:
    licence = world.approved()
    with pytest.raises(RefusedError, match="not one by an account of the party") as refused:
        world.act(world.stranger, world.agreement_call(licence, licensee=world.company))
    assert refused.value.arguments == {"licence": licence, "party": INSTITUTE_ID, "signer": world.company.address}


def test_signatures_that_are_too_old_are_refused(world: World) -> None:
    licence = world.approved()
    call = world.agreement_call(licence)
    world.advance(2 * DAY)
    with pytest.raises(RefusedError) as refused:
        world.act(world.stranger, call)
    assert refused.value.name == "AgreementExpired"


def test_a_transaction_signed_before_cannot_be_sent_again(world: World) -> None:
    """The same bytes are the same transaction; with another number they need another signature."""
    licence = world.delivered()
    raw = signed(world, world.institute, licences.accept(licence))
    first = broadcast(world.chain, raw)
    wait(world.chain, first)
    assert broadcast(world.chain, raw) == first
    assert licences.state(world.chain, licence) is LicenceState.ACTIVE


# Permits.


def test_an_expired_permit_is_refused(world: World) -> None:
    licence = world.agreed()
    call = world.payment_call(licence, world.institute, deadline=UnixTime(world.chain.now() - 1))
    with pytest.raises(RefusedError, match="deadline has passed") as refused:
        world.act(world.institute, call)
    assert refused.value.name == "PermitExpired"
    assert licences.state(world.chain, licence) is LicenceState.AGREED


def test_a_permit_by_another_account_is_refused(world: World) -> None:
    licence = world.agreed()
    call = world.payment_call(licence, world.company)
    with pytest.raises(RefusedError) as refused:
        world.act(world.institute, call)
    assert refused.value.name == "PermitRefused"


def test_a_permit_that_somebody_submitted_first_does_no_harm(world: World) -> None:
    licence = world.agreed()
    call = world.payment_call(licence, world.institute)
    deadline, v, r, s = call.arguments[1]
    permit = (world.institute.address, world.deployment.address("Benefits"), PRICE, deadline, v, r, s)
    world.stranger.send(Call("SettlementToken", "permit", permit, "Front-run."))
    world.act(world.institute, call)
    assert licences.state(world.chain, licence) is LicenceState.PAID


def test_paying_without_an_allowance_is_refused_in_words(world: World) -> None:
    licence = world.agreed()
    with pytest.raises(RefusedError, match="not released for this amount") as refused:
        world.act(world.institute, licences.pay(licence))
    assert refused.value.arguments["needed"] == PRICE


def test_the_token_of_a_payment_is_known(world: World) -> None:
    licence = world.agreed()
    assert token_of(world.chain, licences.pay(licence)) == world.token
    assert token_of(world.chain, licences.settle(licence)) is None
    assert token_of(world.chain, licences.pay(LicenceId(licence + 99))) is None
    assert token_of(world.chain, tokens.mint(world.token, world.fund.address, 1)) == world.token


# What peers get wrong, each refused in words.


def test_a_withdrawn_dataset_cannot_be_licensed(world: World) -> None:
    offer = world.offered()
    dataset = offers.dataset_of(world.chain, offer)
    world.act(world.hospital, datasets.withdraw(dataset))
    _refused(world, world.institute, licences.apply_for(offer, PURPOSE), "DatasetNotAvailable")
    world.act(world.hospital, datasets.restore(dataset))
    world.act(world.operator, datasets.revoke(dataset))
    _refused(world, world.institute, licences.apply_for(offer, PURPOSE), "DatasetNotAvailable")


def test_an_embargo_holds(world: World) -> None:
    until = UnixTime(world.chain.now() + 10 * DAY)
    dataset = world.register(world.hospital, world.registration(embargo_until=until))
    offer = world.publish(world.hospital, dataset, world.terms())
    error = _refused(world, world.institute, licences.apply_for(offer, PURPOSE), "EmbargoInForce")
    assert error.fix == "Apply after the embargo ends, or ask the holder to end it earlier"
    world.advance(11 * DAY)
    assert licences.state(world.chain, world.apply(world.institute, offer)) is LicenceState.APPLIED


def test_what_does_not_exist_cannot_be_had(world: World) -> None:
    world.offered()
    _refused(world, world.institute, licences.apply_for(OfferId(999), PURPOSE), "OfferUnknown")
    _refused(world, world.institute, licences.pay(LicenceId(999)), "LicenceUnknown")
    _refused(world, world.stranger, benefits.withdraw(INSTITUTE_ID, world.token), "NothingToWithdraw")


def test_a_dataset_is_registered_once(world: World) -> None:
    registration = world.registration()
    world.register(world.hospital, registration)
    error = _refused(world, world.hospital, datasets.register([registration]), "DatasetDuplicate")
    assert error.arguments["manifest_digest"] == "0x" + registration.manifest_digest.hex()


def test_an_unknown_token_cannot_be_priced_in(world: World) -> None:
    dataset = world.registered()
    publication = Publication(dataset=dataset, terms=world.terms(token=NOWHERE))
    _refused(world, world.hospital, offers.publish([publication]), "TokenNotAllowed")
    with pytest.raises(InputError, match="token cannot be used"):
        tokens.info(world.chain, NOWHERE)
    with pytest.raises(InputError, match="token cannot be used"):
        tokens.balance_of(world.chain, world.deployment.address("Offers"), world.fund.address)


def test_only_who_may_does(world: World) -> None:
    licence = world.paid()
    _refused(world, world.stranger, datasets.register([world.registration()]), "NotMember")
    _refused(world, world.company, datasets.register([world.registration()]), "MemberLacksKind")
    _refused(world, world.company, licences.accept(world.delivered()), "NotLicensee")
    _refused(world, world.hospital, members.set_kinds(INSTITUTE_ID, MemberKind.FUND), "AccessManagedUnauthorized")
    _refused(world, world.stranger, licences.refund(licence), "RefundNotDue")
    world.advance(WINDOWS.delivery + 1)
    world.act(world.stranger, licences.refund(licence))
    assert benefits.balance(world.chain, INSTITUTE_ID, world.token) == PRICE


def test_the_digest_that_is_signed_is_the_contracts(world: World) -> None:
    licence = world.approved()
    terms = offers.offer(world.chain, licences.licence(world.chain, licence).offer).terms
    signable = licences.signable_agreement(world.chain, licence, terms, world.soon())
    assert typed_digest(signable.message) == signable.digest
    other = world.terms(prose_digest=digest("another licence text"))
    with pytest.raises(RefusedError) as refused:
        licences.agreement(world.chain, licence, other, world.soon())
    assert refused.value.name == "TermsMismatch"


def _refused(world: World, person: Person, call: Call, name: str) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        world.act(person, call)
    assert refused.value.name == name
    assert refused.value.fix
    return refused.value
