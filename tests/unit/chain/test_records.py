from __future__ import annotations

import pytest

from ledger.chain.abi import decode_values, encode_values
from ledger.chain.artifacts import artifact
from ledger.chain.records import country_from, registration_from, registration_tuple, terms_from, terms_tuple
from ledger.model.ids import UnixTime
from ledger.model.terms import ZERO_ADDRESS, DuoCodes, Shares, Terms, diseases_digest
from tests.unit.chain.test_calls import DIGEST, REGISTRATION, TERMS

FREE = Terms(
    token=ZERO_ADDRESS,
    price=0,
    duration=86_400,
    duo=DuoCodes.of("DUO:0000007", "DUO:0000024"),
    moratorium_until=UnixTime(1_900_000_000),
    diseases_digest=diseases_digest(frozenset({"MONDO:0005148"})),
    shares=Shares(collector_share=0, holder_share=10_000),
    prose_digest=DIGEST,
    considerations_digest=DIGEST,
)


@pytest.mark.parametrize("terms", [TERMS, FREE])
def test_terms_survive_the_abi(terms: Terms) -> None:
    inputs = artifact("Offers").function("hashTerms", 1).inputs
    (value,) = decode_values(inputs, encode_values(inputs, [terms_tuple(terms)], what="terms"))
    assert terms_from(value) == terms


def test_registrations_survive_the_abi() -> None:
    inputs = artifact("Datasets").function("register", 1).inputs
    ((value,),) = decode_values(inputs, encode_values(inputs, [[registration_tuple(REGISTRATION)]], what="r"))
    assert registration_from(value) == REGISTRATION


def test_no_country_is_none() -> None:
    assert country_from(b"\0\0") is None
    assert country_from(b"CN") == "CN"
