"""How much an ABI encoding would decode to, told before anything is decoded.

Offsets in an encoding may lead anywhere, so many of them may lead to the same bytes: 128 KiB of calldata can stand for
millions of integers. In an encoding as everybody's encoders write it, Solidity's too, no two values share a byte.
So what decodes to more bytes than it has is nobody's honest encoding, and `require_unshared` refuses it in time
that is bounded by its length. Source: Contract ABI Specification, "Formal Specification of the Encoding".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Self

from eth_abi.exceptions import DecodingError
from eth_abi.grammar import ABIType, TupleType, parse

__all__ = ["SharedBytesError", "require_unshared"]

WORD: Final = 32


class SharedBytesError(DecodingError):
    """An encoding in which values share bytes."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What of a type decides how long its encoding is.

    Attributes:
        dynamic: Whether an offset stands in its place, and its value elsewhere.
        width: Bytes in its place.
        members: Of a struct.
        element: Of an array.
        count: Elements of an array of fixed length.
    """

    dynamic: bool
    width: int
    members: tuple[_Shape, ...] = ()
    element: _Shape | None = None
    count: int | None = None

    @classmethod
    def of(cls, kind: ABIType) -> Self:
        if kind.is_array:
            element, size = cls.of(kind.item_type), kind.arrlist[-1]
            count = size[0] if size else None
            width = WORD if kind.is_dynamic or count is None else count * element.width
            return cls(kind.is_dynamic, width, element=element, count=count)
        if isinstance(kind, TupleType):
            members = tuple(map(cls.of, kind.components))
            return cls(kind.is_dynamic, WORD if kind.is_dynamic else sum(m.width for m in members), members)
        return cls(kind.is_dynamic, WORD)


@cache
def _shape(kind: str) -> _Shape:
    return _Shape.of(parse(kind))


def require_unshared(types: Sequence[str], data: bytes) -> None:
    """Refuse an encoding that decodes to more bytes than it has.

    Args:
        types: Canonical types of the values.
        data: Their encoding.

    Raises:
        SharedBytesError: Values in it share bytes.
        DecodingError: An offset or a length in it leads out of it.
    """
    _Walk(data).members(tuple(map(_shape, types)), 0)


class _Walk:
    """Goes where offsets lead, and counts bytes as often as it is led to them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = len(data)

    def members(self, members: Sequence[_Shape], start: int) -> None:
        """Values side by side, those that are dynamic by their offset from `start`."""
        self._count(sum(member.width for member in members))
        place = start
        for member in members:
            if member.dynamic:
                self._value(member, start + self._word(place))
            place += member.width

    def _value(self, shape: _Shape, start: int) -> None:
        if shape.element is not None:
            count = shape.count
            if count is None:
                count, start = self._word(start), start + WORD
                self._count(WORD)
            self._elements(shape.element, count, start)
        elif shape.members:
            self.members(shape.members, start)
        else:  # bytes or text: length, and content padded to whole words
            self._count(WORD + -(-self._word(start) // WORD) * WORD)

    def _elements(self, element: _Shape, count: int, start: int) -> None:
        self._count(count * element.width)  # first: this bounds the loop
        if element.dynamic:
            for place in range(start, start + count * WORD, WORD):
                self._value(element, start + self._word(place))

    def _word(self, place: int) -> int:
        if place + WORD > len(self._data):
            raise DecodingError("it leads beyond its end")
        return int.from_bytes(self._data[place : place + WORD], "big")

    def _count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise SharedBytesError("it decodes to more bytes than it has")
