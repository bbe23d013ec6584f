"""All figures: printed as they are measured, and kept in `docs/benchmarks.md`.

python -m benchmarks.run                   # everything, writes the document
python -m benchmarks.run gas encryption    # these only, writes nothing
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import catalogue, encryption, gas, indexing, memory, ocean_behaviour
from benchmarks.figure import Figure, Observations
from benchmarks.machine import Machine
from benchmarks.report import as_markdown, print_figure

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"

FIGURES: Mapping[str, Callable[[], Figure | Observations]] = {
    "gas": gas.measure,
    "ocean_behaviour": ocean_behaviour.measure,
    "encryption": encryption.measure,
    "memory": memory.measure,
    "catalogue": catalogue.measure,
    "indexing": indexing.measure,
}


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"only these of {', '.join(FIGURES)}")
    wanted: list[str] = parser.parse_args().figures
    if unknown := set(wanted) - FIGURES.keys():
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")

    machine = Machine.here()
    print(f"Measured on {machine}\n", flush=True)
    measured = [_measure(name) for name in wanted or FIGURES]
    if not wanted:
        DOCUMENT.write_text(as_markdown(measured, machine), encoding="utf-8")


def _measure(name: str) -> Figure | Observations:
    start = time.perf_counter()
    figure = FIGURES[name]()
    print_figure(figure)
    print(f"{name} took {time.perf_counter() - start:.0f} s\n", file=sys.stderr, flush=True)
    return figure


if __name__ == "__main__":
    main()
