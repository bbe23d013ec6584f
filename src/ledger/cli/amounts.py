"""Amounts of settlement tokens, as people write them: in whole tokens with decimals, exact."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from ledger.errors import UsageError

__all__ = ["shown_amount", "token_units"]


def token_units(text: str, decimals: int) -> int:
    """An amount such as ``10000.50`` in token units.

    Raises:
        UsageError: It is no amount, or finer than the token's unit.
    """
    try:
        amount = Decimal(text)
        units = amount.scaleb(decimals)
    except InvalidOperation as error:
        raise _refused(text, "it is not a decimal number") from error
    if not amount.is_finite() or amount < 0:
        raise _refused(text, "it is not a number of zero or more")
    if units != units.to_integral_value():
        raise _refused(text, f"the token has {decimals} decimals")
    return int(units)


def shown_amount(units: int, decimals: int, symbol: str) -> str:
    """Token units in whole tokens, e.g. ``10000.50 EUR``."""
    whole, rest = divmod(units, 10**decimals)
    return f"{whole}{f'.{rest:0{decimals}d}' if decimals else ''} {symbol}"


def _refused(text: str, why: str) -> UsageError:
    return UsageError(f"{text!r} is not an amount", why=why, fix="write it in whole tokens, e.g. 10000.50")
