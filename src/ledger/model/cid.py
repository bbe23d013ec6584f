"""Content identifiers: the only way this project names stored bytes.

The subset of CIDv1 (multiformats/cid) that Kubo gives for ``ipfs add --cid-version=1 --raw-leaves``:
codec ``raw`` (one leaf) or ``dag-pb`` (a UnixFS node), hash SHA2-256, text in lower-case base32. One
content has one spelling here: parsing refuses every other base, version, codec, hash and padding.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from ledger.errors import DocumentError

__all__ = ["Cid", "CidField", "Codec"]

_PREFIX_HASH = b"\x12\x20"  # multihash: sha2-256, 32 bytes
_TEXT = re.compile(r"b[a-z2-7]{58}\Z")


class Codec(IntEnum):
    """How the bytes behind a CID are to be read (multicodec table)."""

    RAW = 0x55
    DAG_PB = 0x70


@dataclass(frozen=True, slots=True, order=True)
class Cid:
    """A CIDv1 over SHA2-256.

    Args:
        codec: ``RAW`` for one leaf of bytes, ``DAG_PB`` for a UnixFS node.
        digest: The 32 bytes of the SHA-256 of the block.

    Raises:
        DocumentError: The digest is not 32 bytes or the codec is another one.
    """

    codec: Codec
    digest: bytes

    def __post_init__(self) -> None:
        if len(self.digest) != 32:
            raise _refused(repr(self.digest), "a SHA-256 digest is 32 bytes")
        if self.codec not in (Codec.RAW, Codec.DAG_PB):
            raise _refused(hex(self.codec), "only the codecs raw and dag-pb are used here")

    @classmethod
    def from_digest(cls, digest: bytes, codec: Codec = Codec.RAW) -> Cid:
        """The CID of the block with this SHA-256 `digest`."""
        return cls(Codec(codec), digest)

    @classmethod
    def parse(cls, text: str) -> Cid:
        """Read the one canonical spelling.

        Raises:
            DocumentError: Anything else, another spelling of the same CID included.
        """
        if not _TEXT.match(text):
            raise _refused(repr(text)[:90], "it is not 'b' and 58 characters of lower-case base32")
        cid = cls.from_bytes(base64.b32decode(text[1:].upper() + "======"))
        if str(cid) != text:
            raise _refused(repr(text), "its last character carries bits that no digest has")
        return cid

    @classmethod
    def from_bytes(cls, raw: bytes) -> Cid:
        """Read the 36 binary bytes: version, codec, multihash.

        Raises:
            DocumentError: Another version, codec, hash or length.
        """
        if len(raw) != 36 or raw[0] != 1 or raw[1] not in (Codec.RAW, Codec.DAG_PB) or raw[2:4] != _PREFIX_HASH:
            raise _refused(f"0x{raw[:40].hex()}", "it is not CIDv1 with codec raw or dag-pb and SHA2-256")
        return cls(Codec(raw[1]), bytes(raw[4:]))

    def __bytes__(self) -> bytes:
        """The 36 binary bytes."""
        return bytes((1, self.codec)) + _PREFIX_HASH + self.digest

    def __str__(self) -> str:
        """The canonical text, e.g. ``bafkrei…``."""
        return _spelled(bytes(self))

    def __repr__(self) -> str:
        return f"Cid({str(self)!r})"


@lru_cache(maxsize=4096)  # the same CIDs are shown over and over, and Python's base32 is slow
def _spelled(raw: bytes) -> str:
    return "b" + base64.b32encode(raw).decode("ascii").rstrip("=").lower()


def _refused(shown: str, why: str) -> DocumentError:
    return DocumentError(
        f"{shown} is not a content identifier",
        why=why,
        fix="give the CID as 'ledger store cid' or 'ipfs add --cid-version=1 --raw-leaves' prints it",
    )


def _validate(value: Any) -> Cid:
    if isinstance(value, Cid):
        return value
    if not isinstance(value, str):
        raise ValueError("a CID is a text")  # noqa: TRY004 - pydantic takes a ValueError for a refusal
    try:
        return Cid.parse(value)
    except DocumentError as error:
        raise ValueError(error.why) from error


CidField = Annotated[
    Cid,
    PlainValidator(_validate),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^b[a-z2-7]{58}$"}),
]
"""A CID inside a pydantic document: text outside, :class:`Cid` inside."""
