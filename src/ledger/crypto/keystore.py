"""An institution's secrets on its own disk, each in a file of its own under a passphrase.

    keystore = Keystore(home / "keys")
    wallet = keystore.create("hospital", KeyKind.WALLET, passphrase)
    secret = keystore.unlock("hospital", passphrase, kind=KeyKind.WALLET)

The directory is for its owner alone (0700, files 0600). A key file appears whole or not at all, and no key is ever
overwritten by another. What a file says about its key in the clear is compared with the secret whenever that is
unlocked.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from coincurve import PublicKey
from eth_hash.auto import keccak

from ledger.crypto.derive import DatasetKey, commitment
from ledger.crypto.exchange import delivery_public_key
from ledger.crypto.header import public_key
from ledger.crypto.passphrase import Passphrase
from ledger.crypto.secret_storage import (
    MAX_KEY_FILE_SIZE,
    SCRYPT_COST,
    Description,
    KeyFile,
    KeyKind,
    lock_secret,
    parse_key_file,
)
from ledger.errors import KeyMaterialError, LedgerError, StorageError
from ledger.model.ids import Address, parse_address
from ledger.storage.source import disk_errors

__all__ = ["KeyInfo", "KeyKind", "Keystore", "public_part"]

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What is known of a key without its passphrase.

    Attributes:
        label: The name its owner gave it.
        kind: What it is for.
        public: Its public part, see :class:`~ledger.crypto.secret_storage.KeyKind`.
    """

    label: str
    kind: KeyKind
    public: bytes

    @property
    def address(self) -> Address:
        """The account of a wallet key.

        Raises:
            KeyMaterialError: It is of another kind.
        """
        if self.kind is not KeyKind.WALLET:
            raise _of_kind(self, KeyKind.WALLET)
        return parse_address("0x" + self.public.hex())


def public_part(kind: KeyKind, secret: bytes) -> bytes:
    """The public part of a secret.

    Raises:
        KeyMaterialError: It is no secret of this kind.
    """
    match kind:
        case KeyKind.WALLET:
            point = PublicKey(delivery_public_key(secret)).format(compressed=False)
            return bytes(keccak(point[1:])[-20:])
        case KeyKind.DELIVERY:
            return delivery_public_key(secret)
        case KeyKind.DATASET:
            return commitment(DatasetKey(secret).secret)
        case KeyKind.CRYPT4GH:
            return public_key(secret)


class Keystore:
    """The keys in a directory. Several processes may use it at once.

    Args:
        directory: Made when the first key is stored.
        cost: Scrypt's N for new keys, a power of two. Lower it in tests only.
    """

    def __init__(self, directory: Path, *, cost: int = SCRYPT_COST) -> None:
        self.directory = directory.absolute()
        self._cost = cost

    def create(self, label: str, kind: KeyKind, passphrase: Passphrase) -> KeyInfo:
        """Make a new key from the operating system's random source and store it.

        Raises:
            As :meth:`import_`.
        """
        return self.import_(label, kind, secrets.token_bytes(32), passphrase)

    def import_(self, label: str, kind: KeyKind, secret: bytes, passphrase: Passphrase) -> KeyInfo:
        """Store a secret that exists already.

        Raises:
            KeyMaterialError: The label is taken or unusable, the secret not of this kind, or the directory open to
                others.
            NoSpaceError, StorageError: It cannot be written.
        """
        self._require_free(label)
        info = KeyInfo(label, kind, public_part(kind, secret))
        description = Description(kind=kind, label=label, public="0x" + info.public.hex())
        self._write(label, lock_secret(secret, passphrase, description, cost=self._cost))
        return info

    def import_wallet(self, label: str, data: bytes, passphrase: Passphrase) -> KeyInfo:
        """Store the wallet key of another program's file (Web3 Secret Storage, version 3) under the same passphrase.

        Raises:
            DocumentError: It is no such file.
            KeyMaterialError: The passphrase is wrong, or as :meth:`import_`.
        """
        self._require_free(label)
        secret = parse_key_file(data, "The wallet's key file").unlock(passphrase, "The wallet's key")
        return self.import_(label, KeyKind.WALLET, secret, passphrase)

    def unlock(self, label: str, passphrase: Passphrase, *, kind: KeyKind) -> bytes:
        """The secret, 32 bytes.

        Raises:
            KeyMaterialError: There is no such key, it is of another kind, or the passphrase is wrong.
            DocumentError: Its file is malformed.
        """
        file = self._read(label)
        info = _info(file, label)
        if info.kind is not kind:
            raise _of_kind(info, kind)
        secret = file.unlock(passphrase, f"The key {label}")
        if not hmac.compare_digest(public_part(kind, secret), info.public):
            raise KeyMaterialError(
                f"The key {label} is not what its file says",
                why="the public part in the clear does not belong to the secret: the file was altered",
                fix="restore it from a copy, and find out who can write to the keystore",
            )
        return secret

    def change_passphrase(self, label: str, old: Passphrase, new: Passphrase) -> KeyInfo:
        """Put a key under another passphrase: its file is replaced whole, or stays as it is.

        Raises:
            KeyMaterialError: There is no such key, or the old passphrase is wrong.
            DocumentError: Its file is malformed.
            NoSpaceError, StorageError: It cannot be written.
        """
        info = self.info(label)
        secret = self.unlock(label, old, kind=info.kind)
        description = Description(kind=info.kind, label=label, public="0x" + info.public.hex())
        self._write(label, lock_secret(secret, new, description, cost=self._cost), replace=True)
        return info

    def unlock_dataset_key(self, committed: bytes, passphrase: Passphrase) -> DatasetKey:
        """The dataset key with this commitment, keccak256(K).

        Raises:
            KeyMaterialError: It is not here, or the passphrase is wrong.
            DocumentError: A key file is malformed.
        """
        label = self.find(KeyKind.DATASET, committed).label
        return DatasetKey(self.unlock(label, passphrase, kind=KeyKind.DATASET)).require(committed)

    def info(self, label: str) -> KeyInfo:
        """What is known of a key without its passphrase.

        Raises:
            KeyMaterialError: There is no such key.
            DocumentError: Its file is malformed.
        """
        return _info(self._read(label), label)

    def list(self, kind: KeyKind | None = None) -> tuple[KeyInfo, ...]:
        """All keys, or those of one kind, by label.

        Raises:
            DocumentError: A key file is malformed.
            KeyMaterialError: Others can get at the directory.
        """
        infos = (self.info(label) for label in self._labels())
        return tuple(info for info in infos if kind is None or info.kind is kind)

    def find(self, kind: KeyKind, public: bytes) -> KeyInfo:
        """The key with this public part: an address, a public key, a commitment.

        Raises:
            KeyMaterialError: It is not here.
            DocumentError: A key file is malformed.
        """
        for info in self.list(kind):
            if info.public == public:
                return info
        raise _missing(f"There is no {kind} key 0x{public.hex()} in the keystore", self.directory)

    def delete(self, label: str) -> None:
        """Remove a key for ever. Deleting the last copy of a dataset key is how its data are erased.

        Raises:
            KeyMaterialError: There is no such key.
        """
        path = self._path(label)
        with self._written(label):
            try:
                path.unlink()
            except FileNotFoundError:
                raise _missing(f"There is no key {label}", self.directory) from None
            self._sync()

    def _labels(self) -> Iterator[str]:
        if self.directory.exists():
            self._check_private()
            names = sorted(path.name for path in self.directory.glob(f"*{_SUFFIX}"))
            yield from (label for name in names if _LABEL.fullmatch(label := name.removesuffix(_SUFFIX)))

    def _path(self, label: str) -> Path:
        if not _LABEL.fullmatch(label):
            raise KeyMaterialError(
                f"{label[:70]!r} cannot name a key",
                why="a name is 1 to 64 of the letters a to z, digits and . _ -, and begins with a letter or digit",
                fix="choose another name",
            )
        return self.directory / (label + _SUFFIX)

    def _read(self, label: str) -> KeyFile:
        path = self._path(label)
        if not self.directory.exists():
            raise _missing(f"There is no key {label}", self.directory)
        self._check_private()
        try:
            with path.open("rb") as file:
                data = file.read(MAX_KEY_FILE_SIZE + 1)
        except FileNotFoundError:
            raise _missing(f"There is no key {label}", self.directory) from None
        except OSError as error:
            raise _unusable(label, error) from error
        return parse_key_file(data, f"The file of key {label}")

    def _require_free(self, label: str) -> None:
        path = self._path(label)
        with self._written(label):
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_private()
            if path.exists():
                raise _taken(label)

    def _write(self, label: str, data: bytes, *, replace: bool = False) -> None:
        draft = self.directory / f".{secrets.token_hex(8)}"
        with self._written(label):
            try:
                descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
                    file.write(data)
                    file.flush()
                    os.fsync(descriptor)
                if replace:
                    draft.replace(self._path(label))
                else:
                    os.link(draft, self._path(label))  # unlike a rename, it does not replace what is there
            except FileExistsError:
                raise _taken(label) from None
            finally:
                draft.unlink(missing_ok=True)
            self._sync()

    def _check_private(self) -> None:
        if (mode := self.directory.stat().st_mode & 0o777) & 0o077:
            raise KeyMaterialError(
                f"The keystore {self.directory} is open to others",
                why=f"its permissions are {mode:o}",
                fix=f"set them with: chmod 700 {self.directory}",
            )

    def _sync(self) -> None:
        descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _written(self, label: str) -> Iterator[None]:
        try:
            with disk_errors(f"storing the key {label}"):
                yield
        except OSError as error:
            raise _unusable(label, error) from error


def _info(file: KeyFile, label: str) -> KeyInfo:
    if file.ledger is None or file.ledger.label != label:
        raise KeyMaterialError(
            f"The file of key {label} is not one of this keystore",
            why="it does not say what it is"
            if file.ledger is None
            else f"it says that it is {file.ledger.label[:70]!r}",
            fix="import it with 'ledger keys import', or give the file its old name back",
        )
    return KeyInfo(label, file.ledger.kind, bytes.fromhex(file.ledger.public[2:]))


def _of_kind(info: KeyInfo, kind: KeyKind) -> LedgerError:
    return KeyMaterialError(
        f"The key {info.label} cannot be used for this",
        why=f"it is a {info.kind} key, and a {kind} key is needed",
        fix="name another key; 'ledger keys list' shows them",
    )


def _taken(label: str) -> LedgerError:
    return KeyMaterialError(
        f"There is a key {label} already",
        why="keys are never overwritten",
        fix="choose another name, or delete it first",
    )


def _missing(what: str, directory: Path) -> KeyMaterialError:
    return KeyMaterialError(
        what, why=f"no file in {directory} holds it", fix="check the name; 'ledger keys list' shows all"
    )


def _unusable(label: str, error: OSError) -> StorageError:
    return StorageError(
        f"The file of key {label} cannot be used",
        why=os.strerror(error.errno or 0).lower(),
        fix="check that the keystore's directory exists and that you may read and write it",
    )
