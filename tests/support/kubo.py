"""A Kubo daemon of the tests' own: real, offline, on loopback, with the settings that ledger.storage.kubo asks for."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Self

import httpx

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / "build" / "bin" / "ipfs"
START_SECONDS = 60.0
STOP_SECONDS = 30.0


class Kubo:
    """A repository and the daemon on it. Context manager; it can be stopped, killed and started again.

    Args:
        repository: Made when it is missing, kept at the end.
    """

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self._daemon: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the RPC listens: another port after every start."""
        _, _, host, _, port = (self.repository / "api").read_text().strip().split("/")
        return f"http://{host}:{port}"

    def start(self) -> None:
        """Start the daemon and wait until it answers."""
        if not (self.repository / "config").exists():
            self._initialise()
        (self.repository / "api").unlink(missing_ok=True)
        log = (self.repository / "daemon.log").open("ab")
        with log:
            self._daemon = subprocess.Popen(
                [BINARY, "daemon", "--offline"],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._daemon.poll() is not None or time.monotonic() > until:
                self.stop()
                raise RuntimeError(f"Kubo did not start:\n{(self.repository / 'daemon.log').read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the daemon as an operator would. Twice is once."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Let the daemon crash."""
        self._end(signal.SIGKILL)

    def authorize(self, users: dict[str, Any]) -> None:
        """Put the RPC behind ``API.Authorizations`` from the next start on."""
        if not (self.repository / "config").exists():
            self._initialise()
        path = self.repository / "config"
        config = json.loads(path.read_text())
        config.setdefault("API", {})["Authorizations"] = users
        path.write_text(json.dumps(config))

    def ipfs(self, *arguments: str | Path, stdin: bytes | None = None) -> str:
        """Run the ``ipfs`` command line against this repository and give what it prints."""
        done = subprocess.run(
            [BINARY, *arguments], env=self._environment(), input=stdin, capture_output=True, check=True, timeout=120
        )
        return done.stdout.decode().strip()

    def block_file(self, digest: bytes) -> Path:
        """Where flatfs keeps the block with this SHA-256."""
        found = [p for p in (self.repository / "blocks").glob("*/*.data") if _names(p.stem, digest)]
        if len(found) != 1:
            raise LookupError(f"{digest.hex()} is in {len(found)} files")
        return found[0]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _initialise(self) -> None:
        build()
        self.repository.mkdir(parents=True, exist_ok=True)
        self.ipfs("init", "--profile=test", "--empty-repo")
        path = self.repository / "config"
        config = json.loads(path.read_text())
        config["Datastore"]["HashOnRead"] = True
        if _set_sync(config["Datastore"]["Spec"]) == 0:
            raise RuntimeError("Kubo's default datastore has no flatfs")
        path.write_text(json.dumps(config))

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return kept | {"IPFS_PATH": str(self.repository), "IPFS_TELEMETRY": "off"}

    def _answers(self) -> bool:
        try:
            return httpx.post(f"{self.url}/api/v0/version", trust_env=False).status_code in (200, 403)
        except (FileNotFoundError, ValueError, httpx.TransportError):
            return False

    def _end(self, how: signal.Signals) -> None:
        if self._daemon is None:
            return
        self._daemon.send_signal(how)
        try:
            self._daemon.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            self._daemon.wait()
        self._daemon = None


def build() -> None:
    """Build Kubo with the Makefile's own recipe, unless that is done."""
    if not BINARY.exists():
        subprocess.run(["make", "--no-print-directory", "build/bin/ipfs"], cwd=ROOT, check=True)


def _set_sync(spec: Any) -> int:
    if isinstance(spec, list):
        return sum(_set_sync(item) for item in spec)
    if not isinstance(spec, dict):
        return 0
    if spec.get("type") == "flatfs":
        spec["sync"] = True
        return 1
    return sum(_set_sync(item) for item in spec.values())


def _names(stem: str, digest: bytes) -> bool:
    return base64.b32encode(b"\x12\x20" + digest).decode().rstrip("=") == stem
