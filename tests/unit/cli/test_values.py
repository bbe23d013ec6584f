"""How values are written on the command line, and what is no value."""

from __future__ import annotations

import pytest

from ledger.cli.amounts import shown_amount, token_units
from ledger.cli.values import by_name, parse_duo, parse_kinds, parse_time, stated
from ledger.errors import InputError, UsageError
from ledger.model.dataset import Tier
from ledger.model.parties import Admission, MemberKind
from ledger.model.terms import Shares


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("1893456000", 1_893_456_000),
        ("2030-01-01", 1_893_456_000),
        ("2030-01-01T00:00:00Z", 1_893_456_000),
        ("2030-01-01T02:00:00+02:00", 1_893_456_000),
        ("2030-01-01T00:00", 1_893_456_000),
    ],
)
def test_times(text: str, seconds: int) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "2030-13-01", "-5", "1.5", "٣", "99999-01-01"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time"):
        parse_time(text)


def test_kinds() -> None:
    assert parse_kinds("institution, User") == MemberKind.INSTITUTION | MemberKind.USER
    with pytest.raises(UsageError, match="'king' is not a kind"):
        parse_kinds("user,king")


def test_data_use_terms() -> None:
    assert parse_duo("DUO:0000042, DUO:0000019").codes == {42, 19}
    for text in ("DUO:0000042,DUO:0000006", "DUO:0000019", "DUO:42", ""):
        with pytest.raises(UsageError, match="does not say"):
            parse_duo(text)


def test_names_of_enumerations_in_any_case() -> None:
    parse = by_name(Tier)
    assert parse("Controlled") is Tier.CONTROLLED
    with pytest.raises(UsageError, match="open, registered, controlled, restricted"):
        parse("secret")


def test_a_value_that_a_model_refuses_names_its_part() -> None:
    with pytest.raises(InputError, match="The country cannot be used"):
        stated(
            Admission,
            principal="0x" + "11" * 20,
            kinds=MemberKind.USER,
            country="de",
            metadata_digest=bytes(32),
            name="x",
        )
    with pytest.raises(InputError, match="The shares cannot be used: the shares sum to 9000"):
        stated(Shares, collector_share=0, holder_share=9_000)


@pytest.mark.parametrize(
    ("text", "decimals", "units"),
    [
        ("0", 2, 0),
        ("10000.03", 2, 1_000_003),
        ("1", 0, 1),
        ("0.000001", 6, 1),
        ("1.500", 1, 15),
        ("340282366920938463463374607431768211455.01", 2, (2**128 - 1) * 100 + 1),
    ],
)
def test_amounts_are_exact(text: str, decimals: int, units: int) -> None:
    assert token_units(text, decimals) == units


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "NaN", "Infinity", "0.001", "1,5", "1e3", ".5", "1.", "٣", " 1", "9" * 61]
)
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(UsageError, match="is not an amount"):
        token_units(text, 2)


def test_amounts_are_shown_whole() -> None:
    assert shown_amount(1_000_003, 2, "EUR") == "10000.03 EUR"
    assert shown_amount(5, 2, "EUR") == "0.05 EUR"
    assert shown_amount(7, 0, "X") == "7 X"
