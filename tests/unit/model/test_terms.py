from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger.model.ids import MemberId
from ledger.model.terms import (
    DUO_MODIFIERS,
    DUO_PERMISSIONS,
    ZERO_DIGEST,
    DuoCodes,
    Shares,
    Terms,
    diseases_digest,
    parse_duo_term,
)

TOKEN = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
WHOLE = {"collector_share": 2_500, "holder_share": 7_500}
TERMS: dict[str, Any] = {
    "token": TOKEN,
    "price": 1_000,
    "duration": 365 * 86_400,
    "duo": DuoCodes.of("DUO:0000042"),
    "shares": WHOLE,
    "prose_digest": b"\x01" * 32,
}


def test_duo_terms_are_bits_on_the_ledger() -> None:
    duo = DuoCodes.of("DUO:0000045", "DUO:0000042")
    assert duo.bits == 1 << 42 | 1 << 45
    assert DuoCodes.from_bits(duo.bits) == duo
    assert duo.terms == ("DUO:0000042", "DUO:0000045")
    assert str(duo).startswith("general research use (DUO:0000042)")


@given(st.sampled_from(sorted(DUO_PERMISSIONS)), st.sets(st.sampled_from(sorted(DUO_MODIFIERS))))
def test_one_permission_with_any_modifiers_reads_back(permission: int, modifiers: set[int]) -> None:
    duo = DuoCodes(codes=frozenset({permission} | modifiers))
    assert DuoCodes.from_bits(duo.bits) == duo
    assert duo.permission == permission


@pytest.mark.parametrize("terms", [(), ("DUO:0000045",), ("DUO:0000042", "DUO:0000006")])
def test_none_or_two_permissions_are_refused(terms: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match="exactly one DUO permission"):
        DuoCodes.of(*terms)


@pytest.mark.parametrize("text", ["DUO:42", "duo:0000042", "DUO:0000001", "DUO:00000420", "DUO:000004２", ""])
def test_what_is_no_duo_term_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="DUO"):
        parse_duo_term(text)


@given(st.integers(0, 2**128 - 1), st.lists(st.integers(0, 10_000), min_size=3, max_size=3))
def test_parts_sum_to_the_amount_exactly(amount: int, cuts: list[int]) -> None:
    low, middle, high = sorted(cuts)
    fund, platform = middle - low, high - middle
    shares = Shares(
        collector_share=low,
        holder_share=10_000 - high,
        fund_share=fund,
        platform_share=platform,
        fund=MemberId(4 if fund else 0),
        platform=MemberId(5 if platform else 0),
    )
    parts = shares.parts_of(amount)
    assert sum(parts.values()) == amount
    assert min(parts.values()) >= 0
    assert parts["holder"] - amount * shares.holder_share // 10_000 <= 3


@pytest.mark.parametrize(
    "shares",
    [
        {"collector_share": 5_000, "holder_share": 4_999},
        WHOLE | {"fund": 4},
        {"collector_share": 0, "holder_share": 9_000, "fund_share": 1_000},
        {"collector_share": -1, "holder_share": 10_001},
    ],
)
def test_shares_that_do_not_fit_are_refused(shares: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Shares.model_validate(shares)


def test_terms_as_they_should_be() -> None:
    assert Terms.model_validate(TERMS).price == 1_000


@pytest.mark.parametrize(
    "change",
    [
        {"price": 0},
        {"token": "0x" + "0" * 40},
        {"price": 2**128},
        {"duration": 86_399},
        {"country": "DE"},
        {"moratorium_until": 5},
        {"diseases_digest": b"\x01" * 32},
        {"duo": DuoCodes.of("DUO:0000042", "DUO:0000022")},
        {"duo": DuoCodes.of("DUO:0000042", "DUO:0000022"), "country": "de"},
        {"duo": DuoCodes.of("DUO:0000042", "DUO:0000024")},
        {"duo": DuoCodes.of("DUO:0000007")},
        {"prose_digest": ZERO_DIGEST},
        {"surprise": 1},
    ],
)
def test_terms_that_contradict_themselves_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Terms.model_validate(TERMS | change)


def test_the_digest_of_diseases_does_not_depend_on_their_order() -> None:
    assert diseases_digest(frozenset({"DOID:1", "DOID:2"})) == diseases_digest(frozenset({"DOID:2", "DOID:1"}))
    assert diseases_digest(frozenset({"DOID:1"})) != diseases_digest(frozenset({"DOID:2"}))
    assert diseases_digest(frozenset()) == ZERO_DIGEST
