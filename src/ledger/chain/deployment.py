"""The deployment file: which contracts make up a ledger, on which chain, and how to recognise them."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ledger.chain.artifacts import CONTRACTS
from ledger.errors import NoSpaceError, PathError, UsageError
from ledger.model.canonical import malformed, parse_json
from ledger.model.ids import Address, AddressField, DigestField

__all__ = ["Anchor", "DeployedContract", "Deployment"]

MAX_FILE_BYTES: Final = 65_536
REQUIRED: Final = frozenset(CONTRACTS) - {"SettlementToken"}


class Anchor(BaseModel):
    """The block of the first deployment: no other chain has a block with its hash.

    Attributes:
        number: Its number.
        hash: Its hash.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Annotated[int, Field(ge=0)]
    hash: DigestField


class DeployedContract(BaseModel):
    """A contract where it stands.

    Attributes:
        address: Its address.
        block: Number of the block from which it was there.
        code_hash: keccak256 of its code.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: AddressField
    block: Annotated[int, Field(ge=0)]
    code_hash: DigestField


class Deployment(BaseModel):
    """A ledger's contracts.

    Attributes:
        format: What this document is.
        version: Version of the format.
        chain_id: EIP-155 chain id.
        anchor: Block of the first deployment.
        contracts: Contracts by name. ``SettlementToken`` is the token that the ledger was deployed with, be it the
            package's own or the consortium's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["ledger/deployment"] = "ledger/deployment"
    version: Literal[1] = 1
    chain_id: Annotated[int, Field(ge=1, lt=2**53)]
    anchor: Anchor
    contracts: dict[str, DeployedContract]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        missing = sorted(REQUIRED - self.contracts.keys())
        unknown = sorted(self.contracts.keys() - set(CONTRACTS))
        addresses = [found.address for found in self.contracts.values()]
        if missing:
            message = f"contracts are missing: {', '.join(missing)}"
        elif unknown:
            message = f"contracts are unknown: {', '.join(unknown)}"
        elif len(set(addresses)) != len(addresses):
            message = "two contracts have one address"
        else:
            return self
        raise ValueError(message)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """From the bytes of a deployment file.

        Raises:
            DocumentError: Naming what is malformed.
        """
        value = parse_json(data, limit=MAX_FILE_BYTES)
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            raise malformed(first["loc"], first["msg"], document="The deployment file") from error

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a file.

        Raises:
            PathError: It cannot be read.
            DocumentError: Naming what is malformed.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise PathError(
                "The deployment file cannot be read",
                why=f"{path}: {error.strerror}",
                fix="name the file that came with the ledger, or deploy one",
            ) from error
        return cls.parse(data)

    def to_bytes(self) -> bytes:
        """The file's bytes."""
        return (json.dumps(self.model_dump(mode="json"), indent=2) + "\n").encode()

    def write(self, path: Path) -> None:
        """Write the file, wholly or not at all, and make it durable.

        Raises:
            PathError: The place cannot be written.
            NoSpaceError: The disk is full.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, self.to_bytes())
        except OSError as error:
            kind = NoSpaceError if error.errno == errno.ENOSPC else PathError
            raise kind(
                "The deployment file cannot be written",
                why=f"{path}: {error.strerror}",
                fix="free some space or name another place; the contracts are deployed all the same",
            ) from error

    def address(self, name: str) -> Address:
        """Where a contract stands.

        Raises:
            UsageError: The ledger has no contract of this name.
        """
        found = self.contracts.get(name)
        if found is None:
            raise UsageError(
                f"The ledger has no contract {name}",
                why=f"its deployment names {', '.join(self.contracts)}",
                fix="name one of these, or another ledger's deployment file",
            )
        return found.address

    def contract_at(self, address: str) -> str | None:
        """Name of the contract at a checksummed address, if it is one of the ledger's."""
        return next((name for name, found in self.contracts.items() if found.address == address), None)


def _replace(path: Path, data: bytes) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
