"""The encrypted listing: which name belongs to which number (decision 0004).

It is the file with index 0 of every dataset: canonical JSON, encrypted like the others. It holds the relative path of
each file and the directories that would be lost because no file is in them. Permissions, owners and times are not kept
(decision 0011).

A listing comes from whoever sealed the dataset and is not trusted: no path in it leads out of the directory in which
the dataset is opened.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from ledger.model.canonical import canonical_json, malformed, parse_json
from ledger.model.manifest import MAX_FILES, Manifest
from ledger.storage.source import MAX_DEPTH

__all__ = ["MAX_LISTING_SIZE", "ListedFile", "Listing"]

MAX_LISTING_SIZE = 64 * 2**20
"""Most bytes of a listing."""

MAX_NAME = 255
"""Most bytes of one component of a path, as on every file system in use."""


class _Document(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class ListedFile(_Document):
    """A file's name.

    Attributes:
        index: Its number in the manifest.
        path: Relative, with ``/`` between components.
    """

    index: Annotated[int, Field(ge=1, lt=2**32)]
    path: str

    @model_validator(mode="after")
    def _path_stays_inside(self) -> Self:
        _check_path(self.path)
        return self


class Listing(_Document):
    """The names of a dataset.

    Attributes:
        format: Always ``ledger/listing``.
        version: Of this format, 1.
        files: By rising index.
        empty_directories: Directories without any file below them, sorted by their UTF-8 bytes.
    """

    format: Literal["ledger/listing"] = "ledger/listing"
    version: Literal[1] = 1
    files: Annotated[tuple[ListedFile, ...], Field(max_length=MAX_FILES)]
    empty_directories: Annotated[tuple[str, ...], Field(max_length=MAX_FILES)] = ()

    @model_validator(mode="after")
    def _is_a_tree(self) -> Self:
        if any(before.index >= after.index for before, after in pairwise(self.files)):
            raise ValueError("the indices of files do not rise")
        for path in self.empty_directories:
            _check_path(path)
        if any(a.encode() >= b.encode() for a, b in pairwise(self.empty_directories)):
            raise ValueError("the empty directories are not sorted, or one stands twice")
        leaves = [file.path for file in self.files] + list(self.empty_directories)
        names = set(leaves)
        if len(names) != len(leaves):
            raise ValueError("a path stands twice")
        if inner := next((path for path in leaves if any(above in names for above in _parents(path))), None):
            raise ValueError(f"{inner!r} lies below a file or below an empty directory")
        return self

    def require(self, manifest: Manifest) -> Self:
        """This listing, if it names exactly the files of the manifest.

        Raises:
            DocumentError: It does not.
        """
        if [file.index for file in self.files] != [entry.index for entry in manifest.contents]:
            raise malformed((), "it does not name the files of the manifest, each once", document="The listing")
        return self

    def canonical_bytes(self) -> bytes:
        """The bytes that are encrypted."""
        return canonical_json(self.model_dump(mode="json"))

    @classmethod
    def parse(cls, data: bytes) -> Listing:
        """Read a listing.

        Raises:
            DocumentError: It is malformed, not in canonical form, or a path in it would lead elsewhere.
        """
        value = parse_json(data, limit=MAX_LISTING_SIZE)
        try:
            listing = cls.model_validate(_with_tuples(value), by_name=False, by_alias=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            why = first["msg"].removeprefix("Value error, ")
            raise malformed(first["loc"], why, document="The listing") from None
        if listing.canonical_bytes() != data:
            raise malformed((), "its bytes are not in canonical form (RFC 8785)", document="The listing")
        return listing


def _with_tuples(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: tuple(part) if isinstance(part, list) else part for name, part in value.items()}


def _check_path(path: str) -> None:
    names = path.split("/")
    if "\0" in path or any(name in ("", ".", "..") for name in names):
        raise ValueError(f"{path[:100]!r} is not a path below the dataset")
    if len(names) > MAX_DEPTH + 1 or any(_length(name) > MAX_NAME for name in names):
        raise ValueError(f"{path[:100]!r} is nested too deeply, or a name in it is too long")


def _length(name: str) -> int:
    try:
        return len(name.encode())
    except UnicodeEncodeError:
        raise ValueError("a path holds a lone surrogate") from None


def _parents(path: str) -> list[str]:
    names = path.split("/")
    return ["/".join(names[:count]) for count in range(1, len(names))]
