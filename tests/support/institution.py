"""An institution at work: a person of the world with a keystore, stores and journals of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ledger.acts.holdings import Holdings
from ledger.acts.keyring import Keyring
from ledger.acts.register import Registered, Registrar, Statement, register
from ledger.crypto.keystore import KeyKind, Keystore
from ledger.crypto.passphrase import Passphrase
from ledger.model.metadata import Metadata
from ledger.storage.embedded import EmbeddedStore
from ledger.storage.store import Store
from tests.support.world import Person, World

T = TypeVar("T")

LOW_COST = 2
"""Scrypt's N in tests: a keystore that opens at once."""

METADATA = Metadata.model_validate(
    {
        "name": "Survival after surgery",
        "description": "Follow-up of patients after lung surgery.",
        "date_published": "2026-01-15",
        "license": "https://example.org/licence",
        "creator": {"id": "https://example.org/hospital", "name": "City Hospital"},
        "keywords": ["survival"],
    }
)


class OnePassphrase:
    """Somebody with one passphrase for all keys."""

    def __init__(self, text: str = "correct horse") -> None:
        self.passphrase = Passphrase(text)

    def unlock(self, name: str, attempt: Callable[[Passphrase], T]) -> T:  # noqa: ARG002 - one for all
        return attempt(self.passphrase)

    def new(self, name: str) -> Passphrase:  # noqa: ARG002 - one for all
        return self.passphrase


@dataclass
class Institution:
    """A person of the world with a home."""

    world: World
    person: Person
    home: Path
    store: EmbeddedStore

    def __post_init__(self) -> None:
        self.passphrases = OnePassphrase()
        self.keystore = Keystore(self.home / "keys", cost=LOW_COST)
        self.keyring = Keyring(self.keystore, self.passphrases)
        if self.person.delivery_secret:
            self.keystore.import_(
                "delivery", KeyKind.DELIVERY, self.person.delivery_secret, self.passphrases.passphrase
            )

    @property
    def holdings(self) -> Holdings:
        return self.registrar().holdings

    def registrar(self, *replicas: Store) -> Registrar:
        stores: Sequence[Store] = (self.store, *replicas)
        return Registrar(
            chain=self.world.chain,
            sender=self.person.sender,
            stores=stores,
            keyring=self.keyring,
            journals=self.home / "registrations",
        )

    def register(self, source: Path, **changes: object) -> Registered:
        return register(source, METADATA, statement(**changes), self.registrar())


def statement(**changes: object) -> Statement:
    return Statement.model_validate({"attribution": "City Hospital, 2026", **changes})


def study(directory: Path) -> Path:
    """A small dataset: two files, one in a directory, one empty directory."""
    (directory / "images").mkdir(parents=True)
    (directory / "empty").mkdir()
    (directory / "table.csv").write_text("time,status,age\n306,1,74\n455,1,68\n")
    (directory / "images" / "ct.dcm").write_bytes(bytes(range(256)) * 600)
    return directory


def contents(directory: Path) -> dict[str, bytes | None]:
    """Every file and directory below one, with its bytes."""
    found = sorted(directory.rglob("*"))
    return {str(p.relative_to(directory)): p.read_bytes() if p.is_file() else None for p in found}


def metadata_file(path: Path) -> Path:
    """The metadata as a person writes it."""
    path.write_text(json.dumps(METADATA.model_dump(mode="json", exclude_none=True)))
    return path
