"""Most memory that sealing takes, whatever the size of the file.

python -m benchmarks.memory
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.figure import Aim, Figure, Row
from benchmarks.report import print_figure
from benchmarks.scratch import medium, scratch, sparse_file

__all__ = ["measure"]

MIB = 2**20
SIZES = (64 * MIB, 1024 * MIB, 4096 * MIB)
FLAT = Aim.below(1.1, "≤ 1.1 (flat)")

METHOD = """\
Peak resident memory (`VmHWM`) of a process that seals one file into a store: interpreter, modules, encryption,
journal and reading everything back from the store. The files are sparse, on {medium}, and their bodies are not: the
store holds as many bytes as they have. The reference is the same with 64 MiB; the last row holds that against a file of
one byte, which is what the program takes before it has anything to do. The command `ledger dataset register`
takes more before it seals: making or unlocking a key takes 256 MiB for a moment, which is what scrypt with n = 2^18 is
for."""


def measure(sizes: tuple[int, ...] = SIZES) -> Figure:
    """Measure each size in a process of its own."""
    with scratch(max(sizes)) as directory:
        single, least, *more = (_peak(directory, size) / MIB for size in (1, *sizes))
        reference = f"{sizes[0] // MIB} MiB"
        return Figure(
            title="Peak memory of sealing",
            ours="peak",
            reference="reference",
            rows=(
                *(
                    Row(f"{_named(size)}, against {reference}", peak, least, "MiB", FLAT)
                    for size, peak in zip(sizes[1:], more, strict=True)
                ),
                Row(f"{reference}, against one byte", least, single, "MiB"),
            ),
            method=METHOD.format(medium=medium(directory)),
            notes=(f"Above what one byte takes: {', '.join(_above(sizes, (least, *more), single))}.",),
        )


def _peak(directory: Path, size: int) -> int:
    """Bytes that sealing a file of `size` bytes takes at most."""
    source, fresh = sparse_file(directory / "plain", size), directory / "fresh"
    fresh.mkdir()
    try:
        command = [sys.executable, "-m", "benchmarks.sealing_program", "seal", str(source), str(fresh)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    finally:
        shutil.rmtree(fresh)
        source.unlink()


def _above(sizes: tuple[int, ...], peaks: tuple[float, ...], single: float) -> list[str]:
    return [f"{peak - single:.0f} MiB for {_named(size)}" for size, peak in zip(sizes, peaks, strict=True)]


def _named(size: int) -> str:
    return f"{size // 2**30} GiB" if size >= 2**30 else f"{size // MIB} MiB"


if __name__ == "__main__":
    print_figure(measure())
