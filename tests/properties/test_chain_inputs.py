"""What comes from outside, whatever it is: read, or refused with one of our own errors."""

from __future__ import annotations

from typing import Any

import rlp  # type: ignore[import-untyped]  # pyrlp ships no types
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.abi import decode_values, encode_values
from ledger.chain.artifacts import CONTRACTS, artifact
from ledger.chain.calls import decode_call
from ledger.chain.deployment import Deployment
from ledger.chain.display import iso_time
from ledger.chain.errors import decode_revert, known_errors
from ledger.chain.raw import FIELDS, parse_raw, rebuild_raw
from ledger.chain.records import registration_from, registration_tuple, terms_from, terms_tuple
from ledger.chain.signers import ORDER, LocalSigner
from ledger.chain.typed_data import terms_digest
from ledger.chain.unsigned import UnsignedTransaction
from ledger.errors import DocumentError, InputError, IntegrityError, LedgerError
from ledger.model.dataset import Funding, Registration, Tier
from ledger.model.ids import Address, DatasetId, Digest, MemberId, UnixTime
from ledger.model.terms import DUO_MODIFIERS, DUO_PERMISSIONS, ZERO_ADDRESS, DuoCodes, Shares, Terms

DIGESTS = st.binary(min_size=32, max_size=32).map(Digest)
SOME_DIGESTS = DIGESTS.filter(any)
ADDRESSES = (
    st.binary(min_size=20, max_size=20).map(lambda raw: Address("0x" + raw.hex())).filter(lambda a: a != ZERO_ADDRESS)
)
TREES = st.recursive(st.binary(max_size=40), lambda inner: st.lists(inner, max_size=12), max_leaves=24)


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    """Any terms that the contracts take."""
    modifiers = draw(st.frozensets(st.sampled_from(sorted(DUO_MODIFIERS))))
    codes = modifiers | {draw(st.sampled_from(sorted(DUO_PERMISSIONS)))}
    price = draw(st.integers(0, 2**128 - 1))
    collector = draw(st.integers(0, 10_000))
    return Terms(
        token=draw(ADDRESSES) if price else ZERO_ADDRESS,
        price=price,
        duration=draw(st.integers(86_400, 36_525 * 86_400)),
        duo=DuoCodes(codes=codes),
        country=draw(st.from_regex(r"\A[A-Z]{2}\Z")) if 22 in codes else None,
        moratorium_until=UnixTime(draw(st.integers(1, 2**40 - 1))) if 24 in codes else None,
        diseases_digest=draw(SOME_DIGESTS) if 7 in codes else Digest(bytes(32)),
        shares=Shares(collector_share=collector, holder_share=10_000 - collector),
        prose_digest=draw(SOME_DIGESTS),
        considerations_digest=draw(DIGESTS),
    )


REGISTRATIONS = st.builds(
    Registration,
    collector=st.integers(1, 2**32 - 1).map(MemberId),
    size=st.integers(1, 2**64 - 1),
    embargo_until=st.integers(0, 2**40 - 1).map(UnixTime),
    funding=st.sampled_from(Funding),
    tier=st.sampled_from(Tier),
    human_genetic_resources=st.booleans(),
    manifest_codec=st.sampled_from([0x55, 0x70]),
    manifest_digest=DIGESTS,
    metadata_digest=DIGESTS,
    key_commitment=DIGESTS,
    supersedes=st.integers(0, 2**64 - 1).map(DatasetId),
    parents=st.lists(st.integers(1, 2**64 - 1).map(DatasetId), max_size=8).map(tuple),
    attribution=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
)


@given(terms())
def test_terms_survive_the_abi(stated: Terms) -> None:
    inputs = artifact("Offers").function("hashTerms", 1).inputs
    (value,) = decode_values(inputs, encode_values(inputs, [terms_tuple(stated)], what="terms"))
    assert terms_from(value) == stated
    assert len(terms_digest(stated)) == 32


@given(REGISTRATIONS)
def test_registrations_survive_the_abi(stated: Registration) -> None:
    inputs = artifact("Datasets").function("register", 1).inputs
    ((value,),) = decode_values(inputs, encode_values(inputs, [[registration_tuple(stated)]], what="registration"))
    assert registration_from(value) == stated


@given(st.binary(max_size=300))
def test_any_bytes_are_a_transaction_or_refused(data: bytes) -> None:
    try:
        parse_raw(data)
    except InputError as error:
        assert error.fix  # noqa: PT017 - both are right


@given(st.sampled_from([b"", b"\x01", b"\x02"]), st.lists(TREES, min_size=8, max_size=13))
def test_any_fields_are_a_transaction_or_refused(prefix: bytes, fields: list[Any]) -> None:
    try:
        parse_raw(prefix + rlp.encode(fields))
    except InputError as error:
        assert error.fix  # noqa: PT017 - both are right


@given(
    secret=st.integers(1, ORDER - 1).map(lambda number: number.to_bytes(32, "big")),
    to=ADDRESSES,
    data=st.binary(max_size=200),
    gas=st.integers(21_000, 30_000_000),
    nonce=st.integers(0, 2**32),
    chain_id=st.integers(1, 2**53 - 1),
    price=st.integers(0, 2**64),
    legacy=st.booleans(),
)
def test_what_is_signed_is_read_back_and_built_again(
    *, secret: bytes, to: Address, data: bytes, gas: int, nonce: int, chain_id: int, price: int, legacy: bool
) -> None:
    signer = LocalSigner(secret)
    prices = {"gas_price": price} if legacy else {"max_fee_per_gas": price, "max_priority_fee_per_gas": price // 2}
    to = Address(artifact_address(to))
    unsigned = UnsignedTransaction(to=to, data=data, gas=gas, nonce=nonce, chain_id=chain_id, **prices)
    raw = signer.sign_transaction(unsigned)
    signed = parse_raw(raw)
    assert (signed.sender, signed.to, signed.data) == (signer.address, to, data)
    assert (signed.gas, signed.nonce, signed.chain_id, signed.value) == (gas, nonce, chain_id, 0)
    assert rebuild_raw(_as_nodes_say(raw), signed.hash) == raw


def artifact_address(address: str) -> str:
    """The checksummed form."""
    inputs = artifact("SettlementToken").function("nonces", 1).inputs
    (found,) = decode_values(inputs, encode_values(inputs, [address], what="address"))
    return str(found)


def _as_nodes_say(raw: bytes) -> dict[str, Any]:
    """The fields of a raw transaction, as JSON-RPC spells them."""
    legacy = raw[0] >= 0xC0
    names = FIELDS[0 if legacy else 2]
    items = rlp.decode(raw if legacy else raw[1:])
    said = {
        name: "0x" + item.hex() if name in ("to", "input") else hex(int.from_bytes(item, "big"))
        for name, item in zip(names, items, strict=True)
        if name != "accessList"
    }
    return said | {"type": "0x0" if legacy else "0x2", "accessList": []}


@given(st.sampled_from(CONTRACTS), st.binary(max_size=200))
def test_any_calldata_is_read_or_refused(contract: str, data: bytes) -> None:
    for selector in (b"", *list(artifact(contract).functions)[:6]):
        try:
            decode_call(selector + data, contract)
        except (InputError, IntegrityError) as error:
            assert error.fix  # noqa: PT017 - both are right


@given(st.one_of(st.just(b""), st.sampled_from(sorted(known_errors()))), st.binary(max_size=200))
def test_any_reason_is_told_in_words(selector: bytes, data: bytes) -> None:
    error = decode_revert(selector + data)
    assert isinstance(error, LedgerError)
    assert error.what
    assert error.why
    assert error.fix


@given(st.binary(max_size=200))
def test_any_file_is_a_deployment_or_refused(data: bytes) -> None:
    try:
        Deployment.parse(data)
    except DocumentError as error:
        assert error.fix  # noqa: PT017 - both are right


@given(st.integers(0, 2**256 - 1))
def test_any_time_can_be_shown(seconds: int) -> None:
    assert iso_time(seconds)
