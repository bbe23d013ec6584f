"""The ``ledger`` command itself: its nouns, and what becomes of errors.

A user's mistake is one line on standard error and the exit code of its class, never a trace.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import Final, NoReturn

import typer

from ledger.cli import benefits, dataset, keys, licence, member, network, offer, store, up
from ledger.cli.output import Output
from ledger.errors import LedgerError, NoSpaceError, PathError, UsageError

__all__ = ["INTERRUPTED", "UNEXPECTED", "app", "exit_codes", "main", "run"]

UNEXPECTED: Final = 70
"""Exit code for a fault of the program itself (EX_SOFTWARE of sysexits.h)."""

INTERRUPTED: Final = 130
"""Exit code after Ctrl-C, as shells count it: 128 and the number of the signal."""

NOUNS: Final = (
    ("keys", keys.app),
    ("member", member.app),
    ("dataset", dataset.app),
    ("offer", offer.app),
    ("licence", licence.app),
    ("benefits", benefits.app),
    ("store", store.app),
    ("network", network.app),
)


def exit_codes() -> dict[int, str]:
    """What each exit code says, from the error tree."""
    codes = {0: "Done.", 1: "Another error."}
    kinds: list[type[LedgerError]] = sorted(LedgerError.__subclasses__(), key=lambda kind: kind.exit_code)
    codes |= {kind.exit_code: _first_sentence(kind) for kind in kinds}
    return codes | {UNEXPECTED: "A fault of the program.", INTERRUPTED: "Interrupted."}


def _first_sentence(kind: type[LedgerError]) -> str:
    paragraph = (kind.__doc__ or "").partition("\n\n")[0]
    return paragraph.partition(". ")[0].strip().rstrip(".") + "."


app = typer.Typer(
    help="Share medical research data without trusting anyone.",
    epilog="Exit codes:\n\n" + "\n\n".join(f"{code:>3}  {text}" for code, text in exit_codes().items()),
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for _name, _group in NOUNS:
    app.add_typer(_group, name=_name)
up.register(app)


def main() -> NoReturn:
    """Run the command of this process and exit with its code."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns:
        Its exit code.
    """
    output = Output(as_json="--json" in arguments)
    try:
        code = app(args=list(arguments) or ["--help"], prog_name="ledger", standalone_mode=False)
    except LedgerError as error:
        return _failed(output, error, arguments)
    except typer.TyperException as error:
        return _failed(output, _misused(error), arguments)
    except (typer.Abort, KeyboardInterrupt):
        output.note("Interrupted.")
        return INTERRUPTED
    except OSError as error:
        wrapped = _disk(error)
        return _failed(output, wrapped, arguments, None if wrapped.exit_code > 1 else UNEXPECTED)
    except Exception as error:  # noqa: BLE001 - the last line of defence: one line instead of a trace
        return _failed(output, _unexpected(error), arguments, UNEXPECTED)
    if code == INTERRUPTED:  # Typer takes Ctrl-C for an exit
        output.note("Interrupted.")
    return code if isinstance(code, int) else 0


def _failed(output: Output, error: LedgerError, arguments: Sequence[str], code: int | None = None) -> int:
    if "--debug" in arguments:
        traceback.print_exception(error)
    output.error(error)
    return error.exit_code if code is None else code


def _misused(error: typer.TyperException) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "ledger"
    why = " ".join(error.format_message().split()).rstrip(".")
    return UsageError(f"{path} cannot be run like this", why=why, fix=f"See '{path} --help'")


def _disk(error: OSError) -> LedgerError:
    """What the system refused, where no part had words of its own for it."""
    why = os.strerror(error.errno or 0).lower()
    wrapped: LedgerError
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        wrapped = NoSpaceError("The disk is full", why=why, fix="free some space, then run the same command again")
    elif isinstance(error.filename, str | bytes):
        path = os.fsdecode(error.filename)
        wrapped = PathError(f"{path} cannot be used", why=why, fix="check that it exists and that you may use it")
    else:
        return _unexpected(error)
    wrapped.__cause__ = error
    return wrapped


def _unexpected(error: Exception) -> LedgerError:
    wrapped = LedgerError(
        "Something unexpected happened",
        why=f"{type(error).__name__}: {error}".rstrip(".: "),
        fix="please report it with the trace that --debug shows",
    )
    wrapped.__cause__ = error
    return wrapped


def _terminate(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
