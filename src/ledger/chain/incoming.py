"""Judging signed transactions that come in, and what nodes say of them."""

from __future__ import annotations

from typing import Final

from ledger.chain.calls import function_called
from ledger.chain.chain import Chain
from ledger.chain.node import RpcError, explained
from ledger.chain.raw import SignedTransaction
from ledger.errors import FundsError, InputError, LedgerError, TransactionError, WrongNetworkError

__all__ = ["OutdatedTransactionError", "accept", "contract_of", "refusal"]

NONCE_TAKEN: Final = (
    "nonce too low",
    "nonce is too low",
    "replacement transaction underpriced",
    "correct nonce",  # Ganache
)
NONCE_AHEAD: Final = ("nonce too high",)  # Hardhat keeps no queue
OTHER_CHAIN: Final = ("chain id", "chainid")
UNDERPRICED: Final = ("underpriced", "max fee per gas less than", "lower than the block", "too low to be mined")
NO_FUNDS: Final = ("insufficient funds", "enough funds", "insufficient balance", "upfront cost")


class OutdatedTransactionError(TransactionError):
    """The transaction would have been accepted once; prepared and signed anew, it will be."""


def accept(chain: Chain, signed: SignedTransaction) -> None:
    """Refuse a transaction that is not for this ledger.

    Arguments are the contracts' to judge: reading them here would be work for strangers who need no coin to ask for it.

    Raises:
        InputError: It calls no function that is known, only reads, or moves native coin to nobody.
        WrongNetworkError: It is signed for another chain or for a contract that is not the ledger's.
    """
    if signed.chain_id != chain.chain_id:
        raise WrongNetworkError(
            "The transaction is signed for another chain",
            why=f"it is for {signed.chain_id or 'any chain'}, the ledger is on {chain.chain_id}",
            fix="sign the prepared transaction as it is",
        )
    contract = contract_of(chain, signed)
    function = function_called(signed.data, contract)
    if function.reads_only or (signed.value and function.mutability != "payable"):
        raise InputError(
            "The transaction does nothing for the ledger",
            why=f"{contract}.{function.name} " + ("only reads" if function.reads_only else "takes no native coin"),
            fix="sign the prepared transaction as it is",
        )


def contract_of(chain: Chain, signed: SignedTransaction) -> str:
    """Name of the ledger's contract that a transaction calls; an allowed token counts as ``SettlementToken``.

    Raises:
        WrongNetworkError: It calls none of them.
    """
    if signed.to is not None:
        name = chain.deployment.contract_at(signed.to)
        if name is not None:
            return name
        if chain.call("Benefits", "isTokenAllowed", signed.to):
            return "SettlementToken"
    raise WrongNetworkError(
        "The transaction is not for this ledger",
        why=f"it goes to {signed.to or 'a new contract'}, which is none of the ledger's contracts",
        fix="sign the prepared transaction as it is",
    )


def refusal(error: RpcError, signed: SignedTransaction) -> LedgerError:
    """What a node's refusal of a transaction means."""
    if error.says(*NO_FUNDS):
        return FundsError(
            "The account cannot pay for gas",
            why=f"{signed.sender} has too little native coin for {signed.gas} gas at the price offered",
            fix="send it some native coin, or sign with a funded account",
        )
    if error.says(*OTHER_CHAIN):
        return WrongNetworkError(
            "The node is on another chain",
            why=f"it refuses transactions for chain {signed.chain_id}",
            fix="name the node and the deployment file that belong together",
        )
    if error.says(*NONCE_AHEAD):
        why = f"{signed.sender} has not sent as many transactions as nonce {signed.nonce} says"
    elif error.says(*NONCE_TAKEN):
        why = f"{signed.sender} has sent another transaction with nonce {signed.nonce}"
    elif error.says(*UNDERPRICED):
        why = "it offers a lower price than the network now asks for"
    else:
        found = explained(error)
        return found if found is not error else _refused(error)
    return OutdatedTransactionError("The transaction is out of date", why=why, fix="prepare it again and sign anew")


def _refused(error: RpcError) -> TransactionError:
    return TransactionError(
        "The node refused the transaction", why=error.message[:200], fix="prepare it again and sign anew"
    )
