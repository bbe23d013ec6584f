"""Every error this package raises on purpose, in one tree.

    LedgerError                     exit code 1
    ├── UsageError                  2   the command or request itself is off
    ├── InputError                  3   a file, document or value given by the user is unacceptable
    │   ├── DocumentError               a manifest, metadata or terms document is malformed
    │   ├── PathError                   a path is unreadable, escapes its tree or is a symbolic link
    │   └── ChangedWhileReadingError    a file changed under the reader
    ├── IntegrityError              4   bytes are not what was anchored; nothing was released
    │   ├── SegmentError                a Crypt4GH segment is missing, repeated, out of place or altered
    │   └── CidMismatchError            content does not hash to the CID it was asked for by
    ├── KeyMaterialError        5   a key is missing, locked, of the wrong kind or not the right one
    ├── StorageError                6   a store refused, is unreachable or is full
    │   ├── StoreUnavailableError       the store does not answer
    │   ├── NotStoredError              the store does not have the content
    │   └── NoSpaceError                the disk is full
    ├── ChainError                  7   the node, network or transaction machinery
    │   ├── NodeUnavailableError        the node does not answer
    │   ├── WrongNetworkError           chain id or contracts are not the expected ones
    │   ├── FundsError                  the account cannot pay for this
    │   └── TransactionError            a transaction was refused, replaced or not mined in time
    ├── RefusedError                8   a rule of the ledger says no (a contract's custom error, decoded)
    └── IndexStateError         9   the index is behind, of another chain, or needs a rebuild

Each says *what* happened, *why*, and what to do (*fix*), in plain sentences that are safe to show
to anyone: no secret, no path of the program's own, no stack. The command line prints them in one line
and exits with the code above; the API turns them into RFC 9457 problem details.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "ChainError",
    "ChangedWhileReadingError",
    "CidMismatchError",
    "DocumentError",
    "FundsError",
    "IndexStateError",
    "InputError",
    "IntegrityError",
    "KeyMaterialError",
    "LedgerError",
    "NoSpaceError",
    "NodeUnavailableError",
    "NotStoredError",
    "PathError",
    "RefusedError",
    "SegmentError",
    "StorageError",
    "StoreUnavailableError",
    "TransactionError",
    "UsageError",
    "WrongNetworkError",
]


class LedgerError(Exception):
    """Base of all errors raised on purpose.

    Args:
        what: What happened, as a sentence without its full stop.
        why: The reason, with the values needed to understand it.
        fix: What the reader can do about it, as a sentence without its full stop.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix

    @property
    def code(self) -> str:
        """Stable machine-readable name of the kind of error, e.g. ``cid-mismatch``."""
        name = type(self).__name__.removesuffix("Error")
        return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")

    def as_dict(self) -> dict[str, Any]:
        """The error as plain values, for ``--json`` and problem details."""
        return {"code": self.code, "what": self.what, "why": self.why, "fix": self.fix}

    def __str__(self) -> str:
        """One line: what, why and what to do."""
        return f"{self.what}: {self.why}. {self.fix[:1].upper()}{self.fix[1:]}."


class UsageError(LedgerError):
    """The command or request itself is off: a missing option, an impossible combination."""

    exit_code = 2


class InputError(LedgerError):
    """Something the user handed in is unacceptable."""

    exit_code = 3


class DocumentError(InputError):
    """A manifest, metadata, terms or deployments document is malformed."""


class PathError(InputError):
    """A path cannot be read, escapes its tree, or is something that is never followed."""


class ChangedWhileReadingError(InputError):
    """A file changed while it was being read, so what was read means nothing."""


class IntegrityError(LedgerError):
    """Bytes are not the ones that were anchored. Raised before any plaintext is released."""

    exit_code = 4


class SegmentError(IntegrityError):
    """A Crypt4GH segment is missing, repeated, out of place or altered."""


class CidMismatchError(IntegrityError):
    """Content does not hash to the CID by which it was asked for, or the daemon named another."""


class KeyMaterialError(LedgerError):
    """A key is missing, locked, of the wrong kind, or not the one that opens this."""

    exit_code = 5


class StorageError(LedgerError):
    """A store could not do what was asked."""

    exit_code = 6


class StoreUnavailableError(StorageError):
    """The store does not answer."""


class NotStoredError(StorageError):
    """The store does not hold this content."""


class NoSpaceError(StorageError):
    """The disk is full. Whatever was half written has been removed."""


class ChainError(LedgerError):
    """The node, the network or a transaction failed for a reason that is not a rule of the ledger."""

    exit_code = 7


class NodeUnavailableError(ChainError):
    """The node does not answer."""


class WrongNetworkError(ChainError):
    """The chain id, or what stands at a contract's address, is not what the deployment says."""


class FundsError(ChainError):
    """The account cannot pay: native coin for gas, or settlement token for a price."""


class TransactionError(ChainError):
    """A transaction was refused by the node, replaced, or not mined in time."""


class RefusedError(LedgerError):
    """A rule of the ledger said no.

    Args:
        name: The contract's custom error, e.g. ``EmbargoInForce``.
        arguments: Its arguments by name.
    """

    exit_code = 8

    def __init__(self, what: str, *, why: str, fix: str, name: str, arguments: dict[str, Any] | None = None) -> None:
        super().__init__(what, why=why, fix=fix)
        self.name = name
        self.arguments = arguments or {}

    def as_dict(self) -> dict[str, Any]:
        """The error as plain values, with the contract's own name and arguments."""
        return super().as_dict() | {"name": self.name, "arguments": self.arguments}


class IndexStateError(LedgerError):
    """The index is of another chain, behind, or needs to be rebuilt."""

    exit_code = 9
