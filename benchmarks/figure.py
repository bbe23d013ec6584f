"""What a benchmark gives: figures, each a table of ratios between two things measured side by side in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

__all__ = ["Aim", "Figure", "Observation", "Observations", "Row", "alternate", "seconds"]


@dataclass(frozen=True)
class Aim:
    """Where a ratio should be.

    Attributes:
        limit: The bound, itself good enough.
        text: The bound as people say it, e.g. ``≤ 1/3``.
        at_most: Whether lower is better.
    """

    limit: float
    text: str
    at_most: bool

    @classmethod
    def below(cls, limit: float, text: str) -> Aim:
        """Lower is better."""
        return cls(limit, text, at_most=True)

    @classmethod
    def above(cls, limit: float, text: str) -> Aim:
        """Higher is better."""
        return cls(limit, text, at_most=False)

    def met(self, ratio: float) -> bool:
        """Whether `ratio` is good enough."""
        return ratio <= self.limit if self.at_most else ratio >= self.limit


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        what: What was measured.
        ours: Our value.
        reference: The value it is compared with, from the same run.
        unit: Of both.
        aim: Where `ratio` should be; None where it is only reported.
    """

    what: str
    ours: float
    reference: float
    unit: str
    aim: Aim | None = None

    @property
    def ratio(self) -> float:
        """Ours divided by the reference."""
        return self.ours / self.reference

    @property
    def verdict(self) -> str:
        """``met``, ``missed``, or nothing where there is no aim."""
        if self.aim is None:
            return ""
        return "met" if self.aim.met(self.ratio) else "missed"


@dataclass(frozen=True)
class Figure:
    """A table and how to read it.

    Attributes:
        title: Heading.
        ours: What the column of our values stands for.
        reference: What the column of the reference stands for.
        rows: The comparisons.
        method: What was done, in sentences.
        notes: What else was seen, one sentence or two each.
    """

    title: str
    ours: str
    reference: str
    rows: tuple[Row, ...]
    method: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observation:
    """One act, and what each system did."""

    what: str
    ours: str
    reference: str


@dataclass(frozen=True)
class Observations:
    """Like a `Figure`, for what is not a number."""

    title: str
    ours: str
    reference: str
    rows: tuple[Observation, ...]
    method: str


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes, by the wall clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def alternate(candidates: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Measure every candidate once a round, one after the other, and give the median of each.

    Alternating lets whatever else the machine does fall on all of them alike. The first round warms up and is not
    counted.
    """
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(rounds + 1):
        for name, measure in candidates.items():
            value = measure()
            if turn:
                taken[name].append(value)
    return {name: median(values) for name, values in taken.items()}
