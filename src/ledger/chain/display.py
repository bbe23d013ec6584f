"""Decoded values as people read them: states by name, times as ISO 8601, bit sets as lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import IntEnum, IntFlag
from typing import Any, Final

from ledger.chain.abi import Parameter, snake_case
from ledger.model.dataset import DatasetStatus, Funding, Tier
from ledger.model.licence import EscrowStatus, LicenceState
from ledger.model.parties import MemberKind, MemberStatus
from ledger.model.terms import duo_term

__all__ = ["iso_time", "phrase", "shown", "shown_all"]

ENUMS: Final[Mapping[str, type[IntEnum]]] = {
    f"enum {kind.__name__}": kind for kind in (MemberStatus, DatasetStatus, Funding, Tier, LicenceState, EscrowStatus)
}
TIMES: Final = frozenset({"deadline"})
"""Names of parameters that are times although their type is wider than ``uint40``."""

LAST_TIME: Final = 253_402_300_799  # 9999-12-31T23:59:59Z


def iso_time(seconds: int) -> str:
    """Unix time as ISO 8601 in UTC; ``never`` beyond the year 9999."""
    if seconds > LAST_TIME:
        return "never"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown_all(parameters: Sequence[Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by snake_case name, each as `shown`."""
    return {snake_case(p.name): shown(p, values[snake_case(p.name)]) for p in parameters}


def shown(parameter: Parameter, value: Any) -> Any:
    """A decoded value as a plain JSON value that says what it means."""
    if isinstance(value, list):
        return [shown(parameter, item) for item in value]
    if isinstance(value, dict):
        return shown_all(parameter.components, value)
    if isinstance(value, bytes):
        return _shown_bytes(parameter, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _shown_int(parameter, value)
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return value


def phrase(arguments: Mapping[str, Any]) -> str:
    """Shown values in a line: ``licence 5, state paid, accepted approved or agreed``."""
    return ", ".join(f"{name.replace('_', ' ')} {_words(value)}" for name, value in arguments.items())


def _shown_int(parameter: Parameter, value: int) -> Any:
    internal = parameter.internal.partition("[")[0]
    if internal in ENUMS:
        return _enum_name(ENUMS[internal], value)
    if internal == "MemberKinds":
        return _kinds(value)
    if internal == "DuoCodes":
        return [duo_term(n) for n in range(64) if value >> n & 1]
    if parameter.name == "accepted":
        return [state.name.lower() for state in LicenceState if value >> state & 1]
    if parameter.type == "uint40" or parameter.name in TIMES:
        return iso_time(value)
    return value


def _shown_bytes(parameter: Parameter, value: bytes) -> str:
    if parameter.type == "bytes2" and value.isalpha():
        return value.decode("ascii")
    return "0x" + value.hex()


def _enum_name(kind: type[IntEnum], value: int) -> str:
    return kind(value).name.lower() if value in kind._value2member_map_ else f"unknown ({value})"


def _kinds(value: int) -> list[str]:
    known: list[IntFlag] = [kind for kind in MemberKind if value & kind]
    return [kind.name.lower() for kind in known if kind.name is not None]


def _words(value: Any) -> str:
    if isinstance(value, list):
        return " or ".join(map(_words, value)) if value else "none"
    if isinstance(value, dict):
        return f"({phrase(value)})"
    return str(value)
