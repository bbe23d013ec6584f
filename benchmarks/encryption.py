"""Encryption and CID in one pass, beside the reference Crypt4GH program and beside its own primitives.

python -m benchmarks.encryption
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.figure import Aim, Figure, Row, alternate, seconds
from benchmarks.reference_ciphers import Crypt4ghProgram, raw_chacha20_poly1305, raw_sha256
from benchmarks.report import print_figure
from benchmarks.scratch import medium, random_file, scratch
from benchmarks.sealing_program import encrypt

__all__ = ["measure"]

SIZE, ROUNDS = 2**30, 3
MIB = 2**20
TWICE = Aim.above(2, "≥ 2")
RAW = Aim.above(0.7, "≥ 0.7")

METHOD = """\
One file of {size:,} MiB of random bytes on {medium}, read and written there, so that no disk is measured; fsync costs
nothing there. *One pass* reads the plaintext once and writes the Crypt4GH body once, and has its CID, the nodes of its
DAG and its segment root at the end; it uses every core. *Program* rows are whole processes, from start to end: ours is
that one pass, the reference is `crypt4gh encrypt` {version} for one recipient. *Sealing* is all that `ledger` does: the
one pass, the journal, the store taking the body over, and reading it back from there in whole, every block verified.
The primitives read the same file on one thread and keep nothing: ChaCha20-Poly1305 of `cryptography` in segments of 64
KiB, and SHA-256 of `hashlib` over the whole; {slower} was the slower one. Median of {rounds} rounds, one after the
other. The last row, from one run, is what other work on the machine changes least: ours encrypts once and hashes twice
(SHA-256 for the CID, BLAKE3 for the order of the segments), the reference only encrypts."""


def measure(size: int = SIZE, rounds: int = ROUNDS) -> Figure:
    """Measure on a fresh file."""
    with scratch(4 * size) as directory:
        source = random_file(directory / "plain", size)
        reference = Crypt4ghProgram(directory)
        taken = alternate(
            {
                "reference": lambda: seconds(lambda: reference.encrypt(source)),
                "program": lambda: _program(directory, "encrypt", source),
                "one core": lambda: _program(directory, "encrypt", source, one_core=True),
                "seal": lambda: _program(directory, "seal", source),
                "pass": lambda: _in(directory, lambda fresh: encrypt(source, fresh)),
                "ChaCha20-Poly1305": lambda: seconds(lambda: raw_chacha20_poly1305(source)),
                "SHA-256": lambda: seconds(lambda: raw_sha256(source)),
            },
            rounds,
        )
        ours, theirs = (_cpu(lambda: _program(directory, "encrypt", source)), _cpu(lambda: reference.encrypt(source)))
        slower = max("ChaCha20-Poly1305", "SHA-256", key=lambda name: taken[name])
        rate = {name: size / MIB / duration for name, duration in taken.items()}
        return Figure(
            title="Encryption and CID in one pass",
            ours="this package",
            reference="reference",
            rows=(
                Row("program, against crypt4gh", rate["program"], rate["reference"], "MiB/s", TWICE),
                Row("one pass, against the slower primitive", rate["pass"], rate[slower], "MiB/s", RAW),
                Row("program on one core, against crypt4gh", rate["one core"], rate["reference"], "MiB/s"),
                Row("sealing, against crypt4gh", rate["seal"], rate["reference"], "MiB/s"),
                Row("processor time of the program, against crypt4gh", ours, theirs, "s"),
            ),
            method=METHOD.format(
                size=size // MIB, medium=medium(directory), version=reference.version, slower=slower, rounds=rounds
            ),
        )


def _program(directory: Path, what: str, source: Path, *, one_core: bool = False) -> float:
    def run(fresh: Path) -> None:
        command = [sys.executable, "-m", "benchmarks.sealing_program", what, str(source), str(fresh)]
        pin = (lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})) if one_core else None
        subprocess.run(command, stdout=subprocess.DEVNULL, preexec_fn=pin, check=True)

    return _in(directory, run)


def _cpu(work: Callable[[], object]) -> float:
    """Seconds of processor time, on all cores together, of the programs that work starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _in(directory: Path, work: Callable[[Path], object]) -> float:
    """The seconds that work takes in a fresh directory, which is removed afterwards."""
    fresh = directory / "fresh"
    fresh.mkdir()
    try:
        return seconds(lambda: work(fresh))
    finally:
        shutil.rmtree(fresh)


if __name__ == "__main__":
    print_figure(measure())
