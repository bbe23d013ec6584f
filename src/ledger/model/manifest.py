"""The public manifest of an encrypted dataset: what is stored, in which order, under which key.

It names bodies by CID and seals their lengths and the order of their segments; it holds no file name. Names often are
patient names, so they live in the encrypted listing, which is the file with index 0. The CID of the manifest's
canonical bytes is what goes on-chain.

    manifest = Manifest.parse(data)       # strict: refuses what it does not know
    manifest.canonical_bytes()            # RFC 8785 without floats; parse(canonical_bytes()) == manifest
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from ledger.model.canonical import canonical_json, malformed, parse_json
from ledger.model.cid import CidField

__all__ = [
    "LISTING_INDEX",
    "MAX_FILES",
    "MAX_FILE_SIZE",
    "MAX_MANIFEST_SIZE",
    "SEGMENT_OVERHEAD",
    "SEGMENT_SIZE",
    "FileEntry",
    "Manifest",
    "segment_count",
]

SEGMENT_SIZE = 65_536
"""Plaintext bytes in a Crypt4GH segment (GA4GH Crypt4GH 1.0)."""

SEGMENT_OVERHEAD = 28
"""Bytes that encryption adds to a segment: 12 of nonce, 16 of authentication tag."""

LISTING_INDEX = 0
"""Index of the encrypted listing of file names."""

MAX_FILES = 100_000
"""Most files in one dataset, the listing included."""

MAX_FILE_SIZE = 2**48
"""Most plaintext bytes in one file: 2^32 segments, so that random 96-bit nonces stay unique (collision < 2^-32)."""

MAX_MANIFEST_SIZE = 64 * 2**20
"""Most bytes of a manifest document."""

Digest = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
"""32 bytes as ``0x`` and 64 lower-case hexadecimal digits."""


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


def segment_count(plaintext_size: int) -> int:
    """How many segments hold `plaintext_size` bytes; none for an empty file."""
    return -(-plaintext_size // SEGMENT_SIZE)


class FileEntry(_Document):
    """One encrypted file, as anchored.

    Attributes:
        index: Its number in the dataset; also the input from which its session key is derived.
        body: CID of the Crypt4GH body (segments only, no header).
        plaintext_size: Bytes before encryption.
        ciphertext_size: Bytes of the body.
        segments: Number of Crypt4GH segments in the body.
        segment_root: Root of the RFC 9162 tree with BLAKE3 over the encrypted segments in order.
    """

    index: Annotated[int, Field(ge=0, lt=2**32)]
    body: CidField
    plaintext_size: Annotated[int, Field(ge=0, le=MAX_FILE_SIZE)]
    ciphertext_size: Annotated[int, Field(ge=0, le=MAX_FILE_SIZE + (MAX_FILE_SIZE // SEGMENT_SIZE) * SEGMENT_OVERHEAD)]
    segments: Annotated[int, Field(ge=0, le=2**32)]
    segment_root: Digest

    @model_validator(mode="after")
    def _sizes_agree(self) -> Self:
        if self.segments != segment_count(self.plaintext_size):
            raise ValueError(f"{self.plaintext_size} bytes are not {self.segments} segments of {SEGMENT_SIZE}")
        if self.ciphertext_size != self.plaintext_size + self.segments * SEGMENT_OVERHEAD:
            raise ValueError("ciphertextSize is not plaintextSize and 28 bytes for each segment")
        return self


class Manifest(_Document):
    """What a dataset consists of, for everyone to see.

    Attributes:
        format: Always ``ledger/manifest``.
        version: Of this format, 1.
        key_commitment: keccak256 of the dataset key, as on-chain.
        segment_hash: The hash of the segment trees, ``blake3``.
        files: By rising index, the listing (index 0) first.
    """

    format: Literal["ledger/manifest"] = "ledger/manifest"
    version: Literal[1] = 1
    key_commitment: Digest
    segment_hash: Literal["blake3"] = "blake3"
    files: Annotated[tuple[FileEntry, ...], Field(min_length=1, max_length=MAX_FILES)]

    @model_validator(mode="after")
    def _indices_rise(self) -> Self:
        if self.files[0].index != LISTING_INDEX:
            raise ValueError("the first of files is not the listing, index 0")
        for before, after in pairwise(self.files):
            if before.index == after.index:
                raise ValueError(f"index {after.index} stands twice in files")
            if before.index > after.index:
                raise ValueError(f"index {after.index} stands after {before.index} in files")
        return self

    @property
    def listing(self) -> FileEntry:
        """The entry of the encrypted listing of names."""
        return self.files[0]

    @property
    def contents(self) -> tuple[FileEntry, ...]:
        """The entries of the dataset's own files, without the listing."""
        return self.files[1:]

    @property
    def plaintext_size(self) -> int:
        """Bytes of all the dataset's files before encryption, without the listing."""
        return sum(entry.plaintext_size for entry in self.contents)

    @property
    def ciphertext_size(self) -> int:
        """Bytes of all bodies, the listing included."""
        return sum(entry.ciphertext_size for entry in self.files)

    def entry(self, index: int) -> FileEntry:
        """The file with this index.

        Raises:
            DocumentError: The manifest has none.
        """
        for found in self.files:
            if found.index == index:
                return found
        raise malformed(("files",), f"no file has index {index}", document="The manifest")

    def canonical_bytes(self) -> bytes:
        """The bytes whose CID is anchored."""
        return canonical_json(self.model_dump(mode="json"))

    @classmethod
    def parse(cls, data: bytes) -> Manifest:
        """Read a manifest.

        Raises:
            DocumentError: With the JSON pointer of the first part that is wrong. A document that says the right things
                in another order or spacing than the canonical one is refused too: one content, one CID.
        """
        return _from_plain(parse_json(data, limit=MAX_MANIFEST_SIZE), data)


def _from_plain(value: Any, data: bytes) -> Manifest:
    if isinstance(value, dict) and isinstance(value.get("files"), list):
        value = value | {"files": tuple(value["files"])}
    try:
        manifest = Manifest.model_validate(value, by_name=False, by_alias=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        why = first["msg"].removeprefix("Value error, ")
        raise malformed(first["loc"], why, document="The manifest") from None
    if manifest.canonical_bytes() != data:
        raise malformed((), "its bytes are not in canonical form (RFC 8785)", document="The manifest")
    return manifest
