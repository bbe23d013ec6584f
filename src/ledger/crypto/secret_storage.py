"""Web3 Secret Storage, version 3: a secret under a passphrase, as Ethereum wallets keep theirs.

Ours carry a part ``ledger`` that says what the secret is, readable without the passphrase:

    {"address": "…", "crypto": {…}, "id": "…", "version": 3,
     "ledger": {"kind": "wallet", "label": "hospital", "public": "0x…"}}

Other wallets ignore it, and a wallet's file without it can be imported.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from coincurve import PrivateKey
from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json
from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError, model_validator

from ledger.crypto.passphrase import Passphrase
from ledger.errors import DocumentError, KeyMaterialError
from ledger.model.canonical import canonical_json, parse_json

__all__ = ["MAX_KEY_FILE_SIZE", "SCRYPT_COST", "Description", "KeyFile", "KeyKind", "lock_secret", "parse_key_file"]

SCRYPT_COST = 2**18
"""Scrypt's N: about half a second and 256 MiB (r = 8, p = 1), as wallets use it."""

MAX_KEY_FILE_SIZE = 16_384
"""Most bytes of a key file."""

_MAX_SCRYPT_BLOCKS = 2**23  # N·r: 1 GiB of memory

Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Salt = Annotated[str, Field(pattern=r"^([0-9a-f]{2}){8,64}$")]


class KeyKind(StrEnum):
    """What a secret is for."""

    WALLET = "wallet"
    """secp256k1: signs transactions and agreements. Public part: the address, 20 bytes."""
    DELIVERY = "delivery"
    """secp256k1: receives dataset keys. Public part: the compressed point, 33 bytes."""
    DATASET = "dataset"
    """Opens one dataset. Public part: the commitment keccak256(K), 32 bytes."""
    CRYPT4GH = "crypt4gh"
    """X25519: reads Crypt4GH files. Public part: the public key, 32 bytes."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Description(_Part):
    """What a key file says about its secret without giving it away. Unverified until the secret is unlocked.

    Attributes:
        kind: What the secret is for.
        label: The name its owner gave it.
        public: Its public part, see :class:`KeyKind`, as 0x-hexadecimal.
    """

    kind: KeyKind
    label: str
    public: Annotated[str, Field(pattern=r"^0x([0-9a-f]{2}){20,33}$")]


class _CipherParameters(_Part):
    iv: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class _Scrypt(_Part):
    n: Annotated[StrictInt, Field(ge=2)]
    r: Annotated[StrictInt, Field(ge=1, le=64)]
    p: Annotated[StrictInt, Field(ge=1, le=16)]
    dklen: Literal[32]
    salt: Salt

    @model_validator(mode="after")
    def _affordable(self) -> _Scrypt:
        if self.n & (self.n - 1) or self.n * self.r > _MAX_SCRYPT_BLOCKS:
            raise ValueError("n is no power of two, or n and r would take over 1 GiB of memory")
        return self


class _Pbkdf2(_Part):
    c: Annotated[StrictInt, Field(ge=1, le=10_000_000)]
    prf: Literal["hmac-sha256"]
    dklen: Literal[32]
    salt: Salt


class _Crypto(_Part):
    cipher: Literal["aes-128-ctr"]
    cipherparams: _CipherParameters
    ciphertext: Hex32
    kdf: Literal["scrypt", "pbkdf2"]
    kdfparams: _Scrypt | _Pbkdf2
    mac: Hex32


class KeyFile(_Part):
    """A version 3 document, checked as far as that goes without its passphrase.

    Attributes:
        crypto: The encrypted secret.
        ledger: What it is; None in a file that another program wrote.
    """

    version: Literal[3]
    crypto: _Crypto
    ledger: Description | None = None

    def unlock(self, passphrase: Passphrase, name: str) -> bytes:
        """The secret, 32 bytes. `name` stands in the error.

        Raises:
            KeyMaterialError: The passphrase is wrong.
        """
        try:
            return bytes(decode_keyfile_json(self.model_dump(exclude={"ledger"}), passphrase.secret))
        except ValueError:
            raise KeyMaterialError(
                f"{name} stays locked", why="the passphrase is not the one of this key", fix="try again"
            ) from None


def lock_secret(secret: bytes, passphrase: Passphrase, description: Description, *, cost: int = SCRYPT_COST) -> bytes:
    """The key file of a secret of 32 bytes.

    Raises:
        KeyMaterialError: It is no number from 1 to the order of secp256k1, which this format asks of every kind of
            secret and which a random one is.
    """
    try:
        PrivateKey(secret)
    except ValueError:
        raise KeyMaterialError(
            "The secret cannot be kept",
            why="it is not 32 bytes between 1 and the order of secp256k1",
            fix="check where it comes from; a random secret of 32 bytes can be kept",
        ) from None
    document: dict[str, Any] = create_keyfile_json(secret, passphrase.secret, kdf="scrypt", iterations=cost)
    if description.kind is not KeyKind.WALLET:
        del document["address"]  # the others are no accounts
    return canonical_json(document | {"ledger": description.model_dump(mode="json")}) + b"\n"


def parse_key_file(data: bytes, name: str) -> KeyFile:
    """Read a key file of this program or of another wallet. `name` stands in the error.

    Raises:
        DocumentError: It is no such file, or asks for an excessive amount of memory or work.
    """
    try:
        document = parse_json(data, limit=MAX_KEY_FILE_SIZE)
        if isinstance(document, dict) and "Crypto" in document:  # as the first geth wrote it
            document = document | {"crypto": document["Crypto"]}
        return KeyFile.model_validate(document)
    except DocumentError as error:
        raise _unusable(name, error.why) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = "/".join(str(step) for step in first["loc"])
        raise _unusable(name, f"{where or 'the file'}: {first['msg'].lower()}") from None


def _unusable(name: str, why: str) -> DocumentError:
    return DocumentError(
        f"{name} is not a usable key file", why=why, fix="restore it from a copy, or import the key again"
    )
