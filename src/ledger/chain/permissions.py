"""Who may call what: the one table that a deployment gives to ``AccessManager``, and the acts that need no role.

Every function of every contract that can change something stands here once. A function that is `restricted` in its
contract but in no row would fall to the administrator alone; one that is in a row but not `restricted` would be open to
all. Tests hold the table against the contracts.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, NamedTuple

__all__ = ["FOR_AUTHORITY", "ONE_CALLER", "OWN_RULES", "PUBLIC_ACTS", "TABLE", "Permission", "Role"]


class Role(IntEnum):
    """Roles of ``AccessManager``. ADMIN grants the others; it is the consortium's authority."""

    ADMIN = 0
    ADMISSIONS = 1
    STEWARDSHIP = 2
    PARAMETERS = 3
    MINTING = 4


class Permission(NamedTuple):
    """Functions of one contract that a role may call.

    Attributes:
        role: The role.
        contract: The contract.
        functions: Its functions.
    """

    role: Role
    contract: str
    functions: tuple[str, ...]


TABLE: Final[tuple[Permission, ...]] = (
    Permission(Role.ADMISSIONS, "Members", ("admit", "setStatus", "setKinds")),
    Permission(Role.STEWARDSHIP, "Datasets", ("revoke", "reinstate")),
    Permission(Role.PARAMETERS, "Benefits", ("setTokenAllowed",)),
    Permission(Role.PARAMETERS, "Licences", ("setWindows",)),
    Permission(Role.MINTING, "SettlementToken", ("mint",)),
)
"""Which role may call what."""

FOR_AUTHORITY: Final = (Role.ADMISSIONS, Role.STEWARDSHIP, Role.PARAMETERS, Role.MINTING, Role.ADMIN)
"""Roles that the consortium's authority holds, in the order in which they are granted."""

ONE_CALLER: Final[Mapping[str, frozenset[str]]] = {
    "Benefits": frozenset(
        {"cancel", "collectRenewal", "fund", "fundWithPermit", "invoice", "refund", "settle"},
    ),
    "Licences": frozenset({"recordDelivery"}),
}
"""Functions that obey one contract for ever, fixed at deployment, and no role: ``Licences`` and ``KeyExchange``."""

PUBLIC_ACTS: Final[Mapping[str, frozenset[str]]] = {
    "AccessManager": frozenset(
        {"cancel", "consumeScheduledOp", "execute", "multicall", "renounceRole", "schedule"},
    ),
    "Members": frozenset(
        {"acceptInvitation", "describe", "inviteAccount", "removeAccount", "setDeliveryKey", "setPrincipal"}
    ),
    "Datasets": frozenset(
        {
            "approve",
            "register",
            "restore",
            "safeTransferFrom",
            "setApprovalForAll",
            "shortenEmbargo",
            "transferFrom",
            "withdraw",
        }
    ),
    "Benefits": frozenset({"withdraw"}),
    "Offers": frozenset({"publish", "withdraw"}),
    "Licences": frozenset(
        {
            "accept",
            "agree",
            "applyFor",
            "approveApplication",
            "cancel",
            "pay",
            "payWithPermit",
            "refund",
            "reject",
            "renew",
            "safeTransferFrom",
            "settle",
        }
    ),
    "KeyExchange": frozenset({"deliver"}),
    "SettlementToken": frozenset({"approve", "permit", "transfer", "transferFrom"}),
}
"""Acts that need no role: the contracts themselves judge the caller by membership, ownership or signature."""

OWN_RULES: Final[Mapping[str, frozenset[str]]] = {
    "AccessManager": frozenset(
        {
            "grantRole",
            "labelRole",
            "revokeRole",
            "setGrantDelay",
            "setRoleAdmin",
            "setRoleGuardian",
            "setTargetAdminDelay",
            "setTargetClosed",
            "setTargetFunctionRole",
            "updateAuthority",
        }
    ),
    "Members": frozenset({"setAuthority"}),
    "Datasets": frozenset({"setAuthority"}),
    "Benefits": frozenset({"setAuthority"}),
    "Licences": frozenset({"setAuthority"}),
    "SettlementToken": frozenset({"setAuthority"}),
}
"""What ``AccessManager`` keeps for its administrators, and ``AccessManaged`` for ``AccessManager`` itself."""
