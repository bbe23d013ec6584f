"""What encryption and hashing cost at least, on one thread, and what the reference Crypt4GH program takes.

The raw functions read the file as any program must, into one buffer that they use again, and keep nothing.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ledger.model.manifest import SEGMENT_SIZE

__all__ = ["Crypt4ghProgram", "raw_chacha20_poly1305", "raw_sha256"]

TAG = 16
READ = 16 * SEGMENT_SIZE
"""Bytes asked of the operating system at once; larger ones were not faster."""


def raw_chacha20_poly1305(source: Path) -> None:
    """Encrypt in segments of 64 KiB with `cryptography`, into a buffer that is used again."""
    cipher = ChaCha20Poly1305(bytes(range(32)))
    out = bytearray(SEGMENT_SIZE + TAG)
    number = 0

    def encrypt(part: memoryview) -> None:
        nonlocal number
        for start in range(0, len(part), SEGMENT_SIZE):
            segment = part[start : start + SEGMENT_SIZE]
            number += 1
            cipher.encrypt_into(number.to_bytes(12, "big"), segment, None, memoryview(out)[: len(segment) + TAG])

    _read(source, encrypt)


def raw_sha256(source: Path) -> None:
    """SHA-256 of the whole file with `hashlib`."""
    digest = hashlib.sha256()
    _read(source, digest.update)
    digest.digest()


class Crypt4ghProgram:
    """The reference program, ``crypt4gh`` of PyPI, with a recipient's key of its own making.

    Args:
        directory: Where the key lies and the program writes to.
    """

    def __init__(self, directory: Path) -> None:
        self._programs = Path(sys.executable).parent
        self._public, self._output = directory / "recipient.pub", directory / "reference.c4gh"
        key = ["--sk", str(directory / "recipient.key"), "--pk", str(self._public)]
        self._call([str(self._programs / "crypt4gh-keygen"), "--nocrypt", "-f", *key], None, None)

    @property
    def version(self) -> str:
        """Its version."""
        return metadata.version("crypt4gh")

    def encrypt(self, source: Path) -> None:
        """Encrypt a file for the recipient, as a user does, from start to end of the program."""
        command = [str(self._programs / "crypt4gh"), "encrypt", "--recipient_pk", str(self._public)]
        self._call(command, source, self._output)

    @staticmethod
    def _call(command: list[str], source: Path | None, output: Path | None) -> None:
        with (source or Path("/dev/null")).open("rb") as stdin, (output or Path("/dev/null")).open("wb") as stdout:
            subprocess.run(command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, check=True)


def _read(source: Path, use: Callable[[memoryview], object]) -> None:
    buffer = memoryview(bytearray(READ))
    with source.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            use(buffer[:count])
