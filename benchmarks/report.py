"""Figures for people: a table on the terminal, and the document that keeps them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure, Row
from benchmarks.machine import Machine

__all__ = ["as_markdown", "print_figure"]

WIDTH = 120

HEAD = """\
# Benchmarks

Written by `make bench`; do not edit. Each figure is a ratio between two things measured in one run on one machine, turn
by turn, so that it says something on another machine too. Nothing here is asserted by a test. Where several runs were
made, the value is their median.
"""


def print_figure(figure: Figure) -> None:
    """Show one figure on the terminal."""
    notes = "\n".join(figure.notes)
    table = Table(title=figure.title, title_justify="left", caption=notes, caption_justify="left")
    table.add_column("", no_wrap=True)
    for heading in (figure.ours, figure.reference, "ratio", "aim", ""):
        table.add_column(heading, justify="right")
    for row in figure.rows:
        style = {"met": "green", "missed": "red"}.get(row.verdict, "")
        table.add_row(*_cells(row), style=style)
    Console(width=WIDTH).print(table)


def as_markdown(figures: Sequence[Figure], machine: Machine) -> str:
    """The whole document."""
    return "\n".join([HEAD, f"Measured on {machine}.", *(_section(figure) for figure in figures)]) + "\n"


def _section(figure: Figure) -> str:
    lines = [
        "",
        f"## {figure.title}",
        "",
        figure.method,
        "",
        f"| | {figure.ours} | {figure.reference} | ratio | aim | |",
        "|---|--:|--:|--:|--:|---|",
        *(f"| {' | '.join(_cells(row))} |" for row in figure.rows),
    ]
    if figure.notes:
        lines += ["", *(f"- {note}" for note in figure.notes)]
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    aim = row.aim.text if row.aim else ""
    return (
        row.what,
        _number(row.ours, row.unit),
        _number(row.reference, row.unit),
        f"{row.ratio:.3f}",
        aim,
        row.verdict,
    )


def _number(value: float, unit: str) -> str:
    figures = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{figures} {unit}"
