"""Figures for people: a table on the terminal, and the document that keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure, Observations, Row
from benchmarks.machine import Machine

__all__ = ["as_markdown", "print_figure"]

WIDTH = 120
COLOURS = {"met": "green", "missed": "red"}

HEAD = """\
# Benchmarks

Written by `make bench`; do not edit. Each figure is a ratio between two things measured in one run on one machine, turn
by turn, so that it says something on another machine too. Nothing here is asserted by a test. Where several runs were
made, the value is their median.
"""


def print_figure(figure: Figure | Observations) -> None:
    """Show one figure on the terminal."""
    notes = "\n".join(figure.notes) if isinstance(figure, Figure) else ""
    table = Table(title=figure.title, title_justify="left", caption=notes, caption_justify="left")
    table.add_column("", no_wrap=True)
    for heading in _headings(figure)[1:]:
        table.add_column(heading, justify="right")
    for row, cells in zip(figure.rows, _table(figure), strict=True):
        table.add_row(*cells, style=COLOURS.get(row.verdict, "") if isinstance(row, Row) else "")
    Console(width=WIDTH).print(table)


def as_markdown(figures: Sequence[Figure | Observations], machine: Machine) -> str:
    """The whole document."""
    return "\n".join([HEAD, f"Measured on {machine}.", *(_section(figure) for figure in figures)]) + "\n"


def _section(figure: Figure | Observations) -> str:
    headings = _headings(figure)
    lines = ["", f"## {figure.title}", "", figure.method.strip(), "", _line(headings)]
    lines += ["|---|" + "--:|" * (len(headings) - 1), *map(_line, _table(figure))]
    if isinstance(figure, Figure) and figure.notes:
        lines += ["", *(f"- {note}" for note in figure.notes)]
    return "\n".join(lines)


def _headings(figure: Figure | Observations) -> tuple[str, ...]:
    values = ("", figure.ours, figure.reference)
    return (*values, "ratio", "aim", "") if isinstance(figure, Figure) else values


def _table(figure: Figure | Observations) -> list[tuple[str, ...]]:
    if isinstance(figure, Figure):
        return [_cells(row) for row in figure.rows]
    return [(row.what, row.ours, row.reference) for row in figure.rows]


def _cells(row: Row) -> tuple[str, ...]:
    aim = row.aim.text if row.aim else ""
    ours, reference = _number(row.ours, row.unit), _number(row.reference, row.unit)
    return (row.what, ours, reference, f"{row.ratio:.3f}", aim, row.verdict)


def _number(value: float, unit: str) -> str:
    figures = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{figures} {unit}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
