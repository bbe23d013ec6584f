"""How values are written on the command line: addresses, CIDs, ids, times, durations, DUO terms, member kinds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from ledger.errors import InputError, UsageError
from ledger.model.cid import Cid
from ledger.model.dataset import Funding, Tier
from ledger.model.ids import Address, UnixTime, parse_address
from ledger.model.parties import MemberKind
from ledger.model.terms import DuoCodes

__all__ = [
    "AccountArgument",
    "CidArgument",
    "CursorOption",
    "DatasetArgument",
    "FundingOption",
    "KindsOption",
    "LicenceArgument",
    "LimitOption",
    "MemberArgument",
    "OfferArgument",
    "PathArgument",
    "TierOption",
    "argument",
    "by_name",
    "option",
    "parse_duo",
    "parse_kinds",
    "parse_time",
    "stated",
]

SECONDS_A_DAY: Final = 86_400
E = TypeVar("E", bound=IntEnum)
M = TypeVar("M", bound=BaseModel)


def parse_time(text: str) -> UnixTime:
    """Unix time from seconds, or from ISO 8601; a time without zone is UTC, a day begins at midnight.

    Raises:
        UsageError: It is neither.
    """
    try:
        if text.isascii() and text.isdigit():
            return UnixTime(int(text))
        time = datetime.fromisoformat(text)
        return UnixTime(int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()))
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is not a time",
            why="a time is ISO 8601 such as 2027-01-31 or 2027-01-31T12:00:00Z, or Unix seconds",
            fix="write it in one of these forms",
        ) from error


def parse_kinds(text: str) -> MemberKind:
    """Member kinds from names separated by commas, e.g. ``institution,user``.

    Raises:
        UsageError: A name is unknown.
    """
    kinds = MemberKind(0)
    for name in text.split(","):
        try:
            kinds |= MemberKind[name.strip().upper()]
        except KeyError as error:
            known = ", ".join(kind.name.lower() for kind in MemberKind if kind.name)
            raise UsageError(
                f"{name.strip()!r} is not a kind of member",
                why=f"the kinds are {known}",
                fix="name one or more of these",
            ) from error
    return kinds


def parse_duo(text: str) -> DuoCodes:
    """DUO terms separated by commas, one permission among them, e.g. ``DUO:0000042,DUO:0000019``.

    Raises:
        UsageError: A term is unknown, or there is not exactly one permission.
    """
    try:
        return DuoCodes.of(*(term.strip() for term in text.split(",")))
    except ValueError as error:
        raise UsageError(
            f"{text!r} does not say what the data may be used for",
            why=_reason(error),
            fix="give one permission of the Data Use Ontology and any modifiers, e.g. DUO:0000042,DUO:0000019",
        ) from error


def _reason(error: ValueError) -> str:
    errors = getattr(error, "errors", None)
    return errors()[0]["msg"].removeprefix("Value error, ") if errors else str(error)


def by_name(kind: type[E]) -> Callable[[str], E]:
    """A parser for the members of an enumeration by name, in any case."""

    def parse(text: str) -> E:
        try:
            return kind[text.upper()]
        except KeyError as error:
            known = ", ".join(member.name.lower() for member in kind)
            raise UsageError(
                f"{text!r} is not known here", why=f"it is one of {known}", fix="name one of these"
            ) from error

    return parse


def argument(name: str) -> Any:
    """A positional argument, shown by this name."""
    return typer.Argument(metavar=name, show_default=False)


def option(
    flag: str, text: str, metavar: str | None = None, *, parser: Callable[[str], Any] | None = None, **more: Any
) -> Any:
    """An option with a name, a sentence of help and a word for its value."""
    if parser is not None:
        more["parser"] = _but_not_defaults(parser)
    return typer.Option(flag, help=text, metavar=metavar, show_default=False, **more)


def _but_not_defaults(parser: Callable[[str], Any]) -> Callable[[Any], Any]:
    """Typer gives a parser the option's default too, which is a value already."""
    return lambda value: parser(value) if isinstance(value, str) else value


CidArgument = Annotated[Cid, typer.Argument(parser=Cid.parse, metavar="CID", show_default=False)]
AccountArgument = Annotated[Address, typer.Argument(parser=parse_address, metavar="ACCOUNT", show_default=False)]
DatasetArgument = Annotated[int, typer.Argument(min=1, metavar="DATASET", show_default=False)]
OfferArgument = Annotated[int, typer.Argument(min=1, metavar="OFFER", show_default=False)]
LicenceArgument = Annotated[int, typer.Argument(min=1, metavar="LICENCE", show_default=False)]
MemberArgument = Annotated[int, typer.Argument(min=1, metavar="MEMBER", show_default=False)]
PathArgument = Annotated[Path, argument("PATH")]

CursorOption = Annotated[str | None, option("--cursor", "Where the page begins, as the page before says.", "CURSOR")]
LimitOption = Annotated[int, typer.Option("--limit", help="Entries on a page.", min=1, max=100)]

KindsOption = Annotated[
    MemberKind, option("--kinds", "What it may do, e.g. institution,user.", "KINDS", parser=parse_kinds)
]
FundingOption = Annotated[
    Funding, option("--funding", "Who paid: public, private or mixed. Default: public.", "WHO", parser=by_name(Funding))
]
TierOption = Annotated[
    Tier,
    option(
        "--tier",
        "How widely: open, registered, controlled or restricted. Default: controlled.",
        "TIER",
        parser=by_name(Tier),
    ),
]


def stated(kind: type[M], **fields: Any) -> M:
    """A value of the model from what the command line says.

    Raises:
        InputError: Naming the first part that is not acceptable.
    """
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = ".".join(map(str, first["loc"])).replace("_", " ")
        raise InputError(
            f"The {name or kind.__name__.lower()} cannot be used",
            why=first["msg"].removeprefix("Value error, "),
            fix="correct it and run the command again",
        ) from error
