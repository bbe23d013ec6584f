"""Accounts that every local chain has, and that must sign nowhere else."""

from __future__ import annotations

import pytest

from ledger.chain.anvil import dev_signer
from ledger.cli.desk import local_signer
from ledger.errors import UsageError


@pytest.mark.parametrize("chain_id", [1337, 31337])
def test_local_accounts_by_number(chain_id: int) -> None:
    assert local_signer("local:3", chain_id).address == dev_signer(3).address


@pytest.mark.parametrize("chain_id", [1, 5, 11_155_111, 1338])
def test_they_sign_on_no_other_chain(chain_id: int) -> None:
    with pytest.raises(UsageError, match="local chains only"):
        local_signer("local:3", chain_id)


@pytest.mark.parametrize("name", ["local:", "local:10", "local:-1", "local:x", "local:٣", "local:1.5"])
def test_what_is_none_of_them(name: str) -> None:
    with pytest.raises(UsageError, match="local:0 to local:9"):
        local_signer(name, 31337)
