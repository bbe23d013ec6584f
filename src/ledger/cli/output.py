"""What a command prints: results on standard output, everything else on standard error.

With ``--json`` a result is one line of JSON; without it, a table for people. Progress shows on a terminal only.
"""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, Flag
from typing import Any, Final

from pydantic import BaseModel
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ledger.chain.display import iso_time
from ledger.errors import LedgerError
from ledger.model.cid import Cid
from ledger.storage.store import Progress as ProgressCall

__all__ = ["Listing", "Output", "Record", "plain"]

MOMENTS: Final = frozenset(
    {
        "deadline",
        "delivered_at",
        "embargo_until",
        "expires_at",
        "joined_at",
        "moratorium_until",
        "registered_at",
        "time",
    }
)
"""Names under which a Unix time stands, in seconds."""

LENGTHS: Final = frozenset({"acceptance", "delivery", "duration", "payment"})
"""Names under which a length of time stands, in seconds."""

SECONDS_A_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Record:
    """One thing with named values.

    Attributes:
        values: By name, in the order of display.
        title: Sentence above them, for people only.
    """

    values: Mapping[str, Any]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """Many things of one kind.

    Attributes:
        rows: Each with the same names.
        columns: Names to show to people, in order; JSON has all of them.
        following: Cursor of the next page, if there is one.
    """

    rows: Sequence[Mapping[str, Any]]
    columns: Sequence[str]
    following: str | None = None


class Output:
    """Where results, notes, errors and progress go.

    Args:
        as_json: Print results and errors as JSON.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._out = Console(soft_wrap=True, highlight=False)
        self._err = Console(stderr=True, soft_wrap=True, highlight=False)

    def show(self, result: Record | Listing) -> None:
        """Print a result."""
        if self.as_json:
            self._out.out(_harmless_json(_as_json(result)))
        elif isinstance(result, Record):
            self._show_record(result)
        else:
            self._show_listing(result)

    def note(self, sentence: str) -> None:
        """Tell a person something on the side."""
        if not self.as_json:
            self._err.out(_harmless(sentence))

    def error(self, error: LedgerError) -> None:
        """Print an error in one line."""
        if self.as_json:
            self._err.out(_harmless_json({"error": plain(error.as_dict())}))
        else:
            self._err.out(_harmless(f"error: {error}".replace("\n", " ")))

    @contextmanager
    def progress(self, doing: str) -> Iterator[ProgressCall]:
        """A bar on the terminal, if there is one, fed by the callable that this gives."""
        # Paths are other people's text: no markup, no control characters.
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._err, transient=True, disable=not self._err.is_terminal) as bars:
            task = bars.add_task(doing, total=None)

            def advance(done: int, total: int, path: str) -> None:
                description = _harmless(f"{doing} {path}".rstrip()[-60:].replace("\n", " "))
                bars.update(task, completed=done, total=total or None, description=description)

            yield advance

    def _show_record(self, record: Record) -> None:
        if record.title:
            self._out.out(_harmless(record.title))
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in record.values.items():
            if value is not None:
                table.add_row(_label(name), _cell(name, value))
        self._out.print(table)

    def _show_listing(self, listing: Listing) -> None:
        table = Table(box=None, pad_edge=False)
        for name in listing.columns:
            table.add_column(_label(name), overflow="fold")
        for row in listing.rows:
            # One line a row: a name with a line break in it must not look like two members.
            table.add_row(*(_cell(name, row.get(name), breaks=False) for name in listing.columns))
        self._out.print(table)
        if not listing.rows:
            self.note("Nothing to show.")
        if listing.following:
            self.note(f"There is more: --cursor {listing.following}")


def plain(value: Any) -> Any:
    """The value in types that JSON has; bytes as 0x-hexadecimal, enumerations by name in lower case."""
    if isinstance(value, BaseModel):
        return {name: plain(getattr(value, name)) for name in type(value).model_fields}
    if dataclasses.is_dataclass(value) and not isinstance(value, type | Cid):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value) if field.repr}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return [plain(item) for item in (value if isinstance(value, Sequence) else sorted(value))]
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, Flag):
        return [member.name.lower() for member in type(value) if member in value and member.name]
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _as_json(result: Record | Listing) -> dict[str, Any]:
    if isinstance(result, Record):
        return {name: plain(value) for name, value in result.values.items()}
    return {"items": [plain(row) for row in result.rows], "next": result.following}


def _cell(name: str, value: Any, *, breaks: bool = True) -> Text:
    text = _harmless(_text(name, value))
    return Text(text if breaks else text.replace("\n", " "))


def _harmless(text: str) -> str:
    """Text of others, without the control characters that could command a terminal or reorder a line."""
    return "".join(c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf") else "�" for c in text)


def _harmless_json(value: Any) -> str:
    """JSON on one line, in which what could command a terminal is escaped: it reads back the same."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(c if unicodedata.category(c) not in ("Cc", "Cf", "Cs") else json.dumps(c)[1:-1] for c in text)


def _label(name: str) -> str:
    return name.replace("_", " ")


def _text(name: str, value: Any) -> str:
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return _number(name, value)
    if isinstance(value, list):
        return ", ".join(_text(name, item) for item in value)
    if isinstance(value, dict):
        return "\n".join(f"{_label(key)}: {_text(key, item)}" for key, item in value.items() if item is not None)
    return str(value)


def _number(name: str, value: int) -> str:
    """A number as people read it: moments as dates, lengths of time in days. JSON keeps seconds."""
    if name in MOMENTS:
        return iso_time(value) if value else "none"
    if name in LENGTHS and value % SECONDS_A_DAY == 0:
        return f"{value // SECONDS_A_DAY} days"
    return f"{value} seconds" if name in LENGTHS else str(value)
