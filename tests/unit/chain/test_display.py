from __future__ import annotations

from typing import Any

import pytest

from ledger.chain.abi import Parameter
from ledger.chain.display import iso_time, phrase, shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_760_000_000, "2025-10-09T08:53:20Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
        (253_402_300_800, "never"),
        (2**256 - 1, "never"),
    ],
)
def test_times_are_iso_8601(seconds: int, text: str) -> None:
    assert iso_time(seconds) == text


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        (Parameter("status", "uint8", "enum DatasetStatus"), 2, "withdrawn"),
        (Parameter("tier", "uint8", "enum Tier"), 0, "open"),
        (Parameter("tiers", "uint8[]", "enum Tier[]"), [0, 3], ["open", "restricted"]),
        (Parameter("kinds", "uint16", "MemberKinds"), 3, ["institution", "user"]),
        (Parameter("kinds", "uint16", "MemberKinds"), 0, []),
        (Parameter("at", "uint40", "uint40"), 0, "1970-01-01T00:00:00Z"),
        (Parameter("deadline", "uint256", "uint256"), 0, "1970-01-01T00:00:00Z"),
        (Parameter("amount", "uint256", "uint256"), 7, 7),
        (Parameter("allowed", "bool", "bool"), True, True),
        (Parameter("name", "string", "string"), "Ä", "Ä"),
        (Parameter("country", "bytes2", "bytes2"), b"DE", "DE"),
        (Parameter("country", "bytes2", "bytes2"), b"\0\0", "0x0000"),
        (Parameter("key", "bytes32", "bytes32"), b"\x01" * 32, "0x" + "01" * 32),
    ],
)
def test_values_say_what_they_mean(parameter: Parameter, value: Any, expected: Any) -> None:
    assert shown(parameter, value) == expected


def test_a_phrase_reads_like_one() -> None:
    assert phrase({"licence": 5, "accepted": ["approved", "agreed"], "windows": {"payment": 1}, "none": []}) == (
        "licence 5, accepted approved or agreed, windows (payment 1), none none"
    )
