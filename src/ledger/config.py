"""Settings of the command line and of local services, read once at the edge.

    option  >  environment (LEDGER_HOME, LEDGER_RPC, …)  >  <home>/config.toml  >  default

The file holds the same names as the attributes of :class:`Settings`, at top level:

    rpc = "http://127.0.0.1:8545"
    account = "hospital"
    replicas = ["http://127.0.0.1:5001"]

Secrets are never settings: passphrases come by prompt or file descriptor (:mod:`ledger.crypto.passphrase`).
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

from ledger.errors import DocumentError, InputError, PathError, UsageError

__all__ = ["CONFIG_NAME", "ENVIRONMENT", "Settings", "without_credentials"]

CONFIG_NAME: Final = "config.toml"
"""Name of the settings file inside the home."""

ENVIRONMENT: Final[Mapping[str, str]] = {
    "home": "LEDGER_HOME",
    "rpc": "LEDGER_RPC",
    "store": "LEDGER_STORE",
    "database": "LEDGER_DATABASE",
    "deployment": "LEDGER_DEPLOYMENT",
}
"""Environment variable of each setting that has one."""

MAX_CONFIG_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where everything is.

    Attributes:
        home: Directory of one institution's keys, journals and local services. Default: ``~/.ledger``.
        rpc: Address of the node. Default: ``http://127.0.0.1:8545``.
        deployment: Deployment file of the network. Default: ``<home>/deployment.json``.
        store: Directory or address of the store (:func:`ledger.storage.store.open_store`). Default: ``<home>/store``.
        replicas: Further stores that must hold a dataset before it is registered. Default: none.
        database: SQLAlchemy URL of the index. Default: SQLite in ``<home>/index.db``.
        keystore: Directory of the keys. Default: ``<home>/keys``.
        account: Name of the key that signs where none is named. Default: none.
        given: Names of the settings that were not left at their default.
    """

    home: Path
    rpc: str = field(repr=False)
    deployment: Path
    store: str = field(repr=False)
    replicas: tuple[str, ...] = field(default=(), repr=False)
    database: str = field(repr=False)
    keystore: Path
    account: str | None = None
    given: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def load(cls, options: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Self:
        """Settings from options, environment, file and defaults, in this order.

        Args:
            options: By attribute name; None means not given.
            environment: Default: the process's own.

        Raises:
            DocumentError: The settings file is malformed or names an unknown setting.
            PathError: The settings file cannot be read.
            UsageError: A value cannot be used.
        """
        environment = os.environ if environment is None else environment
        given = {n: environment[v] for n, v in ENVIRONMENT.items() if environment.get(v)}
        given |= {name: value for name, value in options.items() if value is not None}
        home = _absolute(given.pop("home", Path("~") / ".ledger"), Path.cwd())
        return cls(home=home, **_combined(home, given))

    def shown(self) -> dict[str, Any]:
        """Everything as plain text, without the credentials that addresses may carry."""
        return {
            "home": str(self.home),
            "rpc": _without_path(self.rpc),
            "deployment": str(self.deployment),
            "store": without_credentials(self.store),
            "replicas": [without_credentials(url) for url in self.replicas],
            "database": without_credentials(self.database),
            "keystore": str(self.keystore),
            "account": self.account,
        }


def without_credentials(url: str) -> str:
    """The address without user name, password and query, to be shown."""
    parts = urlsplit(url)
    if "@" not in parts.netloc and not parts.query:
        return url
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _without_path(url: str) -> str:
    """Scheme and host: providers of nodes put keys into paths."""
    scheme, separator, rest = url.rpartition("://")
    host = re.split(r"[/?#]", rest)[0]
    return scheme + separator + host.rpartition("@")[2]


def _combined(home: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    chosen = _based(_read_file(home / CONFIG_NAME), home) | _based(given, Path.cwd())
    values = _defaults(home) | chosen | {"given": frozenset(chosen)}
    scheme, _, rest = values["rpc"].partition("://")
    if scheme not in ("http", "https") or not rest:
        raise _unusable("rpc", _without_path(values["rpc"]), "a node's address starts with http:// or https://")
    return values


def _defaults(home: Path) -> dict[str, Any]:
    return {
        "rpc": "http://127.0.0.1:8545",
        "deployment": home / "deployment.json",
        "store": str(home / "store"),
        "replicas": (),
        "database": f"sqlite:///{home / 'index.db'}",
        "keystore": home / "keys",
        "account": None,
    }


def _based(values: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """The values with relative paths taken from `base`."""
    out = dict(values)
    for name in ("deployment", "keystore"):
        if name in out:
            out[name] = _absolute(out[name], base)
    if "store" in out:
        out["store"] = _store(str(out["store"]), base)
    if "replicas" in out:
        out["replicas"] = tuple(_store(str(url), base) for url in out["replicas"])
    return out


def _store(url: str, base: Path) -> str:
    if not url:
        raise _unusable("store", url, "it is empty")
    is_directory = not urlsplit(url).scheme and not url.startswith(("/ip", "/dns", "/unix/"))
    return str(_absolute(url, base)) if is_directory else url


def _absolute(path: str | Path, base: Path) -> Path:
    try:
        return base / Path(path).expanduser()
    except RuntimeError as error:
        raise _unusable("path", str(path), "the home directory of its user is not known") from error


def _read_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise PathError(
            f"{path} cannot be read",
            why=os.strerror(error.errno or 0).lower(),
            fix="check that it is a file and that you may read it",
        ) from error
    return _checked(path, _parsed(path, data))


def _parsed(path: Path, data: bytes) -> dict[str, Any]:
    if len(data) > MAX_CONFIG_BYTES:
        raise _malformed(path, f"it is longer than {MAX_CONFIG_BYTES} bytes")
    try:
        return tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _malformed(path, f"it is not TOML: {error}") from error


def _checked(path: Path, values: dict[str, Any]) -> dict[str, Any]:
    known = {field.name for field in fields(Settings)} - {"home", "given"}
    for name, value in values.items():
        if name not in known:
            raise _malformed(path, f"{name!r} is not a setting; known are {', '.join(sorted(known))}")
        listed = value if name == "replicas" and isinstance(value, list) else [value]
        if (name == "replicas") != isinstance(value, list) or not all(isinstance(item, str) for item in listed):
            raise _malformed(path, f"{name} must be {'a list of texts' if name == 'replicas' else 'a text'}")
    return values


def _malformed(path: Path, why: str) -> InputError:
    return DocumentError(f"The settings in {path} are malformed", why=why, fix="correct the file, or remove it")


def _unusable(name: str, value: str, why: str) -> UsageError:
    return UsageError(
        f"The setting {name} cannot be {without_credentials(value)!r}",
        why=why,
        fix="give it by option, environment variable or config.toml",
    )
