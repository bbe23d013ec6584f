"""The ``ledger`` command as a person has it: a home, passphrases on a descriptor, an exit code and two streams."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from ledger.cli.app import run
from ledger.crypto.keystore import Keystore
from tests.support.institution import LOW_COST

PASSPHRASE = "correct horse battery staple"
SCRIPT = Path(sys.executable).parent / "ledger"


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        """The JSON on standard output."""
        assert self.code == 0, self.err
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one line on standard error."""
        assert self.code != 0, self.out
        assert self.out == ""
        assert self.err.endswith("\n")
        assert self.err.count("\n") == 1, self.err
        return self.err.rstrip("\n")


@dataclass(frozen=True)
class Cli:
    """Somebody at a terminal.

    Commands run inside the test's process, with keys that unlock at once; `spawn` runs the installed program itself.

    Attributes:
        home: Its home.
        options: Added to every command.
        environment: The settings that it has in the environment.
    """

    home: Path
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: object, passphrases: Sequence[str] = ()) -> Ran:
        """Run a command. Passphrases are given on a file descriptor."""
        with _descriptor(passphrases) as descriptor:
            return _called(self._given(arguments, descriptor), self._variables())

    def json(self, *arguments: object, passphrases: Sequence[str] = ()) -> Any:
        """Run a command that succeeds, and read its result."""
        return self.run(*arguments, "--json", passphrases=passphrases).result

    def spawn(self, *arguments: object, passphrases: Sequence[str] = ()) -> Ran:
        """Like `run`, as a process of its own."""
        with _descriptor(passphrases) as descriptor:
            done = subprocess.run(
                [SCRIPT, *self._given(arguments, descriptor)],
                capture_output=True,
                text=True,
                check=False,
                pass_fds=() if descriptor is None else (descriptor,),
                env=self._variables(),
            )
        return Ran(done.returncode, done.stdout, done.stderr)

    def _given(self, arguments: Sequence[object], descriptor: int | None) -> list[str]:
        given = [*map(str, arguments), "--home", str(self.home), *self.options]
        return given if descriptor is None else [*given, "--passphrase-fd", str(descriptor)]

    def _variables(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), **self.environment}


def _called(arguments: Sequence[str], variables: Mapping[str, str]) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, variables, clear=True),
        mock.patch("ledger.cli.desk.Keystore", partial(Keystore, cost=LOW_COST)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run(arguments)
    return Ran(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _descriptor(lines: Sequence[str]) -> Iterator[int | None]:
    if not lines:
        yield None
        return
    with tempfile.TemporaryFile() as file:
        file.write("".join(f"{line}\n" for line in lines).encode())
        file.seek(0)
        yield file.fileno()
