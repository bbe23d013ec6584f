"""From a contract's error to words: every custom error of the ledger, OpenZeppelin's, and Solidity's own.

What happened and what to do come from the NatSpec of the error (``@notice`` and ``@dev``), so they cannot go stale;
why comes from its arguments. OpenZeppelin documents its errors for developers, so the ones that people meet have
their words here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from ledger.chain.abi import Entry, Parameter, decode_values, snake_case
from ledger.chain.artifacts import CONTRACTS, artifact
from ledger.chain.display import phrase, shown_all
from ledger.errors import FundsError, IntegrityError, LedgerError, RefusedError
from ledger.model.ids import Address

__all__ = ["decode_revert", "known_errors"]

REQUIRE_SELECTOR: Final = bytes.fromhex("08c379a0")  # Error(string)
PANIC_SELECTOR: Final = bytes.fromhex("4e487b71")  # Panic(uint256)
REQUIRE_INPUTS: Final = (Parameter("reason", "string", "string"),)
PANIC_INPUTS: Final = (Parameter("code", "uint256", "uint256"),)

PANICS: Final[Mapping[int, str]] = {
    0x01: "an assertion failed",
    0x11: "an arithmetic result was out of range",
    0x12: "a division by zero",
    0x21: "a value was outside its enumeration",
    0x22: "stored bytes were inconsistent",
    0x31: "an empty array was popped",
    0x32: "an index was out of range",
    0x41: "too much memory was asked for",
    0x51: "an unset function was called",
}
"""Solidity's panic codes (Solidity documentation, Control Structures, Panic)."""

OPENZEPPELIN: Final[Mapping[str, tuple[str, str]]] = {
    "AccessManagedUnauthorized": (
        "The account does not hold the role that may do this",
        "Sign with an account that holds it, or ask the consortium for the role",
    ),
    "AccessManagerUnauthorizedAccount": (
        "The account does not hold the role that may do this",
        "Sign with an account that holds it, or ask the consortium for the role",
    ),
    "ERC20InsufficientAllowance": (
        "The token is not released for this amount",
        "Approve the amount, or pay with a permit",
    ),
    "ERC2612ExpiredSignature": ("The permit's deadline has passed", "Sign a new permit"),
    "ERC2612InvalidSigner": (
        "The permit is not signed by the owner of the tokens, or was used already",
        "Sign a new permit with the paying account",
    ),
    "ERC721IncorrectOwner": ("The token belongs to another account", "Name its present owner"),
    "ERC721InsufficientApproval": (
        "The account may not move this token",
        "Sign with the owner's account, or let the owner approve this one",
    ),
    "ERC721InvalidReceiver": ("The receiver cannot hold the token", "Name an account of an active institution"),
    "ERC721NonexistentToken": ("There is no such token", "Check its id in the catalogue"),
    "ReentrancyGuardReentrantCall": (
        "The token called back while it was being moved",
        "Use a settlement token without callbacks",
    ),
    "SafeERC20FailedOperation": ("The token refused to move", "Check the balance and the allowance of the payer"),
}
"""What happened and what to do, for the errors of OpenZeppelin 5.2 that people meet."""


class KnownError(NamedTuple):
    """A custom error with its words."""

    entry: Entry
    what: str
    fix: str


@cache
def known_errors() -> Mapping[bytes, KnownError]:
    """Every custom error of every contract, by selector."""
    found: dict[bytes, KnownError] = {}
    for name in CONTRACTS:
        for selector, entry in artifact(name).errors.items():
            words = _words(entry, artifact(name).userdoc, artifact(name).devdoc)
            if selector not in found or len(words.fix) > len(found[selector].fix):
                found[selector] = words
    return found


def decode_revert(data: bytes, *, token: Address | None = None) -> LedgerError:
    """The error for what a contract reverted with.

    Args:
        data: What it returned.
        token: Settlement token that the call moves, if known, to be named where tokens are lacking.
    """
    known = known_errors().get(data[:4])
    try:
        if known is not None:
            return _custom(known, known.entry.decode_arguments(data), token)
        if data[:4] == REQUIRE_SELECTOR:
            return _refused("Error", str(decode_values(REQUIRE_INPUTS, data[4:])[0]), {})
        if data[:4] == PANIC_SELECTOR:
            code = decode_values(PANIC_INPUTS, data[4:])[0]
            return _refused("Panic", PANICS.get(code, f"panic {code:#x}"), {"code": code})
    except IntegrityError:
        return _refused("Unknown", f"it gave an unreadable reason with selector 0x{data[:4].hex()}", {})
    if not data:
        return _refused("Unknown", "it gave no reason", {})
    return _refused("Unknown", f"it gave a reason with the unknown selector 0x{data[:4].hex()}", {})


def _custom(known: KnownError, values: dict[str, Any], token: Address | None) -> LedgerError:
    if known.entry.name == "ERC20InsufficientBalance":
        return FundsError(
            "The account has too few tokens",
            why=f"{values['sender']} has {values['balance']} units of {token or 'the token'}, not {values['needed']}",
            fix="get more of the token, or pay from another account of the member",
        )
    arguments = shown_all(known.entry.inputs, values)
    why = f"{known.entry.name}: {phrase(arguments)}" if arguments else known.entry.name
    return RefusedError(known.what, why=why, fix=known.fix, name=known.entry.name, arguments=arguments)


def _refused(name: str, why: str, arguments: dict[str, Any]) -> RefusedError:
    return RefusedError(
        "The contract refused",
        why=why,
        fix="check what was asked for, and the contract's address",
        name=name,
        arguments=arguments,
    )


def _words(entry: Entry, userdoc: Mapping[str, Any], devdoc: Mapping[str, Any]) -> KnownError:
    if entry.name in OPENZEPPELIN:
        return KnownError(entry, *OPENZEPPELIN[entry.name])
    notice = _sentence(userdoc, entry.signature, "notice")
    details = _sentence(devdoc, entry.signature, "details")
    if notice:
        return KnownError(entry, notice, details or "Check what was asked for")
    return KnownError(entry, _from_name(entry.name), f"Check what was asked for ({details})" if details else "Check it")


def _sentence(documentation: Mapping[str, Any], signature: str, kind: str) -> str:
    found = documentation.get("errors", {}).get(signature, [{}])
    return " ".join(str(found[0].get(kind, "")).split()).rstrip(".")


def _from_name(name: str) -> str:
    return snake_case(name).replace("_", " ").capitalize()
