"""The desk at which a command works: settings, and what they name, opened when first used and closed at the end."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import Final, Self

from ledger.acts.keyring import Keyring
from ledger.acts.local import require_local
from ledger.chain.anvil import dev_signer
from ledger.chain.chain import Chain
from ledger.chain.deployment import Deployment
from ledger.chain.sender import Sender
from ledger.chain.signers import Signer
from ledger.cli.announcing import AnnouncingSender
from ledger.cli.output import Output
from ledger.cli.passphrases import Passphrases
from ledger.config import Settings
from ledger.crypto.keystore import Keystore
from ledger.errors import StorageError, UsageError
from ledger.index import Index, Indexer
from ledger.storage.opening import open_store
from ledger.storage.store import Store

__all__ = ["LOCAL_PREFIX", "Desk", "local_signer"]

LOCAL_PREFIX: Final = "local:"
LOCAL_ACCOUNTS: Final = 10


def local_signer(name: str, chain_id: int) -> Signer:
    """One of the accounts that every local chain has, and whose keys everybody knows, by name such as ``local:0``.

    Raises:
        UsageError: It is no such name, or the chain is not a local one.
    """
    number = name.removeprefix(LOCAL_PREFIX)
    if not number.isascii() or not number.isdigit() or int(number) >= LOCAL_ACCOUNTS:
        raise UsageError(
            f"{name} cannot sign",
            why=f"local accounts are local:0 to local:{LOCAL_ACCOUNTS - 1}",
            fix="name one of these",
        )
    require_local(chain_id)
    return dev_signer(int(number))


class Desk:
    """What a command works with. Context manager.

    Args:
        settings: Where everything is.
        output: Where results go.
        passphrase_descriptor: File descriptor with passphrases; None to ask for them.
    """

    def __init__(self, settings: Settings, output: Output, *, passphrase_descriptor: int | None = None) -> None:
        self.settings = settings
        self.output = output
        self.passphrases = Passphrases(passphrase_descriptor)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @cached_property
    def chain(self) -> Chain:
        """The ledger."""
        deployment = Deployment.read(self.settings.deployment)
        return self._open.enter_context(Chain.connect(self.settings.rpc, deployment))

    @cached_property
    def store(self) -> Store:
        """The institution's own store."""
        return self._open.enter_context(open_store(self.settings.store))

    @cached_property
    def stores(self) -> tuple[Store, ...]:
        """Every store that must hold what is registered, one's own first."""
        return (self.store, *(self._open.enter_context(open_store(url)) for url in self.settings.replicas))

    @cached_property
    def keystore(self) -> Keystore:
        """The institution's keys."""
        return Keystore(self.settings.keystore)

    @cached_property
    def keyring(self) -> Keyring:
        """The keys, unlocked as they are needed."""
        return Keyring(self.keystore, self.passphrases)

    @cached_property
    def signer(self) -> Signer:
        """Who signs: the key named with ``--as`` or in the settings, or an account that every local chain has.

        Raises:
            UsageError: None is named, or it is one for local chains and this is none.
            KeyMaterialError: There is no such wallet key, or the passphrase is wrong.
        """
        return self.signer_on(self.chain.chain_id)

    def signer_on(self, chain_id: int) -> Signer:
        """Like `signer`, on a chain on which no ledger is deployed yet."""
        name = self.settings.account
        if name is None:
            raise UsageError(
                "It is not said who signs",
                why="no key is named",
                fix="name one with --as, or as account in config.toml",
            )
        if name.startswith(LOCAL_PREFIX):
            return local_signer(name, chain_id)
        return self.keyring.wallet(name)

    @cached_property
    def index(self) -> Index:
        """The index, brought up to date with the chain. Descriptions are missing while the store cannot be used."""
        self.settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        index = self._open.enter_context(Index(self.settings.database))
        Indexer(index, self.chain, self._store_or_none()).sync()
        return index

    def _store_or_none(self) -> Store | None:
        try:
            return self.store
        except StorageError as error:
            self.output.note(f"Descriptions are missing: {error}")
            return None

    @cached_property
    def sender(self) -> Sender:
        """Sends what the signer signs, and says before what it does."""
        return AnnouncingSender(self.chain, self.signer, self.output.note)
