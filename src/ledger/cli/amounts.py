"""Amounts of settlement tokens, as people write them: in whole tokens with decimals, exact."""

from __future__ import annotations

import re
from typing import Final

from ledger.errors import UsageError

__all__ = ["shown_amount", "token_units"]

_AMOUNT: Final = re.compile(r"([0-9]{1,60})(?:\.([0-9]{1,60}))?", re.ASCII)


def token_units(text: str, decimals: int) -> int:
    """An amount such as ``10000.50`` in token units.

    Raises:
        UsageError: It is no amount, or finer than the token's unit.
    """
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise _refused(text, "it is not a decimal number of zero or more")
    whole, fraction = found[1], (found[2] or "").rstrip("0")
    if len(fraction) > decimals:
        raise _refused(text, f"the token has {decimals} decimals")
    return int(whole + fraction.ljust(decimals, "0"))


def shown_amount(units: int, decimals: int, symbol: str) -> str:
    """Token units in whole tokens, e.g. ``10000.50 EUR``."""
    whole, rest = divmod(units, 10**decimals)
    return f"{whole}{f'.{rest:0{decimals}d}' if decimals else ''} {symbol}"


def _refused(text: str, why: str) -> UsageError:
    return UsageError(f"{text!r} is not an amount", why=why, fix="write it in whole tokens, e.g. 10000.50")
