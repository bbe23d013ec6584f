"""Which key a dataset was registered with, as its holder saw it: what no node can be believed about later.

One file for each dataset and network, beside the journals of the registrations. Nothing in it is secret.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ledger.errors import DocumentError
from ledger.model.canonical import canonical_json
from ledger.model.ids import DatasetId, Digest, DigestField
from ledger.storage.source import disk_errors

__all__ = ["Holdings"]


class Holding(BaseModel):
    """A dataset's key commitment, keccak256(K), at the time of its registration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["ledger/holding"] = "ledger/holding"
    version: Literal[1] = 1
    commitment: DigestField


class Holdings:
    """The datasets that were registered from here.

    Args:
        journals: Directory of the registrations' journals.
        network: What tells this network from others, e.g. the hash of its anchor block.
    """

    def __init__(self, journals: Path, network: bytes) -> None:
        self._directory = journals / "datasets" / network.hex()[:32]

    def keep(self, dataset: DatasetId, commitment: Digest) -> None:
        """Put down the key of a dataset durably. What was put down first stays.

        Raises:
            NoSpaceError: The disk is full.
        """
        path = self._path(dataset)
        if path.exists():
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        with disk_errors(f"noting the key of dataset {dataset}"), draft.open("wb") as file:
            file.write(canonical_json(Holding(commitment=commitment).model_dump(mode="json")))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def commitment(self, dataset: DatasetId) -> Digest | None:
        """The key commitment of a dataset; None if it was not registered from here.

        Raises:
            DocumentError: The file was damaged.
        """
        path = self._path(dataset)
        try:
            return Holding.model_validate_json(path.read_bytes()).commitment
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise DocumentError(
                f"It cannot be read which key dataset {dataset} has",
                why=f"{path} is not a record of this program",
                fix="restore it from a copy of this directory",
            ) from error

    def _path(self, dataset: DatasetId) -> Path:
        return self._directory / f"{dataset}.json"
