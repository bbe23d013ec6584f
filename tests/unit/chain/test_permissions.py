from __future__ import annotations

from collections import Counter

from ledger.chain.artifacts import CONTRACTS, artifact
from ledger.chain.permissions import FOR_AUTHORITY, ONE_CALLER, OWN_RULES, PUBLIC_ACTS, TABLE, Role


def acts(contract: str) -> set[str]:
    return {entry.name for entry in artifact(contract).functions.values() if not entry.reads_only}


def listed(contract: str) -> list[str]:
    by_role = [function for row in TABLE if row.contract == contract for function in row.functions]
    return [
        *by_role,
        *PUBLIC_ACTS.get(contract, ()),
        *OWN_RULES.get(contract, ()),
        *ONE_CALLER.get(contract, ()),
    ]


def test_every_function_that_changes_something_is_listed_once() -> None:
    for contract in CONTRACTS:
        counted = Counter(listed(contract))
        assert set(counted) == acts(contract), contract
        assert set(counted.values()) <= {1}, contract


def test_every_role_is_for_something_and_is_held() -> None:
    assert {row.role for row in TABLE} == set(Role) - {Role.ADMIN}
    assert set(FOR_AUTHORITY) == set(Role)
    assert FOR_AUTHORITY[-1] is Role.ADMIN  # who grants roles is granted last
