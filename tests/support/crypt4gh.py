"""The reference Crypt4GH tool, as a program: in this process it would log keys."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ledger.crypto.header import public_key
from ledger.crypto.keyfile import format_public_key, parse_public_key, parse_secret_key

PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Reference:
    """The tool with a key pair that it made itself."""

    secret_path: Path
    public_path: Path

    @classmethod
    def with_new_key(cls, directory: Path) -> Reference:
        made = cls(directory / "reader.key", directory / "reader.pub")
        made._run("crypt4gh-keygen", "--nocrypt", "-f", "--sk", str(made.secret_path), "--pk", str(made.public_path))
        return made

    @property
    def secret(self) -> bytes:
        return parse_secret_key(self.secret_path.read_bytes(), None)

    @property
    def public(self) -> bytes:
        return parse_public_key(self.public_path.read_bytes())

    def encrypt(self, data: bytes, *recipients: bytes) -> bytes:
        """Encrypt for X25519 public keys; for its own without any."""
        arguments: list[str] = []
        for number, public in enumerate(recipients or (public_key(self.secret),)):
            path = self.public_path.with_name(f"recipient-{number}.pub")
            path.write_bytes(format_public_key(public))
            arguments += ["--recipient_pk", str(path)]
        return self._run("crypt4gh", "encrypt", *arguments, stdin=data)

    def decrypt(self, data: bytes, *, secret_path: Path | None = None, passphrase: str | None = None) -> bytes:
        """Decrypt with its own key, or with the one in another file.

        Raises:
            CalledProcessError: The tool refuses.
        """
        arguments = ["decrypt", "--sk", str(secret_path or self.secret_path)]
        return self._run("crypt4gh", *arguments, stdin=data, passphrase=passphrase)

    def rearrange(self, data: bytes, start: int, end: int) -> bytes:
        """A file with an edit list that leaves only a part to be read."""
        return self._run(
            "crypt4gh", "rearrange", "--sk", str(self.secret_path), "--range", f"{start}-{end}", stdin=data
        )

    @staticmethod
    def _run(program: str, *arguments: str, stdin: bytes = b"", passphrase: str | None = None) -> bytes:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("C4GH_")}
        if passphrase:
            environment["C4GH_PASSPHRASE"] = passphrase  # the tool's own door for tests
        done = subprocess.run(
            [str(PROGRAMS / program), *arguments],
            input=stdin,
            capture_output=True,
            env=environment,
            check=True,
            timeout=60,
        )
        return done.stdout
