from __future__ import annotations

from typing import Any

import pytest

from ledger.chain import abi
from ledger.chain.anvil import dev_signer
from ledger.chain.artifacts import artifact
from ledger.chain.chain import Chain
from ledger.chain.incoming import OutdatedTransactionError, accept, refusal
from ledger.chain.node import RpcError
from ledger.chain.raw import parse_raw
from ledger.chain.unsigned import UnsignedTransaction
from ledger.errors import FundsError, LedgerError, RefusedError, TransactionError, WrongNetworkError
from tests.support import api
from tests.support.bombs import registrations
from tests.unit.chain.test_raw import RAW

SIGNED = parse_raw(RAW["dynamic fee"])
OFFER_NOT_OPEN = next(e for e in artifact("Offers").errors.values() if e.name == "OfferNotOpen")
REASON = "0x" + (OFFER_NOT_OPEN.selector + (4).to_bytes(32, "big")).hex()


# The words that nodes use, as seen on them.
@pytest.mark.parametrize(
    ("message", "data", "kind"),
    [
        ("nonce too low", None, OutdatedTransactionError),  # geth, anvil
        ("nonce too low: next nonce 8, tx nonce 7", None, OutdatedTransactionError),  # geth
        ("Nonce too low", None, OutdatedTransactionError),  # Besu
        ("Nonce too low. Expected nonce to be 8 but got 7.", None, OutdatedTransactionError),  # Hardhat
        (
            "the tx doesn't have the correct nonce. account has nonce of: 8 tx has nonce of: 7",
            None,
            OutdatedTransactionError,
        ),
        ("replacement transaction underpriced", None, OutdatedTransactionError),  # geth, anvil
        ("Nonce too high. Expected nonce to be 5 but got 7.", None, OutdatedTransactionError),  # Hardhat
        ("max fee per gas less than block base fee", None, OutdatedTransactionError),  # geth
        ("transaction underpriced", None, OutdatedTransactionError),
        ("insufficient funds for gas * price + value", None, FundsError),  # geth
        ("Insufficient funds for gas * price + value", None, FundsError),  # anvil
        ("Sender doesn't have enough funds to send tx", None, FundsError),  # Hardhat
        ("insufficient balance for transfer", None, FundsError),
        ("Upfront cost exceeds account balance", None, FundsError),  # Besu
        ("execution reverted", REASON, RefusedError),
        ("VM Exception while processing transaction: reverted", {"message": "…", "data": REASON}, RefusedError),
        ("invalid chain id for signer: have 31337 want 1", None, WrongNetworkError),  # geth, anvil
        (
            "Trying to send an incompatible EIP-155 transaction, signed for another chain. chainId",
            None,
            WrongNetworkError,
        ),
        ("Wrong chainId", None, WrongNetworkError),  # Besu
        ("exceeds block gas limit", None, TransactionError),
        ("intrinsic gas too low", None, TransactionError),
        ("", None, TransactionError),
    ],
)
def test_a_nodes_words_are_understood(message: str, data: Any, kind: type[LedgerError]) -> None:
    error = refusal(RpcError(message, data), SIGNED)
    assert type(error) is kind
    assert error.fix


def test_a_reason_in_the_data_is_decoded() -> None:
    error = refusal(RpcError("execution reverted", {"data": {"data": REASON}}), SIGNED)
    assert isinstance(error, RefusedError)
    assert (error.name, error.arguments) == ("OfferNotOpen", {"offer": 4})


def test_a_taken_number_and_one_too_far_ahead_are_told_apart() -> None:
    assert "has sent another transaction" in refusal(RpcError("nonce too low", None), SIGNED).why
    assert "has not sent as many" in refusal(RpcError("Nonce too high.", None), SIGNED).why


def test_a_transaction_is_judged_without_looking_at_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a stranger's arguments were decoded")

    monkeypatch.setattr(abi, "decode_values", never)
    to = api.deployment().address("Datasets")
    unsigned = UnsignedTransaction(
        to=to, data=registrations(100, 100), gas=10**6, nonce=0, chain_id=api.deployment().chain_id, gas_price=1
    )
    signed = parse_raw(dev_signer(0).sign_transaction(unsigned))
    with Chain("http://127.0.0.1:1", api.deployment(), timeout=1) as chain:
        accept(chain, signed)
