"""How a function becomes a command: it states what it needs, and gets a desk where that is at hand.

    @command(app, "show", Needs.CHAIN)
    def show(desk: Desk, dataset: Annotated[int, typer.Argument()]) -> Record:
        ...

The options that belong to a need (``--rpc``, ``--store``, ``--as``, …) are added here, so they are spelt and explained
the same everywhere. What the function returns is printed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Flag, auto
from pathlib import Path
from typing import Annotated, Any, Concatenate, Final, ParamSpec

import typer

from ledger.cli.desk import Desk
from ledger.cli.output import Listing, Output, Record
from ledger.config import Settings

__all__ = ["Needs", "command"]

P = ParamSpec("P")
Body = Callable[Concatenate[Desk, P], Record | Listing | None]

_PANEL: Final = "Settings"
_PREFIX: Final = "setting_"  # apart from a command's own arguments of the same name


class Needs(Flag):
    """What a command works with, beyond its arguments."""

    NOTHING = 0
    CHAIN = auto()
    STORE = auto()
    KEYS = auto()
    SIGNER = auto()
    INDEX = auto()


def _option(annotation: Any, flag: str, metavar: str | None, text: str, **more: Any) -> tuple[bool | None, Any]:
    """Default and annotation of one of the options below."""
    described = typer.Option(flag, help=text, metavar=metavar, rich_help_panel=_PANEL, show_default=False, **more)
    return (False if annotation is bool else None), Annotated[annotation, described]


_HOME: Final = "Directory of keys and settings. Default: LEDGER_HOME, else ~/.ledger."
_RPC: Final = "Address of the node. Default: LEDGER_RPC, else http://127.0.0.1:8545."
_DEPLOYMENT: Final = "Deployment file. Default: LEDGER_DEPLOYMENT, else in the home."
_STORE: Final = "Directory, or address of a Kubo daemon. Default: LEDGER_STORE, else in the home."
_DATABASE: Final = "Database of the index. Default: LEDGER_DATABASE, else in the home."
_ACCOUNT: Final = "Key that signs, or local:N for the N-th account of a local chain."
_DESCRIPTOR: Final = "Read passphrases from this file descriptor, one a line."

_COMMON: Final = {
    "home": _option(Path | None, "--home", "DIRECTORY", _HOME),
    "as_json": _option(bool, "--json", None, "Print the result as JSON."),
    "debug": _option(bool, "--debug", None, "Show the trace of an error."),
}
_BY_NEED: Final = {
    Needs.CHAIN: {
        "rpc": _option(str | None, "--rpc", "URL", _RPC),
        "deployment": _option(Path | None, "--deployment", "FILE", _DEPLOYMENT),
    },
    Needs.STORE: {"store": _option(str | None, "--store", "STORE", _STORE)},
    Needs.INDEX: {"database": _option(str | None, "--database", "URL", _DATABASE)},
    Needs.SIGNER: {"account": _option(str | None, "--as", "KEY", _ACCOUNT)},
    Needs.KEYS: {"passphrase_fd": _option(int | None, "--passphrase-fd", "N", _DESCRIPTOR, min=0)},
}


def command(app: typer.Typer, name: str, needs: Needs = Needs.NOTHING) -> Callable[[Body[P]], Body[P]]:
    """Register a function as the command `name` of `app`.

    Args:
        app: The noun that it belongs to.
        name: How it is called.
        needs: What it works with. A signer needs keys and the chain, an index needs the chain.
    """
    if needs & Needs.SIGNER:
        needs |= Needs.KEYS | Needs.CHAIN
    if needs & Needs.INDEX:
        needs |= Needs.CHAIN

    def register(body: Body[P]) -> Body[P]:
        app.command(name)(_runner(body, needs))
        return body

    return register


def _runner(body: Callable[..., Record | Listing | None], needs: Needs) -> Callable[..., None]:
    options = {name: o for need, some in _BY_NEED.items() if need & needs for name, o in some.items()} | _COMMON

    def run(**values: Any) -> None:
        given = {name: values.pop(_PREFIX + name) for name in options}
        output = Output(as_json=given.pop("as_json"))
        given.pop("debug")  # read by `ledger.cli.app.run`, which also handles what happens before a command runs
        descriptor = given.pop("passphrase_fd", None)
        with Desk(Settings.load(given), output, passphrase_descriptor=descriptor) as desk:
            result = body(desk, **values)
            if result is not None:
                output.show(result)

    own = list(inspect.signature(body, eval_str=True).parameters.values())[1:]
    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own] + [
        inspect.Parameter(_PREFIX + name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (default, annotation) in options.items()
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # read by typer
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__doc__ = body.__doc__
    return run
