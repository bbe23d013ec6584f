"""On what the figures were measured: a ratio without its machine means little."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["Machine"]

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Machine:
    """The machine, the moment and the source of a run.

    Attributes:
        processor: Model name.
        cores: Processors this process may use.
        memory: Bytes of main memory.
        system: Operating system and its release.
        python: Version.
        load: Processes that ran or waited to run in the minute before: what else is measured along.
        date: Of the run, UTC.
        commit: Of the source, with a remark if files were changed since.
    """

    processor: str
    cores: int
    memory: int
    system: str
    python: str
    load: float
    date: str
    commit: str

    @classmethod
    def here(cls) -> Machine:
        """This machine now."""
        return cls(
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)),
            memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            system=f"{platform.system()} {platform.release().split('-')[0]}",
            python=f"{platform.python_implementation()} {platform.python_version()}",
            load=os.getloadavg()[0],
            date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            commit=_commit(),
        )

    def __str__(self) -> str:
        memory = round(self.memory / 2**30)
        return (
            f"{self.cores} cores of {self.processor}, {memory} GiB, {self.system}, {self.python}; "
            f"load average {self.load:.1f} before; {self.date}; commit {self.commit}"
        )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _commit() -> str:
    commit = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "src", "api", "contracts", "benchmarks")
    return f"{commit} and changes not committed" if changed else commit


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
